//! The independent count: the report's own SQL over the tables, which shares nothing with the run but the
//! names of what it covered.

use tokio_postgres::types::Type;

use crate::db::identifier::{Identifier, RelationName};
use crate::db::ledger::evidence;
use crate::db::ledger::scope::ScopeTable;
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::{Error, Result};
use crate::report::run_report::{CountedColumn, CountedTable, Recount};

/// Counts rows and values of these tables, in one snapshot.
pub async fn count(session: &mut Session, scope: &[ScopeTable]) -> Result<Recount> {
    let relations: Vec<u32> = scope.iter().map(|table| table.relation).collect();
    let transaction = session.begin(&Terms::snapshot()).await?;
    let taken_at = evidence::server(&transaction).await?.asked_at;
    let found = transaction.query(sql::REPORT_RELATIONS, &[(&relations, Type::OID_ARRAY)]).await?;
    let mut tables = Vec::with_capacity(scope.len());
    for table in scope {
        let row = found.iter().find(|row| row.get::<_, u32>("relation") == table.relation);
        tables.push(match row {
            Some(row) => count_table(&transaction, table, row).await?,
            None => CountedTable { table: table.table.clone(), rows: None, columns: Vec::new() },
        });
    }
    transaction.commit().await?;
    Ok(Recount { taken_at, tables })
}

async fn count_table(
    transaction: &Transaction<'_>,
    table: &ScopeTable,
    found: &tokio_postgres::Row,
) -> Result<CountedTable> {
    let (schema, name): (&str, &str) = (found.get("schema_name"), found.get("table_name"));
    let relation = RelationName::new(schema, name).map_err(|_| no_name())?;
    let countable: Vec<String> = found.get("columns");
    // a document holds any number of values, which only its own paths tell
    let whole = table.columns.iter().filter(|column| column.paths.is_empty());
    let columns: Vec<&String> =
        whole.map(|column| &column.column).filter(|name| countable.contains(name)).collect();
    let mut counts = Vec::with_capacity(columns.len());
    for column in &columns {
        let column = Identifier::new(*column).map_err(|_| no_name())?;
        counts.push(format!("count(*) FILTER (WHERE octet_length(t.{column}) > 0)"));
    }
    let fragments = [("counts", counts.join(", ")), ("relation", relation.to_string())];
    let fragments = fragments.each_ref().map(|(name, text)| (*name, text.as_str()));
    let row = transaction.query_one(&sql::render(sql::REPORT_COUNT, &fragments), &[]).await?;
    let values: Vec<i64> = row.get("value_counts");
    let value_count = |name: &String| columns.iter().position(|c| *c == name).map(|at| values[at]);
    let counted = table.columns.iter().map(|column| CountedColumn {
        column: column.column.clone(),
        values: value_count(&column.column),
    });
    Ok(CountedTable {
        table: table.table.clone(),
        rows: Some(row.get("row_count")),
        columns: counted.collect(),
    })
}

fn no_name() -> Error {
    Error::bug("the catalogue has a name that is none")
}
