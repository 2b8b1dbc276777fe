//! Style as a test: what the tree should make obvious stays so.
//!
//! Each rule looks at one file and says what is wrong with it; `samples` shows that each of them
//! still bites.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "tidy/rooms.rs"]
mod rooms;
#[path = "tidy/samples.rs"]
mod samples;
#[path = "tidy/sql.rs"]
mod sql;

const FILE_LINES_MAX: usize = 300;
const FUNCTION_LINES_MAX: usize = 70;

/// Tables of data may be longer than a file of code: the file, and what it lists.
const DATA_TABLES: &[(&str, &str)] = &[];

/// Names that say nothing about what a thing is for.
const EMPTY_NAMES: &[&str] = &["util", "helper", "manager"];

/// One file of the project: its path from the top, and its text.
struct File {
    path: String,
    text: String,
}

type Rule = fn(&File) -> Vec<String>;

const RULES: &[Rule] = &[
    file_length,
    function_length,
    module_doc,
    door_files,
    empty_names,
    rooms::imports,
    rooms::printing,
    sql::in_files,
    sql::writers,
    sql::purpose,
];

#[test]
fn the_tree_is_tidy() {
    let files = ["src", "tests", "sql", "benches", "fuzz/src"]
        .into_iter()
        .flat_map(|top| files(Path::new(top)));
    let files: Vec<File> = files.collect();
    assert!(files.len() > 10, "run from the top of the project");
    let found: Vec<String> =
        files.iter().flat_map(|file| RULES.iter().flat_map(move |rule| rule(file))).collect();
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

/// All Rust and SQL files below `directory`, in the order of their names.
fn files(directory: &Path) -> Vec<File> {
    let Ok(entries) = fs::read_dir(directory) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    let read = |path: PathBuf| match path.extension().and_then(|extension| extension.to_str()) {
        _ if path.is_dir() => files(&path),
        Some("rs" | "sql") => {
            let text = fs::read_to_string(&path).expect("a text file");
            vec![File { path: path.to_string_lossy().replace('\\', "/"), text }]
        }
        _ => Vec::new(),
    };
    paths.into_iter().flat_map(read).collect()
}

impl File {
    fn is_rust(&self) -> bool {
        self.path.ends_with(".rs")
    }

    /// Whether it is the door `src/ROOM.rs` or stands in the room behind it.
    fn is_in(&self, room: &str) -> bool {
        let door = format!("src/{room}.rs");
        self.path == door || self.path.starts_with(&format!("src/{room}/"))
    }

    /// The lines that are no comments, with their numbers from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let mark = if self.is_rust() { "//" } else { "--" };
        let lines = self.text.lines().enumerate().map(|(at, line)| (at + 1, line));
        lines.filter(move |(_, line)| !line.trim_start().starts_with(mark))
    }

    /// A complaint about one line.
    fn complaint(&self, line: usize, what: &str) -> String {
        format!("{}:{line}: {what}", self.path)
    }
}

fn file_length(file: &File) -> Vec<String> {
    let lines = file.text.lines().count();
    let is_data = DATA_TABLES.iter().any(|(path, _)| file.path == *path);
    if lines <= FILE_LINES_MAX || is_data {
        return Vec::new();
    }
    vec![file.complaint(lines, "longer than 300 lines: would two doors be clearer?")]
}

/// As rustfmt lays it out, a function ends at the first `}` that is indented like its `fn`.
fn function_length(file: &File) -> Vec<String> {
    let mut found = Vec::new();
    let mut open: Vec<(usize, usize, &str)> = Vec::new();
    for (number, line) in file.code() {
        let indent = line.len() - line.trim_start().len();
        if let Some((start, _, name)) =
            open.pop_if(|(_, at, _)| *at == indent && line.trim() == "}")
            && number - start + 1 > FUNCTION_LINES_MAX
        {
            found.push(file.complaint(start, &format!("{name} is longer than 70 lines")));
        }
        if let Some(name) = defined(line, &["fn"])
            && !line.trim_end().ends_with(['}', ';'])
        {
            open.push((number, indent, name));
        }
    }
    found
}

fn module_doc(file: &File) -> Vec<String> {
    if !file.is_rust() || file.text.starts_with("//!") {
        return Vec::new();
    }
    vec![file.complaint(1, "a file opens with `//!`: what it is for, what it must not know")]
}

fn door_files(file: &File) -> Vec<String> {
    if !(file.path.starts_with("src/") && file.path.ends_with("/mod.rs")) {
        return Vec::new();
    }
    vec![file.complaint(1, "a door stands beside its room: room.rs, not room/mod.rs")]
}

/// Of what we name ourselves; other people's names we must use.
fn empty_names(file: &File) -> Vec<String> {
    const DEFINITIONS: &[&str] =
        &["fn", "struct", "enum", "trait", "type", "mod", "const", "static", "macro_rules!"];
    let is_empty = |name: &str| EMPTY_NAMES.iter().any(|empty| name.to_lowercase().contains(empty));
    let path = is_empty(&file.path).then(|| file.complaint(1, "the file's name says nothing"));
    let names = file.code().filter_map(|(number, line)| {
        let name = defined(line, DEFINITIONS).filter(|name| is_empty(name))?;
        Some(file.complaint(number, &format!("the name {name} says nothing")))
    });
    path.into_iter().chain(names).collect()
}

/// The name that this line defines, if it is a definition of such a kind.
fn defined<'l>(line: &'l str, kinds: &[&str]) -> Option<&'l str> {
    let mut words = line.split_whitespace();
    let before = ["pub", "pub(super)", "pub(crate)", "async", "const", "unsafe"];
    let kind = words.find(|word| kinds.contains(word) || !before.contains(word))?;
    let name = words.next().filter(|_| kinds.contains(&kind))?;
    name.split(|c: char| !c.is_alphanumeric() && c != '_').next()
}
