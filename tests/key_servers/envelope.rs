//! Data keys that a real OpenBao has wrapped: wrapped again by it, shut out in their old version, and new ones;
//! and from one key of moto to another.

use std::collections::BTreeSet;

use super::moto::Moto;
use super::openbao::OpenBao;
use super::transit::{Bound, Transit};
use crate::support::{Hold, Outcome, Reseal, TestDatabase, TestKey, eventually, open, seal};

/// What a job needs, and no more. (docs/kms/vault.md)
const POLICY: &str = r#"path "transit/rewrap/k"  { capabilities = ["update"] }
                        path "transit/decrypt/k" { capabilities = ["update"] }
                        path "transit/keys/k"    { capabilities = ["read"] }"#;
/// … to make new data keys.
const RESEALING: &str = r#"path "transit/encrypt/k" { capabilities = ["update"] }"#;

const ROWS: i32 = 1_000;
/// More than one request takes.
const DATA_KEYS: usize = 450;

struct Stage {
    bao: OpenBao,
    transit: Transit,
    database: TestDatabase,
    token: String,
}

fn plaintext(id: i32) -> Vec<u8> {
    format!("the secret of order {id}").into_bytes()
}

impl Stage {
    /// The application wraps its data keys as 64 hexadecimal digits.
    async fn set(policy: &str) -> Self {
        let bao = OpenBao::start().await;
        let (transit, database) = (Transit::of(&bao), TestDatabase::create().await);
        database
            .batch("CREATE TABLE orders (id int PRIMARY KEY, secret bytea, dek text, v int)")
            .await;
        let keys: Vec<TestKey> = (0..DATA_KEYS).map(|_| TestKey::random()).collect();
        let texts: Vec<String> = keys.iter().map(TestKey::hex).collect();
        let bound: Vec<Bound<'_>> = texts.iter().map(|bytes| Bound { bytes, aad: None }).collect();
        let wrapped = transit.encrypt("k", &bound).await;
        let ids: Vec<i32> = (1..=ROWS).collect();
        let place = |id: &i32| usize::try_from(*id).unwrap() % DATA_KEYS;
        let secrets: Vec<Vec<u8>> =
            ids.iter().map(|id| seal(&keys[place(id)], "go", b"", &plaintext(*id))).collect();
        let deks: Vec<&str> = ids.iter().map(|id| &*wrapped[place(id)]).collect();
        let insert = "INSERT INTO orders SELECT * FROM unnest($1::int[], $2::bytea[], $3::text[])";
        let client = database.client().await;
        client.execute(insert, &[&ids, &secrets, &deks]).await.expect("rows");
        let token = bao.token(policy);
        Self { bao, transit, database, token }
    }

    async fn run(&self, words: &str, rotate: &str, code: i32) -> Outcome {
        self.reseal(words, rotate).run().await.expect(code)
    }

    fn reseal(&self, words: &str, rotate: &str) -> Reseal {
        let config = format!(
            "[[table]]\nname = \"orders\"\n[table.columns.secret]\n\
             layout = \"go\"\ndata_key = {{ kms = \"hashivault://k\", column = \"dek\", form = \"hex\", \
             version_column = \"v\"{rotate} }}\n"
        );
        self.bao.program(words, &self.token).on(&self.database).config(config)
    }

    /// Every row opens with its data key, which is wrapped under this version. Its values and wrapped keys.
    async fn rows(&self, version: i32) -> Vec<(Vec<u8>, String)> {
        let select = "SELECT id, secret, dek, v FROM orders ORDER BY id";
        let rows = self.database.client().await.query(select, &[]).await.expect("rows");
        let deks: Vec<String> = rows.iter().map(|row| row.get(2)).collect();
        let bound: Vec<Bound<'_>> = deks.iter().map(|bytes| Bound { bytes, aad: None }).collect();
        let keys = self.transit.decrypt("k", &bound).await;
        let prefix = format!("vault:v{version}:");
        for (row, key) in rows.iter().zip(&keys) {
            let (id, secret, dek): (i32, Vec<u8>, String) = (row.get(0), row.get(1), row.get(2));
            let key = TestKey::from_hex(key.as_ref().expect("a data key"));
            assert_eq!(open(&key, "go", b"", &secret), Some(plaintext(id)), "row {id}");
            assert!(dek.starts_with(&prefix), "row {id}");
            let noted: Option<i32> = row.get(3);
            assert!(noted.is_none_or(|noted| noted == version), "row {id}");
        }
        rows.iter().map(|row| (row.get(1), row.get(2))).collect()
    }

    fn rotate(&self) {
        self.bao.run(&["write", "-f", "transit/keys/k/rotate"]);
    }
}

