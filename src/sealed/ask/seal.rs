//! Seals what was opened, under the version that is wanted.

use tokio::time::sleep;
use zeroize::Zeroizing;

use super::open::too_few;
use super::{Answer, Answers, AskedColumn};
use crate::db::retry::Patience;
use crate::error::Result;
use crate::kms::{Item, ItemOutcome, ItemRefusal, KmsKey, SealedItem};
use crate::sealed::newest::late;
use crate::sealed::question::Question;
use crate::value::Reason;

/// Has a key service seal values of one column, or hands them on where a key of the ring does.
///
/// # Errors
/// Those of the service; and when it goes on to seal under an older version for longer than trouble outside
/// is borne.
pub(super) async fn seal(column: AskedColumn<'_>, group: Vec<Question>) -> Result<Answers> {
    let written = column.sealed.key(0).filter(|_| column.sealed.is_written());
    let Some(key) = written else {
        let shown = |question: Question| (question.cell, Answer::Shown(plaintext(question)));
        return Ok(group.into_iter().map(shown).collect());
    };
    let mut answers = Vec::with_capacity(group.len());
    let mut left = group;
    let mut patience = Patience::new(column.sealed.retry_for());
    loop {
        let outcomes = sealed(key, &left).await?;
        let (mut old, mut version) = (Vec::new(), None);
        for (question, outcome) in left.into_iter().zip(outcomes) {
            match outcome {
                ItemOutcome::Refused(refusal) => {
                    answers.push((question.cell, Answer::Failed(reason(refusal))));
                }
                ItemOutcome::Done(sealed) if is_wanted(column, key, &sealed).await? => {
                    let stored = column.stored(&sealed.ciphertext, sealed.version.as_deref());
                    answers.push((question.cell, Answer::Sealed(stored)));
                }
                ItemOutcome::Done(sealed) => {
                    version = sealed.version;
                    old.push(question);
                }
            }
        }
        if old.is_empty() {
            return Ok(answers);
        }
        let newest = column.sealed.written().and_then(|(_, newest)| newest);
        sleep(patience.next_pause(late(key.uri(), version.as_deref(), newest))?).await;
        left = old;
    }
}

async fn sealed(key: &KmsKey, group: &[Question]) -> Result<Vec<ItemOutcome<SealedItem>>> {
    let items: Option<Vec<Item<'_>>> = group
        .iter()
        .map(|question| {
            let bytes = question.shown.as_ref()?;
            Some(Item { bytes, binding: &question.target, version: None })
        })
        .collect();
    key.seal_all(&items.ok_or_else(too_few)?).await
}

/// Whether it was sealed under the version that is wanted; the key may have been rotated since that was asked.
async fn is_wanted(column: AskedColumn<'_>, key: &KmsKey, sealed: &SealedItem) -> Result<bool> {
    if column.sealed.is_wanted(sealed.version.as_deref()) {
        return Ok(true);
    }
    Ok(key.newest_version().await? == sealed.version)
}

fn plaintext(question: Question) -> Zeroizing<Vec<u8>> {
    question.shown.unwrap_or_default()
}

fn reason(refusal: ItemRefusal) -> Reason {
    match refusal {
        ItemRefusal::Length => Reason::TooLarge,
        ItemRefusal::NotOfThisKey | ItemRefusal::VersionUnusable | ItemRefusal::VersionUnknown => {
            Reason::NoKeyOpensIt
        }
    }
}
