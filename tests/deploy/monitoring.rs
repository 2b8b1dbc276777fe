//! Alerts and the dashboard ask for metrics and labels that there are.

use std::fs;

use reseal::telemetry::metrics::{Kind, Metric, TABLE};
use serde_json::Value;

use super::manifests::{list, of_kind};

/// From kube-state-metrics, and labels that Prometheus or the pods' scrape add.
const FOREIGN: &[&str] = &["kube_job_failed"];

const DASHBOARD: &str = "deploy/components/monitoring/dashboard.json";

/// Every expression of alerts and panels.
fn expressions() -> Vec<String> {
    let rules = of_kind("PrometheusRule").into_iter().flat_map(|manifest| {
        let groups = list(&manifest.document["spec"]["groups"]).to_vec();
        groups.into_iter().flat_map(|group| list(&group["rules"]).to_vec())
    });
    let text = fs::read_to_string(DASHBOARD).expect("the dashboard");
    let dashboard: Value = serde_json::from_str(&text).expect("JSON");
    let panels = list(&dashboard["panels"]).to_vec().into_iter();
    let targets = panels.flat_map(|panel| list(&panel["targets"]).to_vec());
    let expressions = rules.chain(targets).map(|asked| asked["expr"].as_str().map(str::to_owned));
    expressions.map(|expression| expression.expect("an expression")).collect()
}

/// The metrics of an expression, each with the text after its name.
fn metrics_of(expression: &str) -> Vec<(&str, &str)> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for prefix in ["reseal_", "kube_"] {
        for (at, _) in expression.match_indices(prefix) {
            let rest = &expression[at..];
            let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
            found.push((&rest[..end], &rest[end..]));
        }
    }
    found
}

/// The metric of this name; a histogram is asked for by its buckets, its sum or its count.
fn metric(name: &str) -> Option<&'static Metric> {
    TABLE.iter().copied().find(|metric| match metric.kind {
        Kind::Histogram => ["_bucket", "_sum", "_count"]
            .iter()
            .any(|suffix| name.strip_suffix(suffix) == Some(metric.name)),
        Kind::Counter | Kind::Gauge => name == metric.name,
    })
}

/// The labels that a selector asks for.
fn selected(after: &str) -> Vec<&str> {
    let selector = after.strip_prefix('{').and_then(|rest| rest.split('}').next());
    let pairs = selector.unwrap_or_default().split(',').filter(|pair| !pair.is_empty());
    pairs.filter_map(|pair| pair.split(['=', '!']).next()).map(str::trim).collect()
}

/// The labels that an expression groups by.
fn grouped(expression: &str) -> Vec<&str> {
    let groups = expression.split("by (").skip(1).filter_map(|rest| rest.split(')').next());
    groups.flat_map(|labels| labels.split(',')).map(str::trim).collect()
}

#[test]
fn every_metric_that_is_asked_for_is_there() {
    let expressions = expressions();
    assert!(expressions.len() > 15, "{expressions:?}");
    for expression in &expressions {
        let metrics = metrics_of(expression);
        assert!(!metrics.is_empty(), "{expression}: no metric");
        for (name, after) in metrics {
            if FOREIGN.contains(&name) {
                continue;
            }
            let metric = metric(name).unwrap_or_else(|| panic!("{expression}: no metric {name}"));
            let labels = selected(after).into_iter().chain(grouped(expression));
            for label in labels.filter(|label| *label != "le") {
                assert!(metric.labels.contains(&label), "{expression}: no label {label}");
            }
        }
    }
}

/// Each metric is of use to somebody who looks or is called.
#[test]
fn every_metric_is_asked_for() {
    let expressions = expressions().join("\n");
    for metric in TABLE.iter().filter(|metric| metric.name != "reseal_build_info") {
        assert!(expressions.contains(metric.name), "nobody asks for {}", metric.name);
    }
}

/// Alerts and panels that name a state name one that there is.
#[test]
fn every_state_that_is_asked_for_is_one() {
    let expressions = expressions().join("\n");
    let states = expressions.split("state=\"").skip(1).filter_map(|rest| rest.split('"').next());
    let states: Vec<&str> = states.collect();
    assert!(states.len() > 2, "{states:?}");
    for state in states {
        assert!(reseal::telemetry::metrics::STATES.contains(&state), "no state {state}");
    }
}
