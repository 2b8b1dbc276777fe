//! Seals a plaintext in the layout that is written, and reads it back.

use std::time::SystemTime;

use super::opening::{self, Opened};
use super::{Reason, Resealing, Scratch, ValueWork};
use crate::crypto::{Key, NoRandomness};
use crate::error::{Error, Result};
use crate::keys::{Candidate, Owner, PreparedKey};
use crate::layout::{RowTexts, Sealed};

impl ValueWork<'_> {
    /// Seals the plaintext with a fresh nonce, and gives the value out only when it reads back.
    pub(super) fn seal(&self, row: &RowTexts<'_>, scratch: &mut Scratch) -> Result<Resealing> {
        let layout = self.layout.write();
        let current = self
            .keys
            .of(0)
            .current()
            .ok_or_else(|| Error::bug("a column without its current key").at(layout.name()))?;
        let Scratch { open, plaintext, ciphertext, frame, bound, salt, nonces, .. } = &mut *scratch;
        let label = current.stored_label.as_deref().unwrap_or_default();
        layout.frame(open.old_frame(), label, seconds_since_1970, frame);
        layout.bind(frame, bound);
        if let Some(template) = layout.aad().filter(|_| !layout.has_data_key())
            && template.render(row, current.label.as_deref(), bound).is_err()
        {
            return Ok(Resealing::Failed(Reason::AadMissing));
        }
        let nonce = nonces.next(layout.nonce_length()).map_err(no_randomness)?;
        salt.resize(layout.salt_bytes(), 0);
        nonces.fill_salt(salt).map_err(no_randomness)?;
        let seal = |key: &Key| key.seal(&nonce, bound, plaintext, ciphertext);
        let tag = with_key(current, salt, seal)?;
        let sealed = Sealed {
            nonce: nonce.as_bytes(),
            ciphertext,
            tag: &tag,
            salt,
            label,
            frame,
            wrapped_key: self.wrapping.key,
            key_version: self.wrapping.version.map(str::as_bytes),
        };
        let mut stored = Vec::new();
        layout.encode(&sealed, &mut stored);
        if self.reads_back(&stored, row, scratch) {
            Ok(Resealing::Resealed(stored))
        } else {
            Err(Error::bug("a resealed value does not read back").at(layout.template()))
        }
    }

    /// Whether the current key opens the encoded value to the plaintext that was sealed.
    pub(super) fn reads_back(
        &self,
        stored: &[u8],
        row: &RowTexts<'_>,
        scratch: &mut Scratch,
    ) -> bool {
        let Scratch { open, plaintext, reopened, .. } = scratch;
        let (layout, keys) = (self.layout.write(), self.keys.of(0));
        let opened = opening::open(layout, keys, stored, row, open, reopened);
        let same = opened == Opened::By(Owner::Current) && *reopened == *plaintext;
        reopened.clear();
        same
    }
}

/// Uses the key of a value with this salt.
fn with_key<T>(candidate: &Candidate, salt: &[u8], work: impl FnOnce(&Key) -> T) -> Result<T> {
    match &candidate.key {
        PreparedKey::Ready(key) => Ok(work(key)),
        PreparedKey::Salted(salted) => match salted.derive(salt) {
            Some((key, _)) => Ok(work(&key)),
            None => Err(Error::usage("the key derivation refuses its settings")),
        },
    }
}

fn no_randomness(error: NoRandomness) -> Error {
    Error::outside(error.to_string())
}

fn seconds_since_1970() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
