//! Asks the services about wrapped keys, each distinct one once, until what is to be known of them is known.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use super::Envelope;
use super::known::{KnownKey, Standing};
use crate::crypto::{Key, KeyId};
use crate::error::Result;
use crate::keys::ColumnKeys;
use crate::kms::{Binding, Item, ItemOutcome, OpenedItem};
use crate::sealed::Told;
use crate::value::Intent;

/// A wrapped key that is asked about, and the version that is noted beside it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Asked {
    pub wrapped: Vec<u8>,
    pub noted: Option<String>,
}

/// What is known of the wrapped keys of one page.
#[derive(Debug, Default)]
pub struct KnownKeys(HashMap<Vec<u8>, Arc<KnownKey>>);

impl KnownKeys {
    pub(super) fn get(&self, wrapped: &[u8]) -> Option<&Arc<KnownKey>> {
        self.0.get(wrapped)
    }
}

/// Every wrapped key is bound to no more than its KMS key's URI says.
pub(super) const BINDING: Binding = Binding::None;

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
        for key in asked {
            match self.find(&key.wrapped) {
                Some(found) if self.suffices(&key, &found, intent) => {
                    known.insert(key.wrapped, found);
                }
                _ if self.is_to_be_renewed(&key, intent) => to_renew.push(key),
                _ => to_open.push(key),
            }
        }
        for (wrapped, learnt) in self.open(to_open, 0..self.keys.len()).await? {
            known.insert(wrapped.clone(), self.keep(wrapped, learnt.known));
        }
        for (wrapped, learnt) in self.renew(to_renew).await? {
            known.insert(wrapped.clone(), self.keep(wrapped, learnt));
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
        for (wrapped, learnt) in self.open(asked, self.former_first()).await? {
            known.insert(wrapped.clone(), self.keep(wrapped, learnt.known));
        }
        Ok(KnownKeys(known))
    }

    /// What is known of a wrapped key so far.
    pub(super) fn find(&self, wrapped: &[u8]) -> Option<Arc<KnownKey>> {
        self.known.read().unwrap_or_else(PoisonError::into_inner).get(wrapped).cloned()
    }

    pub(super) fn keep(&self, wrapped: Vec<u8>, known: KnownKey) -> Arc<KnownKey> {
        let known = Arc::new(known);
        let mut all = self.known.write().unwrap_or_else(PoisonError::into_inner);
        all.insert(wrapped, Arc::clone(&known));
        known
    }

    /// Whether what is known is enough for what is to become of the values.
    pub(super) fn suffices(&self, asked: &Asked, known: &KnownKey, intent: Intent) -> bool {
        if self.told(&asked.wrapped, asked.noted.as_deref()) == Told::Done || self.opens(intent) {
            return known.key.is_some() || known.by.is_none();
        }
        match self.standing(known) {
            Standing::Current | Standing::Closed => true,
            Standing::Stale if !intent.reseals() => true,
            Standing::Stale if self.rewraps() => known.renewed.is_some(),
            Standing::Stale => known.key.is_some(),
        }
    }

    /// Whether values are opened that seem to be done.
    pub(super) fn opens(&self, intent: Intent) -> bool {
        self.verify_open && intent.proves()
    }

    fn is_to_be_renewed(&self, asked: &Asked, intent: Intent) -> bool {
        let told = self.told(&asked.wrapped, asked.noted.as_deref());
        intent.reseals() && self.rewraps() && told != Told::Done
    }
}

/// What came of unwrapping.
pub(super) struct Learnt {
    pub known: KnownKey,
    pub opened: Option<OpenedItem>,
}

impl Envelope {
    /// Unwraps, with one KMS key after the other.
    async fn open(
        &self,
        asked: Vec<Asked>,
        places: impl Iterator<Item = usize>,
    ) -> Result<Vec<(Vec<u8>, Learnt)>> {
        let (mut learnt, mut left) = (Vec::with_capacity(asked.len()), asked);
        for place in places {
            let (opened, others) = self.open_with(place, left).await?;
            learnt.extend(opened);
            left = others;
        }
        let closed =
            |asked: Asked| (asked.wrapped, Learnt { known: KnownKey::closed(), opened: None });
        learnt.extend(left.into_iter().map(closed));
        Ok(learnt)
    }

    /// … with one of them; those that it had not wrapped are given back.
    pub(super) async fn open_with(
        &self,
        place: usize,
        asked: Vec<Asked>,
    ) -> Result<(Vec<(Vec<u8>, Learnt)>, Vec<Asked>)> {
        let (mut learnt, mut left) = (Vec::new(), Vec::new());
        if asked.is_empty() {
            return Ok((learnt, left));
        }
        let items: Vec<Item<'_>> = asked.iter().map(item).collect();
        let outcomes = self.keys[place].open_all(&items).await?;
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            match outcome {
                ItemOutcome::Refused(_) => left.push(asked),
                ItemOutcome::Done(opened) => {
                    let known = self.known_of(place, &asked, &opened);
                    learnt.push((asked.wrapped, Learnt { known, opened: Some(opened) }));
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
            is_newest: opened.is_newest == Some(true),
            key: self.data_key(&opened.plaintext),
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

pub(super) fn item(asked: &Asked) -> Item<'_> {
    Item { bytes: &asked.wrapped, binding: &BINDING, version: asked.noted.as_deref() }
}
