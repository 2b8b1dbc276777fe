//! The image, as `make test-container` built it, in the place of the program: read-only, without
//! capabilities, as its own user, against a real PostgreSQL.
#![cfg(feature = "environments")]

mod support;

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown, symlink};
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use support::{Reseal, Rotation, eventually};
use tempfile::TempDir;

const ROWS: i64 = 2_000;

/// The image's name. Without one this is no test of it: `make test-container` builds it first.
fn image() -> String {
    std::env::var("CONTAINER_IMAGE").expect("CONTAINER_IMAGE; `make test-container` sets it")
}

/// `reseal …` in a container of the image; see `scripts/in-container`.
fn in_container(reseal: Reseal) -> Reseal {
    let path = std::env::var("PATH").expect("a PATH");
    reseal.env("CONTAINER_IMAGE", image()).env("PATH", path).env("HOME", "/root")
}

/// What `podman` or `buildah` says of the image, as JSON.
fn inspected() -> Value {
    let output = Command::new("buildah").args(["inspect", "--type", "image", &image()]).output();
    serde_json::from_slice(&output.expect("buildah").stdout).expect("JSON")
}

#[tokio::test]
async fn a_rotation() {
    let rotation = Rotation::of(ROWS).await;
    let status = in_container(rotation.run()).run().await.expect(0).json();
    assert_eq!(status["status"], "completed");
    assert_eq!(status["resealed_records"], ROWS);
    in_container(rotation.verify()).run().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// As the Job of `deploy/base` mounts it: configuration and secrets are files, the secrets readable by
/// the group alone and behind the links that a kubelet makes; nothing secret is in the environment.
#[tokio::test]
async fn with_the_files_of_the_job() {
    let rotation = Rotation::of(ROWS).await;
    let mounted = Mounted::new();
    mounted.put("keys/current", &rotation.new.hex());
    mounted.put("keys/previous", &rotation.old.hex());
    mounted.put("database/url", &format!("{}\n", rotation.database.url()));
    let shipped = fs::read_to_string("deploy/base/reseal.toml").expect("the shipped configuration");
    let (named, _) = shipped.split_once("[[table]]").expect("tables");
    let toml = format!("{named}[[table]]\nname = \"secrets\"\n[table.columns]\nvalue = \"go\"\n");
    let run = Reseal::new("run --output json --log-format json").config(toml);
    let run = run.env("CONTAINER_SECRETS", mounted.0.path()).env("RESEAL_RUN_TOKEN", "the-uid");
    in_container(run).run().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
}

/// A directory of secrets.
struct Mounted(TempDir);

impl Mounted {
    fn new() -> Self {
        let mounted = Self(tempfile::tempdir().expect("a directory"));
        fs::set_permissions(mounted.0.path(), Permissions::from_mode(0o755)).expect("its mode");
        mounted
    }

    /// A file behind a link, as in a volume of a Secret with `fsGroup` and `defaultMode`.
    fn put(&self, name: &str, text: &str) {
        let (directory, name) = name.split_once('/').expect("a directory and a name");
        let directory = self.0.path().join(directory);
        fs::create_dir_all(directory.join("..data")).expect("a directory");
        let file = directory.join("..data").join(name);
        fs::write(&file, text).expect("a file");
        fs::set_permissions(&file, Permissions::from_mode(0o440)).expect("its mode");
        chown(&file, Some(0), Some(65_532)).expect("its group, which root may set");
        symlink(Path::new("..data").join(name), directory.join(name)).expect("a link");
    }
}

/// SIGTERM reaches the program, which is process 1 there, and the next container goes on.
#[tokio::test]
async fn a_signal_ends_it_in_4_and_the_next_one_goes_on() {
    let rotation = Rotation::of(ROWS).await;
    let slow = rotation.run().arg("--rows-per-second").arg("200");
    let running = in_container(slow).spawn();
    eventually("a page is committed", async || {
        rotation.rows().await.iter().any(|row| row.writes > 0).then_some(())
    })
    .await;
    running.signal("TERM");
    running.wait().await.expect(4);
    in_container(rotation.run()).run().await.expect(0);
    rotation.expect_secrets(1..=ROWS).await;
    rotation.expect_written_once().await;
}

/// What is wrong comes out as an exit code, through the runtime too.
#[tokio::test]
async fn exit_codes_come_through() {
    let rotation = Rotation::of(1).await;
    in_container(rotation.run().arg("--worker")).run().await.expect(2);
    let no_key = in_container(rotation.run().env("ENCRYPTION_KEY", "no key"));
    no_key.run().await.expect(2);
}

#[test]
fn the_image_is_one_program_for_an_unprivileged_user() {
    let inspected = inspected();
    let config = &inspected["OCIv1"]["config"];
    assert_eq!(config["User"], "65532:65532");
    assert_eq!(config["Entrypoint"], serde_json::json!(["/usr/local/bin/reseal"]));
    let list = "set -e; c=$(buildah from \"$0\"); m=$(buildah mount \"$c\"); cd \"$m\"; \
                find . -type f | sort; cd /; buildah umount \"$c\" >/dev/null; buildah rm \"$c\" >/dev/null";
    let output = Command::new("sh").args(["-c", list, &image()]).output().expect("a shell");
    let files = String::from_utf8(output.stdout).expect("names");
    let files: Vec<&str> = files.lines().collect();
    let expected = ["./etc/ssl/certs/ca-certificates.crt", "./usr/local/bin/reseal"];
    assert_eq!(files, expected, "{}", String::from_utf8_lossy(&output.stderr));
}
