//! How a server carries out the statements of a page, whatever it knows of the table: it reads the page's
//! part of the index or of the heap, and neither the whole table nor a sort of it.

use reseal::db::session::FIXED;
use reseal::plan::{Order, TablePlan};
use reseal::rotate::commit;
use reseal::rotate::statements::{self, Bounds};
use tokio_postgres::Client;

use super::support::TestDatabase;
use super::tables::examples;

const ROWS: i64 = 1_000_000;
/// Rows of one page.
const PAGE: i64 = 5_000;

/// The table `public.secrets`, filled and nothing more: no statistics, no VACUUM.
async fn filled(rows: &str) -> (TestDatabase, Client, TablePlan) {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    let example = examples().remove(0);
    client.batch_execute(example.definition).await.expect("a table");
    let table = format!(
        "ALTER TABLE public.secrets SET (autovacuum_enabled = off); INSERT INTO public.secrets {rows}"
    );
    client.batch_execute(&table).await.expect("rows");
    (database, client, example.table)
}

/// Fails the test unless the plan of every page statement, for a page of its real size, is bounded.
async fn expect_bounded(client: &Client, table: &TablePlan, known: &str) {
    let as_in_a_session: String =
        FIXED.iter().map(|(name, value)| format!("SET {name} = {value};")).collect();
    client.batch_execute(&as_in_a_session).await.expect("settings");
    let page = "SELECT array_agg(xmin)::text, array_agg(ctid)::text, array_agg(id)::text,
                       array_agg('\\x00'::bytea)::text, min(id)::text, max(id)::text,
                       min(ctid)::text, max(ctid)::text
                FROM (SELECT xmin, ctid, id FROM public.secrets
                      WHERE ctid >= '(2000,1)' ORDER BY ctid LIMIT $1) AS page";
    let page = client.query_one(page, &[&PAGE]).await.expect("a page");
    let word = |n: usize| format!("'{}'", page.get::<_, String>(n));
    let arrays = format!("1, {}, {}, {}, {}", word(0), word(1), word(2), word(3));
    let (low, high, first, last) = (word(4), word(5), word(6), word(7));
    let by_key = commit::statements::write(table, Order::ByKey, false);
    let by_block = commit::statements::write(table, Order::Physical, false);
    let bounds = |after, until| statements::fetch_by_key(table, Bounds { after, until });
    for (what, statement, arguments) in [
        ("fetch by key", bounds(true, false), format!("{PAGE}, 1000, {low}")),
        ("fetch by key between", bounds(true, true), format!("{PAGE}, 1000, {low}, {high}")),
        (
            "fetch by block",
            statements::fetch_by_block(table),
            format!("{PAGE}, 1000, {first}, {last}"),
        ),
        ("sweep", statements::sweep(table), format!("1000, {first}, {last}")),
        ("lock row", statements::lock_row(table), format!("1000, {first}")),
        ("write by key", by_key.write, format!("{arrays}, {low}, {high}")),
        ("write unlocked by key", by_key.write_unlocked, format!("{arrays}, {low}, {high}")),
        ("unwritten by key", by_key.unwritten, format!("{arrays}, {low}, {high}")),
        ("write by block", by_block.write, format!("{arrays}, {first}, {last}")),
        ("write unlocked by block", by_block.write_unlocked, format!("{arrays}, {first}, {last}")),
    ] {
        client.batch_execute(&format!("PREPARE s AS {statement}")).await.expect(what);
        let explain = format!("EXPLAIN EXECUTE s({arguments})");
        let lines = client.query(&explain, &[]).await.expect(what);
        let lines: Vec<String> = lines.iter().map(|row| row.get(0)).collect();
        expect_bounded_plan(&lines, &format!("{what}, {known}"));
        client.batch_execute("DEALLOCATE s").await.expect(what);
    }
}

/// The table is reached by a range of its index or by places in the heap, and is not sorted.
fn expect_bounded_plan(lines: &[String], what: &str) {
    // the parameters stand in the plan, and are long
    let short: Vec<&str> = lines.iter().map(|line| line.get(..100).unwrap_or(line)).collect();
    let plan = short.join("\n");
    let bounded = ["Index Scan using secrets_pkey", "Tid Range Scan", "Tid Scan"];
    assert!(bounded.iter().any(|scan| plan.contains(scan)), "{what}:\n{plan}");
    assert!(!plan.contains("Seq Scan"), "{what}:\n{plan}");
    for (n, line) in short.iter().enumerate().filter(|(_, line)| line.contains("Sort ")) {
        let depth = |line: &str| line.len() - line.trim_start().len();
        let sorted = short[n + 1..].iter().take_while(|below| depth(below) > depth(line));
        let of_table = sorted.filter(|below| below.contains(" on secrets"));
        assert_eq!(of_table.count(), 0, "{what} sorts the table:\n{plan}");
    }
    for line in short.iter().filter(|line| line.contains("secrets_pkey")) {
        assert!(plan.contains("Index Cond"), "{what}: {line} has no range");
    }
}

/// Never analysed; then analysed; then ten times as large as its statistics say.
#[tokio::test]
async fn a_page_is_a_range_whatever_the_statistics_say() {
    let small = format!("SELECT g, 'x' FROM generate_series(1, {}) AS g", ROWS / 10);
    let (_database, client, table) = filled(&small).await;
    client.batch_execute("ANALYZE public.secrets").await.expect("statistics");
    let rest = format!(
        "INSERT INTO public.secrets SELECT g, 'x' FROM generate_series({}, {ROWS}) AS g",
        ROWS / 10 + 1
    );
    client.batch_execute(&rest).await.expect("rows");
    expect_bounded(&client, &table, "ten times larger than its statistics").await;
    client.batch_execute("ANALYZE public.secrets").await.expect("statistics");
    expect_bounded(&client, &table, "analysed").await;
}

#[tokio::test]
async fn a_page_is_a_range_of_a_table_that_was_never_analysed() {
    let all = format!("SELECT g, 'x' FROM generate_series(1, {ROWS}) AS g");
    let (_database, client, table) = filled(&all).await;
    expect_bounded(&client, &table, "never analysed").await;
}

/// Most keys close together, a few far away.
#[tokio::test]
async fn a_page_is_a_range_of_skewed_keys() {
    let skewed = format!(
        "SELECT CASE WHEN g % 1000 = 0 THEN g * 1000000000 ELSE g END, 'x'
         FROM generate_series(1, {ROWS}::bigint) AS g"
    );
    let (_database, client, table) = filled(&skewed).await;
    client.batch_execute("ANALYZE public.secrets").await.expect("statistics");
    expect_bounded(&client, &table, "skewed").await;
}
