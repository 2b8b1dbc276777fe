//! What the plan warns of, and goes on: each with its place and what to look at.

use serde_json::Value;

use crate::support::{Reseal, Vault};

/// What, where and hint of every warning of a plan.
async fn warnings(plan: Reseal) -> Vec<[String; 3]> {
    let plan = plan.json().run().await.expect(0).json();
    let text = |warning: &Value, name: &str| warning[name].as_str().expect(name).to_owned();
    let warnings = plan["warnings"].as_array().expect("a list").iter();
    warnings.map(|w| [text(w, "what"), text(w, "place"), text(w, "hint")]).collect()
}

#[track_caller]
fn warns(warnings: &[[String; 3]], what: &str, place: &str, hint: &str) {
    let fits =
        |w: &&[String; 3]| w[0].contains(what) && w[1].contains(place) && w[2].contains(hint);
    assert!(warnings.iter().any(|w| fits(&w)), "{what} at {place} is not among {warnings:#?}");
}

#[tokio::test]
async fn a_plain_table_is_worth_no_warning_but_the_one_for_applications() {
    let vault = Vault::with_rows(50).await;
    let told = warnings(vault.with_columns("plan")).await;
    assert_eq!(told.len(), 1, "{told:#?}");
    warns(&told, "REPEATABLE READ or SERIALIZABLE", "applications", "optimistic lock");
}

#[tokio::test]
async fn what_stands_beside_a_value() {
    let vault = Vault::with_rows(50).await;
    let sql = "ALTER TABLE secrets ADD secret_bidx bytea, ADD token_hash text,
               ADD size int GENERATED ALWAYS AS (length(token)) STORED;
               CREATE TABLE history (LIKE secrets);
               CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN RETURN NEW; END $$;
               CREATE TRIGGER keep_history BEFORE UPDATE ON secrets
               FOR EACH ROW EXECUTE FUNCTION keep();
               CREATE TRIGGER never BEFORE INSERT ON secrets
               FOR EACH ROW EXECUTE FUNCTION keep();
               CREATE TRIGGER not_now BEFORE UPDATE ON secrets
               FOR EACH ROW EXECUTE FUNCTION keep();
               ALTER TABLE secrets DISABLE TRIGGER not_now";
    vault.database.batch(sql).await;
    let told = warnings(vault.with_columns("plan")).await;
    let triggers = "every rewritten row fires these triggers: keep_history";
    warns(&told, triggers, "public.secrets", "none copies the old row elsewhere");
    let triggers = told.iter().find(|w| w[0].contains("triggers")).expect("it is there");
    assert!(triggers[0].ends_with("keep_history"), "{triggers:?}");
    for column in ["secret_bidx", "token_hash"] {
        let place = format!("public.secrets.{column}");
        warns(&told, "looks like a blind index", &place, "recomputed by the application");
    }
    warns(&told, "generated column is recomputed", "public.secrets.size", "changes with it");
    // for people, and when it runs: in the log
    let plan = vault.with_columns("plan").run().await.expect(0);
    assert!(plan.stdout.contains("warning: every rewritten row fires"), "{}", plan.stdout);
    let run = vault.with_columns("run").run().await.expect(0);
    assert!(run.stderr.contains("every rewritten row fires these triggers"), "{}", run.stderr);
}

/// Where the sessions of the job are a replica's, other triggers fire.
#[tokio::test]
async fn the_triggers_are_those_that_fire() {
    let vault = Vault::with_rows(20).await;
    let sql = "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$
               BEGIN RETURN NEW; END $$;
               CREATE TRIGGER of_origin BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION keep();
               CREATE TRIGGER of_both BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION keep();
               CREATE TRIGGER of_replica BEFORE UPDATE ON secrets FOR EACH ROW EXECUTE FUNCTION keep();
               ALTER TABLE secrets ENABLE ALWAYS TRIGGER of_both;
               ALTER TABLE secrets ENABLE REPLICA TRIGGER of_replica";
    vault.database.batch(sql).await;
    let triggers = async || {
        let told = warnings(vault.with_columns("plan")).await;
        told.into_iter().map(|w| w[0].clone()).find(|what| what.contains("triggers"))
    };
    let fires = |names: &str| Some(format!("every rewritten row fires these triggers: {names}"));
    assert_eq!(triggers().await, fires("of_both, of_origin"));
    vault.database.batch(
        "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET session_replication_role = replica', current_database()); END $$"
    ).await;
    assert_eq!(triggers().await, fires("of_both, of_replica"));
}

