//! What cannot be opened stays as it is, and is listed.

use super::{Place, Rows};
use crate::fakes::{KINDS, Kind};

#[tokio::test]
async fn one_bad_row_is_left_and_listed() {
    for kind in KINDS {
        let mut rows = Rows::new(kind, Place::Column, 100, 5).await.noted();
        // data keys of their own, so that others do not suffer
        rows.insert(101..=103, 3).await;
        let note = if kind == Kind::Azure {
            "(SELECT kek_version FROM secrets WHERE id = 1)"
        } else {
            "NULL"
        };
        let damaged = if kind == Kind::Vault { "'vault:v1:AAAA'" } else { "'\\x0102'::bytea" };
        let swapped = "(SELECT dek FROM secrets WHERE id = 2)";
        rows.database
            .batch(&format!(
                "UPDATE secrets SET kek_version = {note} WHERE id > 100;
                 UPDATE secrets SET dek = {damaged} WHERE id = 101;
                 UPDATE secrets SET dek = {swapped} WHERE id = 102;
                 UPDATE secrets SET dek = NULL WHERE id = 103"
            ))
            .await;
        let before = rows.read().await;
        rows.fake.rotate();
        let (outcome, _) = rows.run(1).await;
        assert_eq!(outcome.json()["failed_records"], 3, "{kind:?}: {}", outcome.stdout);
        let after = rows.read().await;
        for id in 101..=103 {
            assert_eq!(after[&id], before[&id], "{kind:?}: row {id}");
        }
        let listed = rows.command("failures --output json").run().await.expect(0).stdout;
        assert_eq!(listed.matches("no_key_opens_it").count(), 2, "{listed}");
        assert_eq!(listed.matches("malformed").count(), 1, "{listed}");
        rows.database.batch("DELETE FROM secrets WHERE id > 100").await;
        rows.run(0).await;
        rows.check().await;
    }
}

/// The version is right, and the value is not: that shows when it is opened.
#[tokio::test]
async fn verify_open_opens_every_value() {
    let rows = Rows::new(Kind::Aws, Place::Column, 100, 5).await.noted();
    rows.fake.rotate();
    rows.run(0).await;
    rows.command("verify --verify-open").run().await.expect(0);
    let damage =
        "UPDATE secrets SET secret = set_byte(secret, 20, get_byte(secret, 20) # 1) WHERE id = 7";
    rows.database.batch(damage).await;
    rows.command("verify").run().await.expect(0);
    let found = rows.command("verify --verify-open --output json").run().await.expect(1).json();
    assert_eq!(found["remaining_records"], 1, "{found}");
}

#[tokio::test]
async fn what_fits_no_column_is_refused() {
    let rows = Rows::new(Kind::Aws, Place::Column, 10, 2).await.noted();
    let refused = async |from: &str, to: &str, code, said: &str| {
        let config = rows.config().replace(from, to);
        assert_ne!(config, rows.config());
        let outcome = rows.configured("plan", config).run().await.expect(code);
        let printed = outcome.printed();
        assert!(printed.contains(said), "{printed}");
    };
    refused("column = \"dek\"", "column = \"nowhere\"", 3, "does not exist").await;
    refused("column = \"dek\"", "column = \"owner\"", 3, "cannot hold").await;
    refused("column = \"dek\", ", "", 2, "stored nowhere").await;
    refused("layout = \"{raw(", "layout = \"{raw(wrapped_u32 ", 2, "a second wrapped data key")
        .await;
    refused("kms = ", "kme = ", 2, "kms").await;
    refused("nonce12 ct", "kid2 nonce12 ct", 2, "belongs to a ring").await;
    refused("row {id}", "row {kek_version}", 3, "a resealed column").await;
    refused("row {id}", "row {owner}", 3, "only 0 open").await;
}
