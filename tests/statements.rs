//! The statements: rendered as they were last looked at, and understood by a real server.
//!
//! `UPDATE_GOLDEN=1 cargo test --test statements` writes `tests/golden/` anew; read the difference.

mod support;

#[path = "statements/plans.rs"]
mod plans;
#[path = "statements/tables.rs"]
mod tables;

use std::fmt::Write as _;
use std::path::Path;

use reseal::db::sql;
use reseal::plan::TablePlan;
use reseal::rotate::commit;
use reseal::rotate::statements::{self, Bounds, Order};
use support::TestDatabase;
use tables::{Example, examples};

/// Every statement about one table, by its name.
fn rendered(table: &TablePlan) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for (words, after, until) in [
        ("", false, false),
        (" after", true, false),
        (" until", false, true),
        (" between", true, true),
    ] {
        let statement = statements::fetch_by_key(table, Bounds { after, until });
        all.push((format!("fetch by key{words}"), statement));
    }
    all.push(("fetch by block".to_owned(), statements::fetch_by_block(table)));
    all.push(("sweep".to_owned(), statements::sweep(table)));
    all.push(("fetch since".to_owned(), statements::fetch_since(table)));
    all.push(("fetch anywhere".to_owned(), statements::fetch_anywhere(table)));
    all.push(("lock row".to_owned(), statements::lock_row(table)));
    for (words, order, compares) in [
        ("by key", Order::ByKey, false),
        ("by block", Order::Physical, false),
        ("by key, comparing values", Order::ByKey, true),
    ] {
        let write = commit::statements::write(table, order, compares);
        all.push((format!("write {words}"), write.write));
        all.push((format!("write unlocked {words}"), write.write_unlocked));
        all.push((format!("unwritten {words}"), write.unwritten));
    }
    all.push(("record failures".to_owned(), statements::record_failures(table)));
    all.push(("count accepted".to_owned(), statements::count_accepted(table)));
    all.push(("listed failures".to_owned(), statements::listed_failures(table)));
    all.push(("key quantiles".to_owned(), statements::key_quantiles(table)));
    all
}

#[test]
fn statements_are_rendered_as_they_were_looked_at() {
    for Example { name, table, .. } in examples() {
        let mut text = format!("-- Every statement about {}, as rendered.\n", table.relation);
        for (name, statement) in rendered(&table) {
            write!(text, "\n-- {name}\n{statement};\n").expect("writing to a String cannot fail");
        }
        let path = Path::new("tests/golden").join(format!("{name}.sql"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, text).expect("a golden file");
            continue;
        }
        let golden = std::fs::read_to_string(&path).unwrap_or_default();
        let difference = golden.lines().zip(text.lines()).find(|(golden, now)| golden != now);
        assert!(
            golden == text,
            "{} is not what is rendered now, first in {difference:#?}\n\
             if that is as it should be: UPDATE_GOLDEN=1 cargo test --test statements",
            path.display()
        );
    }
}

#[tokio::test]
async fn a_server_prepares_every_statement_about_a_table() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute(sql::LEDGER_1).await.expect("the ledger");
    for Example { name, table, definition } in examples() {
        client.batch_execute(definition).await.unwrap_or_else(|error| panic!("{name}: {error:?}"));
        for (what, statement) in rendered(&table) {
            let prepared = client.prepare(&statement).await;
            let prepared =
                prepared.unwrap_or_else(|error| panic!("{name}, {what}: {error:?}\n{statement}"));
            let expected = (1..).take_while(|n| statement.contains(&format!("${n}"))).count();
            assert_eq!(
                prepared.params().len(),
                expected,
                "{name}, {what}: a parameter is left out"
            );
        }
    }
}

#[tokio::test]
async fn a_server_prepares_every_plain_statement() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    client.batch_execute(sql::LEDGER_1).await.expect("the ledger");
    let show = client.query_one("SELECT current_setting('server_version_num')::int", &[]).await;
    let version: i32 = show.expect("a version").get(0);
    let is_plain = |statement: &str| !statement.contains("\"{");
    for (path, statement) in sql::ALL.iter().filter(|(_, statement)| is_plain(statement)) {
        let is_known_here = match *path {
            "ledger/001_ledger.sql" => false, // a script, and just executed
            "plan/database_collation.sql" => version >= 150_000,
            _ => true,
        };
        if is_known_here {
            client.prepare(statement).await.unwrap_or_else(|error| panic!("{path}: {error:?}"));
        }
    }
}
