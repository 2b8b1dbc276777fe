//! The database refuses to write one row of many: exactly that row is listed, with the reason the
//! database gave, all others are resealed, and the run ends. Real triggers, constraints, indexes.

mod support;

use std::collections::BTreeSet;

use serde_json::Value;
use support::{Outcome, Vault, open, seal};

/// The row that is refused.
const BAD: i64 = 1_777;
const ROWS: i64 = 10_000;
/// Where a row more or less says nothing new.
const FEW_ROWS: i64 = 2_000;

/// A failure as listed: row, column and SQLSTATE.
type Listed = (i64, &'static str, Option<&'static str>);

/// Both values of the row failed, for the same reason.
fn both(row: i64, sqlstate: Option<&'static str>) -> Vec<Listed> {
    vec![(row, "secret", sqlstate), (row, "token", sqlstate)]
}

/// Fills a table, adds the test's own SQL, runs, and expects exactly these values to be refused.
async fn refuses(rows: i64, sql: &str, expected: &[Listed]) -> Vault {
    let vault = Vault::with_rows(rows).await;
    vault.database.batch(sql).await;
    let before = vault.cells().await;
    let outcome = vault.with_columns("run").json().run().await.expect(1);
    let untouched: Vec<_> = expected.iter().map(|(id, column, _)| (*id, *column)).collect();
    vault.check(&before, &vault.cells().await, &untouched);
    counts(&outcome, 2 * rows as u64, expected.len() as u64);
    assert_eq!(listed(&vault).await, expected.iter().map(expected_line).collect());
    vault
}

fn expected_line((id, column, sqlstate): &Listed) -> String {
    format!("{id} {column} write_refused {}", sqlstate.unwrap_or("-"))
}

/// The report adds up, and says how it ended.
#[track_caller]
fn counts(outcome: &Outcome, total: u64, failed: u64) {
    let report = outcome.json();
    assert_eq!(report["status"], "completed_with_failures", "{report}");
    assert_eq!(report["total_records"], total, "{report}");
    assert_eq!(report["processed_records"], total - failed, "{report}");
    assert_eq!(report["failed_records"], failed, "{report}");
    assert_eq!(report["remaining_records"], 0, "{report}");
}

/// `failures`, one line each: row, column, reason, SQLSTATE.
async fn listed(vault: &Vault) -> BTreeSet<String> {
    let outcome = vault.command("failures").json().run().await.expect(0);
    let report = outcome.json();
    let line = |failure: &Value| {
        assert_eq!(failure["table"], "public.secrets");
        let text = |name: &str| failure[name].as_str().unwrap_or("-").to_owned();
        let key = failure["key"][0].as_str().expect("a row key");
        format!("{key} {} {} {}", text("column"), text("reason"), text("sqlstate"))
    };
    report["failures"].as_array().expect("a list").iter().map(line).collect()
}

/// A row trigger for UPDATE whose body is entered for the bad row alone.
fn trigger(timing: &str, body: &str) -> String {
    format!(
        "CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.id = {BAD} THEN {body} END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER interfere {timing} UPDATE ON secrets
         FOR EACH ROW EXECUTE FUNCTION interfere()"
    )
}

fn raise(sqlstate: &str) -> String {
    format!("RAISE EXCEPTION 'no' USING ERRCODE = '{sqlstate}';")
}

#[tokio::test]
async fn a_check_constraint_refuses_one_value_and_the_other_of_its_row_is_done() {
    let sql = format!(
        "DO $$ BEGIN EXECUTE format(
             'ALTER TABLE secrets ADD CONSTRAINT kept CHECK (id <> {BAD} OR token = %L)',
             (SELECT token FROM secrets WHERE id = {BAD})); END $$"
    );
    let vault = refuses(ROWS, &sql, &[(BAD, "token", Some("23514"))]).await;
    // nothing is left to do but this, it is refused again, and nobody calls it proven
    let before = vault.cells().await;
    let again = vault.with_columns("run").json().run().await.expect(1);
    counts(&again, 2 * ROWS as u64, 1);
    assert_eq!(again.json()["resealed_records"], 0);
    assert!(vault.cells().await == before, "the second run wrote a row");
    vault.with_columns("verify").previous_keys(&[]).run().await.expect(1);
    // once the database allows it, it is done
    vault.database.batch("ALTER TABLE secrets DROP CONSTRAINT kept").await;
    let last = vault.with_columns("run").json().run().await.expect(0);
    assert_eq!(last.json()["resealed_records"], 1);
    vault.check(&before, &vault.cells().await, &[]);
    assert!(listed(&vault).await.is_empty(), "the failure is resolved");
    vault.with_columns("verify").previous_keys(&[]).run().await.expect(0);
}

#[tokio::test]
async fn a_trigger_raises_for_one_row() {
    refuses(ROWS, &trigger("BEFORE", &raise("P0001")), &both(BAD, Some("P0001"))).await;
}

