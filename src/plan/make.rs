//! Leads from configuration to plan: inspect, judge, sample, judge again.

use std::collections::BTreeMap;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Instant;

use super::ask::{self, Asked};
use super::decide::{self, Draft, Objections, Purpose, TableKeys, samples};
use super::estimate::{Estimate, Hands, Sampled};
use super::found::ServerFacts;
use super::layout_search::Search;
use super::sample::{self, Sample, SampleCount, per};
use super::{ColumnPlan, Plan, TablePlan, inspect, keys};
use crate::config::{Config, TableConfig};
use crate::db::session::{Session, Terms};
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};
use crate::keys::ColumnKeys;
use crate::layout::ColumnLayout;

pub use super::keys::Rings;

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
    let newest = keys::newest(config, rings, purpose).await?;
    let transaction = session.begin(&Terms::reading()).await?;
    let mut objections = Objections { purpose, ..Objections::default() };
    let server = inspect::server(&transaction).await?;
    decide::server(&server, &config.run, &mut objections);
    let mut drafts = Vec::new();
    for (index, table) in config.tables.iter().enumerate() {
        let keys = TableKeys {
            ring: keys::ring(rings, table)?,
            services: &rings.services,
            newest: &newest,
            verify_open: config.run.verify_open,
        };
        let drafted = draft(&transaction, index, table, keys, &mut objections).await;
        drafts.extend(drafted.map_err(|error| error.near(table.name.to_string()))?);
    }
    let drafts = without_twins(drafts, &mut objections);
    let mut drawn = Vec::new();
    if depth == Depth::Full && !server.in_recovery {
        drawn = draw(&transaction, config, &drafts).await?;
    }
    transaction.commit().await?;
    // the transaction is over: some values take their time to open
    let asked = ask::all(&drafts, &drawn, purpose).await?;
    let looked = look(config, &drafts, drawn, asked, &mut objections);
    objections.none_or_all()?;
    fill_layouts(config, &looked.found);
    let needs_resealing = match depth {
        Depth::Full => !samples::nothing_to_do(&looked.by_column, &mut objections),
        Depth::Catalogue => true,
    };
    let tables: Vec<Arc<TablePlan>> = drafts
        .into_iter()
        .zip(looked.samples.into_iter().map(Some).chain(std::iter::repeat_with(|| None)))
        .map(|(draft, sample)| Arc::new(table_plan(draft, sample, &looked.found, config, &server)))
        .collect();
    for table in &tables {
        samples::cost(&table.relation.plain(), &table.estimate, &mut objections);
    }
    Ok(Plan {
        tables,
        warnings: objections.warnings,
        deadlock_timeout: server.deadlock_timeout,
        needs_resealing,
    })
}

async fn draft(
    transaction: &Transaction<'_>,
    index: usize,
    table: &TableConfig,
    keys: TableKeys<'_>,
    objections: &mut Objections,
) -> Result<Vec<Draft>> {
    let relations = inspect::relations(transaction, &table.name).await?;
    if relations.is_empty() {
        objections.refusals.push(
            Error::refused("no table of this name holds rows")
                .at(table.name.to_string())
                .hint("check schema, spelling (odd names need double quotes) and database"),
        );
    }
    let draft = |facts| decide::relation(index, table, facts, keys, objections);
    Ok(relations.iter().filter_map(draft).collect())
}

