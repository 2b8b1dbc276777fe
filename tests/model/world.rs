//! What happens to everybody: leases run out, sessions are lost, the server crashes.

use super::application;
use super::ledger::{Step, WorkerId};
use super::protocol::{Action, Protocol};
use super::state::State;
use super::worker::Worker;

/// What may happen next.
pub fn actions(state: &State, actions: &mut Vec<Action>) {
    let ledger = &state.database.ledger;
    if ledger.is_running() {
        actions.push(Action::LeaseRunsOut);
        if state.budget.losses > 0 {
            let at_work = |(w, worker): (usize, &Worker)| {
                (*worker != Worker::Idle).then_some(Action::LoseSession(w))
            };
            actions.extend(state.workers.iter().enumerate().filter_map(at_work));
        }
    }
    if state.budget.crashes > 0 {
        actions.push(Action::Crash);
        if state.disk.as_ref() != Some(&state.database) {
            actions.push(Action::FlushWal);
        }
    }
}

/// A lease runs out though its owner is at work: stopped, throttled, slow.
pub fn lease_runs_out(state: &mut State) -> Option<()> {
    let step = state.database.ledger.open_step()?;
    let owner = state.database.ledger.lease(step)?.owner?;
    let is_at_work = state.workers[owner].is_owner(&state.database.ledger, step);
    let lease = state.database.ledger.lease(step)?;
    if state.budget.leases == 0 || lease.has_run_out || !is_at_work {
        return None;
    }
    lease.has_run_out = true;
    state.budget.leases -= 1;
    Some(())
}

/// A connection breaks, or the process is killed: either way what the worker held is gone.
pub fn lose_session(state: &mut State, worker: WorkerId) -> Option<()> {
    state.budget.losses = state.budget.losses.checked_sub(1)?;
    state.workers[worker] = Worker::Idle;
    Some(())
}

/// The server crashes and recovers. What was not on disk is undone, in the order of the WAL: the newest
/// commits, and the transaction ids given out since.
pub fn crash(protocol: &Protocol, state: &mut State) -> Option<()> {
    state.budget.crashes -= 1;
    state.incarnation += 1;
    state.database = match state.budget.crashes {
        0 => state.disk.take()?,
        _ => state.disk.clone()?,
    };
    for t in 0..state.transactions.len() {
        application::rollback(state, t);
    }
    let is_noticed = protocol.guards.discards_pages && !protocol.scope.is_pooled;
    for worker in &mut state.workers {
        let keeps_nothing = matches!(worker, Worker::Opening(_));
        if is_noticed || keeps_nothing {
            *worker = Worker::Idle;
        }
    }
    Some(())
}

/// Whether the claim of this step may be taken: nobody has it, its owner is gone, or the lease ran out.
pub fn is_free(state: &mut State, step: Step) -> bool {
    let Some(lease) = state.database.ledger.lease(step).copied() else { return false };
    let Some(owner) = lease.owner else { return true };
    lease.has_run_out || !state.workers[owner].is_owner(&state.database.ledger, step)
}