#[tokio::test]
async fn a_trigger_speaks_of_a_missing_privilege_for_one_row() {
    refuses(FEW_ROWS, &trigger("AFTER", &raise("42501")), &both(BAD, Some("42501"))).await;
}

#[tokio::test]
async fn a_trigger_speaks_of_a_missing_column_for_one_row() {
    let body = "PERFORM nowhere FROM secrets;"; // 42703, as an undefined column of the plan would be
    refuses(FEW_ROWS, &trigger("BEFORE", body), &both(BAD, Some("42703"))).await;
}

#[tokio::test]
async fn a_trigger_makes_malformed_sql_of_one_row() {
    let body = "EXECUTE 'SELECT ' || NEW.owner || ' FROM';"; // 42601, as a statement of ours might be
    refuses(FEW_ROWS, &trigger("BEFORE", body), &both(BAD, Some("42601"))).await;
}

#[tokio::test]
async fn a_trigger_swallows_the_write_of_one_row() {
    refuses(ROWS, &trigger("BEFORE", "RETURN NULL;"), &both(BAD, None)).await;
}

#[tokio::test]
async fn a_trigger_puts_one_old_value_back() {
    let body = "NEW.token := OLD.token;";
    refuses(ROWS, &trigger("BEFORE", body), &[(BAD, "token", None)]).await;
}

#[tokio::test]
async fn a_trigger_puts_both_old_values_back() {
    let body = "NEW.token := OLD.token; NEW.secret := OLD.secret;";
    refuses(FEW_ROWS, &trigger("BEFORE", body), &both(BAD, None)).await;
}

#[tokio::test]
async fn a_trigger_refuses_both_values_together_only() {
    let body = "IF NEW.token <> OLD.token AND NEW.secret <> OLD.secret THEN
                    RAISE EXCEPTION 'one at a time'; END IF;";
    refuses(FEW_ROWS, &trigger("BEFORE", body), &both(BAD, Some("P0001"))).await;
}

#[tokio::test]
async fn a_deferred_constraint_trigger_refuses_one_row() {
    let sql = trigger("BEFORE", &raise("P0001")).replace(
        "CREATE TRIGGER interfere BEFORE UPDATE ON secrets",
        "CREATE CONSTRAINT TRIGGER interfere AFTER UPDATE ON secrets
         DEFERRABLE INITIALLY DEFERRED",
    );
    refuses(ROWS, &sql, &both(BAD, Some("P0001"))).await;
}

/// The row's trigger alone takes longer than a page may hold its locks.
#[tokio::test]
async fn a_slow_trigger_of_one_row_is_cut_off() {
    let sql = trigger("BEFORE", "PERFORM pg_sleep(30);");
    refuses(FEW_ROWS, &sql, &both(BAD, Some("57014"))).await;
}

/// `token` is read in base64 and written in hex, which is longer.
const TO_HEX: &str = "[[table]]\nname = \"secrets\"\n[table.columns]\n\
                      token = { write = \"go-hex\", read = [\"enc-v1\", \"go-b64\"] }\n";

/// Runs over `token` alone; exactly one row is refused and keeps its value, the others are in hex.
async fn refuses_in_hex(vault: &Vault, id: i64, sqlstate: &str) {
    let before = vault.cells().await;
    let outcome = vault.command("run").config(TO_HEX).json().run().await.expect(1);
    let after = vault.cells().await;
    counts(&outcome, after.len() as u64, 1);
    assert_eq!(listed(vault).await, [format!("{id} token write_refused {sqlstate}")].into());
    for (row, cells) in &after {
        let token = cells.token.as_deref().expect("a token");
        match *row == id {
            true => assert_eq!(token, before[row].token.as_deref().expect("a token")),
            false => assert!(open(&vault.new, "go-hex", b"", token).is_some(), "row {row}"),
        }
    }
}

/// A value that fits a B-tree page in base64, and not in hex.
#[tokio::test]
async fn a_unique_index_on_the_ciphertext_has_no_room_for_one_value() {
    let vault = Vault::with_rows(FEW_ROWS).await;
    let client = vault.database.client().await;
    let mut random = vec![0; 1_900];
    getrandom::fill(&mut random).expect("random bytes"); // not to be compressed
    let long = String::from_utf8(seal(&vault.old, "go-b64", b"", &random)).expect("ASCII");
    client.execute("UPDATE secrets SET token = $1 WHERE id = 3", &[&long]).await.expect("a row");
    client.batch_execute("CREATE UNIQUE INDEX ON secrets (token)").await.expect("an index");
    refuses_in_hex(&vault, 3, "54000").await;
}

