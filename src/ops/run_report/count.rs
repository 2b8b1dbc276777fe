//! The independent count: the report's own SQL over the tables, which shares nothing with the run but the
//! names of what it covered.

use tokio_postgres::types::Type;

use crate::db::identifier::{Identifier, RelationName};
use crate::db::ledger::evidence;
use crate::db::ledger::scope::{ScopeColumn, ScopePiece, ScopeTable};
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
    let facts = TableFacts { countable: found.get("countable"), others: found.get("others") };
    let columns: Vec<(&String, Option<String>)> = table
        .columns
        .iter()
        .map(|column| Ok((&column.column, is_value(column, &facts)?)))
        .collect::<Result<_>>()?;
    let counts = columns.iter().filter_map(|(_, is_value)| is_value.as_ref());
    let counts: Vec<String> =
        counts.map(|is_value| format!("count(*) FILTER (WHERE {is_value})")).collect();
    let fragments = [("counts", counts.join(", ")), ("relation", relation.to_string())];
    let fragments = fragments.each_ref().map(|(name, text)| (*name, text.as_str()));
    let row = transaction.query_one(&sql::render(sql::REPORT_COUNT, &fragments), &[]).await?;
    let mut values = row.get::<_, Vec<i64>>("value_counts").into_iter();
    let counted = columns.into_iter().map(|(column, is_value)| CountedColumn {
        column: column.clone(),
        values: is_value.and_then(|_| values.next()),
    });
    Ok(CountedTable {
        table: table.table.clone(),
        rows: Some(row.get("row_count")),
        columns: counted.collect(),
    })
}

/// The columns that a table has now: those whose bytes can be counted, and all others.
struct TableFacts {
    countable: Vec<String>,
    others: Vec<String>,
}

/// Whether a row `t` has a value in a column, in SQL; `None` when SQL alone cannot tell. A document holds any number
/// of values, which only its own paths tell, and what is plain text beside ciphertext only its layout does.
fn is_value(column: &ScopeColumn, facts: &TableFacts) -> Result<Option<String>> {
    let can_be_counted = facts.countable.contains(&column.column)
        && column.paths.is_empty()
        && !column.cells.unmatched_is_left;
    if !can_be_counted {
        return Ok(None);
    }
    let name = identifier(&column.column)?;
    let mut is_value = match column.cells.empty_is_value {
        true => format!("t.{name} IS NOT NULL"),
        false => format!("octet_length(t.{name}) > 0"),
    };
    if column.cells.null_is_value {
        is_value.push_str(&format!(" OR t.{name} IS NULL"));
    }
    // an empty ciphertext is one when all that it needs stands beside it
    let needed: Vec<&ScopePiece> =
        column.beside.iter().filter(|piece| !piece.may_be_null).collect();
    if !needed.is_empty() {
        let mut whole = vec![format!("octet_length(t.{name}) = 0")];
        for piece in needed {
            let name = identifier(&piece.column)?;
            whole.push(match &piece.column {
                column if facts.countable.contains(column) => format!("octet_length(t.{name}) > 0"),
                column if facts.others.contains(column) => format!("t.{name} IS NOT NULL"),
                _ => return Ok(None),
            });
        }
        is_value.push_str(&format!(" OR ({})", whole.join(" AND ")));
    }
    Ok(Some(is_value))
}

fn identifier(name: &str) -> Result<Identifier> {
    Identifier::new(name).map_err(|_| no_name())
}

fn no_name() -> Error {
    Error::bug("the catalogue has a name that is none")
}
