//! `plan`: what a run would do, and what its configuration does not cover.

use super::rotation::planned;
use super::{passphrases, rings, scan};
use crate::config::RunCommand;
use crate::db::pool::Database;
use crate::error::{ExitCode, Result};
use crate::report;

/// Prints what a run would do; writes nothing.
pub async fn plan(command: RunCommand) -> Result<ExitCode> {
    let mut rings = rings::all(&command.config).await?;
    let database = Database::connect(&command.config.database).await?;
    let mut session = database.session().await?;
    passphrases::name(&mut session, rings.values_mut()).await?;
    let mut planned = planned(&mut session, command.config, &rings, &command.gate).await?;
    drop(session);
    if command.coverage {
        let uncovered = scan::uncovered(&database, &planned.config).await;
        planned.plan.warnings.extend(uncovered);
    }
    let keys = planned.wanted.keys.clone();
    report::result(
        &report::plan::of(&planned.plan, keys, &planned.relation, planned.config.run.kms()),
        command.output,
    )?;
    Ok(ExitCode::Done)
}
