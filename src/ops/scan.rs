//! `scan`, and what `plan` asks of it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::config::{Config, ScanCommand};
use crate::db::pool::Database;
use crate::error::{Error, ExitCode, Result};
use crate::keys::{KeyRing, KeyUse, RingConfig};
use crate::layout::Settings;
use crate::plan::Warning;
use crate::report;
use crate::report::scan::{
    FoundLine, KeyLine, LayoutLine, LooksLine, PassedLine, ScanReport, ShareLine, UncoveredLine,
    share,
};
use crate::scan::configuration::{self, Written};
use crate::scan::coverage::{Coverage, Uncovered};
use crate::scan::forms::{Form, Roster};
use crate::scan::search::{Search, Seen, SeenColumn, search};
use crate::scan::verdict::{Found, LooksLike, key_name};
use crate::scan::{Depth, catalogue::NotLookedAt};

/// How long `plan` may look for what its configuration does not cover.
const COVERAGE_TIME: Duration = Duration::from_secs(10);

/// Searches the database, prints what was found, writes it.
pub async fn scan(command: ScanCommand) -> Result<ExitCode> {
    if let Some(path) = command.write.as_deref().filter(|path| path.exists()) {
        return Err(exists(path));
    }
    let roster = Arc::new(Roster::new(&command.configured, &command.salts));
    let ring_configs: Vec<RingConfig> = command.rings.values().cloned().collect();
    let rings: Arc<[Arc<KeyRing>]> = load(&ring_configs, &roster)?.into();
    let depth = if command.full { Depth::Everything } else { Depth::Sample };
    let database = Database::connect(&command.database).await?;
    let search_for = Search {
        rings: Arc::clone(&rings),
        bound_to: bound_to(&roster),
        roster,
        schemas: command.schemas.clone(),
        depth,
        until: None,
    };
    let seen = search(&database, search_for).await?;
    refuse_blind(&seen)?;
    let mut report = report_of(&seen, &rings, &ring_configs, depth);
    let found = found_in(&seen, &rings);
    let columns: Vec<(&SeenColumn, &Found, &KeyRing)> =
        found.iter().map(|(seen, found)| (*seen, found, &*rings[found.ring])).collect();
    report.configuration = configuration::text(&Written {
        rings: &ring_configs,
        database: command.database_word.as_deref(),
        columns: &columns,
    });
    let mut exit_code = ExitCode::Done;
    if let Some(against) = &command.against {
        let names: Vec<String> = ring_configs.iter().map(|ring| ring.name.clone()).collect();
        let coverage = Coverage::of(&seen, &against.tables, &rings, &names, !command.full);
        let uncovered: Vec<UncoveredLine> = coverage.uncovered.into_iter().map(line).collect();
        if !uncovered.is_empty() {
            exit_code = ExitCode::Unfinished;
        }
        report.status = if uncovered.is_empty() { "covered" } else { "uncovered" };
        report.uncovered = Some(uncovered);
    }
    if let Some(path) = &command.write {
        match &report.configuration {
            Some(text) => {
                write(path, text)?;
                report.written = Some(path.display().to_string());
            }
            None => exit_code = ExitCode::Unfinished,
        }
    }
    report::result(&report, command.output)?;
    if command.write.is_some() && report.written.is_none() {
        report::error(
            &Error::new(ExitCode::Unfinished, "nothing was found, so no file was written").hint(
                "check the keys, and the salts that applications derive theirs with (--salt)",
            ),
        );
    }
    Ok(exit_code)
}

/// What the tables of a configuration do not cover, from samples, within a few seconds.
///
/// # Errors
/// A key is missing; the database is lost.
pub async fn coverage(database: &Database, config: &Config) -> Result<Coverage> {
    let columns = config.tables.iter().flat_map(|table| &table.columns);
    let layouts = columns.filter_map(|column| column.layout.as_ref()).flat_map(|l| l.all());
    let configured = layouts.map(|layout| {
        let name = Some(layout.name().to_owned());
        let settings = Settings { layout: name, ..Settings::default() };
        Form { settings, layout: layout.clone(), is_slow: false, lacks_salt: false }
    });
    let roster = Arc::new(Roster::default().with(configured).with(Roster::new(&[], &[]).forms));
    let ring_configs: Vec<RingConfig> = config.rings.values().cloned().collect();
    let rings: Arc<[Arc<KeyRing>]> = load(&ring_configs, &roster)?.into();
    let search_for = Search {
        rings: Arc::clone(&rings),
        bound_to: bound_to(&roster),
        roster,
        schemas: Vec::new(),
        depth: Depth::Sample,
        until: Some(Instant::now() + COVERAGE_TIME),
    };
    let seen = search(database, search_for).await?;
    let names: Vec<String> = ring_configs.iter().map(|ring| ring.name.clone()).collect();
    Ok(Coverage::of(&seen, &config.tables, &rings, &names, true))
}

/// A warning for each column that a configuration does not cover; a search that cannot be made stops no plan.
pub async fn uncovered(database: &Database, config: &Config) -> Vec<Warning> {
    match coverage(database, config).await {
        Ok(coverage) => coverage.uncovered.iter().map(warning).collect(),
        Err(error) => vec![Warning {
            what: format!("columns that no table names were not looked for: {}", error.what),
            place: error.place.unwrap_or_else(|| "coverage".to_owned()),
            hint: "`reseal scan` looks for them, --no-coverage leaves it out".to_owned(),
        }],
    }
}

