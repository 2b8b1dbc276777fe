//! How the text of a secret is read.

use data_encoding::{BASE64_NOPAD, BASE64URL_NOPAD, HEXLOWER_PERMISSIVE};

use super::{MalformedKey, SecretBytes};

/// What the text of a secret is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyEncoding {
    /// Pairs of hexadecimal digits.
    Hex,
    /// Standard or URL-safe, padded or not.
    Base64,
    /// The bytes themselves: a passphrase.
    Text,
    /// Each character is the byte of its number, which is at most 255.
    Latin1,
}

impl KeyEncoding {
    pub const ALL: [Self; 4] = [Self::Hex, Self::Base64, Self::Text, Self::Latin1];

    /// As it is written in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hex => "hex",
            Self::Base64 => "base64",
            Self::Text => "text",
            Self::Latin1 => "latin1",
        }
    }

    /// Whether such a text is a passphrase, that could be guessed, rather than random bytes.
    pub const fn is_guessable(self) -> bool {
        matches!(self, Self::Text | Self::Latin1)
    }

    /// The bytes of a secret; `expected` is their number where it is known.
    ///
    /// # Errors
    /// It is another kind of text, or of another length. The message says where, not what.
    pub fn decode(self, text: &[u8], expected: Option<usize>) -> Result<SecretBytes, MalformedKey> {
        if text.is_empty() {
            return Err(MalformedKey::Length(0));
        }
        let secret = match self {
            Self::Hex => hex(text, expected)?,
            Self::Base64 => base64(text)?,
            Self::Text => SecretBytes::new(text.to_vec()),
            Self::Latin1 => latin1(text)?,
        };
        match expected {
            Some(expected) if secret.expose().len() != expected => {
                Err(MalformedKey::Bytes { found: secret.expose().len(), expected })
            }
            _ => Ok(secret),
        }
    }
}

fn hex(text: &[u8], expected: Option<usize>) -> Result<SecretBytes, MalformedKey> {
    match expected {
        Some(32) if text.len() != 64 => return Err(MalformedKey::Length(text.len())),
        _ if !text.len().is_multiple_of(2) => return Err(MalformedKey::NotHex),
        _ => {}
    }
    let mut secret = SecretBytes::zero(text.len() / 2);
    HEXLOWER_PERMISSIVE
        .decode_mut(text, secret.expose_mut())
        .map_err(|partial| MalformedKey::Character(partial.error.position + 1))?;
    Ok(secret)
}

fn base64(text: &[u8]) -> Result<SecretBytes, MalformedKey> {
    let padding = text.iter().rev().take_while(|byte| **byte == b'=').count();
    let text = &text[..text.len() - padding];
    let is_url = text.iter().any(|byte| matches!(byte, b'-' | b'_'));
    let encoding = if is_url { BASE64URL_NOPAD } else { BASE64_NOPAD };
    let bytes = encoding.decode_len(text.len()).map_err(|_| MalformedKey::NotBase64)?;
    let mut secret = SecretBytes::zero(bytes);
    encoding.decode_mut(text, secret.expose_mut()).map_err(|_| MalformedKey::NotBase64)?;
    if padding > 2 || bytes == 0 { Err(MalformedKey::NotBase64) } else { Ok(secret) }
}

fn latin1(text: &[u8]) -> Result<SecretBytes, MalformedKey> {
    let text = std::str::from_utf8(text).map_err(|_| MalformedKey::NotLatin1)?;
    let mut secret = SecretBytes::zero(text.chars().count());
    for (byte, character) in secret.expose_mut().iter_mut().zip(text.chars()) {
        *byte = u8::try_from(u32::from(character)).map_err(|_| MalformedKey::NotLatin1)?;
    }
    Ok(secret)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_encoding() {
        let decode = |encoding: KeyEncoding, text: &str| {
            encoding.decode(text.as_bytes(), None).map(|secret| secret.expose().to_vec())
        };
        assert_eq!(decode(KeyEncoding::Hex, "00fF"), Ok(vec![0, 255]));
        assert_eq!(decode(KeyEncoding::Base64, "-_8="), Ok(vec![0xfb, 0xff]));
        assert_eq!(decode(KeyEncoding::Base64, "+/8"), Ok(vec![0xfb, 0xff]));
        assert_eq!(decode(KeyEncoding::Text, "ü"), Ok("ü".into()));
        assert_eq!(decode(KeyEncoding::Latin1, "ü"), Ok(vec![0xfc]));
        assert_eq!(decode(KeyEncoding::Latin1, "€"), Err(MalformedKey::NotLatin1));
        assert_eq!(decode(KeyEncoding::Base64, "+-8="), Err(MalformedKey::NotBase64));
        assert_eq!(decode(KeyEncoding::Hex, "0g"), Err(MalformedKey::Character(2)));
        assert_eq!(decode(KeyEncoding::Text, ""), Err(MalformedKey::Length(0)));
        let short = KeyEncoding::Base64.decode(b"AAAA", Some(32)).unwrap_err();
        assert_eq!(short.to_string(), "the key has 3 bytes, not 32");
    }
}
