//! What a run is refused for, before it writes anything: each with its exit code, and with a message
//! that says what is wrong, where, and how to mend it. And what the plan only warns of.

mod support;

#[path = "refusals/catalogue.rs"]
mod catalogue;
#[path = "refusals/configured.rs"]
mod configured;
#[path = "refusals/keys.rs"]
mod keys;
#[path = "refusals/ledger.rs"]
mod ledger;
#[path = "refusals/privileges.rs"]
mod privileges;
#[path = "refusals/server.rs"]
mod server;
#[path = "refusals/warnings.rs"]
mod warnings;

use support::{Outcome, Reseal, TestDatabase};
use tokio_postgres::Client;

/// Wrong words, configuration or key.
const USAGE: i32 = 2;
/// Refused by the plan.
const REFUSED: i32 = 3;

/// One trouble as a command tells it: parts of what, where and hint.
type Told<'t> = (&'t str, &'t str, &'t str);

/// Runs a command that must be refused for exactly these troubles, and must write nothing at all but that it
/// was refused.
async fn refused(database: &TestDatabase, command: Reseal, code: i32, expected: &[Told<'_>]) {
    let client = database.client().await;
    let before = everything(&client).await;
    let outcome = command.run().await.expect(code);
    tells(&outcome, expected);
    assert_eq!(outcome.stdout, "", "a refusal is no result");
    assert!(everything(&client).await == before, "reseal {} wrote something", outcome.words);
}

/// Fails unless the command told exactly these troubles, in this order.
#[track_caller]
fn tells(outcome: &Outcome, expected: &[Told<'_>]) {
    let told = troubles(&outcome.stderr);
    let fits = |(told, (what, place, hint)): (&Trouble, &Told<'_>)| {
        told.what.contains(what) && told.place.contains(place) && told.hint.contains(hint)
    };
    let all_fit = told.len() == expected.len() && told.iter().zip(expected).all(fits);
    assert!(all_fit, "reseal {}\ntold {told:#?}\nexpected {expected:#?}", outcome.words);
    for trouble in &told {
        let first = trouble.what.chars().next().expect("a message");
        assert!(!trouble.what.ends_with('.') && !first.is_ascii_uppercase(), "{trouble:?}");
    }
}

#[derive(Debug, Default)]
struct Trouble {
    what: String,
    place: String,
    hint: String,
}

/// The troubles on stderr, log lines left out.
fn troubles(stderr: &str) -> Vec<Trouble> {
    let mut troubles: Vec<Trouble> = Vec::new();
    for line in stderr.lines() {
        if let Some(what) = line.strip_prefix("reseal: error: ") {
            troubles.push(Trouble { what: what.to_owned(), ..Trouble::default() });
        } else if let (Some(place), Some(last)) =
            (line.strip_prefix("  where: "), troubles.last_mut())
        {
            place.clone_into(&mut last.place);
        } else if let (Some(hint), Some(last)) =
            (line.strip_prefix("  hint: "), troubles.last_mut())
        {
            hint.clone_into(&mut last.hint);
        }
    }
    troubles
}

/// Every relation of the database outside the catalogue and the audit trail, and every row version in them.
async fn everything(client: &Client) -> Vec<(String, Option<String>)> {
    let select = "SELECT format('%s %I.%I', c.relkind, n.nspname, c.relname),
               CASE WHEN c.relkind IN ('r', 'm') THEN query_to_xml(
                   format('SELECT xmin, xmax, ctid, t::text FROM ONLY %I.%I AS t ORDER BY ctid',
                          n.nspname, c.relname), true, true, '')::text END
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
              AND c.relname NOT LIKE 'audit\\_%'
        ORDER BY 1";
    let rows = client.query(select, &[]).await.expect("the catalogue");
    rows.iter().map(|row| (row.get(0), row.get(1))).collect()
}

#[test]
fn troubles_are_told_from_log_lines() {
    let stderr = "2026-01-01 INFO started\nreseal: error: no\n  where: here\n  hint: there\n\
                  reseal: error: nor this\n";
    let told = troubles(stderr);
    assert_eq!((told.len(), &*told[0].place, &*told[0].hint), (2, "here", "there"));
    assert_eq!((&*told[1].what, &*told[1].place), ("nor this", ""));
}
