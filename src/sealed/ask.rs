//! Asks the services about many values at once, key by key, until each value has its answer.

mod open;
mod seal;

use std::collections::BTreeMap;

use futures_util::future::try_join_all;
use zeroize::Zeroizing;

use super::question::Source;
use super::{Question, SealedColumn};
use crate::error::Result;
use crate::layout::{ColumnLayout, Sealed, ServiceForm};
use crate::value::{Intent, Reason};
use open::Opened;

/// A column that is asked about.
#[derive(Clone, Copy)]
pub struct AskedColumn<'a> {
    pub layout: &'a ColumnLayout,
    pub sealed: &'a SealedColumn,
}

/// What came of a question.
pub enum Answer {
    /// It is as it should be.
    Current,
    /// It opens, and is still to be sealed anew.
    Previous,
    /// What to store instead, as the service gave it.
    Sealed(Vec<u8>),
    /// In the open, for a key of the ring to seal it.
    Shown(Zeroizing<Vec<u8>>),
    Failed(Reason),
}

/// The answers, each with the cell that was asked about.
pub type Answers = Vec<(usize, Answer)>;

/// Asks until every question is answered. `columns` are those that the questions number.
///
/// # Errors
/// What stands against all of a service's answers: it is not there, denies a permission, or goes on to seal
/// under an older version. A value that is bad by itself is an answer.
pub async fn ask(
    columns: &[Option<AskedColumn<'_>>],
    questions: Vec<Question>,
    intent: Intent,
) -> Result<Answers> {
    let mut answers = Vec::with_capacity(questions.len());
    let (mut shown, mut closed): (Vec<_>, Vec<_>) =
        questions.into_iter().partition(|question| question.shown.is_some());
    while !closed.is_empty() {
        let groups = grouped(closed, |question| {
            (question.column, question.sources.front().map_or(0, |source| source.place))
        });
        let asked = groups.into_iter().filter_map(|((column, place), group)| {
            Some(open::open(columns[column]?, place, group, intent))
        });
        let opened = try_join_all(asked).await?;
        closed = Vec::new();
        for (mut question, opened) in opened.into_iter().flatten() {
            match opened {
                Opened::Answer(answer) => answers.push((question.cell, answer)),
                Opened::Shown(plaintext) => {
                    question.shown = Some(plaintext);
                    shown.push(question);
                }
                Opened::Not => {
                    question.sources.pop_front();
                    match question.sources.is_empty() {
                        true => answers.push((question.cell, Answer::Failed(Reason::NoKeyOpensIt))),
                        false => closed.push(question),
                    }
                }
            }
        }
    }
    let groups = grouped(shown, |question| question.column);
    let sealed =
        groups.into_iter().filter_map(|(column, group)| Some(seal::seal(columns[column]?, group)));
    answers.extend(try_join_all(sealed).await?.into_iter().flatten());
    Ok(answers)
}

fn grouped<K: Ord>(
    questions: Vec<Question>,
    key: impl Fn(&Question) -> K,
) -> BTreeMap<K, Vec<Question>> {
    let mut groups: BTreeMap<K, Vec<Question>> = BTreeMap::new();
    for question in questions {
        groups.entry(key(&question)).or_default().push(question);
    }
    groups
}

impl AskedColumn<'_> {
    /// A ciphertext as the column stores it, with the version that sealed it: what the service said, else the one
    /// that was its newest.
    fn stored(&self, ciphertext: &[u8], version: Option<&str>) -> Vec<u8> {
        let newest = self.sealed.written().and_then(|(_, newest)| newest);
        let label = version.or(newest).unwrap_or_default().as_bytes();
        let mut stored = Vec::new();
        self.layout.write().encode(&Sealed { ciphertext, label, ..Sealed::default() }, &mut stored);
        stored
    }

    /// What is done about a value that is as it should be: its version is noted, where that has a column and does
    /// not stand there.
    fn current(&self, source: &Source, intent: Intent) -> Answer {
        let form = self.layout.write().service();
        let has_column = form.is_some_and(ServiceForm::has_version_column);
        let newest = self.sealed.written().and_then(|(_, newest)| newest);
        let is_noted = source.version.as_deref() == newest;
        match has_column && !is_noted && intent.reseals() {
            true => Answer::Sealed(self.stored(&source.ciphertext, newest)),
            false => Answer::Current,
        }
    }
}
