//! Wraps data keys again under the version that is wanted: by the service itself where it does that, else by
//! unwrapping and wrapping. What comes back is unwrapped once more before anybody relies on it.

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::ask::{Learnt, item};
use super::known::{DataKey, KnownKey, Renewed, Standing};
use super::{Asked, Envelope, KeyInPlace, PlacedKey};
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

/// Wrapped keys with what was learnt of them.
type AllLearnt = Vec<(KeyInPlace, KnownKey)>;

/// What came of one attempt.
#[derive(Default)]
struct Attempt {
    learnt: AllLearnt,
    wrapped: Vec<Wrapped>,
}

impl Envelope {
    /// Has every wrapped key wrapped again, unless it turns out to be as it should be.
    ///
    /// # Errors
    /// Those of the services; and when one goes on to wrap under an older version for longer than trouble
    /// outside is borne.
    pub(super) async fn renew(&self, asked: Vec<Asked>) -> Result<AllLearnt> {
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
        for key in self.former_first() {
            let (bindable, others): (Vec<_>, Vec<_>) =
                left.into_iter().partition(|asked| asked.key.bindings.at(key.place).is_some());
            left = others;
            if bindable.is_empty() {
                continue;
            }
            let rewraps = bindable.iter().all(|asked| self.is_rewrapped(key, asked));
            left.extend(match rewraps {
                true => self.rewrap(key, bindable, &mut attempt).await?,
                false => self.show_and_wrap(key, bindable, &mut attempt).await?,
            });
        }
        let closed = left.into_iter().map(|asked| (asked.key, KnownKey::closed()));
        attempt.learnt.extend(closed);
        Ok(attempt)
    }

    /// Whether the service wraps it again by itself, from what this key binds it to, to what it is to be bound to.
    fn is_rewrapped(&self, key: &PlacedKey, asked: &Asked) -> bool {
        let bindings = &asked.key.bindings;
        let from = bindings.at(key.place);
        from.is_some_and(|from| key.key.rewraps_to(self.wraps(), [from, bindings.target()]))
    }

    /// The KMS keys, that which wraps last: most of what is renewed in a move is under the others.
    pub(super) fn former_first(&self) -> impl Iterator<Item = &PlacedKey> {
        self.keys[1..].iter().chain(&self.keys[..1])
    }

    /// Without a data key being shown. Answers those that this KMS key had not wrapped.
    async fn rewrap(
        &self,
        key: &PlacedKey,
        asked: Vec<Asked>,
        attempt: &mut Attempt,
    ) -> Result<Vec<Asked>> {
        let rewrap = |asked| {
            let item = item(asked, key.place)?;
            Some(Rewrap { item, binding: asked.key.bindings.target() })
        };
        let items: Vec<Rewrap<'_>> = asked.iter().filter_map(rewrap).collect();
        let outcomes = key.key.rewrap_all(&items, self.wraps()).await?;
        let mut left = Vec::new();
        for (asked, outcome) in asked.into_iter().zip(outcomes) {
            let ItemOutcome::Done(done) = outcome else {
                left.push(asked);
                continue;
            };
            let former = done.former_version;
            let known = KnownKey { by: Some(key.place), version: former, ..KnownKey::closed() };
            if self.standing(&known) == Standing::Current {
                attempt.learnt.push((asked.key, known)); // what it was wrapped into is dropped
            } else {
                let wrapped = Wrapped { asked, known, sealed: done.sealed, shown: None };
                attempt.wrapped.push(wrapped);
            }
        }
        Ok(left)
    }

    async fn show_and_wrap(
        &self,
        key: &PlacedKey,
        asked: Vec<Asked>,
        attempt: &mut Attempt,
    ) -> Result<Vec<Asked>> {
        let (opened, left) = self.open_with(key, asked).await?;
        let mut shown = Vec::new();
        for (asked, Learnt { known, opened }) in opened {
            let is_renewed = self.standing(&known) == Standing::Stale && known.key.open().is_some();
            match opened.filter(|_| is_renewed) {
                Some(opened) => shown.push((asked, known, opened.plaintext)),
                None => attempt.learnt.push((asked.key, known)),
            }
        }
        let items: Vec<Item<'_>> = shown
            .iter()
            .map(|(asked, _, bytes)| Item {
                bytes,
                binding: asked.key.bindings.target(),
                version: None,
            })
            .collect();
        let outcomes = self.wraps().seal_all(&items).await?;
        for ((asked, known, shown), outcome) in shown.into_iter().zip(outcomes) {
            let sealed = outcome.done().ok_or_else(|| self.not_taken())?;
            attempt.wrapped.push(Wrapped { asked, known, sealed, shown: Some(shown) });
        }
        Ok(left)
    }

