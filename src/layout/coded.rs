//! Layouts that no template can say, each a file of this room: JSON inside base64, headers that may be
//! absent, a header that is authenticated as it is written.

mod jwe;
mod laravel;
mod rails;

use data_encoding::{BASE64, Encoding};

use super::settings::known;
use super::{DecodeBuffer, LabelForm, LayoutError, Malformed, Sealed, Stored};
use crate::crypto::{Cipher, NonceLength};

/// Which of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    /// Messages of Rails' ActiveRecord::Encryption.
    Rails,
    /// Payloads of Laravel's encrypter.
    Laravel,
    /// JSON Web Encryption, compact, with a key that is shared (`"alg":"dir"`).
    Jwe,
}

impl Code {
    pub(super) fn named(name: &str) -> Result<Self, LayoutError> {
        let all = [("rails", Self::Rails), ("laravel", Self::Laravel), ("jwe", Self::Jwe)];
        known("coded layout", name, all)
    }

    pub(super) fn label_form(self) -> Option<LabelForm> {
        match self {
            Self::Rails | Self::Jwe => Some(LabelForm::Text),
            Self::Laravel => None,
        }
    }

    pub(super) fn nonce_length(self, cipher: Cipher) -> NonceLength {
        match cipher.takes_nonce_of(NonceLength::Twelve.bytes()) {
            true => NonceLength::Twelve,
            false => NonceLength::Sixteen,
        }
    }

    pub(super) fn decode<'b>(
        self,
        cipher: Cipher,
        stored: &[u8],
        buffer: &'b mut DecodeBuffer,
    ) -> Result<Stored<'b>, Malformed> {
        buffer.clear();
        match self {
            Self::Rails => rails::decode(stored, buffer),
            Self::Laravel => laravel::decode(cipher, stored, buffer),
            Self::Jwe => jwe::decode(cipher, stored, buffer),
        }
    }

    pub(super) fn encode(self, sealed: &Sealed<'_>, out: &mut Vec<u8>) {
        match self {
            Self::Rails => rails::encode(sealed, out),
            Self::Laravel => laravel::encode(sealed, out),
            Self::Jwe => jwe::encode(sealed, out),
        }
    }

    pub(super) fn frame(
        self,
        cipher: Cipher,
        old: Option<&[u8]>,
        label: &[u8],
        frame: &mut Vec<u8>,
    ) {
        match self {
            Self::Rails => frame.extend_from_slice(old.unwrap_or_default()),
            Self::Laravel => {}
            Self::Jwe => jwe::frame(cipher, old, label, frame),
        }
    }

    pub(super) fn bind(self, frame: &[u8], bound: &mut Vec<u8>) {
        if self == Self::Jwe {
            bound.extend_from_slice(frame);
        }
    }
}

/// Appends the decoded bytes to `buffer`, and says where.
fn keep_decoded(
    buffer: &mut DecodeBuffer,
    encoding: super::encoding::Encoding,
    text: &str,
) -> Result<std::ops::Range<usize>, Malformed> {
    let start = buffer.decoded.len();
    encoding.decode(text.as_bytes(), &mut buffer.unwrapped, &mut buffer.decoded)?;
    Ok(start..buffer.decoded.len())
}

/// Appends text to JSON that needs no escapes.
fn append_encoded(encoding: &Encoding, bytes: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(encoding.encode(bytes).as_bytes());
}

fn append_base64(bytes: &[u8], out: &mut Vec<u8>) {
    append_encoded(&BASE64, bytes, out);
}
