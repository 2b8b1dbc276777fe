//! Key rings: one current key and the previous keys that old values may still need.
//!
//! Secrets are found in the environment or in files, one file of this room a source; there they may lie
//! wrapped by a KMS ([`wrapped`]), or in a keyset of Tink ([`keyset`]). A layout says how the
//! text of a secret becomes a key ([`prepared`]). Nothing here knows SQL or async, and no message ever holds
//! what a source held.

mod env;
mod file;
mod kept;
mod keyset;
mod load;
mod made;
mod prepared;
mod source;
mod wrapped;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use crate::crypto::{Cipher, KeyId};
use crate::error::Result;
use crate::layout::{KeyForm, Layout};
use kept::Kept;
use made::{Made, Recipe};

pub use prepared::{Candidate, ColumnKeys, LayoutKeys, Owner, PreparedKey, SaltedKey};
pub use source::{Holds, KeySource, LabelledSource, MalformedKeySource};
pub use wrapped::{UnwrappedKey, UnwrappedKeys, WrappedSource, Wrapping};

/// What a KMS has sealed of an encrypted keyset of Tink; `None` when the content is none.
pub fn encrypted_keyset(content: &[u8]) -> Option<Vec<u8>> {
    keyset::encrypted(content)
}

/// Where the keys of a ring are found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RingConfig {
    /// The name by which a table names its ring; `keys` is the default one.
    pub name: String,
    pub current: LabelledSource,
    /// Each may hold several keys. Their order is the order in which they are tried.
    pub previous: Vec<LabelledSource>,
    /// What the layouts make of the ring's secrets. Without any, a secret is the key of AES-256-GCM.
    pub uses: Vec<KeyUse>,
}

/// What a layout makes of a secret.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyUse {
    pub cipher: Cipher,
    pub form: KeyForm,
    /// Values are written with it.
    pub writes: bool,
}

impl KeyUse {
    pub fn of(layout: &Layout, writes: bool) -> Self {
        Self { cipher: layout.cipher(), form: layout.key_form().clone(), writes }
    }
}

impl Default for KeyUse {
    /// The key of AES-256-GCM as 64 hexadecimal digits.
    fn default() -> Self {
        Self { cipher: Cipher::Aes256Gcm, form: KeyForm::default(), writes: true }
    }
}

impl RingConfig {
    /// Of the current key and of the previous ones.
    pub fn sources(&self) -> impl Iterator<Item = &LabelledSource> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// A ring of keys without labels, for values of AES-256-GCM.
    pub fn new(name: &str, current: KeySource, previous: Vec<KeySource>) -> Self {
        Self {
            name: name.to_owned(),
            current: current.into(),
            previous: previous.into_iter().map(LabelledSource::from).collect(),
            uses: Vec::new(),
        }
    }
}

/// The keys of a ring, all different. Columns have them [prepared](KeyRing::column_keys).
pub struct KeyRing {
    current: RingKey,
    previous: Vec<RingKey>,
    /// What was derived so far: columns share keys, and some derivations are slow.
    made: Mutex<BTreeMap<Recipe, Arc<Made>>>,
}

/// One key of a ring.
pub struct RingKey {
    id: KeyId,
    label: Option<String>,
    text: Kept,
    is_guessable: bool,
    /// Where it was found.
    source: String,
    wrapping: Option<Wrapping>,
}

impl KeyRing {
    /// Loads all keys. Refuses malformed keys, a previous key that is the current one, and the same
    /// previous key twice, by the name of the source.
    pub fn load(config: &RingConfig) -> Result<Self> {
        Self::load_with(config, &UnwrappedKeys::default())
    }

    /// … with those that a KMS has unwrapped.
    pub fn load_with(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<Self> {
        load::all(config, unwrapped)
    }

    /// Loads the current key, which a KMS may have unwrapped, and leaves the sources of previous keys unread.
    pub fn load_current_only_with(config: &RingConfig, unwrapped: &UnwrappedKeys) -> Result<Self> {
        load::current_only(config, unwrapped)
    }

    /// What new values are sealed with.
    pub fn current(&self) -> &RingKey {
        &self.current
    }

    /// What old values may still need, in the order of the configuration.
    pub fn previous(&self) -> &[RingKey] {
        &self.previous
    }

    /// Whether the application reads what the current key writes in a layout, as far as a keyset tells.
    pub fn may_write(&self, layout: &Layout) -> bool {
        self.current.text.prefix_that_misses(layout).is_none()
    }

    /// The current key and the previous ones.
    fn keys(&self) -> impl Iterator<Item = &RingKey> {
        std::iter::once(&self.current).chain(&self.previous)
    }

    /// The keys that could be guessed: each is to be [called](RingKey::call) by a label that says nothing.
    /// What was made of them so far bears their old names, and is made again.
    pub fn guessable_keys(&mut self) -> impl Iterator<Item = &mut RingKey> {
        self.made.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        let keys = std::iter::once(&mut self.current).chain(&mut self.previous);
        keys.filter(|key| key.is_guessable)
    }
}

impl RingKey {
    /// The public name: a fingerprint of a random key, a random label of one that could be guessed.
    pub fn id(&self) -> &KeyId {
        &self.id
    }

    /// What layouts store as `{kid}`.
    pub fn label(&self) -> Option<&str> {
        self.label.as_deref()
    }

    /// Where it was found: `env:NAME`, or `file:PATH, key 2`.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// How it was wrapped where it was found, if it was.
    pub fn wrapping(&self) -> Option<&Wrapping> {
        self.wrapping.as_ref()
    }

    /// Takes the label under which the ledger knows this passphrase. Keys that were prepared before have the old one.
    pub fn call(&mut self, id: KeyId) {
        self.id = id;
    }

    /// Shows the passphrase to whoever keeps its label.
    pub fn with_passphrase<T>(&self, work: impl FnOnce(&[u8]) -> T) -> T {
        self.text.with_text(work)
    }
}

/// Ids only.
impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing")
            .field("current", &self.current)
            .field("previous", &self.previous)
            .finish_non_exhaustive()
    }
}

/// The id only.
impl fmt::Debug for RingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RingKey({})", self.id)
    }
}

#[cfg(test)]
mod tests;
