//! The statements: rendered as they were last looked at, and understood by a real server.
//!
//! `UPDATE_GOLDEN=1 cargo test --test statements` writes `tests/golden/` anew; read the difference.

mod support;

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
    all.push(("fetch since".to_owned(), statements::fetch_since(table)));
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

/// What a write and an index have in common: with the page's bounds the planner reads that part alone.
#[tokio::test]
async fn a_server_reads_only_the_range_of_a_page() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let example = examples().remove(0);
    client.batch_execute(example.definition).await.expect("a table");
    let fill = "INSERT INTO public.secrets SELECT g, 'x' FROM generate_series(1, 20000) AS g; \
                ANALYZE public.secrets; SET plan_cache_mode = force_custom_plan;";
    client.batch_execute(fill).await.expect("rows");
    let fetch = statements::fetch_by_key(&example.table, Bounds { after: true, until: false });
    let by_key = commit::statements::write(&example.table, Order::ByKey, false).write;
    let by_block = commit::statements::write(&example.table, Order::Physical, false).write;
    let hundred = |item: &str| format!("'{{{}}}'", vec![item; 100].join(","));
    let arrays = ["5", r#""(3,1)""#, "7", r"\\x00"].map(hundred).join(", ");
    let arrays = format!("1, {arrays}");
    for (statement, arguments, expected) in [
        (fetch, "100, 100000, 1000, 500".to_owned(), "Index Scan using secrets_pkey"),
        (by_key, format!("{arrays}, 7, 7"), "Index Scan using secrets_pkey"),
        (by_block, format!("{arrays}, '(3,1)', '(3,9)'"), "Tid Range Scan on secrets"),
    ] {
        let prepare = format!("PREPARE s AS {statement}");
        client.batch_execute(&prepare).await.expect("a statement");
        let rows = client.query(&format!("EXPLAIN EXECUTE s({arguments})"), &[]).await;
        let lines = rows.expect("a plan").iter().map(|row| row.get(0)).collect::<Vec<String>>();
        let plan = lines.join("\n");
        assert!(plan.contains(expected), "{statement}\n{plan}");
        client.batch_execute("DEALLOCATE s").await.expect("a statement");
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
