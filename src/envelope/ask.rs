//! Asks the services about wrapped keys, each distinct one once, until what is to be known of them is known.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::known::{DataKey, KnownKey, Renewed, Standing};
use super::{Asked, Envelope, KeyInPlace, PlacedKey};
use crate::crypto::{Key, KeyId};
use crate::error::Result;
use crate::keys::ColumnKeys;
use crate::kms::{Item, ItemOutcome, OpenedItem};
use crate::sealed::Told;
use crate::value::Intent;

/// What is known of the wrapped keys of one page.
#[derive(Debug, Default)]
pub struct KnownKeys(HashMap<KeyInPlace, Arc<KnownKey>>);

impl KnownKeys {
    pub(super) fn get(&self, key: &KeyInPlace) -> Option<&Arc<KnownKey>> {
        self.0.get(key)
    }
}

impl Envelope {
    /// Learns what is to be known of these wrapped keys.
    ///
    /// # Errors
    /// What stands against all of a service's answers: it is not there, denies a permission, or goes on to wrap
    /// under an older version. A wrapped key that is bad by itself is known as such.
    pub async fn ask(&self, asked: Vec<Asked>, intent: Intent) -> Result<KnownKeys> {
        // one after the other: what one worker asks the next one finds known
        let _turn = self.turn.lock().await;
        let mut known = HashMap::with_capacity(asked.len());
        let (mut to_open, mut to_renew) = (Vec::new(), Vec::new());
        for asked in asked {
            match self.find(&asked.key) {
                Some(found) if self.suffices(&found, intent) => {
                    known.insert(asked.key, found);
                }
                found if self.is_to_be_renewed(&asked, found.as_deref(), intent) => {
                    to_renew.push(asked);
                }
                _ => to_open.push(asked),
            }
        }
        for (asked, learnt) in self.open(to_open, self.keys.iter()).await? {
            let learnt = self.keep(asked.key.clone(), learnt.known);
            if self.is_found_stale(&learnt, intent) {
                to_renew.push(asked);
            } else {
                known.insert(asked.key, learnt);
            }
        }
        for (key, learnt) in self.renew(to_renew).await? {
            known.insert(key.clone(), self.keep(key, learnt));
        }
        Ok(KnownKeys(known))
    }

    /// Unwraps a few wrapped keys, whatever is known of them.
    ///
    /// # Errors
    /// As with [`Envelope::ask`].
    pub async fn ask_of_sample(&self, asked: Vec<Asked>) -> Result<KnownKeys> {
        let _turn = self.turn.lock().await;
        let mut known = HashMap::with_capacity(asked.len());
        for (asked, learnt) in self.open(asked, self.former_first()).await? {
            known.insert(asked.key.clone(), self.keep(asked.key, learnt.known));
        }
        Ok(KnownKeys(known))
    }

    /// What is known of a wrapped key so far.
    pub(super) fn find(&self, key: &KeyInPlace) -> Option<Arc<KnownKey>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    pub(super) fn keep(&self, key: KeyInPlace, known: KnownKey) -> Arc<KnownKey> {
        let known = Arc::new(known);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(key, Arc::clone(&known));
        known
    }

    /// Whether what is known is enough for what is to become of the values.
    pub(super) fn suffices(&self, known: &KnownKey, intent: Intent) -> bool {
        match self.standing(known) {
            Standing::Closed => true,
            Standing::Current => known.key.is_unwrapped() || !self.opens(intent),
            Standing::Stale if !intent.reseals() => true,
            Standing::Stale if self.rewraps() => {
                self.renewed(known).is_some() || known.key.is_none()
            }
            Standing::Stale => known.key.is_unwrapped(),
        }
    }

