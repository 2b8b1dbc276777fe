//! Walks a chain and names what was done to it.

use std::fmt;

use serde::Serialize;

use super::{Hash, Head, StoredEvent};

/// Something that was done to the audit trail behind the program's back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "finding", rename_all = "snake_case")]
pub enum Finding {
    /// The row is not what its hash says.
    Edited { event_id: i64 },
    /// The row fits its own hash, but not the one by which the chain goes on: both were written anew.
    Rewritten { event_id: i64 },
    /// Rows inside the chain are gone.
    Removed { first: i64, last: i64 },
    /// Rows at the end of the chain are gone.
    CutOff { first: i64, last: i64 },
    /// Rows stand where the program never wrote: past the head, or before the first.
    Foreign { first: i64, last: i64 },
    /// The chain holds together, and is another one than when this head was noted: the row or one before
    /// it was written anew, with everything that follows.
    AnotherChain { event_id: i64 },
    /// The note of the newest link is gone.
    HeadRemoved,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Edited { event_id } => {
                write!(f, "event {event_id} was edited: it is not what its hash says")
            }
            Self::Rewritten { event_id } => {
                write!(f, "event {event_id} was edited, and its hash with it")
            }
            Self::Removed { first, last } => write!(f, "{} removed", Range(first, last)),
            Self::CutOff { first, last } => {
                write!(f, "{} removed: the end was cut off", Range(first, last))
            }
            Self::Foreign { first, last } => {
                write!(f, "{} added beside the chain", Range(first, last))
            }
            Self::AnotherChain { event_id } => write!(
                f,
                "event {event_id} is not the one whose head was noted: it, or one before it, was edited, \
                 and every hash from there on"
            ),
            Self::HeadRemoved => f.write_str("the note of the newest event was removed"),
        }
    }
}

struct Range(i64, i64);

impl fmt::Display for Range {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self(first, last) if first == last => write!(f, "event {first} was"),
            Self(first, last) => write!(f, "events {first} to {last} were"),
        }
    }
}

/// Takes events in the order of their ids.
#[derive(Debug)]
pub struct Checker {
    /// A head from elsewhere.
    noted: Option<Head>,
    last: Head,
    /// The last event is what its hash says.
    last_is_whole: bool,
    findings: Vec<Finding>,
}

impl Checker {
    /// `noted` is a head that was printed earlier and kept outside the database.
    pub fn new(noted: Option<Head>) -> Self {
        let last = Head { event_id: 0, hash: Hash::none() };
        Self { noted, last, last_is_whole: true, findings: Vec::new() }
    }

    /// The next event, with the hash that stands beside it.
    pub fn next(&mut self, event: &StoredEvent, stored: Hash) {
        let event_id = event.event_id;
        let expected = self.last.event_id + 1;
        if event_id < expected {
            self.findings.push(Finding::Foreign { first: event_id, last: event_id });
            return;
        }
        let is_whole = event.hash() == stored;
        if event_id > expected {
            self.findings.push(Finding::Removed { first: expected, last: event_id - 1 });
        } else if is_whole && event.previous_hash != self.last.hash {
            // the first event follows nothing, so it is itself that was written anew
            let event_id = self.last.event_id.max(1);
            if self.last_is_whole {
                self.findings.push(Finding::Rewritten { event_id });
            }
        }
        if !is_whole {
            self.findings.push(Finding::Edited { event_id });
        }
        let is_noted = self.noted.as_ref().filter(|noted| noted.event_id == event_id);
        if is_whole && is_noted.is_some_and(|noted| noted.hash != stored) {
            self.findings.push(Finding::AnotherChain { event_id });
        }
        self.last = Head { event_id, hash: stored };
        self.last_is_whole = is_whole;
    }

    /// After the last event: `head` is what the ledger notes of the newest one.
    pub fn finish(mut self, head: Option<&Head>) -> Vec<Finding> {
        let last = self.last.event_id;
        let noted = self.noted.as_ref().map_or(0, |noted| noted.event_id);
        let newest = head.map_or(0, |head| head.event_id).max(noted);
        if newest > last {
            self.findings.push(Finding::CutOff { first: last + 1, last: newest });
        }
        match head {
            None => self.findings.push(Finding::HeadRemoved),
            Some(head) if head.event_id < last => {
                self.findings.push(Finding::Foreign { first: head.event_id + 1, last });
            }
            Some(head) if *head != self.last && head.event_id == last && self.last_is_whole => {
                self.findings.push(Finding::Rewritten { event_id: last });
            }
            Some(_) => {}
        }
        self.findings
    }
}
