//! A table of values whose wrapped keys are bound, and what the services make of them.

use std::collections::BTreeMap;

use crate::fakes::{Fake, Kind};
use crate::support::{Outcome, Reseal, TestDatabase, TestKey, open, seal};

/// Those that bind what they wrap.
pub const BINDING: [Kind; 3] = [Kind::Aws, Kind::Gcp, Kind::Vault];

/// A table of values, each with a wrapped key that is bound.
pub struct Stage {
    pub kind: Kind,
    pub fake: Fake,
    pub database: TestDatabase,
}

/// A row as it is stored: tenant, value, wrapped key.
pub type Stored = (String, Vec<u8>, Vec<u8>);

/// What a wrapped key may be bound to.
#[derive(Clone, Copy)]
pub enum To {
    Nothing,
    Row,
    Tenant,
}

pub fn tenant(id: i32) -> String {
    format!("tenant-{}", id % 3)
}

pub fn plaintext(id: i32) -> Vec<u8> {
    format!("the secret of order {id}").into_bytes()
}

/// What the fakes bind to.
pub fn bound(kind: Kind, id: i32, to: To) -> Vec<u8> {
    let name = match to {
        To::Nothing if kind == Kind::Aws => return br#"{"app":"reseal"}"#.to_vec(),
        To::Nothing => return Vec::new(),
        To::Row => format!("orders:{id}"),
        To::Tenant => tenant(id),
    };
    match kind {
        Kind::Aws => format!(r#"{{"app":"reseal","of":"{name}"}}"#).into_bytes(),
        _ => name.into_bytes(),
    }
}

/// The words for it.
pub fn words(kind: Kind, to: To) -> String {
    let template = match to {
        To::Nothing => "",
        To::Row => "{table}:{id}",
        To::Tenant => "{tenant}",
    };
    match (kind, to) {
        (Kind::Aws, To::Nothing) => "context = {}".to_owned(),
        (Kind::Aws, _) => format!("context = {{ of = \"{template}\" }}"),
        _ => format!("aad = \"{template}\""),
    }
}

impl Stage {
    pub async fn set(kind: Kind) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        let dek = if kind == Kind::Vault { "text" } else { "bytea" };
        let table = format!(
            "CREATE TABLE orders (id int PRIMARY KEY, tenant text, secret bytea, dek {dek}, note text)"
        );
        database.batch(&table).await;
        Self { kind, fake, database }
    }

    /// Rows with a data key of their own. Nothing binds the values themselves.
    pub async fn insert(&self, ids: impl IntoIterator<Item = i32>, to: To) {
        let client = self.database.client().await;
        for id in ids {
            let (key, aad) = (TestKey::random(), bound(self.kind, id, to));
            let (sealed, version) =
                self.fake.versions(|v| (v.seal(&aad, key.bytes()), v.sealing()));
            let dek = match self.kind {
                Kind::Vault => {
                    format!("vault:v{version}:{}", data_encoding::BASE64.encode(&sealed))
                        .into_bytes()
                }
                _ => sealed,
            };
            let insert =
                format!("INSERT INTO orders VALUES ($1, $2, $3, {})", self.dek("$4::bytea"));
            let secret = seal(&key, "go", b"", &plaintext(id));
            let row = client.execute(&insert, &[&id, &tenant(id), &secret, &dek]).await;
            row.expect("a row");
        }
    }

    /// A wrapped key, of bytes as the column has it.
    pub fn dek(&self, bytes: &str) -> String {
        if self.kind == Kind::Vault {
            format!("convert_from({bytes}, 'UTF8')")
        } else {
            bytes.into()
        }
    }

    pub fn config(&self, more: &str) -> String {
        let uri = self.kind.uri();
        format!(
            "[[table]]\nname = \"orders\"\n[table.columns.secret]\nlayout = \"go\"\n\
             data_key = {{ kms = \"{uri}\", column = \"dek\", {more} }}\n"
        )
    }

    pub fn reseal(&self, words: &str, more: &str) -> Reseal {
        let program = Reseal::new(words).on(&self.database).config(self.config(more)).json();
        self.kind.reach(program.env("RESEAL_RETRY_FOR", "30s"), &self.fake)
    }

    pub async fn run(&self, words: &str, more: &str, code: i32) -> Outcome {
        self.reseal(words, more).run().await.expect(code)
    }

    pub async fn rows(&self) -> BTreeMap<i32, Stored> {
        let dek = if self.kind == Kind::Vault { "convert_to(dek, 'UTF8')" } else { "dek" };
        let select = format!("SELECT id, coalesce(tenant, ''), secret, {dek} FROM orders");
        let rows = self.database.client().await.query(&select, &[]).await.expect("rows");
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect()
    }

    /// Every row opens with its data key, bound so and wrapped by the newest version.
    pub async fn check(&self, to: To) -> BTreeMap<i32, Stored> {
        let rows = self.rows().await;
        for (id, (_, secret, dek)) in &rows {
            let sealed = match self.kind {
                Kind::Vault => {
                    let text =
                        str::from_utf8(dek).expect("text").rsplit(':').next().expect("a part");
                    data_encoding::BASE64.decode(text.as_bytes()).expect("base64")
                }
                _ => dek.clone(),
            };
            let aad = bound(self.kind, *id, to);
            let opened = self.fake.versions(|v| (v.open(&aad, &sealed), v.newest()));
            let (Some((key, version)), newest) = opened else {
                panic!("{:?}: the wrapped key of row {id} is bound to something else", self.kind)
            };
            assert_eq!(version, newest, "{:?}: row {id}", self.kind);
            let key = TestKey::from_hex(&data_encoding::HEXLOWER.encode(&key));
            assert_eq!(open(&key, "go", b"", secret), Some(plaintext(*id)), "row {id}");
        }
        rows
    }
}