/// Of a value in one column, and of each piece of one in several; plain, unique, over an expression, of a constraint.
#[tokio::test]
async fn an_index_on_what_is_resealed() {
    let vault = Vault::with_rows(5).await;
    let sql = "CREATE INDEX by_secret ON secrets (secret);
               CREATE UNIQUE INDEX by_length ON secrets (id, length(token));
               ALTER TABLE secrets ADD iv bytea, ADD body bytea, ADD CONSTRAINT one_iv UNIQUE (iv)";
    vault.database.batch(sql).await;
    let config = r#"
        [[table]]
        name = "secrets"
        [table.columns]
        secret = "go"
        token = "enc-v1"
        body = { layout = "{raw(ct tag16)}", beside = { iv = "{raw(nonce12)}" } }
    "#;
    let told = warnings(vault.command("plan").config(config)).await;
    for (column, index) in [("secret", "by_secret"), ("token", "by_length"), ("iv", "one_iv")] {
        let (what, place) = (format!("indexed: {index}"), format!("public.secrets.{column}"));
        warns(&told, &what, &place, "no longer does once it is resealed");
    }
    let indexed = told.iter().filter(|warning| warning[0].contains("is indexed"));
    assert_eq!(indexed.count(), 3, "neither the key nor what stays as it is: {told:#?}");
}

/// A migration may make values longer than their column takes.
#[tokio::test]
async fn a_column_that_may_be_too_short() {
    let vault = Vault::with_rows(5).await;
    vault.database.batch("ALTER TABLE secrets ALTER token TYPE varchar(80)").await;
    let config = |column: &str| {
        format!("[[table]]\nname = \"secrets\"\n[table.columns]\ntoken = {column}\n")
    };
    let what = "the column is character varying(80), and values may become longer in node-hex";
    let told = warnings(
        vault.command("plan").config(config("{ write = \"node-hex\", read = [\"enc-v1\"] }")),
    );
    warns(&told.await, what, "public.secrets.token", "make the column wider first");
    // under another key alone they stay as long as they are
    let told = warnings(vault.command("plan").config(config("\"enc-v1\"")));
    assert!(!told.await.iter().any(|warning| warning[0].contains("longer")));
}

#[tokio::test]
async fn a_server_that_logs_parameters() {
    let vault = Vault::with_rows(20).await;
    let what = "the server's log records statement parameters";
    let logs = async || {
        let told = warnings(vault.with_columns("plan")).await;
        told.iter().any(|w| w[0].contains(what) && w[2].contains("log_parameter_max_length = 0"))
    };
    let name = vault.database.name();
    assert!(!logs().await);
    for (setting, value, expected) in [
        ("log_statement", "mod", true),
        ("log_statement", "ddl", false),
        ("log_min_duration_statement", "250", true),
        ("log_min_duration_statement", "-1", false),
        ("log_parameter_max_length_on_error", "100", true),
        ("log_parameter_max_length_on_error", "0", false),
        ("log_duration", "on", true),
        ("log_parameter_max_length", "0", false),
    ] {
        let set = format!("ALTER DATABASE {name} SET {setting} = '{value}'");
        vault.database.batch(&set).await;
        assert_eq!(logs().await, expected, "{setting} = {value}");
    }
}

#[tokio::test]
async fn nothing_to_do_or_the_keys_are_swapped() {
    let vault = Vault::with_rows(50).await;
    let plan = vault.with_columns("plan").current_key(&vault.old).previous_keys(&[&vault.new]);
    let told = warnings(plan.clone()).await;
    let what = "already rotated, or the keys are swapped: no sampled value needs a previous key";
    warns(&told, what, "all columns", "check which one is current");
    let plan = plan.run().await.expect(0);
    assert!(plan.stdout.starts_with("plan: prove: nothing seems to be left"), "{}", plan.stdout);
}
