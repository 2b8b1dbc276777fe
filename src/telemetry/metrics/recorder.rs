//! The recorder: what the engine counts, once a page.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Key, Label, Level, Metadata, Recorder, SharedString, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusRecorder};

use super::{
    BUILD_INFO, CONFLICTS, FAILED_RECORDS, Kind, LAST_PROOF, Measure, Metric, Outcome,
    PAGE_SECONDS, RECORDS, REMAINING_RECORDS, RETRIES, RETRIES_TOTAL, RUN_STATE, Retry, STATES,
    TABLE, THROTTLED_SECONDS,
};
use crate::error::{Error, Result};
use crate::rotate::waits::WaitReason;

/// From a page of a few rows nearby to one that a slow server halves.
const PAGE_BUCKETS: [f64; 12] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];

pub(super) static METADATA: Metadata<'static> =
    Metadata::new(env!("CARGO_PKG_NAME"), Level::INFO, Some(module_path!()));

/// Counts, or does nothing at all where nobody will ask. Clones count together.
#[derive(Clone, Default)]
pub struct Metrics(Option<Arc<Counted>>);

pub(super) struct Counted {
    pub(super) recorder: PrometheusRecorder,
}

/// How the newest run stands, as the ledger says.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing<'s> {
    pub state: &'s str,
    pub remaining_records: u64,
    pub failed_records: u64,
    /// Seconds since 1970.
    pub last_proof: Option<f64>,
}

impl Metrics {
    /// A recorder that counts, with everything that needs no name of a table at zero.
    ///
    /// # Errors
    /// A bug in the table.
    pub fn counting() -> Result<Self> {
        let pages = Matcher::Full(PAGE_SECONDS.name.to_owned());
        let builder = PrometheusBuilder::new()
            .set_buckets_for_metric(pages, &PAGE_BUCKETS)
            .map_err(|_| Error::bug("a histogram without buckets"))?;
        let recorder = builder.build_recorder();
        TABLE.iter().for_each(|metric| describe(&recorder, metric));
        let counted = Counted { recorder };
        counted.add(&CONFLICTS, &[], 0);
        RETRIES.iter().for_each(|kind| counted.add(&RETRIES_TOTAL, &[kind.as_str()], 0));
        for reason in WaitReason::ALL {
            counted.add(&THROTTLED_SECONDS, &[reason.as_str()], 0);
        }
        counted.set(&BUILD_INFO, &[env!("CARGO_PKG_VERSION")], 1.0);
        Ok(Self(Some(Arc::new(counted))))
    }

    /// Records of one column to come: their counts stand at zero until then.
    pub fn expect(&self, table: &str, column: &str) {
        for outcome in Outcome::ALL {
            self.records(table, column, outcome, 0);
        }
    }

    /// So many records of a column came to this.
    pub fn records(&self, table: &str, column: &str, outcome: Outcome, records: u64) {
        let Some(counted) = &self.0 else { return };
        counted.add(&RECORDS, &[table, column, outcome.as_str()], records);
        if outcome == Outcome::Conflict {
            counted.add(&CONFLICTS, &[], records);
        }
    }

    pub fn page_took(&self, took: Duration) {
        let Some(counted) = &self.0 else { return };
        let histogram = counted.recorder.register_histogram(&key(&PAGE_SECONDS, &[]), &METADATA);
        histogram.record(took.as_secs_f64());
    }

    pub fn retried(&self, kind: Retry) {
        let Some(counted) = &self.0 else { return };
        counted.add(&RETRIES_TOTAL, &[kind.as_str()], 1);
    }

    /// Workers have waited for this reason, from the start until now. Counters are whole numbers.
    pub fn throttled(&self, reason: WaitReason, total: Duration) {
        let Some(counted) = &self.0 else { return };
        let key = key(&THROTTLED_SECONDS, &[reason.as_str()]);
        counted.recorder.register_counter(&key, &METADATA).absolute(total.as_secs());
    }

    /// How the newest run stands now.
    pub fn stands(&self, standing: &Standing<'_>) {
        let Some(counted) = &self.0 else { return };
        for state in STATES {
            counted.set(&RUN_STATE, &[state], f64::from(u8::from(state == standing.state)));
        }
        counted.set(&REMAINING_RECORDS, &[], number(standing.remaining_records));
        counted.set(&FAILED_RECORDS, &[], number(standing.failed_records));
        counted.set(&LAST_PROOF, &[], standing.last_proof.unwrap_or(0.0));
    }

    /// All of it in the text format of Prometheus, version 0.0.4.
    pub fn render(&self) -> String {
        let Some(counted) = &self.0 else { return String::new() };
        counted.look_at_key_services();
        counted.recorder.handle().render()
    }

