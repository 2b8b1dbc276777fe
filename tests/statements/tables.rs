//! Three tables, planned by hand and defined for a server: the plainest, a composite key with
//! everything, and the oddest names.

use std::io::Write as _;
use std::sync::Arc;

use reseal::db::identifier::{Identifier, RelationName};
use reseal::db::row_key::SqlType;
use reseal::keys::{KeyRing, KeySource, RingConfig};
use reseal::layout::{ColumnLayout, Layout};
use reseal::plan::sample::SampleCount;
use reseal::plan::{
    BesideColumn, ColumnKind, ColumnPlan, Estimate, KeyColumn, KeyPlan, Order, TablePlan,
};

use super::support::TestKey;

pub struct Example {
    /// Of its golden file.
    pub name: &'static str,
    pub table: TablePlan,
    pub definition: &'static str,
}

/// A key column: its name, and schema and name of its type.
type Key<'a> = (&'a str, [&'a str; 2]);

pub fn examples() -> Vec<Example> {
    let one_column = Example {
        name: "one_column",
        table: table(
            ["public", "secrets"],
            &[("id", ["pg_catalog", "int8"])],
            &[("secret", ColumnKind::Bytea)],
        ),
        definition: "CREATE TABLE public.secrets (id bigint PRIMARY KEY, secret bytea)",
    };
    let key = [("name", ["pg_catalog", "text"]), ("at", ["pg_catalog", "timestamptz"])];
    let composite = Example {
        name: "composite",
        table: TablePlan {
            aad_columns: vec![identifier("tenant"), identifier("day")],
            version: Some(identifier("lock_version")),
            ..table(
                ["public", "traits"],
                &key,
                &[("secret", ColumnKind::Bytea), ("token", ColumnKind::Text)],
            )
        },
        definition: "CREATE TABLE public.traits (name text COLLATE \"C\", at timestamptz, tenant text, \
            day date, secret bytea, token varchar(500), lock_version int NOT NULL, PRIMARY KEY (name, at))",
    };
    let key = [("or\"der", ["else where", "mo\"od"]), ("{range}", ["pg_catalog", "bpchar"])];
    let mut odd = table(
        ["Odd \"Schema\"", "{relation}"],
        &key,
        &[("select", ColumnKind::Text), ("$1; --", ColumnKind::Text)],
    );
    odd.key.descending = true;
    odd.aad_columns = vec![identifier("{columns}")];
    let odd = Example {
        name: "odd_names",
        table: odd,
        definition: r#"CREATE SCHEMA "Odd ""Schema"""; CREATE SCHEMA "else where";
            CREATE TYPE "else where"."mo""od" AS ENUM ('calm', 'wild');
            CREATE TABLE "Odd ""Schema"""."{relation}" ("or""der" "else where"."mo""od" NOT NULL,
                "{range}" char(7) NOT NULL, "{columns}" text, "select" text, "$1; --" varchar);
            CREATE UNIQUE INDEX ON "Odd ""Schema"""."{relation}" ("or""der" DESC, "{range}" DESC)"#,
    };
    let documents = Example {
        name: "documents",
        table: table(
            ["public", "settings"],
            &[("id", ["pg_catalog", "int8"])],
            &[("traits", ColumnKind::Jsonb), ("raw", ColumnKind::Json)],
        ),
        definition: "CREATE TABLE public.settings (id bigint PRIMARY KEY, traits jsonb, raw json)",
    };
    let mut spread = table(
        ["public", "tokens"],
        &[("id", ["pg_catalog", "int8"])],
        &[("secret", ColumnKind::Text), ("other", ColumnKind::Bytea)],
    );
    spread.columns[0].beside = vec![
        beside("key_version", ColumnKind::Integer, true),
        beside("secret_iv", ColumnKind::Bytea, false),
        beside("secret_tag", ColumnKind::Text, false),
    ];
    let spread = Example {
        name: "spread",
        table: spread,
        definition: "CREATE TABLE public.tokens (id bigint PRIMARY KEY, secret text, key_version smallint, \
            secret_iv bytea, secret_tag text, other bytea)",
    };
    vec![one_column, composite, odd, documents, spread]
}

fn table([schema, name]: [&str; 2], key: &[Key<'_>], columns: &[(&str, ColumnKind)]) -> TablePlan {
    let column = |(name, kind): &(&str, ColumnKind)| ColumnPlan {
        name: identifier(name),
        number: 2,
        kind: *kind,
        beside: Vec::new(),
        layout: layout(),
        keys: Arc::new(ring().column_keys(&layout(), "t", "c").expect("its keys")),
        paths: None,
        sealed: None,
        envelope: None,
        layout_was_found: false,
        aad_sources: Vec::new(),
        aad_table: name.to_string(),
        sample: SampleCount::default(),
    };
    TablePlan {
        relation: RelationName::new(schema, name).expect("a name"),
        oid: 16_384,
        key: KeyPlan {
            columns: key.iter().map(key_column).collect(),
            descending: false,
            operator_schema: identifier("pg_catalog"),
        },
        columns: columns.iter().map(column).collect(),
        aad_columns: Vec::new(),
        version: None,
        ring: Some(ring()),
        estimate: Estimate::default(),
        order: Order::ByKey,
    }
}

fn beside(name: &str, kind: ColumnKind, may_be_null: bool) -> BesideColumn {
    BesideColumn { name: identifier(name), number: 3, kind, may_be_null }
}

/// Object identifiers do not stand in a statement's text.
fn key_column((name, [schema, type_name]): &Key<'_>) -> KeyColumn {
    let sql_type =
        SqlType { oid: 0, array_oid: 0, schema: identifier(schema), name: identifier(type_name) };
    KeyColumn { name: identifier(name), sql_type }
}

fn layout() -> ColumnLayout {
    let write = Layout::named("go-b64").expect("a preset");
    ColumnLayout::try_from(write).expect("a layout to write")
}

fn identifier(name: &str) -> Identifier {
    Identifier::new(name).expect("a name")
}

/// Any key: no statement knows it.
fn ring() -> Arc<KeyRing> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(TestKey::random().hex().as_bytes()).expect("a key file");
    let current = KeySource::File(file.path().to_owned());
    let config = RingConfig::new("keys", current, Vec::new());
    Arc::new(KeyRing::load(&config).expect("a key"))
}
