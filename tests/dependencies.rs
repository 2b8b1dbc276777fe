//! What may stand in the dependency tree: the lists of `deny.toml`, held against `Cargo.lock` and the
//! packages' own manifests. (Known vulnerabilities need a database from the network: `make deny`.)

use std::process::Command;

use serde_json::Value;
use toml::Table;

const REGISTRY: &str = "registry+https://github.com/rust-lang/crates.io-index";

fn read(name: &str) -> Table {
    let path = format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).expect("a file of ours").parse().expect("TOML")
}

/// Every package of `Cargo.lock`, for whatever platform.
fn locked() -> Vec<Table> {
    let lock = read("Cargo.lock");
    let packages = lock["package"].as_array().expect("a list").iter();
    packages.map(|package| package.as_table().expect("a package").clone()).collect()
}

fn words(list: &toml::Value) -> Vec<String> {
    let words = list.as_array().expect("a list").iter();
    words.map(|word| word.as_str().expect("a word").to_owned()).collect()
}

/// The licences of an SPDX expression of one level, each choice being a list of which all count.
fn choices(expression: &str) -> Vec<Vec<String>> {
    let plain = expression.replace(['(', ')'], "").replace('/', " OR ");
    let choice = |choice: &str| choice.split(" AND ").map(|it| it.trim().to_owned()).collect();
    if expression.starts_with('(') {
        // (A OR B) AND C
        let (either, and) = expression.split_once(") AND ").expect("a choice, and one for all");
        let either = either.trim_start_matches('(').split(" OR ");
        return either.map(|one| vec![one.to_owned(), and.to_owned()]).collect();
    }
    plain.split(" OR ").map(choice).collect()
}

#[test]
fn every_package_has_a_licence_that_is_allowed() {
    let allowed = words(&read("deny.toml")["licenses"]["allow"]);
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo");
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("a list");
    assert!(packages.len() > 100);
    for package in packages {
        let licence = package["license"].as_str().unwrap_or_default();
        let is_allowed = choices(licence).iter().any(|all| all.iter().all(|l| allowed.contains(l)));
        assert!(is_allowed, "{}: {licence:?} is not allowed by deny.toml", package["name"]);
    }
}

#[test]
fn licences_are_read_as_spdx_means_them() {
    let read = |text: &str| choices(text).iter().map(|all| all.join("+")).collect::<Vec<_>>();
    assert_eq!(read("MIT"), ["MIT"]);
    assert_eq!(read("MIT/Apache-2.0"), ["MIT", "Apache-2.0"]);
    assert_eq!(read("Apache-2.0 / MIT"), ["Apache-2.0", "MIT"]);
    assert_eq!(read("Apache-2.0 AND ISC"), ["Apache-2.0+ISC"]);
    assert_eq!(read("(A OR B) AND C"), ["A+C", "B+C"]);
}

#[test]
fn every_package_comes_from_the_registry_with_its_checksum() {
    for package in locked() {
        if package["name"].as_str() == Some(env!("CARGO_PKG_NAME")) {
            continue;
        }
        let source = package.get("source").and_then(toml::Value::as_str);
        assert_eq!(source, Some(REGISTRY), "{:?}", package["name"]);
        let checksum = package.get("checksum").and_then(toml::Value::as_str);
        assert!(checksum.is_some_and(|sum| sum.len() == 64), "{:?}", package["name"]);
    }
}

#[test]
fn what_is_banned_is_absent_and_what_should_be_one_is_one() {
    let packages = locked();
    let versions =
        |name: &str| packages.iter().filter(|p| p["name"].as_str() == Some(name)).count();
    for banned in read("deny.toml")["bans"]["deny"].as_array().expect("a list") {
        match banned {
            toml::Value::String(name) => assert_eq!(versions(name), 0, "{name} is banned"),
            single => {
                let name = single["name"].as_str().expect("a name");
                assert_eq!(single["deny-multiple-versions"].as_bool(), Some(true));
                assert_eq!(versions(name), 1, "{name} should be there once");
            }
        }
    }
}
