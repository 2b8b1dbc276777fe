//! Messages of Rails' ActiveRecord::Encryption (`message_serializer.rb`, `properties.rb`):
//! `{"p":PAYLOAD,"h":{"iv":…,"at":…[,"e":…][,"k":MESSAGE][,"i":…][,"c":true]}}`, all in padded base64.
//!
//! `e` is an encoding's name, `i` a reference to the key, `c` says that the payload is zlib-compressed, and
//! `k` holds the data key that sealed the payload: then that alone is under the key of the ring. What is
//! not about the key is kept as it is.

use data_encoding::BASE64;
use serde::{Deserialize, Serialize};

use super::keep_decoded;
use crate::crypto::Parts;
use crate::layout::encoding::Encoding;
use crate::layout::{DecodeBuffer, Malformed, Sealed, Stored};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Message {
    p: String,
    h: Headers,
}

/// In the order in which Rails writes them.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Headers {
    iv: String,
    at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    e: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    k: Option<Box<Message>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    i: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<bool>,
}

/// Bytes of iv and tag.
const IV_BYTES: usize = 12;
const TAG_BYTES: usize = 16;

pub(super) fn decode<'b>(
    stored: &[u8],
    buffer: &'b mut DecodeBuffer,
) -> Result<Stored<'b>, Malformed> {
    let message: Message = serde_json::from_slice(stored).map_err(|_| Malformed)?;
    let headers = &message.h;
    buffer.is_compressed = headers.c == Some(true);
    if let Some(reference) = &headers.i {
        buffer.label = Some(keep_decoded(buffer, Encoding::Base64, reference)?);
    }
    let payload = keep(buffer, &message)?;
    let data_key = headers.k.as_deref().map(|key| keep(buffer, key)).transpose()?;
    // The message without what is sealed anew.
    let mut kept = message;
    match &mut kept.h.k {
        Some(key) => blank(key),
        None => blank(&mut kept),
    }
    serde_json::to_writer(&mut buffer.frame, &kept).map_err(|_| Malformed)?;
    let place = data_key.as_ref().unwrap_or(&payload);
    (buffer.nonce, buffer.ciphertext, buffer.tag) = place.clone();
    let parts = |(nonce, ciphertext, tag): &Place| Parts {
        nonce: &buffer.decoded[nonce.clone()],
        ciphertext: &buffer.decoded[ciphertext.clone()],
        tag: &buffer.decoded[tag.clone()],
    };
    let inner = data_key.is_some().then(|| parts(&payload));
    Ok(Stored { inner, ..buffer.whole() })
}

/// Nonce, ciphertext and tag.
type Place = (std::ops::Range<usize>, std::ops::Range<usize>, std::ops::Range<usize>);

fn keep(buffer: &mut DecodeBuffer, message: &Message) -> Result<Place, Malformed> {
    let nonce = keep_decoded(buffer, Encoding::Base64, &message.h.iv)?;
    let ciphertext = keep_decoded(buffer, Encoding::Base64, &message.p)?;
    let tag = keep_decoded(buffer, Encoding::Base64, &message.h.at)?;
    let fits = nonce.len() == IV_BYTES && tag.len() == TAG_BYTES;
    if fits { Ok((nonce, ciphertext, tag)) } else { Err(Malformed) }
}

fn blank(message: &mut Message) {
    message.p.clear();
    message.h.iv.clear();
    message.h.at.clear();
}

/// A frame is the message without what is sealed; a value that was in another layout has none.
pub(super) fn encode(sealed: &Sealed<'_>, out: &mut Vec<u8>) {
    let empty = || Message {
        p: String::new(),
        h: Headers { iv: String::new(), at: String::new(), e: None, k: None, i: None, c: None },
    };
    let mut message: Message = serde_json::from_slice(sealed.frame).unwrap_or_else(|_| empty());
    if message.h.i.is_some() {
        message.h.i = Some(BASE64.encode(sealed.label));
    }
    let target = match &mut message.h.k {
        Some(key) => &mut **key,
        None => &mut message,
    };
    target.p = BASE64.encode(sealed.ciphertext);
    target.h.iv = BASE64.encode(sealed.nonce);
    target.h.at = BASE64.encode(sealed.tag);
    serde_json::to_writer(out, &message).expect("text in memory is written");
}
