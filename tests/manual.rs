//! The completion scripts and manual pages, as shells and `man` read them.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn reseal(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_reseal"));
    command.args(arguments).env_clear().output().expect("the program to start")
}

fn stdout(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).expect("text on stdout")
}

/// The commands that help lists.
fn commands() -> Vec<String> {
    let help = stdout(&reseal(&["--help"]));
    let (_, list) = help.split_once("Commands:\n").expect("a list of commands");
    let (list, _) = list.split_once("\n\n").expect("an end of the list");
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    assert!(names.len() > 10, "{names:?}");
    names
}

/// What bash offers after `words`, the last of them being typed.
fn offered_by_bash(script: &Path, words: &[&str]) -> Vec<String> {
    let complete = "source \"$0\" && COMP_WORDS=(\"$@\") COMP_CWORD=$(($# - 1)) \
                    && _reseal reseal \"${@: -1}\" \"${@: -2:1}\" \
                    && printf '%s\\n' \"${COMPREPLY[@]}\"";
    let output = Command::new("bash").args(["-c", complete]).arg(script).args(words).output();
    let output = output.expect("bash");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_options() {
    let directory = tempfile::tempdir().expect("a directory");
    let script = directory.path().join("reseal.bash");
    fs::write(&script, stdout(&reseal(&["completions", "bash"]))).expect("a file");
    let checked = Command::new("bash").arg("-n").arg(&script).output().expect("bash");
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let offered = offered_by_bash(&script, &["reseal", ""]);
    for command in commands() {
        assert!(offered.contains(&command), "{command}: not in {offered:?}");
    }
    assert_eq!(offered_by_bash(&script, &["reseal", "run", "--rollb"]), ["--rollback"]);
    let formats = offered_by_bash(&script, &["reseal", "status", "--output", ""]);
    assert_eq!(formats, ["text", "json"]);
}

#[test]
fn each_shell_has_a_script() {
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let script = stdout(&reseal(&["completions", shell]));
        assert!(script.contains("generate-key"), "{shell}");
    }
    assert_eq!(reseal(&["completions", "sh"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_page_without_a_fault() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().to_str().expect("a path in UTF-8");
    assert_eq!(stdout(&reseal(&["man", "--directory", path])), "");
    let pages = commands().into_iter().map(|command| format!("reseal-{command}.1"));
    for page in pages.chain(["reseal.1".to_owned()]) {
        let page = directory.path().join(page);
        let groff = Command::new("groff").args(["-man", "-Tutf8", "-ww", "-z"]).arg(&page).output();
        let groff = groff.expect("groff, of the package groff-base");
        let said = String::from_utf8_lossy(&groff.stderr);
        assert!(groff.status.success() && said.is_empty(), "{}: {said}", page.display());
    }
}

#[test]
fn the_page_of_the_program_is_printed() {
    let page = stdout(&reseal(&["man"]));
    assert!(page.contains(".TH reseal 1"), "{page}");
    assert!(page.contains("generate\\-key"), "{page}");
}

#[test]
fn a_directory_that_is_not_there_is_named() {
    let output = reseal(&["man", "--directory", "/nowhere/at/all"]);
    assert_eq!(output.status.code(), Some(5));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("/nowhere/at/all"), "{said}");
}
