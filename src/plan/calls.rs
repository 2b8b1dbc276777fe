//! How often a run calls key services, how long that takes at the pace that is allowed, and what it may cost. Pure:
//! estimated from the samples.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ColumnPlan, Plan, TablePlan};
use crate::kms::{KeyUri, KmsSettings, Service, VAULT_BATCH_ITEMS_MAX};
use crate::layout::{DataKeyForm, Rotate};

/// What one key service is asked for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Calls {
    pub service: Service,
    pub calls: u64,
    pub calls_per_second: u32,
    pub duration: Duration,
    /// Of what the service is paid for calls; `None` where nobody is.
    pub dollars: Option<f64>,
}

/// Distinct wrapped data keys of a sample.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DataKeyCount {
    pub distinct: u64,
    /// Those that stand there once.
    pub once: u64,
}

/// What ten thousand calls cost at AWS, Google and Azure (RSA-2048 keys), in dollars: list prices of 2026.
const DOLLARS_PER_10_000: f64 = 0.03;
/// Items of one call of Vault.
const VAULT_BATCH: u64 = VAULT_BATCH_ITEMS_MAX as u64;

impl Plan {
    /// The calls of a run to its end, service by service.
    pub fn calls(&self, settings: KmsSettings) -> Vec<Calls> {
        let mut calls: BTreeMap<Service, u64> = BTreeMap::new();
        for table in self.tables() {
            for column in &table.columns {
                for (service, count) in of_column(table, column, self.needs_resealing) {
                    *calls.entry(service).or_default() += count;
                }
            }
        }
        let priced = |(service, calls)| Calls::of(service, calls, settings);
        calls.into_iter().map(priced).collect()
    }
}

impl Calls {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    fn of(service: Service, calls: u64, settings: KmsSettings) -> Self {
        let calls_per_second = settings.calls_per_second_to(service).max(1);
        let duration = Duration::from_secs(calls) / calls_per_second;
        let dollars = calls as f64 / 10_000.0 * DOLLARS_PER_10_000;
        let dollars = (service != Service::Vault).then_some(dollars);
        Self { service, calls, calls_per_second, duration, dollars }
    }
}

/// The calls for one column with wrapped data keys, or with values that a key service seals.
fn of_column(table: &TablePlan, column: &ColumnPlan, is_resealed: bool) -> Vec<(Service, u64)> {
    let sampled: u64 = table.columns.iter().map(|column| column.sample.values).sum();
    let of_sample = |count: u64, of: u64| count.saturating_mul(of) / sampled.max(1);
    let values = of_sample(table.estimate.values, column.sample.values);
    let stale = of_sample(table.estimate.values, column.sample.previous);
    let Some(envelope) = &column.envelope else {
        let asked = column.asked().map(|asked| asked.asked_about(values, stale, is_resealed));
        let calls = |(service, values)| (service, in_batches(service, values));
        return asked.into_iter().flatten().map(calls).collect();
    };
    let scaled = |count: Option<DataKeyCount>| {
        count.unwrap_or_default().scaled(column.sample.values, values)
    };
    let distinct = Distinct {
        keys: scaled(column.sample.data_keys),
        bindings: scaled(column.sample.bindings),
    };
    let opens = envelope.opens_in_proofs();
    of_data_keys(envelope.form(), distinct, (stale, values), opens)
}

fn in_batches(service: Service, items: u64) -> u64 {
    items.div_ceil(if service == Service::Vault { VAULT_BATCH } else { 1 })
}

/// Wrapped keys, and what they are bound to.
#[derive(Clone, Copy, Debug)]
struct Distinct {
    keys: u64,
    bindings: u64,
}

/// Every distinct wrapped key is asked about once, whatever the number of its rows; a new one is made for rows that
/// bind it alike. Keys that may have wrapped before are tried first where wrapping is all that is done, and last
/// where a data key is only opened.
fn of_data_keys(
    form: &DataKeyForm,
    distinct: Distinct,
    (stale, values): (u64, u64),
    opens_in_proofs: bool,
) -> Vec<(Service, u64)> {
    let part = |count: u64| count.saturating_mul(stale) / values.max(1);
    let (stale_keys, stale_bindings) = (part(distinct.keys), part(distinct.bindings));
    let done = distinct.keys.saturating_sub(stale_keys);
    let service = form.kms().service();
    let is_told = (service == Service::Vault || form.has_marker) && !form.versions_are_ambiguous();
    let looked_at = if is_told { 0 } else { done };
    // what is told is not open yet, and what AWS wraps again is shown to nobody
    let is_closed = is_told || (service == Service::Aws && form.rotate == Rotate::Rewrap);
    let opened = if opens_in_proofs && is_closed { done } else { 0 };
    let read: Vec<Service> = form.uris().skip(1).map(KeyUri::service).collect();
    let is_wrapped_unseen = match service {
        Service::Aws => read.iter().all(|read| *read == Service::Aws),
        Service::Vault => read.is_empty() && !form.is_bound(),
        Service::Gcp | Service::Azure => false,
    };
    let (a_key, fresh) = match form.rotate {
        // wrapped and looked at; where that shows it, opened by the key that had wrapped it
        Rotate::Rewrap if is_wrapped_unseen || !read.is_empty() => (2, 0),
        Rotate::Rewrap => (3, 0),
        Rotate::Reseal { rows } => (1, 2 * stale.div_ceil(u64::from(rows)).max(stale_bindings)),
    };
    let asked = looked_at + opened + a_key * stale_keys;
    let mut calls = vec![(service, in_batches(service, asked) + in_batches(service, fresh))];
    if !is_wrapped_unseen {
        let asked = stale_keys + if form.rotate == Rotate::Rewrap { looked_at } else { 0 };
        calls.extend(read.iter().map(|read| (*read, in_batches(*read, asked))));
    }
    calls
}

