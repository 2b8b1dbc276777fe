//! How the cell of a value is read: one column, or the one of its ciphertext with those beside it.
//!
//! Text of SQL about `t`; nothing is executed.

use super::{ColumnKind, ColumnPlan};
use crate::cell;
use crate::db::identifier::Identifier;

/// A column that holds a piece of the value of another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BesideColumn {
    pub name: Identifier,
    /// Its number in the table.
    pub number: i16,
    pub kind: ColumnKind,
    /// A value may be whole without it; it is written all the same.
    pub may_be_null: bool,
}

/// The columns of one value.
#[derive(Clone, Copy, Debug)]
pub struct Cell<'p> {
    pub name: &'p Identifier,
    pub kind: ColumnKind,
    pub beside: &'p [BesideColumn],
}

impl<'p> Cell<'p> {
    /// What a stored value is when it is read: of several columns it is bytes.
    pub fn stored_kind(&self) -> ColumnKind {
        if self.beside.is_empty() { self.kind } else { ColumnKind::Bytea }
    }

    /// The stored value: what the column holds, or [a cell](crate::cell) of all its pieces.
    pub fn stored(&self) -> String {
        if self.beside.is_empty() {
            return self.kind.stored(self.name);
        }
        let pieces = self.columns().map(|(name, kind)| {
            let bytes = match kind {
                ColumnKind::Bytea => format!("t.{name}"),
                _ => format!("pg_catalog.convert_to({}, 'UTF8')", kind.stored(name)),
            };
            let length = format!("coalesce(octet_length({bytes}), -1)");
            format!("pg_catalog.int4send({length}) || coalesce({bytes}, ''::bytea)")
        });
        format!("({})", pieces.collect::<Vec<_>>().join(" || "))
    }

    /// Bytes of the stored value, found without fetching it; NULL when there is none. A spread value is there
    /// when its ciphertext is; an empty ciphertext is one when all that it needs stands beside it.
    pub fn length(&self) -> String {
        if self.beside.is_empty() {
            return format!("octet_length({})", self.kind.stored(self.name));
        }
        let bytes =
            |name: &Identifier, kind: ColumnKind| format!("octet_length({})", kind.stored(name));
        let main = bytes(self.name, self.kind);
        let needed = self.beside.iter().filter(|column| !column.may_be_null);
        let needed: Vec<String> =
            needed.map(|column| format!("{} > 0", bytes(&column.name, column.kind))).collect();
        let is_value = match needed.is_empty() {
            true => format!("{main} > 0"),
            false => format!("{main} > 0 OR ({main} = 0 AND {})", needed.join(" AND ")),
        };
        let lengths = self
            .beside
            .iter()
            .map(|column| format!(" + coalesce({}, 0)", bytes(&column.name, column.kind)));
        let lengths: String = lengths.collect();
        let heads = 4 * (1 + self.beside.len());
        let sum = format!("{main}::bigint{lengths} + {heads}");
        format!("CASE WHEN {is_value} THEN least({sum}, 2147483647)::integer END")
    }

    /// Every column of it, in the order of the pieces.
    pub fn columns(&self) -> impl Iterator<Item = (&'p Identifier, ColumnKind)> + use<'p> {
        let beside = self.beside.iter().map(|column| (&column.name, column.kind));
        std::iter::once((self.name, self.kind)).chain(beside)
    }
}

impl ColumnPlan {
    pub fn cell(&self) -> Cell<'_> {
        Cell { name: &self.name, kind: self.kind, beside: &self.beside }
    }

    /// All columns that its values are written to, with their numbers.
    pub fn written_columns(&self) -> impl Iterator<Item = (&Identifier, i16)> {
        let beside = self.beside.iter().map(|column| (&column.name, column.number));
        std::iter::once((&self.name, self.number)).chain(beside)
    }

    /// What one of its columns holds of a stored value.
    pub fn piece<'v>(&self, stored: &'v [u8], place: usize) -> Option<&'v [u8]> {
        if self.beside.is_empty() { Some(stored) } else { cell::piece(stored, place) }
    }
}
