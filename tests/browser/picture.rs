//! The pictures of the README, from a real run. They are always taken; with `RESEAL_SCREENSHOTS=DIRECTORY`
//! (`make screenshots`) they are kept there.

use std::path::PathBuf;

use super::chromium::{Scheme, picture};
use super::support::{Rotation, eventually, http};

/// Seconds that the plot should show.
const POINTS: usize = 24;

/// Tables as an application might have them: a few values that nothing opens, and rows that the
/// application changes meanwhile.
async fn tables(rotation: &Rotation) {
    let sql = "CREATE TABLE pipeline_secrets (id bigint PRIMARY KEY, secret bytea);
        CREATE TABLE identity_traits (id bigint PRIMARY KEY, value bytea);
        CREATE TABLE oauth_tokens (id bigint PRIMARY KEY, token bytea);
        INSERT INTO pipeline_secrets SELECT n, s.value FROM secrets s, generate_series(0, 7) AS copy,
            LATERAL (SELECT s.id * 8 + copy AS n) AS numbered;
        INSERT INTO identity_traits SELECT n, s.value FROM secrets s, generate_series(0, 4) AS copy,
            LATERAL (SELECT s.id * 8 + copy AS n) AS numbered;
        INSERT INTO oauth_tokens SELECT id, value FROM secrets;
        UPDATE identity_traits SET value = set_byte(value, 20, 255 - get_byte(value, 20)) WHERE id IN (50, 90, 91);
        UPDATE oauth_tokens SET token = 'x' WHERE id IN (7, 8);
        ANALYZE";
    rotation.database.batch(sql).await;
}

#[tokio::test]
async fn the_page_makes_a_picture() {
    let rotation = Rotation::of(4_000).await;
    tables(&rotation).await;
    let columns =
        ["pipeline_secrets.secret:go", "identity_traits.value:go", "oauth_tokens.token:go"];
    let command = rotation.on_columns("run --workers 2 --page-rows-max 200", &columns);
    let command = command.arg("--rows-per-second").arg("1600");
    let mut running = command.arg("--listen").arg("127.0.0.1:0").arg("--linger").arg("1h").spawn();
    let address = http::listening(&mut running).await;
    let application = rotation.client().await;
    eventually("the plot has something to show", async || {
        let live = http::get(address, "/v1/live", &[]).await.json();
        let written = "UPDATE pipeline_secrets SET secret = secret WHERE id % 97 = 0";
        application.batch_execute(written).await.expect("a write");
        let points = live["process"]["history"].as_array().map_or(0, Vec::len);
        (points >= POINTS).then_some(())
    })
    .await;
    for (scheme, name) in [(Scheme::Light, "live.png"), (Scheme::Dark, "live-dark.png")] {
        let bytes = picture(address, "/", scheme).await;
        assert!(bytes.starts_with(b"\x89PNG"), "{name}");
        assert!(bytes.len() > 40_000, "{name} is nearly empty: {} bytes", bytes.len());
        if let Some(directory) = std::env::var_os("RESEAL_SCREENSHOTS") {
            let directory = PathBuf::from(directory);
            std::fs::create_dir_all(&directory).expect("a directory");
            std::fs::write(directory.join(name), bytes).expect("a file");
        }
    }
}
