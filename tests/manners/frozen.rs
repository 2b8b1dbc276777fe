//! A process that stands still in the middle of a page, as when its machine does.

use std::time::Instant;

use crate::support::{Failpoints, Rotation, seal};

const ROWS: i64 = 300;

/// The server ends its transaction, so that its rows are not held as long as it stands still.
#[tokio::test]
async fn a_process_that_stands_still_lets_go_of_its_rows() {
    let rotation = Rotation::of(ROWS).await;
    let failpoints = Failpoints::hold("rows-written@2");
    let mut running = failpoints.on(rotation.run()).spawn();
    failpoints.reached("rows-written@2", &mut running).await;
    let client = rotation.client().await;
    // a row that is held for good ends the test, and does not hold it up
    client.batch_execute("SET statement_timeout = '60s'").await.expect("a setting");
    let begun = Instant::now();
    let value = seal(&rotation.new, "go", b"", b"the application's");
    let update = "UPDATE secrets SET value = $1 WHERE id = 150";
    client.execute(update, &[&value]).await.expect("row 150");
    println!("the application waited for {:?}", begun.elapsed());

    failpoints.release("rows-written@2");
    running.wait().await.expect(0);
    let opened = rotation.opened().await;
    assert_eq!((opened.len(), &*opened[&150]), (300, &b"the application's"[..]));
}
