//! `run` and `verify`, and what `plan` shares with them.

use std::sync::Arc;

use super::audit;
use super::gate::{self, Wanted as WantedKeys};
use super::outcome::{ended, leaves_it_unfinished, outcome, so_far};
use super::passphrases::Kept;
use super::serve::{Desk, Found, Served, Work};
use super::{passphrases, rings, signals};
use crate::config::{Config, GateConfig, RunCommand};
use crate::db::ledger::run::{Relation, Wanted};
use crate::db::ledger::setup;
use crate::db::pool::Database;
use crate::db::retry::Patience;
use crate::db::session::Session;
use crate::error::{Error, ExitCode, Result};
use crate::plan::Plan;
use crate::plan::decide::{Objections, Purpose};
use crate::plan::make::{self, Depth, Rings};
use crate::report;
use crate::report::progress::Shown;
use crate::rotate::context::Context;
use crate::rotate::start::{self, Started};
use crate::rotate::stop::{STOP_GRACE, Stop, StopSwitch};
use crate::rotate::{self, points, run_keys, throttle, verify};

/// Everything that was decided before the first write.
pub(super) struct Planned {
    /// With every layout resolved.
    pub(super) config: Config,
    pub(super) plan: Plan,
    pub(super) wanted: Wanted,
    pub(super) relation: Relation,
}

pub(super) async fn planned(
    session: &mut Session,
    mut config: Config,
    rings: &Rings,
    gate: &GateConfig,
) -> Result<Planned> {
    setup::refuse_newer(session).await?;
    // before layouts are filled in: the digest is of the words as written
    let digest_text = config.digest_text();
    let made = make::plan(session, &mut config, rings, Depth::Full, Purpose::Rotate).await;
    let mut plan = match gate::passed(made, gate, WantedKeys::BothKeys).await {
        Ok(plan) => plan,
        Err(error) => {
            return Err(start::with_refusals_of_ledger(session, &config, rings, error).await);
        }
    };
    let wanted = start::wanted(&config, &digest_text, rings, &plan);
    let relation = start::check_ledger(session, &config, &wanted, &mut plan).await?;
    Ok(Planned { config, plan, wanted, relation })
}

/// Re-encrypts, then proves.
pub async fn run(command: RunCommand) -> Result<ExitCode> {
    let served = Served::start("run", &command).await?;
    let ended = rotate(command, served.desk()).await;
    served.end(ended).await
}

async fn rotate(command: RunCommand, desk: &Desk) -> Result<ExitCode> {
    let (raise, stop) = signals::stop(&command.config.run)?;
    // a key service may take its time
    let mut rings = stop.unless_wanted(rings::all(&command.config)).await??;
    let (config, gate, output) = (command.config, command.gate, command.output);
    let database = connect(&config, &stop).await?;
    desk.connected(&database);
    let begin = async || begin(&database, &config, &gate, &mut rings, &stop, desk).await;
    let begun = patiently(&config, &stop, begin).await?;
    drop(rings);
    let run_id = match begun {
        Begun::Ended(run_id) => {
            desk.found(Found::Ended(run_id));
            run_id
        }
        Begun::Unfinished { context, records } => {
            let run_id = context.run_id;
            match work(context, records, raise).await {
                Err(stopped) if leaves_it_unfinished(&stopped) => {
                    return so_far(&database, run_id, &stopped, output).await;
                }
                worked => worked?,
            }
        }
    };
    outcome(&database, run_id, &config, &stop, output).await
}

/// The run that a command means.
enum Begun {
    /// Our token names it, and it has ended.
    Ended(i64),
    Unfinished {
        context: Arc<Context>,
        /// How many values are met until its end, estimated.
        records: u64,
    },
}

/// How often a start may find that others have named passphrases meanwhile: every other process does it once.
const NAMINGS_MAX: usize = 100;

/// Plans, and finds or makes the run. Whatever is lost on the way, it may be done again.
async fn begin(
    database: &Database,
    config: &Config,
    gate: &GateConfig,
    rings: &mut Rings,
    stop: &Stop,
    desk: &Desk,
) -> Result<Begun> {
    for _ in 0..NAMINGS_MAX {
        let begun = begin_as_named(database, config, gate, rings, stop, desk).await?;
        if let Some(begun) = begun {
            return Ok(begun);
        }
    }
    Err(Error::outside("other processes name passphrases again and again").at("reseal.passphrase"))
}

