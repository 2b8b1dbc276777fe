//! Documents that others write in the meantime, and a run that is killed.

use data_encoding::BASE64;

use super::stage::{FIELDS, IN_OBJECTS, Stage, parsed};
use crate::fakes::Kind;
use crate::support::{Failpoints, StoredParts, TestKey};

/// Another member is changed while the value is rotated: that stands, and the value is rotated all the same.
#[tokio::test]
async fn what_the_application_writes_into_the_document_stands() {
    for rotate in ["rewrap", "reseal"] {
        let stage = Stage::set(Kind::Gcp, "jsonb").await;
        for id in 1..=5 {
            let object = stage.object(&format!("words {id}"));
            stage.insert(id, &format!(r#"{{"card":{object}, "limit": 1}}"#)).await;
        }
        stage.fake.rotate();
        let config =
            stage.config(r#"["$.card"]"#, FIELDS, &format!("{IN_OBJECTS}, rotate = \"{rotate}\""));
        let failpoints = Failpoints::hold("page-resealed@1");
        let mut running = failpoints.on(stage.reseal("run --workers 1", &config)).spawn();
        failpoints.reached("page-resealed@1", &mut running).await;
        let change =
            "UPDATE documents SET document = jsonb_set(document, '{limit}', '2') WHERE id = 3";
        stage.database.batch(change).await;
        failpoints.release("page-resealed@1");
        let status = running.wait().await.expect(0).json();
        assert!(status["conflicts"].as_u64() > Some(0), "{status}");
        for id in 1..=5 {
            let new = parsed(&stage.text(id).await);
            assert_eq!(stage.opened(&new["card"]), Some(format!("words {id}")));
            assert_eq!(new["limit"], if id == 3 { 2 } else { 1 });
        }
    }
}

/// … killed, and started again; and bound to its row.
#[tokio::test]
async fn killed_and_resumed_with_keys_that_are_bound() {
    for rotate in ["rewrap", "reseal"] {
        let stage = Stage::set(Kind::Vault, "json").await;
        let seal = |id: i32, words: &str| {
            let key = TestKey::random();
            let aad = format!("documents:{id}");
            let sealed = stage.fake.versions(|v| v.seal(aad.as_bytes(), key.bytes()));
            let value = StoredParts::seal(&key, 12, b"", words.as_bytes()).put_together("go");
            let (value, sealed) = (BASE64.encode(&value), BASE64.encode(&sealed));
            format!(r#"{{"secret": "{value}", "dek": "vault:v1:{sealed}"}}"#)
        };
        for id in 1..=60 {
            let cards = [seal(id, "first"), seal(id, "second")].join(", ");
            stage.insert(id, &format!(r#"{{"cards": [{cards}]}}"#)).await;
        }
        // a card of another row: its key does not open here
        let foreign = format!(r#"{{"cards": [{}]}}"#, seal(1, "first"));
        stage.insert(61, &foreign).await;
        stage.fake.rotate();
        let secret = r#"fields = { secret = "{b64(nonce12 ct tag16)}" }"#;
        let data_key =
            format!("field = \"dek\", aad = \"{{table}}:{{id}}\", rotate = \"{rotate}\"");
        let config = stage.config(r#"["$.cards[*]"]"#, secret, &data_key);
        for point in ["committed@2", "before-commit@2"] {
            let run = stage.reseal("run --workers 1 --page-rows-max 10", &config);
            let killed = run.env("RESEAL_FAILPOINT", format!("{point}=kill")).run().await;
            assert_eq!(killed.signal, Some(9), "{point}: {}", killed.printed());
        }
        let status = stage.run("run", &config, 1).await;
        assert_eq!(
            (&status["resealed_records"], &status["failed_records"]),
            (&120.into(), &1.into()),
            "{rotate}: {status}"
        );
        assert_eq!(stage.text(61).await, foreign);
        let failures = stage.run("failures", &config, 0).await.to_string();
        assert!(failures.contains("$['cards'][0]"), "{failures}");
    }
}