    #[cfg(test)]
    pub(super) fn counted(&self) -> Option<&Counted> {
        self.0.as_deref()
    }

    /// Takes what was measured into the histograms; without it measurements would pile up until somebody
    /// asks.
    pub fn tidy(&self) {
        if let Some(counted) = &self.0 {
            counted.recorder.handle().run_upkeep();
        }
    }
}

impl Counted {
    fn add(&self, metric: &Metric, labels: &[&str], more: u64) {
        self.recorder.register_counter(&key(metric, labels), &METADATA).increment(more);
    }

    fn set(&self, metric: &Metric, labels: &[&str], value: f64) {
        self.recorder.register_gauge(&key(metric, labels), &METADATA).set(value);
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Metrics(counting)" } else { "Metrics(off)" })
    }
}

pub(super) fn key(metric: &Metric, labels: &[&str]) -> Key {
    debug_assert_eq!(metric.labels.len(), labels.len(), "{}", metric.name);
    let label = |(name, value): (&&'static str, &&str)| Label::new(*name, (*value).to_owned());
    Key::from_parts(metric.name, metric.labels.iter().zip(labels).map(label).collect::<Vec<_>>())
}

fn describe(recorder: &PrometheusRecorder, metric: &Metric) {
    let unit = match metric.measure {
        Measure::Seconds | Measure::Timestamp => Unit::Seconds,
        Measure::Calls | Measure::Records | Measure::Retries | Measure::Switch => Unit::Count,
    };
    let help = SharedString::const_str(metric.help);
    match metric.kind {
        Kind::Counter => recorder.describe_counter(metric.name.into(), Some(unit), help),
        Kind::Gauge => recorder.describe_gauge(metric.name.into(), Some(unit), help),
        Kind::Histogram => recorder.describe_histogram(metric.name.into(), Some(unit), help),
    }
}

#[expect(clippy::cast_precision_loss, reason = "gauges are floating-point numbers")]
fn number(records: u64) -> f64 {
    records as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line<'t>(text: &'t str, start: &str) -> &'t str {
        let line = text.lines().find_map(|line| line.strip_prefix(start));
        line.unwrap_or_else(|| panic!("no {start}: {text}"))
    }

    #[test]
    fn every_metric_is_described_and_what_needs_no_name_is_there() {
        let metrics = Metrics::counting().unwrap();
        metrics.expect("public.t", "c");
        metrics.page_took(Duration::from_millis(3));
        metrics.stands(&Standing {
            state: "idle",
            remaining_records: 0,
            failed_records: 0,
            last_proof: None,
        });
        let text = metrics.render();
        for metric in TABLE {
            let (name, kind) = (metric.name, metric.kind.as_str());
            assert!(text.contains(&format!("# HELP {name} {}\n", metric.help)), "{name}: {text}");
            assert!(text.contains(&format!("# TYPE {name} {kind}\n")), "{name}: {text}");
        }
        assert_eq!(line(&text, "reseal_retries_total{kind=\"locked\"} "), "0");
        assert_eq!(line(&text, "reseal_run_state{state=\"idle\"} "), "1");
        assert_eq!(line(&text, "reseal_page_seconds_bucket{le=\"0.005\"} "), "1");
        assert_eq!(line(&text, "reseal_page_seconds_bucket{le=\"0.0025\"} "), "0");
    }

    #[test]
    fn waits_are_counted_in_whole_seconds() {
        let metrics = Metrics::counting().unwrap();
        let throttled = |milliseconds| {
            metrics.throttled(WaitReason::Query, Duration::from_millis(milliseconds));
            let start = "reseal_throttled_seconds_total{reason=\"query\"} ";
            line(&metrics.render(), start).to_owned()
        };
        assert_eq!([throttled(0), throttled(900), throttled(1_900)], ["0", "0", "1"]);
    }

    #[test]
    fn odd_names_stay_within_their_label() {
        let metrics = Metrics::counting().unwrap();
        metrics.records("odd \"} 1\n", "back\\slash", Outcome::Resealed, 2);
        let text = metrics.render();
        let labels = r#"table="odd \"} 1\n",column="back\\slash",outcome="resealed""#;
        assert_eq!(line(&text, &format!("reseal_records_total{{{labels}}} ")), "2");
    }

    #[test]
    fn a_conflict_counts_in_both() {
        let metrics = Metrics::counting().unwrap();
        metrics.records("t", "a", Outcome::Conflict, 2);
        metrics.records("t", "b", Outcome::Conflict, 3);
        assert_eq!(line(&metrics.render(), "reseal_conflicts_total "), "5");
    }

    #[test]
    fn off_is_silent() {
        let metrics = Metrics::default();
        metrics.records("t", "c", Outcome::Current, 1);
        metrics.page_took(Duration::ZERO);
        assert_eq!(metrics.render(), "");
    }
}