/// Nothing has begun when another process has named passphrases since they were compared with ours.
async fn begin_as_named(
    database: &Database,
    config: &Config,
    gate: &GateConfig,
    rings: &mut Rings,
    stop: &Stop,
    desk: &Desk,
) -> Result<Option<Begun>> {
    let mut session = database.session().await?;
    let ended = start::ended_by_token(&mut session, config.run.token.as_deref()).await?;
    if let Some(run_id) = ended {
        return Ok(Some(Begun::Ended(run_id)));
    }
    let named = passphrases::name(&mut session, rings.values_mut()).await?;
    let planned = planned(&mut session, config.clone(), rings, gate).await;
    if let Err(refused) = &planned
        && refused.exit_code == ExitCode::Refused
    {
        audit::plan_refused(&mut session, &config.run.who, refused).await;
    }
    let Planned { config, plan, wanted, .. } = planned?;
    tell(&plan);
    setup::ensure(&mut session).await?;
    crate::failpoint!("passphrases-named");
    if passphrases::keep(&mut session, &named).await? == Kept::Outdated {
        return Ok(None);
    }
    let started = start::start(&mut session, &config, rings, &wanted, &plan).await?;
    let run_id = started.run_id();
    let how = match started {
        Started::Ended(_) => return Ok(Some(Begun::Ended(run_id))),
        Started::New(_) => "started",
        Started::Resumed(_) => "resumed",
    };
    tracing::info!(target: "reseal", run = run_id, "{how}");
    // every value is met once in the proof, and once before when there is something to reseal
    let records = plan.estimated_records() * (1 + u64::from(plan.needs_resealing));
    let (database, rings, stop) = (database.clone(), rings.clone(), stop.clone());
    let (purpose, timeout) = (Purpose::Rotate, plan.deadlock_timeout);
    let context = Context::new(database, config, rings, run_id, purpose, timeout, stop);
    let context = context.counting(desk.counting(), &plan);
    context.find_run(&mut session).await?;
    desk.found(Found::Unfinished(run_id));
    desk.at_work(Work::of(&context, &plan));
    Ok(Some(Begun::Unfinished { context: Arc::new(context), records }))
}

/// Works on the run until it has ended.
async fn work(context: Arc<Context>, records: u64, raise: StopSwitch) -> Result<i64> {
    let run_id = context.run_id;
    let working = rotate::work(Arc::clone(&context), raise);
    let worked = tokio::select! {
        worked = shown(&context, Some(run_id), records, working) => worked,
        never = points::note(&context) => match never {},
    };
    // the workers have ended: nobody needs the keys any more
    drop(context);
    crate::failpoint!("keys-dropped");
    ended(worked)?;
    Ok(run_id)
}

/// Does something again for a while when trouble outside ends it.
pub(super) async fn patiently<T>(
    config: &Config,
    stop: &Stop,
    mut work: impl AsyncFnMut() -> Result<T>,
) -> Result<T> {
    let mut patience = Patience::new(config.run.retry_for);
    loop {
        match stop.grant(STOP_GRACE, work()).await {
            Ok(done) => return Ok(done),
            Err(error) => stop.sleep(patience.next_pause(error)?).await?,
        }
    }
}

/// Proves with the current key alone; writes nothing.
pub async fn verify(command: RunCommand) -> Result<ExitCode> {
    let served = Served::start("verify", &command).await?;
    let ended = prove(command, served.desk()).await;
    served.end(ended).await
}

async fn prove(command: RunCommand, desk: &Desk) -> Result<ExitCode> {
    let (_raise, stop) = signals::stop(&command.config.run)?;
    let mut rings = stop.unless_wanted(rings::current_only(&command.config)).await??;
    let database = connect(&command.config, &stop).await?;
    desk.connected(&database);
    let mut session = database.session().await?;
    setup::refuse_newer(&mut session).await?;
    passphrases::name(&mut session, rings.values_mut()).await?;
    let mut config = command.config;
    let made = make::plan(&mut session, &mut config, &rings, Depth::Full, Purpose::Verify).await;
    let plan = match command.after_removal {
        true => gate::passed(made, &command.gate, WantedKeys::CurrentKeyAlone).await?,
        false => made?,
    };
    let purpose = Purpose::Verify;
    let mut objections = Objections { purpose, ..Objections::default() };
    throttle::check(&mut session, &config.run.throttle, &mut objections).await?;
    objections.none_or_all()?;
    let context =
        Context::new(database.clone(), config, rings, 0, purpose, plan.deadlock_timeout, stop);
    let context = Arc::new(context.counting(desk.counting(), &plan));
    desk.at_work(Work::of(&context, &plan));
    let records = plan.estimated_records();
    let proving = verify::verify(&mut session, &context);
    let verdict = shown(&context, None, records, proving).await?;
    if verdict.is_good() {
        desk.verified(&verdict.moment.time);
    }
    audit::verified(&mut session, &context.config.run.who, &context.rings, &verdict).await?;
    let mut keys: Vec<String> =
        context.rings.values().map(|ring| ring.current().id().to_string()).collect();
    keys.extend(run_keys::written_services(&context.config));
    let left_out = &context.config.left_out;
    let shown = report::verify::of(&verdict, keys, &plan.column_names(), left_out);
    report::result(&shown, command.output)?;
    Ok(if verdict.is_good() { ExitCode::Done } else { ExitCode::Unfinished })
}

/// Connects; a server that is starting up or full is tried again for a while.
async fn connect(config: &Config, stop: &Stop) -> Result<Database> {
    patiently(config, stop, async || Database::connect(&config.database).await).await
}

/// Tells the plan's warnings to the log.
fn tell(plan: &Plan) {
    for warning in &plan.warnings {
        tracing::warn!(target: "reseal", place = warning.place, hint = warning.hint, "{}", report::OneLine(&warning.what));
    }
}

/// Shows progress while the work goes on; it is off the screen before anything else is printed.
async fn shown<T>(
    context: &Context,
    run: Option<i64>,
    expected: u64,
    work: impl Future<Output = T>,
) -> T {
    let mut shown = Shown::start(&context.progress, run, expected);
    tokio::pin!(work);
    loop {
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(shown.interval()) => shown.update(),
        }
    }
}
