//! What the command line tells of itself: completion scripts and manual pages, made from the same
//! definitions that read it.

use std::path::Path;

use clap::CommandFactory;
use clap_complete::Shell;

use crate::cli::Cli;
use crate::error::{Error, ExitCode, Result};
use crate::report;

/// Prints the completion script of a shell.
pub fn completions(shell: Shell) -> Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "reseal", &mut script);
    print(script)
}

/// Prints the manual page of the program; with a directory writes `reseal.1` there and a page for
/// each command.
pub fn man(directory: Option<&Path>) -> Result<ExitCode> {
    let Some(directory) = directory else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(Cli::command()).render(&mut page);
        rendered.map_err(|_| Error::bug("the manual page cannot be written"))?;
        return print(page);
    };
    clap_mangen::generate_to(Cli::command(), directory).map_err(|error| {
        let what = format!("the manual pages cannot be written: {}", error.kind());
        let place = directory.display().to_string();
        Error::outside(what).at(place).hint("name a directory that is there and may be written to")
    })?;
    Ok(ExitCode::Done)
}

fn print(text: Vec<u8>) -> Result<ExitCode> {
    let text = String::from_utf8(text).map_err(|_| Error::bug("a page is not UTF-8"))?;
    report::line(text.trim_end())?;
    Ok(ExitCode::Done)
}
