//! Leads from configuration to plan: inspect, judge, sample, judge again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::decide::{self, Draft, Judgement, Purpose, samples};
use super::layout_search::Search;
use super::sample::{self, Sample, SampleCount};
use super::{ColumnPlan, Estimate, Plan, TablePlan, inspect};
use crate::config::{Config, TableConfig};
use crate::db::session::{Session, Terms};
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};
use crate::keys::KeyRing;

/// The rings of a configuration, loaded.
pub type Rings = BTreeMap<String, Arc<KeyRing>>;

/// How much a plan looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Catalogue and samples: before a run.
    Full,
    /// The catalogue alone: at the start of every later pass.
    Catalogue,
}

/// Makes a plan and fills into `config` every layout that was found by authentication.
///
/// # Errors
/// Exit 3 with all refusals together; exit 5 when the database cannot be read.
pub async fn plan(
    session: &mut Session,
    config: &mut Config,
    rings: &Rings,
    depth: Depth,
    purpose: Purpose,
) -> Result<Plan> {
    let transaction = session.begin(&Terms::reading()).await?;
    let mut judgement = Judgement { purpose, ..Judgement::default() };
    let server = inspect::server(&transaction).await?;
    decide::server(&server, &config.run, &mut judgement);
    let mut drafts = Vec::new();
    for (index, table) in config.tables.iter().enumerate() {
        let ring = ring(rings, table)?;
        drafts.extend(draft(&transaction, index, table, ring, &mut judgement).await?);
    }
    let drafts = without_twins(drafts, &mut judgement);
    let mut looked = Looked::default();
    if depth == Depth::Full && !server.in_recovery {
        looked = look(&transaction, config, &drafts, &mut judgement).await?;
    }
    transaction.commit().await?;
    refuse(&mut judgement)?;
    fill_layouts(config, looked.found);
    let needs_resealing = match depth {
        Depth::Full => !samples::nothing_to_do(&looked.by_column, &mut judgement),
        Depth::Catalogue => true,
    };
    let tables: Vec<Arc<TablePlan>> = drafts
        .into_iter()
        .zip(looked.samples.into_iter().map(Some).chain(std::iter::repeat_with(|| None)))
        .map(|(draft, sample)| Arc::new(table_plan(draft, sample, config)))
        .collect();
    for table in &tables {
        samples::cost(&table.relation.plain(), &table.estimate, &mut judgement);
    }
    Ok(Plan {
        tables,
        warnings: judgement.warnings,
        deadlock_timeout: server.deadlock_timeout,
        needs_resealing,
    })
}

/// All refusals as one error, if there are any.
pub fn refuse(judgement: &mut Judgement) -> Result<()> {
    Error::all(std::mem::take(&mut judgement.refusals)).map_or(Ok(()), Err)
}

fn ring<'r>(rings: &'r Rings, table: &TableConfig) -> Result<&'r Arc<KeyRing>> {
    rings.get(&table.ring).ok_or_else(|| Error::bug("a table's key ring was not loaded"))
}

async fn draft(
    transaction: &Transaction<'_>,
    index: usize,
    table: &TableConfig,
    ring: &Arc<KeyRing>,
    judgement: &mut Judgement,
) -> Result<Vec<Draft>> {
    let relations = inspect::relations(transaction, &table.name).await?;
    if relations.is_empty() {
        judgement.refusals.push(
            Error::refused("no table of this name holds rows")
                .at(table.name.to_string())
                .hint("check schema, spelling (odd names need double quotes) and database"),
        );
    }
    let draft = |facts| decide::relation(index, table, facts, ring, judgement);
    Ok(relations.iter().filter_map(draft).collect())
}

/// A table that two configured names mean would be rewritten twice.
fn without_twins(drafts: Vec<Draft>, judgement: &mut Judgement) -> Vec<Draft> {
    let mut kept: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match kept.iter().find(|other| other.oid == draft.oid) {
            Some(other) => judgement.refusals.push(
                Error::refused(format!(
                    "{} and {} both mean this table",
                    other.configured, draft.configured
                ))
                .at(draft.relation.plain())
                .hint("configure all columns of a table under one name"),
            ),
            None => kept.push(draft),
        }
    }
    kept
}

/// What the samples brought.
#[derive(Default)]
struct Looked {
    samples: Vec<Looks>,
    by_column: BTreeMap<String, SampleCount>,
    found: Vec<(usize, String, crate::layout::ColumnLayout)>,
}

/// The sample of one relation, counted by column.
struct Looks {
    rows_estimate: u64,
    sampled: u64,
    counts: Vec<SampleCount>,
}

