//! Finds the run that a command means: the one its token names, an unfinished one, or a new one.

use sha2::{Digest, Sha256};

use super::audited::{self, Beginning};
use super::passes::{self, PassKind};
use super::run_keys;
use super::throttle;
use crate::config::Config;
use crate::db::error::DatabaseError;
use crate::db::ledger::audit::EventKind;
use crate::db::ledger::run::{self, Ending, OpenRun, Relation, Wanted};
use crate::db::ledger::setup;
use crate::db::ledger::token::{self, NamedRun};
use crate::db::session::{Session, Terms};
use crate::db::transaction::Transaction;
use crate::error::{Error, ExitCode, Result};
use crate::plan::Plan;
use crate::plan::decide::Objections;
use crate::plan::ledger_checks::{self, LedgerFacts};
use crate::plan::make::Rings;

/// The run a command works on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Started {
    New(i64),
    Resumed(i64),
    /// The token names a run that has ended.
    Ended(i64),
}

impl Started {
    pub fn run_id(self) -> i64 {
        match self {
            Self::New(id) | Self::Resumed(id) | Self::Ended(id) => id,
        }
    }
}

/// What the command asks for, as the ledger tells runs apart.
pub fn wanted(config: &Config, digest_text: &str, rings: &Rings, plan: &Plan) -> Wanted {
    let digest = Sha256::digest(digest_text.as_bytes());
    Wanted {
        token: config.run.token.clone(),
        columns: plan.column_names(),
        left_out: config.left_out.clone(),
        keys: run_keys::of(config, rings),
        config_digest: data_encoding::HEXLOWER.encode(&digest),
        total_estimate: plan.estimated_records(),
    }
}

/// The ended run that a token names, before anything is planned: a late pod of a finished run.
pub async fn ended_by_token(session: &mut Session, token: Option<&str>) -> Result<Option<i64>> {
    let Some(token) = token else { return Ok(None) };
    if setup::version(session).await?.is_none() {
        return Ok(None);
    }
    let transaction = session.begin(&Terms::reading()).await?;
    let named = token::find(&transaction, token).await?;
    transaction.commit().await?;
    Ok(named.filter(NamedRun::has_ended).map(|run| run.run_id))
}

/// What the ledger says against this command, judged with everything else.
pub async fn check_ledger(
    session: &mut Session,
    config: &Config,
    wanted: &Wanted,
    plan: &mut Plan,
) -> Result<Relation> {
    let (relation, mut objections) = judge_besides(session, config, wanted, Some(plan)).await?;
    objections.none_or_all()?;
    plan.warnings.extend(objections.warnings);
    Ok(relation)
}

/// The refusals of a plan, and with them what the ledger says against its keys.
pub async fn with_refusals_of_ledger(
    session: &mut Session,
    config: &Config,
    rings: &Rings,
    mut refused: Error,
) -> Error {
    let wanted = Wanted {
        token: None,
        columns: Vec::new(), // not known: overlapping runs are left to the next attempt
        left_out: Vec::new(),
        keys: run_keys::of(config, rings),
        config_digest: String::new(),
        total_estimate: 0,
    };
    if refused.exit_code == ExitCode::Refused
        && let Ok((_, objections)) = judge_besides(session, config, &wanted, None).await
    {
        refused.others.extend(objections.refusals);
    }
    refused
}

/// What the catalogue does not say: the ledger, and whether the run's throttles can be asked.
async fn judge_besides(
    session: &mut Session,
    config: &Config,
    wanted: &Wanted,
    plan: Option<&Plan>,
) -> Result<(Relation, Objections)> {
    let (mut facts, mut objections) = (LedgerFacts::default(), Objections::default());
    let version = setup::version(session).await?;
    let transaction = session.begin(&Terms::reading()).await?;
    match version {
        Some(_) => {
            facts = ledger_checks::read(&transaction, &wanted.columns, &wanted.keys).await?;
        }
        None => objections.refusals.extend(setup::in_the_way(&transaction).await?),
    }
    transaction.commit().await?;
    throttle::check(session, &config.run.throttle, &mut objections).await?;
    let relation = ledger_checks::judge(&facts, wanted, plan, &config.run, &mut objections);
    Ok((relation, objections))
}

