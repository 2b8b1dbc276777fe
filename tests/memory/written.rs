//! Secrets that are written otherwise than in hexadecimal digits: base64, a passphrase, a keyset.

use data_encoding::{BASE64, BASE64URL, HEXLOWER};
use sha2::{Digest, Sha256};

use super::process::Memory;
use super::support::{Reseal, TestDatabase, TestKey};
use super::{NOTHING, held_at};

/// A ring and a table for each, and what must not be found.
struct Written {
    config: String,
    directory: tempfile::TempDir,
    needles: Vec<(&'static str, Vec<u8>)>,
}

impl Written {
    fn new() -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let mut written = Self { config: String::new(), directory, needles: Vec::new() };
        let [base64, url, passphrase, in_keyset] = [(); 4].map(|()| TestKey::random());
        let text = BASE64.encode(base64.bytes());
        written.add("base64", "from", &text, r#"{ layout = "go", key = "base64" }"#);
        written.needle("a key in base64", &text, base64.bytes());
        let text = BASE64URL.encode(url.bytes());
        written.add("cloak", "from", &format!("k1.aesgcm256.{text}"), r#""47ng-cloak""#);
        written.needle("a key of cloak", &text, url.bytes());
        let text = HEXLOWER.encode(passphrase.bytes()).replace(|c: char| c.is_ascii_digit(), "-");
        let column = r#"{ layout = "go", key = { encoding = "text", derive = "sha256" } }"#;
        written.add("passphrase", "from", &text, column);
        written.needle("a passphrase", &text, &Sha256::digest(&text));
        let value = BASE64.encode(&[&[0x1a, 32][..], in_keyset.bytes()].concat());
        let data = format!(
            r#"{{"typeUrl": "type.googleapis.com/google.crypto.tink.AesGcmKey", "value": "{value}"}}"#
        );
        let key = format!(
            r#"{{"keyData": {data}, "status": "ENABLED", "keyId": 7, "outputPrefixType": "TINK"}}"#
        );
        let keyset = format!(r#"{{"primaryKeyId": 7, "key": [{key}]}}"#);
        written.add("keyset", "keyset", &keyset, r#""tink""#);
        written.needle("a key of a keyset", &value, in_keyset.bytes());
        written
    }

    fn add(&mut self, name: &str, word: &str, content: &str, column: &str) {
        let file = self.directory.path().join(name);
        std::fs::write(&file, content).expect("a key file");
        self.config.push_str(&format!(
            "[ring.{name}]\ncurrent = {{ {word} = \"file:{}\" }}\n\
             [[table]]\nname = \"t_{name}\"\nkeys = \"{name}\"\n[table.columns]\nv = {column}\n",
            file.display()
        ));
    }

    fn needle(&mut self, what: &'static str, text: &str, bytes: &[u8]) {
        let (first, second) = text.as_bytes().split_at(text.len() / 2);
        self.needles.extend([first, second, bytes].map(|needle| (what, needle.to_vec())));
    }

    fn found(&self, memory: &Memory) -> Vec<String> {
        self.needles.iter().flat_map(|(what, needle)| memory.find(what, needle)).collect()
    }
}

#[tokio::test]
async fn nothing_is_left_of_secrets_that_are_written_otherwise() {
    let (database, written) = (TestDatabase::create().await, Written::new());
    for name in ["base64", "cloak", "passphrase", "keyset"] {
        let value = if name == "cloak" { "text" } else { "bytea" };
        database.batch(&format!("CREATE TABLE t_{name} (id int PRIMARY KEY, v {value})")).await;
    }
    let run = || Reseal::new("run").on(&database).config(written.config.clone());
    let (failpoints, held, memory) = held_at("before-end", run()).await;
    assert_ne!(written.found(&memory), NOTHING, "keys in use are found");
    failpoints.release("before-end");
    held.wait().await.expect(0);
    let (failpoints, held, memory) = held_at("keys-dropped", run()).await;
    assert_eq!(written.found(&memory), NOTHING);
    failpoints.release("keys-dropped");
    held.wait().await.expect(0);
}
