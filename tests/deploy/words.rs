//! Every `reseal …` that is written down, in the manifests, units and documents, is one that the
//! program understands.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use clap::Parser;
use reseal::cli::Cli;
use serde_json::Value;

use super::manifests::{files, jobs, list};

/// Programs whose words may be called reseal without being ours.
const OTHERS: &[&str] = &["COPY", "kubectl", "helm", "install", "systemctl", "journalctl"];

/// A command line, and where it stands.
#[derive(Debug)]
pub struct Written {
    pub place: String,
    pub words: Vec<String>,
}

impl Written {
    /// Why the program does not understand it.
    fn misunderstood(&self) -> Option<String> {
        let words = self.words.iter().map(OsString::from);
        let error = Cli::try_parse_from(words).err()?;
        Some(format!("{}: {}: {error}", self.place, self.words.join(" ")))
    }
}

/// Every command line of a document: in fenced blocks, and in code between single backticks.
pub fn of_document(path: &str) -> Vec<Written> {
    let text = fs::read_to_string(path).expect("a document of ours");
    let mut found = Vec::new();
    let mut is_code = false;
    for (number, line) in unbroken(&text) {
        let pieces: Vec<&str> = match line.trim_start().starts_with("```") {
            true => {
                is_code = !is_code;
                continue;
            }
            false if is_code => vec![line.as_str()],
            false => line.split('`').skip(1).step_by(2).collect(),
        };
        let lines = pieces.into_iter().filter_map(|piece| commanded(piece, is_code));
        found.extend(lines.map(|words| Written { place: format!("{path}:{number}"), words }));
    }
    found
}

/// Lines with their numbers from 1; one that ends in a backslash goes on.
fn unbroken(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (at, line) in text.lines().enumerate() {
        let (part, next) = match line.strip_suffix('\\') {
            Some(part) => (part, true),
            None => (line, false),
        };
        match lines.last_mut().filter(|_| goes_on) {
            Some((_, begun)) => begun.push_str(part),
            None => lines.push((at + 1, part.to_owned())),
        }
        goes_on = next;
    }
    lines
}

/// The words of our program in a line of a shell, if it is called there. In running text a line must
/// begin with it: `reseal run` is one, `reseal` alone is a name.
fn commanded(line: &str, is_code: bool) -> Option<Vec<String>> {
    let words = shell_words(line.trim_start_matches("# ").trim());
    if words.first().is_some_and(|first| OTHERS.contains(&first.as_str())) {
        return None;
    }
    let at = words.iter().position(|word| is_ours(word))?;
    if !is_code && at > 0 || words.len() == at + 1 {
        return None;
    }
    let ours = words[at + 1..].iter().cloned().take_while(|word| !ends_command(word));
    Some(["reseal".to_owned()].into_iter().chain(ours).collect())
}

fn is_ours(word: &str) -> bool {
    matches!(word.rsplit('/').next(), Some("reseal" | "(reseal"))
        && !word.contains(':')
        && !word.starts_with("deploy/")
        && !word.starts_with("src/")
}

fn ends_command(word: &str) -> bool {
    matches!(word, "|" | ">" | "&&" | ";" | "2>" | "#" | "\\")
}

/// As a shell would split it: at spaces, quotes kept together; a closing parenthesis ends a command.
fn shell_words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for character in line.chars() {
        match (quote, character) {
            (Some(open), character) if open == character => quote = None,
            (None, '"' | '\'') => quote = Some(character),
            (None, ' ' | ')' | '…') => words.push(String::new()),
            _ => words.last_mut().expect("one word at least").push(character),
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The arguments that every container of ours is started with.
fn of_manifests() -> Vec<Written> {
    let containers = jobs().into_iter().map(|job| (job.path.clone(), job.reseal().clone()));
    let written = containers.map(|(path, container)| {
        let arguments =
            list(&container["args"]).iter().filter_map(Value::as_str).map(str::to_owned);
        Written { place: path, words: ["reseal".to_owned()].into_iter().chain(arguments).collect() }
    });
    written.collect()
}

/// The first word of what a unit starts is its program.
fn of_units() -> Vec<Written> {
    let units = files(Path::new("deploy/systemd")).into_iter();
    let starts = units.flat_map(|path| {
        let text = fs::read_to_string(&path).expect("a unit");
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let starts =
            lines.into_iter().filter_map(|line| line.strip_prefix("ExecStart=").map(str::to_owned));
        let place = path.display().to_string();
        starts.map(move |line| (place.clone(), line)).collect::<Vec<_>>()
    });
    let written = starts.map(|(place, line)| {
        let arguments = shell_words(&line).into_iter().skip(1);
        Written { place, words: ["reseal".to_owned()].into_iter().chain(arguments).collect() }
    });
    written.collect()
}

/// Comments and documents below `deploy/`, and the runbook.
fn of_documents() -> Vec<Written> {
    let shipped = files(Path::new("deploy")).into_iter().map(|path| path.display().to_string());
    let texts = shipped.filter(|path| !path.ends_with(".json"));
    let documents =
        texts.filter(|path| path.ends_with(".md")).chain(["docs/runbook.md".to_owned()]);
    documents.flat_map(|path| of_document(&path)).collect()
}

#[test]
fn every_command_line_is_understood() {
    let written: Vec<Written> =
        of_documents().into_iter().chain(of_manifests()).chain(of_units()).collect();
    assert!(written.len() > 20, "{written:?}");
    let wrong: Vec<String> = written.iter().filter_map(Written::misunderstood).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A compose file's commands are words of ours too.
#[test]
fn the_commands_of_the_compose_file_are_understood() {
    let compose = super::manifests::documents(Path::new("deploy/compose.yaml")).swap_remove(0);
    let words = list(&compose["services"]["reseal"]["command"]).iter().filter_map(Value::as_str);
    let words: Vec<String> = ["reseal"].into_iter().chain(words).map(str::to_owned).collect();
    assert!(words.len() > 1, "{compose}");
    let written = Written { place: "deploy/compose.yaml".to_owned(), words };
    assert_eq!(written.misunderstood(), None);
}

/// What is misspelt is found, wherever it is written.
#[test]
fn a_misspelt_command_is_found() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("page.md");
    let page = "Say `reseal rum` or\n\n```sh\n(umask 077 && reseal generate-keys > f)\n$ reseal run \\\n\
                --max-weight 5m # so\nkubectl -n reseal logs job/reseal\n```\n`reseal` is a name\n";
    fs::write(&path, page).expect("a page");
    let written = of_document(path.to_str().expect("UTF-8"));
    let words: Vec<String> = written.iter().map(|written| written.words.join(" ")).collect();
    assert_eq!(words, ["reseal rum", "reseal generate-keys", "reseal run --max-weight 5m"]);
    assert!(written.iter().all(|written| written.misunderstood().is_some()));
}
