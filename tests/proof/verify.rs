//! `verify`: the same proof, by reading alone; and what becomes of a proof elsewhere.

use reseal::demo::server::ServerOptions;

use super::support::{Failpoints, Rotation, become_standby, open, private_server};

const ROWS: i64 = 300;

/// Where every row version lies and who wrote it, and what else there is in the database.
async fn everything(rotation: &Rotation) -> Vec<String> {
    let statement = "SELECT format('%s %s %s %s', xmin, xmax, ctid, id) FROM secrets
                     UNION ALL SELECT relname::text FROM pg_class
                     UNION ALL SELECT nspname::text FROM pg_namespace WHERE nspname !~ '^pg_t'
                     ORDER BY 1";
    let rows = rotation.client().await.query(statement, &[]).await.expect("the catalogue");
    rows.iter().map(|row| row.get(0)).collect()
}

#[tokio::test]
async fn verify_writes_nothing() {
    let rotation = Rotation::of(ROWS).await;
    let before = everything(&rotation).await;
    let verdict = rotation.verify().run().await.expect(1).json();
    assert_eq!(everything(&rotation).await, before, "{verdict}");

    rotation.run().run().await.expect(0);
    let before = everything(&rotation).await;
    rotation.verify().run().await.expect(0);
    assert_eq!(everything(&rotation).await, before);
    let old = rotation.old_value(7);
    let update = "UPDATE secrets SET value = $1 WHERE id = 7";
    rotation.client().await.execute(update, &[&old]).await.expect("row 7");
    rotation.verify().run().await.expect(1);
}

/// What is written during its walk, where it has passed, counts as well.
#[tokio::test]
async fn verify_sees_what_is_written_behind_its_walk() {
    let rotation = Rotation::of(ROWS).await;
    rotation.run().run().await.expect(0);
    let writer = rotation.client().await;
    writer.batch_execute("BEGIN; UPDATE secrets SET writes = 0 WHERE id = 8").await.unwrap();
    let failpoints = Failpoints::hold("writers-open@1");
    let mut verifying = failpoints.on(rotation.verify()).spawn();
    failpoints.reached("writers-open@1", &mut verifying).await;
    rotation.insert("secrets", [1_000], &rotation.old).await;
    writer.batch_execute("COMMIT").await.expect("a commit");
    failpoints.release("writers-open@1");
    verifying.wait().await.expect(1);
}

/// A standby refuses a run; promoted, it writes another timeline, and the proof of the old one is void.
#[tokio::test(flavor = "multi_thread")]
async fn a_proof_from_another_timeline_is_void() {
    let mut server = private_server(ServerOptions::default());
    let rotation = Rotation::of_on(&server, ROWS).await;
    rotation.run().run().await.expect(0);
    assert!(!rotation.status().await.to_string().contains("void"));

    become_standby(&mut server);
    let refused = rotation.run().run().await.expect(3);
    assert!(refused.stderr.contains("standby"), "{}", refused.stderr);
    let client = rotation.client().await;
    client.query("SELECT pg_promote()", &[]).await.expect("a promotion");
    let status = rotation.status().await;
    assert_eq!(status["status"], "completed", "{status}");
    let [void] = status["advice"].as_array().unwrap().as_slice() else { panic!("{status}") };
    let void = void.as_str().unwrap();
    assert!(void.contains("void") && void.contains("keep the previous key"), "{status}");

    rotation.run().run().await.expect(0);
    assert!(!rotation.status().await.to_string().contains("void"));
}

/// The old key opens nothing after a rotation, and the new one everything.
#[tokio::test]
async fn only_the_new_key_opens_what_is_proved() {
    let rotation = Rotation::of(ROWS).await;
    rotation.run().run().await.expect(0);
    for row in rotation.rows().await {
        assert!(open(&rotation.old, "go", b"", row.value.as_deref().unwrap()).is_none());
    }
    rotation.expect_secrets(1..=ROWS).await;
}