    /// Unwraps what was wrapped again. Answers what may be relied on, and what came under an older version.
    async fn look_at(&self, wrapped: Vec<Wrapped>) -> Result<(AllLearnt, Vec<Asked>)> {
        let items: Vec<Item<'_>> = wrapped
            .iter()
            .map(|Wrapped { asked, sealed, .. }| Item {
                bytes: &sealed.ciphertext,
                binding: asked.key.bindings.target(),
                version: sealed.version.as_deref(),
            })
            .collect();
        let outcomes = self.wraps().open_all(&items).await?;
        let versions = wrapped.iter().zip(&outcomes).map(|(wrapped, outcome)| match outcome {
            ItemOutcome::Done(opened) => {
                wrapped.sealed.version.as_deref().or(opened.version.as_deref())
            }
            ItemOutcome::Refused(_) => None,
        });
        self.hear_of(versions).await?;
        let (mut learnt, mut late) = (Vec::new(), Vec::new());
        for (wrapped, outcome) in wrapped.into_iter().zip(outcomes) {
            let Wrapped { asked, known, sealed, shown } = wrapped;
            let opened = outcome.done().ok_or_else(|| self.not_the_same())?;
            if shown.is_some_and(|shown| *shown != *opened.plaintext) {
                return Err(self.not_the_same());
            }
            let version = sealed.version.or(opened.version);
            if !self.takes(version.as_deref()) {
                late.push(asked);
                continue;
            }
            let key = DataKey::of(self.data_key(&opened.plaintext));
            let place =
                self.place(sealed.ciphertext.clone(), &asked.key.bindings, version.as_deref());
            self.keep(place, self.known_as_newest(version.clone(), key.clone()));
            let renewed = Renewed { wrapped: sealed.ciphertext, version, key };
            learnt.push((asked.key, KnownKey { renewed: Some(renewed), ..known }));
        }
        Ok((learnt, late))
    }

    /// The KMS key may have been rotated since its newest version was asked: that is asked again, once, when any of
    /// these is another.
    pub(super) async fn hear_of(&self, versions: impl Iterator<Item = Option<&str>>) -> Result<()> {
        let mut versions = versions;
        if versions.all(|version| self.takes(version)) {
            return Ok(());
        }
        let newest = self.wraps().newest_version().await?;
        if newest.is_some() && newest != self.wanted() {
            self.want(newest);
        }
        Ok(())
    }

    /// Whether what was wrapped came under the version that is wanted, as far as is told.
    pub(super) fn takes(&self, version: Option<&str>) -> bool {
        version.is_none() || self.is_wanted(version)
    }

    /// What is known of a wrapped key that was just made, by its version where that is told.
    pub(super) fn known_as_newest(&self, version: Option<String>, key: DataKey) -> KnownKey {
        KnownKey { by: Some(0), version, newest_then: self.wanted(), key, renewed: None }
    }

    pub(super) fn late(&self) -> Error {
        let (service, unknown) = (self.form.kms().service(), "an unknown version".to_owned());
        let wanted = self.wanted().unwrap_or(unknown);
        Error::outside(format!("{service} still wraps under an older version than {wanted}"))
            .at(self.form.kms().to_string())
            .hint("a new primary version takes minutes, at worst hours, to be used everywhere: run again later")
    }

    pub(super) fn not_taken(&self) -> Error {
        let what = format!("{} does not take this data key", self.form.kms().service());
        Error::usage(what)
            .at(self.form.kms().to_string())
            .hint("RSA keys wrap short data keys only")
    }

    pub(super) fn not_the_same(&self) -> Error {
        let what = format!("{} unwraps another key than it has wrapped", self.form.kms().service());
        Error::outside(what).at(self.form.kms().to_string())
    }
}
