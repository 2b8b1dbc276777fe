//! The write of a page: `sql/commit/write.sql`, with what it asks of every row.

use super::ledger::Claim;
use super::protocol::Protocol;
use super::state::State;
use super::table::{Key, Place, Placing, Row, Value, Version};

/// `sql/ledger/fence.sql`: the shard is still ours at this position, and the run is still wanted.
pub fn fence(protocol: &Protocol, state: &State, claim: &Claim) -> bool {
    let ledger = &state.database.ledger;
    let stands = ledger.is_running() && ledger.is_at_position_of(claim);
    !protocol.guards.fences || (stands && is_ours(state, claim))
}

/// The epoch alone, for what moves no position. The server must not have crashed unseen.
pub fn is_ours(state: &State, claim: &Claim) -> bool {
    let is_of_this_incarnation = claim.incarnation.is_none_or(|of| of == state.incarnation);
    state.database.ledger.is_at_epoch_of(claim) && is_of_this_incarnation
}

/// Reseals each row that still is the version that was read; the others are conflicts, and so are those
/// that somebody holds.
pub fn write(protocol: &Protocol, state: &mut State, rows: &[Row]) -> Vec<Row> {
    let mut conflicts = Vec::new();
    let mut xid = None;
    for row in rows {
        match matching(protocol, state, row) {
            Some(place) if !state.is_held(place) => {
                let xmin = *xid.get_or_insert_with(|| state.assign_xid());
                reseal(state, place, row.version.value.plaintext, xmin);
            }
            _ => conflicts.push(*row),
        }
    }
    conflicts
}

/// Where the version that was read lies now.
fn matching(protocol: &Protocol, state: &State, row: &Row) -> Option<Place> {
    let (guards, read) = (&protocol.guards, &row.version);
    let stored = state.database.table.at(row.place)?;
    let same_value = stored.value == read.value;
    let is_same = stored.row_key == read.row_key
        && (stored.xmin == read.xmin || !guards.compares_xmin)
        && (same_value || !protocol.scope.is_pooled || !guards.compares_values);
    is_same.then_some(row.place)
}

/// Writes what was read, under the current key, over what lies there.
pub fn reseal(state: &mut State, place: Place, plaintext: u8, xmin: u8) {
    let Some(stored) = state.database.table.at(place) else { return };
    state.witness.lost_update |= stored.value.plaintext != plaintext;
    let value = Value { plaintext, key: Key::Current };
    let version = Version { value, xmin, ..stored };
    state.database.table.put(version, Placing::FirstFree, Some(place));
}
