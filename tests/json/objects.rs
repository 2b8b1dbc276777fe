//! Values that are objects: nonce, ciphertext and tag are members of one, and are written together.

use data_encoding::HEXLOWER;
use serde_json::Value;

use super::support::StoredParts;
use super::{Documents, expect_counts};

const FIELDS: &str = r#"fields = { n = "{hex(nonce12)}", c = "{hex(ct)}", t = "{hex(tag16)}" }"#;

/// An object under the old key, with members that are none of ours.
fn object(documents: &Documents, words: &str) -> String {
    let parts = StoredParts::seal(&documents.old, 12, b"", words.as_bytes());
    let [c, n, t] = [parts.ciphertext, parts.nonce, parts.tag].map(|part| HEXLOWER.encode(&part));
    format!(r#"{{"v":1.50, "t" : "{t}", "c":"{c}",  "n":"{n}", "v": 2e1}}"#)
}

/// What the new key opens of an object.
fn opened(documents: &Documents, object: &Value) -> Option<String> {
    let part = |name: &str| HEXLOWER.decode(object[name].as_str()?.as_bytes()).ok();
    let parts = StoredParts { nonce: part("n")?, ciphertext: part("c")?, tag: part("t")? };
    parts.open(&documents.new, b"").map(|text| String::from_utf8(text).expect("text"))
}

/// A text with every string of 8 hexadecimal digits and more cut out.
fn without_values(text: &str) -> String {
    let is_value = |part: &&str| part.len() >= 8 && part.bytes().all(|b| b.is_ascii_hexdigit());
    text.split('"')
        .map(|part| if is_value(&part) { "*" } else { part })
        .collect::<Vec<_>>()
        .join("\"")
}

#[tokio::test]
async fn all_strings_of_an_object_are_written_together() {
    for kind in ["json", "text", "jsonb"] {
        let columns = format!(r#"document = {{ json = ["$.smtp", "$.accounts[*]"], {FIELDS} }}"#);
        let documents = Documents::of(kind, "[]").await.configured(&columns);
        let [smtp, first] = ["smtp", "first"].map(|words| object(&documents, words));
        let torn = object(&documents, "torn").replace("\"t\"", "\"no\"");
        let damaged = object(&documents, "damaged").replacen("\"n\":\"", "\"n\":\"0000", 1);
        let text = format!(
            r#"{{"a": 1.0,  "smtp":{smtp}, "accounts": [{first}, "plain", {{"other": 5}}, null, {torn},
               {damaged}], "smtp2": {smtp} }}"#
        );
        documents.insert(1, &text).await;
        let before = documents.text(1).await;
        let plan = documents.command("plan").run().await.expect(0).json();
        assert_eq!(plan["estimated_records"], 4, "{kind} {plan}");

        let status = documents.command("run").run().await.expect(1).json();
        expect_counts(&status, [4, 2, 2, 2, 0]);
        let after = documents.text(1).await;
        assert_eq!(without_values(&before), without_values(&after), "{kind}");
        let (old, new): (Value, Value) =
            [&before, &after].map(|text| serde_json::from_str(text).expect("JSON")).into();
        assert_eq!(opened(&documents, &new["smtp"]).as_deref(), Some("smtp"), "{kind} {after}");
        assert_eq!(opened(&documents, &new["accounts"][0]).as_deref(), Some("first"));
        for untouched in ["/accounts/4", "/accounts/5", "/smtp2"] {
            assert_eq!(old.pointer(untouched), new.pointer(untouched), "{kind}");
        }
        let failures = documents.failures().await;
        let told = |n: usize| {
            [&failures[n]["path"], &failures[n]["reason"]]
                .map(|v| v.as_str().expect("text").to_owned())
        };
        let mut told = [told(0), told(1)];
        told.sort();
        let expected = [["$['accounts'][4]", "malformed"], ["$['accounts'][5]", "malformed"]];
        assert_eq!(told, expected.map(|line| line.map(str::to_owned)), "{kind}");
    }
}