    /// What it was wrapped into, unless the KMS key was rotated again since.
    pub(super) fn renewed<'k>(&self, known: &'k KnownKey) -> Option<&'k Renewed> {
        let is_wanted =
            |version: &Option<String>| version.is_none() || self.is_wanted(version.as_deref());
        known.renewed.as_ref().filter(|renewed| is_wanted(&renewed.version))
    }

    /// Whether values are opened that seem to be done.
    pub(super) fn opens(&self, intent: Intent) -> bool {
        self.verify_open && intent.proves()
    }

    /// What is noted is believed, unless more is known. Whoever opens values looks first.
    fn is_to_be_renewed(&self, asked: &Asked, known: Option<&KnownKey>, intent: Intent) -> bool {
        if self.opens(intent) {
            return false;
        }
        let is_stale = known.is_some_and(|known| self.standing(known) == Standing::Stale);
        intent.reseals() && self.rewraps() && (is_stale || self.told_of(asked) != Told::Done)
    }

    /// Whether what was opened because of a note is older than that says.
    fn is_found_stale(&self, known: &KnownKey, intent: Intent) -> bool {
        intent.reseals() && !self.suffices(known, intent)
    }

    pub(super) fn told_of(&self, asked: &Asked) -> Told {
        self.told(&asked.key.wrapped, asked.noted.as_deref())
    }
}

/// What came of unwrapping.
pub(super) struct Learnt {
    pub known: KnownKey,
    pub opened: Option<OpenedItem>,
}

/// Each with what came of it.
pub(super) type Opened = Vec<(Asked, Learnt)>;

impl Envelope {
    /// Unwraps, with one KMS key after the other.
    async fn open<'k>(
        &self,
        asked: Vec<Asked>,
        keys: impl Iterator<Item = &'k PlacedKey>,
    ) -> Result<Opened> {
        let (mut learnt, mut left) = (Vec::with_capacity(asked.len()), asked);
        for key in keys {
            let (opened, others) = self.open_with(key, left).await?;
            learnt.extend(opened);
            left = others;
        }
        let closed = |asked| (asked, Learnt { known: KnownKey::closed(), opened: None });
        learnt.extend(left.into_iter().map(closed));
        Ok(learnt)
    }

    /// … with one of them; those that it had not wrapped are given back.
    pub(super) async fn open_with(
        &self,
        key: &PlacedKey,
        asked: Vec<Asked>,
    ) -> Result<(Opened, Vec<Asked>)> {
        let (mut learnt, mut left) = (Vec::new(), Vec::new());
        let items: Vec<Option<Item<'_>>> =
            asked.iter().map(|asked| item(asked, key.place)).collect();
        let outcomes = key.open(items).await?;
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            match outcome {
                None => left.push(asked),
                Some(opened) => {
                    let known = self.known_of(key.place, &asked, &opened);
                    learnt.push((asked, Learnt { known, opened: Some(opened) }));
                }
            }
        }
        Ok((learnt, left))
    }

    fn known_of(&self, place: usize, asked: &Asked, opened: &OpenedItem) -> KnownKey {
        // Cloud KMS tells whether it is the newest, which what is noted beside it may not.
        let noted = || asked.noted.clone().filter(|_| opened.is_newest.is_none());
        KnownKey {
            by: Some(place),
            version: opened.version.clone().or_else(noted),
            newest_then: self.wanted().filter(|_| opened.is_newest == Some(true)),
            key: DataKey::of(self.data_key(&opened.plaintext)),
            renewed: None,
        }
    }

    /// The data key as the layout wants it; `None` when it is none of its cipher.
    pub(super) fn data_key(&self, unwrapped: &[u8]) -> Option<Arc<ColumnKeys>> {
        let key = self.form.form.key(unwrapped)?;
        let key = Key::of(self.cipher, &key, KeyId::NONE).ok()?;
        Some(Arc::new(ColumnKeys::of_data_key(key)))
    }
}

impl PlacedKey {
    /// Unwraps what can be bound as this key binds. `None` for what it had not wrapped.
    async fn open(&self, items: Vec<Option<Item<'_>>>) -> Result<Vec<Option<OpenedItem>>> {
        let bound: Vec<Item<'_>> = items.iter().flatten().copied().collect();
        if bound.is_empty() {
            return Ok(items.iter().map(|_| None).collect());
        }
        let mut outcomes = self.key.open_all(&bound).await?.into_iter().map(ItemOutcome::done);
        Ok(items.iter().map(|item| item.and_then(|_| outcomes.next().flatten())).collect())
    }
}

/// A wrapped key as the KMS key at this place may have wrapped it.
pub(super) fn item(asked: &Asked, place: usize) -> Option<Item<'_>> {
    let KeyInPlace { wrapped, bindings, .. } = &asked.key;
    let binding = bindings.at(place)?;
    Some(Item { bytes: wrapped, binding, version: asked.noted.as_deref() })
}
