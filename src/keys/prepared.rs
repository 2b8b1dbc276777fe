//! The keys of one column, as its layouts want them: derived, and with the nonces and labels that do not come
//! from the value.

use std::fmt;
use std::sync::Arc;

use super::made::Made;
use super::{KeyRing, RingKey};
use crate::crypto::{Cipher, Key, KeyId, SecretBytes};
use crate::error::{Error, Result};
use crate::layout::{ColumnLayout, KeyForm, Layout, NonceFrom, SaltFrom};

/// The keys of a column: of the layout that is written, then of those that are read.
#[derive(Debug)]
pub struct ColumnKeys {
    layouts: Vec<LayoutKeys>,
}

impl ColumnKeys {
    /// The keys of layout number `place`: 0 is the one that is written.
    pub fn of(&self, place: usize) -> &LayoutKeys {
        &self.layouts[place]
    }

    /// Of values that one data key has sealed.
    pub fn of_data_key(key: Key) -> Self {
        let candidate = Candidate {
            owner: Owner::Current,
            label: None,
            stored_label: None,
            nonce: None,
            key: PreparedKey::Ready(Arc::new(key)),
            made: None,
        };
        Self { layouts: vec![LayoutKeys { candidates: vec![candidate] }] }
    }

    /// Of a column that key services alone seal: none of them are keys of ours.
    pub fn of_services(layout: &ColumnLayout) -> Self {
        Self { layouts: layout.all().map(|_| LayoutKeys { candidates: Vec::new() }).collect() }
    }
}

/// The keys that may open a value of one layout, in the order in which they are tried.
#[derive(Debug)]
pub struct LayoutKeys {
    candidates: Vec<Candidate>,
}

impl LayoutKeys {
    pub fn candidates(&self) -> &[Candidate] {
        &self.candidates
    }

    /// The current key, if it is a key of this layout.
    pub fn current(&self) -> Option<&Candidate> {
        self.candidates.first().filter(|candidate| candidate.owner == Owner::Current)
    }
}

/// Which key of the ring it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner {
    Current,
    Previous(usize),
}

/// One key of one layout.
pub struct Candidate {
    pub owner: Owner,
    /// Its label as text, for additional data.
    pub label: Option<String>,
    /// Its label as the layout stores it.
    pub stored_label: Option<Vec<u8>>,
    /// The nonce of all its values, where that is no part of them.
    pub nonce: Option<[u8; 16]>,
    pub key: PreparedKey,
    /// Of a layout that may be deterministic.
    made: Option<Arc<Made>>,
}

impl Candidate {
    /// Whether the nonce was made from the plaintext, as far as its layout knows such a mode.
    pub fn is_deterministic(&self, nonce: &[u8], plaintext: &[u8]) -> bool {
        self.made.as_ref().is_some_and(|made| made.deterministic.is(nonce, plaintext))
    }
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Candidate")
            .field("owner", &self.owner)
            .field("label", &self.label)
            .finish_non_exhaustive()
    }
}

/// A key ready to use, or what it takes to derive one for a value.
#[derive(Debug)]
pub enum PreparedKey {
    Ready(Arc<Key>),
    Salted(Box<SaltedKey>),
}

/// A secret from which each value has a key of its own.
#[derive(Debug)]
pub struct SaltedKey {
    secret: SecretBytes,
    id: KeyId,
    cipher: Cipher,
    form: KeyForm,
    table: String,
    column: String,
    /// The nonce is derived behind the key.
    derives_nonce: bool,
}

impl SaltedKey {
    /// The key of a value with this salt, and its nonce where that is derived too. `None` when the
    /// derivation refuses.
    pub fn derive(&self, salt: &[u8]) -> Option<(Key, Option<[u8; 16]>)> {
        let SaltFrom::Template(template) = &self.form.salt else { return None };
        let salted = template.render(&self.table, &self.column, salt);
        let info = self.form.info.render(&self.table, &self.column, salt);
        let key_bytes = self.form.derived_bytes(self.cipher);
        let bytes = if self.derives_nonce { key_bytes + 16 } else { key_bytes };
        let derived =
            self.form.derivation.derive(self.secret.expose(), &salted, &info, bytes).ok()?;
        let (key, nonce) = derived.expose().split_at_checked(key_bytes)?;
        Some((Key::of(self.cipher, key, self.id).ok()?, nonce.try_into().ok()))
    }
}

