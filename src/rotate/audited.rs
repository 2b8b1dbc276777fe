//! What is audited of a run, besides its end: keys, settings, passes. Names, ids and counts.

use serde_json::{Value, json};

use super::passes::PassKind;
use crate::config::{Config, RunConfig, Who};
use crate::db::error::DatabaseError;
use crate::db::ledger::audit::{self, Event, EventKind};
use crate::db::ledger::run::{RingKeys, Wanted};
use crate::db::transaction::Transaction;

/// A process begins to work on a run, by a command that the run was started with or by the same again.
/// The last thing in its transaction.
pub async fn begun(
    transaction: &Transaction<'_>,
    kind: EventKind,
    run_id: i64,
    config: &Config,
    wanted: &Wanted,
) -> Result<(), DatabaseError> {
    let who = &config.run.who;
    let keys = json!({"rings": rings(config, &wanted.keys)});
    let loaded = Event::of_run(EventKind::KeysLoaded, run_id).with(keys);
    audit::append(transaction, who, &loaded).await?;
    let rights = audit::rights(transaction).await?;
    let detail = json!({
        "columns": wanted.columns,
        "config_digest": wanted.config_digest,
        "tool_version": env!("CARGO_PKG_VERSION"),
        "settings": settings(&config.run),
        "role_may_change_audit": rights.may_change,
    });
    audit::append(transaction, who, &Event::of_run(kind, run_id).with(detail)).await?;
    Ok(())
}

/// Runs whose work goes on under newer keys, in the run `by`.
pub async fn superseded(
    transaction: &Transaction<'_>,
    who: &Who,
    runs: &[i64],
    by: i64,
) -> Result<(), DatabaseError> {
    for run_id in runs {
        let event = Event::of_run(EventKind::RunSuperseded, *run_id).with(json!({"by": by}));
        audit::append(transaction, who, &event).await?;
    }
    Ok(())
}

/// A pass was opened.
pub async fn pass(
    transaction: &Transaction<'_>,
    who: &Who,
    run_id: i64,
    pass: i32,
    kind: PassKind,
) -> Result<(), DatabaseError> {
    let kind = match kind {
        PassKind::Reseal => "reseal",
        PassKind::Proof => "proof",
    };
    let event = Event::of_run(EventKind::PassStarted, run_id);
    audit::append(transaction, who, &event.with(json!({"pass": pass, "kind": kind}))).await?;
    Ok(())
}

/// Which keys were loaded, and where from: of each ring its ids and its sources by name.
pub fn rings(config: &Config, keys: &[RingKeys]) -> Vec<Value> {
    let ring = |keys: &RingKeys| {
        let sources = config.rings.get(&keys.ring);
        let current = sources.map(|ring| ring.current.from.to_string());
        let previous: Vec<String> = sources
            .map(|ring| ring.previous.iter().map(|source| source.from.to_string()).collect())
            .unwrap_or_default();
        json!({
            "ring": keys.ring,
            "current": keys.current, "current_source": current,
            "previous": keys.previous, "previous_sources": previous,
        })
    };
    keys.iter().map(ring).collect()
}

/// What changes what a run may do, or how fast it does it.
fn settings(run: &RunConfig) -> Value {
    json!({
        "workers": run.workers,
        "max_passes": run.max_passes,
        "max_failures": run.max_failures,
        "rows_per_second": run.rows_per_second,
        "value_bytes_max": run.value_bytes_max,
        "other_seals": run.other_seals,
        "allow_unreadable": run.allow_unreadable,
        "rollback": run.rollback,
        "ledger_on_subscriber": run.ledger_on_subscriber,
    })
}
