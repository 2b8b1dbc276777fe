//! A worker: opens passes, claims, fetches, judges and commits, as `src/rotate/worker.rs` and its rooms.

use super::close::{self, Closing};
use super::commit;
use super::guards::Guards;
use super::ledger::{Claim, Ledger, Step, WorkerId};
use super::protocol::{Action, Protocol};
use super::state::State;
use super::table::{Place, Row, Table, Xid};
use super::world;

/// What a worker is at, and all that it remembers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Worker {
    Idle,
    Opening(Opening),
    Walking(Walking),
    Closing(Closing),
}

/// A pass that is being opened: its transaction holds the run's row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Opening {
    barrier: Option<Xid>,
    extent: Option<Place>,
}

/// A claimed shard, and the page that was read last.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Walking {
    pub claim: Claim,
    pub page: Option<Page>,
    /// Only without the shared transaction: the checkpoint has moved, the rows are not written yet.
    pub is_ahead: bool,
}

/// The rows of a page that are to be written, and where the cursor then stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Page {
    pub rows: Vec<Row>,
    pub end: u8,
    pub is_last: bool,
}

impl Worker {
    fn claim(&self) -> Option<&Claim> {
        match self {
            Self::Idle | Self::Opening(_) => None,
            Self::Walking(walking) => Some(&walking.claim),
            Self::Closing(closing) => Some(&closing.claim),
        }
    }

    /// Whether it is at work on this step, and the ledger says that it may.
    pub fn is_owner(&self, ledger: &Ledger, step: Step) -> bool {
        self.claim().is_some_and(|claim| claim.step == step && ledger.is_at_epoch_of(claim))
    }
}

/// What this worker may do next.
pub fn actions(protocol: &Protocol, state: &State, w: WorkerId, actions: &mut Vec<Action>) {
    match &state.workers[w] {
        // which of the idle ones goes on does not matter
        Worker::Idle if state.workers[..w].contains(&Worker::Idle) => {}
        Worker::Idle if !state.database.ledger.is_running() => {}
        Worker::Idle if !state.database.ledger.pass_is_done() => actions.push(Action::Claim(w)),
        Worker::Idle => actions.push(open_next(&protocol.guards, &Opening::default(), w)),
        Worker::Opening(opening) => actions.push(open_next(&protocol.guards, opening, w)),
        Worker::Walking(Walking { page: None, .. }) => actions.push(Action::Fetch(w)),
        Worker::Walking(Walking { is_ahead: false, .. }) => actions.push(Action::CommitPage(w)),
        Worker::Walking(Walking { is_ahead: true, .. }) => actions.push(Action::WriteRows(w)),
        Worker::Closing(closing) => actions.push(close::next(protocol, closing, w)),
    }
}

/// The barrier comes first, unless that guard is taken out.
fn open_next(guards: &Guards, opening: &Opening, w: WorkerId) -> Action {
    let barrier_is_due = match guards.extents_after_barrier {
        true => opening.barrier.is_none(),
        false => opening.extent.is_some(),
    };
    if barrier_is_due { Action::AddClose(w) } else { Action::Extents(w) }
}

/// Claims the open checkpoint, if it is free.
pub fn claim(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let step = state.database.ledger.open_step()?;
    if !world::is_free(state, step) {
        return None;
    }
    let asks_incarnation = protocol.scope.is_pooled && protocol.guards.asks_incarnation;
    let incarnation = asks_incarnation.then_some(state.incarnation);
    let claim = state.database.ledger.claim(step, w, incarnation)?;
    state.workers[w] = match step {
        Step::Reseal | Step::Walk => {
            Worker::Walking(Walking { claim, page: None, is_ahead: false })
        }
        Step::Close => Worker::Closing(Closing::begin(protocol, &state.database.ledger, claim)?),
    };
    Some(())
}

/// Opening a pass: adds the close, and with it the barrier.
pub fn add_close(guards: &Guards, state: &mut State, w: WorkerId) -> Option<()> {
    let barrier = match guards.barrier_is_xmin {
        true => state.snapshot_xmin(),
        false => state.database.next_xid,
    };
    opening(state, w)?.barrier = Some(barrier);
    open(state, w)
}

/// Opening a pass: reads the extent of the table.
pub fn extents(state: &mut State, w: WorkerId) -> Option<()> {
    let extent = state.database.table.extent();
    opening(state, w)?.extent = Some(extent);
    open(state, w)
}

