//! Text encodings (RFC 4648): written exactly, read leniently.

use std::sync::LazyLock;

use data_encoding::{
    BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD, HEXLOWER, HEXLOWER_PERMISSIVE, Specification,
};

use super::Malformed;

/// How the bytes of a group are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Raw,
    Hex,
    Base64,
    Base64Url,
    Base64Unpadded,
    Base64UrlUnpadded,
}

/// Their names in templates.
pub(super) const NAMES: [(&str, Encoding); 6] = [
    ("raw", Encoding::Raw),
    ("hex", Encoding::Hex),
    ("b64", Encoding::Base64),
    ("b64url", Encoding::Base64Url),
    ("b64raw", Encoding::Base64Unpadded),
    ("b64urlraw", Encoding::Base64UrlUnpadded),
];

/// Bytes that are encoded into whole characters by base64 (3 into 4) and by hexadecimal too.
const BLOCK: usize = 3;

/// Base64 without padding whose last character may have any unused bits, as the decoders of Go,
/// Node.js and Python allow.
fn lenient(symbols: &str) -> data_encoding::Encoding {
    let mut specification = Specification::new();
    specification.symbols.push_str(symbols);
    specification.check_trailing_bits = false;
    specification.encoding().expect("64 distinct ASCII symbols are an encoding")
}

static BASE64_READ: LazyLock<data_encoding::Encoding> =
    LazyLock::new(|| lenient("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"));

static BASE64URL_READ: LazyLock<data_encoding::Encoding> =
    LazyLock::new(|| lenient("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"));

impl Encoding {
    pub(super) fn is_text(self) -> bool {
        self != Self::Raw
    }

    /// Characters that carry so many bytes, without padding.
    pub(super) fn characters(self, bytes: usize) -> usize {
        match self {
            Self::Raw => bytes,
            Self::Hex => 2 * bytes,
            _ => (4 * bytes).div_ceil(3),
        }
    }

    /// Characters of padding that may follow so many bytes.
    pub(super) fn padding(self, bytes: usize) -> usize {
        match self {
            Self::Raw | Self::Hex => 0,
            _ => (BLOCK - bytes % BLOCK) % BLOCK,
        }
    }

    /// Bytes that so many bytes become, as they are written.
    pub(super) fn written_bytes(self, bytes: usize) -> usize {
        let padding = match self {
            Self::Base64 | Self::Base64Url => self.padding(bytes),
            _ => 0,
        };
        self.characters(bytes) + padding
    }

    /// Appends the parts, encoded as one.
    pub(super) fn append<'p>(self, parts: impl Iterator<Item = &'p [u8]>, out: &mut Vec<u8>) {
        let Some(encoding) = self.writer() else {
            parts.for_each(|part| out.extend_from_slice(part));
            return;
        };
        // Base64 cannot be cut between any two bytes: what does not fill a block waits for the next
        // part.
        let mut waiting = [0; BLOCK];
        let mut filled = 0;
        for mut part in parts {
            if filled > 0 {
                let taken = part.len().min(BLOCK - filled);
                waiting[filled..filled + taken].copy_from_slice(&part[..taken]);
                (filled, part) = (filled + taken, &part[taken..]);
                if filled < BLOCK {
                    continue;
                }
                append_encoded(&encoding, &waiting, out);
            }
            let (blocks, rest) = part.split_at(part.len() - part.len() % BLOCK);
            append_encoded(&encoding, blocks, out);
            waiting[..rest.len()].copy_from_slice(rest);
            filled = rest.len();
        }
        append_encoded(&encoding, &waiting[..filled], out);
    }

    /// Appends the decoded bytes. Line feeds are taken out into `unwrapped` where there are any.
    pub(super) fn decode(
        self,
        text: &[u8],
        unwrapped: &mut Vec<u8>,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        if !self.is_text() {
            out.extend_from_slice(text);
            return Ok(());
        }
        let before = out.len();
        if self.decode_unbroken(text, out).is_ok() {
            return Ok(());
        }
        if !has_line_break(text) {
            return Err(Malformed);
        }
        out.truncate(before);
        unwrapped.clear();
        unwrapped.extend(text.iter().copied().filter(|byte| !is_line_break(*byte)));
        self.decode_unbroken(unwrapped, out)
    }

    fn decode_unbroken(self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let (encoding, text) = match self {
            Self::Raw | Self::Hex => (&HEXLOWER_PERMISSIVE, text),
            Self::Base64 | Self::Base64Unpadded => (&*BASE64_READ, without_padding(text)?),
            Self::Base64Url | Self::Base64UrlUnpadded => (&*BASE64URL_READ, without_padding(text)?),
        };
        let before = out.len();
        let bytes = encoding.decode_len(text.len()).map_err(|_| Malformed)?;
        out.resize(before + bytes, 0);
        encoding.decode_mut(text, &mut out[before..]).map_err(|_| Malformed)?;
        Ok(())
    }

    /// `None` for raw bytes.
    fn writer(self) -> Option<data_encoding::Encoding> {
        match self {
            Self::Raw => None,
            Self::Hex => Some(HEXLOWER),
            Self::Base64 => Some(BASE64),
            Self::Base64Url => Some(BASE64URL),
            Self::Base64Unpadded => Some(BASE64_NOPAD),
            Self::Base64UrlUnpadded => Some(BASE64URL_NOPAD),
        }
    }
}

/// What encoders put between the lines of long text.
pub(super) fn is_line_break(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\r')
}

/// Looks at all bytes without stopping early, which the compiler does many at once.
pub(super) fn has_line_break(text: &[u8]) -> bool {
    text.iter().fold(false, |found, byte| found | is_line_break(*byte))
}

fn append_encoded(encoding: &data_encoding::Encoding, bytes: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    out.resize(before + encoding.encode_len(bytes.len()), 0);
    encoding.encode_mut(bytes, &mut out[before..]);
}

/// Base64 without its padding, which may be absent but not of a wrong length.
fn without_padding(text: &[u8]) -> Result<&[u8], Malformed> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let whole = text.len().is_multiple_of(4) && padding < BLOCK;
    if padding > 0 && !whole { Err(Malformed) } else { Ok(&text[..text.len() - padding]) }
}
