//! The independent count: what it takes for a value is what the run took for one.

use serde_json::{Value, json};

use super::report;
use super::support::Vault;

/// Five rows: two tokens under the old key, an empty one, one that is NULL, and one that is plain text.
async fn of_every_kind() -> Vault {
    let vault = Vault::with_rows(5).await;
    let cells =
        "UPDATE secrets SET token = '' WHERE id = 3; UPDATE secrets SET token = NULL WHERE id = 4;
                 UPDATE secrets SET token = 'plain text' WHERE id = 5";
    vault.database.batch(cells).await;
    vault
}

/// The tokens as the run met them and as they were counted, and what is said of the two.
async fn counted(policies: &str) -> (Value, Value, Value) {
    let vault = of_every_kind().await;
    let words = format!("token = {{ layout = \"enc-v1\"{policies} }}");
    let config = format!("[[table]]\nname = \"secrets\"\n[table.columns]\n{words}\n");
    let run = vault.command("run --allow-unreadable").config(&config).run().await;
    assert!(matches!(run.code, Some(0 | 1)), "{policies} {}", run.printed());
    let table = report(&vault, "").await["counts"]["tables"][0].clone();
    let column = table["columns"][0]["values"].clone();
    assert_eq!(column, table["values_now"], "{policies} {table}");
    (table["values_in_run"].clone(), table["values_now"].clone(), table["what"].clone())
}

#[tokio::test]
async fn a_value_is_what_the_configuration_says() {
    let same = || json!("the same as the last pass met");
    for (policies, values) in [
        ("", 3),
        (", empty = \"fail\"", 4),
        (", empty = \"encrypt\"", 4),
        (", null = \"fail\"", 4),
        (", empty = \"fail\", null = \"fail\"", 5),
        (", empty = \"encrypt\", null = \"fail\"", 5),
        (", unmatched = \"encrypt\"", 3),
    ] {
        assert_eq!(counted(policies).await, (json!(values), json!(values), same()), "{policies}");
    }
}

/// Which of its cells are values only its layout tells.
#[tokio::test]
async fn a_column_with_plain_text_that_is_left_is_not_counted() {
    let (met, now, what) = counted(", unmatched = \"leave\"").await;
    assert_eq!((met, now), (json!(2), Value::Null));
    assert!(what.to_string().contains("not compared"), "{what}");
}