/// The pass that this worker is opening; another that is doing so holds the run's row.
fn opening(state: &mut State, w: WorkerId) -> Option<&mut Opening> {
    let is_locked = |(n, worker): (usize, &Worker)| n != w && matches!(worker, Worker::Opening(_));
    if state.workers.iter().enumerate().any(is_locked) {
        return None;
    }
    if state.workers[w] == Worker::Idle {
        state.workers[w] = Worker::Opening(Opening::default());
    }
    match &mut state.workers[w] {
        Worker::Opening(opening) => Some(opening),
        _ => None,
    }
}

/// Commits the new pass once everything of it is known.
fn open(state: &mut State, w: WorkerId) -> Option<()> {
    if let Opening { barrier: Some(barrier), extent: Some(extent) } = *opening(state, w)? {
        state.database.ledger.open_proof(barrier, extent);
        state.workers[w] = Worker::Idle;
    }
    Some(())
}

/// Reads the next page, and judges it.
pub fn fetch(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let rows = protocol.scope.page_rows;
    let table = &state.database.table;
    let Worker::Walking(Walking { claim, page, .. }) = &mut state.workers[w] else { return None };
    let fetched = match claim.step {
        Step::Walk => by_block(table, claim.position, rows, claim.until),
        Step::Reseal | Step::Close => by_key(table, claim.position, rows),
    };
    *page = Some(judge(fetched));
    Some(())
}

fn by_key(table: &Table, after: u8, rows: u8) -> Page {
    let mut page: Vec<Row> = table.rows().filter(|row| row.version.row_key > after).collect();
    page.sort_by_key(|row| row.version.row_key);
    page.truncate(usize::from(rows));
    let end = page.last().map_or(after, |row| row.version.row_key);
    Page { end, is_last: page.is_empty(), rows: page }
}

fn by_block(table: &Table, after: u8, rows: u8, until: Place) -> Page {
    let end = until.min(after + rows);
    let page = table.rows().filter(|row| (after..end).contains(&row.place)).collect();
    Page { rows: page, end, is_last: end >= until }
}

/// What opens with the current key needs nothing.
fn judge(mut page: Page) -> Page {
    page.rows.retain(Row::needs_previous_key);
    page
}

/// Fence, rows, checkpoint, COMMIT. Who is not let through the fence has lost the shard.
pub fn commit_page(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let Worker::Walking(Walking { claim, page: Some(page), .. }) = state.workers[w].clone() else {
        return None;
    };
    if !commit::fence(protocol, state, &claim) {
        state.workers[w] = Worker::Idle;
        return Some(());
    }
    let conflicts = match protocol.guards.shares_transaction {
        true => commit::write(protocol, state, &page.rows),
        false => Vec::new(),
    };
    // without the fence a zombie moves a checkpoint of an earlier pass, which is not kept here
    let is_of_this_pass = state.database.ledger.pass == claim.pass;
    if is_of_this_pass {
        let ledger = &mut state.database.ledger;
        ledger.shard.has_conflicts |= !conflicts.is_empty();
        ledger.move_checkpoint(page.end, page.is_last);
        if claim.step == Step::Walk && page.is_last {
            state.walk_ends();
        }
    }
    let is_ahead = !protocol.guards.shares_transaction && !page.rows.is_empty();
    go_on(state, w, claim, page, is_ahead);
    Some(())
}

/// Only without the shared transaction: the rows of a page whose checkpoint has moved already.
pub fn write_rows(protocol: &Protocol, state: &mut State, w: WorkerId) -> Option<()> {
    let Worker::Walking(Walking { claim, page: Some(page), .. }) = state.workers[w].clone() else {
        return None;
    };
    let conflicts = commit::write(protocol, state, &page.rows);
    state.database.ledger.shard.has_conflicts |= !conflicts.is_empty();
    go_on(state, w, claim, page, false);
    Some(())
}

/// On to the next page, or to the next shard.
fn go_on(state: &mut State, w: WorkerId, claim: Claim, page: Page, is_ahead: bool) {
    let (position, is_last) = (page.end, page.is_last);
    let claim = Claim { position, ..claim };
    let page = is_ahead.then_some(page);
    state.workers[w] = match is_last && !is_ahead {
        true => Worker::Idle,
        false => Worker::Walking(Walking { claim, page, is_ahead }),
    };
}
