//! New data keys, each for so many rows that bind their wrapped keys to the same.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::sync::Arc;

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::known::{DataKey, Generations};
use super::{Bindings, Envelope};
use crate::crypto::KeyBytes;
use crate::db::retry::Patience;
use crate::error::{Error, Result};
use crate::keys::ColumnKeys;
use crate::kms::{Binding, Item, ItemOutcome, NewDataKey};
use crate::layout::{DataKeyText, Rotate};

/// A new data key, and how it is stored.
pub struct FreshKey {
    pub(super) wrapped: Vec<u8>,
    pub(super) version: Option<String>,
    pub(super) key: Arc<ColumnKeys>,
    /// What the rows that share it bind it to.
    pub(super) binding: Binding,
}

/// A data key, and for how many rows it is still good.
type Left = (Arc<FreshKey>, usize);

/// The newest data keys, by what they are bound to.
pub(super) type Fresh = Generations<Binding, Left>;

/// Data keys for the new values of one page, one a value.
#[derive(Debug, Default)]
pub struct FreshKeys(Vec<Arc<FreshKey>>);

impl FreshKeys {
    /// The data key of new value number `n`.
    pub fn of(&self, n: usize) -> Option<&FreshKey> {
        self.0.get(n).map(|key| &**key)
    }
}

impl Envelope {
    /// Data keys for new values whose rows bind them so.
    ///
    /// # Errors
    /// As with [`Envelope::ask`].
    pub async fn fresh_keys(&self, values: &[Bindings]) -> Result<FreshKeys> {
        let Rotate::Reseal { rows } = self.form.rotate else { return Ok(FreshKeys::default()) };
        let mut turn = self.turn.lock().await;
        let rows = usize::try_from(rows).unwrap_or(usize::MAX).max(1);
        let mut shares: HashMap<&Binding, VecDeque<Left>> = HashMap::new();
        let mut to_make = Vec::new();
        for (binding, count) in counted(values) {
            // of an older version, if the KMS key was rotated since it was made
            let left = turn.take(binding).filter(|(key, _)| self.takes(key.version.as_deref()));
            let left: VecDeque<Left> = left.into_iter().collect();
            let room: usize = left.iter().map(|(_, rows)| rows).sum();
            let missing = count.saturating_sub(room).div_ceil(rows);
            to_make.extend(std::iter::repeat_n(binding.clone(), missing));
            shares.insert(binding, left);
        }
        for made in self.make(to_make).await? {
            if let Some(left) = shares.get_mut(&made.binding) {
                left.push_back((Arc::new(made), rows));
            }
        }
        let keys = values.iter().map(|bindings| {
            let key = share(shares.get_mut(bindings.target())?)?;
            self.keep_fresh(&key, bindings);
            Some(key)
        });
        let keys: Option<Vec<Arc<FreshKey>>> = keys.collect();
        for (binding, left) in shares {
            left.into_iter().for_each(|left| turn.insert(binding.clone(), left));
        }
        Ok(FreshKeys(keys.ok_or_else(|| Error::bug("a data key that was made is missing"))?))
    }

    /// Makes data keys, and has them unwrapped again.
    async fn make(&self, bindings: Vec<Binding>) -> Result<Vec<FreshKey>> {
        let mut patience = Patience::new(self.retry_for);
        let (mut fresh, mut left) = (Vec::with_capacity(bindings.len()), bindings);
        while !left.is_empty() {
            left = self.attempt_to_make(left, &mut fresh).await?;
            if !left.is_empty() {
                sleep(patience.next_pause(self.late())?).await;
            }
        }
        Ok(fresh)
    }

