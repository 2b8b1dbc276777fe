//! The report as one page that needs nothing else: no script, no font, no picture from elsewhere, and it
//! prints. Names come from configuration and catalogue; whatever is no [`PreEscaped`] is escaped.

mod sections;
mod trail;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::RunReport;
use super::plot::{self, duration};

const STYLE: &str = include_str!("page.css");

/// The whole document.
pub fn page(report: &RunReport) -> String {
    let run_id = report.run.run_id.unwrap_or(0);
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { "Key rotation report, run " (run_id) ", " (report.database.database_name) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                (head(report, run_id))
                (figures(report))
                p .said { (summary(report)) }
                (sections::who(report))
                (sections::scope(report))
                (sections::keys(report))
                (sections::counts(report))
                (work(report))
                (sections::failures(report))
                (sections::proof(report))
                (trail::retention(report))
                (trail::audit(report))
                (trail::not_shown(report))
                (trail::evidence(report))
                footer {
                    "Made by reseal " (report.made_by_version) " at " (report.made_at)
                    ", from the ledger in schema reseal of this database and from its catalogue."
                }
            }
        }
    };
    document.into_string()
}

fn head(report: &RunReport, run_id: i64) -> Markup {
    let state = match report.run.status {
        "completed" => "state good",
        "failed" | "incomplete" => "state bad",
        _ => "state",
    };
    html! {
        header {
            span class=(state) { (report.run.status.replace('_', " ")) }
            h1 { "Key rotation report" }
            p { "Run " (run_id) " in database " b { (report.database.database_name) }
                ", " (report.run.started_at.as_deref().unwrap_or("not started")) " to "
                (report.run.completed_at.as_deref().unwrap_or("now, unfinished")) }
        }
    }
}

fn figures(report: &RunReport) -> Markup {
    let run = &report.run;
    let figures = [
        (number(run.total_records), "values in scope"),
        (number(run.processed_records), "open with the current key"),
        (number(run.resealed_records), "resealed by this run"),
        (number(run.failed_records), "failed"),
    ];
    html! {
        div .figures { @for (figure, what) in figures { div { b { (figure) } span { (what) } } } }
    }
}

/// What the run came to, in a sentence or two.
fn summary(report: &RunReport) -> String {
    let run = &report.run;
    let moment = run.proof.as_ref().and_then(|proof| proof["moment"].as_str());
    match (run.status, moment) {
        ("completed", Some(moment)) if run.accepted_records == 0 => format!(
            "At {moment}, every committed value of the columns in scope opened with the current key in the \
             layout that is written, and no transaction that had written to these tables before the end of the \
             last walk was still open."
        ),
        ("completed" | "completed_with_failures", Some(moment)) => format!(
            "At {moment}, every committed value of the columns in scope opened with the current key in the \
             layout that is written, except for {} failed values, of which {} had been accepted as they are.",
            number(run.failed_records),
            number(run.accepted_records)
        ),
        _ => {
            "There is no proof of this run: it does not show that the previous keys are not needed."
                .to_owned()
        }
    }
}

fn work(report: &RunReport) -> Markup {
    html! {
        h2 { small { "5" } "The work" }
        p { (number(report.run.resealed_records)) " values resealed in " (report.run.passes) " passes and "
            (duration(report.seconds)) ". " (number(report.run.conflicts))
            " conflicts: rows that changed between being read and being written; there the application's write \
             stood, and the row was read again." }
        @if let Some(svg) = plot::svg(&report.curve) {
            figure {
                (PreEscaped(svg))
                figcaption { "Values read a second, from checkpoints, from the start of the run to its end" }
            }
        }
        table {
            thead { tr { th { "pass" } th { "table" } th .number { "rows read" } th .number { "already current" }
                th .number { "resealed" } th .number { "failed" } th .number { "conflicts" } } }
            tbody { @for pass in &report.passes { tr {
                td { (pass.pass) " " (pass.step.replace('_', " ")) }
                td { code { (pass.table) } }
                td .number { (number(pass.rows)) } td .number { (number(pass.current)) }
                td .number { (number(pass.resealed)) } td .number { (number(pass.failed)) }
                td .number { (number(pass.conflicts)) }
            } } }
        }
    }
}

/// 1234567 as `1,234,567`.
fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A count that may be unknown.
fn count(value: Option<i64>) -> String {
    let sign = |value: i64| if value < 0 { "-" } else { "" };
    value.map_or("unknown".to_owned(), |value| {
        sign(value).to_owned() + &number(value.unsigned_abs())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(number), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([Some(-1_000), None].map(count), ["-1,000", "unknown"]);
    }
}
