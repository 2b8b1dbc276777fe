//! A table of documents with values under an old key, and what became of them.

use serde_json::Value;

use super::support::{Reseal, TestDatabase, TestKey, open, seal};

/// What every value of these tests begins with.
const PREFIX: &str = "enc:v1:";

/// Table `documents` and its two keys.
pub struct Documents {
    pub database: TestDatabase,
    pub old: TestKey,
    pub new: TestKey,
    columns: String,
}

impl Documents {
    /// With column `document` of this type, whose values stand at these paths.
    pub async fn of(kind: &str, paths: &str) -> Self {
        let table = format!("CREATE TABLE documents (id int PRIMARY KEY, document {kind})");
        Self::with(&table, &format!("document = {{ json = {paths}, layout = \"enc-v1\" }}")).await
    }

    /// With another table and other columns.
    pub async fn with(table: &str, columns: &str) -> Self {
        let database = TestDatabase::create().await;
        database.batch(table).await;
        let columns = columns.to_owned();
        Self { database, old: TestKey::random(), new: TestKey::random(), columns }
    }

    /// The same table, with other words about its columns.
    pub fn configured(mut self, columns: &str) -> Self {
        columns.clone_into(&mut self.columns);
        self
    }

    /// A value under the old key.
    pub fn sealed(&self, plaintext: &str) -> String {
        let sealed = seal(&self.old, "enc-v1", b"", plaintext.as_bytes());
        String::from_utf8(sealed).expect("text")
    }

    /// One that no key opens any more.
    pub fn corrupted(&self) -> String {
        let sealed = seal(&TestKey::random(), "enc-v1", b"", b"lost");
        String::from_utf8(sealed).expect("text")
    }

    pub async fn insert(&self, id: i32, document: &str) {
        let insert =
            format!("INSERT INTO documents (id, document) VALUES ({id}, $q${document}$q$)");
        self.database.batch(&insert).await;
    }

    /// The document as the server shows it.
    pub async fn text(&self, id: i32) -> String {
        let select = "SELECT document::text FROM documents WHERE id = $1";
        self.database.client().await.query_one(select, &[&id]).await.expect("a row").get(0)
    }

    /// With both keys.
    pub fn command(&self, words: &str) -> Reseal {
        self.keyed(words).previous_keys(&[&self.old])
    }

    /// With the current key alone.
    pub fn verify(&self) -> Reseal {
        self.keyed("verify")
    }

    fn keyed(&self, words: &str) -> Reseal {
        let config = format!("[[table]]\nname = \"documents\"\n[table.columns]\n{}", self.columns);
        self.ledger(words).json().config(config).current_key(&self.new)
    }

    /// A command that needs neither keys nor columns.
    pub fn ledger(&self, words: &str) -> Reseal {
        Reseal::new(words).on(&self.database)
    }

    pub async fn failures(&self) -> Vec<Value> {
        let report = self.ledger("failures").json().run().await.expect(0).json();
        report["failures"].as_array().expect("a list").clone()
    }

    /// What the new key opens of a document's values, in the order in which they stand.
    pub fn opened<'t>(&self, text: &str) -> Vec<Option<&'t str>> {
        let opened = values(text).1.into_iter().filter_map(|value| {
            let plaintext = open(&self.new, "enc-v1", b"", value.as_bytes())?;
            Some(Some(&*String::from_utf8(plaintext).expect("text").leak()))
        });
        opened.collect()
    }

    /// Fails the test when anything but the values differs, or a value that the old key opened does not.
    #[track_caller]
    pub fn expect_only_values_changed(&self, before: &str, after: &str) {
        let ((plain, old), (plain_after, new)) = (values(before), values(after));
        assert_eq!(plain, plain_after);
        for (old, new) in old.iter().zip(&new) {
            let is_ours = open(&self.old, "enc-v1", b"", old.as_bytes()).is_some();
            assert_eq!(old != new, is_ours, "{old} became {new}");
        }
    }
}

/// A text with its values cut out, and these.
fn values(text: &str) -> (String, Vec<String>) {
    let (mut rest, mut plain, mut found) = (text, String::new(), Vec::new());
    while let Some(at) = rest.find(PREFIX) {
        let length = rest[at..].find('"').expect("a string ends");
        plain.push_str(&rest[..at]);
        plain.push('*');
        found.push(rest[at..at + length].to_owned());
        rest = &rest[at + length..];
    }
    (plain + rest, found)
}
