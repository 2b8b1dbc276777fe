//! What many at once are made of: one thing to be sealed, opened or rewrapped, and what came of it.
//! A bad item is its own outcome; only what stands against all of them is an error.

use std::collections::BTreeMap;
use std::fmt;

use zeroize::Zeroizing;

/// What a service binds a ciphertext to: the same is needed to open it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Binding {
    /// Nothing; of AWS the encryption context of the key's URI.
    None,
    /// Vault's `associated_data`, Cloud KMS's additional authenticated data.
    Aad(Vec<u8>),
    /// AWS's encryption context, besides the one of the key's URI.
    Context(BTreeMap<String, String>),
}

/// A plaintext to be sealed, or a ciphertext to be opened.
#[derive(Clone, Copy)]
pub struct Item<'a> {
    pub bytes: &'a [u8],
    pub binding: &'a Binding,
    /// The version that sealed it, where it is known. Azure cannot open without.
    pub version: Option<&'a str>,
}

/// A ciphertext to be wrapped again without its plaintext being shown.
#[derive(Clone, Copy)]
pub struct Rewrap<'a> {
    pub item: Item<'a>,
    /// What it is to be bound to from then on.
    pub binding: &'a Binding,
}

/// What came of one item.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ItemOutcome<T> {
    Done(T),
    /// This item alone is bad.
    Refused(ItemRefusal),
}

impl<T> ItemOutcome<T> {
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(done) => Some(done),
            Self::Refused(_) => None,
        }
    }
}

/// What is wrong with one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ItemRefusal {
    /// Not a ciphertext of this key, not whole, or bound to something else.
    NotOfThisKey,
    /// The version that sealed it is disabled, destroyed or shut out.
    VersionUnusable,
    /// It is not known which version sealed it, and this service does not open without.
    VersionUnknown,
    /// Longer or shorter than the service takes.
    Length,
}

impl fmt::Display for ItemRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotOfThisKey => "no ciphertext of this key, or bound to something else",
            Self::VersionUnusable => "its key version is disabled, destroyed or shut out",
            Self::VersionUnknown => "it is not known which key version sealed it",
            Self::Length => "of a length that the service does not take",
        })
    }
}

#[derive(Clone, PartialEq, Eq)]
pub struct SealedItem {
    /// As the service gave it; of Vault the text `vault:vN:…`.
    pub ciphertext: Vec<u8>,
    /// The version that really sealed it, where the service tells (AWS's `Encrypt` does not).
    pub version: Option<String>,
}

pub struct OpenedItem {
    pub plaintext: Zeroizing<Vec<u8>>,
    /// The version that had sealed it, where the service tells (Cloud KMS does not).
    pub version: Option<String>,
    /// Whether that is the version that seals now, where opening tells. Cloud KMS may take an older
    /// version for the newest for a while after its primary version was changed.
    pub is_newest: Option<bool>,
}

pub struct RewrappedItem {
    pub sealed: SealedItem,
    /// The version that had sealed it before.
    pub former_version: Option<String>,
}

/// A new data key, and what is stored of it.
pub struct NewDataKey {
    pub plaintext: Zeroizing<Vec<u8>>,
    pub wrapped: SealedItem,
}
