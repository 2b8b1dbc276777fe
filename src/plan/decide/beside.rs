//! The columns beside a value that hold pieces of it.

use super::columns::unchanging;
use super::{Objections, identifier, readable, writable};
use crate::config::ColumnConfig;
use crate::layout::{ColumnLayout, Piece};
use crate::plan::found::{ColumnFacts, RelationFacts};
use crate::plan::{BesideColumn, ColumnKind, KeyPlan};

/// In the order in which the layout has the pieces.
pub(super) fn columns(
    config: &ColumnConfig,
    facts: &RelationFacts,
    key: Option<&KeyPlan>,
    place: &str,
    objections: &mut Objections,
) -> Vec<BesideColumn> {
    let Some(layout) = &config.layout else { return Vec::new() };
    let mut columns = Vec::new();
    for (n, piece) in config.beside().iter().enumerate() {
        let Some(column) = facts.column(piece.name()) else {
            let what = format!("the column {} beside it does not exist", piece.name());
            objections.refuse(place, what, "correct its name under `beside`");
            continue;
        };
        let place = format!("{}.{}", facts.display_name(), column.name);
        readable(column, &place, objections);
        writable(column, &place, objections);
        unchanging(column, key, &place, objections);
        let Some(kind) = kind(column, layout, n, &place, objections) else { continue };
        columns.push(BesideColumn {
            name: identifier(&column.name),
            number: column.number,
            kind,
            may_be_null: piece.may_be_null(),
        });
    }
    columns
}

/// What the column can hold of piece number `n` beside the value.
fn kind(
    column: &ColumnFacts,
    layout: &ColumnLayout,
    n: usize,
    place: &str,
    objections: &mut Objections,
) -> Option<ColumnKind> {
    let pieces = || layout.all().filter_map(|layout| layout.beside().get(n));
    let (kind, fits, hint) = match column.type_name.as_str() {
        "bytea" => return Some(ColumnKind::Bytea),
        "text" | "varchar" => {
            (ColumnKind::Text, pieces().all(Piece::is_text), "use hex or base64 in its template")
        }
        "int2" | "int4" | "int8" => {
            let hint = "a number is the label of a key: NAME = \"{kid}\"";
            (ColumnKind::Integer, pieces().all(Piece::is_label), hint)
        }
        _ => {
            let what = format!("the column has type {}", column.declared_type);
            objections.refuse(place, what, "pieces of values are kept in bytea, text or varchar");
            return None;
        }
    };
    if !fits {
        let what = format!("a {} column cannot hold this piece of a value", column.declared_type);
        objections.refuse(place, what, hint);
    }
    Some(kind)
}
