//! What the demo prints, and how it looks: on a terminal with colours, elsewhere plain.

use std::cell::Cell;
use std::env;
use std::io::{self, IsTerminal, Write};

const BOLD: &str = "1";
const CYAN: &str = "36";
const DIM: &str = "2";
const GREEN: &str = "32";

pub struct Audience {
    colour: bool,
    /// The last line was blank: one such line is enough.
    paused: Cell<bool>,
}

impl Audience {
    pub fn on_stdout() -> Self {
        let refused = env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { colour: io::stdout().is_terminal() && !refused, paused: Cell::new(false) }
    }

    /// Opens a chapter.
    pub fn chapter(&self, number: usize, title: &str) {
        self.pause();
        self.line(&self.painted(BOLD, &format!("{number}. {title}")));
        self.pause();
    }

    /// An explanation: a paragraph, its lines as given.
    pub fn say(&self, text: &str) {
        self.line(text);
        self.pause();
    }

    /// A blank line, unless there just was one.
    pub fn pause(&self) {
        if !self.paused.get() {
            self.line("");
            self.paused.set(true);
        }
    }

    /// The command that is about to run, as one would type it.
    pub fn command(&self, environment: &str, words: &str) {
        let environment = self.painted(DIM, environment);
        self.line(&format!("  $ {environment} {}", self.painted(CYAN, &format!("reseal {words}"))));
    }

    /// What a command printed.
    pub fn output(&self, text: &str) {
        for line in text.trim_end().lines() {
            self.line(&format!("    {line}"));
        }
    }

    /// Something that was looked at and found to be so.
    pub fn found(&self, text: &str) {
        self.line(&format!("  {} {text}", self.painted(GREEN, "ok:")));
    }

    fn painted(&self, code: &str, text: &str) -> String {
        if self.colour { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// An audience that has left (a closed pipe) does not stop the play: the exit code still counts.
    fn line(&self, line: &str) {
        self.paused.set(false);
        drop(writeln!(io::stdout(), "{line}"));
    }
}

/// `1234567` as `1,234,567`.
pub fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

#[cfg(test)]
mod tests {
    use super::count;

    #[test]
    fn numbers_are_grouped_by_thousands() {
        for (number, expected) in
            [(0, "0"), (999, "999"), (1_000, "1,000"), (60_000, "60,000"), (1_234_567, "1,234,567")]
        {
            assert_eq!(count(number), expected);
        }
    }
}
