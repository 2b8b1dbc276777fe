//! Sealing and opening, written a second time directly on AES-GCM, so that the tests do not take
//! the word of the code they test. Knows the presets' shapes by heart, not the template language.

use aes_gcm::AesGcm;
use aes_gcm::aead::array::ArraySize;
use aes_gcm::aead::consts::{U12, U16};
use aes_gcm::aead::{Aead, KeyInit, Nonce, Payload};
use aes_gcm::aes::Aes256;
use data_encoding::{BASE64, BASE64URL, HEXLOWER};
use reseal::crypto;
use reseal::layout::{Layout, Sealed};

const TAG_BYTES: usize = 16;

/// A key that everybody may see.
#[derive(Clone, PartialEq, Eq)]
pub struct TestKey([u8; 32]);

impl TestKey {
    /// A random one, for tests that search for it in what was printed.
    pub fn random() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("random bytes");
        Self(bytes)
    }

    pub fn from_hex(hex: &str) -> Self {
        let bytes = HEXLOWER.decode(hex.as_bytes()).expect("hex");
        Self(bytes.try_into().expect("32 bytes"))
    }

    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Its public fingerprint, as reports show it.
    pub fn id(&self) -> String {
        let bytes = crypto::KeyBytes::from_hex(self.hex().as_bytes()).expect("64 hex digits");
        crypto::Key::new(bytes).id().to_string()
    }

    /// As `ENCRYPTION_KEY` wants it.
    pub fn hex(&self) -> String {
        HEXLOWER.encode(&self.0)
    }
}

/// Seals under a fresh nonce, in a preset's shape.
pub fn seal(key: &TestKey, preset: &str, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    StoredParts::seal(key, nonce_bytes(preset), aad, plaintext).put_together(preset)
}

/// Opens what is stored in a preset's shape; `None` when this key does not.
pub fn open(key: &TestKey, preset: &str, aad: &[u8], stored: &[u8]) -> Option<Vec<u8>> {
    StoredParts::take_apart(preset, stored)?.open(key, aad)
}

/// What a stored value consists of, for tests that damage it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredParts {
    pub nonce: Vec<u8>,
    pub ciphertext: Vec<u8>,
    pub tag: Vec<u8>,
}

impl StoredParts {
    /// Seals under a fresh nonce of 12 or 16 bytes.
    pub fn seal(key: &TestKey, nonce_bytes: usize, aad: &[u8], plaintext: &[u8]) -> Self {
        let mut nonce = vec![0; nonce_bytes];
        getrandom::fill(&mut nonce).expect("random bytes");
        let mut ciphertext = gcm(key, &nonce, |cipher, nonce| cipher.seal(nonce, aad, plaintext))
            .expect("AES-GCM seals whatever fits in memory");
        let tag = ciphertext.split_off(plaintext.len());
        Self { nonce, ciphertext, tag }
    }

    /// The plaintext; `None` when this key does not open it.
    pub fn open(&self, key: &TestKey, aad: &[u8]) -> Option<Vec<u8>> {
        let sealed = [self.ciphertext.as_slice(), &self.tag].concat();
        gcm(key, &self.nonce, |cipher, nonce| cipher.open(nonce, aad, &sealed))
    }

    /// As a preset's writer stores them.
    pub fn put_together(&self, preset: &str) -> Vec<u8> {
        let Self { nonce, ciphertext, tag } = self;
        let joined = [nonce.as_slice(), ciphertext, tag].concat();
        match preset {
            "go" => joined,
            "go-hex" => HEXLOWER.encode(&joined).into_bytes(),
            "go-b64" => BASE64.encode(&joined).into_bytes(),
            "go-b64url" => BASE64URL.encode(&joined).into_bytes(),
            "enc-v1" => format!("enc:v1:{}", BASE64.encode(&joined)).into_bytes(),
            _ => [nonce, tag, ciphertext].map(|part| HEXLOWER.encode(part)).join(":").into(),
        }
    }

