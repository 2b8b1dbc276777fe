//! Where a walk stands. A cursor moves only on a commit receipt.
//!
//! `Cursor::advance` consumes the cursor and asks for the [`Receipt`] that only `commit` can issue, so
//! a position that was not committed together with its rows cannot exist.

use super::commit::Receipt;
use crate::db::ledger::shard::{Bound, Claim};
use crate::db::row_key::Tid;
use crate::error::{Error, Result};

/// A place in the order of a walk; `None` before the first row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position(pub Option<Bound>);

impl Position {
    pub fn of_key(key: Vec<Vec<u8>>) -> Self {
        Self(Some(key))
    }

    pub fn of_tid(tid: Tid) -> Self {
        Self(Some(vec![tid.to_binary().to_vec()]))
    }

    /// The tid it stands for; the table's start when there is none.
    pub fn tid(&self) -> Result<Tid> {
        match self.0.as_deref() {
            None => Ok(Tid::start_of(0)),
            Some([bytes]) => Tid::from_binary(bytes).ok_or_else(wrong_position),
            Some(_) => Err(wrong_position()),
        }
    }
}

fn wrong_position() -> Error {
    Error::bug("a checkpoint of a physical walk does not hold a tid").at("reseal.checkpoint")
}

/// The committed position of a claimed shard.
#[derive(Debug)]
pub struct Cursor {
    position: Position,
}

impl Cursor {
    /// Where the checkpoint says the shard stands.
    pub fn resume(claim: &Claim) -> Self {
        Self { position: Position(claim.position.clone()) }
    }

    /// The position as the ledger has it.
    pub fn committed(&self) -> &Position {
        &self.position
    }

    /// Moves on, past what the receipt covers.
    #[must_use]
    pub fn advance(self, receipt: Receipt) -> Self {
        Self { position: receipt.into_end() }
    }
}
