//! JSON Web Encryption, compact serialization, direct encryption (RFC 7516; RFC 7518, section 4.5).
//!
//! `base64url(header)..base64url(iv).base64url(ciphertext).base64url(tag)`, all unpadded. The header is
//! authenticated as it stands there, so it is kept as it is; only the label of the key in it changes.

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Map, Value};

use super::{append_encoded, keep_decoded};
use crate::crypto::Cipher;
use crate::layout::encoding::Encoding;
use crate::layout::{DecodeBuffer, Malformed, Sealed, Stored};

pub(super) fn decode<'b>(
    cipher: Cipher,
    stored: &[u8],
    buffer: &'b mut DecodeBuffer,
) -> Result<Stored<'b>, Malformed> {
    let text = std::str::from_utf8(stored).map_err(|_| Malformed)?;
    let mut segments = text.split('.');
    let mut next = || segments.next().ok_or(Malformed);
    let (head, key, nonce, ciphertext, tag) = (next()?, next()?, next()?, next()?, next()?);
    if segments.next().is_some() || !key.is_empty() {
        return Err(Malformed);
    }
    let header = header(head.as_bytes()).ok_or(Malformed)?;
    if !is_ours(&header, cipher) {
        return Err(Malformed);
    }
    if let Some(Value::String(label)) = header.get("kid") {
        buffer.label = Some(buffer.keep(label.as_bytes()));
    }
    buffer.bound = buffer.keep(head.as_bytes());
    buffer.frame.extend_from_slice(head.as_bytes());
    buffer.nonce = keep_decoded(buffer, Encoding::Base64UrlUnpadded, nonce)?;
    buffer.ciphertext = keep_decoded(buffer, Encoding::Base64UrlUnpadded, ciphertext)?;
    buffer.tag = keep_decoded(buffer, Encoding::Base64UrlUnpadded, tag)?;
    let fits = cipher.reads_tag_of(buffer.tag.len()) && cipher.takes_nonce_of(buffer.nonce.len());
    if fits { Ok(buffer.whole()) } else { Err(Malformed) }
}

pub(super) fn encode(sealed: &Sealed<'_>, out: &mut Vec<u8>) {
    out.extend_from_slice(sealed.frame);
    out.extend_from_slice(b"..");
    append_encoded(&BASE64URL_NOPAD, sealed.nonce, out);
    out.push(b'.');
    append_encoded(&BASE64URL_NOPAD, sealed.ciphertext, out);
    out.push(b'.');
    append_encoded(&BASE64URL_NOPAD, sealed.tag, out);
}

/// The header of a new value: as the old one had it, with the label of the new key.
pub(super) fn frame(cipher: Cipher, old: Option<&[u8]>, label: &[u8], frame: &mut Vec<u8>) {
    let mut header = old.and_then(header).unwrap_or_else(|| fresh(cipher));
    let label = std::str::from_utf8(label).ok().filter(|label| !label.is_empty());
    let has = header.get("kid").and_then(Value::as_str);
    if let Some(old) = old.filter(|_| has == label) {
        frame.extend_from_slice(old);
        return;
    }
    match label {
        Some(label) => drop(header.insert("kid".to_owned(), label.into())),
        None => drop(header.shift_remove("kid")),
    }
    append_encoded(&BASE64URL_NOPAD, Value::Object(header).to_string().as_bytes(), frame);
}

fn header(segment: &[u8]) -> Option<Map<String, Value>> {
    let json = BASE64URL_NOPAD.decode(segment).ok()?;
    serde_json::from_slice(&json).ok()
}

fn fresh(cipher: Cipher) -> Map<String, Value> {
    let words = [("alg", "dir"), ("enc", encryption(cipher))];
    words.into_iter().map(|(name, word)| (name.to_owned(), word.into())).collect()
}

/// Direct encryption by this cipher, with nothing in the header that changes what the plaintext is.
fn is_ours(header: &Map<String, Value>, cipher: Cipher) -> bool {
    let is = |name: &str, word: &str| header.get(name).is_some_and(|value| value == word);
    let unknown = ["zip", "crit"].iter().any(|name| header.contains_key(*name));
    is("alg", "dir") && is("enc", encryption(cipher)) && !unknown
}

/// RFC 7518, section 5.1.
fn encryption(cipher: Cipher) -> &'static str {
    match cipher {
        Cipher::Aes128Gcm => "A128GCM",
        _ => "A256GCM",
    }
}
