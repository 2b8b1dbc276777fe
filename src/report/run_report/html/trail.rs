//! What comes after: until when keys are kept, the trail, what is not shown, and what it is evidence toward.

use maud::{Markup, html};

use crate::report::run_report::RunReport;

pub(super) fn retention(report: &RunReport) -> Markup {
    html! {
        h2 { small { "8" } "Until when the previous keys are needed" }
        p { (report.retention.what) }
        @if let Some(until) = &report.retention.keep_until {
            dl {
                dt { "archive until" } dd { b { (until) } }
                dt { "backups kept for" } dd { (report.retention.backup_retention.as_deref().unwrap_or("")) }
            }
        }
    }
}

pub(super) fn audit(report: &RunReport) -> Markup {
    let audit = &report.audit;
    html! {
        h2 { small { "9" } "Audit trail" }
        @if let Some(chain) = &audit.chain {
            @if chain.is_whole() {
                p { "The chain of all " (chain.events) " events holds: each has the hash of the one before it." }
            } @else {
                p .bad { "The chain is broken:" }
                ul { @for found in &chain.findings { li .bad { (found.what) } } }
            }
            @if let Some(head) = &chain.head {
                dl { dt { "head" } dd { code { (head) } } }
                p { "Keep the head outside this database: " code { "reseal audit verify --head" }
                    " then shows whether anything up to here was changed since." }
            }
        }
        p { (rights(audit.role_may_change_audit)) }
        table {
            thead { tr { th .number { "event" } th { "time" } th { "what" } th { "who" } } }
            tbody { @for event in &audit.events { tr {
                td .number { (event.event_id) } td .time { (event.happened_at) } td { (event.event) }
                td { (event.who) }
            } } }
        }
    }
}

fn rights(may_change: Option<bool>) -> &'static str {
    match may_change {
        Some(false) => {
            "The database role that ran could add to the trail, and neither change nor remove anything in it."
        }
        Some(true) => {
            "The database role that ran could have changed the trail (it owns the ledger, is a superuser, or was \
             granted it): only the chain and a head kept elsewhere speak for it."
        }
        None => "Whether the database role that ran could change the trail was not audited.",
    }
}

pub(super) fn not_shown(report: &RunReport) -> Markup {
    html! {
        h2 { small { "10" } "What this report does not show" }
        ul { @for what in &report.not_shown { li { (what) } } }
    }
}

pub(super) fn evidence(report: &RunReport) -> Markup {
    html! {
        h2 { small { "11" } "Evidence toward" }
        p { "This page is evidence that an assessor may use toward the following. Whether a requirement is met is for \
             them to judge, and depends on more than one rotation." }
        table {
            thead { tr { th { "standard" } th { "section" } th { "what is shown here" } } }
            tbody { @for evidence in &report.evidence { tr {
                td { (evidence.standard) } td .time { (evidence.section) } td { (evidence.what) }
            } } }
        }
    }
}
