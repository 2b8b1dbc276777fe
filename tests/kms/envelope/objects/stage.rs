//! A table of documents with values and their wrapped keys.

use data_encoding::BASE64;
use serde_json::Value;

use crate::envelope::rows::wrapped_key;
use crate::fakes::{Fake, Kind};
use crate::support::{Reseal, StoredParts, TestDatabase, TestKey};

/// A table of documents.
pub struct Stage {
    pub kind: Kind,
    pub fake: Fake,
    pub database: TestDatabase,
    pub column: &'static str,
}

/// The members of an object.
pub const FIELDS: &str =
    r#"fields = { iv = "{b64(nonce12)}", ct = "{b64(ct)}", tag = "{b64(tag16)}" }"#;

pub const IN_OBJECTS: &str = r#"field = "wrapped_dek", version_field = "kek_version""#;

/// JSON as PHP writes it: with escapes that nobody needs.
pub fn php(text: &str) -> String {
    text.replace('/', "\\/")
}

impl Stage {
    pub async fn set(kind: Kind, column: &'static str) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        let table = format!("CREATE TABLE documents (id int PRIMARY KEY, document {column})");
        database.batch(&table).await;
        Self { kind, fake, database, column }
    }

    /// A wrapped key as an object holds it, and what is noted beside it.
    pub fn wrapped(&self, key: &TestKey) -> (String, String) {
        let wrapped = wrapped_key(self.kind, &self.fake.wrap(key));
        let text = match self.kind {
            Kind::Vault => String::from_utf8(wrapped).expect("text"),
            _ => BASE64.encode(&wrapped),
        };
        (text, self.fake.newest())
    }

    /// An object with a value, whose members are spelled in their own way.
    pub fn object(&self, words: &str) -> String {
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

    pub async fn insert(&self, id: i32, document: &str) {
        let insert = format!("INSERT INTO documents VALUES ($1, $2::text::{})", self.column);
        let client = self.database.client().await;
        client.execute(&insert, &[&id, &document]).await.expect("a row");
    }

    pub async fn text(&self, id: i32) -> String {
        let select = "SELECT document::text FROM documents WHERE id = $1";
        self.database.client().await.query_one(select, &[&id]).await.expect("a row").get(0)
    }

    pub fn config(&self, paths: &str, value: &str, data_key: &str) -> String {
        let uri = self.kind.uri();
        format!(
            "[[table]]\nname = \"documents\"\n[table.columns.document]\njson = {paths}\n{value}\n\
             data_key = {{ kms = \"{uri}\", {data_key} }}\n"
        )
    }

    pub fn reseal(&self, words: &str, config: &str) -> Reseal {
        let program = Reseal::new(words).on(&self.database).config(config).json();
        self.kind.reach(program.env("RESEAL_RETRY_FOR", "30s"), &self.fake)
    }

    pub async fn run(&self, words: &str, config: &str, code: i32) -> Value {
        self.reseal(words, config).run().await.expect(code).json()
    }

    /// The data key of an object, if the newest version has wrapped it.
    pub fn key(&self, wrapped: &Value) -> Option<TestKey> {
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
    pub fn opened(&self, object: &Value) -> Option<String> {
        let part = |name: &str| BASE64.decode(object[name].as_str()?.as_bytes()).ok();
        let parts = StoredParts { nonce: part("iv")?, ciphertext: part("ct")?, tag: part("tag")? };
        let words = parts.open(&self.key(&object["wrapped_dek"])?, b"")?;
        let noted = object["kek_version"].to_string().trim_matches('"').to_owned();
        (noted == self.fake.newest()).then(|| String::from_utf8(words).expect("text"))
    }
}

/// A text without what stands behind these names.
pub fn without(text: &str, names: &[&str]) -> String {
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

pub fn parsed(text: &str) -> Value {
    serde_json::from_str(text).expect("JSON")
}
