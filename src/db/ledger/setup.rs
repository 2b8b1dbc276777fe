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

async fn version_within(transaction: &Transaction<'_>) -> Result<Option<i32>> {
    let present: bool = transaction.query_one(sql::LEDGER_PRESENT, &[]).await?.get("present");
    if !present {
        return Ok(None);
    }
    let newest = "SELECT max(version) FROM reseal.ledger_version";
    Ok(transaction.query_one(newest, &[]).await.map_err(not_readable)?.get(0))
}

fn not_readable(error: DatabaseError) -> Error {
    match error.trouble {
        Trouble::Denied => Error::from(error)
            .at("schema reseal")
            .hint("let this role use schema reseal and read, insert into and update its tables"),
        _ => error.into(),
    }
}

fn newer_ledger(version: i32) -> Error {
    Error::refused(format!("the ledger has version {version}, this program knows up to {VERSION}"))
        .at("schema reseal")
        .hint("use the reseal version that wrote it, or a newer one")
}

fn not_created(error: DatabaseError) -> Error {
    // duplicate_table, duplicate_object: no ledger is there, but something of its names
    if matches!(error.sqlstate.as_deref(), Some("42P07" | "42710")) {
        return Error::refused("the schema holds tables that are not this program's ledger")
            .at("schema reseal")
            .hint("rename that schema, or take it away when it is what is left of an old ledger");
    }
    let mended = "run `reseal ledger --print-sql` and have a DBA apply it, then let \
                  this role use schema reseal and read, insert into and update its tables";
    Error::from(error).at("schema reseal").hint(mended)
}
