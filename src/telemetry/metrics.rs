//! The metrics: every name with its unit and help in one table, and the recorder that counts them.
//!
//! Labels are names of tables and columns and words of closed lists; no row key and no value has a way in.
//! Knows neither the ledger nor HTTP: who shows the text, and to whom, is decided elsewhere.

mod key_services;
mod recorder;
mod words;

use self::Kind::{Counter, Gauge, Histogram};
use self::Measure::{Calls, Records, Retries, Seconds, Switch, Timestamp};

pub use recorder::{Metrics, Standing};
pub use words::{Outcome, RETRIES, Retry, STATES};

/// One metric, as Prometheus is told of it.
#[derive(Debug)]
pub struct Metric {
    pub name: &'static str,
    pub kind: Kind,
    pub measure: Measure,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Counter,
    Gauge,
    Histogram,
}

/// What one of a metric's units is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    Calls,
    Records,
    Retries,
    Seconds,
    /// Seconds since 1970-01-01 UTC.
    Timestamp,
    /// 1 where it applies, else 0.
    Switch,
}

impl Kind {
    /// The word of the exposition format.
    pub fn as_str(self) -> &'static str {
        match self {
            Counter => "counter",
            Gauge => "gauge",
            Histogram => "histogram",
        }
    }
}

impl Measure {
    pub fn as_str(self) -> &'static str {
        match self {
            Calls => "calls",
            Records => "records",
            Retries => "retries",
            Seconds => "seconds",
            Timestamp => "seconds since 1970",
            Switch => "0 or 1",
        }
    }
}

macro_rules! metrics {
    ($($constant:ident: $name:literal, $kind:ident, $measure:ident, $labels:expr, $help:literal;)+) => {
        $(pub const $constant: Metric = Metric {
            name: $name, kind: $kind, measure: $measure, labels: &$labels, help: $help,
        };)+
        /// Every metric there is.
        pub const TABLE: &[&Metric] = &[$(&$constant),+];
    };
}

metrics! {
    RECORDS: "reseal_records_total", Counter, Records, ["table", "column", "outcome"],
        "Records that this process has committed (verify: read), by what became of them; the proof meets each record once more.";
    PAGE_SECONDS: "reseal_page_seconds", Histogram, Seconds, [],
        "Time from the first statement that writes a page to its commit (verify: that reads a page).";
    CONFLICTS: "reseal_conflicts_total", Counter, Records, [],
        "Records that the application changed or held between our read and our write; left to it, and met again.";
    RETRIES_TOTAL: "reseal_retries_total", Counter, Retries, ["kind"],
        "Work that was done again: with a new session, without rows that others hold, in smaller parts.";
    THROTTLED_SECONDS: "reseal_throttled_seconds_total", Counter, Seconds, ["reason"],
        "Time in which at least one worker of this process waited although there was work, in whole seconds.";
    REMAINING_RECORDS: "reseal_remaining_records", Gauge, Records, [],
        "Records of the newest run that still need a previous key, by estimate until the run has ended.";
    FAILED_RECORDS: "reseal_failed_records", Gauge, Records, [],
        "Records of the newest run that could not be resealed and were left as they are.";
    LAST_PROOF: "reseal_last_proof_timestamp_seconds", Gauge, Timestamp, [],
        "The moment of which the newest proof without a failure speaks; 0 when there is none.";
    RUN_STATE: "reseal_run_state", Gauge, Switch, ["state"],
        "The state of the newest run: 1 at the state it is in.";
    KMS_CALLS: "reseal_kms_calls_total", Counter, Calls, ["service", "outcome"],
        "Calls to key services by what came of them: answered, throttled or failed; each attempt is one.";
    KMS_SECONDS: "reseal_kms_seconds_total", Counter, Seconds, ["service"],
        "Time between the calls to a key service and its answers, all calls together, in whole seconds.";
    BUILD_INFO: "reseal_build_info", Gauge, Switch, ["version"],
        "The version of this program.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_say_what_they_count() {
        for metric in TABLE {
            let name = metric.name;
            assert!(name.starts_with("reseal_"), "{name}");
            assert_eq!(name.ends_with("_total"), metric.kind == Counter, "{name}");
            assert_eq!(
                name.contains("_seconds"),
                matches!(metric.measure, Seconds | Timestamp),
                "{name}"
            );
            assert!(metric.help.ends_with('.') && !metric.help.contains('\n'), "{name}");
        }
        assert_eq!(TABLE.len(), 12);
    }
}
