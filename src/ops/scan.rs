//! `scan`, and what `plan` asks of it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;

use super::unwrap;
use crate::config::{Config, ScanCommand, TableConfig};
use crate::db::pool::Database;
use crate::error::{Error, ExitCode, Result};
use crate::keys::RingConfig;
use crate::plan::Warning;
use crate::report;
use crate::report::scan::ScanReport;
use crate::scan::Depth;
use crate::scan::catalogue::{NO_SELECT, NotLookedAt};
use crate::scan::configuration::{self, Written};
use crate::scan::coverage::{Coverage, Uncovered, coverage};
use crate::scan::forms::Roster;
use crate::scan::pieces;
use crate::scan::rings::SearchRings;
use crate::scan::search::{Search, Seen, SeenColumn, search};
use crate::scan::spots::Spots;
use crate::scan::verdict::Found;

/// Searches the database, prints what was found, writes it.
pub async fn scan(command: ScanCommand) -> Result<ExitCode> {
    if let Some(path) = command.write.as_deref().filter(|path| path.exists()) {
        return Err(exists(path));
    }
    let roster = Arc::new(Roster::new(&command.configured, &command.salts));
    let sources = command.rings.values().flat_map(RingConfig::sources);
    let unwrapped = unwrap::all(sources, command.kms, false).await;
    let rings = SearchRings::load(command.rings.values(), &roster, &unwrapped)?;
    drop(unwrapped);
    let depth = if command.full { Depth::Everything } else { Depth::Sample };
    let database = Database::connect(&command.database).await?;
    let schemas = command.schemas.clone();
    let spots = command.against.as_deref().map(Spots::of).unwrap_or_default();
    let searched = Search { rings: rings.clone(), roster, schemas, depth, until: None, spots };
    let seen = search(&database, searched).await?;
    refuse_blind(&seen)?;
    let columns: Vec<(&SeenColumn, Found)> = seen
        .columns
        .iter()
        .filter_map(|column| Some((column, Found::of(&column.tally, &column.roster, &rings)?)))
        .collect();
    let mut report = ScanReport::of(&seen, &columns, &rings, depth);
    let against = command.against.as_deref().unwrap_or_default();
    report.pieces = pieces::find(&seen.columns, |column| {
        let opens = || columns.iter().any(|(found, _)| std::ptr::eq(*found, column));
        is_configured(column, against) || opens()
    });
    let database = command.database_word.as_deref();
    report.configuration =
        configuration::text(&Written { rings: &rings, database, columns: &columns });
    let mut exit_code = ExitCode::Done;
    if let Some(tables) = &command.against {
        let coverage = Coverage::of(&seen, tables, &rings, depth);
        if !coverage.uncovered.is_empty() {
            exit_code = ExitCode::Unfinished;
        }
        report.compare(coverage);
    }
    if let Some(path) = &command.write {
        match &report.configuration {
            Some(text) => {
                write(path, text)?;
                report.written = Some(path.display().to_string());
            }
            None => {
                report::error(&nothing_written());
                exit_code = ExitCode::Unfinished;
            }
        }
    }
    report::result(&report, command.output)?;
    Ok(exit_code)
}

/// Whether a configuration names the column, alone or as a piece.
fn is_configured(seen: &SeenColumn, tables: &[TableConfig]) -> bool {
    let name = seen.column.name.name();
    let of_table = tables.iter().filter(|table| seen.table.is_named_by(table));
    of_table.flat_map(|table| &table.columns).any(|column| column.writes(name))
}

/// A warning for each column that a configuration does not cover; a search that cannot be made stops no plan.
pub async fn uncovered(database: &Database, config: &Config) -> Vec<Warning> {
    let sources = config.rings.values().flat_map(RingConfig::sources);
    let unwrapped = unwrap::all(sources, config.run.kms(), false).await;
    match coverage(database, config, &unwrapped).await {
        Ok(coverage) => coverage.uncovered.iter().map(warning).collect(),
        Err(error) => vec![Warning {
            what: format!("columns that no table names were not looked for: {}", error.what),
            place: error.place.unwrap_or_else(|| "coverage".to_owned()),
            hint: "`reseal scan` looks for them, --no-coverage leaves it out".to_owned(),
        }],
    }
}

fn warning(uncovered: &Uncovered) -> Warning {
    let Uncovered { place, is_configured, layout, values, keys, paths } = uncovered;
    let keys = keys.join(" and ");
    let but = match is_configured {
        true if !paths.is_empty() => "where `json` does not lead",
        true => "which is not configured here",
        false => "and no table names this column",
    };
    Warning {
        what: format!("{keys} opens {values} sampled values as {layout}, {but}"),
        place: place.clone(),
        hint: "the run leaves it as it is: `reseal scan` writes the line that covers it".to_owned(),
    }
}

/// A search that may look at nothing has found nothing out.
fn refuse_blind(seen: &Seen) -> Result<()> {
    let denied = |passed: &&NotLookedAt| passed.why == NO_SELECT;
    let denied = seen.not_looked_at.iter().filter(denied).count();
    if !seen.columns.is_empty() || denied == 0 {
        return Ok(());
    }
    Err(Error::refused(format!("this role may read none of {denied} columns"))
        .hint("grant SELECT on the tables, and USAGE on their schemas"))
}

/// Writes a new file, and never over one that is there.
fn write(path: &Path, text: &str) -> Result<()> {
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => exists(path),
        kind => Error::usage(format!("cannot write the configuration: {kind}"))
            .at(path.display().to_string()),
    })
}

fn exists(path: &Path) -> Error {
    Error::usage("the file exists and is left as it is")
        .at(path.display().to_string())
        .hint("name another file, or move this one away")
}

fn nothing_written() -> Error {
    Error::new(ExitCode::Unfinished, "nothing was found, so no file was written")
        .hint("check the keys, and the salts that applications derive theirs with (--salt)")
}
