//! What all workers of a process share.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{Mutex, watch};

use super::commit::WriteTerms;
use super::fetch::Limits;
use super::progress::Progress;
use super::seal_budget::SealBudget;
use super::size::PageSize;
use super::throttle::Throttle;
use crate::config::{Config, Who};
use crate::db::ledger::run;
use crate::db::ledger::shard::Owner;
use crate::db::pool::Database;
use crate::db::session::{Session, Terms};
use crate::error::{Error, ExitCode, Result};
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
        let throttle = Throttle::new(config.run.rows_per_second);
        Self {
            database,
            config,
            rings,
            run_id,
            run_identity: OnceLock::new(),
            process: process_name(),
            seals,
            throttle,
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

    /// The size of a worker's first page.
    pub fn first_page(&self) -> PageSize {
        let run = &self.config.run;
        PageSize::new(self.throttle.page_rows(run.workers, run.page_rows_max), self.budget())
    }

    pub fn limits(&self) -> Limits {
        Limits {
            page_bytes_max: self.config.run.page_bytes_max,
            value_bytes_max: self.config.run.value_bytes_max,
        }
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

/// Whether somebody asked the process to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<bool>);

impl Stop {
    pub fn new(receiver: watch::Receiver<bool>) -> Self {
        Self(receiver)
    }

    pub fn is_wanted(&self) -> bool {
        *self.0.borrow()
    }

    /// The error that ends an interrupted command.
    pub fn interrupted() -> Error {
        Error::new(ExitCode::Interrupted, "interrupted; the same command resumes")
    }

    /// Waits, unless the process is asked to stop first.
    pub async fn sleep(&self, pause: Duration) -> Result<()> {
        let mut receiver = self.0.clone();
        tokio::select! {
            () = tokio::time::sleep(pause) => Ok(()),
            () = asked(&mut receiver) => Err(Self::interrupted()),
        }
    }
}

/// Returns when somebody asks; never when nobody is left who could.
async fn asked(receiver: &mut watch::Receiver<bool>) {
    if receiver.wait_for(|wanted| *wanted).await.is_err() {
        std::future::pending::<()>().await;
    }
}