#[tokio::test]
async fn wrapped_again_and_the_old_version_shut_out() {
    let stage = Stage::set(POLICY).await;
    let before = stage.rows(1).await;
    stage.rotate();
    stage.run("verify", "", 1).await;
    stage.run("run", "", 0).await;
    let after = stage.rows(2).await;
    for (old, new) in before.iter().zip(&after) {
        assert_eq!(old.0, new.0, "no value is touched");
        assert_ne!(old.1, new.1);
    }
    stage.bao.run(&["write", "transit/keys/k/config", "min_decryption_version=2"]);
    stage.run("verify --verify-open", "", 0).await;
    // once more: nothing is written
    stage.run("run", "", 0).await;
    assert_eq!(stage.rows(2).await, after);
}

#[tokio::test]
async fn sealed_anew_under_fewer_data_keys() {
    let stage = Stage::set(&format!("{POLICY}\n{RESEALING}")).await;
    stage.rotate();
    let reseal = ", rotate = \"reseal\", rows_per_data_key = 200";
    stage.run("run", reseal, 0).await;
    let rows = stage.rows(2).await;
    let distinct: BTreeSet<&String> = rows.iter().map(|(_, dek)| dek).collect();
    assert!((5..=7).contains(&distinct.len()), "{} data keys", distinct.len());
    stage.run("verify --verify-open", reseal, 0).await;
}

/// A version that was shut out too early: its rows are left, listed, and done once it is let in again.
#[tokio::test]
async fn shut_out_too_early() {
    let stage = Stage::set(POLICY).await;
    stage.rotate();
    stage.run("run", "", 0).await;
    stage.rotate();
    stage.bao.run(&["write", "transit/keys/k/config", "min_decryption_version=3"]);
    let refused = stage.run("run", "", 3).await;
    assert!(refused.stderr.contains("open with a key of the ring"), "{}", refused.stderr);
    stage.bao.run(&["write", "transit/keys/k/config", "min_decryption_version=1"]);
    stage.run("run", "", 0).await;
    stage.rows(3).await;
}

/// moto knows no key material, and so nothing is to be done under the same key; a move is one of `ReEncrypt`.
#[tokio::test]
async fn from_one_key_of_moto_to_another() {
    let moto = Moto::start().await;
    let key = || moto.python("print(kms.create_key()['KeyMetadata']['Arn'])");
    let (old, new) = (key(), key());
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE orders (id int PRIMARY KEY, secret bytea, dek text)").await;
    let client = database.client().await;
    let mut data_keys = Vec::new();
    for id in 1..=5 {
        let data_key = TestKey::random();
        let hex = data_key.hex();
        let wrapped = moto.python(&format!(
            "import base64; blob = kms.encrypt(KeyId='{old}', Plaintext=bytes.fromhex('{hex}')); \
             print(base64.b64encode(blob['CiphertextBlob']).decode())"
        ));
        let secret = seal(&data_key, "go", b"", &plaintext(id));
        let insert = "INSERT INTO orders VALUES ($1, $2, $3)";
        client.execute(insert, &[&id, &secret, &wrapped]).await.expect("a row");
        data_keys.push(data_key);
    }
    let command = |words: &str, keys: String| {
        let config = format!(
            "[[table]]\nname = \"orders\"\n[table.columns.secret]\nlayout = \"go\"\n\
             data_key = {{ {keys}, column = \"dek\", encoding = \"b64\" }}\n"
        );
        moto.program(words).on(&database).config(config)
    };
    let stay = format!("kms = \"awskms:///{old}\"");
    command("verify --verify-open", stay).run().await.expect(0);
    let moved = format!("kms = \"awskms:///{new}\", read = [\"awskms:///{old}\"]");
    command("run", moved).run().await.expect(0);
    command("verify --verify-open", format!("kms = \"awskms:///{new}\"")).run().await.expect(0);
    for row in client.query("SELECT id, secret, dek FROM orders", &[]).await.expect("rows") {
        let (id, secret, dek): (i32, Vec<u8>, String) = (row.get(0), row.get(1), row.get(2));
        let shown = moto.python(&format!(
            "import base64; opened = kms.decrypt(CiphertextBlob=base64.b64decode('{dek}')); \
             print(opened['Plaintext'].hex(), opened['KeyId'])"
        ));
        let data_key = &data_keys[usize::try_from(id - 1).unwrap()];
        assert_eq!(shown, format!("{} {new}", data_key.hex()), "opened by AWS's own client");
        assert_eq!(open(data_key, "go", b"", &secret), Some(plaintext(id)));
    }
}

/// A token that lives for two seconds, and a run that rests for longer.
#[tokio::test]
async fn a_token_is_renewed_while_a_run_rests() {
    let mut stage = Stage::set(POLICY).await;
    stage.rotate();
    stage.token = stage.bao.token_for(2);
    let (hold, run) = Hold::at("committed@1", stage.reseal("run --workers 1", "")).await;
    let mut renewed = 0;
    for _ in 0..3 {
        let later = || stage.bao.renewed_at(&stage.token).filter(|time| *time > renewed);
        renewed = eventually("a renewal", async || later()).await;
    }
    hold.release();
    run.wait().await.expect(0);
    stage.rows(2).await;
}