impl DataKeyCount {
    /// How many there are among so many values, of which so many were sampled: the estimator of Haas and Stokes,
    /// as PostgreSQL's ANALYZE has it.
    fn scaled(self, sampled: u64, values: u64) -> u64 {
        let (n, d, once) = (u128::from(sampled), u128::from(self.distinct), u128::from(self.once));
        if d == 0 {
            return 0;
        }
        let all = u128::from(values.max(sampled)).max(1);
        let divisor = ((n - once.min(n)) * all + once * n) / all;
        let estimated = (n * d).checked_div(divisor).unwrap_or(all);
        u64::try_from(estimated.clamp(d.min(all), all)).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::DataKeySettings;

    #[test]
    fn distinct_keys_are_estimated_from_a_sample() {
        let scaled = |distinct, once, sampled, values| {
            DataKeyCount { distinct, once }.scaled(sampled, values)
        };
        assert_eq!(scaled(50, 0, 1_000, 50_000), 50, "each stands there often: there are no more");
        assert_eq!(scaled(1_000, 1_000, 1_000, 50_000), 50_000, "one a row");
        assert_eq!(scaled(20, 3, 300, 300), 20, "the sample is the table");
        assert!((500..900).contains(&scaled(435, 180, 1_000, 50_000)));
        assert_eq!(scaled(0, 0, 0, 0), 0);
    }

    fn form(kms: &str, rotate: Rotate, has_marker: bool, aad: Option<&str>) -> DataKeyForm {
        let (rotate, rows_per_data_key) = match rotate {
            Rotate::Rewrap => ("rewrap", None),
            Rotate::Reseal { rows } => ("reseal", Some(rows)),
        };
        DataKeyForm::of(&DataKeySettings {
            kms: Some(kms.to_owned()),
            aad: aad.map(str::to_owned),
            rotate: Some(rotate.to_owned()),
            rows_per_data_key,
            version_column: has_marker.then(|| "v".to_owned()),
            ..DataKeySettings::default()
        })
        .unwrap()
    }

    fn total(calls: Vec<(Service, u64)>) -> u64 {
        calls.into_iter().map(|(_, calls)| calls).sum()
    }

    #[test]
    fn whoever_had_wrapped_is_called_too() {
        let distinct = Distinct { keys: 500, bindings: 1 };
        let mut words = DataKeySettings {
            kms: Some("hashivault://k".to_owned()),
            read: vec!["awskms://alias/k?region=eu-central-1".into()],
            ..DataKeySettings::default()
        };
        let calls = |words: &DataKeySettings, stale, opens| {
            let form = DataKeyForm::of(words).unwrap();
            of_data_keys(&form, distinct, (stale, 50_000), opens)
        };
        let moved = calls(&words, 50_000, false);
        assert_eq!(moved, [(Service::Vault, 5), (Service::Aws, 500)]);
        words.read.clear();
        assert_eq!(calls(&words, 0, false), [(Service::Vault, 0)]);
        assert_eq!(calls(&words, 0, true), [(Service::Vault, 3)], "--verify-open");
    }

    #[test]
    fn calls_are_those_of_distinct_keys() {
        const AWS: &str = "awskms://alias/k?region=eu-central-1";
        let reseal = Rotate::Reseal { rows: 250 };
        let distinct = Distinct { keys: 500, bindings: 1 };
        let aws = |rotate, noted, stale| {
            total(of_data_keys(&form(AWS, rotate, noted, None), distinct, (stale, 50_000), false))
        };
        assert_eq!(aws(Rotate::Rewrap, true, 50_000), 1_000);
        assert_eq!(aws(Rotate::Rewrap, true, 0), 0, "a second run");
        assert_eq!(aws(Rotate::Rewrap, false, 0), 500, "… where nothing is noted");
        assert_eq!(aws(reseal, true, 50_000), 900);
        let vault = |rotate, aad| form("hashivault://k", rotate, false, aad);
        let calls = |form: &DataKeyForm, distinct| {
            total(of_data_keys(form, distinct, (50_000, 50_000), false))
        };
        assert_eq!(calls(&vault(Rotate::Rewrap, None), distinct), 5);
        assert_eq!(calls(&vault(Rotate::Rewrap, Some("{id}")), distinct), 8, "it rewraps no AAD");
        let of_rows = Distinct { keys: 500, bindings: 50_000 };
        assert_eq!(calls(&vault(reseal, Some("{id}")), of_rows), 3 + 500, "new ones in batches");
    }

    #[test]
    fn time_and_money() {
        let settings = KmsSettings { calls_per_second: Some(100), retry_for: Duration::ZERO };
        let calls = Calls::of(Service::Aws, 1_000_000, settings);
        assert_eq!(calls.duration, Duration::from_secs(10_000));
        assert!(calls.dollars.is_some_and(|dollars| (dollars - 3.0).abs() < 1e-9));
        assert_eq!(Calls::of(Service::Vault, 5, settings).dollars, None);
    }
}
