//! Every `reseal.toml` that is shipped says what it means, and names files that the pods have.

use std::fs;
use std::path::Path;

use reseal::cli;
use reseal::config::{Command, Config, Environment};
use reseal::keys::{KeySource, RingConfig};
use serde_json::Value;

use super::manifests::{documents, files, jobs, list};

/// Each configuration with its place: those of the manifests, and those that the chart's values hold.
fn shipped() -> Vec<(String, String)> {
    let paths = files(Path::new("deploy"));
    let of_name = |path: &&std::path::PathBuf| path.file_name().is_some_and(|n| n == "reseal.toml");
    let files = paths.iter().filter(of_name).map(|path| {
        (path.display().to_string(), fs::read_to_string(path).expect("a configuration"))
    });
    let is_values = |path: &&std::path::PathBuf| {
        path.starts_with("deploy/helm/reseal/examples") || path.ends_with("reseal/values.yaml")
    };
    let values = paths.iter().filter(is_values).map(|path| {
        let text = documents(path)[0]["config"].as_str().expect("a text").to_owned();
        (path.display().to_string(), text)
    });
    files.chain(values).collect()
}

fn meant(place: &str, text: &str) -> Config {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("reseal.toml");
    // the job's database is a file that is not here
    let text = text.replace("file:/run/secrets/reseal/database/url", "env:DATABASE_URL");
    fs::write(&path, text).expect("a file");
    let words = ["reseal".into(), "run".into(), "--config".into(), path.into_os_string()];
    let words = cli::parse(words).expect("words").expect("neither help nor version");
    let variables = [("DATABASE_URL", "postgresql://job@db/app")];
    match Command::resolve(words, &Environment::of_pairs(&variables)) {
        Ok(Command::Run(command)) => command.config,
        other => panic!("{place}: {other:?}"),
    }
}

/// The path of a key, wrapped or in the open.
fn path_of(source: &KeySource) -> String {
    match source {
        KeySource::File(path) => path.display().to_string(),
        KeySource::Wrapped(wrapped) => path_of(&wrapped.wrapped),
        KeySource::Env(name) => panic!("a key in the variable {name}"),
    }
}

#[test]
fn every_shipped_configuration_is_understood_and_its_keys_are_mounted() {
    let mut wrapped = 0;
    let shipped = shipped();
    assert!(shipped.len() >= 8, "{shipped:?}");
    for (place, text) in shipped {
        let config = meant(&place, &text);
        let sources: Vec<&KeySource> = config
            .rings
            .values()
            .flat_map(RingConfig::sources)
            .map(|source| &source.from)
            .collect();
        assert_eq!(sources.len(), 2, "{place}");
        wrapped += sources.iter().filter(|s| matches!(s, KeySource::Wrapped(_))).count();
        let paths =
            sources.into_iter().map(path_of).chain(["/run/secrets/reseal/database/url".into()]);
        assert!(text.contains("file:/run/secrets/reseal/database/url"), "{place}");
        for path in paths {
            expect_mounted(&place, &path);
        }
    }
    assert_eq!(wrapped, 12, "three services, as a component and as values, two keys each");
}

fn expect_mounted(place: &str, path: &str) {
    for job in jobs() {
        let mounts: &[Value] = list(&job.reseal()["volumeMounts"]);
        let mut mounts = mounts.iter().filter_map(|mount| mount["mountPath"].as_str());
        let is_mounted = mounts.any(|mount| path.starts_with(&format!("{mount}/")));
        assert!(is_mounted, "{place}: {}: {path} is not mounted", job.path);
    }
}
