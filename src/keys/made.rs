//! From the text of a secret to a key: read, derived, and kept for the columns that share it.

use std::sync::{Arc, PoisonError};

use data_encoding::{BASE64URL, HEXLOWER};
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::{KeyRing, KeySource, KeyUse, RingKey};
use crate::crypto::{Cipher, Derivation, DeterministicNonce, Key, MalformedKey, SecretBytes};
use crate::error::{Error, Result};
use crate::layout::{KeyForm, LabelFrom, Layout, NonceFrom, SaltFrom};

/// Everything that a derived key depends on, but for the secret itself.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Recipe {
    /// Which key of the ring.
    place: usize,
    cipher: Cipher,
    form: KeyForm,
    nonce: NonceFrom,
    label: LabelFrom,
    salt: Vec<u8>,
    info: Vec<u8>,
}

/// A key, and what else comes of its bytes.
pub(super) struct Made {
    pub(super) key: Arc<Key>,
    /// The nonce of all its values, where that is no part of them.
    pub(super) nonce: Option<[u8; 16]>,
    /// Its label, where that is computed.
    pub(super) label: Option<String>,
    /// What tells values that are found by their ciphertext.
    pub(super) deterministic: DeterministicNonce,
}

/// The bytes of a secret, as a layout reads its text. What its layout's keys begin with may be there or not:
/// Laravel's are copied with the word before them, or without.
pub(super) fn decode(
    form: &KeyForm,
    cipher: Cipher,
    text: &[u8],
) -> Result<SecretBytes, MalformedKey> {
    let text = text.strip_prefix(form.prefix.as_bytes()).unwrap_or(text);
    form.encoding.decode(text, form.secret_bytes(cipher))
}

impl KeyRing {
    /// What a secret becomes for a column, made once. `None` when it is of another length than the cipher's
    /// keys.
    pub(super) fn made(
        &self,
        place: usize,
        ring_key: &RingKey,
        secret: &SecretBytes,
        layout: &Layout,
        table: &str,
        column: &str,
    ) -> Result<Option<Arc<Made>>> {
        let form = layout.key_form();
        let recipe = Recipe {
            place,
            cipher: layout.cipher(),
            form: form.clone(),
            nonce: layout.nonce_from(),
            label: layout.label_from(),
            salt: salt(form, table, column)?,
            info: form.info.render(table, column, b""),
        };
        let mut all = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(made) = all.get(&recipe) {
            return Ok(Some(Arc::clone(made)));
        }
        let Some(made) = make(&recipe, ring_key, secret)? else { return Ok(None) };
        let made = Arc::new(made);
        all.insert(recipe, Arc::clone(&made));
        Ok(Some(made))
    }
}

impl KeyRing {
    /// The current key as a layout has it, to be tried out. Names and salts that differ from column to
    /// column are none of it.
    ///
    /// # Errors
    /// It is no key of this layout.
    pub fn current_for(&self, use_: &KeyUse) -> Result<Key> {
        self.current.for_use(use_)
    }
}

impl RingKey {
    /// This key as a layout has it, to be tried out.
    ///
    /// # Errors
    /// It is no key of this layout.
    pub fn for_use(&self, use_: &KeyUse) -> Result<Key> {
        let KeyUse { cipher, form, .. } = use_;
        let usage = |what: &dyn std::fmt::Display| Error::usage(what.to_string());
        let secret = self.text.secret(form, *cipher);
        let secret = secret.map_err(|why| usage(&why))?;
        let recipe = Recipe {
            place: 0,
            cipher: *cipher,
            form: form.clone(),
            nonce: NonceFrom::Value,
            label: LabelFrom::Given,
            salt: salt(form, "", "")?,
            info: form.info.render("", "", b""),
        };
        let bytes = key_bytes(&recipe, &secret)?;
        Key::of(*cipher, bytes.expose(), self.id).map_err(|why| usage(&why))
    }
}

fn salt(form: &KeyForm, table: &str, column: &str) -> Result<Vec<u8>> {
    match &form.salt {
        SaltFrom::Template(salt) => Ok(salt.render(table, column, b"")),
        SaltFrom::Source(source) => {
            let source: KeySource =
                source.parse().map_err(|_| Error::bug("a salt's source was not checked"))?;
            Ok(source.salt()?.to_vec())
        }
    }
}

fn make(recipe: &Recipe, ring_key: &RingKey, secret: &SecretBytes) -> Result<Option<Made>> {
    let Recipe { cipher, form, salt, info, .. } = recipe;
    let key_bytes = form.derived_bytes(*cipher);
    let nonce_bytes = if recipe.nonce == NonceFrom::Derived { 16 } else { 0 };
    let derived = form.derivation.derive(secret.expose(), salt, info, key_bytes + nonce_bytes);
    let derived = derived.map_err(|refused| Error::usage(refused.to_string()))?;
    let derived = derived.expose();
    let bytes = match form.derivation {
        Derivation::None | Derivation::Sha256 => derived,
        _ => &derived[..key_bytes],
    };
    let nonce = match recipe.nonce {
        NonceFrom::Value => None,
        NonceFrom::Zero => Some([0; 16]),
        NonceFrom::Key => bytes.first_chunk().copied(),
        NonceFrom::Derived => derived.last_chunk().copied(),
    };
    let whole = with_mac_key(form, secret, bytes);
    let key = Key::of(*cipher, whole.expose(), ring_key.id).ok();
    let label = computed_label(recipe.label, bytes);
    let deterministic = DeterministicNonce::new(bytes);
    let made = key.zip(deterministic);
    Ok(made.map(|(key, deterministic)| Made { key: Arc::new(key), nonce, label, deterministic }))
}

/// The bytes of a key that no nonce is derived with.
fn key_bytes(recipe: &Recipe, secret: &SecretBytes) -> Result<SecretBytes> {
    let Recipe { cipher, form, salt, info, .. } = recipe;
    let derived = form.derivation.derive(secret.expose(), salt, info, form.derived_bytes(*cipher));
    let derived = derived.map_err(|refused| Error::usage(refused.to_string()))?;
    Ok(with_mac_key(form, secret, derived.expose()))
}

/// The MAC's key stands before the cipher's.
fn with_mac_key(form: &KeyForm, secret: &SecretBytes, key: &[u8]) -> SecretBytes {
    let mac_key = if form.mac_key_is_secret { secret.expose() } else { &[] };
    SecretBytes::new([mac_key, key].concat())
}

/// A label that is computed from the key.
fn computed_label(from: LabelFrom, key: &[u8]) -> Option<String> {
    match from {
        LabelFrom::Given => None,
        LabelFrom::KeySha1 => Some(HEXLOWER.encode(&Sha1::digest(key)[..2])),
        LabelFrom::KeyText => {
            let base64 = SecretBytes::new(BASE64URL.encode(key).into_bytes());
            let text = SecretBytes::new([b"k1.aesgcm256.", base64.expose()].concat());
            Some(HEXLOWER.encode(&Sha256::digest(text.expose())[..4]))
        }
    }
}
