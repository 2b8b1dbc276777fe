//! The runbook's eight steps, as they stand on the page, against a real database.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::support::{Rotation, TestKey, open, seal};
use super::words::of_document;

const RUNBOOK: &str = "docs/runbook.md";

/// The command lines between two headings, in the order of the page, without the name of the program.
fn written(from: &str, to: &str) -> Vec<Vec<String>> {
    let text = fs::read_to_string(RUNBOOK).expect("the runbook");
    let heading = |name: &str| {
        let line = text.lines().position(|line| line == name);
        line.unwrap_or_else(|| panic!("no heading {name}")) + 1
    };
    let between = heading(from)..heading(to);
    let line = |place: &str| place.rsplit(':').next().and_then(|number| number.parse().ok());
    let written = of_document(RUNBOOK).into_iter();
    written
        .filter(|written| line(&written.place).is_some_and(|line: usize| between.contains(&line)))
        .map(|written| written.words[1..].to_vec())
        .collect()
}

fn steps() -> Vec<String> {
    let steps = written("## The eight steps", "## In parts, more slowly, later");
    steps.iter().map(|words| words.join(" ")).collect()
}

/// The commands that the page has, each once it is meant to be given.
const COMMANDS: &[&str] = &[
    "generate-key",
    "health --current file:old.key --previous file:new.key --output json",
    "health --current file:new.key --previous file:old.key --output json",
    "plan",
    "run",
    "status",
    "status --wait --output json",
    "failures",
    "verify",
    "health --current file:new.key --output json",
    "verify",
];

/// An operator's directory: the two keys and `reseal.toml`, as the page has them.
struct Desk<'r> {
    rotation: &'r Rotation,
    directory: tempfile::TempDir,
}

impl<'r> Desk<'r> {
    fn of(rotation: &'r Rotation) -> Self {
        let desk = Self { rotation, directory: tempfile::tempdir().expect("a directory") };
        desk.put("old.key", rotation.old.hex());
        desk.configure("new.key", Some("old.key"));
        desk
    }

    fn put(&self, name: &str, text: impl AsRef<str>) {
        fs::write(self.path(name), text.as_ref()).expect("a file");
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.directory.path().join(name)
    }

    fn configure(&self, current: &str, previous: Option<&str>) {
        let previous = previous.map(|name| format!("previous = [\"file:{name}\"]\n"));
        self.put(
            "reseal.toml",
            format!(
                "[keys]\ncurrent = \"file:{current}\"\n{}[[table]]\nname = \"secrets\"\n\
                 [table.columns]\nvalue = \"go\"\n",
                previous.unwrap_or_default()
            ),
        );
    }

    /// Runs `reseal WORDS` here, to an exit code, with what it printed on stdout.
    fn reseal(&self, words: &str) -> (i32, String) {
        self.reseal_words(words.split(' '))
    }

    fn reseal_words<'w>(&self, words: impl Iterator<Item = &'w str>) -> (i32, String) {
        let output = Command::new(env!("CARGO_BIN_EXE_reseal"))
            .args(words)
            .env_clear()
            .env("DATABASE_URL", self.rotation.database.url())
            .current_dir(self.directory.path())
            .output()
            .expect("the program to start");
        let code = output.status.code().expect("an exit code");
        (code, String::from_utf8(output.stdout).expect("text"))
    }

    fn expect(&self, words: &str) -> String {
        let (code, stdout) = self.reseal(words);
        assert_eq!(code, 0, "reseal {words}: {stdout}");
        stdout
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text.trim()).expect("JSON")
}

#[test]
fn the_page_has_these_steps() {
    assert_eq!(steps(), COMMANDS);
}

#[tokio::test]
async fn the_steps_as_they_stand() {
    let rotation = Rotation::of(300).await;
    let desk = Desk::of(&rotation);
    let steps = steps();
    let mut steps = steps.iter().map(String::as_str);
    let mut next = || steps.next().expect("a step");

    desk.put("new.key", desk.expect(next()));
    for _ in ["as a previous key", "as the current one"] {
        assert_eq!(json(&desk.expect(next()))["dual_key_mode"], true);
    }
    assert!(desk.expect(next()).contains("300"), "the plan");
    assert!(desk.expect(next()).contains("completed"), "the run");
    assert!(desk.expect(next()).contains("completed"), "the status");
    let status = json(&desk.expect(next()));
    assert_eq!(
        (&status["status"], &status["resealed_records"]),
        (&"completed".into(), &300.into())
    );
    desk.expect(next());
    desk.expect(next());
    // step 7: the old key is gone, and nothing names it
    fs::remove_file(desk.path("old.key")).expect("the old key");
    desk.configure("new.key", None);
    assert_eq!(json(&desk.expect(next()))["dual_key_mode"], false);
    assert!(desk.expect(next()).contains("verified"), "the second proof");
    assert_eq!(steps.next(), None);
}

