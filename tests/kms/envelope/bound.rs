//! Wrapped keys that are bound to their row: rotated and still bound, bound to something else by the rotation,
//! shared where rows are bound alike, and refused where another row's stands.

use std::collections::{BTreeMap, BTreeSet};

use crate::fakes::{Fake, Kind, OTHER_AWS_URI};
use crate::support::{Outcome, Reseal, TestDatabase, TestKey, open, seal};

/// Those that bind what they wrap.
const BINDING: [Kind; 3] = [Kind::Aws, Kind::Gcp, Kind::Vault];

/// A table of values, each with a wrapped key that is bound.
struct Stage {
    kind: Kind,
    fake: Fake,
    database: TestDatabase,
}

/// A row as it is stored: tenant, value, wrapped key.
type Stored = (String, Vec<u8>, Vec<u8>);

/// What a wrapped key may be bound to.
#[derive(Clone, Copy)]
enum To {
    Nothing,
    Row,
    Tenant,
}

fn tenant(id: i32) -> String {
    format!("tenant-{}", id % 3)
}

fn plaintext(id: i32) -> Vec<u8> {
    format!("the secret of order {id}").into_bytes()
}

/// What the fakes bind to.
fn bound(kind: Kind, id: i32, to: To) -> Vec<u8> {
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
fn words(kind: Kind, to: To) -> String {
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
    async fn set(kind: Kind) -> Self {
        let (fake, database) = (kind.start(), TestDatabase::create().await);
        let dek = if kind == Kind::Vault { "text" } else { "bytea" };
        let table = format!(
            "CREATE TABLE orders (id int PRIMARY KEY, tenant text, secret bytea, dek {dek}, note text)"
        );
        database.batch(&table).await;
        Self { kind, fake, database }
    }

    /// Rows with a data key of their own. Nothing binds the values themselves.
    async fn insert(&self, ids: impl IntoIterator<Item = i32>, to: To) {
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
    fn dek(&self, bytes: &str) -> String {
        if self.kind == Kind::Vault {
            format!("convert_from({bytes}, 'UTF8')")
        } else {
            bytes.into()
        }
    }

    fn config(&self, more: &str) -> String {
        let uri = self.kind.uri();
        format!(
            "[[table]]\nname = \"orders\"\n[table.columns.secret]\nlayout = \"go\"\n\
             data_key = {{ kms = \"{uri}\", column = \"dek\", {more} }}\n"
        )
    }

    fn reseal(&self, words: &str, more: &str) -> Reseal {
        let program = Reseal::new(words).on(&self.database).config(self.config(more)).json();
        self.kind.reach(program.env("RESEAL_RETRY_FOR", "30s"), &self.fake)
    }

    async fn run(&self, words: &str, more: &str, code: i32) -> Outcome {
        self.reseal(words, more).run().await.expect(code)
    }

    async fn rows(&self) -> BTreeMap<i32, Stored> {
        let dek = if self.kind == Kind::Vault { "convert_to(dek, 'UTF8')" } else { "dek" };
        let select = format!("SELECT id, coalesce(tenant, ''), secret, {dek} FROM orders");
        let rows = self.database.client().await.query(&select, &[]).await.expect("rows");
        rows.iter().map(|row| (row.get(0), (row.get(1), row.get(2), row.get(3)))).collect()
    }

    /// Every row opens with its data key, bound so and wrapped by the newest version.
    async fn check(&self, to: To) -> BTreeMap<i32, Stored> {
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

#[tokio::test]
async fn rotated_and_still_bound() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=60, To::Row).await;
            let before = stage.check(To::Row).await;
            stage.fake.rotate();
            let more = format!("{}, rotate = \"{rotate}\"", words(kind, To::Row));
            let status = stage.run("run", &more, 0).await.json();
            assert_eq!(status["resealed_records"], 60, "{kind:?}: {status}");
            let after = stage.check(To::Row).await;
            for (id, (_, secret, dek)) in &after {
                assert_eq!(*secret == before[id].1, rotate == "rewrap", "{kind:?}: row {id}");
                assert_ne!(*dek, before[id].2);
            }
            stage.run("verify --verify-open", &more, 0).await;
            stage.run("run", &more, 0).await;
            assert_eq!(stage.rows().await, after, "a second run writes nothing");
            // told of another binding, nothing opens
            let other = words(kind, To::Tenant);
            stage.run("verify --verify-open", &other, 1).await;
        }
    }
}

