//! What all workers of a process share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::Mutex;

use super::budget::{RecordBudget, Share};
use super::commit::WriteTerms;
use super::control::Control;
use super::fetch::Limits;
use super::progress::Progress;
use super::seal_budget::SealBudget;
use super::size::PageSize;
use super::stop::Stop;
use super::throttle::Throttle;
use crate::config::{Config, Who};
use crate::db::ledger::run;
use crate::db::ledger::shard::Owner;
use crate::db::ledger::standing::{self, Standing, Wish};
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::error::{Error, Result};
use crate::plan::decide::Purpose;
use crate::plan::make::{self, Depth, Rings};
use crate::plan::{Plan, TablePlan};
use crate::telemetry::metrics::Metrics;

/// Everything a worker needs besides its session.
pub struct Context {
    pub database: Database,
    /// Every layout is resolved.
    pub config: Config,
    pub rings: Rings,
    pub run_id: i64,
    run_identity: OnceLock<run::Identity>,
    /// Names this process in the ledger; each worker adds its number.
    pub process: String,
    pub seals: SealBudget,
    pub throttle: Throttle,
    pub control: Control,
    pub records: RecordBudget,
    pub progress: Arc<Progress>,
    pub stop: Stop,
    purpose: Purpose,
    deadlock_timeout: Duration,
    plans: Mutex<PlansByPass>,
}

/// The tables as they were resolved for one pass.
#[derive(Default)]
struct PlansByPass {
    pass: i32,
    plan: Option<Arc<Plan>>,
}

impl Context {
    pub fn new(
        database: Database,
        config: Config,
        rings: Rings,
        run_id: i64,
        purpose: Purpose,
        deadlock_timeout: Duration,
        stop: Stop,
    ) -> Self {
        let seals = SealBudget::new(config.run.other_seals);
        let throttle = Throttle::new(&config.run);
        let control = Control::new(&config);
        let records = RecordBudget::new(config.run.max_records);
        Self {
            database,
            config,
            rings,
            run_id,
            run_identity: OnceLock::new(),
            process: process_name(),
            seals,
            throttle,
            control,
            records,
            progress: Arc::default(),
            stop,
            purpose,
            deadlock_timeout,
            plans: Mutex::new(PlansByPass::default()),
        }
    }

    /// Counts what is done in `metrics` too.
    #[must_use]
    pub fn counting(mut self, metrics: Metrics, plan: &Plan) -> Self {
        self.progress = Arc::new(Progress::counting(metrics, plan));
        self
    }

    /// Sees to it that a new session finds our run, and not another one of its id: after a failover, or
    /// when the database was restored, the ledger may be an older one.
    ///
    /// # Errors
    /// Exit 5, given up: this ledger will not hear of our run again.
    pub async fn find_run(&self, session: &mut Session) -> Result<()> {
        let transaction = session.begin(&Terms::reading()).await?;
        let found = run::identity(&transaction, self.run_id).await?;
        transaction.commit().await?;
        match found {
            Some(found) if *self.run_identity.get_or_init(|| found.clone()) == found => Ok(()),
            _ => Err(gone(self.run_id).given_up()),
        }
    }

    /// On whose behalf the run is worked on.
    pub fn who(&self) -> &Who {
        &self.config.run.who
    }

    pub fn owner(&self, worker: usize) -> Owner {
        Owner { name: format!("{}/{worker}", self.process), lease: self.config.run.lease }
    }

    /// Half of the server's `deadlock_timeout`.
    pub fn budget(&self) -> Duration {
        self.deadlock_timeout / 2
    }

    pub fn write_terms(&self, session: &Session) -> WriteTerms {
        WriteTerms {
            budget: self.budget(),
            lease: self.config.run.lease,
            compares_values: !session.is_direct(),
            session: session.stamp(),
        }
    }

    /// Whether a worker of this number is one too many.
    pub fn is_retired(&self, worker: usize) -> bool {
        worker > self.control.settings().workers
    }

    /// Rows of a page at most, as fast as the workers may be now.
    pub fn page_rows_max(&self) -> u32 {
        let workers = self.control.settings().workers;
        self.throttle.page_rows(workers, self.config.run.page_rows_max)
    }

    /// Looks what an operator wants, at most once a second for all workers of this process.
    ///
    /// # Errors
    /// Exit 5 when the ledger cannot be read, or no longer knows the run.
    pub async fn look(&self, session: &mut Session) -> Result<()> {
        if !self.control.is_due() {
            return Ok(());
        }
        let transaction = session.begin(&Terms::reading()).await?;
        let standing = standing::standing(&transaction, self.run_id).await?;
        transaction.commit().await?;
        self.hear(&standing.ok_or_else(|| gone(self.run_id))?);
        Ok(())
    }

