//! What a scan found, for people and as JSON. Columns and counts; no value and no row key.

mod text;

use serde::Serialize;

use crate::scan::Depth;
use crate::scan::coverage::{Coverage, Uncovered};
use crate::scan::pieces::Pieces;
use crate::scan::rings::SearchRings;
use crate::scan::search::{Seen, SeenColumn};
use crate::scan::verdict::{Found, LooksLike};

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
    /// Columns that look like pieces of one value, by their names.
    pub pieces: Vec<Pieces>,
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
    /// Where in documents some of the values stand that the column's `json` does not lead to.
    pub paths: Vec<String>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedLine {
    pub table: String,
    /// null for the whole table.
    pub column: Option<String>,
    pub why: String,
}

/// To a thousandth; of none 0.
fn share(part: u64, whole: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a share, to be read by people")]
    let share = part as f64 / whole.max(1) as f64;
    (share * 1000.0).round() / 1000.0
}

impl ScanReport {
    /// What was seen, and what of it was found.
    pub fn of(
        seen: &Seen,
        found: &[(&SeenColumn, Found)],
        rings: &SearchRings,
        depth: Depth,
    ) -> Self {
        let looks_like = seen.columns.iter().filter_map(|column| {
            let looks = LooksLike::of(&column.tally, &column.roster, rings)?;
            Some(looks_line(column, looks))
        });
        let not_looked_at = seen.not_looked_at.iter().map(|passed| PassedLine {
            table: passed.relation.plain(),
            column: passed.column.as_ref().map(|column| column.name().to_owned()),
            why: passed.why.clone(),
        });
        Self {
            status: if found.is_empty() { "nothing_found" } else { "found" },
            depth: if depth == Depth::Everything { "full" } else { "sample" },
            tables: seen.tables,
            columns: seen.columns.len(),
            values: seen.columns.iter().map(|column| column.tally.values).sum(),
            keys: (0..rings.all().len()).flat_map(|ring| key_lines(rings, ring)).collect(),
            found: found.iter().map(|(column, found)| found_line(column, found, rings)).collect(),
            looks_like: looks_like.collect(),
            pieces: Vec::new(),
            uncovered: None,
            not_looked_at: not_looked_at.collect(),
            configuration: None,
            written: None,
        }
    }

    /// … and what a configuration does not cover of it.
    pub fn compare(&mut self, coverage: Coverage) {
        self.status = if coverage.uncovered.is_empty() { "covered" } else { "uncovered" };
        let line = |uncovered| {
            let Uncovered { place, is_configured, layout, values, keys, paths } = uncovered;
            UncoveredLine { column: place, is_configured, layout, values, keys, paths }
        };
        self.uncovered = Some(coverage.uncovered.into_iter().map(line).collect());
    }
}

fn key_lines(rings: &SearchRings, ring: usize) -> Vec<KeyLine> {
    let line = |place: usize| KeyLine {
        ring: rings.config(ring).name.clone(),
        role: if place == 0 { "current" } else { "previous" },
        source: rings.source(ring, place).to_owned(),
    };
    (0..=rings.ring(ring).previous().len()).map(line).collect()
}

fn looks_line(column: &SeenColumn, looks: LooksLike) -> LooksLine {
    LooksLine {
        table: column.table.relation.plain(),
        column: column.column.name.name().to_owned(),
        declared_type: column.column.declared_type.clone(),
        values: looks.values,
        how: looks.how,
    }
}

fn found_line(column: &SeenColumn, found: &Found, rings: &SearchRings) -> FoundLine {
    let tally = &column.tally;
    let layouts = found.parts.iter().map(|part| LayoutLine {
        layout: part.form.settings.layout.clone().unwrap_or_default(),
        aad: part.form.layout.aad().map(|aad| aad.template().to_owned()),
        description: part.form.describe(),
        values: part.values,
        also: part.also.clone(),
    });
    let keys = found.keys.iter().map(|(key, values)| ShareLine {
        source: rings.source(found.ring, *key).to_owned(),
        values: *values,
        share: share(*values, tally.values),
    });
    FoundLine {
        table: column.table.relation.plain(),
        column: column.column.name.name().to_owned(),
        declared_type: column.column.declared_type.clone(),
        values: tally.values,
        authenticated: tally.authenticated(),
        share: share(tally.authenticated(), tally.values),
        layouts: layouts.collect(),
        ring: rings.config(found.ring).name.clone(),
        keys: keys.collect(),
        no_key: found.closed - found.plain,
        plain: found.plain,
        not_tried: tally.untried + tally.too_long,
    }
}
