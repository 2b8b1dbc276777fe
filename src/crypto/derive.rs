//! Keys from secrets: digests, HKDF (RFC 5869), PBKDF2 (RFC 8018), scrypt (RFC 7914), Argon2id
//! (RFC 9106) and OpenSSL's EVP_BytesToKey.

use std::fmt;

use argon2::{Algorithm, Argon2, Version};
use hkdf::Hkdf;
use md5::Md5;
use sha1::Sha1;
use sha2::digest::Digest;
use sha2::{Sha256, Sha384, Sha512};
use zeroize::Zeroize;

use super::SecretBytes;

/// The hash function inside a derivation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hash {
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Hash {
    pub const ALL: [Self; 4] = [Self::Sha1, Self::Sha256, Self::Sha384, Self::Sha512];

    /// As it is written in a configuration.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Sha384 => "sha384",
            Self::Sha512 => "sha512",
        }
    }
}

/// How a key comes from a secret, with its costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Derivation {
    /// The secret is the key.
    None,
    /// SHA-256 of the secret.
    Sha256,
    Hkdf(Hash),
    Pbkdf2 {
        hash: Hash,
        iterations: u32,
    },
    /// N is a power of two.
    Scrypt {
        log_n: u8,
        r: u32,
        p: u32,
    },
    Argon2id {
        memory_kib: u32,
        passes: u32,
        lanes: u32,
    },
    /// MD5 chained over secret and salt, once: what `openssl enc` did before 1.1, and crypto-js does.
    EvpMd5,
}

impl Derivation {
    /// Whether salt and info matter.
    pub const fn takes_salt(self) -> bool {
        !matches!(self, Self::None | Self::Sha256)
    }

    pub const fn takes_info(self) -> bool {
        matches!(self, Self::Hkdf(_))
    }

    /// Derives `length` bytes; of [`Derivation::None`] and [`Derivation::Sha256`] as many as there are.
    ///
    /// # Errors
    /// The function refuses its costs or this length.
    pub fn derive(
        self,
        secret: &[u8],
        salt: &[u8],
        info: &[u8],
        length: usize,
    ) -> Result<SecretBytes, CannotDerive> {
        let mut key = SecretBytes::zero(length);
        let out = key.expose_mut();
        match self {
            Self::None => return Ok(SecretBytes::new(secret.to_vec())),
            Self::Sha256 => return Ok(SecretBytes::new(Sha256::digest(secret).to_vec())),
            Self::Hkdf(hash) => hkdf(hash, secret, salt, info, out)?,
            Self::Pbkdf2 { hash, iterations } => pbkdf2(hash, secret, salt, iterations, out),
            Self::Scrypt { log_n, r, p } => {
                let params = scrypt::Params::new(log_n, r, p).map_err(|_| CannotDerive)?;
                scrypt::scrypt(secret, salt, &params, out).map_err(|_| CannotDerive)?;
            }
            Self::Argon2id { memory_kib, passes, lanes } => {
                let params = argon2::Params::new(memory_kib, passes, lanes, Some(length))
                    .map_err(|_| CannotDerive)?;
                Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
                    .hash_password_into(secret, salt, out)
                    .map_err(|_| CannotDerive)?;
            }
            Self::EvpMd5 => evp_md5(secret, salt, out),
        }
        Ok(key)
    }
}

fn hkdf(
    hash: Hash,
    secret: &[u8],
    salt: &[u8],
    info: &[u8],
    out: &mut [u8],
) -> Result<(), CannotDerive> {
    match hash {
        Hash::Sha1 => Hkdf::<Sha1>::new(Some(salt), secret).expand(info, out),
        Hash::Sha256 => Hkdf::<Sha256>::new(Some(salt), secret).expand(info, out),
        Hash::Sha384 => Hkdf::<Sha384>::new(Some(salt), secret).expand(info, out),
        Hash::Sha512 => Hkdf::<Sha512>::new(Some(salt), secret).expand(info, out),
    }
    .map_err(|_| CannotDerive)
}