    /// Takes over what an operator wants.
    pub fn hear(&self, standing: &Standing) {
        let run = self.run_id;
        if let Some(settings) = self.control.hear(standing.asked) {
            self.throttle.set_rows_per_second(settings.rows_per_second);
            tracing::info!(
                target: "reseal", run, workers = settings.workers,
                rows_per_second = settings.rows_per_second, "other settings"
            );
        }
        let is_paused = standing.wanted == Wish::Pause;
        if self.control.rest(is_paused) {
            let by = standing.wanted_by.as_deref().unwrap_or("an operator");
            let what = if is_paused { "paused" } else { "goes on" };
            tracing::info!(target: "reseal", run, by, "{what}");
        }
    }

    /// The size of a worker's first page.
    pub fn first_page(&self) -> PageSize {
        PageSize::new(self.page_rows_max(), self.budget())
    }

    pub fn limits(&self) -> Limits {
        Limits {
            page_bytes_max: self.config.run.page_bytes_max,
            value_bytes_max: self.config.run.value_bytes_max,
        }
    }

    /// Waits as long as something stands against a page that is only read and holds no shard.
    ///
    /// # Errors
    /// Exit 4 or 6 when the process is to stop; exit 5 when nobody knows whether it has to wait.
    pub async fn hold_reader(&self, session: &mut Session) -> Result<()> {
        loop {
            self.stop.check()?;
            self.throttle.ask(session).await?;
            let wait = self.throttle.wait(false, self.throttle.ticket());
            let Some((wait, pause)) = wait else { return Ok(()) };
            tracing::debug!(target: "reseal", reason = wait.reason.as_str(), "{wait}");
            let _waiting = self.progress.waits.begin(wait);
            self.stop.sleep(pause).await?;
        }
    }

    /// So many values were written, for which so much had been taken from the budget.
    pub fn wrote(&self, values: u64, share: Share) {
        self.records.give_back(share.taken.saturating_sub(values));
        self.throttle.wrote(values);
    }

    /// The plan of a pass: names, wildcards and partitions are resolved anew at its start.
    ///
    /// # Errors
    /// Exit 3 when the plan no longer holds.
    pub async fn plan_of(&self, pass: i32, session: &mut Session) -> Result<Arc<Plan>> {
        let mut plans = self.plans.lock().await;
        if let Some(plan) = plans.plan.as_ref().filter(|_| plans.pass == pass) {
            return Ok(Arc::clone(plan));
        }
        let plan = Arc::new(self.resolve(session).await?);
        *plans = PlansByPass { pass, plan: Some(Arc::clone(&plan)) };
        Ok(plan)
    }

    /// Sees, after some trouble, whether the row keys still are what the pass was planned with: a key that was
    /// retyped under it is met as nonsense on the wire.
    ///
    /// # Errors
    /// Exit 3 when the plan no longer holds.
    pub async fn check_plan(&self, session: &mut Session) -> Result<()> {
        let Some(plan) = self.plans.lock().await.plan.clone() else { return Ok(()) };
        let now = self.resolve(session).await?;
        let is_other = |table: &&Arc<TablePlan>| {
            now.tables().iter().any(|other| other.oid == table.oid && other.key != table.key)
        };
        let Some(table) = plan.tables().iter().find(is_other) else { return Ok(()) };
        Err(other_key(table))
    }

    /// Resolves the tables as they stand now.
    pub async fn resolve(&self, session: &mut Session) -> Result<Plan> {
        let mut config = self.config.clone();
        make::plan(session, &mut config, &self.rings, Depth::Catalogue, self.purpose).await
    }

    /// One table of a pass.
    pub async fn table(
        &self,
        pass: i32,
        relation: u32,
        session: &mut Session,
    ) -> Result<Arc<TablePlan>> {
        let plan = self.plan_of(pass, session).await?;
        let table = plan.tables().iter().find(|table| table.oid == relation);
        table.map(Arc::clone).ok_or_else(|| {
            Error::refused("a table of this pass is gone or no longer part of the configuration")
                .at(format!("relation {relation}"))
                .hint("start the run again")
        })
    }
}

/// What is said when a row key no longer is what the positions of a pass were taken from.
pub fn other_key(table: &TablePlan) -> Error {
    Error::refused("the row key was altered while the run went on")
        .at(table.relation.plain())
        .hint("run again: the plan then looks at the key as it is")
}

/// What is said of a run that the ledger does not know, or no longer.
pub fn gone(run_id: i64) -> Error {
    Error::outside("the run is gone from the ledger").at(format!("run {run_id}")).hint(
        "was the database restored, or a standby promoted before it had everything? run again",
    )
}

/// Host and process, and something no other process has.
fn process_name() -> String {
    let mut random = [0_u8; 4];
    // only a name: two equal ones would still be told apart by their epochs
    let _unnamed = getrandom::fill(&mut random);
    let host = crate::db::ledger::audit::host_name().unwrap_or_else(|| "host".to_owned());
    format!("{host}/{}/{:08x}", std::process::id(), u32::from_be_bytes(random))
}
