//! The pages of docs/kms: every block of commands that is marked `sh`, as a shell runs it.

use std::path::Path;
use std::process::Command;

use crate::server::printed;

/// Runs the blocks of a page in one shell, in an empty directory, and answers what they printed.
pub fn run(page: &str, directory: &Path, environment: &[(&str, String)]) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/kms").join(page);
    let text = std::fs::read_to_string(path).expect("a page");
    let blocks = text.split("```sh\n").skip(1);
    let blocks: Vec<&str> = blocks.map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(blocks.len() > 1, "{page} has commands");
    let mut command = Command::new("sh");
    command.args(["-euc", &blocks.concat()]).current_dir(directory).env_clear();
    let program = Path::new(env!("CARGO_BIN_EXE_reseal")).parent().unwrap();
    let installed = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/key-services/bin");
    let path = format!("{}:{}:/usr/bin:/bin", program.display(), installed.display());
    command.env("PATH", path).env("HOME", directory);
    command.envs(environment.iter().map(|(name, value)| (*name, value)));
    printed(&mut command)
}
