//! What must hold, whatever happens. The numbers are those of the promises.

use stateright::Property;

use super::close::Closing;
use super::ledger::RunState;
use super::protocol::Protocol;
use super::scope::Statement;
use super::state::State;
use super::table::Key;

/// Promise 2.
pub const NO_LOST_UPDATE: &str = "no update is lost";
/// What the proof rests on.
pub const NO_SKIPPED_VALUE: &str = "no value is skipped";
/// Promise 3.
pub const EXACT_COUNTS: &str = "counts are exact";
/// Promise 5.
pub const TRUE_PROOF: &str = "completed is true";
pub const LASTING_END: &str = "completed stays";
/// Without writers under the previous key, a run does not end incomplete.
pub const COMPLETION: &str = "without old-key writers a run completes";
pub const END: &str = "the run ends";

/// What is met on some way.
pub const COMPLETED: &str = "a run completes";
pub const INCOMPLETE: &str = "a run ends incomplete";
pub const CONFLICT: &str = "a walk meets a conflict";
pub const FOUND: &str = "a look finds a value";
pub const HELD: &str = "a close meets a held row";

/// Every property of the model.
pub fn all() -> Vec<Property<Protocol>> {
    vec![
        Property::always(NO_LOST_UPDATE, |_, state: &State| !state.witness.lost_update),
        Property::always(NO_SKIPPED_VALUE, |_, state: &State| no_skipped_value(state)),
        Property::always(EXACT_COUNTS, exact_counts),
        Property::always(TRUE_PROOF, |_, state: &State| state.witness.completed != Some(false)),
        Property::always(LASTING_END, |_, state: &State| {
            state.witness.completed.is_none() || run(state) == RunState::Completed
        }),
        Property::always(COMPLETION, |protocol: &Protocol, state: &State| {
            has_old_key_writers(protocol) || run(state) != RunState::Incomplete
        }),
        Property::eventually(END, |_, state: &State| run(state) != RunState::Running),
        Property::sometimes(COMPLETED, |_, state: &State| run(state) == RunState::Completed),
        Property::sometimes(INCOMPLETE, |_, state: &State| run(state) == RunState::Incomplete),
        Property::sometimes(CONFLICT, |_, state: &State| {
            let ledger = &state.database.ledger;
            ledger.close.is_some() && ledger.shard.has_conflicts
        }),
        Property::sometimes(FOUND, |_, state: &State| state.closings().any(Closing::has_found)),
        Property::sometimes(HELD, |_, state: &State| state.closings().any(Closing::is_held_up)),
    ]
}

fn run(state: &State) -> RunState {
    state.database.ledger.run
}

/// A value under a previous key that lies behind the walk's position is one that the close reads: it was
/// written since the barrier, or the walk has counted a conflict, after which the close reads every row.
fn no_skipped_value(state: &State) -> bool {
    let shard = &state.database.ledger.shard;
    let Some(close) = &state.database.ledger.close else { return true };
    let is_behind = |place| place < shard.position || shard.done;
    let is_read = |xmin| xmin >= close.barrier || shard.has_conflicts;
    let mut rows = state.database.table.rows();
    rows.all(|row| !row.needs_previous_key() || !is_behind(row.place) || is_read(row.version.xmin))
}

/// A walk has committed each page up to its position once.
fn exact_counts(protocol: &Protocol, state: &State) -> bool {
    let shard = &state.database.ledger.shard;
    let pages = shard.position.div_ceil(protocol.scope.page_rows);
    state.database.ledger.close.is_none() || shard.pages == pages
}

/// To write back what was read earlier may be to write under the previous key.
fn has_old_key_writers(protocol: &Protocol) -> bool {
    let writes_old = |statement: &Statement| {
        matches!(
            statement,
            Statement::Write(Key::Previous)
                | Statement::Insert(Key::Previous)
                | Statement::WriteBack
        )
    };
    protocol.scope.transactions.iter().any(|(statements, _)| statements.iter().any(writes_old))
}
