//! The same for people.

use std::fmt;

use super::{FoundLine, LooksLine, Pieces, ScanReport, UncoveredLine};
use crate::report::OneLine;

/// Lines of what was not looked at, for people; the others are counted.
const PASSED_LINES: usize = 20;

impl fmt::Display for ScanReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = if self.depth == "full" { "values" } else { "sampled values" };
        write!(
            f,
            "{}: of {} columns in {} tables ({} {what}) {} hold ciphertext that a key opens, {} look like it",
            self.status.replace('_', " "),
            self.columns,
            self.tables,
            self.values,
            self.found.len(),
            self.looks_like.len()
        )?;
        for key in &self.keys {
            let key = OneLine(format_args!("{}: {} key {}", key.ring, key.role, key.source));
            write!(f, "\n  ring {key}")?;
        }
        for found in &self.found {
            write!(f, "\n  {}", OneLine(found))?;
        }
        for line in &self.looks_like {
            write!(f, "\n  {}", OneLine(line))?;
        }
        for Pieces { table, column, beside, line } in &self.pieces {
            let pieces = format!("{table}.{column} and {}", beside.join(", "));
            write!(
                f,
                "\n  {} look like pieces of one value, which is not tried: {}",
                OneLine(pieces),
                OneLine(line)
            )?;
        }
        for line in self.uncovered.iter().flatten() {
            write!(f, "\n  {}", OneLine(line))?;
        }
        for line in self.not_looked_at.iter().take(PASSED_LINES) {
            let column =
                line.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
            let passed = OneLine(format_args!("{}{column}: {}", line.table, line.why));
            write!(f, "\n  not looked at: {passed}")?;
        }
        if let Some(more) = self.not_looked_at.len().checked_sub(PASSED_LINES).filter(|n| *n > 0) {
            write!(f, "\n  not looked at: {more} more, see --output json")?;
        }
        match (&self.written, &self.configuration, &self.uncovered) {
            (Some(path), _, _) => write!(f, "\n  written to {}", OneLine(path)),
            (None, Some(text), None) => write!(f, "\n\n{}", text.trim_end()),
            _ => Ok(()),
        }
    }
}

impl fmt::Display for FoundLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layouts: Vec<&str> =
            self.layouts.iter().map(|layout| layout.description.as_str()).collect();
        write!(
            f,
            "{}.{} ({}): {}; {} of {} values authenticate",
            self.table,
            self.column,
            self.declared_type,
            layouts.join("; "),
            self.authenticated,
            self.values
        )?;
        for key in &self.keys {
            write!(f, ", {} opens {:.1} %", key.source, key.share * 100.0)?;
        }
        if self.no_key > 0 {
            write!(f, ", no key opens {}", self.no_key)?;
        }
        if self.plain > 0 {
            write!(f, ", {} are plain", self.plain)?;
        }
        if self.not_tried > 0 {
            write!(f, ", {} were not tried", self.not_tried)?;
        }
        Ok(())
    }
}

impl fmt::Display for LooksLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { table, column, declared_type, how, .. } = self;
        write!(f, "{table}.{column} ({declared_type}) looks like ciphertext: {how}")
    }
}

impl fmt::Display for UncoveredLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = match self.is_configured {
            true if !self.paths.is_empty() => "does not cover all of",
            true => "is configured without",
            false => "is not configured:",
        };
        let keys = self.keys.join(" and ");
        write!(
            f,
            "not covered: {} {how} {}, {keys} opens {} values",
            self.column, self.layout, self.values
        )?;
        if !self.paths.is_empty() {
            write!(f, " where its `json` does not lead: {}", self.paths.join(", "))?;
        }
        Ok(())
    }
}
