//! Data keys that lie wrapped beside the values they seal: what is known of each wrapped key, and how it comes
//! under the newest version of its KMS key.
//!
//! ```text
//!  sort ──► told without a call: done, still to be done, a failure
//!    │      (pure; by the version that stands in or beside the wrapped key, and by what is known of it)
//!    ▼
//!  ask ──► each distinct wrapped key once: unwrapped, or wrapped again ──► KnownKeys ──► sort again
//!           (in batches; what comes back is unwrapped and compared)
//! ```
//!
//! What was learnt is kept in memory, within a bound, for all workers and passes of a process. It knows
//! services, layouts and values, and neither SQL nor a plan.

mod ask;
mod asked;
mod fresh;
mod known;
mod renew;
mod sort;

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use crate::crypto::Cipher;
use crate::kms::{KeyUri, KmsKey, Service, compare_versions, vault_version};
use crate::layout::{DataKeyForm, Rotate};
use crate::sealed::Told;

pub use ask::KnownKeys;
pub use asked::{Asked, Bindings, KeyInPlace, asked};
pub use fresh::{FreshKey, FreshKeys};
pub use known::KnownKey;
pub use sort::{EnvelopeColumn, Held, sample, sort};

use fresh::Fresh;
use known::{Known, Standing};

/// The data keys of a column, or of several that are alike.
pub struct Envelope {
    form: DataKeyForm,
    /// What the data keys are keys of.
    cipher: Cipher,
    /// The one that wraps, then those that may have wrapped.
    keys: Vec<PlacedKey>,
    /// The version that is wanted, where the service tells.
    newest: RwLock<Option<String>>,
    known: RwLock<Known>,
    /// Whoever asks the service: what others learn meanwhile is not asked twice.
    turn: tokio::sync::Mutex<Fresh>,
    verify_open: bool,
    retry_for: Duration,
}

/// A KMS key that is at hand, and its place among those of the form.
pub struct PlacedKey {
    place: usize,
    key: Arc<KmsKey>,
}

impl Envelope {
    /// `at_hand` knows the KMS keys by their names; without the one that wraps there is nothing. Nothing is called
    /// yet.
    pub fn new(
        form: DataKeyForm,
        cipher: Cipher,
        at_hand: impl Fn(&KeyUri) -> Option<Arc<KmsKey>>,
        verify_open: bool,
        retry_for: Duration,
    ) -> Option<Self> {
        let keys = form.uris().enumerate().map(|(place, uri)| (place, at_hand(uri)));
        let keys = keys.filter_map(|(place, key)| Some(PlacedKey { place, key: key? }));
        let keys: Vec<PlacedKey> = keys.collect();
        (keys.first()?.place == 0).then_some(Self {
            form,
            cipher,
            keys,
            newest: RwLock::default(),
            known: RwLock::default(),
            turn: tokio::sync::Mutex::default(),
            verify_open,
            retry_for,
        })
    }

    /// The KMS key that wraps.
    fn wraps(&self) -> &KmsKey {
        &self.keys[0].key
    }

    /// Which version is wanted from now on.
    pub fn want(&self, newest: Option<String>) {
        let newest = match self.form.kms() {
            // what the URI itself names wraps, and no other
            KeyUri::Azure(key) if key.version.is_some() => key.version.clone(),
            _ => newest,
        };
        *self.newest.write().unwrap_or_else(PoisonError::into_inner) = newest;
    }

    /// The version that is wanted, where the service tells.
    pub fn wanted(&self) -> Option<String> {
        self.newest.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub fn form(&self) -> &DataKeyForm {
        &self.form
    }

    /// Whether this version, of which the service spoke, is as it should be. One of Vault that is newer is: the key
    /// was rotated since it was asked. (The primary version of Cloud KMS may become an older one again.)
    fn is_wanted(&self, version: Option<&str>) -> bool {
        let wanted = self.wanted();
        let (Some(version), Some(wanted)) = (version, wanted.as_deref()) else { return false };
        let is_newer = || compare_versions(version, wanted).is_some_and(Ordering::is_gt);
        version == wanted || (self.form.kms().service() == Service::Vault && is_newer())
    }

    /// What is told by what stands there: Vault's wrapped keys begin with their version, of others it is noted
    /// beside them.
    fn told(&self, wrapped: &[u8], noted: Option<&str>) -> Told {
        if self.form.versions_are_ambiguous() {
            return Told::Nothing;
        }
        let wanted = self.wanted();
        let versions = self.version_of(wrapped, noted).zip(wanted.as_deref());
        let Some((version, wanted)) = versions else { return Told::Nothing };
        let is_older = || compare_versions(version, wanted).is_some_and(Ordering::is_lt);
        match self.form.kms().service() {
            _ if version == wanted => Told::Done,
            Service::Azure => Told::Stale,
            Service::Vault | Service::Gcp if is_older() => Told::Stale,
            // newer than the newest, or the id of key material, which says nothing of its age: asking finds out
            _ => Told::Nothing,
        }
    }

    /// The version that a wrapped key says it has.
    fn version_of<'v>(&self, wrapped: &'v [u8], noted: Option<&'v str>) -> Option<&'v str> {
        match self.form.kms().service() {
            Service::Vault => vault_version(wrapped),
            Service::Aws | Service::Gcp | Service::Azure => noted.filter(|noted| !noted.is_empty()),
        }
    }

    /// A wrapped key of this version in a row that binds it so.
    fn place(&self, wrapped: Vec<u8>, bindings: &Bindings, version: Option<&str>) -> KeyInPlace {
        let version = version.filter(|_| self.form.has_marker && self.form.opens_by_version());
        KeyInPlace { wrapped, bindings: bindings.clone(), version: version.map(str::to_owned) }
    }

    fn standing(&self, known: &KnownKey) -> Standing {
        match known.by {
            None => Standing::Closed,
            // a key without versions: of AWS's custom key stores, whose material is never changed
            Some(0) if self.wanted().is_none() => Standing::Current,
            Some(0) if self.is_wanted(known.version.as_deref()) => Standing::Current,
            Some(0) if known.version.is_none() && known.newest_then == self.wanted() => {
                Standing::Current
            }
            Some(_) => Standing::Stale,
        }
    }

    /// Whether a proof opens every value.
    pub fn opens_in_proofs(&self) -> bool {
        self.verify_open
    }

    fn rewraps(&self) -> bool {
        self.form.rotate == Rotate::Rewrap
    }
}

/// The data keys of all columns, each with what is known of them.
#[derive(Default)]
pub struct Envelopes(Mutex<BTreeMap<(DataKeyForm, String), Arc<Envelope>>>);

impl Envelopes {
    /// Those of this form, made when they are met first.
    pub fn get(
        &self,
        form: &DataKeyForm,
        cipher: Cipher,
        make: impl FnOnce() -> Option<Envelope>,
    ) -> Option<Arc<Envelope>> {
        let mut envelopes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (form.clone(), cipher.name().to_owned());
        if let Some(known) = envelopes.get(&key) {
            return Some(Arc::clone(known));
        }
        let made = Arc::new(make()?);
        envelopes.insert(key, Arc::clone(&made));
        Some(made)
    }
}

/// Keys are nothing to look at.
impl fmt::Debug for Envelope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Envelope").field("form", &self.form).finish_non_exhaustive()
    }
}
