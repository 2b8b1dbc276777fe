//! What can be wrong with a stored value, and what the job should say of it.

use data_encoding::HEXLOWER;

use super::support::{StoredParts, TestKey, seal};

/// One way in which a value was corrupted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    NonceFlipped,
    BodyFlipped,
    TagFlipped,
    /// A byte of the ciphertext is gone, the shape is right.
    Shortened,
    /// Cut to a few characters.
    Cut,
    /// Stored in another encoding: a text column holds a bytea's output, a bytea one holds hex.
    WrongEncoding,
    /// Sealed for another row.
    WrongAad,
    UnknownKey,
}

impl Damage {
    pub const ALL: [Self; 8] = [
        Self::NonceFlipped,
        Self::BodyFlipped,
        Self::TagFlipped,
        Self::Shortened,
        Self::Cut,
        Self::WrongEncoding,
        Self::WrongAad,
        Self::UnknownKey,
    ];

    /// The value as it is stored, sealed with `key` before it was damaged.
    pub fn stored(self, key: &TestKey, preset: &str, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
        let mut stored = seal(key, preset, aad, plaintext);
        let mut parts = StoredParts::take_apart(preset, &stored).expect("just sealed");
        match self {
            Self::NonceFlipped => parts.nonce[0] ^= 0x80,
            Self::BodyFlipped => parts.ciphertext[3] ^= 1,
            Self::TagFlipped => parts.tag[15] ^= 1,
            Self::Shortened => drop(parts.ciphertext.pop()),
            Self::Cut => {
                stored.truncate(10);
                return stored;
            }
            Self::WrongEncoding if preset == "go" => return HEXLOWER.encode(&stored).into_bytes(),
            Self::WrongEncoding => return format!("\\x{}", HEXLOWER.encode(&stored)).into_bytes(),
            Self::WrongAad => return seal(key, preset, b"another row", plaintext),
            Self::UnknownKey => return seal(&TestKey::random(), preset, aad, plaintext),
        }
        parts.put_together(preset)
    }

    /// The reason in `failures`.
    pub fn reason(self, preset: &str) -> &'static str {
        match self {
            Self::Cut => "malformed",
            // raw bytes have no wrong shape as long as they are enough
            Self::WrongEncoding if preset != "go" => "malformed",
            _ => "no_key_opens_it",
        }
    }
}
