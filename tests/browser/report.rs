//! The report of a run with something to tell, as Chromium shows it; kept as a picture like that of the page.

use super::chromium::picture_of_file;
use super::picture::{keep, tables};
use super::support::{Reseal, Rotation};

#[tokio::test]
async fn the_report_makes_a_picture() {
    let rotation = Rotation::of(4_000).await;
    tables(&rotation).await;
    let columns =
        ["pipeline_secrets.secret:go", "identity_traits.value:go", "oauth_tokens.token:go"];
    let run =
        rotation.on_columns("run --workers 2 --page-rows-max 200 --rows-per-second 2000", &columns);
    let words = ["--operator", "erika", "--ticket", "CHG-2041", "--reason", "personnel"];
    let run = words.into_iter().fold(run, |run, word| run.arg(word));
    run.env("RESEAL_POD", "jobs/reseal-x7k2p").run().await.expect(1);
    for failure in 1..=3 {
        let accept = format!("failures accept {failure} --reason damaged");
        Reseal::new(&accept).on(&rotation.database).run().await.expect(0);
    }
    let report = Reseal::new("report --backup-retention 35d").on(&rotation.database);
    let report = report.current_key(&rotation.new).previous_keys(&[&rotation.old]);
    let page = report.run().await.expect(0).stdout;
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("report.html");
    std::fs::write(&file, page).expect("a file");
    let bytes = picture_of_file(&file, "940,1930").await;
    assert!(bytes.starts_with(b"\x89PNG") && bytes.len() > 40_000, "{} bytes", bytes.len());
    keep("report.png", &bytes);
}
