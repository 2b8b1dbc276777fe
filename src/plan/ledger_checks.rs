//! What the ledger says against a run: swapped keys, an overlapping run, a spent nonce budget.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Plan;
use super::decide::Objections;
use crate::config::RunConfig;
use crate::db::error::DatabaseError;
use crate::db::ledger::run::{self, OpenRun, Relation, RingKeys, Wanted};
use crate::db::ledger::seals::{self, SEALS_MAX};
use crate::db::transaction::Transaction;
use crate::error::Error;
use crate::keys::KeyRing;

/// What the ledger knows that matters to this plan.
#[derive(Debug, Default)]
pub struct LedgerFacts {
    pub open_runs: Vec<OpenRun>,
    /// Current keys of ours that the newest run mentioning them had as a previous one.
    pub once_previous: Vec<String>,
    /// Seals reserved so far under each of our current keys.
    pub seals_reserved: BTreeMap<String, u64>,
}

/// Reads the ledger; it must exist.
pub async fn read(
    transaction: &Transaction<'_>,
    columns: &[String],
    keys: &[RingKeys],
) -> Result<LedgerFacts, DatabaseError> {
    let mut facts = LedgerFacts {
        open_runs: run::open_runs(transaction, columns).await?,
        ..Default::default()
    };
    for ring in keys {
        if run::was_current(transaction, &ring.current).await? == Some(false) {
            facts.once_previous.push(ring.current.clone());
        }
        let reserved = seals::reserved(transaction, &ring.current).await?;
        facts.seals_reserved.insert(ring.current.clone(), reserved);
    }
    Ok(facts)
}

/// Pure: judges the ledger's facts; answers how the command relates to unfinished runs. `plan` is
/// `None` when it was refused: then its values are not counted, and what else is wrong is said.
pub fn judge(
    facts: &LedgerFacts,
    wanted: &Wanted,
    plan: Option<&Plan>,
    config: &RunConfig,
    objections: &mut Objections,
) -> Relation {
    let relation = run::relate(&facts.open_runs, wanted);
    if let Relation::Overlap(run_id) = relation {
        objections.refusals.push(
            Error::refused(format!("run {run_id} is unfinished and covers some of these columns"))
                .at("the ledger")
                .hint(format!(
                    "finish it with its own command, run with all of its keys and columns, or end \
                     it: reseal abandon --run {run_id}"
                )),
        );
    }
    if let Relation::Supersede(_) = relation {
        for run in facts.open_runs.iter().filter(|run| run.keys == wanted.keys) {
            objections.warn(
                "the ledger",
                format!(
                    "run {} is unfinished, with the same keys and other tables or layouts: a run ends it and begins \
                     anew",
                    run.run_id
                ),
                "to go on with it instead, run the command that it was started with",
            );
        }
    }
    if !config.rollback {
        for key in &facts.once_previous {
            objections.refusals.push(
                Error::refused(format!("the current key {key} is one that was rotated away from"))
                    .at("the ledger")
                    .hint("the keys are swapped; to go back on purpose, say --rollback"),
            );
        }
    }
    for ring in &wanted.keys {
        let reserved = facts.seals_reserved.get(&ring.current).copied().unwrap_or(0);
        nonce_budget(&ring.current, reserved, plan, config, objections);
    }
    relation
}

/// At most 2^32 seals with random nonces under one key (NIST SP 800-38D, section 8.3). What is found
/// under the key, what we sealed and what the configuration adds is a lower bound.
fn nonce_budget(
    key: &str,
    reserved: u64,
    plan: Option<&Plan>,
    config: &RunConfig,
    objections: &mut Objections,
) {
    let tables = plan.map(Plan::tables).unwrap_or_default();
    let is_of_this_key = |ring: &Arc<KeyRing>| ring.current().id().to_string() == *key;
    let of_this_key = tables.iter().filter(|t| t.ring.as_ref().is_some_and(is_of_this_key));
    let values: u64 = of_this_key.map(|table| table.estimate.values).sum();
    let seals = values.saturating_add(reserved).saturating_add(config.other_seals);
    if seals >= SEALS_MAX {
        objections.refusals.push(
            Error::refused(format!(
                "about {seals} seals under key {key} exceed the budget of 2^32"
            ))
            .at("the nonce budget")
            .hint("rotate to a fresh key, or split the data over several key rings"),
        );
    } else if seals >= SEALS_MAX / 2 {
        objections.warn(
            "the nonce budget",
            format!("about {seals} of 2^32 seals under key {key} are used"),
            "plan the next rotation before the budget is spent",
        );
    }
}
