//! The close of a proof: wait for writers, look, count the round, reseal what was found, settle what was
//! contended, and again until a look finds nothing; as `src/rotate/close.rs`.

use super::commit;
use super::ledger::{Claim, Ledger, RunState, WorkerId};
use super::protocol::{Action, Protocol};
use super::state::State;
use super::table::{Row, Xid};
use super::worker::Worker;

/// A barrier below every row.
const EVERY_ROW: Xid = 0;

/// A claimed close.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Closing {
    pub claim: Claim,
    barrier: Xid,
    turned_up: u8,
    phase: Phase,
}

/// What a round has come to.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
enum Phase {
    /// Between rounds. As long as the same transactions hold the same rows, another round would come to
    /// the same: it is left out.
    Pausing(Set),
    /// For these transactions.
    Waiting(Set),
    Looked(Seen),
    /// The round stands in the ledger.
    Counted(Seen),
    Settling(Settling),
}

/// What the look saw.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Seen {
    previous: Vec<Row>,
    next_barrier: Xid,
    /// For the observer: whether promise 5 held at that moment.
    is_proved: bool,
}

/// Rows that were found and not written, one after the other.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Settling {
    conflicts: Vec<Row>,
    next_barrier: Xid,
    holders: Set,
    is_missing: bool,
}

/// A set of the application's transactions.
type Set = u8;

impl Closing {
    /// The barrier of the walk; below every row when the walk left some that others held.
    pub fn begin(protocol: &Protocol, ledger: &Ledger, claim: Claim) -> Option<Self> {
        let reads_every_row = ledger.shard.has_conflicts && protocol.guards.conflicts_lower_barrier;
        let barrier = if reads_every_row { EVERY_ROW } else { ledger.close?.barrier };
        let phase = Phase::Pausing(0);
        Some(Self { claim, barrier, turned_up: 0, phase })
    }

    /// A look has found a value under a previous key, and it was resealed.
    pub fn has_found(&self) -> bool {
        self.turned_up > 0
    }

    /// Others hold a row that a look has found.
    pub fn is_held_up(&self) -> bool {
        matches!(self.phase, Phase::Pausing(holders) if holders != 0)
    }

    fn is_last_round(&self, protocol: &Protocol, seen: &Seen) -> bool {
        let passes = self.claim.pass + self.turned_up;
        seen.previous.is_empty() || passes >= protocol.scope.passes_max
    }

    /// The barrier does not move past a row that is held, or that has moved.
    fn end_round(&mut self, protocol: &Protocol, round: &Settling) {
        self.turned_up += u8::from(round.holders == 0);
        let is_clean = round.holders == 0 && !round.is_missing;
        if is_clean || !protocol.guards.held_rows_keep_barrier {
            self.barrier = round.next_barrier;
        }
        self.phase = Phase::Pausing(round.holders);
    }
}

/// What a close does next.
pub fn next(protocol: &Protocol, closing: &Closing, w: WorkerId) -> Action {
    match &closing.phase {
        Phase::Pausing(_) => Action::WaitForWriters(w),
        Phase::Waiting(_) => Action::Look(w),
        Phase::Looked(_) => Action::NextRound(w),
        Phase::Counted(seen) if closing.is_last_round(protocol, seen) => Action::End(w),
        Phase::Counted(_) => Action::ResealFound(w),
        Phase::Settling(_) => Action::Settle(w),
    }
}

fn closing(state: &State, w: WorkerId) -> Option<Closing> {
    match &state.workers[w] {
        Worker::Closing(closing) => Some(closing.clone()),
        _ => None,
    }
}

fn set_of(state: &State, is_in: impl Fn(usize) -> bool) -> Set {
    (0..state.transactions.len()).filter(|t| is_in(*t)).fold(0, |set, t| set | 1 << t)
}

fn are_open(state: &State, set: Set) -> bool {
    set & set_of(state, |t| state.transactions[t].is_open()) != 0
}

/// Notes who may have written to the table and is open now; later ones do not matter.
pub fn wait_for_writers(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let mut closing = closing(state, w)?;
    let Phase::Pausing(holders) = closing.phase else { return None };
    if are_open(state, holders) {
        return None;
    }
    let writers = set_of(state, |t| state.transactions[t].has_written());
    closing.phase = Phase::Waiting(if protocol.guards.waits { writers } else { 0 });
    state.workers[w] = Worker::Closing(closing);
    Some(())
}

