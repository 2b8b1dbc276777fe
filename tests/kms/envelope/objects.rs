//! Wrapped keys in fields of JSON objects: beside the pieces of a value, beside a value that is one string, and in
//! front of one. What is not wrapped or sealed anew stays byte for byte.

#[path = "objects/stage.rs"]
mod stage;
#[cfg(feature = "failpoints")]
#[path = "objects/torn.rs"]
mod torn;

use data_encoding::BASE64;

use self::stage::{FIELDS, IN_OBJECTS, Stage, parsed, without};
use super::rows::wrapped_key;
use crate::fakes::{KINDS, Kind};
use crate::support::{StoredParts, TestKey};

#[tokio::test]
async fn of_an_object_the_wrapped_key_alone_is_another_one() {
    for (kind, column) in KINDS.into_iter().zip(["json", "text", "jsonb", "json"]) {
        let stage = Stage::set(kind, column).await;
        for id in 1..=30 {
            let [card, first, second, other] = ["card", "first", "second", "other"]
                .map(|words| stage.object(&format!("{words} {id}")));
            let text = format!(
                r#"{{"n": 1.0,  "card":{card} , "cards": [{first}, "plain", null, {{"other": 5}},{second}], "else":{other}}}"#
            );
            stage.insert(id, &text).await;
        }
        let before = stage.text(7).await;
        let config = stage.config(r#"["$.card", "$.cards[*]"]"#, FIELDS, IN_OBJECTS);
        let plan = stage.run("plan", &config, 0).await;
        assert_eq!(plan["estimated_records"], 90, "{kind:?}: {plan}");
        stage.fake.rotate();
        stage.run("verify", &config, 1).await;
        let status = stage.run("run --page-rows-max 8", &config, 0).await;
        assert_eq!(status["resealed_records"], 90, "{kind:?}: {status}");
        for id in 1..=30 {
            let new = parsed(&stage.text(id).await);
            for (pointer, words) in
                [("/card", "card"), ("/cards/0", "first"), ("/cards/4", "second")]
            {
                let object = new.pointer(pointer).expect("an object");
                assert_eq!(
                    stage.opened(object),
                    Some(format!("{words} {id}")),
                    "{kind:?}: {object}"
                );
            }
        }
        let after = stage.text(7).await;
        assert_eq!(parsed(&before)["else"], parsed(&after)["else"], "nobody has named it");
        let written = ["wrapped_dek", "kek_version"];
        assert_eq!(without(&before, &written), without(&after, &written), "{kind:?}");
        stage.run("verify --verify-open", &config, 0).await;
        stage.fake.take_calls();
        stage.run("run", &config, 0).await;
        assert_eq!(stage.text(7).await, after, "a second run writes nothing");
    }
}

#[tokio::test]
async fn all_members_of_a_value_are_sealed_anew_together() {
    for kind in KINDS {
        let stage = Stage::set(kind, "json").await;
        for id in 1..=40 {
            let object = stage.object(&format!("words {id}"));
            stage.insert(id, &format!(r#"{{ "card":{object}, "kept": "a\/b" }}"#)).await;
        }
        let before = stage.text(7).await;
        stage.fake.rotate();
        let reseal = format!("{IN_OBJECTS}, rotate = \"reseal\", rows_per_data_key = 10");
        let config = stage.config(r#"["$.card"]"#, FIELDS, &reseal);
        let status = stage.run("run --workers 1", &config, 0).await;
        assert_eq!(status["resealed_records"], 40, "{kind:?}: {status}");
        let mut wrapped = std::collections::BTreeSet::new();
        for id in 1..=40 {
            let new = parsed(&stage.text(id).await);
            assert_eq!(stage.opened(&new["card"]), Some(format!("words {id}")), "{kind:?}");
            wrapped.insert(new["card"]["wrapped_dek"].to_string());
        }
        assert!((4..=5).contains(&wrapped.len()), "{} data keys", wrapped.len());
        let (after, written) =
            (stage.text(7).await, ["wrapped_dek", "kek_version", "iv", "ct", "tag"]);
        assert_eq!(without(&before, &written), without(&after, &written));
        for name in ["iv", "ct", "tag"] {
            assert_ne!(parsed(&before)["card"][name], parsed(&after)["card"][name]);
        }
        stage.run("verify --verify-open", &config, 0).await;
    }
}

/// The value is one string, its wrapped key another beside it or in front of it.
#[tokio::test]
async fn a_value_in_one_string() {
    for (kind, rotate) in [(Kind::Aws, "rewrap"), (Kind::Vault, "reseal"), (Kind::Gcp, "reseal")] {
        let stage = Stage::set(kind, "jsonb").await;
        for id in 1..=20 {
            let key = TestKey::random();
            let value = StoredParts::seal(&key, 12, b"", format!("words {id}").as_bytes());
            let value = value.put_together("go");
            let (text, _) = stage.wrapped(&key);
            let wrapped = wrapped_key(kind, &stage.fake.wrap(&key));
            let length = u32::try_from(wrapped.len()).unwrap().to_be_bytes();
            let whole = BASE64.encode(&[&length[..], &wrapped, &value].concat());
            let beside = BASE64.encode(&value);
            let document = serde_json::json!({
                "beside": { "secret": beside, "dek": text, "hint": "x" }, "front": whole, "id": id,
            });
            stage.insert(id, &document.to_string()).await;
        }
        stage.fake.rotate();
        let rotate = format!("rotate = \"{rotate}\"");
        let secret = r#"fields = { secret = "{b64(nonce12 ct tag16)}" }"#;
        let beside = stage.config(r#"["$.beside"]"#, secret, &format!("field = \"dek\", {rotate}"));
        assert_eq!(stage.run("run", &beside, 0).await["resealed_records"], 20, "{kind:?}");
        let front = r#"layout = "{b64(wrapped_u32 nonce12 ct tag16)}""#;
        let front = stage.config(r#"["$.front"]"#, front, &rotate);
        assert_eq!(stage.run("run", &front, 0).await["resealed_records"], 20, "{kind:?}");
        for config in [&beside, &front] {
            stage.run("verify --verify-open", config, 0).await;
        }
        let new = parsed(&stage.text(5).await);
        let sealed = BASE64.decode(new["beside"]["secret"].as_str().unwrap().as_bytes()).unwrap();
        let key = stage.key(&new["beside"]["dek"]).expect("under the newest version");
        assert_eq!(
            crate::support::open(&key, "go", b"", &sealed).as_deref(),
            Some(&b"words 5"[..])
        );
        assert_eq!((&new["beside"]["hint"], &new["id"]), (&"x".into(), &5.into()));
    }
}

/// What a note may be, and what is no value.
#[tokio::test]
async fn notes_and_objects_that_lack_something() {
    let stage = Stage::set(Kind::Vault, "json").await;
    let object = |note: &str| {
        let object = stage.object("words");
        let (head, _) = object.rsplit_once("\"kek_version\"").expect("a note");
        format!("{head}{note}}}")
    };
    let documents = [
        object("\"kek_version\": null"),
        object("\"kek_version\": 1"),
        object("\"kek_version\": \"\""),
        object("\"other\": 1"),
        object("\"kek_version\": true"),
        object("\"kek_version\": \"1\"").replace("\"wrapped_dek\"", "\"dek\""),
        object("\"kek_version\": \"1\", \"wrapped_dek\": \"vault:v1:AAAA\""),
        "{\"kek_version\": \"1\"}".to_owned(),
        "{\"wrapped_dek\": null, \"unknown\": 1}".to_owned(),
        "null".to_owned(),
    ];
    for (id, document) in (1..).zip(&documents) {
        stage.insert(id, document).await;
    }
    stage.fake.rotate();
    let config = stage.config(r#"["$"]"#, FIELDS, IN_OBJECTS);
    let status = stage.run("run", &config, 1).await;
    assert_eq!(
        (&status["total_records"], &status["resealed_records"], &status["failed_records"]),
        (&7.into(), &3.into(), &4.into()),
        "{status}"
    );
    for (id, note) in [(1, "\"2\""), (2, "2"), (3, "\"2\"")] {
        let new = parsed(&stage.text(id).await);
        assert_eq!(new["kek_version"].to_string(), note);
        assert_eq!(stage.opened(&new).as_deref(), Some("words"));
    }
    for (id, document) in (4..).zip(&documents[3..]) {
        assert_eq!(stage.text(id).await, *document, "left as it was");
    }
    let failures = stage.run("failures", &config, 0).await.to_string();
    assert_eq!(failures.matches("\"malformed\"").count(), 4, "{failures}");
}

#[tokio::test]
async fn what_does_not_go_together_is_refused() {
    let stage = Stage::set(Kind::Aws, "jsonb").await;
    let refused = async |value: &str, data_key: &str, said: &str| {
        let config = stage.config(r#"["$.card"]"#, value, data_key);
        let printed = stage.reseal("plan", &config).run().await.expect(2).printed();
        assert!(printed.contains(said), "{data_key}: {printed}");
    };
    refused(FIELDS, "column = \"dek\"", "its data key in a column").await;
    refused(FIELDS, "field = \"dek\", version_column = \"v\"", "in a column, and in a field").await;
    refused(FIELDS, "kms_field = \"dek\"", "unknown key").await;
    refused(FIELDS, "field = \"iv\"", "`iv`").await;
    refused(FIELDS, "field = \"dek\", encoding = \"raw\"", "cannot hold a raw piece").await;
    refused(FIELDS, "version_field = \"v\"", "stored nowhere").await;
    refused("layout = \"go-b64\"", "field = \"dek\"", "a value that is no object").await;
    refused("layout = \"go-b64\"", "column = \"dek\"", "lies in no other column").await;
}
