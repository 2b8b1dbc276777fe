//! Holds this process back: how far standbys lag, how much WAL waits for its archive, the user's own SQL, and a
//! ceiling of rows a second. What only reads is not held back by what writing would do.
//!
//! A cause a file: each asks the database, and judges what it found, purely. They are asked at most once a
//! second in a process, by whichever worker comes first.

mod archive;
mod check;
mod pace;
mod people;
mod query;
mod standby;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::waits::{Wait, WaitReason};
use crate::config::{RunConfig, ThrottleConfig};
use crate::db::session::{Session, Terms};
use crate::error::{Error, Result};
pub use check::check;
use pace::Pace;
pub use pace::Ticket;

/// A page takes this part of a second at most, so that what is wanted meanwhile is seen in time.
const PAGES_PER_SECOND: u64 = 4;
/// How often the database is asked.
const ASK_EVERY: Duration = Duration::from_secs(1);

/// What the workers of this process share to be held back by.
#[derive(Debug)]
pub struct Throttle {
    pace: Mutex<Pace>,
    causes: ThrottleConfig,
    asked: tokio::sync::Mutex<Asked>,
    /// What was found last; `None` before the first time.
    verdict: Mutex<Option<Verdict>>,
}

#[derive(Debug, Default)]
struct Asked {
    at: Option<Instant>,
    history: standby::History,
}

/// What stands against the next page.
#[derive(Clone, Debug, Default)]
struct Verdict {
    any_page: Option<Wait>,
    page_that_writes: Option<Wait>,
}

impl Throttle {
    pub fn new(config: &RunConfig) -> Self {
        Self {
            pace: Mutex::new(Pace::new(config.rows_per_second, Instant::now())),
            causes: config.throttle.clone(),
            asked: tokio::sync::Mutex::default(),
            verdict: Mutex::default(),
        }
    }

    /// Another ceiling from now on; 0 is none.
    pub fn set_rows_per_second(&self, rows_per_second: u64) {
        self.pace().set(rows_per_second, Instant::now());
    }

    /// Rows of a page of one of so many workers, at most.
    pub fn page_rows(&self, workers: usize, page_rows_max: u32) -> u32 {
        let Some(rate) = self.pace().rate() else { return page_rows_max };
        let share = rate.get() / (PAGES_PER_SECOND * workers.max(1) as u64);
        u32::try_from(share).unwrap_or(u32::MAX).clamp(1, page_rows_max)
    }

    /// Rows were written.
    pub fn wrote(&self, rows: u64) {
        self.pace().book(rows, Instant::now());
    }

    /// What a page that is to be written now has to wait for.
    pub fn ticket(&self) -> Ticket {
        self.pace().ticket()
    }

    /// Asks the database, when it was not asked within the last second.
    ///
    /// # Errors
    /// Exit 5 when there is no answer: nobody knows whether a page may be written.
    pub async fn ask(&self, session: &mut Session) -> Result<()> {
        if self.causes == ThrottleConfig::default() {
            return Ok(());
        }
        let mut asked = match self.asked.try_lock() {
            Ok(asked) => asked,
            // somebody is asking: until there is an answer the last one holds
            Err(_) if self.verdict().is_some() => return Ok(()),
            Err(_) => self.asked.lock().await,
        };
        if asked.at.is_some_and(|at| at.elapsed() < ASK_EVERY) {
            return Ok(());
        }
        let verdict = self.find(session, &mut asked.history).await?;
        *self.verdict() = Some(verdict);
        asked.at = Some(Instant::now());
        Ok(())
    }

