//! Calls each passphrase by the label under which the ledger knows it.

use std::sync::Arc;

use crate::crypto::{Derivation, KeyId, NonceSource, SecretBytes};
use crate::db::ledger::passphrase::{self, NamedPassphrase};
use crate::db::ledger::setup;
use crate::db::session::{Session, Terms};
use crate::error::{Error, Result};
use crate::keys::KeyRing;

/// Slow on purpose, and no key of anything (RFC 9106; costs as OWASP recommends for passwords).
const VERIFIER: Derivation = Derivation::Argon2id { memory_kib: 19 * 1024, passes: 2, lanes: 1 };
const SALT_BYTES: usize = 16;
const VERIFIER_BYTES: usize = 32;

/// Calls the passphrases of these rings by their labels. Answers those that had none, to be
/// [kept](keep) once there is a ledger. Reads the ledger only when there is a passphrase.
pub async fn name(
    session: &mut Session,
    rings: impl Iterator<Item = &mut Arc<KeyRing>>,
) -> Result<Vec<NamedPassphrase>> {
    let mut known = None;
    let mut new = Vec::new();
    for ring in rings {
        let ring = Arc::get_mut(ring).ok_or_else(|| Error::bug("a ring is in use already"))?;
        for key in ring.guessable_keys() {
            let known = match &mut known {
                Some(known) => known,
                none => none.insert(read(session).await?),
            };
            let mut label = None;
            for named in known.iter() {
                let verify = |passphrase: &[u8]| verifier(passphrase, &named.salt);
                if key.with_passphrase(verify)? == named.verifier[..] {
                    label = KeyId::parse(&named.label);
                    break;
                }
            }
            match label {
                Some(label) => key.call(label),
                None => {
                    let label = *key.id();
                    let named = key.with_passphrase(|passphrase| made(passphrase, label))?;
                    known.push(named.clone());
                    new.push(named);
                }
            }
        }
    }
    Ok(new)
}

/// Keeps new labels in the ledger, which must exist.
pub async fn keep(session: &mut Session, new: &[NamedPassphrase]) -> Result<()> {
    if new.is_empty() {
        return Ok(());
    }
    let transaction = session.begin(&Terms::durable()).await?;
    setup::lock(&transaction).await?;
    for named in new {
        passphrase::keep(&transaction, named).await?;
    }
    transaction.commit().await?;
    Ok(())
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
