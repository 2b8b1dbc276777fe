//! The tests' own support, tested: servers that come and go, databases apart, values there and back.

mod support;

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use reseal::demo::server::ServerOptions;
use support::{Reseal, TestDatabase, TestKey};
use tokio_postgres::{Client, NoTls};

#[tokio::test]
async fn databases_of_two_tests_do_not_meet() {
    let (one, other) = tokio::join!(TestDatabase::create(), TestDatabase::create());
    one.batch("CREATE TABLE t (n int); INSERT INTO t VALUES (1)").await;
    other.batch("CREATE TABLE t (n int)").await;
    assert_eq!(count(&one.client().await).await, 1);
    assert_eq!(count(&other.client().await).await, 0);
}

#[tokio::test]
async fn the_shared_server_is_ready_for_every_test() {
    let database = TestDatabase::create().await;
    let client = database.client().await;
    for (setting, expected) in [
        ("wal_level", "logical"),
        ("max_prepared_transactions", "10"),
        ("deadlock_timeout", "1s"),
        ("server_encoding", "UTF8"),
        ("listen_addresses", "127.0.0.1"),
    ] {
        let row = client.query_one(&format!("SHOW {setting}"), &[]).await.expect(setting);
        assert_eq!(row.get::<_, &str>(0), expected, "{setting}");
    }
}

#[tokio::test]
async fn a_server_of_ones_own_crashes_and_comes_back_with_its_rows() {
    let mut server = support::private_server(ServerOptions::default().setting("work_mem", "5MB"));
    let database = TestDatabase::create_on(&server).await;
    database.batch("CREATE TABLE t (n int); INSERT INTO t VALUES (1)").await;
    let client = database.client().await;
    let first_pid = server.postgres_pid().expect("a running server");

    server.crash().expect("it stops");
    assert!(client.query("SELECT 1", &[]).await.is_err(), "the session is cut off");
    assert_eq!(server.postgres_pid(), None);

    server.start_again().expect("it starts");
    assert_ne!(server.postgres_pid(), Some(first_pid));
    let client = database.client().await;
    assert_eq!(count(&client).await, 1);
    let row = client.query_one("SHOW work_mem", &[]).await.expect("a setting");
    assert_eq!(row.get::<_, &str>(0), "5MB");

    support::become_standby(&mut server);
    let row = database.client().await.query_one("SELECT pg_is_in_recovery()", &[]).await;
    assert!(row.expect("a standby answers").get::<_, bool>(0));
}

#[tokio::test]
async fn a_server_answers_on_its_socket_and_leaves_nothing_behind() {
    let server = support::private_server(ServerOptions::default());
    let (client, connection) =
        tokio_postgres::connect(&server.socket_url("postgres"), NoTls).await.expect("its socket");
    tokio::spawn(connection);
    client.batch_execute("SELECT 1").await.expect("an answer");
    let (directory, pid) = (server.directory().to_owned(), server.postgres_pid());
    drop(server);
    assert!(!directory.exists());
    assert!(!is_alive(pid.expect("it ran")));
}

/// Not a test of its own: the next ones run it in a process that they then kill.
#[test]
#[ignore = "holds a server until it is killed; run by the tests of a killed owner"]
fn hold_a_server() {
    let _server = support::private_server(ServerOptions::default());
    loop {
        std::thread::park();
    }
}

#[tokio::test]
async fn a_server_goes_with_its_killed_owner() {
    kill_an_owner("postmaster.pid").await;
}

#[tokio::test]
async fn a_server_goes_with_an_owner_that_was_killed_before_it_was_ready() {
    kill_an_owner("base").await;
}

/// Kills the owner of a server as soon as the data directory holds this entry, and waits until the
/// server's whole directory is gone.
async fn kill_an_owner(once_there_is: &str) {
    let scratch = tempfile::tempdir().expect("a temporary directory");
    std::fs::set_permissions(scratch.path(), Permissions::from_mode(0o777)).expect("open to all");
    let servers = || std::fs::read_dir(scratch.path()).expect("a directory").flatten();
    let mut owner = Command::new(std::env::current_exe().expect("this test's executable"))
        .args(["--ignored", "--exact", "hold_a_server"])
        .env("TMPDIR", scratch.path())
        .stdout(Stdio::null())
        .spawn()
        .expect("the same tests again");
    support::eventually("the owner's server", async || {
        servers()
            .any(|server| server.path().join("data").join(once_there_is).exists())
            .then_some(())
    })
    .await;
    owner.kill().expect("a child of ours");
    owner.wait().expect("a child of ours");
    support::eventually("the end of the orphaned server", async || {
        servers().next().is_none().then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_binary_runs_in_a_clean_environment_and_can_be_awaited() {
    let database = TestDatabase::create().await;
    let started = Instant::now();
    let outcome = Reseal::new("--version").on(&database).run().await;
    assert!(outcome.code.is_some(), "{outcome:?}");
    assert!(started.elapsed() < support::DEADLINE);
}

#[test]
fn values_open_again_and_only_with_their_key_and_aad() {
    let (key, other) = (TestKey::random(), TestKey::random());
    for preset in ["go", "go-hex", "go-b64", "go-b64url", "node-hex", "node-hex-iv16", "enc-v1"] {
        for plaintext in [&b""[..], b"x", b"a longer secret, with \0 and \xff"] {
            let stored = support::seal(&key, preset, b"aad", plaintext);
            assert_eq!(support::open(&key, preset, b"aad", &stored).as_deref(), Some(plaintext));
            let by_crate = support::seal_with_crate(&key, preset, b"aad", plaintext);
            assert_eq!(support::open(&key, preset, b"aad", &by_crate).as_deref(), Some(plaintext));
            assert_eq!(support::open(&other, preset, b"aad", &stored), None, "{preset}");
            assert_eq!(support::open(&key, preset, b"bad", &stored), None, "{preset}");
        }
    }
}

/// A NIST test vector (McGrew and Viega, test case 16), lest seal and open err in the same way.
#[test]
fn values_are_aes_gcm_as_published() {
    let decode = |hex: &str| data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
    let key = "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308";
    let key = TestKey::from_hex(key);
    let stored = decode(concat!(
        "cafebabefacedbaddecaf888",
        "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa",
        "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        "76fc6ece0f4e1768cddf8853bb2d551b",
    ));
    let plaintext = decode(concat!(
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72",
        "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
    ));
    let aad = decode("feedfacedeadbeeffeedfacedeadbeefabaddad2");
    assert_eq!(support::open(&key, "go", &aad, &stored), Some(plaintext));
}

async fn count(client: &Client) -> i64 {
    client.query_one("SELECT count(*) FROM t", &[]).await.expect("a count").get(0)
}

/// Asks the shell: a directory under /proc would do on Linux alone.
fn is_alive(pid: u32) -> bool {
    let status = Command::new("sh")
        .args(["-c", "kill -0 \"$1\" 2>/dev/null", "sh", &pid.to_string()])
        .status()
        .expect("a shell");
    status.success() && !is_zombie(pid)
}

/// In a container without an init process nobody buries the orphans.
fn is_zombie(pid: u32) -> bool {
    std::fs::read_to_string(Path::new("/proc").join(pid.to_string()).join("stat"))
        .is_ok_and(|stat| stat.contains(") Z "))
}
