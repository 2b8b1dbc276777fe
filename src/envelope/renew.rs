//! Wraps data keys again under the version that is wanted: by the service itself where it does that, else by
//! unwrapping and wrapping. What comes back is unwrapped once more before anybody relies on it.

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::Envelope;
use super::ask::{Asked, BINDING, Learnt, item};
use super::known::{KnownKey, Renewed, Standing};
use crate::db::retry::Patience;
use crate::error::{Error, Result};
use crate::kms::{Item, ItemOutcome, Rewrap, SealedItem};

/// A wrapped key that was wrapped again.
struct Wrapped {
    asked: Asked,
    /// What is known of it as it stands.
    known: KnownKey,
    sealed: SealedItem,
    /// The data key, where it was shown.
    shown: Option<Zeroizing<Vec<u8>>>,
}

/// What came of one attempt.
#[derive(Default)]
struct Attempt {
    learnt: Vec<(Vec<u8>, KnownKey)>,
    wrapped: Vec<Wrapped>,
}

impl Envelope {
    /// Has every wrapped key wrapped again, unless it turns out to be as it should be.
    ///
    /// # Errors
    /// Those of the services; and when one goes on to wrap under an older version for longer than trouble
    /// outside is borne.
    pub(super) async fn renew(&self, asked: Vec<Asked>) -> Result<Vec<(Vec<u8>, KnownKey)>> {
        let mut patience = Patience::new(self.retry_for);
        let (mut learnt, mut left) = (Vec::with_capacity(asked.len()), asked);
        while !left.is_empty() {
            let attempt = self.attempt(left).await?;
            learnt.extend(attempt.learnt);
            let (renewed, late) = self.look_at(attempt.wrapped).await?;
            learnt.extend(renewed);
            left = late;
            if !left.is_empty() {
                sleep(patience.next_pause(self.late())?).await;
            }
        }
        Ok(learnt)
    }

    async fn attempt(&self, asked: Vec<Asked>) -> Result<Attempt> {
        let (mut attempt, mut left) = (Attempt::default(), asked);
        for place in self.former_first() {
            if left.is_empty() {
                break;
            }
            let rewraps = self.keys[place].rewraps_to(&self.keys[0], [&BINDING, &BINDING]);
            left = match rewraps {
                true => self.rewrap(place, left, &mut attempt).await?,
                false => self.show_and_wrap(place, left, &mut attempt).await?,
            };
        }
        let closed = left.into_iter().map(|asked| (asked.wrapped, KnownKey::closed()));
        attempt.learnt.extend(closed);
        Ok(attempt)
    }

    /// The places of the KMS keys, that which wraps last: most of what is renewed in a move is under the others.
    pub(super) fn former_first(&self) -> impl Iterator<Item = usize> {
        (1..self.keys.len()).chain([0])
    }

