//! Who, what, which keys, how many, what failed, and what proves it.

use maud::{Markup, html};

use super::{count, number};
use crate::report::run_report::{Coverage, KeyReport, KeySourceReport, RunReport};

pub(super) fn who(report: &RunReport) -> Markup {
    let server = &report.database;
    html! {
        h2 { small { "1" } "Who, why, and where" }
        dl {
            dt { "database system" } dd { code { (server.system_identifier) } ", PostgreSQL " (server.server_version) }
            dt { "database" } dd { (server.database_name) }
            dt { "program" } dd { "reseal " (report.tool_version) }
            dt { "configuration" } dd { "SHA-256 " code { (report.config_digest) } }
        }
        table {
            thead { tr { th { "database role" } th { "operator" } th { "ticket" } th { "reason" } th { "host" }
                th { "pod" } } }
            tbody { @for who in &report.who { tr {
                td { (who.database_role) }
                @for said in [&who.operator, &who.ticket, &who.reason, &who.host, &who.pod] {
                    td { (said.as_deref().unwrap_or("not said")) }
                }
            } } }
        }
    }
}

pub(super) fn scope(report: &RunReport) -> Markup {
    html! {
        h2 { small { "2" } "Scope and coverage" }
        table {
            thead { tr { th { "table" } th { "column" } th { "layout written" } th { "also read" } } }
            tbody { @for table in &report.scope { @for column in &table.columns { tr {
                td { code { (table.table) } } td { code { (column.column) } } td { code { (column.layout) } }
                td { @if column.read.is_empty() { "no other" } @else { code { (column.read.join(", ")) } } }
            } } } }
        }
        (coverage(&report.coverage))
    }
}

fn coverage(coverage: &Coverage) -> Markup {
    let search = coverage.search.as_ref();
    let outside = search.map(|search| search.outside.as_slice()).unwrap_or_default();
    let not_looked_at = search.map(|search| search.not_looked_at.as_slice()).unwrap_or_default();
    html! {
        p .bad[!outside.is_empty()] { (coverage.what) }
        @if !outside.is_empty() {
            table {
                thead { tr { th { "outside the scope" } th { "layout" } th { "opened by" }
                    th .number { "values of the sample" } } }
                tbody { @for found in outside { tr {
                    td { code { (found.column) } @if found.in_scope { " (in scope with other layouts)" } }
                    td { code { (found.layout) } } td { (found.keys.join(", ")) }
                    td .number { (number(found.values)) }
                } } }
            }
        }
        @if !not_looked_at.is_empty() {
            p { "Not looked at:" }
            ul { @for place in not_looked_at { li { (place) } } }
        }
    }
}

pub(super) fn keys(report: &RunReport) -> Markup {
    html! {
        h2 { small { "3" } "Keys" }
        table {
            thead { tr { th { "ring" } th { "key id" } th { "role" } th { "loaded from" } th { "first seen" }
                th .number { "days ago" } } }
            tbody { @for key in &report.keys { tr {
                td { (key.ring) } td { code { (key.key) } } td { (key.role) } td { (sources(key)) }
                td .time { (key.age.first_seen_at.as_deref().unwrap_or("unknown")) }
                td .number { (count(key.age.days)) }
            } } }
        }
        p { "A key id is a fingerprint that says nothing of the key. First seen means by a run of this ledger: the \
             ledger does not know how old a key was then." }
    }
}

fn sources(key: &KeyReport) -> String {
    let source = |from: &KeySourceReport| match (&from.kms, &from.kms_version) {
        (None, _) => from.source.clone(),
        (Some(kms), None) => format!("{}, wrapped by {kms}", from.source),
        (Some(kms), Some(version)) => {
            format!("{}, wrapped by {kms}, version {version}", from.source)
        }
    };
    let sources: Vec<String> = key.loaded_from.iter().map(source).collect();
    if sources.is_empty() { "not audited".to_owned() } else { sources.join("; ") }
}

pub(super) fn counts(report: &RunReport) -> Markup {
    html! {
        h2 { small { "4" } "Independent count" }
        @match &report.counts {
            None => p { "Not counted (--no-count)." },
            Some(counts) => {
                p { "Counted at " (counts.taken_at) " by SQL of the report's own (" code { "count(*)" }
                    ", and the cells that are values), in one snapshot, beside what the last pass of the \
                     run met." }
                table {
                    thead { tr { th { "table" } th .number { "rows" } th .number { "values now" }
                        th .number { "values in the run" } th .number { "difference" } th { "explained" } } }
                    tbody { @for table in &counts.tables { tr {
                        td { code { (table.table) } }
                        td .number { (count(table.rows)) } td .number { (count(table.values_now)) }
                        td .number { (table.values_in_run.map_or("unknown".to_owned(), number)) }
                        td .number { (count(table.difference)) } td { (table.what) }
                    } } }
                }
            }
        }
    }
}

pub(super) fn failures(report: &RunReport) -> Markup {
    html! {
        h2 { small { "6" } "Failures and what became of them" }
        p { "As they stand now: open, accepted as they are by somebody, or resolved by a later run." }
        @if report.failures.is_empty() { p { "None that this run was the last to meet." } } @else {
            table {
                thead { tr { th { "table" } th { "column" } th { "reason" } th { "disposition" }
                    th .number { "values" } } }
                tbody { @for group in &report.failures { tr {
                    td { code { (group.table) } } td { code { (group.column) } }
                    td { (group.reason.replace('_', " ")) }
                    td { (group.disposition) } td .number { (count(Some(group.failures))) }
                } } }
            }
        }
        @if let Some(failed) = &report.failed_values {
            table {
                thead { tr { th { "id" } th { "table" } th { "column" } th { "row key" } th { "reason" }
                    th { "accepted" } } }
                tbody { @for failure in failed { tr {
                    td { (failure.id) } td { code { (failure.table) } } td { code { (failure.column) } }
                    td { code { (failure.key.join(", ")) } } td { (failure.reason.replace('_', " ")) }
                    td { (failure.accepted_reason.as_deref().unwrap_or("")) }
                } } }
            }
        } @else { p { "Row keys may be personal data and are left out; --show-keys lists them." } }
    }
}

pub(super) fn proof(report: &RunReport) -> Markup {
    html! {
        h2 { small { "7" } "The proof, step by step" }
        @if report.proof_steps.is_empty() { p .bad { "There is none." } } @else {
            table {
                thead { tr { th { "step" } th { "what was found" } } }
                tbody { @for step in &report.proof_steps { tr { td { (step.step) } td { (step.what) } } } }
            }
        }
        @if let Some(behind) = &report.standbys_behind {
            p { "Standbys that were connected when this report was made: "
                @if behind.is_empty() { "none that had not replayed this moment." } @else {
                    b { (behind.join(", ")) } " had not replayed this moment yet." }
            }
        }
        @for advice in &report.run.advice { p { (with_code(&capital(advice))) "." } }
    }
}

/// What stands between backticks is code.
fn with_code(text: &str) -> Markup {
    html! {
        @for (at, part) in text.split('`').enumerate() {
            @if at % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

/// A sentence of our own words, for a page.
fn capital(text: &str) -> String {
    let mut characters = text.chars();
    characters
        .next()
        .map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
}
