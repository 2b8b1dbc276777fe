//! Tables and partitions that are dropped or detached in the middle of a pass: it goes on without them.

use super::context::Context;
use crate::db::ledger::close::{self, FinalCounts};
use crate::db::ledger::shard::{self, Claim, Step};
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};

/// Passes over a shard that an error has ended, when its table no longer is what the configuration means.
/// A close is passed over when any table of its walk is gone: another pass follows, which walks what is left.
///
/// # Errors
/// The given one, when nothing is gone, or nothing is left.
pub async fn pass_over(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    error: Error,
) -> Result<()> {
    if error.exit_code != ExitCode::Refused {
        return Err(error);
    }
    // what the plan says against the rest is found again by whoever resolves it next
    let Ok(plan) = context.resolve(session).await else { return Err(error) };
    let left = plan.relations();
    let transaction = session.begin(&Terms::ledger()).await?;
    let of_claim = match claim.step {
        Step::Close => {
            let walked = close::walked(&transaction, claim.id.run_id, claim.id.pass).await?;
            walked.into_iter().map(|table| table.relation).collect()
        }
        Step::Reseal | Step::ResealByBlock | Step::Walk => vec![claim.relation],
    };
    if of_claim.iter().all(|relation| left.contains(relation)) {
        return Err(error);
    }
    match claim.step {
        Step::Close => drop(close::done(&transaction, claim, FinalCounts::default()).await?),
        Step::Reseal | Step::ResealByBlock | Step::Walk => {
            shard::pass_over(&transaction, claim).await?
        }
    }
    transaction.commit().await?;
    tracing::warn!(
        target: "reseal", run = claim.id.run_id, pass = claim.id.pass, table = claim.id.table_name,
        shard = claim.id.shard,
        "a table of this pass is gone: going on without it"
    );
    Ok(())
}