    async fn find(&self, session: &mut Session, history: &mut standby::History) -> Result<Verdict> {
        let mut verdict = Verdict::default();
        if let Some(max) = self.causes.archive_backlog {
            let transaction = session.begin(&Terms::reading()).await?;
            let found = archive::ask(&transaction).await?;
            transaction.commit().await?;
            let archive::Found::Backlog(backlog) = found else { return Err(unknown_backlog()) };
            verdict.page_that_writes = archive::judge(max, backlog);
        }
        if let Some(max) = self.causes.standby_lag {
            let transaction = session.begin(&Terms::reading()).await?;
            let standbys = standby::ask(&transaction).await?;
            transaction.commit().await?;
            let now = Instant::now();
            history.note(&standbys, now);
            let lag = standby::judge(max, &standbys, history, now);
            verdict.page_that_writes = lag.or(verdict.page_that_writes);
        }
        if let Some(query) = &self.causes.query {
            verdict.any_page = query::judge(query::ask(session, query).await?);
        }
        Ok(verdict)
    }

    /// What a worker waits for, and how long at least; `None` when it may go on.
    pub fn wait(&self, writes: bool, ticket: Ticket) -> Option<(Wait, Duration)> {
        let verdict = self.verdict().clone().unwrap_or_default();
        let cause = verdict.page_that_writes.filter(|_| writes).or(verdict.any_page);
        match cause {
            Some(wait) => Some((wait, ASK_EVERY)),
            None if writes => self.wait_for_pace(ticket),
            None => None,
        }
    }

    fn wait_for_pace(&self, ticket: Ticket) -> Option<(Wait, Duration)> {
        let mut pace = self.pace();
        let owed = pace.owed(ticket, Instant::now());
        let rate = pace.rate().filter(|_| !owed.is_zero())?;
        let text = format!("holds to {rate} rows a second");
        Some((Wait { reason: WaitReason::RowsPerSecond, text }, owed))
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verdict(&self) -> MutexGuard<'_, Option<Verdict>> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// It was known when the run was planned.
fn unknown_backlog() -> Error {
    Error::outside("the server no longer shows how much WAL waits for its archive")
        .at("throttle_archive_backlog")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn throttle(rows_per_second: u64) -> Throttle {
        Throttle {
            pace: Mutex::new(Pace::new(rows_per_second, Instant::now())),
            causes: ThrottleConfig::default(),
            asked: tokio::sync::Mutex::default(),
            verdict: Mutex::default(),
        }
    }

    fn reason(wait: Option<(Wait, Duration)>) -> Option<WaitReason> {
        wait.map(|(wait, _)| wait.reason)
    }

    #[test]
    fn a_page_is_small_where_the_ceiling_is_low() {
        assert_eq!(throttle(0).page_rows(2, 5_000), 5_000);
        assert_eq!(throttle(1_000_000).page_rows(2, 5_000), 5_000);
        assert_eq!(throttle(1_000).page_rows(2, 5_000), 125);
        assert_eq!(throttle(1).page_rows(64, 5_000), 1);
    }

    #[test]
    fn what_only_reads_is_not_held_back_by_what_it_would_write() {
        let throttle = throttle(1);
        throttle.wrote(100);
        let ticket = throttle.ticket();
        assert_eq!(throttle.wait(false, ticket), None);
        let (wait, _) = throttle.wait(true, ticket).expect("a wait");
        assert_eq!(wait.text, "holds to 1 rows a second");
        throttle.set_rows_per_second(0);
        assert_eq!(throttle.wait(true, ticket), None);
    }

    #[test]
    fn the_causes_come_before_the_ceiling_and_the_query_holds_readers_too() {
        let throttle = throttle(1);
        throttle.wrote(100);
        let ticket = throttle.ticket();
        let wait = |reason| Some(Wait { reason, text: String::new() });
        let (lag, query) = (wait(WaitReason::StandbyLag), wait(WaitReason::Query));
        *throttle.verdict() = Some(Verdict { any_page: None, page_that_writes: lag.clone() });
        assert_eq!(reason(throttle.wait(true, ticket)), Some(WaitReason::StandbyLag));
        assert_eq!(reason(throttle.wait(false, ticket)), None);
        *throttle.verdict() = Some(Verdict { any_page: query, page_that_writes: lag });
        assert_eq!(reason(throttle.wait(true, ticket)), Some(WaitReason::StandbyLag));
        assert_eq!(reason(throttle.wait(false, ticket)), Some(WaitReason::Query));
    }
}
