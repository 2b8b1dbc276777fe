//! What the scope of a run does not cover, as far as the keys that are at hand now can tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use tokio_postgres::types::Type;

use crate::config::CoverageKeys;
use crate::db::ledger::scope::{ScopeColumn, ScopeTable};
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::error::Result;
use crate::keys::{KeyRing, KeyUse, RingConfig, UnwrappedKeys};
use crate::layout::{Layout, Settings};
use crate::ops::{passphrases, unwrap};
use crate::report::run_report::{Coverage, CoverageSearch, KeyFacts, NotSearched, OutsideColumn};
use crate::scan::Depth;
use crate::scan::coverage::{self, Covered, Uncovered};
use crate::scan::forms::Roster;
use crate::scan::rings::SearchRings;
use crate::scan::search::{Search, SeenColumn, search};
use crate::scan::spots::Spots;

/// Searches a sample of every column with the run's keys, and compares what opens with what the run covered.
/// A search that cannot be made spoils no report.
pub async fn look(
    database: &Database,
    session: &mut Session,
    keys: Option<Result<CoverageKeys>>,
    scope: &[ScopeTable],
    of_run: &[KeyFacts],
) -> Coverage {
    let looked = match keys {
        None => return Coverage::none(&NotSearched::Unasked),
        Some(Err(error)) => Err(error),
        Some(Ok(keys)) => try_to_look(database, session, keys, scope, of_run).await,
    };
    match looked {
        Ok(Some(search)) => Coverage::of(search),
        Ok(None) => Coverage::none(&NotSearched::OtherKeys),
        Err(error) => Coverage::none(&NotSearched::Trouble(error)),
    }
}

/// `None` when none of the keys is one of the run.
async fn try_to_look(
    database: &Database,
    session: &mut Session,
    keys: CoverageKeys,
    scope: &[ScopeTable],
    of_run: &[KeyFacts],
) -> Result<Option<CoverageSearch>> {
    let CoverageKeys { mut rings, kms, mut configured } = keys;
    rings.retain(|name, _| of_run.iter().any(|key| key.ring == *name));
    let names: BTreeSet<&str> = scope.iter().flat_map(|t| &t.columns).flat_map(layouts).collect();
    configured.extend(
        names
            .iter()
            .map(|name| Settings { layout: Some((*name).to_owned()), ..Settings::default() }),
    );
    let roster = Arc::new(Roster::new(&configured, &[]));
    let sources = rings.values().flat_map(RingConfig::sources);
    let unwrapped = unwrap::all(sources, kms, false).await;
    let searched = SearchRings::load(rings.values(), &roster, &unwrapped)?;
    let at_hand = ids(session, &rings, &names, &unwrapped).await?;
    drop(unwrapped);
    let ids = of_run.iter().map(|key| key.key.clone()).collect::<BTreeSet<String>>();
    let (keys, missing_keys): (Vec<_>, Vec<_>) =
        ids.into_iter().partition(|id| at_hand.contains(id));
    if keys.is_empty() {
        return Ok(None);
    }
    let covered = Scope::read(session, scope).await?;
    let until = Some(Instant::now() + coverage::TIME);
    let (rings, schemas, depth) = (searched.clone(), Vec::new(), Depth::Sample);
    // a run remembers its layouts, and not its paths
    let spots = Spots::default();
    let seen = search(database, Search { rings, roster, schemas, depth, until, spots }).await?;
    let found = coverage::Coverage::beside(&seen, &searched, depth, |seen| covered.of(seen));
    let outside = |found: Uncovered| {
        let Uncovered { place, is_configured, layout, values, keys, .. } = found;
        OutsideColumn { column: place, in_scope: is_configured, layout, values, keys }
    };
    Ok(Some(CoverageSearch {
        tables: found.tables,
        columns: found.columns,
        values: found.values,
        keys,
        missing_keys,
        outside: found.uncovered.into_iter().map(outside).collect(),
        not_looked_at: found.not_looked_at,
    }))
}

/// What the keys of these rings are called. What a text is as a key is for layouts to say, so those of the
/// configuration are asked, and those of the run.
async fn ids(
    session: &mut Session,
    rings: &BTreeMap<String, RingConfig>,
    layouts: &BTreeSet<&str>,
    unwrapped: &UnwrappedKeys,
) -> Result<BTreeSet<String>> {
    let of_run = layouts.iter().filter_map(|name| Layout::named(name).ok());
    let of_run: Vec<KeyUse> = of_run.map(|layout| KeyUse::of(&layout, false)).collect();
    let mut loaded: Vec<Arc<KeyRing>> = Vec::new();
    for config in rings.values() {
        for uses in [config.uses.clone(), of_run.clone()] {
            let ring = KeyRing::load_with(&RingConfig { uses, ..config.clone() }, unwrapped);
            // as a key of these layouts it is none
            loaded.extend(ring.ok().map(Arc::new));
        }
    }
    passphrases::name(session, loaded.iter_mut()).await?;
    let keys =
        loaded.iter().flat_map(|ring| std::iter::once(ring.current()).chain(ring.previous()));
    Ok(keys.map(|key| key.id().to_string()).collect())
}

fn layouts(column: &ScopeColumn) -> impl Iterator<Item = &str> {
    std::iter::once(&column.layout).chain(&column.read).map(String::as_str)
}

/// The tables of a run by the names that they have now.
struct Scope<'s> {
    tables: BTreeMap<(String, String), &'s ScopeTable>,
}

impl<'s> Scope<'s> {
    async fn read(session: &mut Session, scope: &'s [ScopeTable]) -> Result<Self> {
        let relations: Vec<u32> = scope.iter().map(|table| table.relation).collect();
        let transaction = session.begin(&Terms::reading()).await?;
        let found =
            transaction.query(sql::REPORT_RELATIONS, &[(&relations, Type::OID_ARRAY)]).await?;
        transaction.commit().await?;
        let tables = found.iter().filter_map(|row| {
            let table = scope.iter().find(|t| t.relation == row.get::<_, u32>("relation"))?;
            Some(((row.get("schema_name"), row.get("table_name")), table))
        });
        Ok(Self { tables: tables.collect() })
    }

    /// Every relation that holds rows of the column must be one of the run's.
    fn of(&self, seen: &SeenColumn) -> Covered<'s> {
        let column_of = |table: &&'s ScopeTable| {
            table.columns.iter().find(|column| column.column == seen.column.name.name())
        };
        let columns =
            seen.table.leaves.iter().map(|leaf| self.tables.get(leaf).and_then(column_of));
        let Some(columns) = columns.collect::<Option<Vec<&ScopeColumn>>>() else {
            return Covered::Nothing;
        };
        let known: BTreeSet<&String> =
            columns.into_iter().flat_map(|column| &column.meanings).collect();
        Covered::Where(Box::new(move |_, form| known.contains(&form.meaning())))
    }
}
