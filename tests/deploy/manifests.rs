//! The YAML files of `deploy/`, and the Jobs in them.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// The template of a chart is no YAML before it is rendered.
const CHART_TEMPLATES: &str = "deploy/helm/reseal/templates";

/// One document of a file.
#[derive(Clone, Debug)]
pub struct Manifest {
    pub path: String,
    pub document: Value,
}

/// What makes pods: a Job, or a CronJob's template of one.
#[derive(Clone, Debug)]
pub struct JobSpec {
    pub path: String,
    pub spec: Value,
}

/// Every document, in the order of the files' names.
pub fn all() -> Vec<Manifest> {
    let rendered = std::env::var_os("DEPLOY_RENDERED").map(PathBuf::from);
    let top = rendered.unwrap_or_else(|| PathBuf::from("deploy"));
    let paths = files(&top).into_iter().filter(|path| !path.starts_with(CHART_TEMPLATES));
    let found: Vec<Manifest> = paths.filter(|path| is_yaml(path)).flat_map(|p| read(&p)).collect();
    assert!(!found.is_empty(), "no manifests in {}", top.display());
    found
}

/// Those of this kind, of which there must be one at least.
pub fn of_kind(kind: &str) -> Vec<Manifest> {
    let found: Vec<Manifest> = all().into_iter().filter(|m| m.document["kind"] == kind).collect();
    assert!(!found.is_empty(), "no {kind} among the manifests");
    found
}

/// Every Job that makes pods. A CronJob without a template gets its own when it is rendered.
pub fn jobs() -> Vec<JobSpec> {
    let jobs = of_kind("Job").into_iter().map(|manifest| (manifest, "/spec"));
    let of_crons =
        of_kind("CronJob").into_iter().map(|manifest| (manifest, "/spec/jobTemplate/spec"));
    let specs = jobs.chain(of_crons).filter_map(|(manifest, at)| {
        let spec = manifest.document.pointer(at)?.clone();
        Some(JobSpec { path: manifest.path, spec })
    });
    specs.collect()
}

/// All files below a directory.
pub fn files(directory: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(directory).expect("a directory of ours").flatten();
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.path()).collect();
    paths.sort();
    let below = |path: PathBuf| if path.is_dir() { files(&path) } else { vec![path] };
    paths.into_iter().flat_map(below).collect()
}

fn is_yaml(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "yaml" || extension == "yml")
}

fn read(path: &Path) -> Vec<Manifest> {
    let place = path.display().to_string();
    let documents = documents(path).into_iter();
    documents.map(|document| Manifest { path: place.clone(), document }).collect()
}

/// The documents of one YAML file.
pub fn documents(path: &Path) -> Vec<Value> {
    let text = fs::read_to_string(path).expect("a text file");
    let documents = serde_saphyr::from_multiple::<Value>(&text);
    documents.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

impl JobSpec {
    pub fn pod(&self) -> &Value {
        &self.spec["template"]["spec"]
    }

    /// Containers and init containers.
    pub fn containers(&self) -> impl Iterator<Item = &Value> {
        list(&self.pod()["containers"]).iter().chain(list(&self.pod()["initContainers"]))
    }

    /// The container of the program itself.
    pub fn reseal(&self) -> &Value {
        let named = self.containers().find(|container| container["name"] == "reseal");
        named.unwrap_or_else(|| panic!("{}: no container reseal", self.path))
    }
}

/// A list's items; none of what is not there.
pub fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}
