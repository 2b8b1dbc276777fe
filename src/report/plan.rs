//! A plan, for people and as JSON.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use crate::db::ledger::run::{Relation, RingKeys};
use crate::kms::KmsSettings;
use crate::plan::{Calls, Order, Plan, TablePlan, Warning};
use crate::report::OneLine;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlanReport {
    /// What `reseal run` would do: start, resume or supersede.
    pub action: String,
    pub needs_resealing: bool,
    pub estimated_records: u64,
    /// From the first row to the proof.
    pub estimated_seconds: f64,
    /// What the estimates stand on.
    pub estimated_from: &'static str,
    pub keys: Vec<RingKeys>,
    pub tables: Vec<TableLine>,
    /// What key services are asked for, where they are.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub key_services: Vec<CallLine>,
    pub warnings: Vec<Warning>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallLine {
    pub service: &'static str,
    pub estimated_calls: u64,
    pub calls_per_second: u32,
    /// At that rate.
    pub estimated_seconds: f64,
    /// At list prices, without what is free; absent where nobody is paid for calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub estimated_dollars: Option<f64>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TableLine {
    pub table: String,
    pub row_key: Vec<String>,
    pub estimated_rows: u64,
    pub estimated_records: u64,
    /// Values under a previous key.
    pub estimated_to_reseal: u64,
    pub estimated_bytes: u64,
    /// Every rewritten row leaves a dead one behind until VACUUM.
    pub estimated_dead_tuples: u64,
    pub estimated_wal_bytes: u64,
    pub estimated_seconds: f64,
    /// How the pass that reseals walks it: `key` or `heap`.
    pub order: &'static str,
    pub columns: Vec<ColumnLine>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ColumnLine {
    pub column: String,
    /// As it was written: the name of a preset, or a template.
    pub layout: String,
    /// What the preset stands for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// Where in a document the values stand.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    pub layout_was_found: bool,
    pub sampled: u64,
    pub current_key_opens: u64,
    pub previous_keys_open: u64,
    pub unreadable: u64,
}

pub fn of(plan: &Plan, keys: Vec<RingKeys>, relation: &Relation, kms: KmsSettings) -> PlanReport {
    let action = match relation {
        Relation::Resume(run_id) => format!("resume run {run_id}"),
        Relation::Supersede(runs) => format!("supersede run {}", joined(runs)),
        Relation::New | Relation::Overlap(_) if plan.needs_resealing => {
            "reseal, then prove".to_owned()
        }
        Relation::New | Relation::Overlap(_) => {
            "prove: nothing seems to be left to reseal".to_owned()
        }
    };
    PlanReport {
        action,
        needs_resealing: plan.needs_resealing,
        estimated_records: plan.estimated_records(),
        estimated_seconds: seconds(plan.estimated_duration()),
        estimated_from: ESTIMATED_FROM,
        keys,
        tables: plan.tables().iter().map(|table| line(table)).collect(),
        key_services: plan.calls(kms).into_iter().map(call_line).collect(),
        warnings: plan.warnings.clone(),
    }
}

/// Said with every estimate, since nobody should take it for more than it is.
const ESTIMATED_FROM: &str = "a random sample of each table, timed: rows and values per block, \
     what the server took to read a row and this machine to open a value; a write is taken for so many \
     reads as in benches/README.md; slow disks, replicas and a busy server take longer";

fn call_line(calls: Calls) -> CallLine {
    CallLine {
        service: calls.service.label(),
        estimated_calls: calls.calls,
        calls_per_second: calls.calls_per_second,
        estimated_seconds: seconds(calls.duration),
        estimated_dollars: calls.dollars.map(|dollars| (dollars * 100.0).ceil() / 100.0),
    }
}

/// To a tenth.
fn seconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 10.0).round() / 10.0
}

fn joined(runs: &[i64]) -> String {
    runs.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn line(table: &TablePlan) -> TableLine {
    let columns = table.columns.iter().map(|column| ColumnLine {
        column: column.name.name().to_owned(),
        layout: column.layout.write().shown().to_owned(),
        template: column.layout.write().template_of_preset().map(str::to_owned),
        paths: column.paths.as_ref().map(|paths| paths.paths().to_vec()).unwrap_or_default(),
        layout_was_found: column.layout_was_found,
        sampled: column.sample.values,
        current_key_opens: column.sample.current,
        previous_keys_open: column.sample.previous,
        unreadable: column.sample.unreadable(),
    });
    TableLine {
        table: table.relation.plain(),
        row_key: table.key.columns.iter().map(|key| key.name.name().to_owned()).collect(),
        estimated_rows: table.estimate.rows,
        estimated_records: table.estimate.values,
        estimated_to_reseal: table.estimate.to_reseal,
        estimated_bytes: table.estimate.bytes,
        estimated_dead_tuples: table.estimate.rewritten(),
        estimated_wal_bytes: table.estimate.wal_bytes,
        estimated_seconds: seconds(table.estimate.duration),
        order: match table.order {
            Order::ByKey => "key",
            Order::Physical => "heap",
        },
        columns: columns.collect(),
    }
}

impl fmt::Display for PlanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "plan: {}, about {} records in about {} s",
            self.action, self.estimated_records, self.estimated_seconds
        )?;
        for ring in &self.keys {
            let previous =
                if ring.previous.is_empty() { "none".into() } else { ring.previous.join(", ") };
            let name = OneLine(&ring.ring);
            write!(f, "\n  ring {name}: current key {}, previous {previous}", ring.current)?;
        }
        for table in &self.tables {
            write!(
                f,
                "\n  table {} by ({}): about {} rows, {} records, {} to reseal, {} bytes, {} dead tuples, {} bytes of WAL, {} s, in {} order",
                OneLine(&table.table),
                OneLine(table.row_key.join(", ")),
                table.estimated_rows,
                table.estimated_records,
                table.estimated_to_reseal,
                table.estimated_bytes,
                table.estimated_dead_tuples,
                table.estimated_wal_bytes,
                table.estimated_seconds,
                table.order
            )?;
            for column in &table.columns {
                let found = if column.layout_was_found { ", found by authentication" } else { "" };
                let stands_for = column.template.as_ref().map(|it| format!(" ({it})"));
                let stands_for = stands_for.unwrap_or_default();
                let within = if column.paths.is_empty() { "" } else { " in " };
                write!(
                    f,
                    "\n    {}: {}{stands_for}{within}{}{found}; of {} sampled values the current key opens {}, previous keys {}, none {}",
                    OneLine(&column.column),
                    OneLine(&column.layout),
                    OneLine(column.paths.join(", ")),
                    column.sampled,
                    column.current_key_opens,
                    column.previous_keys_open,
                    column.unreadable
                )?;
            }
        }
        for line in &self.key_services {
            let CallLine { service, estimated_calls, calls_per_second, estimated_seconds, .. } =
                line;
            write!(
                f,
                "\n  key service {service}: about {estimated_calls} calls, {estimated_seconds} s at {calls_per_second} a second"
            )?;
            if let Some(dollars) = line.estimated_dollars {
                write!(f, ", {dollars:.2} dollars at list prices")?;
            }
        }
        write!(f, "\n  estimated from {}", self.estimated_from)?;
        for warning in &self.warnings {
            write!(
                f,
                "\n  warning: {}\n    where: {}\n    hint: {}",
                OneLine(&warning.what),
                OneLine(&warning.place),
                OneLine(&warning.hint)
            )?;
        }
        Ok(())
    }
}
