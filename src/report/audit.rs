//! The audit trail and what was found about it, for people and as JSON.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::db::ledger::audit::chain::{Doer, Finding, Head, StoredEvent};
use crate::report::OneLine;

/// Events as `reseal audit show` lists them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditReport {
    pub events: Vec<AuditedEvent>,
}

/// One event.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AuditedEvent {
    pub event_id: i64,
    pub happened_at: String,
    pub run_id: Option<i64>,
    pub event: String,
    #[serde(flatten)]
    pub who: Doer,
    pub detail: Value,
}

impl AuditReport {
    pub fn of(events: Vec<StoredEvent>) -> Self {
        Self { events: events.into_iter().map(AuditedEvent::of).collect() }
    }
}

impl AuditedEvent {
    fn of(event: StoredEvent) -> Self {
        Self {
            event_id: event.event_id,
            happened_at: event.happened_at,
            run_id: event.run_id,
            event: event.event,
            who: event.who,
            // somebody may have edited it into what is no JSON
            detail: serde_json::from_str(&event.detail).unwrap_or(Value::Null),
        }
    }
}

impl fmt::Display for AuditReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.events.is_empty() {
            return f.write_str("nothing was audited");
        }
        for (at, event) in self.events.iter().enumerate() {
            let line_feed = if at == 0 { "" } else { "\n" };
            write!(f, "{line_feed}{event}")?;
        }
        Ok(())
    }
}

impl fmt::Display for AuditedEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} {}", self.event_id, self.happened_at, OneLine(&self.event))?;
        if let Some(run_id) = self.run_id {
            write!(f, ", run {run_id}")?;
        }
        write!(f, ", role {}", OneLine(&self.who.database_role))?;
        let said = [
            ("operator", &self.who.operator),
            ("ticket", &self.who.ticket),
            ("reason", &self.who.reason),
            ("host", &self.who.host),
            ("pod", &self.who.pod),
        ];
        for (name, value) in said {
            if let Some(value) = value {
                write!(f, ", {name} {}", OneLine(value))?;
            }
        }
        match self.detail.as_object() {
            Some(detail) if detail.is_empty() => Ok(()),
            _ => write!(f, "\n  {}", self.detail),
        }
    }
}

/// Whether the chain of audited events holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// `whole`, or `broken`.
    pub status: &'static str,
    pub events: u64,
    /// The newest event, `ID:HASH`: keep it outside the database.
    pub head: Option<String>,
    /// Whether it was compared with a head that was kept elsewhere.
    pub compared_with_head: bool,
    pub findings: Vec<Found>,
}

/// A finding, and the same in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Found {
    #[serde(flatten)]
    pub finding: Finding,
    pub what: String,
}

impl ChainReport {
    pub fn of(events: u64, head: Option<&Head>, has_noted: bool, findings: Vec<Finding>) -> Self {
        let found = |finding: Finding| Found { finding, what: finding.to_string() };
        Self {
            status: if findings.is_empty() { "whole" } else { "broken" },
            events,
            head: head.map(ToString::to_string),
            compared_with_head: has_noted,
            findings: findings.into_iter().map(found).collect(),
        }
    }

    pub fn is_whole(&self) -> bool {
        self.findings.is_empty()
    }
}

impl fmt::Display for ChainReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the audit trail is {}: {} events", self.status, self.events)?;
        for found in &self.findings {
            write!(f, "\n  found      {}", OneLine(&found.what))?;
        }
        if let Some(head) = &self.head {
            write!(f, "\n  head       {head}")?;
        }
        if !self.is_whole() {
            f.write_str(
                "\n  next       `reseal audit show` lists the events as they read now; what they said before is \
                 to be found in the logs of the job and in backups",
            )?;
        } else if !self.compared_with_head {
            f.write_str(
                "\n  next       whoever may write the ledger could have written all of it anew: compare it with a \
                 head that a log or a report has kept (--head ID:HASH)",
            )?;
        }
        Ok(())
    }
}
