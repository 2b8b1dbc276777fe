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
}
