//! What is audited of a run, besides its end: keys, settings, passes. Names, ids and counts.

use std::sync::Arc;

use serde_json::{Value, json};

use super::passes::PassKind;
use crate::config::{Config, RunConfig, Who};
use crate::db::error::DatabaseError;
use crate::db::ledger::audit::{self, Event, EventKind};
use crate::db::ledger::run::Wanted;
use crate::db::ledger::scope::{ScopeCells, ScopeColumn, ScopePiece, ScopeTable};
use crate::db::transaction::Transaction;
use crate::keys::{KeyRing, RingKey};
use crate::layout::{ColumnLayout, Empty, Layout, Null, Unmatched};
use crate::plan::make::Rings;
use crate::plan::{BesideColumn, ColumnPlan, Plan, TablePlan};

/// A process that begins to work on a run, by a command that the run is started with or by the same again.
pub struct Beginning<'c> {
    pub config: &'c Config,
    pub rings: &'c Rings,
    pub wanted: &'c Wanted,
    pub plan: &'c Plan,
}

impl Beginning<'_> {
    /// The keys that were loaded, then the beginning itself: the last thing in its transaction.
    pub async fn audit(
        &self,
        transaction: &Transaction<'_>,
        kind: EventKind,
        run_id: i64,
    ) -> Result<(), DatabaseError> {
        let run = &self.config.run;
        let loaded = Event::of_run(EventKind::KeysLoaded, run_id);
        let loaded = loaded.with(loaded_keys(self.rings));
        audit::append(transaction, &run.who, &loaded).await?;
        let rights = audit::rights(transaction).await?;
        let tables: Vec<ScopeTable> = self.plan.tables().iter().map(|table| scope(table)).collect();
        let detail = json!({
            "tables": tables,
            "config_digest": self.wanted.config_digest,
            "tool_version": env!("CARGO_PKG_VERSION"),
            "settings": settings(run),
            "role_may_change_audit": rights.may_change,
        });
        audit::append(transaction, &run.who, &Event::of_run(kind, run_id).with(detail)).await?;
        Ok(())
    }
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

/// What is covered of a table.
pub fn scope(table: &TablePlan) -> ScopeTable {
    let piece = |piece: &BesideColumn| ScopePiece {
        column: piece.name.name().to_owned(),
        may_be_null: piece.may_be_null,
    };
    let column = |column: &ColumnPlan| ScopeColumn {
        column: column.name.name().to_owned(),
        layout: column.layout.write().name().to_owned(),
        read: column.layout.read().iter().map(|layout| layout.name().to_owned()).collect(),
        paths: column.paths.as_ref().map(|paths| paths.paths().to_vec()).unwrap_or_default(),
        beside: column.beside.iter().map(piece).collect(),
        cells: cells(&column.layout),
        meanings: column.layout.all().map(Layout::meaning).collect(),
    };
    ScopeTable {
        table: table.relation.plain(),
        relation: table.oid,
        columns: table.columns.iter().map(column).collect(),
    }
}

fn cells(layout: &ColumnLayout) -> ScopeCells {
    let nothing = layout.nothing();
    ScopeCells {
        empty_is_value: nothing.empty != Empty::Leave,
        null_is_value: nothing.null == Null::Fail,
        unmatched_is_left: layout.unmatched() == Unmatched::Leave,
    }
}

/// Which keys were loaded: the rings, and the keys that stay in their services.
pub fn loaded_keys(all: &Rings) -> Value {
    let mut loaded = json!({"rings": rings(all)});
    let services: Vec<String> = all.services.names().map(ToString::to_string).collect();
    if !services.is_empty() {
        loaded["key_services"] = json!(services);
    }
    loaded
}

/// Which keys were loaded, by id: from which source, and by which version of which KMS key it was wrapped.
fn rings(rings: &Rings) -> Vec<Value> {
    let key = |key: &RingKey| {
        let wrapping = key.wrapping();
        json!({
            "key": key.id().to_string(),
            "source": key.source(),
            "kms": wrapping.map(|wrapping| wrapping.kms.to_string()),
            "kms_version": wrapping.and_then(|wrapping| wrapping.version.clone()),
        })
    };
    let ring = |(name, ring): (&String, &Arc<KeyRing>)| {
        let previous: Vec<Value> = ring.previous().iter().map(key).collect();
        json!({"ring": name, "current": key(ring.current()), "previous": previous})
    };
    rings.iter().map(ring).collect()
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
        "verify_open": run.verify_open,
        "allow_unreadable": run.allow_unreadable,
        "rollback": run.rollback,
        "ledger_on_subscriber": run.ledger_on_subscriber,
    })
}
