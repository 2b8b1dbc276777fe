//! What is typed about an unfinished run: `pause`, `resume`, `set` and `abandon`.

use crate::cli::{Output, RunChoiceWords, SetWords};
use crate::config::command::{database_and_who, id};
use crate::config::{DatabaseConfig, Environment, Troubles, Who, run};
use crate::error::Result;

/// An unfinished run, to have something done to it.
#[derive(Debug)]
pub struct RunChoice {
    pub database: DatabaseConfig,
    /// `None` for the only unfinished run.
    pub run: Option<i64>,
    pub who: Who,
    pub output: Output,
}

/// At least one of the settings is given.
#[derive(Debug)]
pub struct SetCommand {
    pub choice: RunChoice,
    pub rows_per_second: Option<u64>,
    pub workers: Option<u32>,
}

impl RunChoice {
    pub(super) fn resolve(words: RunChoiceWords, environment: &Environment) -> Result<Self> {
        let (database, who) = database_and_who(&words.file, &words.why, environment)?;
        let run = words.run.map(|text| id("--run", text)).transpose()?;
        Ok(Self { database, run, who, output: words.output.output })
    }
}

impl SetCommand {
    pub(super) fn resolve(words: SetWords, environment: &Environment) -> Result<Self> {
        let mut troubles = Troubles::default();
        let (rate, workers) = run::changed(&words.rows_per_second, &words.workers, &mut troubles);
        troubles.none_or_all()?;
        let choice = RunChoice::resolve(words.choice, environment)?;
        Ok(Self { choice, rows_per_second: rate, workers })
    }
}
