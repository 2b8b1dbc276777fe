//! Which ciphers there are, and what each of them needs.

use std::fmt;

/// A cipher by the name under which configurations know it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cipher {
    /// NIST SP 800-38D.
    Aes128Gcm,
    Aes256Gcm,
    /// RFC 8439.
    ChaCha20Poly1305,
    /// draft-irtf-cfrg-xchacha-03.
    XChaCha20Poly1305,
    /// NaCl's `crypto_secretbox`. It has no additional data.
    XSalsa20Poly1305,
    /// AES-CBC with PKCS #7 padding, then HMAC-SHA256 over what it is bound to, nonce and ciphertext,
    /// as Fernet has it. The key is the MAC's, of any length, and after it the 16 bytes of AES.
    Aes128CbcHmac,
    /// … and after it the 32 bytes of AES.
    Aes256CbcHmac,
    /// Laravel's: AES-CBC, then HMAC-SHA256 over the base64 of nonce and of ciphertext, one key for both.
    LaravelCbc,
    /// AES-CBC with PKCS #7 padding (NIST SP 800-38A; RFC 5652, section 6.3). Nothing authenticates it.
    Aes128Cbc,
    Aes256Cbc,
    /// … padded with asterisks to whole blocks, which SQLAlchemy-Utils calls naive.
    Aes256CbcAsterisks,
    /// AES in counter mode (NIST SP 800-38A). Nothing authenticates it.
    Aes256Ctr,
}

impl Cipher {
    pub const ALL: [Self; 12] = [
        Self::Aes256Gcm,
        Self::Aes128Gcm,
        Self::ChaCha20Poly1305,
        Self::XChaCha20Poly1305,
        Self::XSalsa20Poly1305,
        Self::Aes128CbcHmac,
        Self::Aes256CbcHmac,
        Self::LaravelCbc,
        Self::Aes128Cbc,
        Self::Aes256Cbc,
        Self::Aes256CbcAsterisks,
        Self::Aes256Ctr,
    ];

    /// As it is written in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Aes128Gcm => "aes-128-gcm",
            Self::Aes256Gcm => "aes-256-gcm",
            Self::ChaCha20Poly1305 => "chacha20-poly1305",
            Self::XChaCha20Poly1305 => "xchacha20-poly1305",
            Self::XSalsa20Poly1305 => "xsalsa20-poly1305",
            Self::Aes128CbcHmac => "aes-128-cbc-hmac-sha256",
            Self::Aes256CbcHmac => "aes-256-cbc-hmac-sha256",
            Self::LaravelCbc => "laravel-cbc",
            Self::Aes128Cbc => "aes-128-cbc",
            Self::Aes256Cbc => "aes-256-cbc",
            Self::Aes256CbcAsterisks => "aes-256-cbc-asterisks",
            Self::Aes256Ctr => "aes-256-ctr",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cipher| cipher.name() == name)
    }

    /// Whether a wrong key is always noticed.
    pub const fn is_authenticated(self) -> bool {
        self.tag_bytes() > 0
    }

    /// Whether a value can be bound to additional data of its row.
    pub const fn takes_aad(self) -> bool {
        matches!(
            self,
            Self::Aes128Gcm | Self::Aes256Gcm | Self::ChaCha20Poly1305 | Self::XChaCha20Poly1305
        )
    }

    /// Bytes of a whole tag; 0 where nothing authenticates.
    pub const fn tag_bytes(self) -> usize {
        match self {
            Self::Aes128CbcHmac | Self::Aes256CbcHmac | Self::LaravelCbc => 32,
            Self::Aes128Cbc | Self::Aes256Cbc | Self::Aes256CbcAsterisks | Self::Aes256Ctr => 0,
            _ => 16,
        }
    }

    /// Whether a tag of so many bytes is read: of GCM, shorter ones too (NIST SP 800-38D, 5.2.1.2).
    pub const fn reads_tag_of(self, bytes: usize) -> bool {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => bytes >= 12 && bytes <= 16,
            _ => bytes == self.tag_bytes(),
        }
    }

    /// Whether it takes nonces of so many bytes.
    pub const fn takes_nonce_of(self, bytes: usize) -> bool {
        match self {
            Self::Aes128Gcm | Self::Aes256Gcm => bytes == 12 || bytes == 16,
            Self::ChaCha20Poly1305 => bytes == 12,
            Self::XChaCha20Poly1305 | Self::XSalsa20Poly1305 => bytes == 24,
            _ => bytes == 16,
        }
    }

    /// Bytes of its key, and of what follows a key of any length for a MAC.
    pub const fn key_bytes(self) -> usize {
        match self {
            Self::Aes128Gcm | Self::Aes128Cbc | Self::Aes128CbcHmac => 16,
            _ => 32,
        }
    }

    /// Whether the key begins with a MAC's own.
    pub const fn has_mac_key(self) -> bool {
        matches!(self, Self::Aes128CbcHmac | Self::Aes256CbcHmac)
    }
}

impl fmt::Display for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_back() {
        for cipher in Cipher::ALL {
            assert_eq!(Cipher::named(cipher.name()), Some(cipher));
        }
        assert_eq!(Cipher::named("des"), None);
    }

    #[test]
    fn only_what_has_a_tag_is_authenticated() {
        for cipher in Cipher::ALL {
            assert!(cipher.is_authenticated() || !cipher.takes_aad(), "{cipher}");
            assert!(cipher.reads_tag_of(cipher.tag_bytes()), "{cipher}");
        }
    }
}
