//! Values that Tink itself has made with its KmsEnvelopeAead (tests/vectors): opened, wrapped again and resealed.
//! That Tink reads what came of it shows `make test-libraries`.

use std::path::Path;

use serde_json::Value;

use crate::fakes::{Fake, Kind};
use crate::support::{Reseal, TestDatabase, TestKey, open};

/// A kind of data key: its file, and how values under it are described.
const VECTORS: [(&str, &str); 3] = [
    ("tink-kms-envelope-aes256gcm", "layout = \"{raw(wrapped_u32 nonce12 ct tag16)}\""),
    (
        "tink-kms-envelope-aes128gcm",
        "layout = \"{raw(wrapped_u32 nonce12 ct tag16)}\", cipher = \"aes-128-gcm\"",
    ),
    (
        "tink-kms-envelope-xchacha20poly1305",
        "layout = \"{raw(wrapped_u32 nonce24 ct tag16)}\", cipher = \"xchacha20-poly1305\"",
    ),
];

fn vector(file: &str) -> Value {
    let vectors = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors");
    let text = std::fs::read(vectors.join(file).with_extension("json")).expect("a vector");
    serde_json::from_slice(&text).expect("JSON")
}

/// The wrapped key and what stands behind it.
fn parts(stored: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (length, rest) = stored.split_first_chunk::<4>().expect("a length");
    let (wrapped, value) = rest.split_at(u32::from_be_bytes(*length) as usize);
    (wrapped.to_vec(), value.to_vec())
}

struct Stage {
    fake: Fake,
    database: TestDatabase,
    config: String,
}

impl Stage {
    async fn set(vector: &Value, layout: &str, rotate: &str) -> Self {
        let (fake, database) = (Kind::Gcp.start(), TestDatabase::create().await);
        let kek = TestKey::from_hex(vector["key"].as_str().unwrap());
        fake.versions(|versions| versions.begin_with(kek));
        database.batch("CREATE TABLE cards (id int PRIMARY KEY, number bytea)").await;
        let (kms, aad) = (Kind::Gcp.uri(), vector["aad"].as_str().unwrap());
        let config = format!(
            "[[table]]\nname = \"cards\"\n[table.columns]\nnumber = {{ {layout}, aad = \"{aad}\", \
             data_key = {{ kms = \"{kms}\", form = \"tink\", rotate = \"{rotate}\" }} }}\n"
        );
        Self { fake, database, config }
    }

    fn reseal(&self, words: &str) -> Reseal {
        let program = Kind::Gcp.program(words, &self.fake);
        program.on(&self.database).config(self.config.clone())
    }

    async fn stored(&self) -> Vec<u8> {
        let client = self.database.client().await;
        client.query_one("SELECT number FROM cards", &[]).await.expect("a row").get(0)
    }
}

#[tokio::test]
async fn values_of_tink_are_wrapped_again_and_resealed() {
    for (file, layout) in VECTORS {
        let vector = vector(file);
        let hex = vector["stored"].as_str().unwrap().strip_prefix("\\x").unwrap().to_owned();
        let made = data_encoding::HEXLOWER.decode(hex.as_bytes()).expect("hex");
        for rotate in ["rewrap", "reseal"] {
            // new data keys have 32 bytes
            if rotate == "reseal" && file.contains("aes128") {
                continue;
            }
            let stage = Stage::set(&vector, layout, rotate).await;
            let client = stage.database.client().await;
            client.execute("INSERT INTO cards VALUES (1, $1)", &[&made]).await.expect("a row");
            stage.reseal("verify --verify-open").run().await.expect(0);
            stage.fake.rotate();
            stage.reseal("verify").run().await.expect(1);
            stage.reseal("run").run().await.expect(0);
            stage.reseal("verify --verify-open").run().await.expect(0);
            let (before, after) = (parts(&made), parts(&stage.stored().await));
            let (old, _) = stage.fake.unwrap(&before.0).expect("what Tink had wrapped");
            let (new, version) = stage.fake.unwrap(&after.0).expect("what was wrapped");
            assert_eq!(version, "2", "{file}");
            assert_eq!((old == new, before.1 == after.1), (rotate == "rewrap", rotate == "rewrap"));
            assert_eq!(new[..2], old[..2], "Tink's own form of a key");
            if file.contains("aes256") {
                let key = TestKey::from_hex(&data_encoding::HEXLOWER.encode(&new[2..]));
                let opened = open(&key, "go", vector["aad"].as_str().unwrap().as_bytes(), &after.1);
                assert_eq!(opened.as_deref(), vector["plaintext"].as_str().map(str::as_bytes));
            }
        }
    }
}