/// A column that is the object, in the shape of a product, without a word about paths.
#[tokio::test]
async fn a_column_of_objects_in_the_shape_of_a_product() {
    let columns = r#"document = { layout = "trigger.dev", key = "hex" }"#;
    let documents = Documents::of("jsonb", "[]").await.configured(columns);
    for id in 1..=20 {
        let object = object(&documents, &format!("value {id}"));
        let object = [("\"n\"", "\"nonce\""), ("\"c\"", "\"ciphertext\""), ("\"t\"", "\"tag\"")]
            .iter()
            .fold(object, |object, (short, long)| object.replace(short, long));
        documents.insert(id, &object).await;
    }
    documents.insert(21, "{}").await;
    documents.insert(22, "null").await;
    let status = documents.command("run").run().await.expect(0).json();
    expect_counts(&status, [20, 20, 20, 0, 0]);
    let text = documents.text(7).await;
    let long: Value = serde_json::from_str(&text).expect("JSON");
    let short =
        serde_json::json!({ "n": long["nonce"], "c": long["ciphertext"], "t": long["tag"] });
    assert_eq!(opened(&documents, &short).as_deref(), Some("value 7"), "{text}");
    documents.verify().run().await.expect(0);
}

/// What nothing authenticates is a source: its objects keep their members and get a tag behind the ciphertext.
#[tokio::test]
async fn an_object_without_a_mac_becomes_one_that_authenticates() {
    let config = r#"
        [keys]
        current = { from = "env:ENCRYPTION_KEY", kid = "new" }
        previous = [{ from = "env:ENCRYPTION_KEY_PREVIOUS", kid = "cbc" }]
        [[table]]
        name = "documents"
        [table.columns.document]
        fields = { iv = "{hex(nonce12)}", data = "{hex(ct tag16)}" }
        read = [{ layout = "activepieces", key = { encoding = "hex", kid = "cbc" } }]"#;
    let documents = Documents::of("jsonb", "[]").await;
    // AES-256-CBC of "Grüße, 4111-1111-1111-1111" under the bytes of twelve…, as tests/vectors has it
    let vector = include_str!("../vectors/activepieces.json");
    let vector: Value = serde_json::from_str(vector).expect("JSON");
    let key = HEXLOWER.encode(vector["key"].as_str().expect("a key").as_bytes());
    documents.insert(1, &vector["stored"].to_string()).await;
    let command = |words: &str| {
        let command = documents.ledger(words).json().config(config).current_key(&documents.new);
        command.env("ENCRYPTION_KEY_PREVIOUS", &key)
    };
    let status = command("run").run().await.expect(0).json();
    expect_counts(&status, [1, 1, 1, 0, 0]);
    let text = documents.text(1).await;
    let object: Value = serde_json::from_str(&text).expect("JSON");
    let part =
        |name: &str| HEXLOWER.decode(object[name].as_str().expect("text").as_bytes()).expect("hex");
    let (nonce, mut ciphertext) = (part("iv"), part("data"));
    let tag = ciphertext.split_off(ciphertext.len() - 16);
    let opened = StoredParts { nonce, ciphertext, tag }.open(&documents.new, b"");
    assert_eq!(opened.as_deref(), vector["plaintext"].as_str().map(str::as_bytes), "{text}");
    assert_eq!(object.as_object().expect("an object").len(), 2);
}

#[tokio::test]
async fn words_that_do_not_fit_are_refused() {
    let mut documents = Documents::of("json", "[]").await;
    for (columns, what) in [
        (
            r#"document = { fields = { c = "{hex(nonce12 ct tag16)}" } }"#,
            "a value in one field is no object",
        ),
        (
            r#"document = { fields = { c = "{raw(ct tag16)}", n = "{hex(nonce12)}" } }"#,
            "the field `c` cannot hold a raw piece",
        ),
        (
            r#"document = { fields = { c = "{hex(ct tag16)}", n = { layout = "{hex(nonce12)}", may_be_null = true } } }"#,
            "the field `n` cannot be missing",
        ),
        (
            r#"document = { layout = "{hex(ct tag16)}", fields = { n = "{hex(nonce12)}" } }"#,
            "a template and fields say the same thing",
        ),
        (
            r#"document = { fields = { c = "{hex(ct tag16)}", n = "{hex(nonce12)}" }, read = ["trigger.dev"] }"#,
            "all layouts of an object have the same fields",
        ),
        (
            r#"document = { json = ["$.a"], fields = { c = "{hex(ct tag16)}", n = "{hex(nonce12)}" }, unmatched = "encrypt" }"#,
            "a value that is spread",
        ),
        (
            r#"document = { layout = "logto", fields = { n = "iv" } }"#,
            "a piece that the preset does not have",
        ),
    ] {
        documents = documents.configured(columns);
        let outcome = documents.command("plan").run().await.expect(2);
        assert!(outcome.printed().contains(what), "{columns}\n{}", outcome.printed());
    }
}
