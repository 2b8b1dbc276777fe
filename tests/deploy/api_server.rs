//! What the schemas allow and the API server refuses, for Jobs and CronJobs: the rules of Kubernetes'
//! `pkg/apis/batch/validation` and of the pods' validation, as far as these manifests come near them.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::manifests::{JobSpec, jobs, list, of_kind};

/// Everything the API server would say against a Job.
fn refusals(job: &JobSpec) -> Vec<String> {
    let mut found = of_job(job);
    for (at, rule) in list(&job.spec["podFailurePolicy"]["rules"]).iter().enumerate() {
        found.extend(of_rule(job, rule).into_iter().map(|what| format!("rules[{at}]: {what}")));
    }
    found.extend(of_pod(job));
    found
}

fn of_job(job: &JobSpec) -> Vec<String> {
    let spec = &job.spec;
    let has_policy = spec.get("podFailurePolicy").is_some();
    let restart = job.pod()["restartPolicy"].as_str();
    let replacement = spec["podReplacementPolicy"].as_str().unwrap_or("Failed");
    let labels = &spec["template"]["metadata"]["labels"];
    let generated = ["batch.kubernetes.io/controller-uid", "batch.kubernetes.io/job-name"];
    let mut found = Vec::new();
    let mut refuse = |is_wrong: bool, what: &str| found.extend(is_wrong.then(|| what.to_owned()));
    refuse(has_policy && restart != Some("Never"), "podFailurePolicy needs restartPolicy Never");
    refuse(
        !matches!(restart, Some("Never" | "OnFailure")),
        "restartPolicy of a Job is Never or OnFailure",
    );
    refuse(
        has_policy && replacement != "Failed",
        "podFailurePolicy needs podReplacementPolicy Failed",
    );
    refuse(list(&spec["podFailurePolicy"]["rules"]).len() > 20, "more than 20 rules");
    refuse(spec.get("selector").is_some(), "selector is generated");
    refuse(spec["manualSelector"] == true, "manualSelector");
    refuse(
        generated.iter().any(|label| labels.get(*label).is_some()),
        "a generated label is given",
    );
    for number in ["activeDeadlineSeconds", "backoffLimit", "completions", "parallelism"] {
        refuse(spec[number].as_i64().is_some_and(|n| n < 0), "a negative number");
    }
    found
}

/// One rule of `podFailurePolicy`.
fn of_rule(job: &JobSpec, rule: &Value) -> Vec<String> {
    let (codes, conditions) = (rule.get("onExitCodes"), list(&rule["onPodConditions"]));
    let mut found = Vec::new();
    let mut refuse = |is_wrong: bool, what: &str| found.extend(is_wrong.then(|| what.to_owned()));
    refuse(codes.is_some() && !conditions.is_empty(), "both onExitCodes and onPodConditions");
    refuse(codes.is_none() && conditions.is_empty(), "neither onExitCodes nor onPodConditions");
    let action = rule["action"].as_str().unwrap_or_default();
    let actions = ["FailJob", "FailIndex", "Ignore", "Count"];
    refuse(!actions.contains(&action), "no such action");
    let per_index = job.spec.get("backoffLimitPerIndex").is_some();
    refuse(action == "FailIndex" && !per_index, "FailIndex needs backoffLimitPerIndex");
    for condition in conditions {
        let is_status = matches!(condition["status"].as_str(), Some("True" | "False" | "Unknown"));
        refuse(!is_status, "a condition's status is True, False or Unknown");
        refuse(condition["type"].as_str().is_none_or(str::is_empty), "a condition without a type");
    }
    found.extend(codes.into_iter().flat_map(|codes| of_exit_codes(job, codes)));
    found
}

fn of_exit_codes(job: &JobSpec, codes: &Value) -> Vec<String> {
    let values: Vec<i64> = list(&codes["values"]).iter().filter_map(Value::as_i64).collect();
    let names: Vec<&Value> = job.containers().map(|container| &container["name"]).collect();
    let name = codes.get("containerName");
    let mut found = Vec::new();
    let mut refuse = |is_wrong: bool, what: &str| found.extend(is_wrong.then(|| what.to_owned()));
    let operator = codes["operator"].as_str().unwrap_or_default();
    refuse(!["In", "NotIn"].contains(&operator), "operator is In or NotIn");
    refuse(values.is_empty() || values.len() > 255, "1 to 255 values");
    refuse(operator == "In" && values.contains(&0), "0 cannot be among the values of In");
    refuse(!values.is_sorted(), "values are ordered");
    let distinct: BTreeSet<i64> = values.iter().copied().collect();
    refuse(distinct.len() != values.len(), "values are distinct");
    refuse(name.is_some_and(|name| !names.contains(&name)), "no container of this name");
    found
}

