//! Laravel's encrypter: base64 of `{"iv":…,"value":…,"mac":…,"tag":…}` (Illuminate\Encryption\Encrypter).
//!
//! With AES-CBC the mac is an HMAC over the base64 of iv and value, and the tag is empty; with AES-GCM it is
//! the other way round.

use data_encoding::HEXLOWER;
use serde::Deserialize;

use super::{append_base64, append_encoded, keep_decoded};
use crate::crypto::Cipher;
use crate::layout::encoding::Encoding;
use crate::layout::{DecodeBuffer, Malformed, Sealed, Stored};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Payload {
    iv: String,
    value: String,
    mac: String,
    #[serde(default)]
    tag: String,
}

/// Bytes of the MAC; a tag is shorter.
const MAC_BYTES: usize = 32;

pub(super) fn decode<'b>(
    cipher: Cipher,
    stored: &[u8],
    buffer: &'b mut DecodeBuffer,
) -> Result<Stored<'b>, Malformed> {
    let mut json = Vec::new();
    Encoding::Base64.decode(stored, &mut buffer.unwrapped, &mut json)?;
    let payload: Payload = serde_json::from_slice(&json).map_err(|_| Malformed)?;
    buffer.nonce = keep_decoded(buffer, Encoding::Base64, &payload.iv)?;
    buffer.ciphertext = keep_decoded(buffer, Encoding::Base64, &payload.value)?;
    let (tag, empty, encoding) = match cipher {
        Cipher::LaravelCbc => (payload.mac, payload.tag, Encoding::Hex),
        _ => (payload.tag, payload.mac, Encoding::Base64),
    };
    buffer.tag = keep_decoded(buffer, encoding, &tag)?;
    let fits = cipher.reads_tag_of(buffer.tag.len()) && cipher.takes_nonce_of(buffer.nonce.len());
    if fits && empty.is_empty() { Ok(buffer.whole()) } else { Err(Malformed) }
}

pub(super) fn encode(sealed: &Sealed<'_>, out: &mut Vec<u8>) {
    let mut json = br#"{"iv":""#.to_vec();
    append_base64(sealed.nonce, &mut json);
    json.extend_from_slice(br#"","value":""#);
    append_base64(sealed.ciphertext, &mut json);
    json.extend_from_slice(br#"","mac":""#);
    let is_mac = sealed.tag.len() == MAC_BYTES;
    if is_mac {
        append_encoded(&HEXLOWER, sealed.tag, &mut json);
    }
    json.extend_from_slice(br#"","tag":""#);
    if !is_mac {
        append_base64(sealed.tag, &mut json);
    }
    json.extend_from_slice(br#""}"#);
    append_base64(&json, out);
}
