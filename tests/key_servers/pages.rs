//! The pages of docs/kms, command by command, as a shell runs them. Before a section a test puts rows into the tables
//! that it speaks of, and afterwards looks at what became of them.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use tempfile::TempDir;

#[path = "pages/aws.rs"]
mod aws;
#[path = "pages/azure.rs"]
mod azure;
#[path = "pages/gcp.rs"]
mod gcp;
#[path = "pages/tables.rs"]
mod tables;
#[path = "pages/vault.rs"]
mod vault;

/// A page whose commands are run, all of them in one shell and an empty directory.
pub struct Page {
    /// Headings and their commands, in order.
    sections: VecDeque<(String, String)>,
    shell: Child,
    answers: BufReader<ChildStdout>,
    directory: TempDir,
}

/// What the shell says behind the commands of a section.
const DONE: &str = "-- the section is done --";

impl Page {
    pub fn open(page: &str, environment: &[(&str, String)]) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(root.join("docs/kms").join(page)).expect("a page");
        let directory = tempfile::tempdir().expect("a directory");
        let said = std::fs::File::create(directory.path().join("stderr")).expect("a file");
        let program = Path::new(env!("CARGO_BIN_EXE_reseal")).parent().expect("a directory");
        let installed = root.join("target/key-services");
        let path = format!(
            "{}:{}:{}:/usr/bin:/bin",
            program.display(),
            installed.join("bin").display(),
            installed.join("azure/bin").display()
        );
        let mut command = Command::new("sh");
        command.arg("-eu").current_dir(&directory).env_clear();
        command.env("PATH", path).env("HOME", directory.path());
        command.envs(environment.iter().map(|(name, value)| (*name, value)));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(said);
        let mut shell = command.spawn().expect("a shell");
        let answers = BufReader::new(shell.stdout.take().expect("a pipe"));
        Self { sections: sections(&text), shell, answers, directory }
    }

    /// Runs the commands of the next section that has some; answers what they printed.
    pub fn section(&mut self, heading: &str) -> String {
        let (next, commands) = self.sections.pop_front().expect("a section that is left");
        assert_eq!(next, heading, "sections are run in their order");
        self.run(&commands)
    }

    /// Runs these commands, in the shell that runs the page's.
    pub fn run(&mut self, commands: &str) -> String {
        std::fs::write(self.directory.path().join("commands.sh"), commands).expect("a file");
        let shell = self.shell.stdin.as_mut().expect("a pipe");
        writeln!(shell, ". ./commands.sh </dev/null; echo; echo '{DONE}'").expect("a shell");
        let mut printed = String::new();
        while !printed.ends_with(&format!("{DONE}\n")) {
            if self.answers.read_line(&mut printed).expect("text") == 0 {
                panic!("a command failed: {printed}{}", self.file("stderr"));
            }
        }
        printed.truncate(printed.len() - DONE.len() - 1);
        printed
    }

    /// A file that the commands have written.
    pub fn file(&self, name: &str) -> String {
        std::fs::read_to_string(self.directory.path().join(name)).expect("a file")
    }

    /// The data key in a file, as its KMS is given it.
    pub fn wrapped(&self, name: &str) -> String {
        let text = self.file(name);
        let line: Option<serde_json::Value> = serde_json::from_str(&text).ok();
        let wrapped = line.and_then(|line| line["wrapped"].as_str().map(str::to_owned));
        wrapped.unwrap_or_else(|| text.trim().to_owned())
    }

    /// Every section was run.
    pub fn end(mut self) {
        assert!(self.sections.is_empty(), "{:?}", self.sections);
        drop(self.shell.stdin.take());
        assert!(self.shell.wait().expect("a child of ours").success());
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        drop(self.shell.kill());
        drop(self.shell.wait());
    }
}

/// The commands under each heading. All blocks of a page are commands: none is left to the reader.
fn sections(page: &str) -> VecDeque<(String, String)> {
    let mut sections: VecDeque<(String, String)> = VecDeque::new();
    let (mut heading, mut is_command) = (String::new(), false);
    for line in page.lines() {
        if let Some(language) = line.strip_prefix("```") {
            assert!(is_command || language == "sh", "a block that is not run: {language:?}");
            is_command = !is_command;
            continue;
        }
        if let Some(named) = line.strip_prefix("## ") {
            named.clone_into(&mut heading);
        }
        if is_command {
            match sections.back_mut().filter(|(last, _)| *last == heading) {
                Some((_, commands)) => *commands += &format!("{line}\n"),
                None => sections.push_back((heading.clone(), format!("{line}\n"))),
            }
        }
    }
    assert!(!is_command && !sections.is_empty(), "a page with commands");
    sections
}
