//! Reads the catalogue. Facts only; nothing is judged here and nothing is written.

use std::time::Duration;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::found::{ColumnFacts, KeyFacts, RelationFacts, ServerFacts};
use crate::config::TableName;
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;

/// The first version that knows with which version of its default collation a database was created.
const VERSION_WITH_COLLATION_VERSIONS: i32 = 150_000;

/// The server, the database and our role.
pub async fn server(transaction: &Transaction<'_>) -> Result<ServerFacts, DatabaseError> {
    let row = transaction.query_one(sql::PLAN_SERVER, &[]).await?;
    let deadlock_timeout_ms: i32 = row.get("deadlock_timeout_ms");
    let version: i32 = row.get("version");
    let mut default_collation_changed = false;
    if version >= VERSION_WITH_COLLATION_VERSIONS {
        let row = transaction.query_one(sql::PLAN_DATABASE_COLLATION, &[]).await?;
        default_collation_changed = row.get("changed");
    }
    Ok(ServerFacts {
        version,
        default_collation_changed,
        in_recovery: row.get("in_recovery"),
        database: row.get("database_name"),
        role: row.get("role_name"),
        deadlock_timeout: Duration::from_millis(u64::from(deadlock_timeout_ms.unsigned_abs())),
        wal_bytes_max: row.get::<_, i64>("wal_bytes_max").unsigned_abs(),
        logs_parameters: row.get("logs_parameters"),
        publications_of_all_tables: row.get("publications_of_all_tables"),
        has_ledger: row.get("has_ledger"),
        may_create_ledger: row.get("may_create_ledger"),
        ledger_denied: row.get("ledger_denied"),
    })
}

/// The leaf relations that a configured name means today, with all their facts.
pub async fn relations(
    transaction: &Transaction<'_>,
    name: &TableName,
) -> Result<Vec<RelationFacts>, DatabaseError> {
    let schema = name.schema.as_ref().map(|pattern| pattern.like());
    let table = name.table.like();
    let is_wildcard =
        name.table.is_wildcard() || name.schema.as_ref().is_some_and(|s| s.is_wildcard());
    let rows = transaction
        .query(
            sql::PLAN_RELATIONS,
            &[(&schema, Type::TEXT), (&table, Type::TEXT), (&is_wildcard, Type::BOOL)],
        )
        .await?;
    let mut relations = Vec::with_capacity(rows.len());
    for row in &rows {
        let mut relation = read_relation(row);
        relation.columns = columns(transaction, relation.oid).await?;
        relation.keys = keys(transaction, relation.oid).await?;
        relation.unreadable_system_columns = transaction
            .query_one(sql::PLAN_SYSTEM_COLUMNS, &[(&relation.oid, Type::OID)])
            .await?
            .get("unreadable");
        relations.push(relation);
    }
    Ok(relations)
}

fn read_relation(row: &Row) -> RelationFacts {
    let letter = |name: &str| row.get::<_, &str>(name).chars().next().unwrap_or(' ');
    RelationFacts {
        oid: row.get("oid"),
        schema: row.get("schema_name"),
        name: row.get("relation_name"),
        root_name: row.get("root_name"),
        kind: letter("kind"),
        access_method: row.get("access_method"),
        persistence: letter("persistence"),
        relfilenode: row.get("relfilenode"),
        blocks: u32::try_from(row.get::<_, i64>("blocks")).unwrap_or(u32::MAX),
        row_security: row.get("row_security"),
        has_update_rule: row.get("has_update_rule"),
        is_published: row.get("is_published"),
        has_replica_identity: row.get("has_replica_identity"),
        update_triggers: row.get("update_triggers"),
        columns: Vec::new(),
        unreadable_system_columns: Vec::new(),
        keys: Vec::new(),
    }
}

async fn columns(
    transaction: &Transaction<'_>,
    relation: u32,
) -> Result<Vec<ColumnFacts>, DatabaseError> {
    let rows = transaction.query(sql::PLAN_COLUMNS, &[(&relation, Type::OID)]).await?;
    let read = |row: &Row| ColumnFacts {
        name: row.get("name"),
        number: row.get("number"),
        type_oid: row.get("type_oid"),
        array_oid: row.get("array_oid"),
        type_schema: row.get("type_schema"),
        type_name: row.get("type_name"),
        declared_type: row.get("declared_type"),
        has_binary_form: row.get("has_binary_form"),
        not_null: row.get("not_null"),
        is_generated: row.get("is_generated"),
        may_select: row.get("may_select"),
        may_update: row.get("may_update"),
        collation_changed: row.get("collation_changed"),
        indexes: row.get("indexes"),
    };
    Ok(rows.iter().map(read).collect())
}

async fn keys(
    transaction: &Transaction<'_>,
    relation: u32,
) -> Result<Vec<KeyFacts>, DatabaseError> {
    let rows = transaction.query(sql::PLAN_ROW_KEYS, &[(&relation, Type::OID)]).await?;
    let read = |row: &Row| KeyFacts {
        columns: row.get("columns"),
        descending: row.get("descending"),
        operator_schema: row.get("operator_schema"),
    };
    Ok(rows.iter().map(read).collect())
}