/// A table that two configured names mean would be rewritten twice.
fn without_twins(drafts: Vec<Draft>, objections: &mut Objections) -> Vec<Draft> {
    let mut kept: Vec<Draft> = Vec::with_capacity(drafts.len());
    for draft in drafts {
        match kept.iter().find(|other| other.oid == draft.oid) {
            Some(other) => objections.refusals.push(
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
    samples: Vec<Sampled>,
    by_column: BTreeMap<String, SampleCount>,
    found: Vec<FoundLayout>,
}

/// A layout that was found by authentication, and whose it is.
struct FoundLayout {
    /// Which of the configured tables.
    table: usize,
    column: String,
    layout: ColumnLayout,
    keys: Arc<ColumnKeys>,
}

/// A sample of each relation, and how well its keys follow the heap.
async fn draw(
    transaction: &Transaction<'_>,
    config: &Config,
    drafts: &[Draft],
) -> Result<Vec<(Sample, Option<f64>)>> {
    let mut drawn = Vec::with_capacity(drafts.len());
    for draft in drafts {
        let sample = sample::draw(transaction, draft, config.run.value_bytes_max).await?;
        let correlation = sample::correlation(transaction, draft, sample.rows_estimate).await?;
        drawn.push((sample, correlation));
    }
    Ok(drawn)
}

/// Opens what was drawn.
fn look(
    config: &Config,
    drafts: &[Draft],
    drawn: Vec<(Sample, Option<f64>)>,
    mut asked: Asked,
    objections: &mut Objections,
) -> Looked {
    let mut looked = Looked::default();
    let mut searches: BTreeMap<(usize, String), Search> = BTreeMap::new();
    for (draft, (sample, _)) in drafts.iter().zip(&drawn) {
        for (n, column) in draft.columns.iter().enumerate().filter(|(_, c)| c.layout.is_none()) {
            let name = (draft.table_index, column.name.name().to_owned());
            if let Some(ring) = &draft.ring {
                searches.entry(name).or_default().look_at(draft, n, sample, ring);
            }
        }
    }
    for ((table, column), search) in searches {
        let place = format!("{}.{column}", config.tables[table].name);
        match search.result(&place, objections.purpose) {
            Ok((layout, keys)) => {
                looked.found.push(FoundLayout { table, column, layout, keys });
            }
            Err(refusal) => objections.refusals.push(refusal),
        }
    }
    for (place, (draft, (sample, correlation))) in drafts.iter().zip(drawn).enumerate() {
        samples::paths(draft, &sample, objections);
        let asked = |index| asked.remove(&(place, index));
        let mut sampled = count(draft, &sample, &looked.found, asked, &mut looked.by_column);
        sampled.correlation = correlation;
        looked.samples.push(sampled);
    }
    for (place, count) in &looked.by_column {
        samples::judge(place, count, &config.run, objections);
    }
    looked
}

fn count(
    draft: &Draft,
    sample: &Sample,
    found: &[FoundLayout],
    mut asked: impl FnMut(usize) -> Option<SampleCount>,
    by_column: &mut BTreeMap<String, SampleCount>,
) -> Sampled {
    let begun = Instant::now();
    let mut counts = Vec::with_capacity(draft.columns.len());
    for (n, column) in draft.columns.iter().enumerate() {
        let is_ours = |found: &&FoundLayout| {
            found.table == draft.table_index && found.column == column.name.name()
        };
        let found = found.iter().find(is_ours).map(|found| (&found.layout, &found.keys));
        let layout = column.layout.as_ref().map(|(layout, keys)| (layout, keys)).or(found);
        let local = layout.filter(|_| column.sealed.is_none() && column.envelope.is_none());
        let counted = local.map(|(layout, keys)| sample.count(draft, n, layout, keys));
        let counted = asked(n).or(counted).unwrap_or_default();
        by_column
            .insert(format!("{}.{}", draft.relation.plain(), column.name.name()), counted.clone());
        counts.push(counted);
    }
    let values = counts.iter().map(|count| count.values).sum::<u64>();
    Sampled {
        rows_estimate: sample.rows_estimate,
        rows: sample.row_count(),
        counts,
        reading: sample.reading,
        opening: per(begun.elapsed(), values),
        correlation: None,
    }
}

fn fill_layouts(config: &mut Config, found: &[FoundLayout]) {
    for found in found {
        let columns = &mut config.tables[found.table].columns;
        if let Some(column) = columns.iter_mut().find(|column| column.name == found.column) {
            column.layout = Some(found.layout.clone());
        }
    }
}

fn table_plan(
    draft: Draft,
    sample: Option<Sampled>,
    found: &[FoundLayout],
    config: &Config,
    server: &ServerFacts,
) -> TablePlan {
    let of = |sample: &Sampled| Estimate::of(sample, draft.blocks, hands(config));
    let estimate = sample.as_ref().map(of).unwrap_or_default();
    let correlation = sample.as_ref().and_then(|sample| sample.correlation);
    let order = estimate.order(correlation, server.wal_bytes_max);
    let mut counts = sample.map(|s| s.counts).unwrap_or_default().into_iter();
    let of_table = |found: &&FoundLayout| found.table == draft.table_index;
    let columns = draft
        .columns
        .into_iter()
        .map(|column| {
            let layout_was_found = column.layout.is_none();
            let found = found.iter().filter(of_table).find(|f| f.column == column.name.name());
            let found = || found.map(|found| (found.layout.clone(), Arc::clone(&found.keys)));
            let resolved = column.layout.or_else(found);
            let (layout, keys) = resolved.expect("every layout is configured or was found");
            ColumnPlan {
                layout_was_found,
                layout,
                keys,
                sealed: column.sealed,
                envelope: column.envelope,
                name: column.name,
                number: column.number,
                kind: column.kind,
                beside: column.beside,
                paths: column.paths,
                aad_sources: column.aad_sources,
                aad_table: column.aad_table,
                sample: counts.next().unwrap_or_default(),
            }
        })
        .collect();
    TablePlan {
        relation: draft.relation,
        oid: draft.oid,
        key: draft.key,
        columns,
        aad_columns: draft.aad_columns,
        version: draft.version,
        ring: draft.ring,
        estimate,
        order,
    }
}

fn hands(config: &Config) -> Hands {
    let workers = u32::try_from(config.run.workers).unwrap_or(u32::MAX);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    Hands { workers, cores: u32::try_from(cores).unwrap_or(u32::MAX) }
}
