//! How the text of a secret becomes the key of one column's layout. It knows no secret.

use super::{ByteTemplate, LayoutError};
use crate::crypto::{Cipher, Derivation, KeyEncoding};

/// The settings between a secret and a key.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KeyForm {
    pub encoding: KeyEncoding,
    /// What stands before every key: `base64:` of Laravel.
    pub prefix: String,
    pub derivation: Derivation,
    pub salt: SaltFrom,
    pub info: ByteTemplate,
    /// The MAC's key is the secret itself, only the cipher's is derived.
    pub mac_key_is_secret: bool,
    /// Only keys of this label are keys of this layout.
    pub label: Option<String>,
}

/// Where the salt of a derivation comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SaltFrom {
    Template(ByteTemplate),
    /// A source as keys have it: `env:NAME` or `file:PATH`.
    Source(String),
}

impl Default for KeyForm {
    /// 64 hexadecimal digits that are the key.
    fn default() -> Self {
        Self {
            encoding: KeyEncoding::Hex,
            prefix: String::new(),
            derivation: Derivation::None,
            salt: SaltFrom::Template(ByteTemplate::default()),
            info: ByteTemplate::default(),
            mac_key_is_secret: false,
            label: None,
        }
    }
}

impl KeyForm {
    /// Bytes of the secret, where the cipher alone says how many.
    pub fn secret_bytes(&self, cipher: Cipher) -> Option<usize> {
        let is_key = self.derivation == Derivation::None && !cipher.has_mac_key();
        is_key.then_some(cipher.key_bytes())
    }

    /// Bytes to derive: the cipher's key, and before it as many of a MAC's where that is derived too.
    pub fn derived_bytes(&self, cipher: Cipher) -> usize {
        match cipher.has_mac_key() && !self.mac_key_is_secret {
            true => 2 * cipher.key_bytes(),
            false => cipher.key_bytes(),
        }
    }

    /// Whether the secret could be guessed, so that nothing quick may be computed of it and kept.
    pub fn is_guessable(&self) -> bool {
        self.encoding.is_guessable()
            || !matches!(self.derivation, Derivation::None | Derivation::Hkdf(_))
    }

    /// Whether every value has a key of its own, from a salt that it holds.
    pub fn is_per_value(&self) -> bool {
        let salted = matches!(&self.salt, SaltFrom::Template(salt) if salt.has_salt());
        salted || self.info.has_salt()
    }

    /// Refuses what cannot be: a salt that nothing takes, or a derivation without the salt it needs.
    pub(super) fn check(&self) -> Result<(), LayoutError> {
        let has_salt = match &self.salt {
            SaltFrom::Template(salt) => !salt.is_empty(),
            SaltFrom::Source(_) => true,
        };
        let needs_salt = self.derivation.takes_salt() && !self.derivation.takes_info();
        if needs_salt && !has_salt {
            return Err(LayoutError::new("the key derivation has no salt").hint(
                "key = { salt = \"TEXT\" }, or salt_from = \"env:NAME\"; {salt} is the value's own",
            ));
        }
        if has_salt && !self.derivation.takes_salt() {
            return Err(LayoutError::new("a salt, and no key derivation that takes one")
                .hint("key = { derive = \"hkdf\", … }"));
        }
        if !self.info.is_empty() && !self.derivation.takes_info() {
            return Err(LayoutError::new("only hkdf takes info").hint("leave `info` out"));
        }
        Ok(())
    }
}