    /// Answers those that came under an older version.
    async fn attempt_to_make(
        &self,
        bindings: Vec<Binding>,
        fresh: &mut Vec<FreshKey>,
    ) -> Result<Vec<Binding>> {
        let made = self.wrapped_keys(&bindings).await?;
        let items: Vec<Item<'_>> = bindings
            .iter()
            .zip(made.iter().map(|made| &made.wrapped))
            .map(|(binding, wrapped)| Item {
                bytes: &wrapped.ciphertext,
                binding,
                version: wrapped.version.as_deref(),
            })
            .collect();
        let opened = self.wraps().open_all(&items).await?;
        let versions = made.iter().zip(&opened).map(|(made, opened)| match opened {
            ItemOutcome::Done(opened) => {
                made.wrapped.version.as_deref().or(opened.version.as_deref())
            }
            ItemOutcome::Refused(_) => None,
        });
        self.hear_of(versions).await?;
        let mut late = Vec::new();
        for ((binding, made), opened) in bindings.into_iter().zip(made).zip(opened) {
            let opened = opened.done().filter(|opened| *opened.plaintext == *made.plaintext);
            let opened = opened.ok_or_else(|| self.not_the_same())?;
            let version = made.wrapped.version.or(opened.version);
            if !self.takes(version.as_deref()) {
                late.push(binding);
                continue;
            }
            let key = self.data_key(&made.plaintext).ok_or_else(|| {
                let what = format!("a data key of 32 bytes is no key of {}", self.cipher.name());
                Error::usage(what)
            })?;
            fresh.push(FreshKey { wrapped: made.wrapped.ciphertext, version, key, binding });
        }
        Ok(late)
    }

    /// What is stored under it will be known when it is met again.
    fn keep_fresh(&self, fresh: &FreshKey, bindings: &Bindings) {
        let version = fresh.version.clone();
        let place = self.place(fresh.wrapped.clone(), bindings, version.as_deref());
        if self.find(&place).is_none() {
            let key = DataKey::Open(Arc::clone(&fresh.key));
            self.keep(place, self.known_as_newest(version, key));
        }
    }

    /// As the service makes them, or in the form that the application wants.
    async fn wrapped_keys(&self, bindings: &[Binding]) -> Result<Vec<NewDataKey>> {
        if self.form.form == DataKeyText::Raw {
            return self.wraps().new_data_keys(bindings).await;
        }
        let mut texts: Vec<Zeroizing<Vec<u8>>> = Vec::with_capacity(bindings.len());
        for _ in bindings {
            let key = KeyBytes::generate()
                .map_err(|error| Error::outside(format!("cannot make a key: {error}")))?;
            texts.push(self.form.form.text(key.expose()));
        }
        let item = |(bytes, binding)| Item { bytes, binding, version: None };
        let plain = texts.iter().map(|text| text.as_slice()).zip(bindings);
        let items: Vec<Item<'_>> = plain.map(item).collect();
        let sealed = self.wraps().seal_all(&items).await?;
        let made = texts.into_iter().zip(sealed).map(|(plaintext, sealed)| match sealed {
            ItemOutcome::Done(wrapped) => Ok(NewDataKey { wrapped, plaintext }),
            ItemOutcome::Refused(_) => Err(self.not_taken()),
        });
        made.collect()
    }
}

/// How many values are bound alike.
fn counted(values: &[Bindings]) -> BTreeMap<&Binding, usize> {
    let mut counted = BTreeMap::new();
    values.iter().for_each(|bindings| *counted.entry(bindings.target()).or_default() += 1);
    counted
}

/// One more row for the first data key that has room.
fn share(left: &mut VecDeque<Left>) -> Option<Arc<FreshKey>> {
    let (key, rows) = left.front_mut()?;
    let key = Arc::clone(key);
    *rows -= 1;
    if *rows == 0 {
        left.pop_front();
    }
    Some(key)
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

    fn key(name: u8) -> FreshKey {
        let key = Key::of(Cipher::Aes256Gcm, &[name; 32], KeyId::NONE).unwrap();
        let key = Arc::new(ColumnKeys::of_data_key(key));
        FreshKey { wrapped: vec![name], version: None, key, binding: Binding::None }
    }

    #[test]
    fn rows_share_data_keys() {
        let keys = [(0, 2), (1, 3), (2, 3)];
        let mut left: VecDeque<Left> =
            keys.into_iter().map(|(name, rows)| (Arc::new(key(name)), rows)).collect();
        let names: Vec<u8> = (0..8).filter_map(|_| Some(share(&mut left)?.wrapped[0])).collect();
        assert_eq!(names, [0, 0, 1, 1, 1, 2, 2, 2]);
        assert!(share(&mut left).is_none());
    }
}
