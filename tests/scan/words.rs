//! Wrong words, and files that are there or not.

use std::fs;

use super::{Site, sealed};

#[tokio::test]
async fn wrong_words_end_in_exit_code_2() {
    let site = Site::new().await;
    for (words, said) in [
        ("scan --schema nowhere", "no such schema"),
        ("scan --schema pg_catalog", "no such schema"),
        ("scan --against nowhere.toml", "cannot read the configuration"),
        ("scan --config nowhere.toml", "cannot read the configuration"),
        ("scan --salt nonsense", "a salt source is"),
        ("scan --current nonsense", "a key source is"),
        ("scan surplus", "argument"),
    ] {
        let refused = site.command(words).run().await.expect(2);
        assert!(refused.stderr.contains(said), "{words}: {}", refused.stderr);
        assert_eq!(refused.stdout, "", "{words}");
    }
}

#[tokio::test]
async fn a_file_that_exists_is_left_as_it_is() {
    let site = Site::new().await;
    site.table("t", "v", "text", &sealed::values(&site.old, "enc-v1", "t", "v", 2)).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    fs::write(&path, "# mine").expect("a file");
    let refused = site.command("scan --write").arg(&path).run().await.expect(2);
    assert!(refused.stderr.contains("the file exists"), "{}", refused.stderr);
    assert_eq!(fs::read_to_string(&path).expect("a file"), "# mine");
}

#[tokio::test]
async fn nothing_found_is_nothing_written() {
    let site = Site::new().await;
    site.table("t", "v", "text", &[b"plain".to_vec()]).await;
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    let scan = site.command("scan --write").arg(&path).run().await.expect(1);
    assert!(scan.stderr.contains("no file was written"), "{}", scan.stderr);
    assert!(!path.exists());
    site.command("scan").run().await.expect(0);
}
