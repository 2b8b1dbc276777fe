//! The table of the measurements: filled once under the old key, then copied for each measurement.

use reseal::crypto::{Key, KeyBytes, NonceSource, Plaintext};
use reseal::layout::{Layout, Sealed};
use tokio_postgres::{Client, NoTls};

/// How the values are stored.
pub const LAYOUT: &str = "go";

/// Rows of one INSERT while the table is filled.
const BATCH_ROWS: u64 = 10_000;

/// What a table holds.
#[derive(Clone, Copy)]
pub struct Shape {
    pub rows: u64,
    pub plaintext_bytes: usize,
    pub key: KeyType,
}

/// The type of the row key.
#[derive(Clone, Copy, PartialEq)]
pub enum KeyType {
    Bigint,
    /// Random: key order leads from block to block.
    Uuid,
}

impl std::fmt::Display for KeyType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bigint => "bigint",
            Self::Uuid => "uuid",
        })
    }
}

/// The keys of the rotation, as hexadecimal text: the benches make rings of them.
pub struct Keys {
    pub old: String,
    pub new: String,
}

impl Keys {
    pub fn generate() -> Self {
        let key = || KeyBytes::generate().expect("random bytes").to_hex().to_string();
        Self { old: key(), new: key() }
    }
}

pub async fn connect(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

/// Bytes of one INSERT while the table is filled, at most.
const BATCH_BYTES: usize = 8 << 20;

/// Creates `source`, sealed with the old key.
pub async fn fill(url: &str, keys: &Keys, shape: Shape) {
    let client = connect(url).await;
    let create = format!(
        "DROP TABLE IF EXISTS source;
         CREATE TABLE source (id {} PRIMARY KEY, secret bytea NOT NULL,
                              version integer NOT NULL DEFAULT 1)",
        shape.key
    );
    client.batch_execute(&create).await.expect("a table");
    let insert = match shape.key {
        KeyType::Bigint => "INSERT INTO source SELECT * FROM unnest($1::bigint[], $2::bytea[])",
        KeyType::Uuid => {
            "INSERT INTO source SELECT gen_random_uuid(), secret
             FROM unnest($1::bigint[], $2::bytea[]) AS t(number, secret)"
        }
    };
    let mut sealer = Sealer::new(&keys.old, shape.plaintext_bytes);
    let batch = BATCH_ROWS.min((BATCH_BYTES / shape.plaintext_bytes) as u64).max(1);
    for first in (1..=shape.rows).step_by(usize::try_from(batch).expect("small")) {
        let last = shape.rows.min(first + batch - 1);
        let ids: Vec<i64> = (first..=last).map(|id| id.cast_signed()).collect();
        let values: Vec<Vec<u8>> = ids.iter().map(|id| sealer.seal(*id)).collect();
        client.execute(insert, &[&ids, &values]).await.expect("rows");
    }
    client.batch_execute("VACUUM ANALYZE source").await.expect("a vacuumed table");
}

/// Makes `t` the first `rows` rows of `source`, with no dead tuple, no ledger and nothing left to be
/// written to disk: every measurement begins like this.
pub async fn fresh(url: &str, rows: u64) {
    let client = connect(url).await;
    let statements = [
        "DROP SCHEMA IF EXISTS reseal CASCADE",
        "DROP TABLE IF EXISTS t",
        "CREATE TABLE t (LIKE source INCLUDING ALL)",
        &format!("INSERT INTO t SELECT * FROM source ORDER BY ctid LIMIT {rows}"),
        "VACUUM ANALYZE t",
        "CHECKPOINT",
    ];
    for statement in statements {
        client.batch_execute(statement).await.expect("the bench's own SQL");
    }
}

/// Makes values under one key.
pub struct Sealer {
    plaintext_bytes: usize,
    key: Key,
    layout: Layout,
    nonces: NonceSource,
    plaintext: Plaintext,
    ciphertext: Vec<u8>,
}

impl Sealer {
    pub fn new(hex: &str, plaintext_bytes: usize) -> Self {
        Self {
            plaintext_bytes,
            key: Key::new(KeyBytes::from_hex(hex.as_bytes()).expect("a key")),
            layout: Layout::named(LAYOUT).expect("a preset"),
            nonces: NonceSource::new(),
            plaintext: Plaintext::new(),
            ciphertext: Vec::new(),
        }
    }

    /// A value that tells which row it belongs to.
    pub fn seal(&mut self, id: i64) -> Vec<u8> {
        let mut text = vec![b'x'; self.plaintext_bytes];
        text[..8].copy_from_slice(&id.to_be_bytes());
        self.plaintext.set(&text);
        let nonce = self.nonces.next(self.layout.nonce_length()).expect("random bytes");
        let tag = self.key.seal(&nonce, b"", &self.plaintext, &mut self.ciphertext);
        let mut stored = Vec::new();
        let (nonce, ciphertext) = (nonce.as_bytes(), &self.ciphertext[..]);
        let sealed = Sealed { nonce, ciphertext, tag: &tag, ..Sealed::default() };
        self.layout.encode(&sealed, &mut stored);
        stored
    }
}
