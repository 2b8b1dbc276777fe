//! The chain of audited events: what is hashed, and what the hashes show. Pure.
//!
//! The hash of an event is the SHA-256 of its canonical form: the line `reseal audit event 1`, then one line
//! for each field in the order of [`StoredEvent`], `name=LENGTH:VALUE`, the length in bytes of UTF-8, and
//! `name=` for NULL. Times are UTC with microseconds, the hash before is hexadecimal. Nothing in it depends
//! on a session, and no two events have the same form.
//!
//! A chain shows that a row was edited, removed or cut off as far as whoever did it left the hashes after it
//! as they were. Who may write the whole table can write a whole new chain: that is shown by a head that was
//! noted elsewhere.

mod check;

use std::fmt::{self, Write as _};
use std::str::FromStr;

use data_encoding::HEXLOWER;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio_postgres::Row;

pub use check::{Checker, Finding};

/// A SHA-256; what is stored in the place of one is taken as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hash(Vec<u8>);

impl Hash {
    /// What the first event follows.
    pub fn none() -> Self {
        Self(vec![0; 32])
    }

    pub fn read(row: &Row, column: &str) -> Self {
        Self(row.get(column))
    }

    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

/// One end of the chain: an event and its hash, `ID:HASH`. Noted outside the database, it vouches for
/// every event up to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    pub event_id: i64,
    pub hash: Hash,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.event_id, self.hash)
    }
}

/// Not `ID:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MalformedHead;

impl FromStr for Head {
    type Err = MalformedHead;

    fn from_str(text: &str) -> Result<Self, MalformedHead> {
        let (event_id, hash) = text.split_once(':').ok_or(MalformedHead)?;
        let event_id = event_id.parse().ok().filter(|id| *id > 0).ok_or(MalformedHead)?;
        let hash = data_encoding::HEXLOWER_PERMISSIVE.decode(hash.as_bytes());
        let hash = hash.ok().filter(|hash| hash.len() == 32).ok_or(MalformedHead)?;
        Ok(Self { event_id, hash: Hash(hash) })
    }
}

/// An event as it stands in the ledger, without its own hash. The order of the fields is that of the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    pub event_id: i64,
    /// UTC, with microseconds.
    pub happened_at: String,
    pub run_id: Option<i64>,
    pub event: String,
    pub who: Doer,
    /// JSON, to the letter.
    pub detail: String,
    pub previous_hash: Hash,
}

/// Who did it. The role is checked by the server; the rest is what the caller says, and where it was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Doer {
    pub database_role: String,
    pub operator: Option<String>,
    pub ticket: Option<String>,
    pub reason: Option<String>,
    pub host: Option<String>,
    pub pod: Option<String>,
}

impl StoredEvent {
    pub fn read(row: &Row) -> Self {
        Self {
            event_id: row.get("event_id"),
            happened_at: row.get("happened_at"),
            run_id: row.get("run_id"),
            event: row.get("event"),
            who: Doer {
                database_role: row.get("database_role"),
                operator: row.get("operator"),
                ticket: row.get("ticket"),
                reason: row.get("reason"),
                host: row.get("host"),
                pod: row.get("pod"),
            },
            detail: row.get("detail"),
            previous_hash: Hash::read(row, "previous_hash"),
        }
    }

    pub fn hash(&self) -> Hash {
        Hash(Sha256::digest(self.canonical_form()).to_vec())
    }

    fn canonical_form(&self) -> String {
        let mut form = "reseal audit event 1\n".to_owned();
        let mut field = |name: &str, value: Option<&str>| {
            let written = match value {
                Some(value) => writeln!(form, "{name}={}:{value}", value.len()),
                None => writeln!(form, "{name}="),
            };
            written.expect("writing to a String cannot fail");
        };
        field("event_id", Some(&self.event_id.to_string()));
        field("happened_at", Some(&self.happened_at));
        field("run_id", self.run_id.map(|id| id.to_string()).as_deref());
        field("event", Some(&self.event));
        field("database_role", Some(&self.who.database_role));
        field("operator", self.who.operator.as_deref());
        field("ticket", self.who.ticket.as_deref());
        field("reason", self.who.reason.as_deref());
        field("host", self.who.host.as_deref());
        field("pod", self.who.pod.as_deref());
        field("detail", Some(&self.detail));
        field("previous_hash", Some(&self.previous_hash.to_string()));
        form
    }
}

#[cfg(test)]
mod tests;
