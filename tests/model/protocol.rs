//! The protocol as a state machine: who may act, and what the actions are called.

use stateright::{Model, Property};

use super::guards::Guards;
use super::ledger::WorkerId;
use super::properties;
use super::scope::{Scope, Statement};
use super::state::State;
use super::table::{Place, Placing};
use super::{application, close, worker, world};

/// One step. Those of a worker bear the names of the code's functions; each is one transaction, or what
/// happens between two.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Action {
    AddClose(WorkerId),
    Extents(WorkerId),
    Claim(WorkerId),
    Fetch(WorkerId),
    CommitPage(WorkerId),
    WriteRows(WorkerId),
    WaitForWriters(WorkerId),
    Look(WorkerId),
    NextRound(WorkerId),
    ResealFound(WorkerId),
    Settle(WorkerId),
    End(WorkerId),

    /// A statement of the application, and the place of its row.
    Execute(usize, Statement, Option<Place>),
    Commit(usize, Placing),
    Rollback(usize),

    LeaseRunsOut,
    LoseSession(WorkerId),
    FlushWal,
    Crash,
}

/// The protocol under some guards, within some scope.
#[derive(Clone, Copy, Debug)]
pub struct Protocol {
    pub scope: Scope,
    pub guards: Guards,
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::before(&self.scope)]
    }

    fn actions(&self, state: &State, actions: &mut Vec<Action>) {
        for w in 0..state.workers.len() {
            worker::actions(self, state, w, actions);
        }
        world::actions(state, actions);
        // nothing is promised about who begins to write after the end
        if state.database.ledger.is_running() {
            application::actions(self, state, actions);
        }
    }

    /// `None` when the action has to wait, or has no effect.
    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut state = last.clone();
        match action {
            Action::AddClose(w) => worker::add_close(&self.guards, &mut state, w),
            Action::Extents(w) => worker::extents(&mut state, w),
            Action::Claim(w) => worker::claim(self, &mut state, w),
            Action::Fetch(w) => worker::fetch(self, &mut state, w),
            Action::CommitPage(w) => worker::commit_page(self, &mut state, w),
            Action::WriteRows(w) => worker::write_rows(self, &mut state, w),
            Action::WaitForWriters(w) => close::wait_for_writers(self, &mut state, w),
            Action::Look(w) => close::look(self, &mut state, w),
            Action::NextRound(w) => close::next_round(self, &mut state, w),
            Action::ResealFound(w) => close::reseal_found(self, &mut state, w),
            Action::Settle(w) => close::settle(self, &mut state, w),
            Action::End(w) => close::end(self, &mut state, w),
            Action::Execute(t, what, at) => application::execute(&mut state, t, what, at),
            Action::Commit(t, placing) => application::commit(self, &mut state, t, placing),
            Action::Rollback(t) => application::rollback(&mut state, t),
            Action::LeaseRunsOut => world::lease_runs_out(&mut state),
            Action::LoseSession(w) => world::lose_session(&mut state, w),
            Action::FlushWal => state.flush_wal(),
            Action::Crash => world::crash(self, &mut state),
        }?;
        Some(state)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        properties::all()
    }
}
