//! What was found in the catalogue: plain facts, without judgement.
//!
//! [`decide`](super::decide) judges them. Tests make them by hand.

use std::time::Duration;

use crate::db::identifier::plain_name;

/// The server, the database, and what our role may do there.
#[derive(Clone, Debug)]
pub struct ServerFacts {
    /// `server_version_num`: 150018 is 15.18.
    pub version: i32,
    pub in_recovery: bool,
    pub database: String,
    pub role: String,
    pub deadlock_timeout: Duration,
    /// Bytes of WAL between two checkpoints, at most (`max_wal_size`).
    pub wal_bytes_max: u64,
    /// Whether the server's log would record our parameters, ciphertext among them.
    pub logs_parameters: bool,
    pub publications_of_all_tables: Vec<String>,
    /// The default collation has another version than the database was created with.
    pub default_collation_changed: bool,
    pub has_ledger: bool,
    pub may_create_ledger: bool,
    /// Tables of the ledger that our role may not read and write.
    pub ledger_denied: Vec<String>,
}

/// One relation that a configured name means.
#[derive(Clone, Debug)]
pub struct RelationFacts {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// The bare name of the table that was named, when this is a partition or child of it.
    pub root_name: String,
    /// `pg_class.relkind`.
    pub kind: char,
    pub access_method: String,
    /// `pg_class.relpersistence`.
    pub persistence: char,
    pub relfilenode: u32,
    pub blocks: u32,
    pub row_security: bool,
    pub has_update_rule: bool,
    pub is_published: bool,
    pub has_replica_identity: bool,
    pub update_triggers: Vec<String>,
    pub columns: Vec<ColumnFacts>,
    pub unreadable_system_columns: Vec<String>,
    /// Usable row keys, best first.
    pub keys: Vec<KeyFacts>,
}

impl RelationFacts {
    pub fn column(&self, name: &str) -> Option<&ColumnFacts> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// `schema.table` for messages and the ledger.
    pub fn display_name(&self) -> String {
        plain_name(&self.schema, &self.name)
    }
}

/// One column of a relation.
#[derive(Clone, Debug)]
pub struct ColumnFacts {
    pub name: String,
    /// Its number in the table, which no other column ever has.
    pub number: i16,
    pub type_oid: u32,
    pub array_oid: u32,
    pub type_schema: String,
    /// The base type's name, domains looked through.
    pub type_name: String,
    /// As `CREATE TABLE` would say it.
    pub declared_type: String,
    pub has_binary_form: bool,
    pub not_null: bool,
    pub is_generated: bool,
    pub may_select: bool,
    pub may_update: bool,
    pub collation_changed: bool,
    /// Names of the indexes that it is a part of, as a column or in an expression.
    pub indexes: Vec<String>,
}

/// An index that can carry a keyset walk.
#[derive(Clone, Debug)]
pub struct KeyFacts {
    pub columns: Vec<String>,
    pub descending: bool,
    pub operator_schema: String,
}
