//! One connection of a search: takes a table, draws from it, has the values tried, and takes the next.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Search, Seen, SeenColumn};
use crate::db::error::{DatabaseError, Trouble};
use crate::db::identifier::Identifier;
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::error::{Error, Result};
use crate::scan::catalogue::{ColumnFacts, NotLookedAt, TableFacts};
use crate::scan::draw::{self, COLUMNS_MAX, Values};
use crate::scan::look::{self, Looked};
use crate::scan::tally::Tally;
use crate::scan::trials::{Place, Trials};
use crate::scan::{Depth, bindings};

/// How long a statement of a sample may take, and the sample of one table.
const STATEMENT_TIME: Duration = Duration::from_secs(10);
const TABLE_TIME: Duration = Duration::from_secs(30);
/// Rows that are tried together when every value is, and bytes of them.
const BATCH_ROWS: usize = 1_000;
const BATCH_BYTES: usize = 8 << 20;

/// One connection's share.
pub struct Worker {
    search: Arc<Search>,
    seen: Seen,
}

impl Worker {
    pub fn new(search: Arc<Search>) -> Self {
        Self { search, seen: Seen::default() }
    }

    /// Looks at one table after another until none is left.
    pub async fn work(
        mut self,
        database: Database,
        queue: Arc<Mutex<VecDeque<Arc<TableFacts>>>>,
    ) -> Result<Seen> {
        let mut session = database.session().await?;
        loop {
            let next = queue.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            let Some(table) = next else { return Ok(self.seen) };
            if self.search.until.is_some_and(|until| Instant::now() >= until) {
                self.pass_over(&table, "no time was left".to_owned());
                continue;
            }
            for columns in table.columns.chunks(COLUMNS_MAX) {
                match self.table(&mut session, &table, columns).await {
                    Ok(()) => {}
                    Err(Lost::Table(trouble)) => self.pass_over_columns(&table, columns, &trouble),
                    Err(Lost::All(error)) => return Err(error),
                }
            }
        }
    }

    async fn table(
        &mut self,
        session: &mut Session,
        table: &Arc<TableFacts>,
        columns: &[ColumnFacts],
    ) -> Result<(), Lost> {
        let texts = self.texts(table);
        let sampled = self.sample(session, table, columns, &texts);
        let sampled = match tokio::time::timeout(self.time(), sampled).await {
            Ok(sampled) => sampled?,
            Err(_) => return Err(Lost::Table("its time was up".to_owned())),
        };
        let mut columns_seen = sampled;
        if self.search.depth == Depth::Everything {
            self.every(session, table, &mut columns_seen, &texts).await?;
        }
        self.seen.columns.extend(columns_seen.into_iter().map(|(_, seen)| seen));
        Ok(())
    }

    /// How long a table may take now.
    fn time(&self) -> Duration {
        let left = self.search.until.map(|until| until.saturating_duration_since(Instant::now()));
        left.map_or(TABLE_TIME, |left| left.min(TABLE_TIME))
    }

    async fn sample(
        &self,
        session: &mut Session,
        table: &Arc<TableFacts>,
        columns: &[ColumnFacts],
        texts: &[Identifier],
    ) -> Result<Vec<(Arc<Trials>, SeenColumn)>, Lost> {
        let transaction = session.begin(&draw::terms(STATEMENT_TIME.min(self.time()))).await?;
        let values = draw::sample(&transaction, table, columns, texts).await?;
        let is_whole = values.is_whole;
        let names: Arc<[String]> = texts.iter().map(|name| name.name().to_owned()).collect();
        let trials = columns.iter().map(|column| Arc::new(self.trials(table, column, &names)));
        let looked = look::at_sample(Arc::clone(table), values, trials.collect()).await?;
        let mut seen = Vec::with_capacity(columns.len());
        for (column, Looked { trials, tally }) in columns.iter().zip(looked) {
            let roster = Arc::clone(trials.roster());
            let (table, column) = (Arc::clone(table), column.clone());
            seen.push((trials, SeenColumn { table, column, roster, tally, is_whole }));
        }
        transaction.finish_reading();
        if !is_whole {
            self.sparse(session, table, &mut seen, texts).await?;
        }
        Ok(seen)
    }

