//! What a run covers, as it is audited at its start and stands in its proof.

use serde::{Deserialize, Serialize};

/// One table, or one leaf of a partitioned one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeTable {
    pub table: String,
    pub relation: u32,
    pub columns: Vec<ScopeColumn>,
}

/// One column and its layouts, by name or template.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeColumn {
    pub column: String,
    /// The layout that values are written in.
    pub layout: String,
    /// Layouts that are read besides.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub read: Vec<String>,
    /// Where in a document the values stand; none when the cell is the value.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<String>,
    /// Other columns that hold pieces of its values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<ScopePiece>,
    /// Which of its cells are values.
    #[serde(flatten)]
    pub cells: ScopeCells,
    /// SHA-256 of what each layout means, in hexadecimal: the one that is written, then those that are read. A name
    /// does not tell it, since settings stand beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub meanings: Vec<String>,
}

/// A column beside that of the ciphertext.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopePiece {
    pub column: String,
    /// A value may be whole without it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub may_be_null: bool,
}

/// What counts as a value beyond cells that are neither NULL nor empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScopeCells {
    /// An empty cell is one: it is encrypted, or a failure.
    #[serde(default, skip_serializing_if = "is_false")]
    pub empty_is_value: bool,
    /// NULL is one: a failure.
    #[serde(default, skip_serializing_if = "is_false")]
    pub null_is_value: bool,
    /// What has the shape of no layout is none, which SQL cannot tell.
    #[serde(default, skip_serializing_if = "is_false")]
    pub unmatched_is_left: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(value: &bool) -> bool {
    !value
}
