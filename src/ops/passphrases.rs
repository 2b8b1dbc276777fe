//! Calls each passphrase by the label under which the ledger knows it.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::crypto::{Derivation, KeyId, NonceSource, SecretBytes};
use crate::db::ledger::passphrase::{self, NamedPassphrase};
use crate::db::ledger::setup;
use crate::db::session::{Session, Terms};
use crate::error::{Error, Result};
use crate::keys::{KeyRing, RingKey};

/// Slow on purpose, and no key of anything (RFC 9106; costs as OWASP recommends for passwords).
const VERIFIER: Derivation = Derivation::Argon2id { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
const SALT_BYTES: usize = 16;
const VERIFIER_BYTES: usize = 32;

/// What the ledger knew when passphrases were named, and what it is to be told.
#[derive(Default)]
pub struct Named {
    /// The labels that each passphrase was compared with.
    known: BTreeSet<String>,
    new: Vec<NamedPassphrase>,
}

/// What came of labels that were to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    Done,
    /// Another process has named passphrases meanwhile, perhaps these: all is to be named again.
    Outdated,
}

/// Calls the passphrases of these rings by their labels. Answers those that had none, to be
/// [kept](keep) once there is a ledger. Reads the ledger only when there is a passphrase.
pub async fn name(
    session: &mut Session,
    rings: impl Iterator<Item = &mut Arc<KeyRing>>,
) -> Result<Named> {
    let mut known = None;
    let mut new = Vec::new();
    for ring in rings {
        let ring = Arc::get_mut(ring).ok_or_else(|| Error::bug("a ring is in use already"))?;
        for key in ring.guessable_keys() {
            let known = match &mut known {
                Some(known) => known,
                none => none.insert(read(session).await?),
            };
            match label(key, known.iter().chain(&new))? {
                Some(label) => key.call(label),
                None => {
                    let label = *key.id();
                    new.push(key.with_passphrase(|passphrase| made(passphrase, label))?);
                }
            }
        }
    }
    let known = known.unwrap_or_default().into_iter().map(|named| named.label).collect();
    Ok(Named { known, new })
}

/// The label of a passphrase among those that are known.
fn label<'n>(
    key: &RingKey,
    known: impl Iterator<Item = &'n NamedPassphrase>,
) -> Result<Option<KeyId>> {
    for named in known {
        let verify = |passphrase: &[u8]| verifier(passphrase, &named.salt);
        if key.with_passphrase(verify)? == named.verifier[..] {
            return Ok(KeyId::parse(&named.label));
        }
    }
    Ok(None)
}

/// Keeps new labels in the ledger, which must exist. Under its lock nothing slow is computed: where there are
/// labels that nobody compared with these passphrases, nothing is kept.
pub async fn keep(session: &mut Session, named: &Named) -> Result<Kept> {
    if named.new.is_empty() {
        return Ok(Kept::Done);
    }
    let transaction = session.begin(&Terms::durable()).await?;
    setup::lock(&transaction).await?;
    let now = passphrase::all(&transaction).await?;
    if now.iter().any(|other| !named.known.contains(&other.label)) {
        transaction.finish_reading();
        return Ok(Kept::Outdated);
    }
    for named in &named.new {
        passphrase::keep(&transaction, named).await?;
    }
    transaction.commit().await?;
    Ok(Kept::Done)
}

async fn read(session: &mut Session) -> Result<Vec<NamedPassphrase>> {
    if setup::version(session).await?.is_none() {
        return Ok(Vec::new());
    }
    let transaction = session.begin(&Terms::reading()).await?;
    let known = passphrase::all(&transaction).await?;
    transaction.commit().await?;
    Ok(known)
}

fn made(passphrase: &[u8], label: KeyId) -> Result<NamedPassphrase> {
    let mut salt = vec![0; SALT_BYTES];
    let filled = NonceSource::new().fill_salt(&mut salt);
    filled.map_err(|no_randomness| Error::outside(no_randomness.to_string()))?;
    let verifier = verifier(passphrase, &salt)?.expose().to_vec();
    Ok(NamedPassphrase { label: label.to_string(), salt, verifier })
}

fn verifier(passphrase: &[u8], salt: &[u8]) -> Result<SecretBytes> {
    let derived = VERIFIER.derive(passphrase, salt, b"", VERIFIER_BYTES);
    derived.map_err(|refused| Error::usage(refused.to_string()).at("reseal.passphrase"))
}
