//! What happened, as JSON and for people. Results go to stdout, troubles to stderr.
//!
//! One of the few rooms that print. As the last line of defence nothing that looks like a key leaves
//! through here.

pub mod audit;
pub mod failures;
pub mod plan;
pub mod progress;
mod proof;
pub mod run_report;
pub mod scan;
pub mod status;
pub mod verify;

use std::fmt::{self, Display, Write as _};
use std::io::{self, Write};
use std::panic::Location;

use serde::Serialize;

use crate::cli::Output;
use crate::error::{Error, Result};

/// Hexadecimal digits of a key; a run of so many is never printed in a message.
const KEY_DIGITS: usize = 64;

/// Prints a result on stdout: one line of JSON, or its text.
pub fn result(result: &(impl Serialize + Display), output: Output) -> Result<()> {
    match output {
        Output::Json => json(result),
        Output::Text => line(&visible(&result.to_string(), &['\n'])),
    }
}

/// Prints one line of JSON on stdout.
pub fn json(result: &impl Serialize) -> Result<()> {
    let json = serde_json::to_string(result);
    line(&json.map_err(|_| Error::bug("a result cannot be written as JSON"))?)
}

/// A short word on something done.
#[derive(Serialize)]
struct Done<'t> {
    done: &'t str,
}

impl Display for Done<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.done)
    }
}

/// Says on stdout that something is done.
pub fn done(text: &str, output: Output) -> Result<()> {
    result(&Done { done: text }, output)
}

/// Prints `text` and a line feed on stdout. A reader that has gone away is no trouble.
pub fn line(text: &str) -> Result<()> {
    match writeln!(io::stdout().lock(), "{text}") {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::outside(format!("cannot write to stdout: {}", error.kind())))
        }
        _ => Ok(()),
    }
}

/// Prints a trouble, and all that was found together with it, on stderr.
pub fn error(error: &Error) {
    to_stderr(&visible(&without_keys(&error_text(error)), &['\n']));
}

/// Prints where the program is wrong, and nothing that a panic's message could hold.
pub fn panic(location: Option<&Location<'_>>) {
    let mut error = Error::bug("the program came to a point it should never reach");
    if let Some(location) = location {
        error = error.at(format!("{}:{}", location.file(), location.line()));
    }
    to_stderr(&error_text(&error));
}

fn to_stderr(text: &str) {
    // nobody is left to be told that stderr is closed
    drop(io::stderr().lock().write_all(text.as_bytes()));
}

fn error_text(error: &Error) -> String {
    let others: String = error.others.iter().map(error_text).collect();
    let mut text = format!("reseal: error: {}\n", OneLine(&error.what));
    for (name, said) in [("where", &error.place), ("hint", &error.hint)] {
        if let Some(said) = said {
            text += &format!("  {name}: {}\n", OneLine(said));
        }
    }
    text + &others
}

/// What stands in a line of its own, with every control character written out: a line feed in a name must not look
/// like a line of ours.
pub struct OneLine<D>(pub D);

impl<D: Display> Display for OneLine<D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        struct Shown<'f, 'b>(&'f mut fmt::Formatter<'b>);
        impl fmt::Write for Shown<'_, '_> {
            fn write_str(&mut self, text: &str) -> fmt::Result {
                self.0.write_str(&visible(text, &[]))
            }
        }
        write!(Shown(f), "{}", self.0)
    }
}

/// The text with its control characters written out, but for those that are `meant`: names and row keys are what
/// users of the application have made them, and a terminal obeys.
fn visible(text: &str, meant: &[char]) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() && !meant.contains(&character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// The text with every run of as many hexadecimal digits as a key has, or more, left out.
pub fn without_keys(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        let (before, from) = rest.split_at(start);
        let length = from.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(from.len());
        shown.push_str(before);
        shown.push_str(if length < KEY_DIGITS { &from[..length] } else { "[not shown]" });
        rest = &from[length..];
    }
    shown + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_key_is_left_out() {
        let key = "0123456789abcdefABCDEF0123456789".repeat(2);
        assert_eq!(
            without_keys(&format!("at {key}, twice: {key}")),
            "at [not shown], twice: [not shown]"
        );
        assert_eq!(
            without_keys("key id 0123456789abcdef, größe"),
            "key id 0123456789abcdef, größe"
        );
    }

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        let key = "größe\u{1b}]0;title\u{7}\r\nreseal: \u{9b}2J";
        assert_eq!(visible(key, &[]), r"größe\u{1b}]0;title\u{7}\r\nreseal: \u{9b}2J");
        assert_eq!(visible("one\nother\tthird", &['\n']), "one\nother\\tthird");
    }

    #[test]
    fn a_line_feed_in_a_name_makes_no_line_of_ours() {
        let error = Error::refused("no table of this name").at("a\nreseal: error: b").hint("c\rd");
        assert_eq!(
            error_text(&error),
            "reseal: error: no table of this name\n  where: a\\nreseal: error: b\n  hint: c\\rd\n"
        );
    }

    #[test]
    fn every_trouble_found_is_said_with_its_place_and_mend() {
        let first = Error::usage("workers is a whole number from 1 to 64").at("--workers");
        let second = Error::usage("no column is named").hint("name one with --column");
        let all = Error::all(vec![first, second]).unwrap();
        assert_eq!(
            error_text(&all),
            "reseal: error: workers is a whole number from 1 to 64\n  where: --workers\n\
             reseal: error: no column is named\n  hint: name one with --column\n"
        );
    }
}