impl KeyRing {
    /// The keys of a column. `table` and `column` are what a derivation may call them.
    ///
    /// # Errors
    /// No key of the ring is one of the layout that is written, or it has no label where one is stored; a
    /// layout that nothing authenticates has more than one key, or none.
    pub fn column_keys(
        &self,
        layout: &ColumnLayout,
        table: &str,
        column: &str,
    ) -> Result<ColumnKeys> {
        let place = || format!("{table}.{column}");
        let mut layouts = Vec::new();
        for (number, layout) in layout.all().enumerate() {
            let keys =
                self.layout_keys(layout, table, column).map_err(|error| error.at(place()))?;
            let is_ours = layout.service().is_none() && layout.data_key().is_none();
            if number == 0 && is_ours && keys.current().is_none() {
                return Err(Error::usage(
                    "the current key is no key of the layout that is written",
                )
                .at(place())
                .hint("its encoding, its length or its label is another one"));
            }
            layouts.push(keys);
        }
        if let Some(prefix) = self.current.text.prefix_that_misses(layout.write()) {
            return Err(Error::usage(format!(
                "the primary key of the keyset has the prefix {prefix}, and the layout that is written has not"
            ))
            .at(place())
            .hint("tink and its like have TINK, tink-crunchy has CRUNCHY, go has RAW; see docs/keysets.md"));
        }
        let labels = layout.write().needs_label();
        if labels && layouts[0].current().is_some_and(|current| current.label.is_none()) {
            return Err(Error::usage(
                "the layout stores a key label, and the current key has none",
            )
            .at(place())
            .hint("current = { from = \"env:NAME\", kid = \"4\" }"));
        }
        Ok(ColumnKeys { layouts })
    }

    /// The keys of a layout.
    ///
    /// # Errors
    /// As [`KeyRing::column_keys`], of the layout alone.
    pub fn layout_keys(&self, layout: &Layout, table: &str, column: &str) -> Result<LayoutKeys> {
        let mut keys = self.trial_keys(layout, table, column)?;
        if !layout.cipher().is_authenticated() {
            only_one(&mut keys.candidates, layout)?;
        }
        Ok(keys)
    }

    /// Every key of the ring that can be one of a layout, for values that are tried and not trusted.
    ///
    /// # Errors
    /// The salt of its derivation is missing, or a key has a label that the layout cannot store.
    pub fn trial_keys(&self, layout: &Layout, table: &str, column: &str) -> Result<LayoutKeys> {
        let mut candidates = Vec::new();
        if layout.service().is_some() || layout.data_key().is_some() {
            return Ok(LayoutKeys { candidates });
        }
        let wanted = layout.key_form().label.as_deref();
        for (place, key) in self.keys().enumerate() {
            if wanted.is_some() && key.label() != wanted {
                continue;
            }
            if let Ok(secret) = key.text.secret(layout.key_form(), layout.cipher()) {
                candidates.extend(self.candidate(place, key, secret, layout, table, column)?);
            }
        }
        Ok(LayoutKeys { candidates })
    }

    /// `None` when the key is of another length than the cipher's.
    fn candidate(
        &self,
        place: usize,
        key: &RingKey,
        secret: SecretBytes,
        layout: &Layout,
        table: &str,
        column: &str,
    ) -> Result<Option<Candidate>> {
        let form = layout.key_form();
        let owner = match place.checked_sub(1) {
            None => Owner::Current,
            Some(previous) => Owner::Previous(previous),
        };
        let label = key.label.clone();
        if form.is_per_value() {
            let key = PreparedKey::Salted(Box::new(SaltedKey {
                secret,
                id: key.id,
                cipher: layout.cipher(),
                form: form.clone(),
                table: table.to_owned(),
                column: column.to_owned(),
                derives_nonce: layout.nonce_from() == NonceFrom::Derived,
            }));
            let stored_label = stored_label(layout, label.as_deref())?;
            let nonce = None;
            return Ok(Some(Candidate { owner, label, stored_label, nonce, key, made: None }));
        }
        let Some(made) = self.made(place, key, &secret, layout, table, column)? else {
            return Ok(None);
        };
        let label = made.label.clone().or(label);
        let stored_label = stored_label(layout, label.as_deref())?;
        let (nonce, key) = (made.nonce, PreparedKey::Ready(Arc::clone(&made.key)));
        let made = layout.may_be_deterministic().then_some(made);
        Ok(Some(Candidate { owner, label, stored_label, nonce, key, made }))
    }
}

fn stored_label(layout: &Layout, label: Option<&str>) -> Result<Option<Vec<u8>>> {
    let (Some(form), Some(label)) = (layout.label_form(), label) else { return Ok(None) };
    layout.check_label(label).map_err(|error| {
        let refused = Error::usage(error.to_string());
        match error.hint {
            Some(hint) => refused.hint(hint),
            None => refused,
        }
    })?;
    form.bytes_of(label).map(Some).map_err(|error| Error::usage(error.to_string()))
}

/// A layout that nothing authenticates has one key, and no trial: the one previous key, else the current one.
fn only_one(candidates: &mut Vec<Candidate>, layout: &Layout) -> Result<()> {
    if candidates.len() > 1 {
        candidates.retain(|candidate| candidate.owner != Owner::Current);
    }
    if candidates.len() <= 1 {
        return Ok(());
    }
    let keys = candidates.len();
    Err(Error::usage(format!(
        "nothing authenticates {}, so it has one key, and the ring holds {keys}",
        layout.cipher()
    ))
    .hint("give each key a label ({ from = …, kid = … }) and name it for this layout: key = { kid = … }"))
}
