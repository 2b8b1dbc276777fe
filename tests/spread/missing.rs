//! Pieces that are NULL, and what is no value at all.

use super::support::{StoredParts, TestKey};
use super::{Table, expect_counts};

#[tokio::test]
async fn a_value_without_its_tag_is_one_failure() {
    let table = Table::with_rows(50).await;
    table.database.batch("UPDATE tokens SET secret_tag = NULL WHERE id = 7").await;
    table.database.batch("UPDATE tokens SET body_iv = '\\x0102' WHERE id = 8").await;
    let before = (table.text(7, "secret").await, table.text(7, "secret_iv").await);
    let status = table.command("run").run().await.expect(1).json();
    expect_counts(&status, [100, 98, 98, 2, 0]);
    assert_eq!(table.failures().await, ["7 secret malformed", "8 body malformed"]);
    let after = (table.text(7, "secret").await, table.text(7, "secret_iv").await);
    assert_eq!((before, None), (after, table.text(7, "secret_tag").await));
    assert_eq!(table.opened().await[&7][1], Some("body 7".to_owned()), "its neighbour is resealed");
}

/// NULL, and the empty string with nothing beside it, are left alone as ever; what is left over beside a
/// ciphertext that is gone is no value.
#[tokio::test]
async fn what_has_no_ciphertext_is_no_value() {
    let table = Table::with_rows(4).await;
    for set in [
        "secret = NULL, secret_iv = NULL, secret_tag = NULL WHERE id = 1",
        "secret = '', secret_iv = NULL, secret_tag = NULL WHERE id = 2",
        "secret = NULL WHERE id = 3",
        "secret = '', secret_tag = NULL WHERE id = 4",
    ] {
        table.database.batch(&format!("UPDATE tokens SET {set}")).await;
    }
    let status = table.command("run").run().await.expect(0).json();
    expect_counts(&status, [4, 4, 4, 0, 0]);
    assert_eq!(table.text(3, "secret_iv").await.map(|iv| iv.len()), Some(24));
    table.verify().run().await.expect(0);
}

/// An empty text that was sealed has an empty ciphertext: its nonce and tag say that it is a value.
#[tokio::test]
async fn an_empty_plaintext_is_a_value() {
    let table = Table::with_rows(3).await;
    let empty = StoredParts::seal(&table.old, 12, b"tenant-2/2", b"");
    assert!(empty.ciphertext.is_empty());
    let iv = data_encoding::HEXLOWER.encode(&empty.nonce);
    let update = "UPDATE tokens SET secret = '', secret_iv = $1, secret_tag = $2 WHERE id = 2";
    table.database.client().await.execute(update, &[&iv, &empty.tag]).await.expect("a row");
    table.verify().run().await.expect(1);
    let status = table.command("run").run().await.expect(0).json();
    expect_counts(&status, [6, 6, 6, 0, 0]);
    assert_eq!(table.opened().await[&2][0], Some(String::new()));
}

/// A column for the label of the key was added later: rows without one are read, and all have one when they are
/// written.
#[tokio::test]
async fn the_label_of_the_key_may_be_missing_and_is_written() {
    let config = r#"
        [keys]
        current = { from = "env:ENCRYPTION_KEY", kid = "2" }
        previous = [{ from = "env:ENCRYPTION_KEY_PREVIOUS", kid = "1" }]
        [[table]]
        name = "tokens"
        [table.columns.secret]
        layout = "{hex(ct)}"
        aad = "{tenant}/{id}"
        [table.columns.secret.beside]
        secret_iv = "{hex(nonce12)}"
        secret_tag = "{raw(tag16)}"
        key_version = { layout = "{kid}", may_be_null = true }
        [table.columns.body]
        layout = "{raw(ct)}"
        aad = "{tenant}/{id}"
        beside = { body_iv = "{raw(nonce12)}", body_tag = "{b64(tag16)}" }"#;
    let table = Table::with_rows(30).await.with_config(config);
    table.database.batch("UPDATE tokens SET key_version = 1 WHERE id <= 10").await;
    // it is said to be under a key that nobody has: the label decides
    table.database.batch("UPDATE tokens SET key_version = 9 WHERE id = 11").await;
    let status = table.command("run").run().await.expect(1).json();
    expect_counts(&status, [60, 59, 59, 1, 0]);
    assert_eq!(table.failures().await, ["11 secret no_key_opens_it"]);
    for id in [1, 10, 12, 30] {
        assert_eq!(table.text(id, "key_version").await.as_deref(), Some("2"), "row {id}");
        assert_eq!(table.opened().await[&id][0], Some(format!("secret {id}")));
    }
    assert_eq!(table.text(11, "key_version").await.as_deref(), Some("9"));
}

/// As logto has it: an authenticated value under a data key that lies in a fourth column, sealed. Only that is
/// sealed anew.
#[tokio::test]
async fn a_sealed_data_key_in_another_column() {
    let table = Table::with_rows(5).await;
    let columns = r#"body = { layout = "{raw(ct)}", beside = {
        body_iv = "{raw(nonce12)}", body_tag = "{b64(tag16)}", other = "{b64(dek60)}" } }"#;
    let table = table.configured(&columns.replace('\n', ""));
    let data_key = TestKey::random();
    for id in 1..=5_i64 {
        let value = StoredParts::seal(&data_key, 12, b"", b"the body");
        let sealed_key = StoredParts::seal(&table.old, 12, b"", data_key.bytes());
        let sealed_key = [sealed_key.nonce, sealed_key.ciphertext, sealed_key.tag].concat();
        let update =
            "UPDATE tokens SET body = $2, body_iv = $3, body_tag = $4, other = $5 WHERE id = $1";
        let (tag, other) =
            (data_encoding::BASE64.encode(&value.tag), data_encoding::BASE64.encode(&sealed_key));
        let client = table.database.client().await;
        client
            .execute(update, &[&id, &value.ciphertext, &value.nonce, &tag, &other])
            .await
            .expect("a row");
    }
    let kept = (
        table.text(3, "body").await,
        table.text(3, "body_iv").await,
        table.text(3, "body_tag").await,
    );
    let status = table.command("run").run().await.expect(0).json();
    expect_counts(&status, [5, 5, 5, 0, 0]);
    assert_eq!(
        kept,
        (
            table.text(3, "body").await,
            table.text(3, "body_iv").await,
            table.text(3, "body_tag").await
        )
    );
    let other = table.text(3, "other").await.expect("a data key");
    let other = data_encoding::BASE64.decode(other.as_bytes()).expect("base64");
    let sealed = StoredParts {
        nonce: other[..12].into(),
        ciphertext: other[12..44].into(),
        tag: other[44..].into(),
    };
    assert_eq!(sealed.open(&table.new, b"").as_deref(), Some(&data_key.bytes()[..]));
    table.verify().run().await.expect(0);
}