fn pbkdf2(hash: Hash, secret: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) {
    match hash {
        Hash::Sha1 => pbkdf2::pbkdf2_hmac::<Sha1>(secret, salt, iterations, out),
        Hash::Sha256 => pbkdf2::pbkdf2_hmac::<Sha256>(secret, salt, iterations, out),
        Hash::Sha384 => pbkdf2::pbkdf2_hmac::<Sha384>(secret, salt, iterations, out),
        Hash::Sha512 => pbkdf2::pbkdf2_hmac::<Sha512>(secret, salt, iterations, out),
    }
}

/// D1 = MD5(secret ‖ salt), Dn = MD5(Dn-1 ‖ secret ‖ salt), one after the other.
fn evp_md5(secret: &[u8], salt: &[u8], out: &mut [u8]) {
    let mut block = [0; 16];
    for (place, chunk) in out.chunks_mut(block.len()).enumerate() {
        let mut digest = Md5::new();
        if place > 0 {
            digest.update(block);
        }
        digest.update(secret);
        digest.update(salt);
        block = digest.finalize().into();
        chunk.copy_from_slice(&block[..chunk.len()]);
    }
    block.zeroize();
}

/// A key derivation function refuses its costs, or cannot give so many bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CannotDerive;

impl fmt::Display for CannotDerive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the key derivation refuses its settings")
    }
}

impl std::error::Error for CannotDerive {}

#[cfg(test)]
mod tests {
    use data_encoding::HEXLOWER;

    use super::*;

    /// A derivation, its secret, salt and info, and what comes out.
    type Known = (Derivation, &'static [u8], &'static [u8], &'static [u8], &'static str);

    /// RFC 5869 (A.3), RFC 6070 and RFC 7914 (sections 11 and 12); Argon2id by argon2-cffi, the last by
    /// `openssl enc -aes-256-cbc -md md5 -P`.
    const KNOWN: [Known; 7] = [
        (
            Derivation::Argon2id { memory_kib: 4096, passes: 3, lanes: 1 },
            "Grüße, 4111-1111-1111-1111".as_bytes(),
            &[
                0x13, 0x5e, 0xf8, 0xbf, 0xc3, 0xc9, 0x9a, 0x0d, 0xa2, 0x5b, 0x3a, 0x8f, 0xc1, 0x45,
                0x9d, 0x80, 0x6d, 0x28, 0xa6, 0xa0, 0xdb, 0x6e, 0x6d, 0x73, 0x4f, 0x84, 0xe7, 0x37,
                0xfa, 0xa5, 0x47, 0xcf,
            ],
            b"",
            "53ae52d945526ca37e18ca8efaf7eb421c4ad41b370e05a731a8bb9545ff08fe",
        ),
        (
            Derivation::EvpMd5,
            b"secret",
            b"saltsalt",
            b"",
            "5407d0ea70a46b0f68deefb1ef4eb09d13093292d2ae34cd7b877ada904151a15327575205fd50126cc42b6ecde1f019",
        ),
        (
            Derivation::Hkdf(Hash::Sha256),
            &[0x0b; 22],
            b"",
            b"",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d",
        ),
        (
            Derivation::Pbkdf2 { hash: Hash::Sha1, iterations: 4096 },
            b"password",
            b"salt",
            b"",
            "4b007901b765489abead49d926f721d065a429c1",
        ),
        (
            Derivation::Pbkdf2 { hash: Hash::Sha256, iterations: 1 },
            b"passwd",
            b"salt",
            b"",
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc",
        ),
        (
            Derivation::Scrypt { log_n: 10, r: 8, p: 16 },
            b"password",
            b"NaCl",
            b"",
            "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162",
        ),
        (
            Derivation::Sha256,
            b"abc",
            b"",
            b"",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        ),
    ];

    #[test]
    fn known_answers() {
        for (derivation, secret, salt, info, expected) in KNOWN {
            let key = derivation.derive(secret, salt, info, expected.len() / 2).unwrap();
            assert_eq!(HEXLOWER.encode(key.expose()), expected, "{derivation:?}");
        }
    }

    #[test]
    fn costs_that_are_none_are_refused() {
        let none = Derivation::Argon2id { memory_kib: 1, passes: 1, lanes: 1 };
        assert_eq!(none.derive(b"secret", b"saltsalt", b"", 32), Err(CannotDerive));
        assert!(Derivation::Hkdf(Hash::Sha256).derive(b"secret", b"", b"", 9000).is_err());
    }
}
