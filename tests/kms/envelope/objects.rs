//! Wrapped keys in fields of JSON objects: beside the pieces of a value, beside a value that is one string, and in
//! front of one. What is not wrapped or sealed anew stays byte for byte.

use data_encoding::BASE64;
use serde_json::Value;

use super::rows::wrapped_key;
use crate::fakes::{Fake, KINDS, Kind};
use crate::support::{Reseal, StoredParts, TestDatabase, TestKey};

/// A table of documents.
struct Stage {
    kind: Kind,
    fake: Fake,
    database: TestDatabase,
    column: &'static str,
}

/// The members of an object.
const FIELDS: &str =
    r#"fields = { iv = "{b64(nonce12)}", ct = "{b64(ct)}", tag = "{b64(tag16)}" }"#;

const IN_OBJECTS: &str = r#"field = "wrapped_dek", version_field = "kek_version""#;

/// JSON as PHP writes it: with escapes that nobody needs.
fn php(text: &str) -> String {
    text.replace('/', "\\/")
}

impl Stage {
    async fn set(kind: Kind, column: &'static str) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        let table = format!("CREATE TABLE documents (id int PRIMARY KEY, document {column})");
        database.batch(&table).await;
        Self { kind, fake, database, column }
    }

    /// A wrapped key as an object holds it, and what is noted beside it.
    fn wrapped(&self, key: &TestKey) -> (String, String) {
        let wrapped = wrapped_key(self.kind, &self.fake.wrap(key));
        let text = match self.kind {
            Kind::Vault => String::from_utf8(wrapped).expect("text"),
            _ => BASE64.encode(&wrapped),
        };
        (text, self.fake.newest())
    }

    /// An object with a value, whose members are spelled in their own way.
    fn object(&self, words: &str) -> String {
        let key = TestKey::random();
        let StoredParts { nonce, ciphertext, tag } =
            StoredParts::seal(&key, 12, b"", words.as_bytes());
        let [ct, iv, tag] = [ciphertext, nonce, tag].map(|part| php(&BASE64.encode(&part)));
        let (wrapped, version) = self.wrapped(&key);
        format!(
            r#"{{"v":1.50, "tag" : "{tag}", "ct":"{ct}",  "wrapped_dek" :"{}","iv":"{iv}", "a\/b": 2e1, "kek_version":"{version}"}}"#,
            php(&wrapped)
        )
    }

    async fn insert(&self, id: i32, document: &str) {
        let insert = format!("INSERT INTO documents VALUES ($1, $2::text::{})", self.column);
        let client = self.database.client().await;
        client.execute(&insert, &[&id, &document]).await.expect("a row");
    }

    async fn text(&self, id: i32) -> String {
        let select = "SELECT document::text FROM documents WHERE id = $1";
        self.database.client().await.query_one(select, &[&id]).await.expect("a row").get(0)
    }

    fn config(&self, paths: &str, value: &str, data_key: &str) -> String {
        let uri = self.kind.uri();
        format!(
            "[[table]]\nname = \"documents\"\n[table.columns.document]\njson = {paths}\n{value}\n\
             data_key = {{ kms = \"{uri}\", {data_key} }}\n"
        )
    }

    fn reseal(&self, words: &str, config: &str) -> Reseal {
        let program = Reseal::new(words).on(&self.database).config(config).json();
        self.kind.reach(program.env("RESEAL_RETRY_FOR", "30s"), &self.fake)
    }

    async fn run(&self, words: &str, config: &str, code: i32) -> Value {
        self.reseal(words, config).run().await.expect(code).json()
    }

    /// The data key of an object, if the newest version has wrapped it.
    fn key(&self, wrapped: &Value) -> Option<TestKey> {
        let text = wrapped.as_str()?;
        let bytes = match self.kind {
            Kind::Vault => text.as_bytes().to_vec(),
            _ => BASE64.decode(text.as_bytes()).ok()?,
        };
        let (key, version) = self.fake.unwrap(&bytes)?;
        (version == self.fake.newest())
            .then(|| TestKey::from_hex(&data_encoding::HEXLOWER.encode(&key)))
    }

    /// What an object says, if it is as it should be.
    fn opened(&self, object: &Value) -> Option<String> {
        let part = |name: &str| BASE64.decode(object[name].as_str()?.as_bytes()).ok();
        let parts = StoredParts { nonce: part("iv")?, ciphertext: part("ct")?, tag: part("tag")? };
        let words = parts.open(&self.key(&object["wrapped_dek"])?, b"")?;
        let noted = object["kek_version"].to_string().trim_matches('"').to_owned();
        (noted == self.fake.newest()).then(|| String::from_utf8(words).expect("text"))
    }
}

