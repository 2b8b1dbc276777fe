//! A process that stops before its run has ended: what it leaves behind, and how to go on.

use std::fmt;

use serde::Serialize;

use super::StatusReport;
use crate::error::{Error, ExitCode};
use crate::report::{OneLine, without_keys};

/// How to go on with a run that has not ended.
const RESUMES: &str = "the same `reseal run` resumes";

impl StatusReport {
    /// Says why and how this process ends, while the run has not.
    pub fn stopped(&mut self, by: &Error) {
        self.exit_code = Some(by.exit_code as i16);
        self.reason = Some(reason(by));
        if self.advice.is_empty() {
            self.advice.push(RESUMES.to_owned());
        }
        self.advice.extend(hint(by));
    }
}

/// A run whose ledger does not answer any more: what is known without it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unread {
    /// `unknown`.
    pub status: &'static str,
    pub run_id: i64,
    pub exit_code: i16,
    pub reason: String,
    pub advice: Vec<String>,
}

/// What can be said of a run when the ledger cannot be read.
pub fn unread(run_id: i64, stopped_by: &Error) -> Unread {
    let advice = [RESUMES.to_owned(), "`reseal status` tells how far it is".to_owned()];
    Unread {
        status: "unknown",
        run_id,
        exit_code: stopped_by.exit_code as i16,
        reason: reason(stopped_by),
        advice: advice.into_iter().chain(hint(stopped_by)).collect(),
    }
}

fn reason(stopped_by: &Error) -> String {
    let place = stopped_by.place.as_ref().map(|place| format!(" ({place})"));
    without_keys(&format!("{}{}", stopped_by.what, place.unwrap_or_default()))
}

/// What is to be mended outside; after a signal or a spent budget there is nothing to mend.
fn hint(stopped_by: &Error) -> Option<String> {
    let hint = stopped_by.hint.as_ref().filter(|_| stopped_by.exit_code == ExitCode::Outside);
    hint.map(|hint| without_keys(hint))
}

impl fmt::Display for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "run {}: {}, the ledger cannot be read", self.run_id, self.status)?;
        write!(f, "\n  reason     {}", OneLine(&self.reason))?;
        self.advice.iter().try_for_each(|advice| write!(f, "\n  next       {}", OneLine(advice)))
    }
}
