//! Servers that go away, come back, or turn into a standby.

mod support;

use std::process::Command;
use std::sync::atomic::Ordering;
use std::time::Duration;

use reseal::db::error::Trouble;
use reseal::db::session::Terms;
use reseal::db::sql;
use reseal::demo::server::ServerOptions;
use support::{READ, TestDatabase, WRITE, connect, private_server, silenced};
use tokio_postgres::NoTls;

/// Whether the server ends the session or is gone: the connection is lost, and the next is new.
#[tokio::test]
async fn a_lost_session_is_known_as_lost() {
    let mut server = private_server(ServerOptions::default());
    let database = connect(&server.url("postgres"), 2).await;
    let mut session = database.session().await.unwrap();
    let terminate = format!("SELECT pg_terminate_backend({})", session.backend_pid().unwrap());
    let transaction = session.begin(&WRITE).await.unwrap();
    let mut killer = database.session().await.unwrap();
    killer.begin(&WRITE).await.unwrap().batch(&terminate).await.unwrap();
    let error = loop {
        match transaction.query("SELECT 1", &[]).await {
            Ok(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            Err(error) => break error,
        }
    };
    assert_eq!(error.trouble, Trouble::ConnectionLost, "{error:?}");
    assert_eq!(transaction.commit().await.unwrap_err().trouble, Trouble::ConnectionLost);
    drop(session);
    drop(killer);

    server.crash().unwrap();
    let error = database.session().await.err().expect("no server");
    assert_eq!(error.trouble, Trouble::ConnectionLost, "{error:?}");
    server.start_again().unwrap();
    let mut session = database.session().await.unwrap();
    session.begin(&READ).await.unwrap().commit().await.unwrap();
}

/// Something in between falls silent and hangs up on nobody: neither the server's timeouts nor the network's
/// say anything.
#[tokio::test]
async fn a_session_that_is_not_answered_is_given_up() {
    let test_database = TestDatabase::create().await;
    let (url, silent) = silenced(&test_database).await;
    let database = connect(&url, 1).await;
    let mut session = database.session().await.unwrap();
    let terms = Terms { statement_timeout: Duration::from_millis(100), ..READ };
    let transaction = session.begin(&terms).await.unwrap();
    silent.store(true, Ordering::Relaxed);
    let error = transaction.query("SELECT 1", &[]).await.unwrap_err();
    assert_eq!(error.trouble, Trouble::ConnectionLost, "{error:?}");
    assert!(error.summary.contains("fallen silent"), "{error}");
    drop(transaction);
    drop(session);
    silent.store(false, Ordering::Relaxed);
    // it is not given back: the only connection of the pool is another one
    let mut session = database.session().await.unwrap();
    session.begin(&READ).await.unwrap().commit().await.unwrap();
}

#[tokio::test]
async fn a_standby_takes_no_writes_but_reads() {
    let mut server = private_server(ServerOptions::default());
    support::become_standby(&mut server);
    let database = connect(&server.url("postgres"), 1).await;
    let mut session = database.session().await.unwrap();
    let error = session.begin(&WRITE).await.err().expect("no writes");
    assert_eq!(error.trouble, Trouble::Transient);
    assert!(error.summary.contains("standby"), "{error}");
    let transaction = session.begin(&READ).await.unwrap();
    transaction.query_one("SELECT 1", &[]).await.unwrap();
}

/// What tells behind a pooler that the server crashed: the same for everybody, and another one after
/// every crash, be it of the whole server or of one of its processes alone.
#[tokio::test]
async fn an_incarnation_ends_with_a_crash() {
    let mut server = private_server(ServerOptions::default());
    let ask = async |url: &str| {
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.ok()?;
        tokio::spawn(connection);
        let row = client.query_one(sql::SESSION_INCARNATION, &[]).await.ok()?;
        let pid = client.query_one("SELECT pg_backend_pid()", &[]).await.ok()?;
        Some((row.get::<_, String>(0), pid.get::<_, i32>(0), client))
    };
    let (first, _, client) = ask(&server.url("postgres")).await.unwrap();
    client.batch_execute("CREATE ROLE nobody LOGIN PASSWORD 'x'; CHECKPOINT").await.unwrap();
    let (same, ..) = ask(&server.url_of("nobody", "x", "postgres")).await.unwrap();
    assert_eq!(same, first);

    server.crash().unwrap();
    server.start_again().unwrap();
    let (second, pid, _client) = ask(&server.url("postgres")).await.unwrap();
    assert_ne!(second, first);
    let killed = Command::new("kill").args(["-KILL", &pid.to_string()]).status().unwrap();
    assert!(killed.success());
    let third = support::eventually("the server recovers", async || {
        ask(&server.url("postgres")).await.map(|(incarnation, ..)| incarnation)
    })
    .await;
    assert_ne!(third, second);
}
