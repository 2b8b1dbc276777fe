//! What a close comes to: the proof as the ledger keeps it, and the end of the run.

use std::time::Duration;

use serde_json::{Value, json};

use crate::db::ledger;
use crate::db::ledger::close::FinalCounts;
use crate::db::ledger::run::Ending;
use crate::db::ledger::shard::Claim;
use crate::db::session::{Session, Terms};
use crate::error::ExitCode;
use crate::plan::Plan;
use crate::rotate::audited;
use crate::rotate::context::Context;
use crate::rotate::ending;
use crate::rotate::narrow::CommitError;
use crate::rotate::shown;
use crate::rotate::snapshot::Seen;

/// What the ledger keeps of the proof.
pub(super) fn proof(
    seen: &Seen,
    plan: &Plan,
    barrier: &str,
    waited: Duration,
    round: u32,
) -> Value {
    let moment = &seen.moment;
    let relations: Vec<Value> = seen
        .relations
        .iter()
        .map(|r| {
            let table = plan.tables().iter().find(|table| table.oid == r.relation);
            let columns = table.map(|table| audited::scope(table).columns);
            json!({
                "table": r.table_name, "relation": r.relation, "file": r.relfilenode,
                "columns": columns.unwrap_or_default(),
            })
        })
        .collect();
    let mut proof = json!({
        "moment": moment.time,
        "lsn": moment.lsn,
        "timeline": moment.timeline,
        "barrier": barrier,
        "rounds": round,
        "waited_ms": u64::try_from(waited.as_millis()).unwrap_or(u64::MAX),
        "rows_in_close": seen.rows,
        "relations": relations,
    });
    let services = shown::of(plan);
    if !services.is_empty() {
        proof["key_services"] = services.into();
    }
    proof
}

/// Ends the run. This commit is durable, which makes all before it so.
pub(super) async fn end(
    session: &mut Session,
    context: &Context,
    claim: &Claim,
    plan: &Plan,
    remaining: u64,
    proof: Value,
) -> Result<(), CommitError> {
    let transaction = session.begin(&Terms::durable()).await?;
    let failures = ending::settle_failures(&transaction, claim, plan).await?;
    let counts = FinalCounts { remaining, failed: failures.failed, accepted: failures.accepted };
    if !ledger::close::done(&transaction, claim, counts).await? {
        return Err(CommitError::NotOurs);
    }
    let ending = if remaining > 0 {
        Ending {
            state: "incomplete",
            exit_code: ExitCode::Unfinished,
            reason: Some(format!(
                "{remaining} values turned up under a previous key again: a service still writes with it"
            )),
            proof: None,
        }
    } else if failures.failed > failures.accepted {
        let state = "completed_with_failures";
        Ending { state, exit_code: ExitCode::Unfinished, reason: None, proof: Some(proof) }
    } else {
        Ending { state: "completed", exit_code: ExitCode::Done, reason: None, proof: Some(proof) }
    };
    ending::end(&transaction, context.who(), context.run_id, &ending).await?;
    crate::failpoint!("before-end");
    transaction.commit().await?;
    Ok(())
}
