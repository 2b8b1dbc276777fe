//! The list of failed values. Row keys stand here because this is where they are asked for.

use std::fmt;

use serde::Serialize;

use super::OneLine;
use crate::db::ledger::failure::Failure;

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FailuresReport {
    pub failures: Vec<Failure>,
}

impl fmt::Display for FailuresReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.failures.is_empty() {
            return f.write_str("no failures");
        }
        let mut first = true;
        for failure in &self.failures {
            if !std::mem::take(&mut first) {
                writeln!(f)?;
            }
            let times = if failure.attempts == 1 { "attempt" } else { "attempts" };
            let sqlstate =
                failure.sqlstate.as_deref().map(|s| format!(" ({s})")).unwrap_or_default();
            write!(
                f,
                "{}: {}.{}{}{} key ({}) {}{sqlstate}, {} {times}, first {}, last {}",
                failure.id,
                OneLine(&failure.table),
                OneLine(&failure.column),
                if failure.path.is_empty() { "" } else { " " },
                OneLine(&failure.path),
                OneLine(failure.key.join(", ")),
                failure.reason,
                failure.attempts,
                failure.first_seen_at,
                failure.last_seen_at
            )?;
            if failure.values > 1 {
                write!(f, ", of {} values that share the key", failure.values)?;
            }
            if let (Some(by), Some(reason)) = (&failure.accepted_by, &failure.accepted_reason) {
                write!(f, ", accepted by {by}: {}", OneLine(reason))?;
            }
            if let Some(at) = &failure.resolved_at {
                write!(f, ", resolved {at}")?;
            }
        }
        Ok(())
    }
}
