//! Documents of odd shapes, and paths that lead to other things than values.

use serde_json::Value;

use super::{Documents, expect_counts};

/// Each failure's path and reason.
fn reasons(failures: &[Value]) -> Vec<[&str; 2]> {
    let reason = |failure: &'_ Value| -> [String; 2] {
        ["path", "reason"].map(|name| failure[name].as_str().unwrap_or_default().to_owned())
    };
    failures.iter().map(|failure| reason(failure).map(|word| &*word.leak())).collect()
}

#[tokio::test]
async fn what_a_path_names_is_a_value_or_a_failure() {
    let documents = Documents::of("json", r#"["$.a", "$.list[*].b", "$['odd name']"]"#).await;
    let value = documents.sealed("x");
    let other = format!(r#"{{"c": "{value}"}}"#);
    documents
        .insert(1, &format!(r#"{{"a": "{value}", "odd name": "{value}", "c": "{value}"}}"#))
        .await;
    documents
        .insert(2, r#"{"a": null, "list": [{"b": ""}, {"b": null}, {}], "odd name": null}"#)
        .await;
    documents
        .insert(3, r#"{"a": "plain", "list": [{"b": 5}, {"b": {}}], "odd name": "\ud800"}"#)
        .await;
    documents.insert(4, &other).await;
    let run = || documents.command("run --allow-unreadable");
    expect_counts(&run().run().await.expect(1).json(), [6, 2, 2, 4, 0]);
    let failures = documents.failures().await;
    let malformed = |path| [path, "malformed"];
    let expected = ["$['a']", "$['list'][0]['b']", "$['list'][1]['b']", "$['odd name']"];
    let mut found = reasons(&failures);
    found.sort_unstable();
    assert_eq!(found, expected.map(malformed));
    assert!(failures.iter().all(|failure| failure["key"][0] == "3"));
    assert_eq!(documents.text(4).await, other, "no path leads there");

    let leave = r#"document = { json = ["$.a", "$.list[*].b", "$['odd name']"], layout = "enc-v1", unmatched = "leave" }"#;
    let documents = documents.configured(leave);
    let status = documents.command("run").run().await.expect(0).json();
    expect_counts(&status, [2, 2, 0, 0, 0]);
    assert!(documents.failures().await.is_empty());
}

/// Plain strings at a path are encrypted for the first time; nothing else is.
#[tokio::test]
async fn plain_strings_at_a_path_are_encrypted() {
    let documents = Documents::with(
        "CREATE TABLE documents (id int PRIMARY KEY, document jsonb)",
        r#"document = { json = ["$.password"], layout = "enc-v1", unmatched = "encrypt" }"#,
    )
    .await;
    documents.insert(1, r#"{"password": "gr\"üße\n", "plain": "gr\"üße\n"}"#).await;
    documents.insert(2, &format!(r#"{{"password": "{}"}}"#, documents.sealed("old"))).await;
    expect_counts(&documents.command("run").run().await.expect(0).json(), [2, 2, 2, 0, 0]);
    let text = documents.text(1).await;
    assert_eq!(documents.opened(&text), [Some("gr\"üße\n")]);
    assert!(text.contains(r#""plain": "gr\"üße\n""#), "{text}");
    assert_eq!(documents.opened(&documents.text(2).await), [Some("old")]);
}

#[tokio::test]
async fn odd_documents() {
    let documents = Documents::of("json", r#"["$.**"]"#).await;
    let [a, b, c] = ["a", "b", "c"].map(|text| documents.sealed(text));
    let long = "k".repeat(5_000);
    let deep = format!("{}\"{a}\"{}", "[".repeat(128), "]".repeat(128));
    let slashes = a.replace('/', "\\/").replace("enc", "\\u0065nc");
    for (id, document) in [
        (1, format!(r#"{{"x":"{a}", "x":"{b}", "\u0078":"{c}"}}"#)),
        (2, format!(r#" "{a}" "#)),
        (3, deep),
        (4, format!(r#"{{"\u0000\ud800":["\udc00", "{a}"]}}"#)),
        (5, format!(r#"["{slashes}", 1e400, -0.0]"#)),
        (6, format!(r#"{{"{long}": "{}"}}"#, documents.corrupted())),
        (
            7,
            format!(
                r#"{{"{long}x": "{}", "\u0000'": "{}"}}"#,
                documents.corrupted(),
                documents.corrupted()
            ),
        ),
    ] {
        documents.insert(id, &document).await;
    }
    let mut before = Vec::new();
    for id in 1..=7 {
        before.push(documents.text(id).await);
    }
    let run = documents.command("run --allow-unreadable");
    expect_counts(&run.run().await.expect(1).json(), [10, 7, 7, 3, 0]);
    for (id, before) in (1..).zip(before) {
        let after = documents.text(id).await;
        match id {
            // the value itself was spelled with escapes, which it does not need
            5 => assert_eq!(documents.opened(&after), [Some("a")], "{after}"),
            _ => documents.expect_only_values_changed(&before, &after),
        }
    }
    let failures = documents.failures().await;
    let paths: Vec<&str> = failures.iter().map(|f| f["path"].as_str().expect("a path")).collect();
    assert_eq!(paths.len(), 3);
    assert!(paths.contains(&r"$['\u0000\'']"), "{paths:?}");
    assert!(paths.iter().all(|path| path.len() <= 300), "{paths:?}");
}

#[tokio::test]
async fn a_text_that_is_no_document_is_a_failure() {
    let documents = Documents::of("text", r#"["$.**"]"#).await;
    let value = documents.sealed("x");
    let too_deep = format!("{}1{}", "[".repeat(200), "]".repeat(200));
    for (id, text) in [(1, &*format!("[\"{value}\"]")), (2, "{not JSON"), (3, ""), (4, &too_deep)] {
        documents.insert(id, text).await;
    }
    let run = documents.command("run --allow-unreadable");
    expect_counts(&run.run().await.expect(1).json(), [3, 1, 1, 2, 0]);
    let failures = documents.failures().await;
    assert_eq!(reasons(&failures), [["", "malformed"]; 2]);
    assert_eq!(documents.text(2).await, "{not JSON");
}

/// A document that is longer than a value may be is one failure, and the others are done.
#[tokio::test]
async fn a_document_too_large_to_read() {
    let documents = Documents::of("jsonb", r#"["$.**"]"#).await;
    let value = documents.sealed("x");
    documents.insert(1, &format!(r#"{{"a": "{value}"}}"#)).await;
    documents.insert(2, &format!(r#"{{"a": "{value}", "pad": "{}"}}"#, "p".repeat(9_000))).await;
    let run = documents.command("run --allow-unreadable --value-bytes-max 8KiB");
    expect_counts(&run.run().await.expect(1).json(), [2, 1, 1, 1, 0]);
    assert_eq!(reasons(&documents.failures().await), [["", "too_large"]]);
}
