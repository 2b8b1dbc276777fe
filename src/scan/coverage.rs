//! What a configuration does not cover: columns, and layouts of configured columns, in which values authenticate
//! and which it does not name.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Depth;
use super::forms::{Form, Roster};
use super::rings::SearchRings;
use super::search::{Search, Seen, SeenColumn, search};
use super::spots::Spots;
use super::tally::Hit;
use super::verdict::Found;
use crate::config::{ColumnConfig, Config, TableConfig};
use crate::db::pool::Database;
use crate::error::Result;
use crate::keys::UnwrappedKeys;
use crate::layout::Layout;

/// How long the search may take when it is made beside something else.
pub const TIME: Duration = Duration::from_secs(10);

/// What was looked at, and what of it is not covered.
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    pub tables: usize,
    pub columns: usize,
    pub values: u64,
    /// Whether samples were looked at rather than every value.
    pub is_sampled: bool,
    pub uncovered: Vec<Uncovered>,
    /// Columns that could not be looked at.
    pub not_looked_at: Vec<String>,
}

/// Values that authenticate, and that the configuration does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uncovered {
    /// `schema.table.column`.
    pub place: String,
    /// Whether the column is configured, with other layouts.
    pub is_configured: bool,
    pub layout: String,
    /// Values in this layout.
    pub values: u64,
    /// Sources of the keys that open them.
    pub keys: Vec<String>,
    /// Where in documents some of them stand, when their layout is configured and `json` does not lead to them.
    pub paths: Vec<String>,
}

/// What the tables of a configuration do not cover, from samples, within a few seconds. Its rings are those
/// that its tables use.
///
/// # Errors
/// A key is missing; the database is lost.
pub async fn coverage(
    database: &Database,
    config: &Config,
    unwrapped: &UnwrappedKeys,
) -> Result<Coverage> {
    let columns = config.tables.iter().flat_map(|table| &table.columns);
    let layouts = columns.filter_map(|column| column.layout.as_ref()).flat_map(|l| l.all());
    let configured = layouts.map(|layout| Form::configured(layout.alone()));
    let configured = Roster::default().with(configured);
    let roster = Arc::new(configured.with(Roster::new(&[], &[]).forms));
    let rings = SearchRings::load(config.rings.values(), &roster, unwrapped)?;
    let until = Some(Instant::now() + TIME);
    let (depth, schemas) = (Depth::Sample, Vec::new());
    let (search_rings, spots) = (rings.clone(), Spots::of(&config.tables));
    let search = Search { rings: search_rings, roster, schemas, depth, until, spots };
    let seen = self::search(database, search).await?;
    Ok(Coverage::of(&seen, &config.tables, &rings, depth))
}

impl Coverage {
    /// Compares what was seen with the tables of a configuration.
    pub fn of(seen: &Seen, tables: &[TableConfig], rings: &SearchRings, depth: Depth) -> Self {
        Self::beside(seen, rings, depth, |column| configured(column, tables, rings))
    }

    /// Compares what was seen with whatever else may cover it.
    pub fn beside<'c>(
        seen: &Seen,
        rings: &SearchRings,
        depth: Depth,
        covered: impl Fn(&SeenColumn) -> Covered<'c>,
    ) -> Self {
        let mut not_looked_at: Vec<String> = Vec::new();
        for passed in &seen.not_looked_at {
            let relation = passed.relation.plain();
            not_looked_at.push(match &passed.column {
                Some(column) => format!("{relation}.{}: {}", column.name(), passed.why),
                None => format!("{relation}: {}", passed.why),
            });
        }
        let uncovered = |column: &SeenColumn| uncovered(column, covered(column), rings);
        Self {
            tables: seen.tables,
            columns: seen.columns.len(),
            values: seen.columns.iter().map(|column| column.tally.values).sum(),
            is_sampled: depth == Depth::Sample,
            uncovered: seen.columns.iter().filter_map(uncovered).collect(),
            not_looked_at,
        }
    }
}

/// How far a column is covered.
pub enum Covered<'c> {
    /// Nothing names it.
    Nothing,
    /// Whatever its values come to.
    Everything,
    /// Values that open so.
    Where(Box<Opens<'c>>),
}

/// Whether this key, in this layout, is one by which values are covered.
pub type Opens<'c> = dyn Fn(&Hit, &Layout) -> bool + 'c;

/// What of a column is not covered.
fn uncovered(seen: &SeenColumn, covered: Covered<'_>, rings: &SearchRings) -> Option<Uncovered> {
    let mut tally = seen.tally.clone();
    let is_configured = match &covered {
        Covered::Nothing => false,
        Covered::Everything => return None,
        Covered::Where(opens) => {
            let is_covered = |hit: &Hit| opens(hit, &seen.roster.forms[hit.form].layout);
            let unnamed = &seen.tally.unnamed;
            tally.opened.retain(|hits, values| {
                if hits.iter().any(is_covered) {
                    *values = unnamed.get(hits).copied().unwrap_or_default();
                }
                *values > 0
            });
            true
        }
    };
    let found = Found::of(&tally, &seen.roster, rings)?;
    let forms: Vec<String> = found.parts.iter().map(|part| part.form.describe()).collect();
    let keys = found.keys.keys().map(|key| rings.source(found.ring, *key).to_owned());
    let relation = &seen.table.relation;
    Some(Uncovered {
        place: format!("{}.{}", relation.plain(), seen.column.name.name()),
        is_configured,
        layout: forms.join("; "),
        values: found.authenticated(),
        keys: keys.collect(),
        paths: match is_configured {
            true => tally.unnamed_paths.into_iter().collect(),
            false => Vec::new(),
        },
    })
}

/// What a configuration says of a column.
fn configured<'c>(
    seen: &SeenColumn,
    tables: &'c [TableConfig],
    rings: &SearchRings,
) -> Covered<'c> {
    let table = tables.iter().filter(|table| seen.table.is_named_by(table));
    let name = seen.column.name.name();
    let is_beside = |column: &ColumnConfig| column.name != name && column.writes(name);
    if table.clone().flat_map(|table| &table.columns).any(is_beside) {
        // a piece of the value in another column, which is opened with it
        return Covered::Everything;
    }
    let columns: Vec<(&TableConfig, &ColumnConfig)> = table
        .flat_map(|table| table.columns.iter().map(move |column| (table, column)))
        .filter(|(_, column)| column.name == name)
        .collect();
    if columns.is_empty() {
        return Covered::Nothing;
    }
    let known = columns
        .into_iter()
        .map(|(table, column)| Some((rings.named(&table.ring), column.layout.as_ref()?)));
    // a layout that is still to be found will be the one that opens them
    let Some(known) = known.collect::<Option<Vec<_>>>() else { return Covered::Everything };
    Covered::Where(Box::new(move |hit, form| {
        known.iter().any(|(ring, layout)| {
            Some(hit.ring) == *ring && layout.all().any(|known| known.alone().is_same_as(form))
        })
    }))
}