    /// Without a data key being shown. Answers those that this KMS key had not wrapped.
    async fn rewrap(
        &self,
        place: usize,
        asked: Vec<Asked>,
        attempt: &mut Attempt,
    ) -> Result<Vec<Asked>> {
        let rewrap = |asked| Rewrap { item: item(asked), binding: &BINDING };
        let items: Vec<Rewrap<'_>> = asked.iter().map(rewrap).collect();
        let outcomes = self.keys[place].rewrap_all(&items, &self.keys[0]).await?;
        let mut left = Vec::new();
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            let ItemOutcome::Done(done) = outcome else {
                left.push(asked);
                continue;
            };
            let former = done.former_version;
            let known = KnownKey { by: Some(place), version: former, ..KnownKey::closed() };
            if self.standing(&known) == Standing::Current {
                attempt.learnt.push((asked.wrapped, known)); // what it was wrapped into is dropped
            } else {
                let wrapped = Wrapped { asked, known, sealed: done.sealed, shown: None };
                attempt.wrapped.push(wrapped);
            }
        }
        Ok(left)
    }

    async fn show_and_wrap(
        &self,
        place: usize,
        asked: Vec<Asked>,
        attempt: &mut Attempt,
    ) -> Result<Vec<Asked>> {
        let noted: std::collections::HashMap<Vec<u8>, Option<String>> =
            asked.iter().map(|asked| (asked.wrapped.clone(), asked.noted.clone())).collect();
        let (opened, left) = self.open_with(place, asked).await?;
        let mut shown = Vec::new();
        for (wrapped, Learnt { known, opened }) in opened {
            match opened.filter(|_| self.standing(&known) != Standing::Current) {
                Some(opened) => shown.push((wrapped, known, opened.plaintext)),
                None => attempt.learnt.push((wrapped, known)),
            }
        }
        let plain = |bytes| Item { bytes, binding: &BINDING, version: None };
        let items: Vec<Item<'_>> = shown.iter().map(|(_, _, shown)| plain(shown)).collect();
        let outcomes = self.keys[0].seal_all(&items).await?;
        for ((wrapped, known, shown), outcome) in shown.into_iter().zip(outcomes) {
            let sealed = outcome.done().ok_or_else(|| self.not_taken())?;
            let noted = noted.get(&wrapped).cloned().flatten();
            let asked = Asked { wrapped, noted };
            attempt.wrapped.push(Wrapped { asked, known, sealed, shown: Some(shown) });
        }
        Ok(left)
    }

    /// Unwraps what was wrapped again. Answers what may be relied on, and what came under an older version.
    async fn look_at(
        &self,
        wrapped: Vec<Wrapped>,
    ) -> Result<(Vec<(Vec<u8>, KnownKey)>, Vec<Asked>)> {
        let items: Vec<Item<'_>> = wrapped
            .iter()
            .map(|Wrapped { sealed, .. }| Item {
                bytes: &sealed.ciphertext,
                binding: &BINDING,
                version: sealed.version.as_deref(),
            })
            .collect();
        let outcomes = self.keys[0].open_all(&items).await?;
        let (mut learnt, mut late) = (Vec::new(), Vec::new());
        for (wrapped, outcome) in wrapped.into_iter().zip(outcomes) {
            let Wrapped { asked, known, sealed, shown } = wrapped;
            let opened = outcome.done().ok_or_else(|| self.not_the_same())?;
            if shown.is_some_and(|shown| *shown != *opened.plaintext) {
                return Err(self.not_the_same());
            }
            let version = sealed.version.or(opened.version);
            if !self.takes(version.as_deref()).await? {
                late.push(asked);
                continue;
            }
            let key = self.data_key(&opened.plaintext);
            let fresh = KnownKey {
                by: Some(0),
                version: version.clone(),
                is_newest: true,
                key: key.clone(),
                renewed: None,
            };
            self.keep(sealed.ciphertext.clone(), fresh);
            let renewed = Renewed { wrapped: sealed.ciphertext, version, key };
            learnt.push((asked.wrapped, KnownKey { renewed: Some(renewed), ..known }));
        }
        Ok((learnt, late))
    }

    /// Whether this is the version that is wanted; the KMS key may have been rotated since that was asked.
    pub(super) async fn takes(&self, version: Option<&str>) -> Result<bool> {
        if version.is_none() || self.is_wanted(version) {
            return Ok(true);
        }
        let newest = self.keys[0].newest_version().await?;
        if newest.is_some() && newest != self.wanted() {
            self.want(newest);
        }
        Ok(self.is_wanted(version))
    }

    pub(super) fn late(&self) -> Error {
        let (service, unknown) = (self.form.kms.service(), "an unknown version".to_owned());
        let wanted = self.wanted().unwrap_or(unknown);
        Error::outside(format!("{service} still wraps under an older version than {wanted}"))
            .at(self.form.kms.to_string())
            .hint("a new primary version takes minutes, at worst hours, to be used everywhere: run again later")
    }

    fn not_taken(&self) -> Error {
        let what = format!("{} does not take this data key", self.form.kms.service());
        Error::usage(what).at(self.form.kms.to_string()).hint("RSA keys wrap short data keys only")
    }

    pub(super) fn not_the_same(&self) -> Error {
        let what = format!("{} unwraps another key than it has wrapped", self.form.kms.service());
        Error::outside(what).at(self.form.kms.to_string())
    }
}
