//! The page about metrics lists those that there are, as they are.

use reseal::telemetry::metrics::{Metric, TABLE};

fn row(metric: &Metric) -> String {
    let labels: Vec<String> = metric.labels.iter().map(|label| format!("`{label}`")).collect();
    let (name, kind, unit) = (metric.name, metric.kind.as_str(), metric.measure.as_str());
    format!("| `{name}` | {kind} | {unit} | {} | {} |", labels.join(", "), metric.help)
}

#[test]
fn the_table_of_the_documents_is_the_table_of_the_code() {
    let page = include_str!("../../docs/http-and-metrics.md");
    let shown: Vec<&str> = page.lines().filter(|line| line.starts_with("| `reseal_")).collect();
    let table: Vec<String> = TABLE.iter().map(|metric| row(metric)).collect();
    assert_eq!(shown, table, "\n{}\n", table.join("\n"));
}
