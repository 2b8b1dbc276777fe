//! Keysets of Tink, in the open: an application's keys with their ids and states, one of them primary.
//!
//! JSON as `tinkey` writes it, the binary protocol buffer, or base64 of that. Only keys that are ENABLED are
//! used, and only those of an AEAD that this program has; what a keyset holds beyond them is refused by its
//! type, never by content. Sources: `tink.proto`, `aes_gcm.proto`, `chacha20_poly1305.proto` and
//! `xchacha20_poly1305.proto` of tink-crypto; `core/cryptofmt/cryptofmt.go` of tink-go for the prefixes.

mod json;
mod message;
mod refused;

use crate::crypto::{Cipher, KeyEncoding, SecretBytes};
use crate::layout::Layout;
use message::{Field, fields};

pub(super) use refused::MalformedKeyset;

/// What may be used of a keyset.
#[derive(Debug)]
pub(super) struct Keyset {
    /// What new values are sealed with.
    pub(super) primary: KeysetKey,
    /// … and what else old values may need, in the keyset's order.
    pub(super) others: Vec<KeysetKey>,
}

/// One key, and what its values look like.
#[derive(Debug)]
pub(super) struct KeysetKey {
    pub(super) id: u32,
    pub(super) prefix: Prefix,
    pub(super) cipher: Cipher,
    pub(super) bytes: SecretBytes,
}

/// What stands before each value of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Prefix {
    /// A byte 1 and the id of the key.
    Tink,
    /// A byte 0 and the id of the key; LEGACY is the same for an AEAD.
    Crunchy,
    Raw,
}

impl Keyset {
    /// Reads a keyset that is not encrypted.
    pub(super) fn parse(content: &[u8]) -> Result<Self, MalformedKeyset> {
        let entries = match content.trim_ascii() {
            text @ [b'{', ..] => json::entries(text)?,
            text => match KeyEncoding::Base64.decode(text, None) {
                Ok(binary) => binary_entries(binary.expose())?,
                Err(_) => binary_entries(content)?,
            },
        };
        match entries.keys.is_empty() {
            true => Err(MalformedKeyset::NotOne),
            false => entries.into_keyset(),
        }
    }
}

impl KeysetKey {
    /// What a layout stores of it, and what values under it are chosen by.
    pub(super) fn label(&self) -> Option<String> {
        (self.prefix != Prefix::Raw).then(|| self.id.to_string())
    }

    /// Whether Tink reads with this key what is written in a layout.
    pub(super) fn fits(&self, layout: &Layout) -> bool {
        match self.prefix {
            Prefix::Tink => layout.byte_before_label() == Some(1),
            Prefix::Crunchy => layout.byte_before_label() == Some(0),
            Prefix::Raw => layout.label_form().is_none(),
        }
    }
}

impl Prefix {
    /// As Tink calls it.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Tink => "TINK",
            Self::Crunchy => "CRUNCHY",
            Self::Raw => "RAW",
        }
    }
}

/// A keyset as it is written, whatever its form.
#[derive(Default)]
struct Entries {
    primary: u32,
    keys: Vec<Entry>,
}

/// One of its keys, enabled or not.
struct Entry {
    id: u32,
    type_url: String,
    /// The key's own message.
    value: SecretBytes,
    is_enabled: bool,
    /// `None` when it is none that is known.
    prefix: Option<Prefix>,
}

impl Entries {
    fn into_keyset(self) -> Result<Keyset, MalformedKeyset> {
        let (mut primary, mut others) = (None, Vec::new());
        for entry in self.keys.into_iter().filter(|entry| entry.is_enabled) {
            let key = entry.into_key()?;
            match key.id == self.primary && primary.is_none() {
                true => primary = Some(key),
                false => others.push(key),
            }
        }
        let primary = primary.ok_or(MalformedKeyset::NoPrimary(self.primary))?;
        // Without a prefix, the same key opens what either of them has sealed.
        let mut different: Vec<KeysetKey> = Vec::new();
        for key in others {
            let is_known = |other: &KeysetKey| {
                other.bytes == key.bytes && [other.prefix, key.prefix].contains(&Prefix::Raw)
            };
            if !is_known(&primary) && !different.iter().any(is_known) {
                different.push(key);
            }
        }
        Ok(Keyset { primary, others: different })
    }
}

