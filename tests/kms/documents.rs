//! Values that key services have sealed themselves, as strings of JSON documents.

use data_encoding::BASE64;
use serde_json::Value;

use crate::fakes::{Fake, Kind};
use crate::support::{Reseal, TestDatabase, TestKey};

/// A service, and a table of documents with values that it has sealed.
struct Stage {
    kind: Kind,
    fake: Fake,
    database: TestDatabase,
}

/// What the fakes bind a value of this row to.
fn bound(kind: Kind, id: i32) -> Vec<u8> {
    match kind {
        Kind::Aws => format!(r#"{{"app":"reseal","row":"{id}"}}"#).into_bytes(),
        _ => format!("documents:{id}").into_bytes(),
    }
}

/// The words for it.
fn binding(kind: Kind) -> &'static str {
    match kind {
        Kind::Aws => "context = { row = \"{id}\" }",
        _ => "aad = \"documents:{id}\"",
    }
}

impl Stage {
    async fn set(kind: Kind, rows: i32) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        database.batch("CREATE TABLE documents (id int PRIMARY KEY, document json)").await;
        let stage = Self { kind, fake, database };
        let client = stage.database.client().await;
        for id in 1..=rows {
            let [token, first, second] =
                ["token", "first", "second"].map(|words| stage.sealed(id, words));
            let document = format!(
                r#"{{"n": 1.0,  "token" : "{token}", "list": ["{first}", 5, null, "{second}"], "kept": "a\/b"}}"#
            );
            let insert = "INSERT INTO documents VALUES ($1, $2::text::json)";
            client.execute(insert, &[&id, &document]).await.expect("a row");
        }
        stage
    }

    fn sealed(&self, id: i32, words: &str) -> String {
        let aad = bound(self.kind, id);
        let (sealed, version) =
            self.fake.versions(|v| (v.seal(&aad, words.as_bytes()), v.sealing()));
        match self.kind {
            Kind::Vault => format!("vault:v{version}:{}", BASE64.encode(&sealed)),
            _ => BASE64.encode(&sealed),
        }
    }

    fn config(&self, column: &str) -> String {
        format!("[[table]]\nname = \"documents\"\n[table.columns.document]\n{column}\n")
    }

    fn of_service(&self, json: &str) -> String {
        let (uri, binding) = (self.kind.uri(), binding(self.kind));
        self.config(&format!("json = {json}\nkms = \"{uri}\"\n{binding}"))
    }

    fn reseal(&self, words: &str, config: &str) -> Reseal {
        self.kind.program(words, &self.fake).on(&self.database).config(config).json()
    }

    async fn run(&self, words: &str, config: &str, code: i32) -> Value {
        self.reseal(words, config).run().await.expect(code).json()
    }

    async fn text(&self, id: i32) -> String {
        let select = "SELECT document::text FROM documents WHERE id = $1";
        self.database.client().await.query_one(select, &[&id]).await.expect("a row").get(0)
    }

    /// What the newest version has sealed.
    fn opened(&self, id: i32, value: &Value) -> Option<String> {
        let text = value.as_str()?.rsplit(':').next()?;
        let sealed = BASE64.decode(text.as_bytes()).ok()?;
        let (plaintext, version) =
            self.fake.versions(|v| v.open(&bound(self.kind, id), &sealed))?;
        let newest = self.fake.versions(|v| v.newest());
        (version == newest).then(|| String::from_utf8(plaintext).expect("text"))
    }

    async fn check(&self, rows: i32) {
        for id in 1..=rows {
            let text = self.text(id).await;
            let new: Value = serde_json::from_str(&text).expect("JSON");
            for (pointer, words) in
                [("/token", "token"), ("/list/0", "first"), ("/list/3", "second")]
            {
                let value = new.pointer(pointer).expect("a value");
                assert_eq!(
                    self.opened(id, value).as_deref(),
                    Some(words),
                    "{:?}: {text}",
                    self.kind
                );
            }
            assert!(text.starts_with(r#"{"n": 1.0,  "token" : ""#), "{text}");
            assert!(
                text.contains(r#", 5, null, "#) && text.ends_with(r#", "kept": "a\/b"}"#),
                "{text}"
            );
        }
    }
}

const PATHS: &str = r#"["$.token", "$.list[*]"]"#;

#[tokio::test]
async fn strings_of_documents_come_under_the_newest_version() {
    for kind in [Kind::Aws, Kind::Gcp, Kind::Vault] {
        let stage = Stage::set(kind, 20).await;
        let config = stage.of_service(PATHS);
        stage.fake.rotate();
        let status = stage.run("run", &config, 0).await;
        assert_eq!(status["resealed_records"], 60, "{kind:?}: {status}");
        stage.check(20).await;
        let before = stage.text(7).await;
        stage.run("run", &config, 0).await;
        assert_eq!(stage.text(7).await, before, "nothing is left to do");
        stage.run("verify --verify-open", &config, 0).await;
        // a value of another row does not open here, and its neighbours are sealed anew
        let (own, foreign) = (stage.text(3).await, stage.text(4).await);
        let token = |text: &str| {
            let document: Value = serde_json::from_str(text).expect("JSON");
            document["token"].as_str().expect("a text").to_owned()
        };
        let swapped = own.replace(&token(&own), &token(&foreign));
        let update = "UPDATE documents SET document = $1::text::json WHERE id = 3";
        stage.database.client().await.execute(update, &[&swapped]).await.expect("a row");
        stage.fake.rotate();
        let status = stage.run("run", &config, 1).await;
        assert_eq!(
            (&status["resealed_records"], &status["failed_records"]),
            (&59.into(), &1.into()),
            "{kind:?}: {status}"
        );
        assert_eq!(token(&stage.text(3).await), token(&foreign), "left as it was");
        let failures = stage.run("failures", &config, 0).await.to_string();
        assert!(failures.contains("$['token']"), "{failures}");
    }
}

/// Vault's values are known by their shape, wherever they stand.
#[tokio::test]
async fn wherever_they_stand_and_to_a_key_of_ours() {
    let (stage, key) = (Stage::set(Kind::Vault, 10).await, TestKey::random());
    stage.fake.rotate();
    let everywhere = stage.of_service(r#"["$.**"]"#);
    assert_eq!(stage.run("run", &everywhere, 0).await["resealed_records"], 30);
    stage.check(10).await;
    let theirs = format!("{{ kms = \"{}\", {} }}", Kind::Vault.uri(), binding(Kind::Vault));
    let ours = stage.config(&format!(
        "json = [\"$.**\"]\nwrite = \"enc-v1\"\naad = \"documents:{{id}}\"\nread = [{theirs}]"
    ));
    let run = |words| stage.reseal(words, &ours).current_key(&key).run();
    let status = run("run").await.expect(0).json();
    assert_eq!(status["resealed_records"], 30, "{status}");
    let text = stage.text(1).await;
    assert_eq!(text.matches("enc:v1:").count(), 3, "{text}");
    run("verify").await.expect(0);
}

#[tokio::test]
async fn what_cannot_be_in_documents_is_refused() {
    let stage = Stage::set(Kind::Aws, 1).await;
    let refused = async |column: &str, said: &str| {
        let uri = stage.kind.uri();
        let config = stage.config(&format!("kms = \"{uri}\"\n{column}"));
        let printed = stage.reseal("plan", &config).run().await.expect(2).printed();
        assert!(printed.contains(said), "{column}: {printed}");
    };
    refused("json = [\"$.**\"]", "a key service would be asked about each").await;
    refused("json = [\"$.token\"]\nversion_column = \"v\"", "lies in no other column").await;
    refused("json = [\"$.token\"]\nunmatched = \"leave\"", "unmatched beside").await;
}
