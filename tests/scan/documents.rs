//! Values inside JSON: any string of a document.

use super::support::{open, seal};
use super::{Site, places};

#[tokio::test]
async fn strings_of_documents_are_found_and_their_configuration_runs() {
    let site = Site::new().await;
    for type_of in ["json", "jsonb"] {
        site.database
            .batch(&format!("CREATE TABLE t_{type_of} (id bigint PRIMARY KEY, doc {type_of})"))
            .await;
        let sealed =
            |n: u8| String::from_utf8(seal(&site.old, "enc-v1", b"", &[n; 9])).expect("base64");
        let documents: Vec<Vec<u8>> = (1..=4)
            .map(|n| {
                let (one, other) = (sealed(n), sealed(n + 100));
                format!(
                    r#"{{"name":"person {n}","number":1.50,"settings":{{"token":"{one}","on":true}},
                        "list":[null,"{other}","https://example.org/a/path"]}}"#
                )
                .into_bytes()
            })
            .collect();
        site.insert(&format!("t_{type_of}"), "doc", type_of, &documents).await;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let report = site.command("scan --write").arg(&path).json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.t_json.doc", "public.t_jsonb.doc"]);
    for found in report["found"].as_array().expect("a list") {
        assert_eq!((&found["values"], &found["authenticated"]), (&8.into(), &8.into()), "{found}");
    }
    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 16);
    let row = site.database.client().await;
    let row = row.query_one("SELECT doc::text FROM t_json WHERE id = 3", &[]).await.expect("a row");
    let document: serde_json::Value = serde_json::from_str(row.get(0)).expect("JSON");
    let token = document["settings"]["token"].as_str().expect("a string").as_bytes();
    assert_eq!(open(&site.new, "enc-v1", b"", token), Some(vec![3; 9]));
    assert_eq!(document["name"], "person 3");
    site.command("scan --against").arg(&path).run().await.expect(0);
}

/// A text column of documents is taken apart, beside columns whose values are JSON themselves or plain text.
#[tokio::test]
async fn documents_in_text_are_taken_apart() {
    let site = Site::new().await;
    site.database.batch("CREATE TABLE t (id bigint PRIMARY KEY, doc text, note text)").await;
    let client = site.database.client().await;
    for id in 1..=5_i64 {
        let sealed = seal(&site.old, "enc-v1", b"", format!("value {id}").as_bytes());
        let sealed = String::from_utf8(sealed).expect("base64");
        let document = format!(r#"{{"a": {{"token": "{sealed}"}}, "n": {id}.0}}"#);
        let insert = "INSERT INTO t VALUES ($1, $2, '{\"plain\": [\"nothing\"]}')";
        client.execute(insert, &[&id, &document]).await.expect("a row");
    }
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let report = site.command("scan --write").arg(&path).json().run().await.expect(0).json();
    assert_eq!(places(&report, "found"), ["public.t.doc"]);
    assert_eq!(report["found"][0]["authenticated"], 5);
    let written = std::fs::read_to_string(&path).expect("the file");
    assert!(written.contains("json = [\"$.**\"]"), "{written}");
    let run = site.command("run --config").arg(&path).json().run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 5);
    site.command("scan --against").arg(&path).run().await.expect(0);
}
