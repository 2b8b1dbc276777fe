//! What calling key services came to. They are counted for the whole process, and looked at when the metrics
//! are.

use super::recorder::{Counted, METADATA, key};
use super::{KMS_CALLS, KMS_SECONDS};
use crate::kms::{Figures, Service, figures};
use metrics::Recorder as _;

impl Counted {
    /// Takes over the figures of every service; zero where none was called.
    pub(super) fn look_at_key_services(&self) {
        for service in Service::ALL {
            self.take_over(service.label(), &figures(service));
        }
    }

    fn take_over(&self, service: &str, figures: &Figures) {
        let answered = figures.calls.saturating_sub(figures.throttles + figures.errors);
        let outcomes =
            [("answered", answered), ("throttled", figures.throttles), ("failed", figures.errors)];
        for (outcome, calls) in outcomes {
            let key = key(&KMS_CALLS, &[service, outcome]);
            self.recorder.register_counter(&key, &METADATA).absolute(calls);
        }
        let key = key(&KMS_SECONDS, &[service]);
        self.recorder.register_counter(&key, &METADATA).absolute(figures.waited.as_secs());
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::Metrics;
    use super::*;

    #[test]
    fn services_are_counted_by_what_they_answered() {
        let metrics = Metrics::counting().unwrap();
        let waited = Duration::from_millis(2_900);
        let figures = Figures { calls: 9, waited, throttles: 3, errors: 1 };
        metrics.counted().unwrap().take_over("aws", &figures);
        let text = metrics.render();
        for line in [
            "reseal_kms_calls_total{service=\"aws\",outcome=\"answered\"} 5",
            "reseal_kms_calls_total{service=\"aws\",outcome=\"throttled\"} 3",
            "reseal_kms_calls_total{service=\"aws\",outcome=\"failed\"} 1",
            "reseal_kms_seconds_total{service=\"aws\"} 2",
        ] {
            assert!(text.contains(&format!("{line}\n")), "{line}: {text}");
        }
    }
}
