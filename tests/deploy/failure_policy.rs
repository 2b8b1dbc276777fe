//! `podFailurePolicy` as the Job controller reads it: the first rule that matches decides, and what no
//! rule matches counts toward `backoffLimit`.
//! (<https://kubernetes.io/docs/concepts/workloads/controllers/job/#pod-failure-policy>)

use reseal::error::ExitCode;

use super::manifests::{JobSpec, jobs, list};

/// A pod that has failed: how the container `reseal` ended, and whether the pod was a target of a
/// disruption (drained, preempted, lost with its node).
#[derive(Clone, Copy, Debug)]
pub struct FailedPod {
    pub exit_code: i64,
    pub disrupted: bool,
}

/// What the controller does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reaction {
    /// The Job fails, and no other pod is started.
    FailJob,
    /// Another pod, as if nothing had been.
    Ignore,
    /// Another pod, until `backoffLimit` have failed so.
    Count,
}

/// How a Job stands after some pods have ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Another pod is started; so many failures count.
    Retrying {
        counted: i64,
    },
    Complete,
    Failed,
}

impl FailedPod {
    pub fn with(exit_code: i64) -> Self {
        Self { exit_code, disrupted: false }
    }

    fn matches(self, rule: &serde_json::Value) -> bool {
        let disruption = |condition: &serde_json::Value| {
            condition["type"] == "DisruptionTarget" && condition["status"] == "True"
        };
        if list(&rule["onPodConditions"]).iter().any(disruption) {
            return self.disrupted;
        }
        let codes = &rule["onExitCodes"];
        let names_us = codes["containerName"].as_str().is_none_or(|name| name == "reseal");
        let is_listed = list(&codes["values"]).iter().any(|value| *value == self.exit_code);
        match codes["operator"].as_str() {
            Some("In") => names_us && is_listed,
            Some("NotIn") => names_us && !is_listed,
            _ => false,
        }
    }
}

/// What the first matching rule of the Job says.
pub fn reaction(job: &JobSpec, pod: FailedPod) -> Reaction {
    let rules = list(&job.spec["podFailurePolicy"]["rules"]);
    let rule = rules.iter().find(|rule| pod.matches(rule));
    match rule.and_then(|rule| rule["action"].as_str()) {
        Some("FailJob") => Reaction::FailJob,
        Some("Ignore") => Reaction::Ignore,
        Some("Count") | None => Reaction::Count,
        Some(other) => panic!("{}: action {other}", job.path),
    }
}

/// The Job after its pods have ended one by one with these codes.
pub fn standing(job: &JobSpec, exit_codes: &[i64]) -> Standing {
    let limit = job.spec["backoffLimit"].as_i64().expect("a backoffLimit");
    let mut counted = 0;
    for exit_code in exit_codes {
        if *exit_code == 0 {
            return Standing::Complete;
        }
        match reaction(job, FailedPod::with(*exit_code)) {
            Reaction::FailJob => return Standing::Failed,
            Reaction::Ignore => {}
            Reaction::Count => counted += 1,
        }
        if counted > limit {
            return Standing::Failed;
        }
    }
    Standing::Retrying { counted }
}

/// Exit codes and what is right for each, whatever the manifests say.
pub const RIGHT: &[(ExitCode, Reaction)] = &[
    (ExitCode::Unfinished, Reaction::FailJob),
    (ExitCode::Usage, Reaction::FailJob),
    (ExitCode::Refused, Reaction::FailJob),
    (ExitCode::Interrupted, Reaction::Ignore),
    (ExitCode::Outside, Reaction::Count),
    // only the next window may go on
    (ExitCode::BudgetSpent, Reaction::FailJob),
    (ExitCode::Bug, Reaction::FailJob),
];

/// Out of memory: SIGKILL.
const KILLED: i64 = 137;

#[test]
fn every_exit_code_has_the_reaction_that_is_right_for_it() {
    for job in jobs() {
        let reaction_to = |exit_code| reaction(&job, FailedPod::with(exit_code));
        for (exit_code, right) in RIGHT {
            let found = reaction_to(*exit_code as i64);
            assert_eq!(found, *right, "{}: exit code {exit_code:?}", job.path);
        }
        assert_eq!(reaction_to(KILLED), Reaction::Count, "{}", job.path);
    }
}

#[test]
fn a_disruption_is_never_the_jobs_fault() {
    for job in jobs() {
        for exit_code in [1, 4, 5, 137, 143] {
            let pod = FailedPod { exit_code, disrupted: true };
            assert_eq!(reaction(&job, pod), Reaction::Ignore, "{}: {exit_code}", job.path);
        }
    }
}

#[test]
fn trouble_outside_is_retried_often_but_not_for_ever() {
    for job in jobs() {
        let hours = vec![5; 40];
        assert_eq!(standing(&job, &hours), Standing::Retrying { counted: 40 }, "{}", job.path);
        assert_eq!(standing(&job, &[5; 1_000]), Standing::Failed, "{}", job.path);
        let interrupted = vec![4; 1_000];
        assert_eq!(standing(&job, &interrupted), Standing::Retrying { counted: 0 }, "{}", job.path);
    }
}
