//! The settings of a run: each with its bounds and default, from option, environment or `[run]`.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::num::NonZeroU64;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::time::Duration;

use crate::cli::SettingWords;
use crate::config::document::{Entry, Section};
use crate::config::file::word;
use crate::config::throttle::ThrottleConfig;
use crate::config::word::Word;
use crate::config::{Environment, Troubles, Who};
use crate::error::Result;
use crate::kms::KmsSettings;
use said::Said;

mod said;

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GIB: u64 = 1 << 30;
const HOUR: u64 = 60 * 60;
/// No server rewrites more rows a second.
const RATE: RangeInclusive<u64> = 0..=100_000_000;
const WORKERS: RangeInclusive<usize> = 1..=64;

/// How a run works, whatever it works on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunConfig {
    /// Workers of this process, each with a shard of its own.
    pub workers: usize,
    /// Passes over all tables before the run ends `incomplete`.
    pub max_passes: u32,
    /// Failed values of one column before the run stops.
    pub max_failures: u64,
    /// Rows of one page at most.
    pub page_rows_max: u32,
    /// Rows that this process rewrites a second, at most; 0 for as many as it can.
    pub rows_per_second: u64,
    /// How long this process works on a run, at most.
    pub max_duration: Option<Duration>,
    /// Values that this process writes, at most.
    pub max_records: Option<NonZeroU64>,
    /// What holds this process back besides.
    pub throttle: ThrottleConfig,
    /// Bytes of one page's values at most; a page holds at least one row.
    pub page_bytes_max: u64,
    /// Bytes of one value at most; a longer one fails as `too_large`.
    pub value_bytes_max: u64,
    /// How long the proof waits for transactions that stay open.
    pub max_wait: Duration,
    /// How long trouble outside is retried without progress.
    pub retry_for: Duration,
    /// How long a silent worker keeps its shard.
    pub lease: Duration,
    /// Seals under the current key that this database does not hold; part of the nonce budget.
    pub other_seals: u64,
    /// Calls to a key service a second, at most; 0 for half of what it usually allows.
    pub kms_max_rps: u32,
    /// A proof opens the values too that are known to be done by the key version they name.
    pub verify_open: bool,
    /// Go on though no key opens most of a sample.
    pub allow_unreadable: bool,
    /// Go back to a key that the ledger knows as a previous one.
    pub rollback: bool,
    /// Acknowledges that a FOR ALL TABLES publication replicates the ledger.
    pub ledger_on_subscriber: bool,
    /// Names the run, so that a late process of it does not start another (`RESEAL_RUN_TOKEN`).
    pub token: Option<String>,
    /// On whose behalf, for the audit trail.
    pub who: Who,
}

/// The words of `[run]`, by name. Every setting is listed here and in [`RunConfig::resolve`].
pub fn file_words<'d>(
    mut section: Section<'d>,
    troubles: &mut Troubles,
) -> BTreeMap<&'static str, Word> {
    type Kind<'d> = fn(Entry<'d>) -> Result<Word>;
    let kinds: [(&[&'static str], Kind<'d>); 8] = [
        (&["workers", "max_passes", "max_failures", "page_rows_max"], Entry::number),
        (&["rows_per_second", "max_records", "other_seals", "kms_max_rps"], Entry::number),
        (&["page_bytes_max", "value_bytes_max"], Entry::number_or_text),
        (&["max_wait", "max_duration", "retry_for", "lease"], Entry::text),
        (&["throttle_standby_lag", "throttle_archive_backlog", "throttle_query"], Entry::text),
        (&["operator", "ticket", "reason"], Entry::text),
        (&["allow_unreadable", "rollback", "ledger_on_subscriber"], Entry::switch),
        (&["verify_open"], Entry::switch),
    ];
    let mut words = BTreeMap::new();
    for (names, kind) in kinds {
        for name in names {
            if let Some(word) = word(&mut section, name, kind, troubles) {
                words.insert(*name, word);
            }
        }
    }
    section.finish(troubles);
    words
}

