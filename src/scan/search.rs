//! The search: tables shared among a few connections, each table with its own time.

mod worker;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use super::Depth;
use super::catalogue::{self, Catalogue, ColumnFacts, Kind, NotLookedAt, TableFacts};
use super::forms::Roster;
use super::rings::SearchRings;
use super::spots::Spots;
use super::tally::Tally;
use crate::db::pool::Database;
use crate::db::session::Terms;
use crate::error::{Error, Result};
use worker::Worker;

/// Connections at once, at most.
const CONNECTIONS_MAX: usize = 4;
/// What to search with, where and how far.
pub struct Search {
    pub rings: SearchRings,
    pub roster: Arc<Roster>,
    /// Empty for all.
    pub schemas: Vec<String>,
    pub depth: Depth,
    /// When to stop, whatever is left.
    pub until: Option<Instant>,
    /// Where values should stand.
    pub spots: Spots,
}

/// Everything that was seen.
#[derive(Default)]
pub struct Seen {
    pub columns: Vec<SeenColumn>,
    pub tables: usize,
    pub not_looked_at: Vec<NotLookedAt>,
}

/// One column and what its values came to.
pub struct SeenColumn {
    pub table: Arc<TableFacts>,
    pub column: ColumnFacts,
    /// With the forms that were found for this column.
    pub roster: Arc<Roster>,
    pub tally: Tally,
    /// Whether every row was looked at.
    pub is_whole: bool,
}

impl SeenColumn {
    /// Whether its values are strings of documents: in json and jsonb always, in text most of them.
    pub fn has_documents(&self) -> bool {
        let Tally { in_documents, .. } = self.tally;
        self.column.kind == Kind::Json || in_documents * 2 > self.tally.authenticated()
    }
}

/// Looks at every column of the database that may hold values.
///
/// # Errors
/// A schema does not exist; the database is lost.
pub async fn search(database: &Database, search: Search) -> Result<Seen> {
    let mut session = database.session().await?;
    let transaction = session.begin(&Terms::reading()).await?;
    let Catalogue { tables, not_looked_at } =
        catalogue::read(&transaction, &search.schemas).await?;
    transaction.commit().await?;
    drop(session);
    let workers = CONNECTIONS_MAX.min(database.connections()).min(tables.len()).max(1);
    let mut seen = Seen { tables: tables.len(), not_looked_at, ..Seen::default() };
    let queue: VecDeque<Arc<TableFacts>> = tables.into_iter().map(Arc::new).collect();
    let (search, queue) = (Arc::new(search), Arc::new(Mutex::new(queue)));
    let working: Vec<_> = (0..workers)
        .map(|_| {
            let worker = Worker::new(Arc::clone(&search));
            tokio::spawn(worker.work(database.clone(), Arc::clone(&queue)))
        })
        .collect();
    for worker in working {
        let done = worker.await.map_err(|_| Error::bug("a worker of the search panicked"))?;
        let done = done?;
        seen.columns.extend(done.columns);
        seen.not_looked_at.extend(done.not_looked_at);
    }
    seen.columns.sort_by(|one, other| {
        one.table.relation.cmp(&other.table.relation).then(one.column.name.cmp(&other.column.name))
    });
    let by_name = |one: &NotLookedAt, other: &NotLookedAt| {
        one.relation.cmp(&other.relation).then(one.column.cmp(&other.column))
    };
    seen.not_looked_at.sort_by(by_name);
    Ok(seen)
}