    /// Reads exactly what a preset's writer stores; `None` when it is something else.
    pub fn take_apart(preset: &str, stored: &[u8]) -> Option<Self> {
        let joined = match preset {
            "go" => stored.to_vec(),
            "go-hex" => HEXLOWER.decode(stored).ok()?,
            "go-b64" => BASE64.decode(stored).ok()?,
            "go-b64url" => BASE64URL.decode(stored).ok()?,
            "enc-v1" => BASE64.decode(stored.strip_prefix(b"enc:v1:")?).ok()?,
            _ => {
                let text = std::str::from_utf8(stored).ok()?;
                let [nonce, tag, ciphertext] = text
                    .split(':')
                    .map(|part| HEXLOWER.decode(part.as_bytes()).ok())
                    .collect::<Option<Vec<_>>>()?
                    .try_into()
                    .ok()?;
                let is_whole = nonce.len() == nonce_bytes(preset) && tag.len() == TAG_BYTES;
                return is_whole.then_some(Self { nonce, ciphertext, tag });
            }
        };
        let (nonce, sealed) = joined.split_at_checked(nonce_bytes(preset))?;
        let (ciphertext, tag) = sealed.split_at_checked(sealed.len().checked_sub(TAG_BYTES)?)?;
        Some(Self { nonce: nonce.to_vec(), ciphertext: ciphertext.to_vec(), tag: tag.to_vec() })
    }
}

/// Seals with the crate's own code, in any template's shape.
pub fn seal_with_crate(key: &TestKey, template: &str, aad: &[u8], plaintext: &[u8]) -> Vec<u8> {
    let layout = Layout::named(template).expect("a template");
    let key = crypto::Key::new(crypto::KeyBytes::from_hex(key.hex().as_bytes()).expect("a key"));
    let nonce = crypto::NonceSource::new().next(layout.nonce_length()).expect("random bytes");
    let (mut buffer, mut ciphertext, mut stored) = (crypto::Plaintext::new(), vec![], vec![]);
    buffer.set(plaintext);
    let tag = key.seal(&nonce, aad, &buffer, &mut ciphertext);
    let (nonce, ciphertext) = (nonce.as_bytes(), &ciphertext[..]);
    layout.encode(&Sealed { nonce, ciphertext, tag: &tag, ..Sealed::default() }, &mut stored);
    stored
}

fn nonce_bytes(preset: &str) -> usize {
    match preset {
        "go" | "go-hex" | "go-b64" | "go-b64url" | "enc-v1" | "node-hex" => 12,
        "node-hex-iv16" => 16,
        other => panic!("the tests do not know the preset {other}"),
    }
}

fn gcm<T>(key: &TestKey, nonce: &[u8], work: impl FnOnce(&dyn Gcm, &[u8]) -> T) -> T {
    if nonce.len() == 16 {
        work(&AesGcm::<Aes256, U16>::new(key.bytes().into()), nonce)
    } else {
        work(&AesGcm::<Aes256, U12>::new(key.bytes().into()), nonce)
    }
}

trait Gcm {
    fn seal(&self, nonce: &[u8], aad: &[u8], plaintext: &[u8]) -> Option<Vec<u8>>;
    fn open(&self, nonce: &[u8], aad: &[u8], sealed: &[u8]) -> Option<Vec<u8>>;
}

impl<N: ArraySize> Gcm for AesGcm<Aes256, N> {
    fn seal(&self, nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
        self.encrypt(&Nonce::<Self>::try_from(nonce).ok()?, Payload { msg, aad }).ok()
    }

    fn open(&self, nonce: &[u8], aad: &[u8], msg: &[u8]) -> Option<Vec<u8>> {
        self.decrypt(&Nonce::<Self>::try_from(nonce).ok()?, Payload { msg, aad }).ok()
    }
}
