//! The columns that may hold values: facts of the catalogue, and why some are not looked at.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use crate::db::identifier::{Identifier, RelationName};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};

/// A table with at least one column to look at. A partitioned table stands for its partitions.
#[derive(Clone, Debug)]
pub struct TableFacts {
    pub relation: RelationName,
    /// Whether the search path leads to it.
    pub is_visible: bool,
    /// Schema and name of every relation that holds its rows.
    pub leaves: Vec<(String, String)>,
    pub blocks: u64,
    /// The primary key, where it is one column.
    pub key_column: Option<String>,
    /// Columns of any type that this role may read.
    pub readable: Vec<String>,
    pub columns: Vec<ColumnFacts>,
}

#[derive(Clone, Debug)]
pub struct ColumnFacts {
    pub name: Identifier,
    pub kind: Kind,
    /// As `CREATE TABLE` would say it.
    pub declared_type: String,
    /// Whether a run can write to a column of this type.
    pub is_writable: bool,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Bytea,
    Text,
    /// json or jsonb: values are its strings, wherever they stand.
    Json,
}

/// What was not looked at, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotLookedAt {
    pub relation: RelationName,
    /// `None` for all columns of the table.
    pub column: Option<Identifier>,
    pub why: String,
}

/// Why a column is not looked at that this role may not read.
pub const NO_SELECT: &str = "no SELECT";

/// What there is to look at.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    pub tables: Vec<TableFacts>,
    pub not_looked_at: Vec<NotLookedAt>,
}

/// Reads the catalogue; `schemas` empty for all.
///
/// # Errors
/// A schema does not exist, or is none of the user's.
pub async fn read(transaction: &Transaction<'_>, schemas: &[String]) -> Result<Catalogue> {
    let named = Some(schemas.to_vec()).filter(|schemas| !schemas.is_empty());
    if let Some(named) = &named {
        let rows = transaction.query(sql::SCAN_SCHEMAS, &[(named, Type::TEXT_ARRAY)]).await?;
        let known: Vec<String> = rows.iter().map(|row| row.get("name")).collect();
        let unknown = named.iter().filter(|name| !known.contains(name)).map(|name| {
            Error::usage("there is no such schema to search")
                .at(format!("--schema {name}"))
                .hint("check its spelling; the server's own schemas are not searched")
        });
        Error::all(unknown.collect()).map_or(Ok(()), Err)?;
    }
    let rows = transaction.query(sql::SCAN_COLUMNS, &[(&named, Type::TEXT_ARRAY)]).await?;
    let mut catalogue = Catalogue::default();
    for of_table in rows.chunk_by(|one, other| oid(one) == oid(other)) {
        catalogue.add(of_table)?;
    }
    Ok(catalogue)
}

fn oid(row: &Row) -> u32 {
    row.get("oid")
}

impl Catalogue {
    fn add(&mut self, rows: &[Row]) -> Result<()> {
        let table = table(&rows[0])?;
        let whole = match rows[0].get("kind") {
            "m" => Some("a materialized view: a refresh after the rotation brings it along"),
            "f" => Some("a foreign table: search the database that holds it"),
            _ if rows[0].get("row_security") => Some("row-level security would hide rows"),
            _ => None,
        };
        if let Some(why) = whole {
            let why = why.to_owned();
            self.not_looked_at.push(NotLookedAt { relation: table.relation, column: None, why });
            return Ok(());
        }
        let mut columns = Vec::new();
        for row in rows {
            let name = identifier(row.get("name"))?;
            match column(row, name.clone()) {
                Ok(column) => columns.push(column),
                Err(why) => self.not_looked_at.push(NotLookedAt {
                    relation: table.relation.clone(),
                    column: Some(name),
                    why,
                }),
            }
        }
        if !columns.is_empty() {
            self.tables.push(TableFacts { columns, ..table });
        }
        Ok(())
    }

    /// How many columns are to be looked at.
    pub fn columns(&self) -> usize {
        self.tables.iter().map(|table| table.columns.len()).sum()
    }
}

fn table(row: &Row) -> Result<TableFacts> {
    let schemas: Vec<String> = row.get("leaf_schemas");
    let names: Vec<String> = row.get("leaf_names");
    let relation = RelationName::new(
        row.get::<_, String>("schema_name"),
        row.get::<_, String>("relation_name"),
    );
    Ok(TableFacts {
        relation: relation.map_err(|_| no_name())?,
        is_visible: row.get("is_visible"),
        leaves: schemas.into_iter().zip(names).collect(),
        blocks: row.get::<_, i64>("blocks").unsigned_abs(),
        key_column: row.get("key_column"),
        readable: row.get("readable"),
        columns: Vec::new(),
    })
}

/// The column, or why it is not looked at.
fn column(row: &Row, name: Identifier) -> Result<ColumnFacts, String> {
    let declared_type: String = row.get("declared_type");
    let type_name: &str = row.get("type_name");
    let kind = match type_name {
        "bytea" => Kind::Bytea,
        "text" | "varchar" | "bpchar" | "citext" => Kind::Text,
        "json" | "jsonb" => Kind::Json,
        _ => return Err(format!("a column of type {declared_type} cannot be resealed")),
    };
    if !row.get::<_, bool>("may_select") {
        return Err(NO_SELECT.to_owned());
    }
    if row.get("is_generated") {
        return Err("generated: it follows the columns it is computed from".to_owned());
    }
    let is_writable = !matches!(type_name, "bpchar" | "citext");
    Ok(ColumnFacts { name, kind, declared_type, is_writable })
}

fn identifier(name: String) -> Result<Identifier> {
    Identifier::new(name).map_err(|_| no_name())
}

fn no_name() -> Error {
    Error::bug("the catalogue has a name that is none")
}