/// Starts, resumes or supersedes, under a lock: two processes with the same command find one run.
pub async fn start(
    session: &mut Session,
    config: &Config,
    rings: &Rings,
    wanted: &Wanted,
    plan: &Plan,
) -> Result<Started> {
    let cuts = match plan.needs_resealing {
        true => passes::cuts(session, plan).await?,
        false => passes::no_cuts(),
    };
    let beginning = Beginning { config, rings, wanted, plan };
    // durable: a crash that undid it would give the run's id to another run, under our feet
    let transaction = session.begin(&Terms::durable()).await?;
    setup::lock(&transaction).await?;
    if let Some(token) = &config.run.token
        && let Some(named) = token::find(&transaction, token).await?
    {
        let started = by_token(&named, wanted)?;
        if let Started::Resumed(run_id) = started {
            beginning.audit(&transaction, EventKind::RunResumed, run_id).await?;
        }
        transaction.commit().await?;
        return Ok(started);
    }
    let open = run::open_runs(&transaction, &wanted.columns).await?;
    let superseded = match run::relate(&open, wanted) {
        Relation::Resume(run_id) => {
            beginning.audit(&transaction, EventKind::RunResumed, run_id).await?;
            transaction.commit().await?;
            return Ok(Started::Resumed(run_id));
        }
        Relation::Overlap(run_id) => {
            return Err(Error::refused(format!(
                "run {run_id} was started meanwhile over these columns"
            ))
            .hint("run the same command again to see how they relate"));
        }
        Relation::Supersede(runs) => supersede(&transaction, runs, &open, wanted).await?,
        Relation::New => Vec::new(),
    };
    let run_id = run::start(&transaction, wanted).await?;
    let kind = if plan.needs_resealing { PassKind::Reseal } else { PassKind::Proof };
    let opened = passes::open(&transaction, run_id, 0, kind, plan, &cuts).await?;
    let who = &config.run.who;
    audited::superseded(&transaction, who, &superseded, run_id).await?;
    beginning.audit(&transaction, EventKind::RunStarted, run_id).await?;
    if let Some(pass) = opened {
        audited::pass(&transaction, who, run_id, pass, kind).await?;
    }
    transaction.commit().await?;
    Ok(Started::New(run_id))
}

/// The run that our token names. Under other keys its proof would not be about ours: what others did
/// of it is done with theirs.
fn by_token(named: &NamedRun, wanted: &Wanted) -> Result<Started> {
    let run_id = named.run_id;
    if named.has_ended() {
        return Ok(Started::Ended(run_id));
    }
    if named.is_of(wanted) {
        return Ok(Started::Resumed(run_id));
    }
    Err(Error::refused("RESEAL_RUN_TOKEN names a run of other keys, tables or layouts")
        .at(format!("run {run_id}"))
        .hint("give this command a token of its own (a new Job has one), or none"))
}

/// Ends these runs; answers those that had not ended by themselves.
async fn supersede(
    transaction: &Transaction<'_>,
    runs: Vec<i64>,
    open: &[OpenRun],
    wanted: &Wanted,
) -> Result<Vec<i64>, DatabaseError> {
    let mut ended = Vec::new();
    for run_id in runs {
        let run = open.iter().find(|run| run.run_id == run_id);
        let by = match run.is_some_and(|run| run.keys == wanted.keys) {
            true => "with the same keys and other tables or layouts",
            false => "whose keys include all of its own",
        };
        let ending = Ending {
            state: "superseded",
            exit_code: ExitCode::Refused,
            reason: Some(format!("superseded by a run {by}")),
            proof: None,
        };
        if run::end(transaction, run_id, &ending).await? {
            ended.push(run_id);
        }
    }
    Ok(ended)
}
