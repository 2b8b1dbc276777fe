//! The server's disk is full: the run stops resumably, nothing is half written, and the same command
//! goes on when there is space. On real small file systems, which takes root (or sudo) to mount.
#![cfg(feature = "environments")]

mod support;

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;

use reseal::demo::server::{ServerOptions, ThrowawayServer};
use support::{Failpoints, Reseal, Rotation, open, private_server};

/// Rows of about a kilobyte each.
const ROWS: i64 = 2_000;
const PADDING: &str = "ALTER TABLE secrets ADD padding text DEFAULT repeat('x', 900);
                       ALTER TABLE secrets ALTER padding SET STORAGE PLAIN";

/// A file system of a few MiB in the server's directory, owned by the server.
struct SmallDisk {
    path: PathBuf,
}

impl SmallDisk {
    fn below(server: &ThrowawayServer, name: &str, size: &str) -> Self {
        let path = server.directory().join(name);
        fs::create_dir(&path).expect("a directory");
        let owner = fs::metadata(server.data_directory()).expect("a data directory");
        let options = format!("size={size},mode=700,uid={},gid={}", owner.uid(), owner.gid());
        as_root("mount", &["-t", "tmpfs", "-o", &options, "tmpfs"], &path);
        Self { path }
    }

    fn grow(&self, size: &str) {
        as_root("mount", &["-o", &format!("remount,size={size}")], &self.path);
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // lazily: the server may still have files open there
        as_root("umount", &["-l"], &self.path);
    }
}

fn as_root(program: &str, words: &[&str], path: &Path) {
    let is_root = fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0);
    let mut command = if is_root { Command::new(program) } else { Command::new("sudo") };
    if !is_root {
        command.args(["-n", program]);
    }
    let status = command.args(words).arg(path).status().expect("mount and umount are installed");
    assert!(
        status.success(),
        "{program} {}: a small file system takes root or sudo",
        path.display()
    );
}

/// Every row opens with one of the two keys and is its own; answers how many need the old one.
async fn old_rows(rotation: &Rotation) -> usize {
    let rows = rotation.rows().await;
    assert_eq!(rows.len(), ROWS as usize);
    let is_old = |row: &&support::StoredRow| {
        let value = row.value.as_deref().expect("no NULL in this test");
        let secret = Some(format!("the secret of row {}", row.id).into_bytes());
        let is_old = open(&rotation.old, "go", b"", value) == secret;
        assert!(is_old || open(&rotation.new, "go", b"", value) == secret, "row {}", row.id);
        assert_eq!(row.writes, i32::from(!is_old), "writes of row {}", row.id);
        is_old
    };
    rows.iter().filter(is_old).count()
}

fn run(rotation: &Rotation) -> Reseal {
    rotation.command("run --workers 1 --page-rows-max 100 --retry-for 1s")
}

async fn expect_all_done(rotation: &Rotation) {
    let status = run(rotation).run().await.expect(0).json();
    assert_eq!(status["resealed_records"], ROWS, "{status}");
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// No room for another version of every row.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_tables_is_full() {
    let quiet = ServerOptions::default().setting("autovacuum", "off");
    let server = private_server(quiet);
    let rotation = Rotation::of_on(&server, ROWS).await;
    let disk = SmallDisk::below(&server, "small", "1500k");
    rotation.database.batch(PADDING).await;
    rotation
        .database
        .batch(&format!("CREATE TABLESPACE small LOCATION '{}'", disk.path.display()))
        .await;
    rotation.database.batch("ALTER TABLE secrets SET TABLESPACE small").await;

    let full = run(&rotation).run().await.expect(5);
    assert!(full.stderr.contains("disk"), "{}", full.stderr);
    assert!(full.stderr.contains("given up after"), "{}", full.stderr);
    let left = old_rows(&rotation).await;
    assert!(0 < left && left < ROWS as usize, "{left} rows are left");
    let status = rotation.status().await;
    assert_eq!(status["status"], "interrupted", "{status}");
    assert_eq!(status["resealed_records"], ROWS - left as i64, "{status}");

    disk.grow("32m");
    expect_all_done(&rotation).await;
    drop(server);
}

/// The server cannot write its log and goes down (PANIC); it comes up when there is space.
#[tokio::test(flavor = "multi_thread")]
async fn the_disk_of_the_write_ahead_log_is_full() {
    let options = ServerOptions::default()
        .setting("autovacuum", "off")
        .setting("max_wal_size", "1GB")
        .setting("wal_recycle", "off");
    let mut server = private_server(options);
    let rotation = Rotation::of_on(&server, ROWS).await;
    rotation.database.batch(PADDING).await;
    let size = |path: &Path| -> u64 {
        let entries = fs::read_dir(path).expect("pg_wal").map(|entry| entry.expect("an entry"));
        entries.map(|entry| entry.metadata().expect("metadata").len()).sum()
    };
    server.crash().expect("it stops");
    let wal = server.data_directory().join("pg_wal");
    // what is there, and not quite another segment
    let bytes = size(&wal) + (1 << 20);
    let disk = SmallDisk::below(&server, "wal", &bytes.to_string());
    move_to(&wal, &disk.path.join("pg_wal"));
    server.start_again().expect("it starts");

    let failpoints = Failpoints::hold("committed@3");
    let mut running = failpoints.on(run(&rotation)).spawn();
    failpoints.reached("committed@3", &mut running).await;
    let filler = "CREATE TABLE filler AS
                  SELECT repeat('x', 1000) FROM generate_series(1, 14000)";
    let filling = rotation.client().await;
    filling.batch_execute(filler).await.expect_err("there is no space for its log");
    assert!(server.log().contains("No space left on device"), "{}", server.log());
    failpoints.release("committed@3");
    let down = running.wait().await.expect(5);
    assert!(down.stderr.contains("given up after"), "{}", down.stderr);

    server.crash().expect("it is down");
    disk.grow("256m");
    server.start_again().expect("it starts");
    old_rows(&rotation).await;
    expect_all_done(&rotation).await;
    drop(server);
}

/// Moves a directory to another file system, and leaves a link to it.
fn move_to(from: &Path, to: &Path) {
    let status = Command::new("cp").arg("-a").arg(from).arg(to).status().expect("cp");
    assert!(status.success(), "{} is copied", from.display());
    fs::remove_dir_all(from).expect("a directory");
    let owner = fs::metadata(to).expect("a directory");
    std::os::unix::fs::symlink(to, from).expect("a link");
    chown(to, Some(owner.uid()), Some(owner.gid())).expect("an owner");
    fs::set_permissions(to, fs::Permissions::from_mode(0o700)).expect("permissions");
}
