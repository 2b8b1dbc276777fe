//! Values that are spread over several columns by way of PgBouncer, where a row is written only if every piece of them
//! is what was read.

use super::spread_table::Table;
use super::support::{Failpoints, PgBouncer, Reseal, eventually, shared_server};
use super::{POOL_SIZE, ROWS};

#[tokio::test(flavor = "multi_thread")]
async fn every_piece_is_compared_as_it_is_stored() {
    let table = Table::with_rows(ROWS).await;
    let pgbouncer = PgBouncer::before(shared_server(), POOL_SIZE, &[]).await;
    let through =
        |command: Reseal| command.env("DATABASE_URL", pgbouncer.url(table.database.url()));
    let run = || through(table.command("run --workers 1 --page-rows-max 100 --lease 1s"));
    let killed = Failpoints::kill("rows-written@2").on(run()).run().await;
    assert_eq!(killed.signal, Some(9), "{}", killed.printed());
    eventually("status interrupted", async || {
        let status = Reseal::new("status").json().on(&table.database).run().await.expect(0).json();
        Some(status).filter(|status| status["status"] == "interrupted")
    })
    .await;
    // a piece that changes under a page in hand: the row is the application's, and no piece of it is written
    let failpoints = Failpoints::hold("page-resealed@2");
    let mut running = failpoints.on(run()).spawn();
    failpoints.reached("page-resealed@2", &mut running).await;
    // the third page: the first was done before the kill
    let id = 250;
    let touch = format!("UPDATE tokens SET secret_iv = repeat('ab', 12) WHERE id = {id}");
    table.database.batch(&touch).await;
    failpoints.release("page-resealed@2");
    let status = running.wait().await.expect(1).json();
    let counts = ["resealed_records", "failed_records", "conflicts"];
    let counts = counts.map(|name| status[name].as_i64());
    assert_eq!(counts, [Some(2 * ROWS - 1), Some(1), Some(2)], "{status}");
    assert_eq!(table.failures().await, [format!("{id} secret no_key_opens_it")]);
    for (row, [secret, body]) in table.opened().await {
        assert_eq!(body, Some(format!("body {row}")));
        assert_eq!(secret, (row != id).then(|| format!("secret {row}")));
    }
    table.database.batch(&format!("DELETE FROM tokens WHERE id = {id}")).await;
    through(table.command("run")).run().await.expect(0);
    through(table.verify()).run().await.expect(0);
}