/// What the pod template must hold together by itself.
fn of_pod(job: &JobSpec) -> Vec<String> {
    let mut found = Vec::new();
    let mut refuse = |is_wrong: bool, what: &str| found.extend(is_wrong.then(|| what.to_owned()));
    let volumes: Vec<&Value> = list(&job.pod()["volumes"]).iter().map(|v| &v["name"]).collect();
    let names: BTreeSet<String> = job.containers().map(|c| c["name"].to_string()).collect();
    refuse(names.len() != job.containers().count(), "two containers of one name");
    for container in job.containers() {
        let mounts = list(&container["volumeMounts"]);
        refuse(mounts.iter().any(|m| !volumes.contains(&&m["name"])), "a mount without its volume");
        let paths: BTreeSet<String> = mounts.iter().map(|m| m["mountPath"].to_string()).collect();
        refuse(paths.len() != mounts.len(), "two mounts at one path");
        for variable in list(&container["env"]) {
            let field = variable["valueFrom"]["fieldRef"]["fieldPath"].as_str();
            refuse(field.is_some_and(|path| !is_field(path)), "no such field for a variable");
        }
    }
    for init in list(&job.pod()["initContainers"]) {
        let is_sidecar = init["restartPolicy"] == "Always";
        refuse(
            !is_sidecar && init.get("startupProbe").is_some(),
            "a probe of an init container that is no sidecar",
        );
    }
    found
}

/// The fields of a pod that a variable may hold.
fn is_field(path: &str) -> bool {
    let labelled = path.strip_suffix("']").and_then(|path| {
        path.strip_prefix("metadata.labels['")
            .or_else(|| path.strip_prefix("metadata.annotations['"))
    });
    let plain = [
        "metadata.name",
        "metadata.namespace",
        "metadata.uid",
        "spec.nodeName",
        "spec.serviceAccountName",
        "status.hostIP",
        "status.hostIPs",
        "status.podIP",
        "status.podIPs",
    ];
    plain.contains(&path) || labelled.is_some_and(|label| !label.is_empty())
}

#[test]
fn every_job_is_accepted() {
    for job in jobs() {
        assert_eq!(refusals(&job), Vec::<String>::new(), "{}", job.path);
    }
}

#[test]
fn every_cronjob_is_accepted() {
    for cron in of_kind("CronJob") {
        let (spec, name) = (&cron.document["spec"], cron.document["metadata"]["name"].as_str());
        assert!(name.is_some_and(|name| name.len() <= 52), "{}: the name's length", cron.path);
        let schedule = spec["schedule"].as_str().expect("a schedule");
        assert_eq!(schedule.split_whitespace().count(), 5, "{}: {schedule}", cron.path);
        assert!(!schedule.contains("TZ"), "{}: a time zone has its own field", cron.path);
        let zone = spec["timeZone"].as_str().unwrap_or("Etc/UTC");
        assert!(!zone.is_empty() && zone != "Local", "{}: {zone}", cron.path);
        // The controller looks every ten seconds: less would miss starts.
        let deadline = spec["startingDeadlineSeconds"].as_i64().unwrap_or(10);
        assert!(deadline >= 10, "{}: {deadline}", cron.path);
    }
}

/// Each rule refuses what it is for, and says so.
#[test]
fn each_rule_bites() {
    let broken: &[(&str, Value, &str)] = &[
        ("/template/spec/restartPolicy", json!("OnFailure"), "needs restartPolicy Never"),
        ("/podReplacementPolicy", json!("TerminatingOrFailed"), "podReplacementPolicy Failed"),
        ("/selector", json!({"matchLabels": {"a": "b"}}), "selector is generated"),
        ("/podFailurePolicy/rules/1/onExitCodes/values", json!([2, 1]), "values are ordered"),
        ("/podFailurePolicy/rules/1/onExitCodes/values", json!([1, 1]), "values are distinct"),
        ("/podFailurePolicy/rules/1/onExitCodes/values", json!([0, 1]), "0 cannot be"),
        ("/podFailurePolicy/rules/1/onExitCodes/values", json!([]), "1 to 255 values"),
        ("/podFailurePolicy/rules/1/onExitCodes/operator", json!("Equals"), "In or NotIn"),
        ("/podFailurePolicy/rules/1/onExitCodes/containerName", json!("job"), "no container"),
        (
            "/podFailurePolicy/rules/1/onPodConditions",
            json!([{"type": "DisruptionTarget", "status": "True"}]),
            "both onExitCodes and onPodConditions",
        ),
        ("/podFailurePolicy/rules/0/onPodConditions", json!([]), "neither"),
        ("/podFailurePolicy/rules/0/action", json!("FailIndex"), "needs backoffLimitPerIndex"),
        ("/podFailurePolicy/rules/0/action", json!("Retry"), "no such action"),
        ("/template/spec/volumes", json!([]), "a mount without its volume"),
        (
            "/template/spec/containers/0/env/1/valueFrom/fieldRef/fieldPath",
            json!("metadata.ownerReferences[0].uid"),
            "no such field",
        ),
    ];
    let sound = jobs().swap_remove(0);
    for (path, value, what) in broken {
        let mut job = sound.clone();
        let (parent, name) = path.rsplit_once('/').expect("a path");
        job.spec.pointer_mut(parent).expect("its parent")[name] = value.clone();
        let said = refusals(&job);
        assert!(said.iter().any(|refusal| refusal.contains(what)), "{path} = {value}: {said:?}");
    }
}