impl RunConfig {
    pub(super) fn resolve(
        typed: &SettingWords,
        file: BTreeMap<&'static str, Word>,
        environment: &Environment,
        troubles: &mut Troubles,
    ) -> RunConfig {
        let (why, reason) = (&typed.why, typed.why.reason.as_ref());
        let who = Who::resolve(&why.who, reason, &file, environment, troubles);
        let mut said = Said { file, environment, troubles };
        RunConfig {
            workers: said.number("workers", &typed.workers, WORKERS, 2),
            max_passes: said.number("max_passes", &typed.max_passes, 1..=1_000, 10),
            max_failures: said.number("max_failures", &typed.max_failures, 1..=1_000_000, 1_000),
            page_rows_max: said.number("page_rows_max", &typed.page_rows_max, 1..=100_000, 5_000),
            rows_per_second: said.number("rows_per_second", &typed.rows_per_second, RATE, 0),
            max_duration: said.max_duration(&typed.max_duration),
            max_records: said.max_records(&typed.max_records),
            throttle: said.throttle(typed),
            page_bytes_max: said.bytes("page_bytes_max", &typed.page_bytes_max, 256 * MIB, 2 * MIB),
            value_bytes_max: said.bytes("value_bytes_max", &typed.value_bytes_max, GIB, 32 * MIB),
            max_wait: said.duration("max_wait", &typed.max_wait, 0..=24 * HOUR, 300),
            retry_for: said.duration("retry_for", &typed.retry_for, 0..=24 * HOUR, 60),
            lease: said.duration("lease", &typed.lease, 1..=HOUR, 15),
            // more than the budget of NIST SP 800-38D could never be run
            other_seals: said.number("other_seals", &typed.other_seals, 0..=1 << 32, 0),
            kms_max_rps: said.number("kms_max_rps", &typed.kms_max_rps, 0..=100_000, 0),
            verify_open: said.switch("verify_open", &typed.verify_open),
            allow_unreadable: said.switch("allow_unreadable", &typed.allow_unreadable),
            rollback: said.switch("rollback", &typed.rollback),
            ledger_on_subscriber: said.switch("ledger_on_subscriber", &typed.ledger_on_subscriber),
            token: said.token("RESEAL_RUN_TOKEN"),
            who,
        }
    }
}

/// What `reseal set` says of rows a second and workers.
pub fn changed(
    rows_per_second: &Option<String>,
    workers: &Option<String>,
    troubles: &mut Troubles,
) -> (Option<u64>, Option<u32>) {
    let word = |name: &str, typed: &Option<String>| {
        typed.as_ref().map(|text| Word::new(text, format!("--{name}")))
    };
    let rate = word("rows-per-second", rows_per_second);
    let rate = rate.and_then(|word| troubles.note(number("rows_per_second", &word, &RATE)));
    let workers = word("workers", workers);
    let workers = workers.and_then(|word| troubles.note(number("workers", &word, &WORKERS)));
    (rate, workers.map(|workers| u32::try_from(workers).unwrap_or(u32::MAX)))
}

impl RunConfig {
    /// How key services are called.
    pub fn kms(&self) -> KmsSettings {
        let calls_per_second = (self.kms_max_rps > 0).then_some(self.kms_max_rps);
        KmsSettings { calls_per_second, retry_for: self.retry_for }
    }
}

/// A whole number within its bounds; the message says them.
pub fn number<T>(name: &str, word: &Word, bounds: &RangeInclusive<T>) -> Result<T>
where
    T: FromStr + PartialOrd + Display,
{
    let read = word.text.parse().ok().filter(|number| bounds.contains(number));
    read.ok_or_else(|| {
        let (low, high) = (bounds.start(), bounds.end());
        word.wrong(format!("{name} is a whole number from {low} to {high}"))
    })
}

/// A duration within its bounds, in seconds; the message says them.
pub fn duration(name: &str, word: &Word, bounds: &RangeInclusive<u64>) -> Result<Duration> {
    let (low, high) = (Duration::from_secs(*bounds.start()), Duration::from_secs(*bounds.end()));
    let read = humantime::parse_duration(&word.text).ok();
    read.filter(|read| (low..=high).contains(read)).ok_or_else(|| {
        let (low, high) = (short(*bounds.start()), short(*bounds.end()));
        word.wrong(format!("{name} is a duration from {low} to {high}, such as 90s or 5m"))
    })
}

/// Seconds as people write them, in hours where they are whole: `15s`, `24h`.
fn short(seconds: u64) -> String {
    match seconds {
        hours if hours > 0 && hours % HOUR == 0 => format!("{}h", hours / HOUR),
        seconds => format!("{seconds}s"),
    }
}

/// `8388608`, `8192KiB`, `8MiB` or `1GiB`.
pub fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let unit = match unit.trim() {
        "" => 1,
        "KiB" => KIB,
        "MiB" => MIB,
        "GiB" => GIB,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_read_with_and_without_a_unit() {
        assert_eq!(bytes("4096"), Some(4096));
        assert_eq!(bytes("8MiB"), Some(8 << 20));
        assert_eq!(bytes("8 MiB"), Some(8 << 20));
        for text in ["", "MiB", "8MB", "-1", "99999999999999999999", "20000000000GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }
}
