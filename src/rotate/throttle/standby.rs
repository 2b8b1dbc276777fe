//! Standbys that have not replayed what was written.
//!
//! What a standby reports of its lag stands still as soon as its replay does (PostgreSQL manual, 27.2.4), so
//! the lag is measured here besides: for how long WAL has been there that it has not replayed.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::people;
use crate::config::LagMax;
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::rotate::waits::{Wait, WaitReason};

/// A standby, as the server sees it. Positions are bytes of WAL since its beginning.
#[derive(Clone, Debug, PartialEq)]
pub struct Standby {
    pub name: String,
    pub written: u64,
    pub replayed: u64,
    /// What it says itself, when it last said something.
    pub reported: Option<Duration>,
}

/// Asks the server for its standbys.
pub async fn ask(transaction: &Transaction<'_>) -> Result<Vec<Standby>, DatabaseError> {
    let rows = transaction.query(sql::THROTTLE_STANDBYS, &[]).await?;
    let standby = |row: &tokio_postgres::Row| Standby {
        name: row.get("standby"),
        written: row.get::<_, i64>("written").unsigned_abs(),
        replayed: row.get::<_, i64>("replayed").unsigned_abs(),
        reported: row
            .get::<_, Option<f64>>("reported")
            .and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
    };
    Ok(rows.iter().map(standby).collect())
}

/// When the server had written how much, as this process saw it.
#[derive(Debug, Default)]
pub struct History(VecDeque<(Instant, u64)>);

/// Moments remembered at most; past it every other one is forgotten.
const MOMENTS_MAX: usize = 4_096;

impl History {
    /// Notes what the standbys show of this moment, and forgets what all of them have replayed.
    pub fn note(&mut self, standbys: &[Standby], now: Instant) {
        let Some(written) = standbys.iter().map(|standby| standby.written).max() else { return };
        let replayed = standbys.iter().map(|standby| standby.replayed).min().unwrap_or(0);
        self.0.retain(|(_, position)| *position > replayed);
        let is_news = self.0.back().is_none_or(|(_, position)| *position < written);
        if is_news && written > replayed {
            self.0.push_back((now, written));
        }
        if self.0.len() > MOMENTS_MAX {
            let mut nth = 0;
            self.0.retain(|_| {
                nth += 1;
                nth % 2 == 1
            });
        }
    }

    /// For how long there has been WAL, at least, that is not replayed at this position.
    fn lag(&self, replayed: u64, now: Instant) -> Duration {
        let first = self.0.iter().find(|(_, position)| *position > replayed);
        first.map(|(at, _)| now.saturating_duration_since(*at)).unwrap_or_default()
    }
}

/// The standby that lags most, when it lags by more than it may.
pub fn judge(max: LagMax, standbys: &[Standby], history: &History, now: Instant) -> Option<Wait> {
    let behind = standbys.iter().filter(|standby| standby.replayed < standby.written);
    let text = match max {
        LagMax::Bytes(max) => {
            let bytes = |standby: &Standby| standby.written - standby.replayed;
            let worst = behind.max_by_key(|standby| bytes(standby))?;
            let lag = Some(bytes(worst)).filter(|lag| *lag > max)?;
            format!("waits for standby {}: {} behind", worst.name, people::bytes(lag))
        }
        LagMax::Time(max) => {
            let time = |standby: &Standby| {
                history.lag(standby.replayed, now).max(standby.reported.unwrap_or_default())
            };
            let worst = behind.max_by_key(|standby| time(standby))?;
            let lag = Some(time(worst)).filter(|lag| *lag > max)?;
            format!("waits for standby {}: {} behind", worst.name, people::seconds(lag))
        }
    };
    Some(Wait { reason: WaitReason::StandbyLag, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn standby(name: &str, written: u64, replayed: u64, reported: Option<u64>) -> Standby {
        let reported = reported.map(Duration::from_secs);
        Standby { name: name.to_owned(), written, replayed, reported }
    }

    fn text(wait: Option<Wait>) -> String {
        wait.map(|wait| wait.text).unwrap_or_default()
    }

    #[test]
    fn bytes_are_what_is_written_and_not_replayed() {
        let standbys = [standby("near", 5_000, 4_900, None), standby("far", 5_000, 1_000, None)];
        let judged =
            |max| judge(LagMax::Bytes(max), &standbys, &History::default(), Instant::now());
        assert_eq!(judged(4_000), None);
        assert_eq!(text(judged(3_999)), "waits for standby far: 3.9 KiB behind");
    }

    #[test]
    fn a_standby_that_stands_still_lags_more_and_more_whatever_it_reports() {
        let (begun, mut history) = (Instant::now(), History::default());
        let max = LagMax::Time(10 * SECOND);
        for second in 0..=12_u32 {
            let now = begun + second * SECOND;
            let stuck = [standby("stuck", 1_000 + 100 * u64::from(second), 900, Some(0))];
            history.note(&stuck, now);
            let judged = text(judge(max, &stuck, &history, now));
            let expected = match second {
                0..=10 => String::new(),
                _ => format!("waits for standby stuck: {second} s behind"),
            };
            assert_eq!(judged, expected);
        }
    }

    #[test]
    fn what_is_replayed_is_no_lag_and_is_forgotten() {
        let (begun, mut history) = (Instant::now(), History::default());
        history.note(&[standby("one", 1_000, 0, None)], begun);
        history.note(&[standby("one", 2_000, 1_000, None)], begun + 20 * SECOND);
        let replayed = [standby("one", 2_000, 1_000, None)];
        let max = LagMax::Time(SECOND);
        assert_eq!(judge(max, &replayed, &history, begun + 21 * SECOND), None);
        let caught_up = [standby("one", 2_000, 2_000, Some(30))];
        history.note(&caught_up, begun + 22 * SECOND);
        assert_eq!(judge(max, &caught_up, &history, begun + 23 * SECOND), None, "all is replayed");
        assert_eq!(history.0.len(), 0);
    }

    #[test]
    fn what_a_standby_reports_counts_when_it_is_more() {
        let lags = [standby("slow", 2_000, 1_000, Some(75))];
        let judged = judge(LagMax::Time(10 * SECOND), &lags, &History::default(), Instant::now());
        assert_eq!(text(judged), "waits for standby slow: 75 s behind");
    }

    #[test]
    fn memory_is_bounded() {
        let (begun, mut history) = (Instant::now(), History::default());
        for second in 0..20_000_u32 {
            let written = 1_000 + u64::from(second);
            history.note(&[standby("stuck", written, 0, None)], begun + second * SECOND);
        }
        assert!(history.0.len() <= MOMENTS_MAX);
        assert_eq!(history.lag(0, begun + 20_000 * SECOND), 20_000 * SECOND);
    }
}
