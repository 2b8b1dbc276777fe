//! A real archiver that fails.

use reseal::demo::server::{ServerOptions, ThrowawayServer};

use super::{held, refused, text, written};
use crate::support::{Reseal, Rotation, eventually, private_server};

fn server(archive_command: &str) -> ThrowawayServer {
    let archiving = ServerOptions::default()
        .setting("archive_mode", "on")
        .setting("archive_command", archive_command);
    private_server(archiving)
}

/// Fills segments, so that they are ready to be archived.
async fn fill_segments(rotation: &Rotation, segments: usize) {
    rotation.database.batch("CREATE TABLE IF NOT EXISTS filler (a int)").await;
    for _ in 0..segments {
        rotation.database.batch("INSERT INTO filler VALUES (1)").await;
        rotation.database.batch("SELECT pg_switch_wal()").await;
    }
}

/// The archiver works from now on, or fails.
async fn archives(rotation: &Rotation, command: &str) {
    let set = format!("ALTER SYSTEM SET archive_command = '{command}'");
    rotation.database.batch(&set).await;
    rotation.database.batch("SELECT pg_reload_conf()").await;
}

fn limited(rotation: &Rotation, words: &str, backlog: &str) -> Reseal {
    rotation.command(words).arg("--throttle-archive-backlog").arg(backlog)
}

#[tokio::test]
async fn a_run_waits_for_the_archive() {
    let server = server("false");
    let rotation = Rotation::of_on(&server, 200).await;
    fill_segments(&rotation, 3).await;
    let mut running = limited(&rotation, "run", "2files").spawn();
    let status = held(&rotation, &mut running, "archive_backlog").await;
    assert!(text(&status).starts_with("waits for the WAL archive: "), "{status}");
    assert_eq!(written(&rotation).await, 0);
    archives(&rotation, "true").await;
    running.wait().await.expect(0);
    rotation.expect_written_once().await;
}

/// A role that may not list the files sees how far the archiver is, once it has archived anything.
#[tokio::test]
async fn without_the_list_the_distance_counts() {
    let server = server("false");
    let rotation = Rotation::of_on(&server, 100).await;
    let plain = "CREATE ROLE plain LOGIN PASSWORD 'x'; GRANT ALL ON secrets TO plain";
    rotation.database.batch(plain).await;
    let create = format!("GRANT CREATE ON DATABASE {} TO plain", rotation.database.name());
    rotation.database.batch(&create).await;
    let url = rotation.database.url_of("plain", "x");
    let as_plain = |command: Reseal, backlog: &str| {
        let command = command.env("DATABASE_URL", url.clone());
        command.arg("--throttle-archive-backlog").arg(backlog)
    };
    let hidden = "nothing shows this role what waits for the archive";
    refused(&rotation, |command| as_plain(command, "40MiB"), hidden).await;

    archives(&rotation, "true").await;
    fill_segments(&rotation, 1).await;
    let archived = "SELECT FROM pg_stat_archiver WHERE last_archived_wal IS NOT NULL";
    eventually("something is archived", async || {
        rotation.client().await.query_opt(archived, &[]).await.expect("the archiver").map(drop)
    })
    .await;
    archives(&rotation, "false").await;
    fill_segments(&rotation, 4).await;
    let mut running = as_plain(rotation.command("run"), "40MiB").spawn();
    held(&rotation, &mut running, "archive_backlog").await;
    archives(&rotation, "true").await;
    running.wait().await.expect(0);
}

#[tokio::test]
async fn a_server_that_archives_nothing_has_no_backlog_to_wait_for() {
    let rotation = Rotation::of(20).await;
    let backlog = |command: Reseal| command.arg("--throttle-archive-backlog").arg("1GiB");
    refused(&rotation, backlog, "the server archives no WAL").await;
}