/// The canary of the page, then the rest; and its queries.
#[tokio::test]
async fn in_parts() {
    let rotation = Rotation::of(300).await;
    let desk = Desk::of(&rotation);
    desk.put("new.key", rotation.new.hex());
    let page = written("## In parts, more slowly, later", "## When the key has leaked");
    let is_there = |words: &str| page.iter().any(|line| line.join(" ") == words);
    for words in ["run --max-records 100", "run", "run --max-duration 3h"] {
        assert!(is_there(words), "{words} on the page");
    }
    assert_eq!(desk.reseal("run --max-records 100").0, 6);
    let resealed = || json(&desk.expect("status --output json"))["resealed_records"].as_u64();
    assert_eq!(resealed(), Some(100));
    desk.expect("run");
    assert_eq!(resealed(), Some(300));
    // the queries of the page are ones that the server understands
    let queries: Vec<&str> = page
        .iter()
        .filter_map(|line| {
            line.iter().position(|w| w == "--throttle-query").map(|at| &*line[at + 1])
        })
        .collect();
    assert_eq!(queries.len(), 2);
    for query in queries {
        let (code, told) = desk.reseal_words(["plan", "--throttle-query", query].into_iter());
        assert_eq!(code, 0, "{query}: {told}");
    }
}

#[tokio::test]
async fn and_back_again() {
    let rotation = Rotation::of(300).await;
    let desk = Desk::of(&rotation);
    desk.put("new.key", rotation.new.hex());
    desk.expect("run");
    desk.configure("old.key", Some("new.key"));
    assert_eq!(desk.reseal("run").0, 3, "a key that was rotated away from is refused");
    let page = fs::read_to_string(RUNBOOK).expect("the runbook");
    let (_, going_back) = page.split_once("## Going back").expect("a section");
    assert!(going_back.contains("\nreseal run --rollback\n"), "the page's own command");
    desk.expect("run --rollback");
    for row in rotation.rows().await {
        let value = row.value.expect("no NULL in this test");
        assert!(open(&rotation.old, "go", b"", &value).is_some(), "row {}", row.id);
    }
}

/// A service with its two keys, as it reads and writes.
struct Service<'k> {
    current: &'k TestKey,
    previous: Option<&'k TestKey>,
}

impl Service<'_> {
    fn writes(&self) -> Vec<u8> {
        seal(self.current, "go", b"", b"a value")
    }

    fn reads(&self, value: &[u8]) -> bool {
        let mut keys = [Some(self.current), self.previous].into_iter().flatten();
        keys.any(|key| open(key, "go", b"", value).is_some())
    }
}

/// Why the new key is rolled out twice: at every moment of both roll-outs, old processes beside new
/// ones, everybody reads what anybody writes. In one roll-out that is not so.
#[test]
fn in_the_order_of_the_page_everybody_reads_what_anybody_writes() {
    let (old, new) = (&TestKey::random(), &TestKey::random());
    let before = Service { current: old, previous: None };
    let taught = Service { current: old, previous: Some(new) };
    let current = Service { current: new, previous: Some(old) };
    let understand = |one: &Service<'_>, other: &Service<'_>| {
        one.reads(&other.writes()) && other.reads(&one.writes())
    };
    assert!(understand(&before, &taught), "step 2, half-way");
    assert!(understand(&taught, &current), "step 3, half-way");
    assert!(!understand(&before, &current), "both in one");
}

/// The unit tries again what the Job tries again.
#[test]
fn the_unit_and_the_job_agree_on_what_is_hopeless() {
    let unit = fs::read_to_string(Path::new("deploy/systemd/reseal.service")).expect("the unit");
    let line = unit.lines().find_map(|line| line.strip_prefix("RestartPreventExitStatus="));
    let codes: Vec<i64> =
        line.expect("a line").split(' ').map(|code| code.parse().expect("a number")).collect();
    for job in super::manifests::jobs() {
        let rule = &job.spec["podFailurePolicy"]["rules"][1]["onExitCodes"]["values"];
        assert_eq!(*rule, serde_json::json!(codes), "{}", job.path);
    }
}
