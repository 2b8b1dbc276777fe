//! Sessions and transactions: settings that stay inside, rollbacks that happen, troubles that are
//! told apart and quote no row.

mod support;

use std::time::Duration;

use futures_util::FutureExt as _;
use reseal::db::error::{DatabaseError, Trouble};
use reseal::db::session::{Isolation, Terms};
use reseal::db::transaction::Parameter;
use support::{READ, TestDatabase, WRITE, connect, eventually};
use tokio_postgres::types::Type;

const SETTINGS: [&str; 18] = [
    "transaction_isolation",
    "transaction_read_only",
    "lock_timeout",
    "statement_timeout",
    "idle_in_transaction_session_timeout",
    "synchronous_commit",
    "row_security",
    "TimeZone",
    "DateStyle",
    "IntervalStyle",
    "bytea_output",
    "extra_float_digits",
    "max_parallel_workers_per_gather",
    "synchronize_seqscans",
    "plan_cache_mode",
    "jit",
    "client_min_messages",
    "application_name",
];

/// Defaults of the role that differ from everything we set.
const ODD_DEFAULTS: &str = "
    ALTER ROLE odd SET lock_timeout = '7s';
    ALTER ROLE odd SET default_transaction_isolation = 'serializable';
    ALTER ROLE odd SET default_transaction_read_only = on;
    ALTER ROLE odd SET timezone = 'Asia/Tokyo';
    ALTER ROLE odd SET datestyle = 'German';
    ALTER ROLE odd SET intervalstyle = 'iso_8601';
    ALTER ROLE odd SET bytea_output = 'escape';
    ALTER ROLE odd SET extra_float_digits = -5;
    ALTER ROLE odd SET synchronous_commit = local;
    ALTER ROLE odd SET statement_timeout = '31s';";

#[tokio::test]
async fn settings_hold_inside_a_transaction_and_do_not_leak_out_of_it() {
    let database = TestDatabase::create().await;
    database.batch("CREATE ROLE odd LOGIN PASSWORD 'x'").await;
    database.batch(ODD_DEFAULTS).await;
    let connected = connect(&database.url_of("odd", "x"), 1).await;
    let show = SETTINGS.map(|name| format!("current_setting('{name}')")).join(", ");
    let sql = format!("SELECT {show}");

    let inside = |row: tokio_postgres::Row| -> Vec<String> {
        (0..SETTINGS.len()).map(|index| row.get(index)).collect()
    };
    let mut session = connected.session().await.unwrap();
    let transaction = session.begin(&WRITE).await.unwrap();
    assert_eq!(
        inside(transaction.query_one(&sql, &[]).await.unwrap()),
        [
            "read committed",
            "off",
            "10s",
            "1min",
            "1min",
            "off",
            "off",
            "UTC",
            "ISO, YMD",
            "postgres",
            "hex",
            "1",
            "0",
            "off",
            "force_custom_plan",
            "off",
            "error",
            "reseal",
        ]
    );
    transaction.set_statement_timeout(Duration::from_millis(1234)).await.unwrap();
    let row = transaction.query_one("SHOW statement_timeout", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "1234ms");
    transaction.commit().await.unwrap();

    let terms = Terms { isolation: Isolation::RepeatableRead, durable: true, ..READ };
    let transaction = session.begin(&terms).await.unwrap();
    let settings = inside(transaction.query_one(&sql, &[]).await.unwrap());
    assert_eq!(settings[..2], ["repeatable read", "on"]);
    drop(transaction);
    let terms = Terms { durable: true, ..WRITE };
    let transaction = session.begin(&terms).await.unwrap();
    assert_eq!(inside(transaction.query_one(&sql, &[]).await.unwrap())[5], "on");
    drop(transaction);

    // Outside of any transaction of ours everything is as the role has it.
    let transaction = session.begin(&READ).await.unwrap();
    transaction.batch("COMMIT").await.unwrap();
    let settings = inside(transaction.query_one(&sql, &[]).await.unwrap());
    assert_eq!(settings[..4], ["serializable", "on", "7s", "31s"]);
    assert_eq!(settings[5..11], ["local", "on", "Asia/Tokyo", "German, DMY", "iso_8601", "escape"]);
}

