//! What the commands mean that read the audit trail.

use crate::cli::{self, AuditCommandWords, Output};
use crate::config::command::{database, id};
use crate::config::{DatabaseConfig, Environment};
use crate::error::Result;

/// What is asked of the audit trail.
#[derive(Debug)]
pub enum AuditCommand {
    Show {
        database: DatabaseConfig,
        /// `None` for every event.
        run: Option<i64>,
        output: Output,
    },
    Verify {
        database: DatabaseConfig,
        /// A head from elsewhere, as typed.
        head: Option<String>,
        output: Output,
    },
}

impl AuditCommand {
    pub(super) fn resolve(words: cli::AuditWords, environment: &Environment) -> Result<Self> {
        Ok(match words.command {
            AuditCommandWords::Show(words) => Self::Show {
                database: database(&words.file, environment)?,
                run: words.run.map(|text| id("--run", text)).transpose()?,
                output: words.output.output,
            },
            AuditCommandWords::Verify(words) => Self::Verify {
                database: database(&words.file, environment)?,
                head: words.head,
                output: words.output.output,
            },
        })
    }
}
