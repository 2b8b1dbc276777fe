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
        let rotated_to = rotated_to(column, key, &outcomes).await?;
        let is_wanted = |version: &Option<String>| {
            column.sealed.is_wanted(version.as_deref()) || *version == rotated_to
        };
        let (mut old, mut version) = (Vec::new(), None);
        for (question, outcome) in left.into_iter().zip(outcomes) {
            match outcome {
                ItemOutcome::Refused(refusal) => {
                    answers.push((question.cell, Answer::Failed(reason(refusal))));
                }
                ItemOutcome::Done(sealed) if is_wanted(&sealed.version) => {
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

/// The key may have been rotated since its newest version was asked: that is asked again, once, when anything was
/// sealed under another.
async fn rotated_to(
    column: AskedColumn<'_>,
    key: &KmsKey,
    outcomes: &[ItemOutcome<SealedItem>],
) -> Result<Option<String>> {
    let is_wanted = |outcome: &ItemOutcome<SealedItem>| match outcome {
        ItemOutcome::Done(sealed) => column.sealed.is_wanted(sealed.version.as_deref()),
        ItemOutcome::Refused(_) => true,
    };
    if outcomes.iter().all(is_wanted) { Ok(None) } else { key.newest_version().await }
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
