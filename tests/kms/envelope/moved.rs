//! From one KMS key to another.

use super::{Place, Rows};
use crate::fakes::{Kind, OTHER_AWS_URI};
use crate::support::{TestKey, open};

#[tokio::test]
async fn to_another_key_of_aws_without_a_data_key_being_shown() {
    for rotate in ["rewrap", "reseal"] {
        let rows = Rows::new(Kind::Aws, Place::Column, 200, 10).await.noted();
        let before = rows.read().await;
        let old = Kind::Aws.uri();
        let more = format!(", read = [\"{old}\"], rotate = \"{rotate}\"");
        let to_other = rows
            .config()
            .replace(&format!("kms = \"{old}\""), &format!("kms = \"{OTHER_AWS_URI}\""));
        let config = to_other.replace(", version_column", &format!("{more}, version_column"));
        rows.configured("run", config.clone()).run().await.expect(0);
        let after = rows.read().await;
        for (id, stored) in &after {
            assert_ne!(stored.dek, before[id].dek);
            assert_eq!(stored.secret == before[id].secret, rotate == "rewrap", "row {id}");
        }
        rows.configured("verify", config).run().await.expect(0);
        // the former key is no longer asked for anything
        rows.fake.take_calls();
        let without = to_other.clone();
        rows.configured("verify --verify-open", without).run().await.expect(0);
        assert!(rows.fake.take_calls()["Decrypt"] > 0);
        let back = rows.configured("verify", rows.config()).run().await.expect(1);
        assert!(!back.stderr.contains("panicked"), "{}", back.stderr);
    }
}

/// What is noted names the newest version, and the sample has found out that another key had wrapped it.
#[tokio::test]
async fn a_note_that_lies_leaves_no_row_out() {
    for rotate in ["rewrap", "reseal"] {
        let mut rows = Rows::new(Kind::Aws, Place::Column, 50, 5).await.noted();
        let (kms, old) = (format!("kms = \"{}\"", Kind::Aws.uri()), Kind::Aws.uri());
        let moved = format!(
            "kms = \"{OTHER_AWS_URI}?context_app=reseal\", read = [\"{old}\"], rotate = \"{rotate}\""
        );
        let config = rows.config().replace(&kms, &moved);
        rows.configured("run", config.clone()).run().await.expect(0);
        rows.insert(51..=100, 5).await;
        let lie = "UPDATE secrets SET kek_version = (SELECT kek_version FROM secrets WHERE id = 1)";
        rows.database.batch(lie).await;
        let run = rows.configured("run", config.clone()).json().run().await.expect(0).json();
        assert_eq!(run["total_records"], 100, "{rotate}: {run}");
        assert_eq!(run["resealed_records"], 50, "{rotate}: {run}");
        let alone = config.replace(&format!(", read = [\"{old}\"]"), "");
        rows.configured("verify --verify-open", alone).run().await.expect(0);
    }
}

/// The services do not know each other: a data key is unwrapped by the one and wrapped by the other.
#[tokio::test]
async fn from_aws_to_vault() {
    let rows = Rows::new(Kind::Aws, Place::Column, 200, 10).await;
    let before = rows.read().await;
    let bao = Kind::Vault.start();
    let (aws, vault) = (Kind::Aws.uri(), Kind::Vault.uri());
    let moved = format!("kms = \"{vault}\", read = [\"{aws}\"]");
    let config = rows.config().replace(&format!("kms = \"{aws}\""), &moved);
    let both = |words| Kind::Vault.reach(rows.configured(words, config.clone()), &bao);
    both("run").run().await.expect(0);
    for (id, stored) in rows.read().await {
        let (key, _) = bao.unwrap(&rows.dek_of(&stored)).expect("one of Vault's");
        let key = TestKey::from_hex(&data_encoding::HEXLOWER.encode(&key));
        let plaintext = open(&key, "go", &Rows::aad(id), &stored.secret);
        assert_eq!(plaintext, Some(Rows::plaintext(id)));
        assert_eq!(stored.secret, before[&id].secret);
    }
    // without AWS: its key is not needed any more
    let alone = config.replace(&format!(", read = [\"{aws}\"]"), "");
    let verify = rows.configured("verify --verify-open", alone).env("AWS_ENDPOINT_URL_KMS", "");
    Kind::Vault.reach(verify, &bao).run().await.expect(0);
}
