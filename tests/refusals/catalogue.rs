//! Tables and columns that cannot be rewritten in place, or not safely.

use super::{REFUSED, refused};
use crate::support::Vault;

const NAME_THE_TABLE: &str = "name the table that holds the values";
const NO_KEY: &str = "the table has no usable row key";

/// Tables of every kind, all with the values of `secrets`.
const TABLES: &str = "
    CREATE VIEW a_view AS SELECT * FROM secrets;
    CREATE MATERIALIZED VIEW a_copy AS SELECT * FROM secrets;

    CREATE TABLE no_key AS TABLE secrets;
    CREATE TABLE key_with_null AS TABLE secrets;
    CREATE UNIQUE INDEX ON key_with_null (id);
    CREATE TABLE key_in_part AS TABLE secrets;
    ALTER TABLE key_in_part ALTER id SET NOT NULL;
    CREATE UNIQUE INDEX ON key_in_part (id) WHERE id > 0;
    CREATE UNIQUE INDEX ON key_in_part ((id + 1));
    CREATE TABLE key_both_ways AS TABLE secrets;
    ALTER TABLE key_both_ways ALTER id SET NOT NULL, ALTER owner SET NOT NULL;
    CREATE UNIQUE INDEX ON key_both_ways (id, owner DESC);
    CREATE UNIQUE INDEX ON key_both_ways (owner text_pattern_ops);
    CREATE UNIQUE INDEX ON key_both_ways (owner COLLATE \"POSIX\");
    CREATE TABLE key_elsewhere AS TABLE secrets;
    ALTER TABLE key_elsewhere ALTER id SET NOT NULL;
    CREATE UNIQUE INDEX ON key_elsewhere (id NULLS FIRST);

    CREATE TABLE ruled (LIKE secrets INCLUDING ALL);
    INSERT INTO ruled TABLE secrets;
    CREATE RULE keep AS ON UPDATE TO ruled DO INSTEAD NOTHING;

    CREATE TABLE published (LIKE secrets INCLUDING ALL);
    INSERT INTO published TABLE secrets;
    ALTER TABLE published REPLICA IDENTITY NOTHING;
    CREATE PUBLICATION by_name FOR TABLE published;

    CREATE TABLE parent (LIKE secrets, PRIMARY KEY (id)) PARTITION BY RANGE (id);
    CREATE TABLE leaf_low PARTITION OF parent FOR VALUES FROM (MINVALUE) TO (50);
    CREATE TABLE leaf_high PARTITION OF parent FOR VALUES FROM (50) TO (MAXVALUE);
    INSERT INTO parent TABLE secrets;

    CREATE TABLE guarded (LIKE secrets INCLUDING ALL);
    INSERT INTO guarded TABLE secrets;
    ALTER TABLE guarded ENABLE ROW LEVEL SECURITY;

    CREATE TABLE kinds (LIKE secrets INCLUDING ALL, j json, jb jsonb, n int, b bytea NOT NULL,
        made text GENERATED ALWAYS AS (upper(owner)) STORED, UNIQUE (b));
";

/// Column and layout as typed; what, where and hint.
const REFUSALS: &[(&str, &str, &str, &str)] = &[
    ("nowhere.c:go", "no table of this name holds rows", "nowhere", "check schema, spelling"),
    ("elsewhere.secrets.secret:go", "no table of this name", "elsewhere.secrets", "double quotes"),
    ("\"Secrets\".secret:go", "no table of this name holds rows", "\"Secrets\"", "spelling"),
    ("secrets.sceret:go", "the column does not exist", "public.secrets.sceret", "correct its name"),
    ("a_view.secret:go", "this is a view", "public.a_view", NAME_THE_TABLE),
    ("a_copy.secret:go", "this is a materialized view", "public.a_copy", NAME_THE_TABLE),
    ("no_key.secret:go", NO_KEY, "public.no_key", "add a primary key"),
    ("key_with_null.secret:go", NO_KEY, "public.key_with_null", "not-null columns"),
    ("key_in_part.secret:go", NO_KEY, "public.key_in_part", "not partial"),
    ("key_both_ways.secret:go", NO_KEY, "public.key_both_ways", "default operator classes"),
    ("key_elsewhere.secret:go", NO_KEY, "public.key_elsewhere", "all ascending"),
    (
        "ruled.secret:go",
        "an ON UPDATE rule would rewrite our write",
        "public.ruled",
        "drop the rule",
    ),
    (
        "published.secret:go",
        "published for updates without a replica identity",
        "public.published",
        "REPLICA IDENTITY",
    ),
    (
        "secrets.token:go",
        "a text column cannot hold a raw layout",
        "secrets.token",
        "hex or base64",
    ),
    (
        "kinds.j:go-b64",
        "the column has type json",
        "public.kinds.j",
        "which of its strings are values",
    ),
    (
        "kinds.jb:go-b64",
        "the column has type jsonb",
        "public.kinds.jb",
        "which of its strings are values",
    ),
    ("kinds.n:go-b64", "the column has type integer", "public.kinds.n", "bytea, text or varchar"),
    ("kinds.made:go-b64", "the column is generated", "public.kinds.made", "computed from"),
];

#[tokio::test]
async fn tables_and_columns_that_cannot_be_rewritten() {
    let vault = Vault::with_rows(100).await;
    vault.database.batch(TABLES).await;
    for (column, what, place, hint) in REFUSALS {
        for words in ["plan", "run"] {
            let command = vault.command(words).arg("-c").arg(column);
            refused(&vault.database, command, REFUSED, &[(what, place, hint)]).await;
        }
    }
    // all at once, in the order they are named
    let columns = REFUSALS.iter().filter(|(column, ..)| !column.contains("kinds."));
    let all =
        columns.clone().fold(vault.command("run"), |run, (column, ..)| run.arg("-c").arg(column));
    let mut told: Vec<_> =
        columns.clone().map(|(_, what, place, hint)| (*what, *place, *hint)).collect();
    // two columns of one table are judged together
    let secrets =
        told.iter().position(|told| told.1 == "public.secrets.sceret").expect("it is there");
    let text = told.pop().expect("the raw layout of a text column");
    told.insert(secrets + 1, text);
    refused(&vault.database, all, REFUSED, &told).await;
}

#[tokio::test]
async fn a_value_column_that_is_the_row_key() {
    let vault = Vault::with_rows(10).await;
    let sql = "CREATE TABLE keyed (secret bytea PRIMARY KEY);
               INSERT INTO keyed SELECT secret FROM secrets";
    vault.database.batch(sql).await;
    let told =
        [("the column is part of the row key", "public.keyed.secret", "another unique index")];
    refused(&vault.database, vault.command("run -c keyed.secret:go"), REFUSED, &told).await;
}

#[tokio::test]
async fn a_foreign_table() {
    let vault = Vault::with_rows(10).await;
    let available = "SELECT count(*) FROM pg_available_extensions WHERE name = 'file_fdw'";
    let client = vault.database.client().await;
    if client.query_one(available, &[]).await.expect("a count").get::<_, i64>(0) == 0 {
        return; // not installed with this server
    }
    let sql = "CREATE EXTENSION file_fdw;
               CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
               CREATE FOREIGN TABLE far_away (id bigint, secret bytea) SERVER files
               OPTIONS (filename '/nowhere')";
    client.batch_execute(sql).await.expect("a foreign table");
    let told = [("this is a foreign table", "public.far_away", NAME_THE_TABLE)];
    refused(&vault.database, vault.command("run -c far_away.secret:go"), REFUSED, &told).await;
    // as a partition, too
    let sql = "CREATE TABLE parent (id bigint, secret bytea) PARTITION BY LIST (id);
               ALTER TABLE parent ATTACH PARTITION far_away FOR VALUES IN (1)";
    client.batch_execute(sql).await.expect("a partition");
    refused(&vault.database, vault.command("run -c parent.secret:go"), REFUSED, &told).await;
}

#[tokio::test]
async fn one_table_under_two_names() {
    let vault = Vault::with_rows(100).await;
    vault.database.batch(TABLES).await;
    let hint = "configure all columns of a table under one name";
    for (one, other, table) in [
        ("secrets.secret:go", "public.secrets.token:enc-v1", "public.secrets"),
        ("secrets.secret:go", "secr*.token:enc-v1", "public.secrets"),
        ("parent.secret:go", "leaf_low.token:enc-v1", "public.leaf_low"),
    ] {
        let command = vault.command("run").arg("-c").arg(one).arg("-c").arg(other);
        let told = [("both mean this table", table, hint)];
        refused(&vault.database, command, REFUSED, &told).await;
    }
}