/// A process that was killed in the middle of a long look: the server does not finish it for nobody.
#[test]
fn a_statement_ends_with_its_client() {
    let watching = tokio::runtime::Runtime::new().expect("a runtime");
    let database = watching.block_on(TestDatabase::create());
    let dying = tokio::runtime::Runtime::new().expect("a runtime");
    let url = database.url().to_owned();
    let look = dying.spawn(async move {
        let connected = connect(&url, 1).await;
        let mut session = connected.session().await.unwrap();
        let terms = Terms { statement_timeout: Duration::from_secs(600), ..READ };
        let transaction = session.begin(&terms).await.unwrap();
        transaction.query_one("SELECT pg_sleep(300)", &[]).await.unwrap();
    });
    let sleepers = async || -> i64 {
        let sleepers = "SELECT count(*) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event = 'PgSleep'";
        database.client().await.query_one(sleepers, &[]).await.unwrap().get(0)
    };
    watching.block_on(eventually("it looks", async || (sleepers().await == 1).then_some(())));
    dying.shutdown_background();
    drop(look);
    watching
        .block_on(eventually("it looks no more", async || (sleepers().await == 0).then_some(())));
}

#[tokio::test]
async fn a_snapshot_begins_with_the_callers_first_statement() {
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE t (n int)").await;
    let connected = connect(database.url(), 1).await;
    let mut session = connected.session().await.unwrap();
    let terms = Terms { isolation: Isolation::RepeatableRead, ..READ };
    let transaction = session.begin(&terms).await.unwrap();
    database.batch("INSERT INTO t VALUES (1)").await;
    let count = async || -> i64 {
        transaction.query_one("SELECT count(*) FROM t", &[]).await.unwrap().get(0)
    };
    assert_eq!(count().await, 1);
    database.batch("INSERT INTO t VALUES (2)").await;
    assert_eq!(count().await, 1);
}

#[tokio::test]
async fn what_is_dropped_is_rolled_back_and_the_session_goes_on() {
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE t (n int)").await;
    let connected = connect(database.url(), 1).await;
    for committed in [false, true] {
        let mut session = connected.session().await.unwrap();
        let transaction = session.begin(&WRITE).await.unwrap();
        let one: Parameter<'_> = (&1_i32, Type::INT4);
        let written = transaction.execute("INSERT INTO t VALUES ($1)", &[one]).await.unwrap();
        assert_eq!(written, 1);
        if committed {
            transaction.commit().await.unwrap();
        }
    }
    let mut session = connected.session().await.unwrap();
    let transaction = session.begin(&READ).await.unwrap();
    assert_eq!(transaction.query("SELECT n FROM t", &[]).await.unwrap().len(), 1);
    let none = transaction.query_opt("SELECT n FROM t WHERE n = 2", &[]).await.unwrap();
    assert!(none.is_none());
    let mut rows = transaction.stream("SELECT generate_series(1, 100000)", &[]).await.unwrap();
    let mut sum = 0;
    while let Some(row) = rows.next().await.unwrap() {
        sum += i64::from(row.get::<_, i32>(0));
    }
    assert_eq!(sum, 100_000 * 100_001 / 2);
}

/// The client library alone would wait for ever for the enum's name behind so many rows.
#[tokio::test(flavor = "multi_thread")]
async fn many_rows_of_a_type_that_is_not_built_in() {
    let database = TestDatabase::create().await;
    database.batch("CREATE TYPE mood AS ENUM ('sad', 'ok')").await;
    let connected = connect(database.url(), 1).await;
    let reading = tokio::spawn(async move {
        let mut session = connected.session().await.unwrap();
        let transaction = session.begin(&READ).await.unwrap();
        let sql = "SELECT 'ok'::mood, repeat('x', 100) FROM generate_series(1, 100000)";
        let mut rows = transaction.stream(sql, &[]).await.unwrap();
        let mut count = 0;
        while rows.next().await.unwrap().is_some() {
            count += 1;
        }
        (count, transaction.query(sql, &[]).await.unwrap().len())
    });
    let counts = tokio::time::timeout(Duration::from_secs(60), reading).await;
    assert_eq!(counts.expect("no standstill").unwrap(), (100_000, 100_000));
}

#[tokio::test]
async fn a_begin_that_is_given_up_leaves_no_transaction() {
    let database = TestDatabase::create().await;
    let connected = connect(database.url(), 1).await;
    let mut session = connected.session().await.unwrap();
    // Polled once, so it is sent; dropped before the answer.
    assert!(session.begin(&WRITE).now_or_never().is_none());
    let transaction = session.begin(&READ).await.unwrap();
    let row = transaction.query_one("SHOW transaction_read_only", &[]).await.unwrap();
    assert_eq!(row.get::<_, &str>(0), "on");
}

