//! Why a keyset is refused: by the ids and types of its keys, never by what they are.

use std::fmt;

/// What is wrong with a keyset.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MalformedKeyset {
    /// Neither JSON nor a protocol buffer that is one.
    NotOne,
    /// It is encrypted by a KMS, which nobody named.
    Encrypted,
    /// No key that is enabled has the id of the primary one.
    NoPrimary(u32),
    /// The key with this id is damaged, or has a prefix that is not known.
    Key(u32),
    /// The key with this id is of a type that is not supported.
    Unsupported { id: u32, type_url: Option<String> },
}

impl MalformedKeyset {
    pub(crate) const WHAT: &str =
        "a keyset of Tink is JSON as tinkey writes it, its binary form, or base64 of that";

    /// Only what looks like a type is repeated.
    pub(super) fn unsupported(id: u32, type_url: &str) -> Self {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'.' || byte == b'_';
        let is_type = |name: &&str| name.len() <= 100 && name.bytes().all(is_name);
        let name = type_url.strip_prefix("type.googleapis.com/").filter(is_type);
        Self::Unsupported { id, type_url: name.map(|_| type_url.to_owned()) }
    }

    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::NotOne => Self::WHAT,
            Self::Encrypted => "name the KMS key that opens it: { kms = …, keyset = … }",
            Self::NoPrimary(_) => "tinkey promote-key and enable-key make a key the primary one",
            Self::Key(_) => "write the keyset again with tinkey or a library of Tink",
            Self::Unsupported { .. } => {
                "supported are AesGcmKey, XChaCha20Poly1305Key and ChaCha20Poly1305Key; \
                 a key that no value needs any more can be disabled"
            }
        }
    }
}

impl fmt::Display for MalformedKeyset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOne => f.write_str("this is no keyset"),
            Self::Encrypted => f.write_str("the keyset is encrypted"),
            Self::NoPrimary(id) => {
                write!(f, "the primary key {id} of the keyset is missing or not enabled")
            }
            Self::Key(id) => write!(f, "key {id} of the keyset is damaged"),
            Self::Unsupported { id, type_url: Some(type_url) } => {
                write!(f, "key {id} of the keyset is a {type_url}, which is not supported")
            }
            Self::Unsupported { id, type_url: None } => {
                write!(f, "key {id} of the keyset is of no type of Tink's")
            }
        }
    }
}
