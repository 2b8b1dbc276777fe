//! Keys that are missing, malformed, equal, wrong or swapped.

use super::{REFUSED, USAGE, refused};
use crate::support::{TestKey, Vault};

#[tokio::test]
async fn keys_that_are_no_keys() {
    let vault = Vault::with_rows(10).await;
    let (old, new) = (vault.old.hex(), vault.new.hex());
    let (short, long) = (&new[..63], format!("{new}a"));
    let not_hex = format!("{}g", &new[..63]);
    let spaced = format!("{} ", &new[..63]);
    let current = "env:ENCRYPTION_KEY";
    let previous = "env:ENCRYPTION_KEY_PREVIOUS";
    let hint = "a key is 64 hexadecimal characters";
    let two = format!("{old},{short}");
    for (name, value, what, place, hint) in [
        ("ENCRYPTION_KEY", "", "not set", current, "64 hexadecimal characters"),
        ("ENCRYPTION_KEY", short, "63", current, hint),
        ("ENCRYPTION_KEY", &long, "65", current, hint),
        ("ENCRYPTION_KEY", &not_hex, "hexadecimal", current, hint),
        ("ENCRYPTION_KEY", &spaced, "hexadecimal", current, hint),
        ("ENCRYPTION_KEY", &format!("{new},{old}"), "several keys", current, "previous keys"),
        ("ENCRYPTION_KEY_PREVIOUS", short, "63", previous, hint),
        ("ENCRYPTION_KEY_PREVIOUS", &two, "63", "PREVIOUS, key 2", hint),
        ("ENCRYPTION_KEY_PREVIOUS", &new, "is the current key", previous, "replaces"),
        (
            "ENCRYPTION_KEY_PREVIOUS",
            &format!("{old},{old}"),
            "the same previous key twice",
            "PREVIOUS, key 2, and env:ENCRYPTION_KEY_PREVIOUS, key 1",
            "once",
        ),
    ] {
        for words in ["plan", "run"] {
            let command = vault.with_columns(words).env(name, value);
            refused(&vault.database, command, USAGE, &[(what, place, hint)]).await;
        }
    }
    // what verify does not need it does not look at, and the current key it needs
    let command = vault.with_columns("verify").env("ENCRYPTION_KEY", short);
    refused(&vault.database, command, USAGE, &[("63", current, hint)]).await;
}

#[tokio::test]
async fn key_files_that_are_not_there() {
    let vault = Vault::with_rows(10).await;
    for option in ["--current", "--previous"] {
        let command = vault.with_columns("run").arg(option).arg("file:nowhere/key");
        let told = ("cannot read the key file: there is no such file", "file:nowhere/key", "");
        refused(&vault.database, command, USAGE, &[told]).await;
    }
}

#[tokio::test]
async fn a_previous_key_that_opens_nothing() {
    let vault = Vault::with_rows(100).await;
    let wrong = TestKey::random();
    let nothing = "of 100 sampled values only 0 open with a key of the ring";
    let hint = "most likely the previous key or the layout is wrong";
    let told = [
        (nothing, "public.secrets.secret", hint),
        (nothing, "public.secrets.token", "--allow-unreadable"),
    ];
    for words in ["plan", "run"] {
        let command = vault.with_columns(words).previous_keys(&[&wrong]);
        refused(&vault.database, command, REFUSED, &told).await;
        let command = vault.with_columns(words).previous_keys(&[]);
        refused(&vault.database, command, REFUSED, &told).await;
    }
    // what has another shape says so
    let run = vault.command("plan -c secrets.token:node-hex");
    let told = [("only 0 open", "public.secrets.token", "has the shape of the layout")];
    refused(&vault.database, run, REFUSED, &told).await;
    // said on purpose, the values are listed and left alone
    let before = vault.cells().await;
    let command = vault.with_columns("run --allow-unreadable").previous_keys(&[&wrong]);
    let report = command.json().run().await.expect(1).json();
    assert_eq!(
        (&report["status"], &report["failed_records"]),
        (&"completed_with_failures".into(), &200.into())
    );
    assert!(vault.cells().await == before);
}

#[tokio::test]
async fn a_layout_cannot_be_found_without_the_right_key() {
    let vault = Vault::with_rows(100).await;
    let command = vault.command("run -c secrets.token").previous_keys(&[&TestKey::random()]);
    let what = "no known layout opens nine in ten of 100 sampled values";
    let told = [(what, "secrets.token", "check the keys, or name the layout")];
    refused(&vault.database, command, REFUSED, &told).await;
    // … nor in a column without a value
    vault.database.batch("UPDATE secrets SET token = NULL").await;
    let told = [("no value to find a layout by", "secrets.token", "name its layout")];
    refused(&vault.database, vault.command("run -c secrets.token"), REFUSED, &told).await;
}

#[tokio::test]
async fn swapped_keys_are_known_from_the_ledger_and_allowed_on_purpose() {
    let vault = Vault::with_rows(50).await;
    vault.with_columns("run").run().await.expect(0);
    let swapped = |words: &str| {
        vault.with_columns(words).current_key(&vault.old).previous_keys(&[&vault.new])
    };
    let what = format!("the current key {} is one that was rotated away from", vault.old.id());
    let told = [(what.as_str(), "the ledger", "to go back on purpose, say --rollback")];
    for words in ["plan", "run"] {
        refused(&vault.database, swapped(words), REFUSED, &told).await;
    }
    let before = vault.cells().await;
    swapped("run --rollback").run().await.expect(0);
    let after = vault.cells().await;
    assert!(before.values().zip(after.values()).all(|(one, other)| one.token != other.token));
    swapped("verify").previous_keys(&[]).run().await.expect(0);
    // what the first run said of the old key holds no more
    let first = vault.command("status --run 1").json().run().await.expect(0).json();
    assert_eq!(first["gone_back_by"], 2, "{first}");
    assert_eq!(
        first["advice"].to_string(),
        "[\"run 2 has made a previous key of this run current again: that key is needed\"]"
    );
    let report = vault.command("report --run 1 --output json --backup-retention 35d");
    let retention = report.run().await.expect(0).json()["retention"].clone();
    assert!(retention["keep_until"].is_null(), "{retention}");
    let newest = vault.command("status").json().run().await.expect(0).json();
    assert!(newest["advice"].to_string().contains("can be removed"), "{newest}");
    // and from there forward again: now the other key is the one that was rotated away from
    let what = format!("the current key {} is one that was rotated away from", vault.new.id());
    let told = [(what.as_str(), "the ledger", "--rollback")];
    refused(&vault.database, vault.with_columns("run"), REFUSED, &told).await;
}