/// Once they have ended: reads in one snapshot every row written at or after the barrier.
pub fn look(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let mut closing = closing(state, w)?;
    let Phase::Waiting(writers) = closing.phase else { return None };
    if are_open(state, writers) {
        return None;
    }
    let is_since = |row: &Row| protocol.guards.looks && row.version.xmin >= closing.barrier;
    let rows = state.database.table.rows().filter(is_since);
    let previous = rows.filter(Row::needs_previous_key).collect();
    let (next_barrier, is_proved) = (state.snapshot_xmin(), state.is_proved());
    closing.phase = Phase::Looked(Seen { previous, next_barrier, is_proved });
    state.workers[w] = Worker::Closing(closing);
    Some(())
}

/// `close_round.sql`: the barrier of this round, from which a successor looks again.
pub fn next_round(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let mut closing = closing(state, w)?;
    let Phase::Looked(seen) = closing.phase else { return None };
    closing.phase = Phase::Counted(seen);
    let is_ours = commit::is_ours(state, &closing.claim) || !protocol.guards.fences;
    let Some(close) = state.database.ledger.close.as_mut().filter(|_| is_ours) else {
        return not_ours(state, w);
    };
    close.barrier = closing.barrier;
    state.workers[w] = Worker::Closing(closing);
    Some(())
}

/// Reseals what the look found; who holds a row, or changed it, makes a conflict.
pub fn reseal_found(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let mut closing = closing(state, w)?;
    let Phase::Counted(seen) = &closing.phase else { return None };
    if !commit::fence(protocol, state, &closing.claim) {
        return not_ours(state, w);
    }
    let conflicts = commit::write(protocol, state, &seen.previous);
    let next_barrier = seen.next_barrier;
    let settling = Settling { conflicts, next_barrier, holders: 0, is_missing: false };
    go_on(protocol, state, w, &mut closing, settling)
}

/// Reads one row at its place under its lock, and reseals it there.
pub fn settle(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let mut closing = closing(state, w)?;
    let Phase::Settling(mut settling) = closing.phase.clone() else { return None };
    if !commit::fence(protocol, state, &closing.claim) {
        return not_ours(state, w);
    }
    let Row { place, .. } = settling.conflicts.pop()?;
    match state.database.table.at(place).map(|version| Row { place, version }) {
        None => settling.is_missing = true,
        Some(_) if state.is_held(place) => {
            settling.holders |= set_of(state, |t| state.transactions[t].holds(place));
        }
        Some(row) if row.needs_previous_key() => {
            let xmin = state.assign_xid();
            commit::reseal(state, place, row.version.value.plaintext, xmin);
        }
        Some(_) => {}
    }
    go_on(protocol, state, w, &mut closing, settling)
}

fn go_on(
    protocol: &Protocol,
    state: &mut State,
    w: WorkerId,
    closing: &mut Closing,
    settling: Settling,
) -> Option<()> {
    if settling.conflicts.is_empty() {
        closing.end_round(protocol, &settling);
    } else {
        closing.phase = Phase::Settling(settling);
    }
    state.workers[w] = Worker::Closing(closing.clone());
    Some(())
}

/// Ends the run: `completed`, or `incomplete` when values keep turning up. This commit is durable.
pub fn end(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let closing = closing(state, w)?;
    let Phase::Counted(seen) = closing.phase else { return None };
    let is_ours = commit::is_ours(state, &closing.claim) || !protocol.guards.fences;
    // for the observer: no crash has brought back what the look saw resealed
    let is_still_so = state.is_unchanged_below(seen.next_barrier);
    let ledger = &mut state.database.ledger;
    let Some(close) = ledger.close.as_mut().filter(|_| is_ours) else {
        return not_ours(state, w);
    };
    close.done = true;
    state.workers[w] = Worker::Idle;
    if ledger.is_running() {
        ledger.run = match seen.previous.is_empty() {
            true => RunState::Completed,
            false => RunState::Incomplete,
        };
        if ledger.run == RunState::Completed {
            state.witness.completed = Some(seen.is_proved && is_still_so);
        }
    }
    if protocol.guards.ends_durably {
        state.flush_wal();
    }
    Some(())
}

/// The close was taken over, or a crash undid it: everything is read anew.
fn not_ours(state: &mut State, w: WorkerId) -> Option<()> {
    state.workers[w] = Worker::Idle;
    Some(())
}
