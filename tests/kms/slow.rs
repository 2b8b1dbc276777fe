//! A key service that is slower than a row may be locked.

use std::time::Duration;

use data_encoding::BASE64;

use crate::fakes::{Fake, Kind};
use crate::support::TestDatabase;

/// A value under the first version, as an application that does not know better writes it.
fn sealed(fake: &Fake) -> String {
    let sealed =
        fake.versions(|versions| crate::support::seal(versions.key(1), "go", b"", b"the secret"));
    format!("vault:v1:{}", BASE64.encode(&sealed))
}

/// A row that is written again and again is sealed under its lock. When that takes too long, nobody else is to blame.
#[tokio::test]
async fn a_row_that_is_let_go_because_a_service_is_slow_is_told_so() {
    let (fake, database) = (Kind::Vault.start(), TestDatabase::create().await);
    database.batch("CREATE TABLE orders (id int PRIMARY KEY, secret text)").await;
    let client = database.client().await;
    client.execute("INSERT INTO orders VALUES (1, $1)", &[&sealed(&fake)]).await.expect("a row");
    fake.rotate();
    fake.slow(Duration::from_millis(800));
    let config =
        "[[table]]\nname = \"orders\"\n[table.columns]\nsecret = { kms = \"hashivault://k\" }\n";
    let run = Kind::Vault.program("run --max-wait 2s", &fake).on(&database).config(config);
    let mut running = run.deadline(Duration::from_secs(120)).spawn();
    while !running.has_ended() {
        let update = "UPDATE orders SET secret = $1 WHERE id = 1";
        client.execute(update, &[&sealed(&fake)]).await.expect("a row");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let ended = running.wait().await.expect(5);
    let said = "key services were too slow for 1 contended rows";
    assert!(ended.stderr.contains(said), "{}", ended.stderr);
    assert!(!ended.stderr.contains("locked by other transactions"), "{}", ended.stderr);
}
