//! The ledger: the run, and the checkpoints of its current pass. Its statements are those of `sql/ledger`.

use super::table::{Place, Xid};

/// Number of a worker.
pub type WorkerId = usize;

/// How a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RunState {
    Running,
    Completed,
    Incomplete,
}

/// What is done with the rows of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    Reseal,
    Walk,
    Close,
}

/// Who owns a checkpoint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Lease {
    pub owner: Option<WorkerId>,
    pub epoch: u8,
    pub has_run_out: bool,
}

/// The one shard of a pass: key order in a resealing pass, physical order in a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Shard {
    /// A row key or a place, by the step; 0 at the start.
    pub position: u8,
    /// The extent of a walk.
    pub until: Place,
    pub done: bool,
    /// Counts the pages that were committed.
    pub pages: u8,
    pub has_conflicts: bool,
    pub lease: Lease,
}

/// The closing unit of a proof.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Close {
    pub barrier: Xid,
    pub done: bool,
    pub lease: Lease,
}

/// A checkpoint at an epoch, and the position that the cursor has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Claim {
    pub pass: u8,
    pub step: Step,
    pub epoch: u8,
    pub position: u8,
    /// The extent of a walk.
    pub until: Place,
    /// Behind a pooler: the incarnation of the server in which it was claimed.
    pub incarnation: Option<u8>,
}

/// The run and its current pass; a pass with a close is a proof.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Ledger {
    pub run: RunState,
    pub pass: u8,
    pub shard: Shard,
    pub close: Option<Close>,
}

impl Ledger {
    pub fn is_running(&self) -> bool {
        self.run == RunState::Running
    }

    pub fn pass_is_done(&self) -> bool {
        self.shard.done && self.close.is_none_or(|close| close.done)
    }

    /// The checkpoint that is worked on next: the close waits for the walk.
    pub fn open_step(&self) -> Option<Step> {
        match &self.close {
            None => (!self.shard.done).then_some(Step::Reseal),
            Some(_) if !self.shard.done => Some(Step::Walk),
            Some(close) => (!close.done).then_some(Step::Close),
        }
    }

    pub fn lease(&mut self, step: Step) -> Option<&mut Lease> {
        match step {
            Step::Close => self.close.as_mut().map(|close| &mut close.lease),
            Step::Reseal | Step::Walk => Some(&mut self.shard.lease),
        }
    }

    /// `claim.sql`: a new owner, a new epoch.
    pub fn claim(&mut self, step: Step, owner: WorkerId, incarnation: Option<u8>) -> Option<Claim> {
        let (pass, Shard { position, until, .. }) = (self.pass, self.shard);
        let lease = self.lease(step)?;
        *lease = Lease { owner: Some(owner), epoch: lease.epoch + 1, has_run_out: false };
        let position = if step == Step::Close { 0 } else { position };
        Some(Claim { pass, step, epoch: lease.epoch, position, until, incarnation })
    }

    /// Whether the claim is the newest of its checkpoint.
    pub fn is_at_epoch_of(&self, claim: &Claim) -> bool {
        let epoch = match claim.step {
            Step::Close => self.close.map(|close| close.lease.epoch),
            Step::Reseal => self.close.is_none().then_some(self.shard.lease.epoch),
            Step::Walk => self.close.and(Some(self.shard.lease.epoch)),
        };
        self.pass == claim.pass && epoch == Some(claim.epoch)
    }

    /// Whether the checkpoint still stands where the claim's cursor does.
    pub fn is_at_position_of(&self, claim: &Claim) -> bool {
        claim.step == Step::Close || self.shard.position == claim.position
    }

    /// `move_checkpoint.sql`: position and counts of one page; renews the lease.
    pub fn move_checkpoint(&mut self, position: u8, done: bool) {
        let shard = &mut self.shard;
        (shard.position, shard.done) = (position, done);
        shard.pages = shard.pages.saturating_add(1);
        shard.lease.has_run_out = false;
    }

    /// `enter_pass.sql`, `add_close.sql`, `add_shard.sql`: the next pass is a proof.
    pub fn open_proof(&mut self, barrier: Xid, extent: Place) {
        self.pass += 1;
        self.shard = Shard { until: extent, ..Shard::default() };
        self.close = Some(Close { barrier, ..Close::default() });
    }
}
