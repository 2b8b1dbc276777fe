//! Creates or upgrades the ledger.

use tokio_postgres::types::Type;

use super::VERSION;
use crate::db::error::{DatabaseError, Trouble};
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};

/// Advisory lock (of a transaction) under which the ledger is created: "reseal" in ASCII.
const SETUP_LOCK: i64 = 0x0072_6573_6561_6c00;

/// The whole ledger as plain SQL, for a DBA to apply.
pub fn script() -> &'static str {
    sql::LEDGER_1
}

/// Creates the ledger when there is none. Answers whether it did.
///
/// # Errors
/// Exit 3 when the ledger is newer than this program or the role may not create it.
pub async fn ensure(session: &mut Session) -> Result<bool> {
    if version(session).await? == Some(VERSION) {
        return Ok(false);
    }
    let transaction = session.begin(&Terms::durable()).await?;
    lock(&transaction).await?;
    let created = match version_within(&transaction).await? {
        Some(VERSION) => false,
        Some(newer) => return Err(newer_ledger(newer)),
        None => {
            transaction.batch(sql::LEDGER_1).await.map_err(not_created)?;
            true
        }
    };
    transaction.commit().await?;
    Ok(created)
}

/// Lets one process at a time create the ledger or start a run, until the transaction ends.
pub async fn lock(transaction: &Transaction<'_>) -> Result<(), DatabaseError> {
    let statement = "SELECT pg_catalog.pg_advisory_xact_lock($1)";
    transaction.query(statement, &[(&SETUP_LOCK, Type::INT8)]).await?;
    Ok(())
}

/// The version of the ledger that is there, if any.
pub async fn version(session: &mut Session) -> Result<Option<i32>> {
    let transaction = session.begin(&Terms::reading()).await?;
    let version = version_within(&transaction).await?;
    transaction.commit().await?;
    match version {
        Some(newer) if newer > VERSION => Err(newer_ledger(newer)),
        version => Ok(version),
    }
}

/// Refuses a ledger of a newer program before any work is done. What else may stand against its use is told with all
/// other objections.
///
/// # Errors
/// Exit 3 when it is newer.
pub async fn refuse_newer(session: &mut Session) -> Result<()> {
    let transaction = session.begin(&Terms::reading()).await?;
    match version_within(&transaction).await {
        Ok(Some(newer)) if newer > VERSION => Err(newer_ledger(newer)),
        _ => Ok(()),
    }
}

/// Why the ledger cannot be created, where there is none: something of its names is in the way.
pub async fn in_the_way(transaction: &Transaction<'_>) -> Result<Option<Error>, DatabaseError> {
    let names: Vec<&str> = names().collect();
    let row = transaction.query_one(sql::LEDGER_IN_THE_WAY, &[(&names, Type::TEXT_ARRAY)]).await?;
    Ok(row.get::<_, bool>("in_the_way").then(not_ours))
}

/// What the ledger's script creates in its schema.
fn names() -> impl Iterator<Item = &'static str> {
    script().lines().filter_map(|line| {
        let table = line.strip_prefix("CREATE TABLE reseal.");
        table.or_else(|| line.strip_prefix("CREATE INDEX "))?.split_ascii_whitespace().next()
    })
}

async fn version_within(transaction: &Transaction<'_>) -> Result<Option<i32>> {
    let present: bool = transaction.query_one(sql::LEDGER_PRESENT, &[]).await?.get("present");
    if !present {
        return Ok(None);
    }
    let newest = "SELECT max(version) FROM reseal.ledger_version";
    let row = transaction.query_one(newest, &[]).await.map_err(not_readable)?;
    // ours has a version from the moment that it is there
    let version: Option<i32> = row.try_get(0).map_err(|_| not_ours())?;
    version.map(Some).ok_or_else(not_ours)
}

fn not_readable(error: DatabaseError) -> Error {
    // undefined_column, undefined_function (no max of its type), undefined_table, wrong_object_type (an index, say)
    if matches!(error.sqlstate.as_deref(), Some("42703" | "42883" | "42P01" | "42809")) {
        return not_ours();
    }
    match error.trouble {
        Trouble::Denied => Error::from(error)
            .at("schema reseal")
            .hint("let this role use schema reseal and read, insert into and update its tables"),
        _ => error.into(),
    }
}

fn not_ours() -> Error {
    Error::refused("the schema holds tables that are not this program's ledger")
        .at("schema reseal")
        .hint("rename that schema, or take it away when it is what is left of an old ledger")
}

fn newer_ledger(version: i32) -> Error {
    Error::refused(format!("the ledger has version {version}, this program knows up to {VERSION}"))
        .at("schema reseal")
        .hint("use the reseal version that wrote it, or a newer one")
}

fn not_created(error: DatabaseError) -> Error {
    // duplicate_table, duplicate_object: no ledger is there, but something of its names
    if matches!(error.sqlstate.as_deref(), Some("42P07" | "42710")) {
        return not_ours();
    }
    let mended = "run `reseal ledger --print-sql` and have a DBA apply it, then let \
                  this role use schema reseal and read, insert into and update its tables";
    Error::from(error).at("schema reseal").hint(mended)
}

#[cfg(test)]
mod tests {
    #[test]
    fn everything_that_the_script_creates_is_known() {
        let names: Vec<&str> = super::names().collect();
        let created = super::script().lines().filter(|line| line.starts_with("CREATE ")).count();
        assert_eq!(names.len() + 1, created, "all but the schema: {names:?}");
        assert!(names.contains(&"run") && names.contains(&"failure_table"), "{names:?}");
    }
}
