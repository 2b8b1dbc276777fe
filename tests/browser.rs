//! The live page, in a real Chromium: what a person sees of a run, whatever its tables are called.
#![cfg(feature = "browser")]
#![allow(clippy::panic, reason = "a test that fails may say so by a panic")]

mod support;

#[path = "browser/chromium.rs"]
mod chromium;
#[path = "browser/picture.rs"]
mod picture;

use std::net::SocketAddr;

use chromium::{Look, look};
use support::{Hold, Reseal, Rotation, Running, eventually, http};

/// A name that would be markup if it were not text.
const TABLE: &str = "<img src=x onerror=document.body.dataset.broken=1>";
const TOKEN: &str = "0123456789abcdef-token";

/// A rotation with a second table of that name, two of its values being malformed.
async fn rotation(rows: i64) -> Rotation {
    let rotation = Rotation::of(rows).await;
    let table = format!(
        "CREATE TABLE \"{TABLE}\" (id bigint PRIMARY KEY, value bytea);
         INSERT INTO \"{TABLE}\" SELECT id, CASE WHEN id IN (5, 9) THEN 'x' ELSE value END FROM secrets"
    );
    rotation.database.batch(&table).await;
    rotation
}

fn command(rotation: &Rotation) -> Reseal {
    let command = rotation.run().arg("-c").arg(format!("\"{TABLE}\".value:go"));
    command.arg("--listen").arg("127.0.0.1:0").arg("--linger").arg("1h")
}

async fn lingering(command: Reseal) -> (Running, SocketAddr) {
    let mut running = command.spawn();
    let address = http::listening(&mut running).await;
    eventually("the command lingers", async || {
        running.stderr_so_far().contains("lingering").then_some(())
    })
    .await;
    (running, address)
}

/// The text of the element with this id, without what stands inside its children's tags.
#[track_caller]
fn text(look: &Look, id: &str) -> String {
    let from = look.document.split(&format!("id=\"{id}\"")).nth(1);
    let from = from.unwrap_or_else(|| panic!("no {id}: {}", look.document));
    let (_, inner) = from.split_once('>').expect("a tag");
    inner.split('<').next().unwrap_or_default().to_owned()
}

fn is_hidden(look: &Look, id: &str) -> bool {
    let from = look.document.split(&format!("id=\"{id}\"")).nth(1).expect("an element");
    from.split('>').next().expect("a tag").contains("hidden")
}

#[tokio::test]
async fn a_run_is_shown_while_it_works_and_after() {
    let rotation = rotation(500).await;
    let (hold, mut running) = Hold::at("committed@7", command(&rotation)).await;
    let address = http::listening(&mut running).await;
    let shown = look(address, "/").await;
    assert_eq!(text(&shown, "state"), "running");
    assert_eq!(text(&shown, "title"), "reseal run 1");
    let share: u32 = text(&shown, "share").parse().expect("a number");
    assert!((10..=50).contains(&share), "six or seven of ten pages, of half of the work: {share}");
    assert!(text(&shown, "doing").starts_with("resealing: "), "{}", text(&shown, "doing"));
    assert!(shown.document.contains("public.secrets"), "{}", shown.document);
    assert!(shown.document.contains("&lt;img src=x onerror="), "{}", shown.document);
    hold.release();
    eventually("the command lingers", async || {
        running.stderr_so_far().contains("lingering").then_some(())
    })
    .await;
    let shown = look(address, "/").await;
    assert_eq!(text(&shown, "state"), "completed with failures");
    assert_eq!(text(&shown, "share"), "100");
    assert_eq!(text(&shown, "left"), "done");
    assert_eq!(text(&shown, "doing"), "998 of 1,000 records open with the current key");
    assert!(shown.document.contains(">malformed<"), "{}", shown.document);
    assert!(shown.document.contains("proven at"), "{}", shown.document);
    assert!(shown.document.contains("see `reseal failures`"), "the advice: {}", shown.document);
    assert!(!shown.document.contains("<img") && !shown.document.contains("data-broken"));
    drop(running);
}

#[tokio::test]
async fn it_says_why_it_waits() {
    let rotation = rotation(400).await;
    let mut running = command(&rotation).arg("--rows-per-second").arg("1").spawn();
    let address = http::listening(&mut running).await;
    eventually("it waits", async || {
        let live = http::get(address, "/v1/live", &[]).await.json();
        let is_under_way = live["process"]["values"].as_u64() >= Some(2);
        (is_under_way && live["process"]["waiting"].is_object()).then_some(())
    })
    .await;
    let shown = look(address, "/").await;
    assert!(!is_hidden(&shown, "waiting"), "{}", shown.document);
    let why = text(&shown, "waiting-text");
    assert!(why.starts_with("holds to 1 rows a second"), "{why}");
    assert!(text(&shown, "left").contains(" min "), "the time left: {}", text(&shown, "left"));
}

#[tokio::test]
async fn a_token_is_given_with_the_address_or_typed() {
    let rotation = rotation(10).await;
    let (running, address) = lingering(command(&rotation).env("RESEAL_LISTEN_TOKEN", TOKEN)).await;
    let locked = look(address, "/").await;
    assert!(!is_hidden(&locked, "door") && is_hidden(&locked, "view"), "{}", locked.document);
    assert!(is_hidden(&locked, "refused"));
    assert!(!locked.document.contains("secrets"), "nothing is told without it");
    let wrong = look(address, "/#token=wrong").await;
    assert!(!is_hidden(&wrong, "door") && !is_hidden(&wrong, "refused"), "{}", wrong.document);
    let open = look(address, &format!("/#token={TOKEN}")).await;
    assert!(is_hidden(&open, "door") && !is_hidden(&open, "view"), "{}", open.document);
    assert_eq!(text(&open, "state"), "completed with failures");
    assert!(!open.document.contains(TOKEN), "it is not written into the page");
    drop(running);
}

#[tokio::test]
async fn a_proof_is_shown_too() {
    let rotation = Rotation::of(300).await;
    rotation.run().run().await.expect(0);
    let verify = rotation.verify().arg("--listen").arg("127.0.0.1:0").arg("--linger").arg("1h");
    let (running, address) = lingering(verify).await;
    let shown = look(address, "/").await;
    assert_eq!(text(&shown, "title"), "reseal verify");
    assert_eq!(text(&shown, "state"), "verified");
    assert_eq!(text(&shown, "doing"), "the previous keys are not needed");
    drop(running);
}
