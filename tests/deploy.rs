//! What `deploy/` ships, held against what the API server refuses and the schemas do not know, against
//! the program's own exit codes and words, and the runbook, step by step.
//!
//! The manifests are those of `deploy/`; `DEPLOY_RENDERED` names a directory of rendered ones instead
//! (`make test-deploy` renders every overlay and the chart).

mod support;

#[path = "deploy/api_server.rs"]
mod api_server;
#[path = "deploy/configuration.rs"]
mod configuration;
#[cfg(feature = "failpoints")]
#[path = "deploy/exit_codes.rs"]
mod exit_codes;
#[path = "deploy/failure_policy.rs"]
mod failure_policy;
#[path = "deploy/hardening.rs"]
mod hardening;
#[path = "deploy/manifests.rs"]
mod manifests;
#[path = "deploy/monitoring.rs"]
mod monitoring;
#[path = "deploy/runbook.rs"]
mod runbook;
#[path = "deploy/words.rs"]
mod words;