/// A text without what stands behind these names.
fn without(text: &str, names: &[&str]) -> String {
    let mut left = text.to_owned();
    for name in names {
        let mut rest = std::mem::take(&mut left);
        while let Some(at) = rest.find(&format!("\"{name}\"")) {
            let behind = at + name.len() + 2;
            let begin = behind + rest[behind..].find(':').expect("a member") + 1;
            let end = begin + rest[begin..].find([',', '}']).expect("an end");
            left += &rest[..begin];
            rest = rest[end..].to_owned();
        }
        left += &rest;
    }
    left
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}

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

/// Another member is changed while the value is rotated: that stands, and the value is rotated all the same.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn what_the_application_writes_into_the_document_stands() {
    use crate::support::Failpoints;

    for rotate in ["rewrap", "reseal"] {
        let stage = Stage::set(Kind::Gcp, "jsonb").await;
        for id in 1..=5 {
            let object = stage.object(&format!("words {id}"));
            stage.insert(id, &format!(r#"{{"card":{object}, "limit": 1}}"#)).await;
        }
        stage.fake.rotate();
        let config =
            stage.config(r#"["$.card"]"#, FIELDS, &format!("{IN_OBJECTS}, rotate = \"{rotate}\""));
        let failpoints = Failpoints::hold("page-resealed@1");
        let mut running = failpoints.on(stage.reseal("run --workers 1", &config)).spawn();
        failpoints.reached("page-resealed@1", &mut running).await;
        let change =
            "UPDATE documents SET document = jsonb_set(document, '{limit}', '2') WHERE id = 3";
        stage.database.batch(change).await;
        failpoints.release("page-resealed@1");
        let status = running.wait().await.expect(0).json();
        assert!(status["conflicts"].as_u64() > Some(0), "{status}");
        for id in 1..=5 {
            let new = parsed(&stage.text(id).await);
            assert_eq!(stage.opened(&new["card"]), Some(format!("words {id}")));
            assert_eq!(new["limit"], if id == 3 { 2 } else { 1 });
        }
    }
}

/// … killed, and started again; and bound to its row.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn killed_and_resumed_with_keys_that_are_bound() {
    for rotate in ["rewrap", "reseal"] {
        let stage = Stage::set(Kind::Vault, "json").await;
        let seal = |id: i32, words: &str| {
            let key = TestKey::random();
            let aad = format!("documents:{id}");
            let sealed = stage.fake.versions(|v| v.seal(aad.as_bytes(), key.bytes()));
            let value = StoredParts::seal(&key, 12, b"", words.as_bytes()).put_together("go");
            let (value, sealed) = (BASE64.encode(&value), BASE64.encode(&sealed));
            format!(r#"{{"secret": "{value}", "dek": "vault:v1:{sealed}"}}"#)
        };
        for id in 1..=60 {
            let cards = [seal(id, "first"), seal(id, "second")].join(", ");
            stage.insert(id, &format!(r#"{{"cards": [{cards}]}}"#)).await;
        }
        // a card of another row: its key does not open here
        let foreign = format!(r#"{{"cards": [{}]}}"#, seal(1, "first"));
        stage.insert(61, &foreign).await;
        stage.fake.rotate();
        let secret = r#"fields = { secret = "{b64(nonce12 ct tag16)}" }"#;
        let data_key =
            format!("field = \"dek\", aad = \"{{table}}:{{id}}\", rotate = \"{rotate}\"");
        let config = stage.config(r#"["$.cards[*]"]"#, secret, &data_key);
        for point in ["committed@2", "before-commit@2"] {
            let run = stage.reseal("run --workers 1 --page-rows-max 10", &config);
            let killed = run.env("RESEAL_FAILPOINT", format!("{point}=kill")).run().await;
            assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
        }
        let status = stage.run("run", &config, 1).await;
        assert_eq!(
            (&status["resealed_records"], &status["failed_records"]),
            (&120.into(), &1.into()),
            "{rotate}: {status}"
        );
        assert_eq!(stage.text(61).await, foreign);
        let failures = stage.run("failures", &config, 0).await.to_string();
        assert!(failures.contains("$['cards'][0]"), "{failures}");
    }
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