    /// Looks again for columns that the sample had no value of.
    async fn sparse(
        &self,
        session: &mut Session,
        table: &Arc<TableFacts>,
        seen: &mut [(Arc<Trials>, SeenColumn)],
        texts: &[Identifier],
    ) -> Result<(), Lost> {
        for (trials, seen) in seen.iter_mut().filter(|(_, seen)| seen.tally.values == 0) {
            let transaction = session.begin(&draw::terms(STATEMENT_TIME)).await?;
            let values = match draw::sparse(&transaction, table, &seen.column, texts).await {
                Ok(values) => values,
                Err(error) if error.trouble == Trouble::StatementTimeout => continue,
                Err(error) => return Err(error.into()),
            };
            transaction.finish_reading();
            let looked = look::at_sample(Arc::clone(table), values, vec![Arc::clone(trials)]);
            if let Some(looked) = looked.await?.pop() {
                seen.roster = Arc::clone(looked.trials.roster());
                seen.tally = looked.tally;
                *trials = looked.trials;
            }
        }
        Ok(())
    }

    /// Counts every value instead of those of the sample.
    async fn every(
        &self,
        session: &mut Session,
        table: &Arc<TableFacts>,
        seen: &mut [(Arc<Trials>, SeenColumn)],
        texts: &[Identifier],
    ) -> Result<(), Lost> {
        let columns: Vec<ColumnFacts> = seen.iter().map(|(_, seen)| seen.column.clone()).collect();
        let trials: Vec<Arc<Trials>> = seen.iter().map(|(trials, _)| Arc::clone(trials)).collect();
        let mut tallies = vec![Tally::default(); columns.len()];
        let transaction = session.begin(&draw::terms(Terms::snapshot().statement_timeout)).await?;
        let mut stream = draw::every(&transaction, table, &columns, texts).await?;
        loop {
            let (mut rows, mut bytes) = (Vec::new(), 0);
            while rows.len() < BATCH_ROWS && bytes < BATCH_BYTES {
                let Some(row) = stream.next().await? else { break };
                bytes += row.raw_size_bytes();
                rows.push(row);
            }
            if rows.is_empty() {
                break;
            }
            let values = Values::new(rows, columns.len(), texts.len(), true);
            let counted = look::at_more(values, trials.clone()).await?;
            tallies =
                tallies.into_iter().zip(counted).map(|(one, more)| one.merged(more)).collect();
        }
        drop(stream);
        transaction.finish_reading();
        for ((_, seen), tally) in seen.iter_mut().zip(tallies) {
            (seen.tally, seen.is_whole) = (tally, true);
        }
        Ok(())
    }

    fn trials(&self, table: &TableFacts, column: &ColumnFacts, texts: &Arc<[String]>) -> Trials {
        let place = Place {
            table: table.relation.name.name().to_owned(),
            column: column.name.name().to_owned(),
            kind: column.kind,
            texts: Arc::clone(texts),
            named: self.search.spots.of_column(table, column.name.name()),
        };
        let Search { roster, rings, depth, .. } = &*self.search;
        Trials::new(place, Arc::clone(roster), rings.clone(), *depth == Depth::Everything)
    }

    /// The columns whose texts are read along.
    fn texts(&self, table: &TableFacts) -> Vec<Identifier> {
        let mut names = bindings::columns(table);
        let configured = self.search.roster.aad_columns();
        names.extend(configured.filter(|name| table.readable.contains(name)).cloned());
        names.sort();
        names.dedup();
        names.into_iter().filter_map(|name| Identifier::new(name).ok()).collect()
    }

    fn pass_over(&mut self, table: &TableFacts, why: String) {
        let relation = table.relation.clone();
        self.seen.not_looked_at.push(NotLookedAt { relation, column: None, why });
    }

    fn pass_over_columns(&mut self, table: &TableFacts, columns: &[ColumnFacts], why: &str) {
        if columns.len() == table.columns.len() {
            return self.pass_over(table, why.to_owned());
        }
        self.seen.not_looked_at.extend(columns.iter().map(|column| NotLookedAt {
            relation: table.relation.clone(),
            column: Some(column.name.clone()),
            why: why.to_owned(),
        }));
    }
}

/// What is lost by a trouble.
enum Lost {
    /// The table: another one may still be read.
    Table(String),
    All(Error),
}

impl From<DatabaseError> for Lost {
    fn from(error: DatabaseError) -> Self {
        match error.trouble {
            Trouble::ConnectionLost | Trouble::WrongWords | Trouble::Bug => Self::All(error.into()),
            _ => Self::Table(error.to_string()),
        }
    }
}

impl From<Error> for Lost {
    fn from(error: Error) -> Self {
        Self::All(error)
    }
}
