//! An application on the same PgBouncer, as the same role: its server connections are ours in the next
//! moment. What we set must not stay with them, and what it leaves there must not disturb us.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_postgres::{Client, SimpleQueryMessage};

use super::support::{Failpoints, seal};
use super::{Pooled, ROWS};

/// PgBouncer keeps these for each client, so they stay what each application made them: DateStyle,
/// TimeZone, application_name. All differ, because PostgreSQL does not tell PgBouncer of a SET that
/// changes nothing on the server connection it happens to meet.
const KEPT: [[&str; 3]; 3] = [
    ["German, DMY", "Asia/Tokyo", "the shop"],
    ["SQL, DMY", "Africa/Lagos", "the mailer"],
    ["Postgres, DMY", "America/Lima", "the backup"],
];

/// PgBouncer does not know of these: they stay with whichever server connection was at hand. All of
/// them would lead us astray: `elsewhere` has a table `secrets` too.
const LEFT_BEHIND: &str = "
    SET search_path = elsewhere; SET bytea_output = escape; SET extra_float_digits = -5;
    SET statement_timeout = '37s'; SET lock_timeout = '31s'; SET row_security = on;
    SET default_transaction_isolation = serializable; SET default_transaction_read_only = on;
    SET enable_tidscan = off; SET enable_indexscan = off; SET synchronous_commit = local;
    SET idle_in_transaction_session_timeout = '41s'; SET plan_cache_mode = force_generic_plan;
    SET IntervalStyle = iso_8601; SET synchronize_seqscans = on";

/// Each other setting that we make, and what the application may find it to be: the server's default or
/// its own.
const FOUND: &[(&str, &[&str])] = &[
    ("search_path", &["\"$user\", public", "elsewhere"]),
    ("bytea_output", &["hex", "escape"]),
    ("extra_float_digits", &["1", "-5"]),
    ("statement_timeout", &["0", "37s"]),
    ("lock_timeout", &["0", "31s"]),
    ("row_security", &["on"]),
    ("transaction_isolation", &["read committed", "serializable"]),
    ("transaction_read_only", &["off", "on"]),
    ("synchronous_commit", &["on", "local"]),
    ("idle_in_transaction_session_timeout", &["0", "41s"]),
    ("plan_cache_mode", &["auto", "force_generic_plan"]),
    ("IntervalStyle", &["postgres", "iso_8601"]),
    ("synchronize_seqscans", &["on"]),
    ("jit", &["on", "off"]), // off is the default of some builds
    ("client_min_messages", &["notice"]),
    ("max_parallel_workers_per_gather", &["2"]),
];

async fn setting(client: &Client, name: &str) -> String {
    let answers = client.simple_query(&format!("SHOW {name}")).await.expect("a setting");
    let value = answers.iter().find_map(|answer| match answer {
        SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
        _ => None,
    });
    value.expect("a value")
}

/// Looks at its settings and writes a row, again and again; answers how often.
async fn application(
    client: Client,
    kept: [&'static str; 3],
    values: Vec<Vec<u8>>,
    done: Arc<AtomicBool>,
) -> usize {
    let kept = ["DateStyle", "TimeZone", "application_name"].into_iter().zip(kept);
    for (name, value) in kept.clone() {
        let set = format!("SET {name} = '{value}'");
        client.batch_execute(&set).await.expect("its settings");
    }
    let mut written = 0;
    while !done.load(Ordering::Relaxed) {
        client.batch_execute(LEFT_BEHIND).await.expect("its settings");
        for (name, expected) in kept.clone() {
            assert_eq!(setting(&client, name).await, expected);
        }
        for (name, expected) in FOUND {
            let found = setting(&client, name).await;
            assert!(expected.contains(&found.as_str()), "{name} is {found}");
        }
        let id = written % values.len();
        let value = data_encoding::HEXLOWER.encode(&values[id]);
        let write = format!(
            "BEGIN READ WRITE; UPDATE public.secrets SET value = decode('{value}', 'hex')
             WHERE id = {}; COMMIT",
            id + 1
        );
        match client.batch_execute(&write).await {
            Ok(()) => written += 1,
            // serializable by its own setting: it tries again, as it must
            Err(_) => client.batch_execute("ROLLBACK").await.expect("a rollback"),
        }
    }
    written
}

#[tokio::test(flavor = "multi_thread")]
async fn an_application_keeps_its_settings_and_its_writes() {
    let pooled = Pooled::of(ROWS).await;
    let rotation = &pooled.rotation;
    let elsewhere =
        "CREATE SCHEMA elsewhere; CREATE TABLE elsewhere.secrets (LIKE secrets INCLUDING ALL);
                     INSERT INTO elsewhere.secrets TABLE secrets";
    rotation.database.batch(elsewhere).await;
    let values: Vec<Vec<u8>> = (1..=20)
        .map(|id| seal(&rotation.new, "go", b"", format!("written {id}").as_bytes()))
        .collect();
    let done = Arc::new(AtomicBool::new(false));
    let mut applications = Vec::new();
    for kept in KEPT {
        let client = pooled.pgbouncer.client(rotation.database.url()).await;
        let (values, done) = (values.clone(), Arc::clone(&done));
        applications.push(tokio::spawn(application(client, kept, values, done)));
    }
    let killed = Failpoints::kill("rows-written@3").on(pooled.run()).run().await;
    assert_eq!(killed.signal, Some(9), "{}", killed.printed());
    let outcome = pooled.run().run().await.expect(0);
    let status = outcome.json();
    assert_eq!(status["tables"][0]["table"], "public.secrets", "{status}");
    pooled.through(rotation.verify()).run().await.expect(0);
    done.store(true, Ordering::Relaxed);
    let mut written = 0;
    for application in applications {
        written += application.await.expect("an application that met what it expected");
    }
    assert!(written >= 60, "the application wrote {written} times");

    let opened = rotation.opened().await;
    assert_eq!(opened.len(), 600);
    for (id, secret) in opened {
        let expected = match id {
            1..=20 => format!("written {id}"),
            _ => format!("the secret of row {id}"),
        };
        assert_eq!(secret, expected.into_bytes(), "row {id}");
    }
    let untouched = "SELECT count(*) FROM elsewhere.secrets AS e WHERE e.writes = 0";
    let row = rotation.client().await.query_one(untouched, &[]).await.expect("a count");
    assert_eq!(row.get::<_, i64>(0), ROWS, "rows of the other table were written");
}
