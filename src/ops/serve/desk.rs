//! What can be asked while a command works: how the newest run stands in the ledger, the keys' health, the
//! metrics, and how this process gets on. Knows no HTTP, and holds no key.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant, UNIX_EPOCH};

use serde::Serialize;

use super::history::{History, Point};
use super::live::{Live, ProcessShown};
use crate::config::{Config, ServiceKeyUse};
use crate::db::ledger::counted;
use crate::db::ledger::failure::{self, ReasonCount};
use crate::db::pool::Database;
use crate::db::session::Terms;
use crate::error::{Error, ExitCode, Result};
use crate::keys::{KeySource, LabelledSource, RingConfig};
use crate::kms::KmsSettings;
use crate::ops::health::{self, Health};
use crate::ops::ledger::status_of;
use crate::ops::unwrap;
use crate::plan::Plan;
use crate::report::status::StatusReport;
use crate::rotate::context::Context;
use crate::rotate::progress::Progress;
use crate::telemetry::metrics::{Metrics, Standing};

/// However many ask, the ledger is asked once in so long …
const FRESH: Duration = Duration::from_millis(500);
/// … and the keys are loaded once in so long.
const HEALTH_FRESH: Duration = Duration::from_secs(10);
/// … or a service is asked for its keys, or to unwrap ours.
const SERVICES_FRESH: Duration = Duration::from_secs(300);
/// How long somebody waits for the ledger.
const LEDGER_TIMEOUT: Duration = Duration::from_secs(2);

pub struct Desk {
    command: &'static str,
    begun: Instant,
    counting: Metrics,
    rings: BTreeMap<String, RingConfig>,
    service_keys: Vec<ServiceKeyUse>,
    database: OnceLock<Database>,
    run: OnceLock<Found>,
    work: OnceLock<Work>,
    history: Mutex<History>,
    exit_code: OnceLock<ExitCode>,
    /// What `verify` proved, in seconds since 1970; the ledger does not know it.
    verified: OnceLock<f64>,
    seen: tokio::sync::Mutex<Option<(Instant, Arc<Seen>)>>,
    health: tokio::sync::Mutex<Option<(Instant, Arc<Health>)>>,
}

/// The run that a process found or made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Unfinished(i64),
    /// It had ended before we came.
    Ended(i64),
}

/// The work of this process.
pub struct Work {
    pub workers: usize,
    pub progress: Arc<Progress>,
    pub expected: Vec<Expected>,
}

/// The records of a table, as the plan estimates them.
#[derive(Clone, Debug, Serialize)]
pub struct Expected {
    pub table: String,
    pub records: u64,
}

/// What the ledger says.
pub struct Seen {
    pub report: StatusReport,
    pub failures: Vec<ReasonCount>,
}

impl Work {
    pub fn of(context: &Context, plan: &Plan) -> Self {
        let expected = plan.tables().iter().map(|table| Expected {
            table: table.relation.plain(),
            records: table.estimate.values,
        });
        Self {
            workers: context.config.run.workers,
            progress: Arc::clone(&context.progress),
            expected: expected.collect(),
        }
    }
}

impl Desk {
    pub fn new(command: &'static str, counting: Metrics, config: &Config) -> Self {
        let mut service_keys = config.service_keys();
        // a proof seals nothing
        service_keys.iter_mut().for_each(|wanted| wanted.seals &= command != "verify");
        Self {
            command,
            begun: Instant::now(),
            counting,
            rings: config.rings.clone(),
            service_keys,
            database: OnceLock::new(),
            run: OnceLock::new(),
            work: OnceLock::new(),
            history: Mutex::default(),
            exit_code: OnceLock::new(),
            verified: OnceLock::new(),
            seen: tokio::sync::Mutex::default(),
            health: tokio::sync::Mutex::default(),
        }
    }

    /// What the engine counts in.
    pub fn counting(&self) -> Metrics {
        self.counting.clone()
    }

    /// From now on the ledger can be asked.
    pub fn connected(&self, database: &Database) {
        self.database.get_or_init(|| database.clone());
    }

    /// From now on it is this run that is asked for.
    pub fn found(&self, run: Found) {
        self.run.get_or_init(|| run);
    }

    /// From now on there is work.
    pub fn at_work(&self, work: Work) {
        self.work.get_or_init(|| work);
    }

    /// `verify` has proven this moment, given as RFC 3339 writes it.
    pub fn verified(&self, moment: &str) {
        if let Ok(moment) = humantime::parse_rfc3339(moment) {
            let since_1970 = moment.duration_since(UNIX_EPOCH).unwrap_or_default();
            self.verified.get_or_init(|| since_1970.as_secs_f64());
        }
    }

    /// The work has come to this; whoever asks from now on is told how the run stands after it.
    pub async fn ended(&self, exit_code: ExitCode) {
        self.exit_code.get_or_init(|| exit_code);
        *self.seen.lock().await = None;
    }

