//! Rows that share a key, as a broken unique index lets them.

use super::server;
use super::support::{Reseal, Rotation, open, seal};

/// Puts rows with these values in that share the key 1000, in one transaction.
async fn insert_twins(rotation: &Rotation, values: &[Vec<u8>]) {
    let ready = |ready: bool| {
        let primary = "indexrelid = 'secrets_pkey'::regclass";
        format!("UPDATE pg_index SET indisready = {ready} WHERE {primary}")
    };
    let room = "ALTER TABLE secrets SET (fillfactor = 50)";
    rotation.database.batch(&format!("{room}; {}", ready(false))).await;
    let insert = "INSERT INTO secrets (id, value) SELECT 1000, v FROM unnest($1::bytea[]) AS v";
    rotation.client().await.execute(insert, &[&values]).await.expect("rows");
    rotation.database.batch(&ready(true)).await;
}

/// Two rows of one key that one transaction wrote: key and transaction id do not tell them apart.
#[tokio::test]
async fn rows_of_the_same_key_keep_their_own_values() {
    let server = server();
    let rotation = Rotation::of_on(&server, 20).await;
    let texts = [b"one".as_slice(), b"two", b"three", b"four"];
    let values: Vec<Vec<u8>> = texts.map(|text| seal(&rotation.old, "go", b"", text)).to_vec();
    insert_twins(&rotation, &values).await;

    rotation.run().run().await.expect(0);
    let twins = rotation.rows().await.into_iter().filter(|row| row.id == 1000);
    let opened = twins.map(|row| open(&rotation.new, "go", b"", &row.value.unwrap()).unwrap());
    let mut opened: Vec<Vec<u8>> = opened.collect();
    opened.sort();
    let mut expected = texts.map(<[u8]>::to_vec);
    expected.sort();
    assert_eq!(opened, expected);
}

/// Two rows of one key that both fail: the failure is listed, and the run goes on past them.
#[tokio::test]
async fn rows_of_the_same_key_that_fail_together() {
    let server = server();
    let rotation = Rotation::of_on(&server, 20).await;
    insert_twins(&rotation, &[vec![1; 50], vec![2; 50]]).await;
    let status = rotation.run().run().await.expect(1).json();
    assert_eq!(status["status"], "completed_with_failures", "{status}");
    let counts = ["total_records", "processed_records", "resealed_records", "failed_records"];
    assert_eq!(counts.map(|name| status[name].as_i64()), [22, 20, 20, 2].map(Some), "{status}");
    let failures = Reseal::new("failures").json().on(&rotation.database).run().await.expect(0);
    let listed = failures.json()["failures"].clone();
    assert_eq!((&listed[0]["key"][0], &listed[1]), (&"1000".into(), &serde_json::Value::Null));
    assert_eq!(listed[0]["values"], 2, "both are this failure: {listed}");
}
