//! Where a worker is held before a page, until nothing stands against it: the shard stays ours meanwhile, and
//! the ledger says why.

use std::time::{Duration, Instant};

use super::context::Context;
use super::narrow::CommitError;
use super::waits::{Wait, WaitReason, Waiting};
use crate::db::ledger::shard::{self, Claim};
use crate::db::session::{Session, Terms};
use crate::error::Result;

/// How often a held worker looks whether it may go on.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// A wait is told to the ledger at once when it takes so long, shorter ones with the next page.
const TOLD_AFTER: Duration = Duration::from_secs(1);
/// What was read so long ago may have changed: it is read again rather than found in conflict.
const OLD_AFTER: Duration = Duration::from_secs(2);

/// What a worker has waited for.
#[derive(Debug, Default)]
pub struct Held {
    pub waited: Option<Wait>,
    /// What was read before is old.
    pub is_old: bool,
}

/// The hold of one claimed shard.
pub struct Hold<'h> {
    pub context: &'h Context,
    pub claim: &'h Claim,
}

impl Hold<'_> {
    /// Returns when the next page may be committed; `writes` says whether it writes to the table.
    ///
    /// # Errors
    /// [`CommitError::NotOurs`] when the shard was taken over or the run is no longer wanted meanwhile; exit
    /// 4 or 6 when the process is to stop; exit 5 when what is to be waited for cannot be found out.
    pub async fn before_page(
        &self,
        session: &mut Session,
        writes: bool,
    ) -> Result<Held, CommitError> {
        let context = self.context;
        let begun = Instant::now();
        let ticket = context.throttle.ticket();
        let mut told = Told { reason: None, at: begun };
        let mut held: Option<(Wait, Waiting<'_>)> = None;
        loop {
            context.stop.check()?;
            context.look(session).await?;
            context.throttle.ask(session).await?;
            let Some((wait, pause)) = context.throttle.wait(writes, ticket) else { break };
            // the new one begins before the old one ends, so that it counts as one
            held = Some((wait.clone(), context.progress.waits.begin(wait)));
            if let Some((wait, _)) = &held
                && told.is_due(wait, begun, context.config.run.lease)
            {
                self.tell(session, wait).await?;
                told = Told { reason: Some(wait.reason), at: Instant::now() };
            }
            let pause = pause.min(LOOK_EVERY).min(context.config.run.lease / 4);
            context.stop.sleep(pause).await?;
        }
        let is_old = begun.elapsed() >= OLD_AFTER;
        Ok(Held { waited: held.map(|(wait, _)| wait), is_old })
    }

    async fn tell(&self, session: &mut Session, wait: &Wait) -> Result<(), CommitError> {
        let id = &self.claim.id;
        tracing::debug!(
            target: "reseal", run = id.run_id, pass = id.pass, table = id.table_name, shard = id.shard,
            reason = wait.reason.as_str(), "{wait}"
        );
        let lease = self.context.config.run.lease;
        let transaction = session.begin(&Terms::ledger()).await?;
        let ours =
            shard::renew_lease(&transaction, self.claim, lease, Some(wait.for_ledger())).await?;
        transaction.commit().await?;
        if ours { Ok(()) } else { Err(CommitError::NotOurs) }
    }
}

/// What the ledger was told last.
struct Told {
    reason: Option<WaitReason>,
    at: Instant,
}

impl Told {
    /// What stands there is another wait, or the lease is running out.
    fn is_due(&self, wait: &Wait, begun: Instant, lease: Duration) -> bool {
        let is_news = self.reason != Some(wait.reason) && begun.elapsed() >= TOLD_AFTER;
        is_news || self.at.elapsed() >= lease / 3
    }
}