async fn look(
    transaction: &Transaction<'_>,
    config: &Config,
    drafts: &[Draft],
    judgement: &mut Judgement,
) -> Result<Looked> {
    let mut looked = Looked::default();
    let mut searches: BTreeMap<(usize, String), Search> = BTreeMap::new();
    let mut drawn: Vec<Sample> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let sample = sample::draw(transaction, draft, config.run.value_bytes_max).await?;
        for (n, column) in draft.columns.iter().enumerate().filter(|(_, c)| c.layout.is_none()) {
            let name = (draft.table_index, column.name.name().to_owned());
            searches.entry(name).or_default().look_at(draft, n, &sample, &draft.ring);
        }
        drawn.push(sample);
    }
    for ((table, column), search) in searches {
        let place = format!("{}.{column}", config.tables[table].name);
        match search.result(&place) {
            Ok(layout) => looked.found.push((table, column, layout)),
            Err(refusal) => judgement.refusals.push(refusal),
        }
    }
    for (draft, sample) in drafts.iter().zip(&drawn) {
        looked.samples.push(count(draft, sample, &looked.found, &mut looked.by_column));
    }
    for (place, count) in &looked.by_column {
        samples::judge(place, count, &config.run, judgement);
    }
    Ok(looked)
}

fn count(
    draft: &Draft,
    sample: &Sample,
    found: &[(usize, String, crate::layout::ColumnLayout)],
    by_column: &mut BTreeMap<String, SampleCount>,
) -> Looks {
    let mut counts = Vec::with_capacity(draft.columns.len());
    for (n, column) in draft.columns.iter().enumerate() {
        let found = found
            .iter()
            .find(|(table, name, _)| *table == draft.table_index && name == column.name.name());
        let layout = column.layout.as_ref().or(found.map(|(_, _, layout)| layout));
        let counted = layout.map(|l| sample.count(draft, n, &draft.ring, l)).unwrap_or_default();
        by_column
            .insert(format!("{}.{}", draft.relation.plain(), column.name.name()), counted.clone());
        counts.push(counted);
    }
    Looks { rows_estimate: sample.rows_estimate, sampled: sample.len(), counts }
}

fn fill_layouts(config: &mut Config, found: Vec<(usize, String, crate::layout::ColumnLayout)>) {
    for (table, name, layout) in found {
        let columns = &mut config.tables[table].columns;
        if let Some(column) = columns.iter_mut().find(|column| column.name == name) {
            column.layout = Some(layout);
        }
    }
}

fn table_plan(draft: Draft, sample: Option<Looks>, config: &Config) -> TablePlan {
    let estimate = sample.as_ref().map(|looks| estimate(looks, draft.blocks)).unwrap_or_default();
    let mut counts = sample.map(|s| s.counts).unwrap_or_default().into_iter();
    let table = &config.tables[draft.table_index];
    let columns = draft
        .columns
        .into_iter()
        .map(|column| {
            let resolved = table.columns.iter().find(|c| c.name == column.name.name());
            let resolved = resolved.and_then(|c| c.layout.clone());
            ColumnPlan {
                layout_was_found: column.layout.is_none(),
                layout: resolved.expect("every layout is configured or was found"),
                name: column.name,
                kind: column.kind,
                aad_sources: column.aad_sources,
                aad_table: column.aad_table,
                sample: counts.next().unwrap_or_default(),
            }
        })
        .collect();
    TablePlan {
        configured: draft.configured,
        relation: draft.relation,
        oid: draft.oid,
        relfilenode: draft.relfilenode,
        blocks: draft.blocks,
        key: draft.key,
        columns,
        aad_columns: draft.aad_columns,
        version: draft.version,
        ring: draft.ring,
        estimate,
    }
}

/// Bytes of a block of the heap, as PostgreSQL is built by default.
const BLOCK_BYTES: u64 = 8_192;
/// Bytes of WAL that a rewritten row costs besides its new version (record headers, an index entry).
const WAL_BYTES_PER_ROW: u64 = 120;

/// Scales the sample up to the table.
fn estimate(looks: &Looks, blocks: u32) -> Estimate {
    let scale = |count: u64| match looks.sampled {
        0 => 0,
        sampled => {
            let scaled = u128::from(count) * u128::from(looks.rows_estimate) / u128::from(sampled);
            u64::try_from(scaled).unwrap_or(u64::MAX)
        }
    };
    let sum = |of: fn(&SampleCount) -> u64| looks.counts.iter().map(of).sum::<u64>();
    let heap_bytes = u64::from(blocks) * BLOCK_BYTES;
    let row_bytes = heap_bytes / looks.rows_estimate.max(1) + WAL_BYTES_PER_ROW;
    let rewritten = scale(sum(|c| c.previous)).min(looks.rows_estimate);
    let blocks_touched = if rewritten == 0 { 0 } else { heap_bytes };
    Estimate {
        wal_bytes: rewritten.saturating_mul(row_bytes).saturating_add(blocks_touched),
        rows: looks.rows_estimate,
        values: scale(sum(|c| c.values)),
        to_reseal: scale(sum(|c| c.previous)),
        bytes: scale(sum(|c| c.bytes)),
    }
}