impl Entry {
    fn into_key(self) -> Result<KeysetKey, MalformedKeyset> {
        let malformed = || MalformedKeyset::Key(self.id);
        let prefix = self.prefix.ok_or_else(malformed)?;
        let type_name = self.type_url.strip_prefix("type.googleapis.com/google.crypto.tink.");
        let (field, lengths): (u64, &[(usize, Cipher)]) = match type_name {
            Some("AesGcmKey") => (3, &[(16, Cipher::Aes128Gcm), (32, Cipher::Aes256Gcm)]),
            Some("XChaCha20Poly1305Key") => (3, &[(32, Cipher::XChaCha20Poly1305)]),
            Some("ChaCha20Poly1305Key") => (2, &[(32, Cipher::ChaCha20Poly1305)]),
            _ => return Err(MalformedKeyset::unsupported(self.id, &self.type_url)),
        };
        let bytes = key_value(self.value.expose(), field).ok_or_else(malformed)?;
        let cipher = lengths.iter().find(|(length, _)| *length == bytes.len());
        let (_, cipher) = cipher.ok_or_else(malformed)?;
        let bytes = SecretBytes::new(bytes.to_vec());
        Ok(KeysetKey { id: self.id, prefix, cipher: *cipher, bytes })
    }
}

/// The key in a key's message, whose version (field 1) is 0.
fn key_value(message: &[u8], wanted: u64) -> Option<&[u8]> {
    let mut value = None;
    for field in fields(message) {
        match field.ok()? {
            (1, Field::Number(0)) => {}
            (1, _) => return None,
            (number, Field::Bytes(bytes)) if number == wanted => value = Some(bytes),
            _ => {}
        }
    }
    value
}

/// `google.crypto.tink.Keyset`.
fn binary_entries(content: &[u8]) -> Result<Entries, MalformedKeyset> {
    let mut entries = Entries::default();
    for field in fields(content) {
        match field? {
            (1, Field::Number(id)) => entries.primary = number(id)?,
            (2, Field::Bytes(key)) => entries.keys.push(binary_entry(key)?),
            _ => {}
        }
    }
    Ok(entries)
}

/// `google.crypto.tink.Keyset.Key`.
fn binary_entry(content: &[u8]) -> Result<Entry, MalformedKeyset> {
    let (mut id, mut status, mut prefix) = (0, 0, 0);
    let (mut type_url, mut value) = (&[][..], &[][..]);
    for field in fields(content) {
        match field? {
            (1, Field::Bytes(data)) => {
                for field in fields(data) {
                    match field? {
                        (1, Field::Bytes(text)) => type_url = text,
                        (2, Field::Bytes(bytes)) => value = bytes,
                        _ => {}
                    }
                }
            }
            (2, Field::Number(number)) => status = number,
            (3, Field::Number(given)) => id = number(given)?,
            (4, Field::Number(number)) => prefix = number,
            _ => {}
        }
    }
    Ok(Entry {
        id,
        type_url: String::from_utf8_lossy(type_url).into_owned(),
        value: SecretBytes::new(value.to_vec()),
        is_enabled: status == 1,
        prefix: match prefix {
            1 => Some(Prefix::Tink),
            2 | 4 => Some(Prefix::Crunchy),
            3 => Some(Prefix::Raw),
            _ => None,
        },
    })
}

fn number(number: u64) -> Result<u32, MalformedKeyset> {
    u32::try_from(number).map_err(|_| MalformedKeyset::NotOne)
}

/// What a KMS has sealed of an encrypted keyset; `None` when it is none.
pub(super) fn encrypted(content: &[u8]) -> Option<Vec<u8>> {
    match content.trim_ascii() {
        text @ [b'{', ..] => json::encrypted(text),
        text => match KeyEncoding::Base64.decode(text, None) {
            Ok(binary) => binary_encrypted(binary.expose()),
            Err(_) => binary_encrypted(content),
        },
    }
}

/// `google.crypto.tink.EncryptedKeyset`. A keyset in the open has a number in field 1.
fn binary_encrypted(content: &[u8]) -> Option<Vec<u8>> {
    let mut sealed = None;
    for field in fields(content) {
        match field.ok()? {
            (2, Field::Bytes(bytes)) => sealed = Some(bytes.to_vec()),
            (1, _) => return None,
            _ => {}
        }
    }
    sealed
}

#[cfg(test)]
mod tests;
