//! Text encodings (RFC 4648): written exactly, read leniently.

use std::sync::LazyLock;

use base64::engine::general_purpose::GeneralPurposeConfig;
use base64::engine::{DecodePaddingMode, Engine, simd::Simd};

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
    /// Padded, with a line feed after every 76 characters but at the end: PostgreSQL's `encode`.
    Base64Mime76,
}

/// Their names in templates.
pub(super) const NAMES: [(&str, Encoding); 7] = [
    ("raw", Encoding::Raw),
    ("hex", Encoding::Hex),
    ("b64", Encoding::Base64),
    ("b64url", Encoding::Base64Url),
    ("b64raw", Encoding::Base64Unpadded),
    ("b64urlraw", Encoding::Base64UrlUnpadded),
    ("b64mime76", Encoding::Base64Mime76),
];

/// Characters of a line of [`Encoding::Base64Mime76`].
const LINE: usize = 76;

/// Bytes that are encoded into whole characters by base64 (3 into 4) and by hexadecimal too.
const BLOCK: usize = 3;

/// Base64 without padding, which is added and taken off here. The unused bits of the last character
/// may be any, as the decoders of Go, Node.js and Python allow.
const UNPADDED: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_encode_padding(false)
    .with_decode_padding_mode(DecodePaddingMode::RequireNone)
    .with_decode_allow_trailing_bits(true);

static BASE64: LazyLock<Simd> = LazyLock::new(|| Simd::standard(UNPADDED));
static BASE64URL: LazyLock<Simd> = LazyLock::new(|| Simd::url_safe(UNPADDED));

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
        let characters = self.characters(bytes);
        match self {
            Self::Base64 | Self::Base64Url => characters + self.padding(bytes),
            Self::Base64Mime76 => {
                let characters = characters + self.padding(bytes);
                characters + characters.saturating_sub(1) / LINE
            }
            _ => characters,
        }
    }

    /// Appends the parts, encoded as one.
    pub(super) fn append<'p>(self, parts: impl Iterator<Item = &'p [u8]>, out: &mut Vec<u8>) {
        match self {
            Self::Raw => parts.for_each(|part| out.extend_from_slice(part)),
            Self::Hex => parts.for_each(|part| append_hex(part, out)),
            Self::Base64 => append_base64(&BASE64, parts, PADDING, out),
            Self::Base64Url => append_base64(&BASE64URL, parts, PADDING, out),
            Self::Base64Unpadded => append_base64(&BASE64, parts, b"", out),
            Self::Base64UrlUnpadded => append_base64(&BASE64URL, parts, b"", out),
            Self::Base64Mime76 => {
                let before = out.len();
                append_base64(&BASE64, parts, PADDING, out);
                break_lines(out, before);
            }
        }
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
        let decoded = self.decode_unbroken(text, out);
        if decoded.is_ok() || !has_line_break(text) {
            return decoded;
        }
        unwrapped.clear();
        unwrapped.extend(text.iter().copied().filter(|byte| !is_line_break(*byte)));
        self.decode_unbroken(unwrapped, out)
    }

    fn decode_unbroken(self, text: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
        let before = out.len();
        let decoded = match self {
            Self::Raw | Self::Hex => decode_hex(text, out),
            Self::Base64 | Self::Base64Unpadded | Self::Base64Mime76 => {
                decode_base64(&BASE64, text, out)
            }
            Self::Base64Url | Self::Base64UrlUnpadded => decode_base64(&BASE64URL, text, out),
        };
        decoded.inspect_err(|Malformed| out.truncate(before))
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

/// Puts a line feed between the lines of what stands behind `before`.
fn break_lines(out: &mut Vec<u8>, before: usize) {
    let unbroken = out.split_off(before);
    for (place, line) in unbroken.chunks(LINE).enumerate() {
        if place > 0 {
            out.push(b'\n');
        }
        out.extend_from_slice(line);
    }
}

fn append_hex(bytes: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    out.resize(before + 2 * bytes.len(), 0);
    const_hex::encode_to_slice(bytes, &mut out[before..]).expect("two characters for each byte");
}

/// Either case. (The decoder forgives a leading `0x`, but then it does not fill the room.)
fn decode_hex(text: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let before = out.len();
    out.resize(before + text.len() / 2, 0);
    const_hex::decode_to_slice(text, &mut out[before..]).map_err(|_| Malformed)
}

/// What stands for the bytes that are missing from the last block.
const PADDING: &[u8] = b"==";

/// Base64 cannot be cut between any two bytes: what does not fill a block waits for the next part.
fn append_base64<'p>(
    alphabet: &Simd,
    parts: impl Iterator<Item = &'p [u8]>,
    padding: &[u8],
    out: &mut Vec<u8>,
) {
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
            append_whole(alphabet, &waiting, out);
        }
        let (blocks, rest) = part.split_at(part.len() - part.len() % BLOCK);
        append_whole(alphabet, blocks, out);
        waiting[..rest.len()].copy_from_slice(rest);
        filled = rest.len();
    }
    if filled > 0 {
        append_whole(alphabet, &waiting[..filled], out);
        out.extend_from_slice(&padding[..padding.len().min(BLOCK - filled)]);
    }
}

fn append_whole(alphabet: &Simd, bytes: &[u8], out: &mut Vec<u8>) {
    let before = out.len();
    out.resize(before + (4 * bytes.len()).div_ceil(BLOCK), 0);
    alphabet.encode_slice(bytes, &mut out[before..]).expect("four characters for three bytes");
}

fn decode_base64(alphabet: &Simd, text: &[u8], out: &mut Vec<u8>) -> Result<(), Malformed> {
    let text = without_padding(text)?;
    let before = out.len();
    out.resize(before + text.len() * BLOCK / 4, 0);
    let decoded = alphabet.decode_slice(text, &mut out[before..]).map_err(|_| Malformed)?;
    out.truncate(before + decoded);
    Ok(())
}

/// Base64 without its padding, which may be absent but not of a wrong length.
fn without_padding(text: &[u8]) -> Result<&[u8], Malformed> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let whole = text.len().is_multiple_of(4) && padding < BLOCK;
    if padding > 0 && !whole { Err(Malformed) } else { Ok(&text[..text.len() - padding]) }
}
