//! What a run holds itself back by: how far standbys may lag, how much WAL may wait for its archive, and the
//! user's own SQL.

use std::time::Duration;

use crate::config::run::bytes;
use crate::config::word::Word;
use crate::error::Result;

/// Nobody asks such a thing once a second.
const QUERY_BYTES_MAX: usize = 10_000;
const LAG_MAX: Duration = Duration::from_secs(24 * 3_600);

/// The causes to be held back by, each of them optional.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ThrottleConfig {
    pub standby_lag: Option<LagMax>,
    pub archive_backlog: Option<BacklogMax>,
    /// One query that answers a boolean: true means wait.
    pub query: Option<String>,
}

/// How far a standby may lag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LagMax {
    Time(Duration),
    /// Of WAL that it has not replayed.
    Bytes(u64),
}

/// How much WAL may wait for its archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BacklogMax {
    Files(u64),
    Bytes(u64),
}

/// `10s` or `64MiB`.
pub fn standby_lag(word: &Word) -> Result<LagMax> {
    let time = || humantime::parse_duration(&word.text).ok().map(LagMax::Time);
    let lag = bytes_with_unit(&word.text).map(LagMax::Bytes).or_else(time);
    let fits = |lag: &LagMax| match lag {
        LagMax::Time(time) => !time.is_zero() && *time <= LAG_MAX,
        LagMax::Bytes(bytes) => *bytes > 0,
    };
    lag.filter(fits).ok_or_else(|| {
        word.wrong(
            "throttle_standby_lag is a duration up to 24h, such as 10s, or a number of bytes with \
             its unit, such as 64MiB",
        )
    })
}

/// `64 files` or `1GiB`.
pub fn archive_backlog(word: &Word) -> Result<BacklogMax> {
    let files = || {
        let number = word.text.strip_suffix("files")?.trim_end();
        number.parse().ok().map(BacklogMax::Files)
    };
    let backlog = bytes_with_unit(&word.text).map(BacklogMax::Bytes).or_else(files);
    let fits = |backlog: &BacklogMax| matches!(backlog, BacklogMax::Files(n) | BacklogMax::Bytes(n) if *n > 0);
    backlog.filter(fits).ok_or_else(|| {
        word.wrong(
            "throttle_archive_backlog is a number of WAL segments, such as 64files, or of bytes with \
             their unit, such as 1GiB",
        )
    })
}

/// The SQL as it was written; the server judges it.
pub fn query(word: &Word) -> Result<String> {
    let text = word.text.trim();
    let fits = !text.is_empty() && text.len() <= QUERY_BYTES_MAX && !text.contains('\0');
    fits.then(|| text.to_owned()).ok_or_else(|| {
        word.wrong("throttle_query is one SQL query of 1 to 10000 bytes that answers a boolean")
    })
}

/// A bare number would say neither bytes nor seconds nor files.
fn bytes_with_unit(text: &str) -> Option<u64> {
    if text.ends_with(|c: char| c.is_ascii_digit()) { None } else { bytes(text) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        Word::new(text, "here")
    }

    #[test]
    fn lag_is_time_or_bytes() {
        let read = |text| standby_lag(&word(text)).ok();
        assert_eq!(read("10s"), Some(LagMax::Time(Duration::from_secs(10))));
        assert_eq!(read("64MiB"), Some(LagMax::Bytes(64 << 20)));
        for text in ["", "10", "0s", "0KiB", "25h", "-1s", "10 sheep", "MiB"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_backlog_is_files_or_bytes() {
        let read = |text| archive_backlog(&word(text)).ok();
        assert_eq!(read("64files"), Some(BacklogMax::Files(64)));
        assert_eq!(read("64 files"), Some(BacklogMax::Files(64)));
        assert_eq!(read("1GiB"), Some(BacklogMax::Bytes(1 << 30)));
        for text in ["", "64", "files", "0files", "10s", "0MiB"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_query_is_not_empty_and_not_a_book() {
        assert_eq!(query(&word(" SELECT false; ")).ok().as_deref(), Some("SELECT false;"));
        let book = "x".repeat(QUERY_BYTES_MAX + 1);
        for text in ["", "  ", "a\0b", &book] {
            query(&word(text)).unwrap_err();
        }
    }
}
