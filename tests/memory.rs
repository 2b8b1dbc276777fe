//! What the memory of a process holds: nothing of keys that were dropped, nothing of plaintexts that
//! were done with, and nothing that a crash could leave on a disk.
//!
//! A process held at a failpoint is searched through `/proc/PID/mem`, all that it can read itself. What
//! nobody can wipe is named here: the environment, in which a key may have come, is part of the
//! process's memory as the kernel laid it out, so `file:` is the better source.

#![cfg(feature = "failpoints")]

mod support;

#[path = "memory/process.rs"]
mod process;
#[path = "memory/written.rs"]
mod written;

use std::process::Command;

use process::Memory;
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};
use support::{Failpoints, Reseal, Running, TestDatabase, TestKey, eventually, seal};

const ROWS: i32 = 300;

/// Two blocks of the cipher. One block alone may outlive its value in the padding of what was copied
/// from a stack: that is the compiler's doing and beyond reach.
const UNIT_BYTES: usize = 32;
const UNITS: usize = 15;

/// Values under an old key, and both keys in files.
struct Secrets {
    database: TestDatabase,
    old: TestKey,
    new: TestKey,
    directory: tempfile::TempDir,
    /// What every plaintext consists of, and nothing else in the world.
    unit: [u8; UNIT_BYTES],
}

impl Secrets {
    async fn create() -> Self {
        let (database, old, new) =
            (TestDatabase::create().await, TestKey::random(), TestKey::random());
        database.batch("CREATE TABLE t (id int PRIMARY KEY, raw bytea, text text)").await;
        let mut unit = [0; UNIT_BYTES];
        getrandom::fill(&mut unit).expect("random bytes");
        let plaintext = unit.repeat(UNITS);
        let ids: Vec<i32> = (0..ROWS).collect();
        let sealed = |preset| ids.iter().map(|_| seal(&old, preset, b"", &plaintext)).collect();
        let (raw, text): (Vec<Vec<u8>>, Vec<Vec<u8>>) = (sealed("go"), sealed("go-b64"));
        let insert = "INSERT INTO t SELECT id, raw, convert_from(text, 'UTF8')
            FROM unnest($1::int[], $2::bytea[], $3::bytea[]) AS new (id, raw, text)";
        database.client().await.execute(insert, &[&ids, &raw, &text]).await.expect("rows");
        let directory = tempfile::tempdir().expect("a directory");
        for (name, key) in [("old", &old), ("new", &new)] {
            std::fs::write(directory.path().join(name), key.hex()).expect("a key file");
        }
        Self { database, old, new, directory, unit }
    }

    fn run(&self) -> Reseal {
        let columns = ["-c", "t.raw:go", "-c", "t.text:go-b64"];
        let run = Reseal::new("run --page-rows-max 50").on(&self.database);
        columns.into_iter().fold(run, Reseal::arg)
    }

    fn with_keys_in_files(&self) -> Reseal {
        let file = |name| format!("file:{}", self.directory.path().join(name).display());
        self.run().arg("--current").arg(file("new")).arg("--previous").arg(file("old"))
    }

    fn with_keys_in_variables(&self) -> Reseal {
        self.run().current_key(&self.new).previous_keys(&[&self.old])
    }

    /// Where the keys stand as bytes: as such, or as the first round keys of AES.
    fn keys_in(&self, memory: &Memory) -> Vec<String> {
        let mut found = memory.find("the old key", self.old.bytes());
        found.extend(memory.find("the new key", self.new.bytes()));
        found
    }

    /// Where they stand as text, in halves, so that what was written over a part hides no other.
    fn texts_in(&self, memory: &Memory) -> Vec<String> {
        let texts = [self.old.hex(), self.new.hex()];
        let halves = texts.iter().flat_map(|text| text.as_bytes().chunks_exact(32));
        halves.flat_map(|half| memory.find("the text of a key", half)).collect()
    }

    /// Threads wipe their stacks when they have nothing else to do.
    async fn plaintexts_go(&self, held: &Running) {
        eventually("no plaintext in memory", async || {
            self.plaintexts_in(&Memory::of(held.id())).is_empty().then_some(())
        })
        .await;
    }

    fn plaintexts_in(&self, memory: &Memory) -> Vec<String> {
        let (first, second) = self.unit.split_at(UNIT_BYTES / 2);
        let mut found = memory.find("a plaintext", &self.unit);
        found.extend(memory.find("a plaintext", &[second, first].concat()));
        found
    }
}

/// The process, held at a point, and its memory.
async fn held_at(point: &str, command: Reseal) -> (Failpoints, Running, Memory) {
    let failpoints = Failpoints::hold(point);
    let mut held = failpoints.on(command).spawn();
    failpoints.reached(point, &mut held).await;
    let memory = Memory::of(held.id());
    assert!(process::writes_no_core_file(held.id()), "the program itself forbids it");
    (failpoints, held, memory)
}

const NOTHING: [String; 0] = [];

#[tokio::test]
async fn nothing_of_keys_is_left_when_they_are_dropped() {
    let secrets = Secrets::create().await;
    for command in [secrets.with_keys_in_files(), secrets.with_keys_in_variables()] {
        let (failpoints, held, memory) = held_at("keys-dropped", command).await;
        assert_eq!(secrets.keys_in(&memory), NOTHING);
        assert_eq!(secrets.texts_in(&memory), NOTHING);
        secrets.plaintexts_go(&held).await;
        failpoints.release("keys-dropped");
        held.wait().await.expect(0);
    }
}

/// Keys that are in use must be found, or the search would prove nothing.
#[tokio::test]
async fn keys_in_use_are_no_text_and_plaintexts_do_not_outlive_their_page() {
    let secrets = Secrets::create().await;
    for command in [secrets.with_keys_in_files(), secrets.with_keys_in_variables()] {
        let (failpoints, held, memory) = held_at("before-end", command).await;
        assert_ne!(secrets.keys_in(&memory), NOTHING);
        assert_eq!(secrets.texts_in(&memory), NOTHING);
        secrets.plaintexts_go(&held).await;
        failpoints.release("before-end");
        held.wait().await.expect(0);
    }
}

/// Three measures, of which each would do.
#[test]
fn a_crash_leaves_nothing_on_a_disk() {
    let output = Command::new(std::env::current_exe().expect("this test's own path"))
        .args(["--ignored", "--exact", "keeps_its_secrets_in_memory"])
        .output()
        .expect("the program to start");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[test]
#[ignore = "it changes its whole process: the test above runs it in one of its own"]
fn keeps_its_secrets_in_memory() {
    reseal::telemetry::keep_secrets_in_memory();
    let filter = std::fs::read_to_string("/proc/self/coredump_filter").expect("a filter");
    assert_eq!(filter.trim(), "00000000", "no mapping is dumped");
    let limit = getrlimit(Resource::Core);
    assert_eq!((limit.current, limit.maximum), (Some(0), Some(0)), "no file is written");
    assert_eq!(dumpable_behavior(), Ok(DumpableBehavior::NotDumpable), "no dump at all");
}
