//! The application's own cryptography: seals with its current key, reads with all the keys it has.

use crate::crypto::{Key, KeyBytes, NonceSource, Plaintext};
use crate::error::{Error, Result};
use crate::layout::{DecodeBuffer, Layout, Sealed};

/// One key as the demo hands it around: ready to use, and as the environment wants it.
pub struct DemoKey {
    hex: String,
}

impl DemoKey {
    pub fn generate() -> Result<Self> {
        let bytes = KeyBytes::generate().map_err(no_randomness)?;
        Ok(Self { hex: bytes.to_hex().to_string() })
    }

    /// The key that a command printed; `None` when it is none.
    pub fn from_printed(text: &str) -> Option<Self> {
        let bytes = KeyBytes::from_hex(text.as_bytes()).ok()?;
        Some(Self { hex: bytes.to_hex().to_string() })
    }

    /// As `ENCRYPTION_KEY` wants it.
    pub fn hex(&self) -> &str {
        &self.hex
    }

    /// Its public fingerprint.
    pub fn id(&self) -> String {
        self.ready().id().to_string()
    }

    fn ready(&self) -> Key {
        Key::new(KeyBytes::from_hex(self.hex.as_bytes()).expect("what to_hex wrote"))
    }
}

/// What an application holds: one key to write with, perhaps another that it still reads with.
pub struct ApplicationKeys {
    current: Key,
    previous: Option<Key>,
    nonces: NonceSource,
    plaintext: Plaintext,
    ciphertext: Vec<u8>,
    decoded: DecodeBuffer,
}

impl ApplicationKeys {
    pub fn new(current: &DemoKey, previous: Option<&DemoKey>) -> Self {
        Self {
            current: current.ready(),
            previous: previous.map(DemoKey::ready),
            nonces: NonceSource::new(),
            plaintext: Plaintext::new(),
            ciphertext: Vec::new(),
            decoded: DecodeBuffer::default(),
        }
    }

    /// From now on only what the current key opens is readable.
    pub fn forget_previous(&mut self) {
        self.previous = None;
    }

    pub fn seal(&mut self, layout: &Layout, plaintext: &[u8]) -> Result<Vec<u8>> {
        let nonce = self.nonces.next(layout.nonce_length()).map_err(no_randomness)?;
        self.plaintext.set(plaintext);
        let tag = self.current.seal(&nonce, b"", &self.plaintext, &mut self.ciphertext);
        let mut stored = Vec::new();
        let (nonce, ciphertext) = (nonce.as_bytes(), &self.ciphertext[..]);
        let sealed = Sealed { nonce, ciphertext, tag: &tag, ..Sealed::default() };
        layout.encode(&sealed, &mut stored);
        Ok(stored)
    }

    /// `None` when no key of ours opens it.
    pub fn open(&mut self, layout: &Layout, stored: &[u8]) -> Option<&[u8]> {
        let parts = layout.decode(stored, &mut self.decoded).ok()?.parts;
        let keys = [Some(&self.current), self.previous.as_ref()];
        let opened = keys
            .into_iter()
            .flatten()
            .any(|key| key.open(&parts, b"", &mut self.plaintext).is_ok());
        opened.then(|| self.plaintext.expose())
    }
}

fn no_randomness(error: impl std::fmt::Display) -> Error {
    Error::outside(error.to_string())
}
