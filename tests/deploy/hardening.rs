//! What this project asks of its own pods, beyond what Kubernetes does.

use serde_json::{Value, json};

use super::manifests::{JobSpec, jobs, list, of_kind};

/// How a page in hand is finished and saved before SIGKILL, with room for a slow server.
const GRACE_SECONDS_MIN: i64 = 10;

type Demand = (&'static str, fn(&JobSpec) -> bool);

const DEMANDS: &[Demand] = &[
    ("the token is the Job's uid, by the downward API", |job| {
        let token = env(job).iter().find(|variable| variable["name"] == "RESEAL_RUN_TOKEN");
        let path = "metadata.labels['batch.kubernetes.io/controller-uid']";
        token.is_some_and(|token| {
            token["valueFrom"] == json!({"fieldRef": {"fieldPath": path}})
                || token["valueFrom"]
                    == json!({"fieldRef": {"apiVersion": "v1", "fieldPath": path}})
        })
    }),
    ("the rules stand in this order: disruption, hopeless, interrupted", |job| {
        let rules = list(&job.spec["podFailurePolicy"]["rules"]);
        let actions: Vec<&str> = rules.iter().filter_map(|rule| rule["action"].as_str()).collect();
        actions == ["Ignore", "FailJob", "Ignore"]
            && rules[0]["onPodConditions"][0]["type"] == "DisruptionTarget"
            && rules[1]["onExitCodes"]["values"] == json!([1, 2, 3, 6, 70])
            && rules[2]["onExitCodes"]["values"] == json!([4])
    }),
    ("each exit-code rule is for the container reseal", |job| {
        let rules = list(&job.spec["podFailurePolicy"]["rules"]).iter();
        rules
            .filter_map(|rule| rule.get("onExitCodes"))
            .all(|codes| codes["containerName"] == "reseal")
    }),
    ("no secret is an environment variable", |job| {
        env(job).iter().all(|variable| variable["valueFrom"].get("secretKeyRef").is_none())
            && list(&job.reseal()["envFrom"]).is_empty()
    }),
    ("a Service's variables do not become settings", |job| {
        job.pod()["enableServiceLinks"] == false
    }),
    ("no token of the API server", |job| job.pod()["automountServiceAccountToken"] == false),
    ("not root, with the runtime's seccomp profile", |job| {
        let context = &job.pod()["securityContext"];
        context["runAsNonRoot"] == true
            && context["runAsUser"].as_i64().is_some_and(|user| user >= 10_000)
            && context["seccompProfile"] == json!({"type": "RuntimeDefault"})
    }),
    ("each container has a read-only root, no capabilities, and cannot gain any", |job| {
        job.containers().all(|container| {
            let context = &container["securityContext"];
            context["readOnlyRootFilesystem"] == true
                && context["allowPrivilegeEscalation"] == false
                && context["capabilities"] == json!({"drop": ["ALL"]})
        })
    }),
    ("each container says what it needs, and its memory has a bound", |job| {
        job.containers().all(|container| {
            let resources = &container["resources"];
            resources["requests"]["cpu"].is_string()
                && resources["requests"]["memory"].is_string()
                && resources["limits"]["memory"].is_string()
        })
    }),
    ("there is time to finish a page", |job| {
        let seconds = job.pod()["terminationGracePeriodSeconds"].as_i64();
        seconds.is_some_and(|seconds| seconds >= GRACE_SECONDS_MIN)
    }),
    ("it ends some day, and is tidied away", |job| {
        job.spec["activeDeadlineSeconds"].is_i64() && job.spec["ttlSecondsAfterFinished"].is_i64()
    }),
    ("the image has a version", |job| {
        job.containers().all(|container| {
            let image = container["image"].as_str().unwrap_or_default();
            // In base it is a name that the kustomization replaces.
            image == "reseal" || image.rsplit_once(':').is_some_and(|(_, tag)| tag != "latest")
        })
    }),
];

fn env(job: &JobSpec) -> &[Value] {
    list(&job.reseal()["env"])
}

#[test]
fn every_job_is_hardened() {
    for job in jobs() {
        for (demand, holds) in DEMANDS {
            assert!(holds(&job), "{}: {demand}", job.path);
        }
    }
}

/// Each demand is one that a change of the manifest can break.
#[test]
fn each_demand_bites() {
    let breaks: &[(&str, Value)] = &[
        ("/template/spec/containers/0/env/1/valueFrom/fieldRef/fieldPath", json!("metadata.uid")),
        ("/podFailurePolicy/rules/1/onExitCodes/values", json!([1, 2, 3, 70])),
        ("/podFailurePolicy/rules/2/onExitCodes/containerName", json!("cloud-sql-proxy")),
        (
            "/template/spec/containers/0/env/0/valueFrom",
            json!({"secretKeyRef": {"name": "keys", "key": "current"}}),
        ),
        ("/template/spec/enableServiceLinks", json!(true)),
        ("/template/spec/automountServiceAccountToken", json!(true)),
        ("/template/spec/securityContext/runAsUser", json!(0)),
        ("/template/spec/containers/0/securityContext/readOnlyRootFilesystem", json!(false)),
        ("/template/spec/containers/0/resources/limits", json!({})),
        ("/template/spec/terminationGracePeriodSeconds", json!(5)),
        ("/activeDeadlineSeconds", Value::Null),
        ("/template/spec/containers/0/image", json!("registry.example.com/reseal:latest")),
    ];
    let sound = jobs().swap_remove(0);
    for (at, (demand, holds)) in DEMANDS.iter().enumerate() {
        let (path, value) = &breaks[at];
        let mut broken = sound.clone();
        set(&mut broken.spec, path, value.clone());
        assert!(!holds(&broken), "{demand}: holds with {path} = {value}");
    }
}

/// Puts a value at a path whose parent is there.
fn set(spec: &mut Value, path: &str, value: Value) {
    let (parent, name) = path.rsplit_once('/').expect("a path");
    let parent = spec.pointer_mut(parent).unwrap_or_else(|| panic!("{path} is not there"));
    match (parent, name.parse::<usize>()) {
        (Value::Array(items), Ok(at)) => items[at] = value,
        (parent, _) => parent[name] = value,
    }
}

#[test]
fn a_cronjob_never_runs_beside_itself_and_says_its_time_zone() {
    for cron in of_kind("CronJob") {
        let spec = &cron.document["spec"];
        assert_eq!(spec["concurrencyPolicy"], "Forbid", "{}", cron.path);
        assert!(spec["timeZone"].is_string(), "{}", cron.path);
        assert!(spec["startingDeadlineSeconds"].is_i64(), "{}", cron.path);
    }
}

#[test]
fn the_service_account_may_do_nothing() {
    for account in of_kind("ServiceAccount") {
        assert_eq!(account.document["automountServiceAccountToken"], false, "{}", account.path);
    }
    for binding in of_kind("RoleBinding") {
        for subject in list(&binding.document["subjects"]) {
            assert_ne!(subject["kind"], "ServiceAccount", "{}", binding.path);
        }
    }
}
