//! A table of values with wrapped data keys, and what became of each of them.

use std::collections::BTreeMap;

use reseal::kms::{KeyUri, WrappedKey};

use crate::fakes::{Fake, Kind};
use crate::support::{Outcome, Reseal, TestDatabase, TestKey, open, seal};

/// Where the wrapped key lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Column,
    /// In front of the value, after its length.
    Prefix,
}

/// A table `secrets` under wrapped keys of a service.
pub struct Rows {
    pub kind: Kind,
    pub fake: Fake,
    pub database: TestDatabase,
    pub place: Place,
    /// `version_column` is configured.
    pub is_noted: bool,
    /// What is said under `data_key` besides.
    pub more: String,
}

/// A row as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub secret: Vec<u8>,
    pub dek: Option<Vec<u8>>,
    pub noted: Option<String>,
    pub xmin: i64,
}

/// The bytes of a wrapped key that a service's own tool prints.
pub fn wrapped_key(kind: Kind, text: &str) -> Vec<u8> {
    let uri: KeyUri = kind.uri().parse().unwrap();
    WrappedKey::parse(text.as_bytes(), uri.service()).unwrap().ciphertext
}

impl Rows {
    /// So many rows that share so many data keys, wrapped under the first version.
    pub async fn new(kind: Kind, place: Place, rows: i64, data_keys: usize) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        let dek = if kind == Kind::Vault { "text" } else { "bytea" };
        let table = format!(
            "CREATE TABLE secrets (id bigint PRIMARY KEY, owner text NOT NULL DEFAULT 'o', \
             secret bytea, dek {dek}, kek_version text)"
        );
        database.batch(&table).await;
        // Azure's wrapped keys do not say which version it was
        let is_noted = kind == Kind::Azure;
        let more = String::new();
        let mut rows_of = Self { kind, fake, database, place, is_noted, more };
        rows_of.insert(1..=rows, data_keys).await;
        if is_noted {
            rows_of.note_versions().await;
        }
        rows_of.fake.take_calls();
        rows_of
    }

    #[must_use]
    pub fn noted(mut self) -> Self {
        self.is_noted = true;
        self
    }

    #[must_use]
    pub fn with(mut self, more: &str) -> Self {
        self.more += more;
        self
    }

    /// More rows, under so many new data keys.
    pub async fn insert(&mut self, ids: std::ops::RangeInclusive<i64>, data_keys: usize) {
        let keys: Vec<(TestKey, Vec<u8>)> = (0..data_keys)
            .map(|_| {
                let key = TestKey::random();
                let wrapped = self.wrapped(&self.fake.wrap(&key));
                (key, wrapped)
            })
            .collect();
        let ids: Vec<i64> = ids.collect();
        let (mut secrets, mut deks) = (Vec::new(), Vec::new());
        for id in &ids {
            let (key, wrapped) = &keys[usize::try_from(*id).unwrap() % data_keys];
            let value = seal(key, "go", &Self::aad(*id), &Self::plaintext(*id));
            let length = u32::try_from(wrapped.len()).unwrap().to_be_bytes();
            secrets.push(match self.place {
                Place::Column => value,
                Place::Prefix => [&length[..], wrapped, &value].concat(),
            });
            deks.push((self.place == Place::Column).then(|| wrapped.clone()));
        }
        let dek = if self.kind == Kind::Vault { "convert_from(dek, 'UTF8')" } else { "dek" };
        let insert = format!(
            "INSERT INTO secrets (id, secret, dek) SELECT id, secret, {dek} \
             FROM unnest($1::bigint[], $2::bytea[], $3::bytea[]) AS new (id, secret, dek)"
        );
        let client = self.database.client().await;
        client.execute(&insert, &[&ids, &secrets, &deks]).await.expect("rows");
    }

    /// Notes the version beside every row, as an application would.
    pub async fn note_versions(&self) {
        let client = self.database.client().await;
        for (id, stored) in self.read().await {
            let (_, version) = self.fake.unwrap(&self.dek_of(&stored)).expect("it is the fake's");
            let note = "UPDATE secrets SET kek_version = $2 WHERE id = $1";
            client.execute(note, &[&id, &version]).await.expect("a row");
        }
    }

    fn wrapped(&self, text: &str) -> Vec<u8> {
        wrapped_key(self.kind, text)
    }

    pub fn plaintext(id: i64) -> Vec<u8> {
        format!("secret of row {id}").into_bytes()
    }

    pub fn aad(id: i64) -> Vec<u8> {
        format!("row {id}").into_bytes()
    }

    /// The configuration of the column.
    pub fn config(&self) -> String {
        let (layout, place) = match self.place {
            Place::Column => ("{raw(nonce12 ct tag16)}", ", column = \"dek\""),
            Place::Prefix => ("{raw(wrapped_u32 nonce12 ct tag16)}", ""),
        };
        let noted = if self.is_noted { ", version_column = \"kek_version\"" } else { "" };
        let (kms, more) = (self.uri(), &self.more);
        format!(
            "[[table]]\nname = \"secrets\"\n[table.columns.secret]\nlayout = \"{layout}\"\n\
             aad = \"row {{id}}\"\ndata_key = {{ kms = \"{kms}\"{place}{noted}{more} }}\n"
        )
    }

    /// The KMS key, unless `more` says another one.
    fn uri(&self) -> &'static str {
        self.kind.uri()
    }

    pub fn command(&self, words: &str) -> Reseal {
        self.configured(words, self.config())
    }

    pub fn configured(&self, words: &str, config: String) -> Reseal {
        let program = Reseal::new(words).on(&self.database).config(config);
        self.kind.reach(program.env("RESEAL_RETRY_FOR", "30s"), &self.fake)
    }

    /// Runs to the end that is expected; the calls it made, by operation.
    pub async fn run(&self, code: i32) -> (Outcome, BTreeMap<String, usize>) {
        self.fake.take_calls();
        let outcome = self.command("run --output json").run().await.expect(code);
        (outcome, self.fake.take_calls())
    }

    pub async fn read(&self) -> BTreeMap<i64, Stored> {
        let dek = if self.kind == Kind::Vault { "convert_to(dek, 'UTF8')" } else { "dek" };
        let select =
            format!("SELECT id, secret, {dek}, kek_version, xmin::text::bigint FROM secrets");
        let rows = self.database.client().await.query(&select, &[]).await.expect("rows");
        let stored = |row: &tokio_postgres::Row| {
            let (secret, dek, noted, xmin) = (row.get(1), row.get(2), row.get(3), row.get(4));
            (row.get(0), Stored { secret, dek, noted, xmin })
        };
        rows.iter().map(stored).collect()
    }

    /// The wrapped key of a row.
    pub fn dek_of(&self, stored: &Stored) -> Vec<u8> {
        match self.place {
            Place::Column => stored.dek.clone().expect("a wrapped key"),
            Place::Prefix => {
                let (length, rest) = stored.secret.split_first_chunk::<4>().expect("a length");
                rest[..u32::from_be_bytes(*length) as usize].to_vec()
            }
        }
    }

    /// What stands behind the wrapped key.
    pub fn value_of(&self, stored: &Stored) -> Vec<u8> {
        match self.place {
            Place::Column => stored.secret.clone(),
            Place::Prefix => stored.secret[4 + self.dek_of(stored).len()..].to_vec(),
        }
    }

    /// Every row opens, under the newest version, with a note of it where that is configured. Answers the
    /// distinct wrapped keys.
    pub async fn check(&self) -> BTreeMap<i64, Stored> {
        let rows = self.read().await;
        for (id, stored) in &rows {
            let dek = self.dek_of(stored);
            let (key, version) = self.fake.unwrap(&dek).expect("a wrapped key of the fake");
            assert_eq!(version, self.fake.newest(), "{:?}: row {id}", self.kind);
            let key = TestKey::from_hex(&data_encoding::HEXLOWER.encode(&key));
            let plaintext = open(&key, "go", &Self::aad(*id), &self.value_of(stored));
            assert_eq!(plaintext, Some(Self::plaintext(*id)), "{:?}: row {id}", self.kind);
            if self.is_noted {
                assert_eq!(stored.noted.as_deref(), Some(&*version), "{:?}: row {id}", self.kind);
            }
        }
        rows
    }
}