/// A wrapped key and its value, copied into another row: what was learnt of them in their own row says nothing there.
#[tokio::test]
async fn a_key_of_another_row_is_refused() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=20, To::Row).await;
            stage
                .database
                .batch(
                    "UPDATE orders SET (secret, dek) = (SELECT secret, dek FROM orders WHERE id = 7)
                     WHERE id IN (3, 12)",
                )
                .await;
            let before = stage.rows().await;
            stage.fake.rotate();
            let more = format!("{}, rotate = \"{rotate}\"", words(kind, To::Row));
            let status = stage.run("run", &more, 1).await.json();
            assert_eq!(
                (&status["failed_records"], &status["resealed_records"]),
                (&2.into(), &18.into()),
                "{kind:?}, {rotate}: {status}"
            );
            let after = stage.rows().await;
            for id in [3, 12] {
                assert_eq!(
                    after[&id], before[&id],
                    "{kind:?}, {rotate}: row {id} is left as it was"
                );
            }
            assert_ne!(after[&7], before[&7]);
            let failures = stage.run("failures", &more, 0).await.stdout;
            assert_eq!(failures.matches("no_key_opens_it").count(), 2, "{failures}");
            // … and when the rows are under the newest version, whoever opens them sees it
            let swap =
                "UPDATE orders SET (secret, dek) = (SELECT secret, dek FROM orders WHERE id = 7)
                        WHERE id IN (3, 12)";
            stage.database.batch(swap).await;
            let found = stage.run("verify --verify-open", &more, 1).await.json();
            assert_eq!(found["processed_records"], 18, "{kind:?}, {rotate}: {found}");
        }
    }
}

#[tokio::test]
async fn a_rotation_may_bind_to_something_else() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=20, To::Nothing).await;
            stage.insert(21..=30, To::Row).await;
            stage.insert(31..=40, To::Tenant).await;
            let before = stage.rows().await;
            let (uri, none) = (kind.uri(), words(kind, To::Nothing));
            let more = format!(
                "{}, read = [{{ kms = \"{uri}\", {none} }}, {{ kms = \"{uri}\", {} }}], \
                 rotate = \"{rotate}\", version_column = \"note\"",
                words(kind, To::Row),
                words(kind, To::Tenant),
            );
            // the version is the newest, and says nothing of the binding
            stage
                .database
                .batch(&format!("UPDATE orders SET note = '{}'", stage.fake.newest()))
                .await;
            stage.fake.take_calls();
            let status = stage.run("run", &more, 0).await.json();
            assert_eq!(status["resealed_records"], 30, "{kind:?}, {rotate}: {status}");
            let calls = stage.fake.take_calls();
            if (kind, rotate) == (Kind::Aws, "rewrap") {
                assert!(calls["ReEncrypt"] >= 30 && !calls.contains_key("Encrypt"), "{calls:?}");
            }
            let after = stage.check(To::Row).await;
            for id in 21..=30 {
                assert_eq!(
                    after[&id], before[&id],
                    "{kind:?}, {rotate}: row {id} was bound already"
                );
            }
            stage.run("verify --verify-open", &words(kind, To::Row), 0).await;
        }
    }
}

/// To another key of AWS and another context, in one call and without a data key being shown.
#[tokio::test]
async fn to_another_key_and_another_context() {
    let stage = Stage::set(Kind::Aws).await;
    stage.insert(1..=20, To::Row).await;
    let (uri, of_row) = (Kind::Aws.uri(), words(Kind::Aws, To::Row));
    let to_other = format!("kms = \"{OTHER_AWS_URI}\", context = {{ to = \"{{id}}\" }}");
    let more = format!("column = \"dek\", read = [{{ kms = \"{uri}\", {of_row} }}]");
    let config = |data_key: String| {
        format!(
            "[[table]]\nname = \"orders\"\n[table.columns.secret]\nlayout = \"go\"\n\
             data_key = {{ {data_key} }}\n"
        )
    };
    let before = stage.rows().await;
    let both = config(format!("{to_other}, {more}"));
    stage.fake.take_calls();
    let run = stage.reseal("run", "").config(both).run().await.expect(0).json();
    assert_eq!(run["resealed_records"], 20, "{run}");
    let calls = stage.fake.take_calls();
    assert_eq!(calls.get("Encrypt"), None, "{calls:?}");
    for (id, (_, secret, dek)) in stage.rows().await {
        assert_eq!(secret, before[&id].1);
        assert_ne!(dek, before[&id].2);
    }
    let alone = config(format!("{to_other}, column = \"dek\""));
    stage.reseal("verify --verify-open", "").config(alone).run().await.expect(0);
}

