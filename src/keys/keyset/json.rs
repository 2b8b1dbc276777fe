//! A keyset in JSON (proto3's mapping, as `tinkey` and every Tink library write it).

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::{Entries, Entry, MalformedKeyset, Prefix};
use crate::crypto::{KeyEncoding, SecretBytes};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeysetJson<'j> {
    #[serde(default)]
    primary_key_id: u32,
    #[serde(borrow, default)]
    key: Vec<KeyJson<'j>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyJson<'j> {
    /// A key that was destroyed may have none.
    #[serde(borrow)]
    key_data: Option<KeyDataJson<'j>>,
    #[serde(borrow, default)]
    status: Cow<'j, str>,
    #[serde(default)]
    key_id: u32,
    #[serde(borrow, default)]
    output_prefix_type: Cow<'j, str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct KeyDataJson<'j> {
    #[serde(borrow)]
    type_url: Cow<'j, str>,
    /// A part of the text, so that the key is not copied by a parser that does not wipe.
    #[serde(borrow)]
    value: &'j RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EncryptedJson<'j> {
    #[serde(borrow)]
    encrypted_keyset: Cow<'j, str>,
}

pub(super) fn entries(text: &[u8]) -> Result<Entries, MalformedKeyset> {
    if encrypted(text).is_some() {
        return Err(MalformedKeyset::Encrypted);
    }
    let keyset: KeysetJson<'_> = read(text).ok_or(MalformedKeyset::NotOne)?;
    let keys = keyset.key.into_iter().map(entry).collect::<Result<_, _>>()?;
    Ok(Entries { primary: keyset.primary_key_id, keys })
}

pub(super) fn encrypted(text: &[u8]) -> Option<Vec<u8>> {
    let EncryptedJson { encrypted_keyset } = read(text)?;
    let sealed = KeyEncoding::Base64.decode(encrypted_keyset.as_bytes(), None).ok()?;
    Some(sealed.expose().to_vec())
}

fn entry(key: KeyJson<'_>) -> Result<Entry, MalformedKeyset> {
    let KeyJson { key_data, status, key_id, output_prefix_type } = key;
    let is_enabled = status == "ENABLED";
    let (type_url, value) = match key_data.filter(|_| is_enabled) {
        None => (String::new(), SecretBytes::new(Vec::new())),
        Some(data) => {
            let value = base64(data.value.get()).ok_or(MalformedKeyset::Key(key_id))?;
            (data.type_url.into_owned(), value)
        }
    };
    let prefix = match &*output_prefix_type {
        "TINK" => Some(Prefix::Tink),
        "CRUNCHY" | "LEGACY" => Some(Prefix::Crunchy),
        "RAW" => Some(Prefix::Raw),
        _ => None,
    };
    Ok(Entry { id: key_id, type_url, value, is_enabled, prefix })
}

fn read<'j, T: Deserialize<'j>>(text: &'j [u8]) -> Option<T> {
    serde_json::from_str(std::str::from_utf8(text).ok()?).ok()
}

/// The bytes of a JSON string of base64. Java's libraries escape what they need not.
fn base64(token: &str) -> Option<SecretBytes> {
    let escaped = token.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = Zeroizing::new(Vec::with_capacity(escaped.len()));
    let mut rest = escaped.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let (byte, after) = match (first, after) {
            (b'\\', [b'/', after @ ..]) => (b'/', after),
            (b'\\', [b'u', b'0', b'0', high, low, after @ ..]) => {
                let digits = [*high, *low];
                let digits = std::str::from_utf8(&digits).ok()?;
                (u8::from_str_radix(digits, 16).ok()?, after)
            }
            (b'\\', _) => return None,
            (byte, after) => (*byte, after),
        };
        text.push(byte);
        rest = after;
    }
    KeyEncoding::Base64.decode(&text, None).ok()
}