    /// What the pushed metrics are grouped by. `None` where they would take the place of those of the processes
    /// that did the run's work.
    pub fn group(&self) -> Option<String> {
        match self.run.get() {
            Some(Found::Unfinished(run_id)) => Some(run_id.to_string()),
            Some(Found::Ended(_)) => None,
            None if self.command == "run" => Some("none".to_owned()),
            None => Some(self.command.to_owned()),
        }
    }

    /// Notes how far it is; called at regular times.
    pub fn tick(&self) {
        self.counting.tidy();
        if self.exit_code.get().is_none()
            && let Some(work) = self.work.get()
        {
            let (seconds, counts) = (self.begun.elapsed().as_secs_f64(), work.progress.counts());
            let point = Point { seconds, values: counts.values, resealed: counts.resealed };
            self.history().offer(point);
        }
    }

    /// The metrics, in the text format of Prometheus. What the ledger says is as old as its last answer.
    pub async fn metrics(&self) -> String {
        if let Err(error) = self.seen().await {
            tracing::debug!(target: "reseal", "metrics without the ledger: {}", error.what);
        }
        if let Some(work) = self.work.get() {
            work.progress.tell_waits();
        }
        self.counting.render()
    }

    /// The run that this process works on, else the newest.
    ///
    /// # Errors
    /// Exit 5 when the ledger cannot be read.
    pub async fn seen(&self) -> Result<Arc<Seen>> {
        let mut kept = self.seen.lock().await;
        if let Some((at, seen)) = &*kept
            && at.elapsed() < FRESH
        {
            return Ok(Arc::clone(seen));
        }
        let late = |_| Error::outside("the ledger does not answer in time");
        let read = tokio::time::timeout(LEDGER_TIMEOUT, self.read()).await;
        let seen = Arc::new(read.map_err(late)??);
        *kept = Some((Instant::now(), Arc::clone(&seen)));
        Ok(seen)
    }

    async fn read(&self) -> Result<Seen> {
        let nowhere = || Error::outside("there is no connection to the database yet");
        let mut session = self.database.get().ok_or_else(nowhere)?.session().await?;
        let run_id = self.run.get().map(|run| match run {
            Found::Unfinished(run_id) | Found::Ended(run_id) => *run_id,
        });
        let (report, _) = status_of(&mut session, run_id).await?;
        let (mut failures, mut last_proof) = (Vec::new(), None);
        if let Some(run_id) = report.run_id {
            let transaction = session.begin(&Terms::reading()).await?;
            failures = failure::by_reason(&transaction, run_id).await?;
            last_proof = counted::last_proof(&transaction).await?;
            transaction.commit().await?;
        }
        self.counting.stands(&Standing {
            state: report.status,
            remaining_records: report.remaining_records,
            failed_records: report.failed_records,
            last_proof: self.verified.get().copied().or(last_proof),
        });
        Ok(Seen { report, failures })
    }

    /// The health of the keys, as `reseal health` finds it.
    ///
    /// # Errors
    /// A bug when the check itself ended in a panic.
    pub async fn health(&self) -> Result<Arc<Health>> {
        let mut kept = self.health.lock().await;
        if let Some((at, health)) = &*kept
            && at.elapsed() < self.health_fresh()
        {
            return Ok(Arc::clone(health));
        }
        let rings = self.rings.clone();
        let sources = self.rings.values().flat_map(RingConfig::sources);
        let unwrapped = unwrap::all(sources, KmsSettings::impatient(), false).await;
        let services = health::look_at(&self.service_keys, KmsSettings::impatient()).await;
        let check = move || Health::check(rings.values(), &unwrapped, services, false);
        let checked = tokio::task::spawn_blocking(check);
        let health = checked.await.map_err(|_| Error::bug("the health check panicked"))?;
        let health = Arc::new(health);
        *kept = Some((Instant::now(), Arc::clone(&health)));
        Ok(health)
    }

    fn health_fresh(&self) -> Duration {
        let is_wrapped = |source: &LabelledSource| matches!(source.from, KeySource::Wrapped(_));
        let has_wrapped = self.rings.values().flat_map(RingConfig::sources).any(is_wrapped);
        match has_wrapped || !self.service_keys.is_empty() {
            true => SERVICES_FRESH,
            false => HEALTH_FRESH,
        }
    }

    /// What the live page shows, as JSON.
    pub async fn live(&self) -> Result<String> {
        let (seen, trouble) = match self.seen().await {
            Ok(seen) => (Some(seen), None),
            Err(error) => (None, Some(error.what)),
        };
        let work = self.work.get();
        Live {
            command: self.command,
            version: env!("CARGO_PKG_VERSION"),
            status: seen.as_ref().map(|seen| &seen.report),
            trouble,
            failures: seen.as_ref().map_or(&[], |seen| &seen.failures),
            expected: work.map_or(&[], |work| &work.expected),
            process: ProcessShown::of(work, self.begun.elapsed(), self.history().points()),
            exit_code: self.exit_code.get().map(|code| *code as u8),
        }
        .to_json()
    }

    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