#[tokio::test]
async fn rows_that_are_bound_alike_share_a_new_data_key_and_no_others_do() {
    for kind in BINDING {
        let stage = Stage::set(kind).await;
        stage.insert(1..=60, To::Tenant).await;
        stage.fake.rotate();
        let of_tenant = words(kind, To::Tenant);
        let more = format!("{of_tenant}, rotate = \"reseal\", rows_per_data_key = 15");
        stage.run("run --workers 1 --page-rows-max 7", &more, 0).await;
        let rows = stage.check(To::Tenant).await;
        let mut tenants: BTreeMap<Vec<u8>, BTreeSet<String>> = BTreeMap::new();
        for (tenant, _, dek) in rows.values() {
            tenants.entry(dek.clone()).or_default().insert(tenant.clone());
        }
        assert!(tenants.values().all(|tenants| tenants.len() == 1), "{kind:?}");
        assert_eq!(tenants.len(), 3 * 2, "{kind:?}: 20 rows a tenant, 15 a data key");
    }
}

/// Killed behind the second page, and started again.
#[cfg(feature = "failpoints")]
#[tokio::test]
async fn killed_and_resumed() {
    for kind in BINDING {
        for rotate in ["rewrap", "reseal"] {
            let stage = Stage::set(kind).await;
            stage.insert(1..=60, To::Row).await;
            stage.fake.rotate();
            let more = format!("{}, rotate = \"{rotate}\"", words(kind, To::Row));
            for point in ["committed@2", "before-commit@2", "page-resealed@2"] {
                let run = stage.reseal("run --workers 1 --page-rows-max 10", &more);
                let killed = run.env("RESEAL_FAILPOINT", format!("{point}=kill")).run().await;
                assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
            }
            let halfway = stage.rows().await;
            let status = stage.run("run", &more, 0).await.json();
            assert_eq!(status["resealed_records"], 60, "{kind:?}, {rotate}: {status}");
            let after = stage.check(To::Row).await;
            let written = halfway.iter().filter(|(id, row)| after[id] == **row).count();
            assert_eq!(written, 40, "{kind:?}, {rotate}: none is written twice");
        }
    }
}

#[tokio::test]
async fn a_row_that_lacks_what_its_key_is_bound_to_is_listed() {
    let stage = Stage::set(Kind::Vault).await;
    stage.insert(1..=30, To::Tenant).await;
    stage.database.batch("UPDATE orders SET tenant = NULL WHERE id = 5").await;
    stage.fake.rotate();
    let of_tenant = words(Kind::Vault, To::Tenant);
    let status = stage.run("run", &of_tenant, 1).await.json();
    assert_eq!(status["failed_records"], 1, "{status}");
    let failures = stage.run("failures", &of_tenant, 0).await.stdout;
    assert!(failures.contains("aad_missing"), "{failures}");
}

/// Rows that were never bound as others had been lack what that would take.
#[tokio::test]
async fn what_only_a_former_binding_lacks_does_not_matter() {
    let stage = Stage::set(Kind::Gcp).await;
    stage.insert(1..=10, To::Tenant).await;
    stage.insert(11..=20, To::Row).await;
    stage.database.batch("UPDATE orders SET tenant = NULL WHERE id > 10").await;
    stage.fake.rotate();
    let more = format!(
        "{}, read = [{{ kms = \"{}\", {} }}]",
        words(Kind::Gcp, To::Row),
        Kind::Gcp.uri(),
        words(Kind::Gcp, To::Tenant)
    );
    stage.run("run", &more, 0).await;
    stage.check(To::Row).await;
}

#[tokio::test]
async fn what_binds_to_nothing_is_refused() {
    let refused = async |kind: Kind, more: &str, code, said: &str| {
        let stage = Stage::set(kind).await;
        stage.insert(1..=3, To::Nothing).await;
        let printed = stage.run("plan", more, code).await.printed();
        assert!(printed.contains(said), "{kind:?} {more}: {printed}");
    };
    let azure = "version_column = \"note\", aad = \"{id}\"";
    let stage = Stage {
        kind: Kind::Azure,
        fake: Kind::Azure.start(),
        database: TestDatabase::create().await,
    };
    let printed = stage.run("plan", azure, 2).await.printed();
    assert!(printed.contains("Azure Key Vault binds a wrapped data key to nothing"), "{printed}");
    refused(Kind::Aws, "aad = \"{id}\"", 2, "to an encryption context, not to `aad`").await;
    refused(Kind::Vault, "context = { of = \"{id}\" }", 2, "to `aad`, not to a context").await;
    refused(Kind::Gcp, "aad = \"{kid}\"", 2, "has no label").await;
    refused(Kind::Gcp, "aad = \"{dek}\"", 3, "a resealed column").await;
    refused(Kind::Vault, "aad = \"{nowhere}\"", 3, "which does not exist").await;
    let twice = format!("aad = \"{{id}}\", read = [\"{}\"]", Kind::Vault.uri());
    refused(Kind::Vault, &twice, 2, "names a KMS key twice").await;
    // not one of them is bound as it is said
    refused(Kind::Vault, "aad = \"{id}\"", 3, "only 0 open").await;
}
