//! From one format to another while a key is replaced: Fernet tokens become `enc:v1:` of AES-256-GCM, bound to
//! their row, in a run that is killed half-way.
//!
//! `RESEAL_MIGRATION_ROWS` says how many rows; 200,000 take some minutes in a debug build.
#![cfg(feature = "failpoints")]

mod support;

use reseal::crypto::{Cipher, Key, KeyId, NonceSource, Plaintext};
use reseal::layout::{Layout, Sealed};
use support::{Failpoints, Reseal, TestDatabase, TestKey, open};
use tokio_postgres::Client;

const FERNET_KEY: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
/// The same, as bytes.
const FERNET_BYTES: std::ops::Range<u8> = 0x20..0x40;

const CONFIG: &str = r#"
    [keys]
    current = "env:NEW"
    previous = ["env:FERNET"]
    [[table]]
    name = "users"
    version = "version"
    [table.columns]
    token = { write = "enc-v1", aad = "users:{id}", read = ["fernet"] }
"#;

/// SIGKILL.
const KILLED: Option<i32> = Some(9);
const PAGE_ROWS: i32 = 250;

fn rows() -> i32 {
    let rows = std::env::var("RESEAL_MIGRATION_ROWS");
    rows.map_or(5_000, |rows| rows.parse().expect("a number of rows"))
}

fn plaintext(id: i32) -> String {
    format!("the token of user {id}, Grüße")
}

/// Fernet tokens, of every second in turn.
struct Fernet {
    key: Key,
    layout: Layout,
    nonces: NonceSource,
}

impl Fernet {
    fn new() -> Self {
        let bytes: Vec<u8> = FERNET_BYTES.collect();
        let key = Key::of(Cipher::Aes128CbcHmac, &bytes, KeyId::of(&bytes)).expect("32 bytes");
        let layout = Layout::named("fernet").expect("a preset");
        Self { key, layout, nonces: NonceSource::new() }
    }

    fn token(&mut self, id: i32) -> String {
        let nonce = self.nonces.next(self.layout.nonce_length()).expect("random bytes");
        let (mut frame, mut bound) = (Vec::new(), Vec::new());
        self.layout.frame(None, b"", || 1_700_000_000 + u64::from(id.unsigned_abs()), &mut frame);
        self.layout.bind(&frame, &mut bound);
        let (mut plain, mut ciphertext, mut stored) = (Plaintext::new(), Vec::new(), Vec::new());
        plain.set(plaintext(id).as_bytes());
        let tag = self.key.seal(&nonce, &bound, &plain, &mut ciphertext);
        let (nonce, frame) = (nonce.as_bytes(), &frame[..]);
        let sealed =
            Sealed { nonce, ciphertext: &ciphertext, tag: &tag, frame, ..Sealed::default() };
        self.layout.encode(&sealed, &mut stored);
        String::from_utf8(stored).expect("ASCII")
    }
}

async fn table(client: &Client) {
    let create =
        "CREATE TABLE users (id int PRIMARY KEY, token text, version int NOT NULL DEFAULT 0)";
    client.batch_execute(create).await.expect("a table");
    let (mut fernet, ids): (_, Vec<i32>) = (Fernet::new(), (1..=rows()).collect());
    for ids in ids.chunks(10_000) {
        let tokens: Vec<String> = ids.iter().map(|id| fernet.token(*id)).collect();
        let insert = "INSERT INTO users SELECT * FROM unnest($1::int[], $2::text[])";
        client.execute(insert, &[&ids, &tokens]).await.expect("rows");
    }
}

async fn count(client: &Client, condition: &str) -> i64 {
    let select = format!("SELECT count(*) FROM users WHERE {condition}");
    client.query_one(&select, &[]).await.expect("a count").get(0)
}

#[tokio::test]
async fn fernet_becomes_row_bound_gcm_across_a_kill() {
    let (database, key) = (TestDatabase::create().await, TestKey::random());
    let client = database.client().await;
    table(&client).await;
    let run = || {
        let words = format!("run --workers 1 --page-rows-max {PAGE_ROWS}");
        let run = Reseal::new(&words).on(&database).config(CONFIG).json();
        let minutes = std::time::Duration::from_secs(1_200);
        run.env("NEW", key.hex()).env("FERNET", FERNET_KEY).deadline(minutes)
    };
    let half = rows() / PAGE_ROWS / 2;
    let killed = Failpoints::kill(&format!("before-commit@{half}")).on(run()).run().await;
    assert_eq!(killed.signal, KILLED, "{}", killed.printed());
    let done = count(&client, "token LIKE 'enc:v1:%'").await;
    assert!(0 < done && done < i64::from(rows()), "{done} rows were written before the kill");
    assert_eq!(count(&client, "token LIKE 'gAAAA%'").await, i64::from(rows()) - done);

    let status = run().run().await.expect(0).json();
    assert_eq!(status["resealed_records"], rows());
    assert_eq!(status["processed_records"], rows());
    assert_eq!(count(&client, "version <> 1").await, 0, "every row is written once");
    let select = "SELECT id, token FROM users ORDER BY id";
    for row in client.query(select, &[]).await.expect("rows") {
        let (id, token): (i32, &str) = (row.get(0), row.get(1));
        let (own, other) = (format!("users:{id}"), format!("users:{}", id + 1));
        let opened = open(&key, "enc-v1", own.as_bytes(), token.as_bytes());
        assert_eq!(opened.as_deref(), Some(plaintext(id).as_bytes()), "row {id}");
        assert_eq!(open(&key, "enc-v1", other.as_bytes(), token.as_bytes()), None);
    }
    run().run().await.expect(0);
    assert_eq!(count(&client, "version <> 1").await, 0, "nothing is written again");
}
