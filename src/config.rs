//! Words as meant: every number bounded, every name parsed, no option left where a default exists.
//!
//! An option beats an environment variable beats `reseal.toml`. Whatever is wrong is reported at
//! once, each with the place it was said at. Nothing here opens a database or reads a key: keys and
//! the database are named by their sources, and only the database's URL is fetched, redacted.

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::keys::RingConfig;

mod audit;
mod columns;
mod command;
mod control;
mod data_keys;
mod database;
mod document;
mod environment;
mod file;
mod gate;
mod keys;
mod layouts;
mod names;
mod only;
mod report;
mod rings;
mod run;
mod scan;
mod serve;
mod service_keys;
mod service_url;
mod tables;
mod throttle;
mod token;
mod who;
mod word;

pub use audit::AuditCommand;
pub use command::{
    AcceptCommand, Command, FailuresCommand, LedgerCommand, RunCommand, StatusCommand,
};
pub use control::{RunChoice, SetCommand};
pub use database::{DatabaseConfig, DatabaseUrl};
pub use environment::Environment;
pub use gate::GateConfig;
pub use keys::{GenerateKeyCommand, HealthCommand};
pub use names::{NamePattern, TableName};
pub use report::{CoverageKeys, ReportCommand};
pub use run::RunConfig;
pub use scan::ScanCommand;
pub use serve::{ListenConfig, PushConfig, ServeConfig};
pub use service_keys::ServiceKeyUse;
pub use service_url::ServiceUrl;
pub use tables::{ColumnConfig, TableConfig};
pub use throttle::{BacklogMax, LagMax, ThrottleConfig};
pub use token::Token;
pub use who::{ChangeReason, Who};

/// All that a plan, a run or a proof is told.
#[derive(Clone, Debug)]
pub struct Config {
    /// The rings that the tables use, by name.
    pub rings: BTreeMap<String, RingConfig>,
    pub database: DatabaseConfig,
    /// At least one, each with at least one column.
    pub tables: Vec<TableConfig>,
    /// Names of configured tables that `--only` leaves out.
    pub left_out: Vec<String>,
    pub run: RunConfig,
}

impl Config {
    /// Keys of key services that the tables name.
    pub fn service_keys(&self) -> Vec<ServiceKeyUse> {
        service_keys::of_tables(&self.tables)
    }

    /// What makes two commands the same run, as canonical text: tables, columns, layouts, additional
    /// data, version columns and rings by name; neither their order, nor key sources, nor budgets.
    pub fn digest_text(&self) -> String {
        let mut tables: Vec<String> = self.tables.iter().map(TableConfig::digest_text).collect();
        tables.sort();
        format!("reseal configuration 1\n{}", tables.concat())
    }
}

/// Troubles found so far, so that all of them can be reported at once.
#[derive(Debug, Default)]
struct Troubles(Vec<Error>);

impl Troubles {
    fn note<T>(&mut self, result: Result<T>) -> Option<T> {
        result.map_err(|error| self.0.push(error)).ok()
    }

    fn add(&mut self, error: Error) {
        self.0.push(error);
    }

    fn none_or_all(self) -> Result<()> {
        Error::all(self.0).map_or(Ok(()), Err)
    }
}
