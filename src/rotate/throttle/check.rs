//! Before a run: can what it is to be held back by be found out at all? All that stands against it at once.

use super::{archive, query};
use crate::config::ThrottleConfig;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::error::{Error, Result};
use crate::plan::decide::{Objections, Purpose};

/// Asks everything once.
///
/// # Errors
/// Exit 5 when the database fails; what is wrong with the settings is a refusal among `objections`.
pub async fn check(
    session: &mut Session,
    config: &ThrottleConfig,
    objections: &mut Objections,
) -> Result<()> {
    if objections.purpose == Purpose::Rotate {
        if config.standby_lag.is_some() {
            standbys(session, objections).await?;
        }
        if config.archive_backlog.is_some() {
            archived(session, objections).await?;
        }
    }
    let Some(sql) = &config.query else { return Ok(()) };
    match query::ask(session, sql).await {
        Ok(_) => {}
        Err(query::NoAnswer::Wrong(error)) => objections.refusals.push(error),
        Err(query::NoAnswer::Outside(error)) => return Err(error.into()),
    }
    Ok(())
}

async fn standbys(session: &mut Session, objections: &mut Objections) -> Result<()> {
    let transaction = session.begin(&Terms::reading()).await?;
    let row = transaction.query_one(sql::THROTTLE_MAY_SEE, &[]).await?;
    transaction.commit().await?;
    let place = "throttle_standby_lag";
    if !row.get::<_, bool>("may_see") {
        objections.refusals.push(
            Error::refused("this role may not see how far standbys are")
                .at(place)
                .hint("GRANT pg_read_all_stats to it (or pg_monitor), or leave the setting out"),
        );
    } else if row.get::<_, i64>("standbys") == 0 {
        let what = "no standby is connected now; one that is not connected is not waited for";
        objections.warn(place, what, "check that it streams, when there should be one");
    }
    Ok(())
}

async fn archived(session: &mut Session, objections: &mut Objections) -> Result<()> {
    let transaction = session.begin(&Terms::reading()).await?;
    let found = archive::ask(&transaction).await?;
    transaction.commit().await?;
    let refused = match found {
        archive::Found::Backlog(_) => return Ok(()),
        archive::Found::Off => Error::refused("the server archives no WAL (archive_mode is off)")
            .hint("leave the setting out"),
        archive::Found::Hidden => {
            Error::refused("nothing shows this role what waits for the archive")
                .hint("GRANT pg_monitor to it, or leave the setting out")
        }
    };
    objections.refusals.push(refused.at("throttle_archive_backlog"));
    Ok(())
}
