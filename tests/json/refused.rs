//! What is refused before anything is written, and what the database refuses to write.

use super::{Documents, expect_counts};

const TABLE: &str =
    "CREATE TABLE documents (id int PRIMARY KEY, document jsonb, plain text, raw bytea)";

#[tokio::test]
async fn words_that_do_not_fit_are_refused() {
    let documents = Documents::with(TABLE, "").await;
    documents.insert(1, &format!(r#"{{"a": "{}"}}"#, documents.sealed("x"))).await;
    let mut documents = documents;
    for (columns, code, what) in [
        (r#"document = "enc-v1""#, 3, "the column has type jsonb"),
        (r#"raw = { json = ["$.a"], layout = "enc-v1" }"#, 3, "documents are kept in json"),
        (r#"document = { json = ["$.a"], layout = "go" }"#, 3, "cannot hold a raw layout"),
        (r#"document = { json = ["$.a"] }"#, 2, "values in documents need the layout to write"),
        (r#"document = { json = [], layout = "enc-v1" }"#, 2, "json names no path"),
        (
            r#"document = { json = ["a"], layout = "enc-v1" }"#,
            2,
            "a path begins with `$` (at character 1)",
        ),
        (
            r#"document = { json = "$.a", layout = "enc-v1" }"#,
            2,
            "this should be a list in brackets",
        ),
        (
            r#"document = { json = ["$.**"], layout = "enc-v1", unmatched = "encrypt" }"#,
            2,
            "not to what is to be encrypted",
        ),
    ] {
        documents = documents.configured(columns);
        let outcome = documents.command("plan").run().await.expect(code);
        assert!(outcome.printed().contains(what), "{columns}\n{}", outcome.printed());
    }
    documents = documents.configured(r#"document = { json = ["$.a", "$.b"], layout = "enc-v1" }"#);
    let plan = documents.command("plan").run().await.expect(0).printed();
    assert!(plan.contains("the path $.b leads to nothing in any of 1 sampled rows"), "{plan}");
    assert!(!plan.contains("the path $.a"), "{plan}");
}

/// Every string that would have been written is listed; in other columns and rows all is done.
#[tokio::test]
async fn what_the_database_refuses_is_listed_with_its_paths() {
    let columns = r#"document = { json = ["$.**"], layout = "enc-v1" }
                     plain = "enc-v1""#;
    let documents = Documents::with(TABLE, columns).await;
    let value = documents.sealed("x");
    let corrupted = documents.corrupted();
    for id in 1..=20 {
        documents
            .insert(id, &format!(r#"{{"a": "{value}", "b": ["{value}", "{corrupted}"]}}"#))
            .await;
    }
    let trigger = "CREATE FUNCTION interfere() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF NEW.id = 7 AND NEW.document::text <> OLD.document::text THEN RAISE EXCEPTION 'no'; END IF;
            IF NEW.id = 9 AND NEW.document <> OLD.document THEN NEW.document = NEW.document || '{\"by\": 1}'; END IF;
            RETURN NEW;
        END $$;
        CREATE TRIGGER interfere BEFORE UPDATE ON documents FOR EACH ROW EXECUTE FUNCTION interfere()";
    let token = format!("UPDATE documents SET plain = '{value}'");
    documents.database.batch(&format!("{token}; {trigger}")).await;
    let (raising, touched) = (documents.text(7).await, documents.text(9).await);
    let status = documents.command("run --allow-unreadable").run().await.expect(1).json();
    // 20 corrupted, and two each of rows 7 and 9
    expect_counts(&status, [80, 56, 56, 24, 0]);
    assert_eq!((documents.text(7).await, documents.text(9).await), (raising, touched));
    let failures = documents.failures().await;
    let refused = |row: &str| {
        let of_row = |f: &&serde_json::Value| f["key"][0] == row && f["reason"] == "write_refused";
        let mut paths: Vec<&str> = failures
            .iter()
            .filter(of_row)
            .map(|f| f["path"].as_str().unwrap_or_default())
            .collect();
        paths.sort_unstable();
        paths
    };
    assert_eq!(refused("7"), ["$['a']", "$['b'][0]"]);
    assert_eq!(refused("9"), ["$['a']", "$['b'][0]"]);
    assert!(failures.iter().any(|f| f["key"][0] == "7" && f["sqlstate"] == "P0001"));
}
