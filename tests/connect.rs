//! Connecting: words, passwords, what cannot be reached, and what is never repeated.

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use reseal::config::{DatabaseConfig, DatabaseUrl};
use reseal::db::pool::Database;
use reseal::error::{Error, ExitCode};
use support::{TestDatabase, shared_server};
use tokio::net::TcpListener;

const PASSWORD: &str = "correct-horse-battery";

fn config(url: Option<&str>) -> DatabaseConfig {
    DatabaseConfig { url: url.map(DatabaseUrl::new), max_connections: 4 }
}

/// Connects with these variables as the whole environment.
async fn connect(url: Option<&str>, variables: &[(&str, &str)]) -> Result<Database, Error> {
    let environment = |name: &str| {
        variables.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    Database::connect_in(&config(url), &environment).await
}

async fn refusal(url: Option<&str>, variables: &[(&str, &str)]) -> Error {
    let error = connect(url, variables).await.err().expect("no connection");
    for shown in [format!("{error}"), format!("{error:?}")] {
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
    error
}

async fn database_with_role(role: &str) -> TestDatabase {
    let database = TestDatabase::create().await;
    database.batch(&format!("CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD}'")).await;
    database
}

#[tokio::test]
async fn the_right_password_is_let_in_and_the_connection_is_direct() {
    let database = database_with_role("right").await;
    let connected = connect(Some(&database.url_of("right", PASSWORD)), &[]).await.unwrap();
    let (one, other) = (connected.session().await.unwrap(), connected.session().await.unwrap());
    assert!(one.is_direct() && other.is_direct());
    assert_ne!(one.backend_pid().unwrap(), other.backend_pid().unwrap());
    assert!(one.server_version() >= 140_000);
}

#[tokio::test]
async fn key_value_words_and_the_socket_serve_as_well() {
    let server = shared_server();
    let words = format!(
        "host={} port={} user=postgres password={} dbname=postgres sslmode=verify-full",
        server.directory().display(),
        server.port(),
        server.password()
    );
    // A socket is never encrypted, whatever sslmode says.
    for words in [words, server.socket_url("postgres")] {
        let connected = connect(Some(&words), &[]).await.unwrap();
        assert!(connected.session().await.unwrap().is_direct());
    }
}

#[tokio::test]
async fn the_variables_of_libpq_serve_as_well() {
    let database = database_with_role("variable").await;
    let port = shared_server().port().to_string();
    let variables = [
        ("PGHOST", "nowhere.invalid"),
        ("PGHOSTADDR", "127.0.0.1"),
        ("PGPORT", &port),
        ("PGDATABASE", database.name()),
        ("PGUSER", "variable"),
        ("PGPASSWORD", PASSWORD),
        ("PGAPPNAME", "it's \\ mine"),
        ("PGOPTIONS", "-c work_mem=7MB -c search_path=a,b"),
        ("PGTARGETSESSIONATTRS", "read-write"),
        ("PGCONNECT_TIMEOUT", "5"),
    ];
    let connected = connect(None, &variables).await.unwrap();
    let mut session = connected.session().await.unwrap();
    assert!(session.is_direct());
    let transaction = session.begin(&support::READ).await.unwrap();
    let row = transaction.query_one(SETTINGS, &[]).await.unwrap();
    let settings: Vec<String> = (0..3).map(|index| row.get(index)).collect();
    assert_eq!(settings, ["it's \\ mine", "7MB", "a,b"]);
}

const SETTINGS: &str = "SELECT current_setting('application_name'), \
                        current_setting('work_mem'), current_setting('search_path')";

#[tokio::test]
async fn the_password_file_serves_as_well_unless_others_can_read_it() {
    let database = database_with_role("filed").await;
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("passwords");
    fs::write(&file, format!("127.0.0.1:*:*:filed:{PASSWORD}\n")).unwrap();
    let variables = [("PGPASSFILE", file.to_str().unwrap())];
    let url = database.url_of("filed", "x").replace("filed:x@", "filed@");

    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    assert!(connect(Some(&url), &variables).await.is_ok());
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
    let error = refusal(Some(&url), &variables).await;
    assert_eq!(error.exit_code, ExitCode::Usage);
    assert!(error.what.contains("asks for a password"), "{error}");
}

#[tokio::test]
async fn wrong_words_end_in_2_and_say_which() {
    let database = database_with_role("wrong").await;
    let good = database.url_of("wrong", PASSWORD);
    for (url, what) in [
        (database.url_of("wrong", &PASSWORD.replace('c', "C")), "password is wrong"),
        (database.url_of("nobody_here", PASSWORD), "password is wrong"),
        (good.replace(&format!("/{}", database.name()), "/nowhere"), "database does not exist"),
        (format!("{good}?sslmode=require"), "does not offer encryption"),
        (format!("{good}?sslrootcert=/nowhere.crt&sslmode=verify-ca"), "certificate file"),
        (format!("{good}?sslmode=strong"), "sslmode"),
    ] {
        let error = refusal(Some(&url), &[]).await;
        assert_eq!(error.exit_code, ExitCode::Usage, "{error}");
        assert!(error.what.contains(what), "{error}");
        assert!(error.place.is_some(), "{error}");
    }
}

#[tokio::test]
async fn what_cannot_be_reached_ends_in_5() {
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = closed.local_addr().unwrap().port();
    drop(closed);
    for url in [
        format!("postgresql://u:{PASSWORD}@127.0.0.1:{port}/d"),
        format!("postgresql://u:{PASSWORD}@nowhere.invalid/d"),
        format!("host=/nowhere user=u password={PASSWORD}"),
    ] {
        let error = refusal(Some(&url), &[]).await;
        assert_eq!(error.exit_code, ExitCode::Outside, "{error}");
        assert!(error.hint.is_some() && error.place.is_some(), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_never_answers_is_given_up() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let begun = Instant::now();
    let url = format!("postgresql://u:{PASSWORD}@127.0.0.1:{port}/d?connect_timeout=1");
    let error = refusal(Some(&url), &[]).await;
    assert_eq!(error.exit_code, ExitCode::Outside, "{error}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
}

#[tokio::test]
async fn another_server_is_tried_when_the_first_is_down() {
    let database = database_with_role("second").await;
    let port = shared_server().port();
    let words = format!(
        "host=127.0.0.1,127.0.0.1 port=1,{port} user=second password={PASSWORD} dbname={}",
        database.name()
    );
    assert!(connect(Some(&words), &[]).await.is_ok());
}

#[tokio::test]
async fn too_many_connections_end_in_5() {
    let database = database_with_role("single").await;
    database.batch("ALTER ROLE single CONNECTION LIMIT 1").await;
    let url = database.url_of("single", PASSWORD);
    let first = connect(Some(&url), &[]).await.unwrap();
    let error = refusal(Some(&url), &[]).await;
    assert_eq!(error.exit_code, ExitCode::Outside, "{error}");
    assert!(error.what.contains("no connection left"), "{error}");
    drop(first);
}

#[test]
fn debug_shows_no_password() {
    let config = config(Some(&format!("postgresql://u:{PASSWORD}@h/d")));
    assert!(!format!("{config:?}").contains(PASSWORD));
}
