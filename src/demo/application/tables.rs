//! The demo's two tables, and the statements of the application that owns them.
//!
//! Row keys travel as text and values as bytes, whatever their types, so that one application
//! serves both tables.

pub struct Table {
    pub name: &'static str,
    pub column: &'static str,
    /// How the application stores a value.
    pub preset: &'static str,
    /// Rows before the story begins.
    pub rows: usize,
    pub key: KeyKind,
    pub definition: &'static str,
    /// What the application also sets whenever it writes a row.
    touch: &'static str,
    /// The column is text, not bytea.
    text: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    Uuid,
    Bigint,
}

pub static TABLES: [Table; 2] = [
    Table {
        name: "pipeline_secrets",
        column: "secret",
        preset: "enc-v1",
        rows: 60_000,
        key: KeyKind::Uuid,
        definition: include_str!("../../../sql/demo/pipeline_secrets.sql"),
        touch: "version = version + 1",
        text: true,
    },
    Table {
        name: "identity_traits",
        column: "value",
        preset: "go",
        rows: 40_000,
        key: KeyKind::Bigint,
        definition: include_str!("../../../sql/demo/identity_traits.sql"),
        touch: "seen_at = clock_timestamp()",
        text: false,
    },
];

/// `reseal.toml` for these tables. The lease is short: the demo kills a worker, and its shard is
/// free for another when the lease has run out.
pub const CONFIGURATION: &str = r#"[[table]]
name    = "pipeline_secrets"
version = "version"
[table.columns]
secret  = "enc-v1"

[[table]]
name    = "identity_traits"
[table.columns]
value   = "go"

[run]
lease   = "2s"
"#;

impl Table {
    /// `$1` row keys, `$2` values.
    pub fn insert(&self) -> String {
        let (name, column, key, value) = (self.name, self.column, self.key_type(), self.taken("v"));
        let new = "unnest($1::text[], $2::bytea[]) AS new (k, v)";
        format!("INSERT INTO {name} (id, {column}) SELECT k::{key}, {value} FROM {new}")
    }

    /// `$1` row key, `$2` value.
    pub fn rewrite(&self) -> String {
        let (name, column, touch, value) = (self.name, self.column, self.touch, self.taken("$2"));
        format!("UPDATE {name} SET {column} = {value}, {touch} WHERE {}", self.by_key())
    }

    /// `$1` row key; the value stays.
    pub fn touch(&self) -> String {
        format!("UPDATE {} SET {} WHERE {}", self.name, self.touch, self.by_key())
    }

    /// `$1` row key.
    pub fn delete(&self) -> String {
        format!("DELETE FROM {} WHERE {}", self.name, self.by_key())
    }

    /// `$1` row key; answers with the value.
    pub fn read(&self) -> String {
        format!("SELECT {} FROM {} WHERE {}", self.given(), self.name, self.by_key())
    }

    /// Answers with row key and value of every row.
    pub fn read_all(&self) -> String {
        format!("SELECT id::text, {} FROM {}", self.given(), self.name)
    }

    fn by_key(&self) -> String {
        format!("id = $1::text::{}", self.key_type())
    }

    fn key_type(&self) -> &'static str {
        match self.key {
            KeyKind::Uuid => "uuid",
            KeyKind::Bigint => "bigint",
        }
    }

    /// An expression for a value that comes as bytes.
    fn taken(&self, bytes: &str) -> String {
        if self.text {
            format!("convert_from({bytes}::bytea, 'UTF8')")
        } else {
            format!("{bytes}::bytea")
        }
    }

    /// An expression for the stored value as bytes.
    fn given(&self) -> String {
        if self.text {
            format!("convert_to({}, 'UTF8')", self.column)
        } else {
            self.column.to_owned()
        }
    }
}
