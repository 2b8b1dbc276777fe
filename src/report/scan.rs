//! What a scan found, for people and as JSON. Columns and counts; no value and no row key.

use std::fmt;

use serde::Serialize;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScanReport {
    /// `found` or `nothing_found`; of a comparison `covered` or `uncovered`.
    pub status: &'static str,
    /// `sample` or `full`.
    pub depth: &'static str,
    pub tables: usize,
    pub columns: usize,
    /// Values that were looked at.
    pub values: u64,
    pub keys: Vec<KeyLine>,
    /// Columns whose values authenticate.
    pub found: Vec<FoundLine>,
    /// Columns that look like ciphertext which no key opens for certain.
    pub looks_like: Vec<LooksLine>,
    /// What the configuration does not name; only of a comparison.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub uncovered: Option<Vec<UncoveredLine>>,
    pub not_looked_at: Vec<PassedLine>,
    /// The ready `reseal.toml`; null when nothing was found.
    pub configuration: Option<String>,
    /// Where it was written to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub written: Option<String>,
}

/// A key by where it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct KeyLine {
    pub ring: String,
    /// `current` or `previous`.
    pub role: &'static str,
    pub source: String,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FoundLine {
    pub table: String,
    pub column: String,
    #[serde(rename = "type")]
    pub declared_type: String,
    /// Values that were looked at, and those of them that authenticate.
    pub values: u64,
    pub authenticated: u64,
    /// `authenticated / values`
    pub share: f64,
    /// The one to be written first.
    pub layouts: Vec<LayoutLine>,
    pub ring: String,
    pub keys: Vec<ShareLine>,
    /// Values with the shape of ciphertext that no key opens, and values without it.
    pub no_key: u64,
    pub plain: u64,
    /// Values too long to be read, or too slow to be tried.
    pub not_tried: u64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayoutLine {
    /// A preset, or a template.
    pub layout: String,
    pub aad: Option<String>,
    /// As people read it, with every setting.
    pub description: String,
    pub values: u64,
    /// Other layouts in which the same values open.
    pub also: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ShareLine {
    pub source: String,
    pub values: u64,
    pub share: f64,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LooksLine {
    pub table: String,
    pub column: String,
    #[serde(rename = "type")]
    pub declared_type: String,
    pub values: u64,
    pub how: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UncoveredLine {
    /// `schema.table.column`.
    pub column: String,
    /// Whether the column is configured, with other layouts.
    pub is_configured: bool,
    pub layout: String,
    pub values: u64,
    pub keys: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedLine {
    pub table: String,
    /// null for the whole table.
    pub column: Option<String>,
    pub why: String,
}

/// To a thousandth; of none 0.
pub fn share(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share, to be read by people")]
    let share = part as f64 / whole.max(1) as f64;
    (share * 1000.0).round() / 1000.0
}

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
            write!(f, "\n  ring {}: {} key {}", key.ring, key.role, key.source)?;
        }
        for found in &self.found {
            write!(f, "\n  {found}")?;
        }
        for line in &self.looks_like {
            write!(
                f,
                "\n  {}.{} ({}) looks like ciphertext: {}",
                line.table, line.column, line.declared_type, line.how
            )?;
        }
        for line in self.uncovered.iter().flatten() {
            write!(f, "\n  {line}")?;
        }
        for line in self.not_looked_at.iter().take(PASSED_LINES) {
            let column =
                line.column.as_ref().map(|column| format!(".{column}")).unwrap_or_default();
            write!(f, "\n  not looked at: {}{column}: {}", line.table, line.why)?;
        }
        if let Some(more) = self.not_looked_at.len().checked_sub(PASSED_LINES).filter(|n| *n > 0) {
            write!(f, "\n  not looked at: {more} more, see --output json")?;
        }
        match (&self.written, &self.configuration, &self.uncovered) {
            (Some(path), _, _) => write!(f, "\n  written to {path}"),
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

impl fmt::Display for UncoveredLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let how = if self.is_configured { "is configured without" } else { "is not configured:" };
        let keys = self.keys.join(" and ");
        write!(
            f,
            "not covered: {} {how} {}, {keys} opens {} values",
            self.column, self.layout, self.values
        )
    }
}
