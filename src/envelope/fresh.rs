//! New data keys, each for so many rows.

use std::fmt;
use std::sync::Arc;

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::Envelope;
use super::ask::BINDING;
use super::known::KnownKey;
use crate::crypto::KeyBytes;
use crate::db::retry::Patience;
use crate::error::{Error, Result};
use crate::keys::ColumnKeys;
use crate::kms::{Item, NewDataKey};
use crate::layout::{DataKeyText, Rotate};

/// A new data key, and how it is stored.
pub struct FreshKey {
    pub(super) wrapped: Vec<u8>,
    pub(super) version: Option<String>,
    pub(super) key: Arc<ColumnKeys>,
}

/// The newest data key, and for how many rows it is still good.
#[derive(Default)]
pub(super) struct Fresh {
    current: Option<(Arc<FreshKey>, usize)>,
}

/// Data keys for the new values of one page.
#[derive(Debug, Default)]
pub struct FreshKeys {
    keys: Vec<Arc<FreshKey>>,
    /// Rows that the first one is still good for, and each other one.
    rows: (usize, usize),
}

impl FreshKeys {
    /// The data key of new value number `n`.
    pub fn of(&self, n: usize) -> Option<&FreshKey> {
        let (first, rows) = self.rows;
        let place = match n.checked_sub(first) {
            None => 0,
            Some(beyond) => 1 + beyond / rows.max(1),
        };
        self.keys.get(place).map(|key| &**key)
    }
}

impl Envelope {
    /// Data keys for so many new values.
    ///
    /// # Errors
    /// As with [`Envelope::ask`].
    pub async fn fresh_keys(&self, values: usize) -> Result<FreshKeys> {
        let Rotate::Reseal { rows } = self.form.rotate else { return Ok(FreshKeys::default()) };
        let mut turn = self.turn.lock().await;
        let rows = usize::try_from(rows).unwrap_or(usize::MAX);
        let (mut keys, mut room, mut first) = (Vec::new(), 0, rows);
        if let Some((key, left)) = turn.current.take().filter(|(_, left)| *left > 0) {
            keys.push(key);
            (room, first) = (left, left);
        }
        while room < values {
            keys.push(Arc::new(self.make().await?));
            room = room.saturating_add(rows);
        }
        turn.current = keys.last().map(|last| (Arc::clone(last), room - values));
        Ok(FreshKeys { keys, rows: (first, rows) })
    }

    /// Makes a data key, and has it unwrapped again.
    async fn make(&self) -> Result<FreshKey> {
        let mut patience = Patience::new(self.retry_for);
        loop {
            let made = self.wrapped_key().await?;
            let sealed = &made.wrapped;
            let (bytes, version) = (&sealed.ciphertext, sealed.version.as_deref());
            let opened =
                self.keys[0].open_all(&[Item { bytes, binding: &BINDING, version }]).await?;
            let opened = opened.into_iter().next().and_then(|outcome| outcome.done());
            let opened = opened.filter(|opened| *opened.plaintext == *made.plaintext);
            let opened = opened.ok_or_else(|| self.not_the_same())?;
            let version = made.wrapped.version.or(opened.version);
            if !self.takes(version.as_deref()).await? {
                sleep(patience.next_pause(self.late())?).await;
                continue;
            }
            let key = self.data_key(&made.plaintext).ok_or_else(|| {
                let what = format!("a data key of 32 bytes is no key of {}", self.cipher.name());
                Error::usage(what)
            })?;
            let wrapped = made.wrapped.ciphertext;
            let known = KnownKey {
                by: Some(0),
                version: version.clone(),
                is_newest: true,
                key: Some(Arc::clone(&key)),
                renewed: None,
            };
            self.keep(wrapped.clone(), known);
            return Ok(FreshKey { wrapped, version, key });
        }
    }

    /// As the service makes it, or in the form that the application wants.
    async fn wrapped_key(&self) -> Result<NewDataKey> {
        if self.form.form == DataKeyText::Raw {
            return self.keys[0].new_data_key(&BINDING).await;
        }
        let key = KeyBytes::generate()
            .map_err(|error| Error::outside(format!("cannot make a key: {error}")))?;
        let plaintext: Zeroizing<Vec<u8>> = self.form.form.text(key.expose());
        let items = [Item { bytes: &plaintext, binding: &BINDING, version: None }];
        let sealed = self.keys[0].seal_all(&items).await?;
        let wrapped = sealed.into_iter().next().and_then(|outcome| outcome.done());
        Ok(NewDataKey { wrapped: wrapped.ok_or_else(|| self.not_the_same())?, plaintext })
    }
}

/// Keys are nothing to look at.
impl fmt::Debug for FreshKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FreshKey").field("version", &self.version).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::{Cipher, Key, KeyId};

    #[test]
    fn rows_share_data_keys() {
        let key = |name: u8| {
            let key = Key::of(Cipher::Aes256Gcm, &[name; 32], KeyId::NONE).unwrap();
            let key = Arc::new(ColumnKeys::of_data_key(key));
            Arc::new(FreshKey { wrapped: vec![name], version: None, key })
        };
        let fresh = FreshKeys { keys: vec![key(0), key(1), key(2)], rows: (2, 3) };
        let names: Vec<u8> = (0..8).map(|n| fresh.of(n).map_or(9, |key| key.wrapped[0])).collect();
        assert_eq!(names, [0, 0, 1, 1, 1, 2, 2, 2]);
        assert!(fresh.of(8).is_none());
    }
}