fn warning(uncovered: &Uncovered) -> Warning {
    let Uncovered { place, is_configured, layout, values, keys } = uncovered;
    let keys = keys.join(" and ");
    let but = match is_configured {
        true => "which is not configured here",
        false => "and no table names this column",
    };
    Warning {
        what: format!("{keys} opens {values} sampled values as {layout}, {but}"),
        place: place.clone(),
        hint: "the run leaves it as it is: `reseal scan` writes the line that covers it".to_owned(),
    }
}

/// Loads every ring, whatever its keys look like; all troubles at once.
fn load(configs: &[RingConfig], roster: &Roster) -> Result<Vec<Arc<KeyRing>>> {
    let mut uses: Vec<KeyUse> =
        roster.forms.iter().map(|form| KeyUse::of(&form.layout, false)).collect();
    uses.sort();
    uses.dedup();
    let (mut rings, mut troubles) = (Vec::new(), Vec::new());
    for config in configs {
        match KeyRing::load(&RingConfig { uses: uses.clone(), ..config.clone() }) {
            Ok(ring) => rings.push(Arc::new(ring)),
            Err(error) => troubles.push(error),
        }
    }
    Error::all(troubles).map_or(Ok(rings), Err)
}

/// Columns that configured additional data names.
fn bound_to(roster: &Roster) -> Vec<String> {
    let forms = roster.forms.iter().filter_map(|form| form.layout.aad());
    let mut names: Vec<String> = forms.flat_map(|aad| aad.columns().to_vec()).collect();
    names.sort();
    names.dedup();
    names
}

/// A search that may look at nothing has found nothing out.
fn refuse_blind(seen: &Seen) -> Result<()> {
    let denied = |passed: &&NotLookedAt| passed.why == "no SELECT";
    let denied = seen.not_looked_at.iter().filter(denied).count();
    if !seen.columns.is_empty() || denied == 0 {
        return Ok(());
    }
    Err(Error::refused(format!("this role may read none of {denied} columns"))
        .hint("grant SELECT on the tables, and USAGE on their schemas"))
}

fn found_in<'s>(seen: &'s Seen, rings: &[Arc<KeyRing>]) -> Vec<(&'s SeenColumn, Found)> {
    let found = |column: &'s SeenColumn| {
        Found::of(&column.tally, &column.roster, rings).map(|found| (column, found))
    };
    seen.columns.iter().filter_map(found).collect()
}

fn report_of(
    seen: &Seen,
    rings: &[Arc<KeyRing>],
    configs: &[RingConfig],
    depth: Depth,
) -> ScanReport {
    let found: Vec<FoundLine> = found_in(seen, rings)
        .iter()
        .map(|(column, found)| found_line(column, found, rings, configs))
        .collect();
    let looks_like = seen.columns.iter().filter_map(|column| {
        let looks = LooksLike::of(&column.tally, &column.roster, rings)?;
        Some(LooksLine {
            table: column.table.relation.plain(),
            column: column.column.name.name().to_owned(),
            declared_type: column.column.declared_type.clone(),
            values: looks.values,
            how: looks.how,
        })
    });
    let not_looked_at = seen.not_looked_at.iter().map(|passed| PassedLine {
        table: passed.relation.plain(),
        column: passed.column.as_ref().map(|column| column.name().to_owned()),
        why: passed.why.clone(),
    });
    ScanReport {
        status: if found.is_empty() { "nothing_found" } else { "found" },
        depth: if depth == Depth::Everything { "full" } else { "sample" },
        tables: seen.tables,
        columns: seen.columns.len(),
        values: seen.columns.iter().map(|column| column.tally.values).sum(),
        keys: rings
            .iter()
            .zip(configs)
            .flat_map(|(ring, config)| key_lines(ring, config))
            .collect(),
        found,
        looks_like: looks_like.collect(),
        uncovered: None,
        not_looked_at: not_looked_at.collect(),
        configuration: None,
        written: None,
    }
}

fn key_lines(ring: &KeyRing, config: &RingConfig) -> Vec<KeyLine> {
    let places = 0..=ring.previous().len();
    let line = |place: usize| KeyLine {
        ring: config.name.clone(),
        role: if place == 0 { "current" } else { "previous" },
        source: key_name(ring, place).to_owned(),
    };
    places.map(line).collect()
}

fn found_line(
    column: &SeenColumn,
    found: &Found,
    rings: &[Arc<KeyRing>],
    configs: &[RingConfig],
) -> FoundLine {
    let tally = &column.tally;
    let layouts = found.parts.iter().map(|part| LayoutLine {
        layout: part.form.settings.layout.clone().unwrap_or_default(),
        aad: part.form.layout.aad().map(|aad| aad.template().to_owned()),
        description: part.form.describe(),
        values: part.values,
        also: part.also.clone(),
    });
    let keys = found.keys.iter().map(|(key, values)| ShareLine {
        source: key_name(&rings[found.ring], *key).to_owned(),
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
        ring: configs[found.ring].name.clone(),
        keys: keys.collect(),
        no_key: found.closed - found.plain,
        plain: found.plain,
        not_tried: tally.untried + tally.too_long,
    }
}

fn line(uncovered: Uncovered) -> UncoveredLine {
    let Uncovered { place, is_configured, layout, values, keys } = uncovered;
    UncoveredLine { column: place, is_configured, layout, values, keys }
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