/// PostgreSQL answers COMMIT in a failed transaction with a rollback and no error.
#[tokio::test]
async fn a_failed_transaction_does_not_seem_committed() {
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE t (n int)").await;
    let connected = connect(database.url(), 1).await;
    let mut session = connected.session().await.unwrap();
    let transaction = session.begin(&WRITE).await.unwrap();
    transaction.execute("INSERT INTO t VALUES (1)", &[]).await.unwrap();
    transaction.query("SELECT 1/0", &[]).await.unwrap_err();
    let error = transaction.commit().await.unwrap_err();
    assert_eq!(error.sqlstate.as_deref(), Some("25P02"));
    let transaction = session.begin(&READ).await.unwrap();
    assert!(transaction.query("SELECT n FROM t", &[]).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_server_error_keeps_names_but_no_row() {
    let database = TestDatabase::create().await;
    database
        .batch(
            "CREATE TABLE t (n int NOT NULL, secret text CONSTRAINT short CHECK (length(secret) < 9));
             CREATE UNIQUE INDEX t_secret ON t (secret); INSERT INTO t VALUES (1, 'hunter2')",
        )
        .await;
    let connected = connect(database.url(), 1).await;
    let mut session = connected.session().await.unwrap();
    let mut provoke = async |sql: &str| -> DatabaseError {
        let transaction = session.begin(&WRITE).await.unwrap();
        let error = transaction.execute(sql, &[]).await.unwrap_err();
        for shown in [format!("{error}"), format!("{error:?}")] {
            assert!(!shown.contains("hunter2"), "{shown}");
        }
        assert!(!reseal::error::Error::from(error.clone()).to_string().contains("hunter2"));
        error
    };
    let error = provoke("INSERT INTO t VALUES (2, 'hunter2-hunter2')").await;
    assert_eq!(error.trouble, Trouble::RowRefused);
    assert_eq!(error.place().as_deref(), Some("public.t, constraint short"));
    let error = provoke("INSERT INTO t VALUES (2, 'hunter2')").await;
    assert_eq!(
        (error.trouble, error.constraint.as_deref()),
        (Trouble::RowRefused, Some("t_secret"))
    );
    let error = provoke("INSERT INTO t VALUES (NULL, 'hunter2')").await;
    assert_eq!(error.place().as_deref(), Some("public.t.n"));
    let error = provoke("INSERT INTO t SELECT secret::int, secret FROM t").await;
    assert_eq!((error.trouble, error.sqlstate.as_deref()), (Trouble::RowRefused, Some("22P02")));
    let error = provoke("DO $$ BEGIN RAISE 'hunter2' USING HINT = 'hunter2'; END $$").await;
    assert_eq!(error.trouble, Trouble::RowRefused);
    assert_eq!(provoke("INSERT INTO hunter2 VALUES (1)").await.trouble, Trouble::PlanBroken);
}

#[tokio::test]
async fn waiting_ends_at_the_terms() {
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE t (n int)").await;
    let connected = connect(database.url(), 2).await;
    let (mut one, mut other) =
        (connected.session().await.unwrap(), connected.session().await.unwrap());
    let holder = one.begin(&WRITE).await.unwrap();
    holder.batch("LOCK TABLE t").await.unwrap();
    // one timeout at a time: on a busy machine the longer of two may be over before the shorter one begins
    let terms = Terms { lock_timeout: Duration::from_millis(50), ..WRITE };
    let waiter = other.begin(&terms).await.unwrap();
    assert_eq!(waiter.batch("LOCK TABLE t").await.unwrap_err().trouble, Trouble::LockTimeout);
    drop(waiter);
    let terms = Terms { statement_timeout: Duration::from_millis(150), ..WRITE };
    let waiter = other.begin(&terms).await.unwrap();
    let error = waiter.batch("SELECT pg_sleep(60)").await.unwrap_err();
    assert_eq!(error.trouble, Trouble::StatementTimeout);
}

/// As when something in between moves the connection to another server session.
#[tokio::test]
async fn a_session_that_is_not_the_one_connected_to_is_lost() {
    let database = TestDatabase::create().await;
    let connected = connect(database.url(), 1).await;
    let mut session = connected.session().await.unwrap();
    let transaction = session.begin(&WRITE).await.unwrap();
    transaction.batch("SET reseal.session = 'another'").await.unwrap();
    transaction.commit().await.unwrap();
    let error = session.begin(&READ).await.err().expect("no transaction");
    assert_eq!(error.trouble, Trouble::ConnectionLost);
}