/// What one row becomes, another one has already.
#[tokio::test]
async fn a_unique_index_is_violated_by_one_value() {
    let vault = Vault::with_rows(1_000).await;
    let sql = "CREATE UNIQUE INDEX ON secrets (length(token)) WHERE id IN (4, 1001)";
    let length = seal(&vault.new, "go-hex", b"", &Vault::token(4)).len();
    let taken = format!("INSERT INTO secrets VALUES (1001, 'x', NULL, repeat('x', {length}))");
    vault.database.batch(sql).await;
    vault.database.batch(&taken).await;
    let outcome = vault.command("run").config(TO_HEX).json().run().await.expect(1);
    counts(&outcome, 1_001, 2);
    let expected = ["1001 token no_key_opens_it -", "4 token write_refused 23505"];
    assert_eq!(listed(&vault).await, expected.map(str::to_owned).into());
}

#[tokio::test]
async fn a_domain_refuses_the_value_of_one_row() {
    let vault = Vault::with_rows(1_000).await;
    let client = vault.database.client().await;
    let longer = String::from_utf8(seal(&vault.old, "go-b64", b"", &[7; 90])).expect("ASCII");
    client.execute("UPDATE secrets SET token = $1 WHERE id = 3", &[&longer]).await.expect("a row");
    let sql = "CREATE DOMAIN short AS text CHECK (length(VALUE) < 200);
               ALTER TABLE secrets ALTER token TYPE short";
    vault.database.batch(sql).await;
    refuses_in_hex(&vault, 3, "23514").await;
}

/// The value is bound to its row's owner; a trigger of one row changes the owner as it is written.
#[tokio::test]
async fn a_trigger_changes_what_one_value_is_bound_to() {
    let vault = Vault::with_rows(FEW_ROWS).await;
    let client = vault.database.client().await;
    for id in 1..=FEW_ROWS {
        let owner = format!("owner {id}");
        let bound = seal(&vault.old, "go", owner.as_bytes(), &Vault::secret(id));
        let update = "UPDATE secrets SET secret = $1 WHERE id = $2";
        client.execute(update, &[&bound, &id]).await.expect("a row");
    }
    let sql = trigger("BEFORE", "NEW.owner := 'nobody';");
    client.batch_execute(&sql).await.expect("a trigger");
    let before = vault.cells().await;
    let config = "[[table]]\nname = \"secrets\"\n[table.columns]\n\
                  secret = { layout = \"go\", aad = \"{owner}\" }\n";
    let outcome = vault.command("run").config(config).json().run().await.expect(1);
    counts(&outcome, FEW_ROWS as u64, 1);
    assert_eq!(listed(&vault).await, [format!("{BAD} secret write_refused -")].into());
    for (id, cells) in vault.cells().await {
        let stored = cells.secret.expect("a secret");
        let owner = format!("owner {id}");
        let opened = open(&vault.new, "go", owner.as_bytes(), &stored);
        match id {
            BAD => assert_eq!(Some(stored), before[&id].secret),
            _ => assert_eq!(opened, Some(Vault::secret(id)), "row {id}"),
        }
    }
    let owner = client.query_one("SELECT owner FROM secrets WHERE id = $1", &[&BAD]).await;
    assert_eq!(owner.expect("a row").get::<_, String>(0), format!("owner {BAD}"));
}

/// What every application has is no refusal: a time stamp, a counter.
#[tokio::test]
async fn a_trigger_that_changes_other_columns_is_no_refusal() {
    let vault = Vault::with_rows(1_000).await;
    let sql = format!(
        "ALTER TABLE secrets ADD updated_at timestamptz;
         {}",
        trigger("BEFORE", "").replace("RETURN NEW", "NEW.updated_at := now(); RETURN NEW")
    );
    vault.database.batch(&sql).await;
    let before = vault.cells().await;
    vault.with_columns("run").run().await.expect(0);
    vault.check(&before, &vault.cells().await, &[]);
}

/// A whole table that cannot be written is not listed row by row.
#[tokio::test]
async fn past_the_bound_of_failures_the_run_stops() {
    let vault = Vault::with_rows(1_000).await;
    let sql = trigger("BEFORE", &raise("P0001")).replace(&format!("NEW.id = {BAD}"), "true");
    vault.database.batch(&sql).await;
    let before = vault.cells().await;
    let bound = vault.with_columns("run --max-failures 20 --page-rows-max 50 --workers 1");
    let outcome = bound.json().run().await.expect(1);
    let report = outcome.json();
    assert_eq!(report["status"], "failed", "{report}");
    let reason = report["reason"].as_str().expect("a reason");
    assert!(reason.contains("more than the bound of 20"), "{reason}");
    assert!(reason.contains("public.secrets."), "{reason}");
    assert!(outcome.stderr.contains("--max-failures"), "{}", outcome.stderr);
    assert!(listed(&vault).await.len() <= 200, "about one page, not the whole table");
    assert!(vault.cells().await == before);
    let status = vault.command("status").json().run().await.expect(0);
    assert_eq!(status.json()["status"], "failed");
}
