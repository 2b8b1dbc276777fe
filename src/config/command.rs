//! What a command line means: one command with all it needs to know.

use std::path::PathBuf;

use clap_complete::Shell;

use crate::cli::{self, CommandWords, Output, RunWords, ServeWords, VerifyWords};
use crate::config::control::{RunChoice, SetCommand};
use crate::config::file::FileWords;
use crate::config::run::number;
use crate::config::word::Word;
use crate::config::{
    AuditCommand, Config, DatabaseConfig, Environment, GateConfig, GenerateKeyCommand,
    HealthCommand, ReportCommand, RunConfig, ScanCommand, ServeConfig, Troubles, Who, only, rings,
    tables,
};
use crate::error::{Error, Result};

/// A command, ready to be carried out.
#[derive(Debug)]
pub enum Command {
    Plan(RunCommand),
    Run(RunCommand),
    Verify(RunCommand),
    Scan(ScanCommand),
    Status(StatusCommand),
    Failures(FailuresCommand),
    AcceptFailure(AcceptCommand),
    Pause(RunChoice),
    Resume(RunChoice),
    Set(SetCommand),
    Abandon(RunChoice),
    Audit(AuditCommand),
    Report(ReportCommand),
    Ledger(LedgerCommand),
    Health(HealthCommand),
    GenerateKey(GenerateKeyCommand),
    Demo,
    Completions(Shell),
    /// The page of the program on stdout, or those of all commands in a directory.
    Man(Option<PathBuf>),
}

/// `plan`, `run` and `verify` are told the same.
#[derive(Debug)]
pub struct RunCommand {
    pub config: Config,
    pub output: Output,
    pub serve: ServeConfig,
    pub gate: GateConfig,
    /// `verify` only: the previous keys were removed from the services.
    pub after_removal: bool,
    /// `plan` only: look for columns that the configuration does not name.
    pub coverage: bool,
}

#[derive(Debug)]
pub struct StatusCommand {
    pub database: DatabaseConfig,
    /// `None` for the newest run.
    pub run: Option<i64>,
    /// Wait until the run has ended.
    pub wait: bool,
    pub output: Output,
}

#[derive(Debug)]
pub struct FailuresCommand {
    pub database: DatabaseConfig,
    /// Also those that were resolved or accepted.
    pub all: bool,
    pub output: Output,
}

#[derive(Debug)]
pub struct AcceptCommand {
    pub database: DatabaseConfig,
    pub id: i64,
    pub reason: String,
    pub who: Who,
    pub output: Output,
}

#[derive(Debug)]
pub enum LedgerCommand {
    Create { database: DatabaseConfig, output: Output },
    PrintSql,
}

impl Command {
    pub fn resolve(words: cli::Cli, environment: &Environment) -> Result<Command> {
        let verbose = words.logging.verbose > 0;
        Ok(match words.command {
            CommandWords::Plan(words) => {
                let command = of_run(&words.run, None, environment)?;
                Command::Plan(RunCommand { coverage: !words.no_coverage, ..command })
            }
            CommandWords::Run(words) => {
                Command::Run(of_run(&words.run, Some(&words.serve), environment)?)
            }
            CommandWords::Verify(words) => Command::Verify(verify(&words, environment)?),
            CommandWords::Scan(words) => Command::Scan(ScanCommand::resolve(words, environment)?),
            CommandWords::Status(words) => Command::Status(StatusCommand {
                database: database(&words.file, environment)?,
                run: words.run.map(|text| id("--run", text)).transpose()?,
                wait: words.wait,
                output: words.output.output,
            }),
            CommandWords::Failures(words) => failures(words, environment)?,
            CommandWords::Pause(words) => Command::Pause(RunChoice::resolve(words, environment)?),
            CommandWords::Resume(words) => Command::Resume(RunChoice::resolve(words, environment)?),
            CommandWords::Set(words) => Command::Set(SetCommand::resolve(words, environment)?),
            CommandWords::Abandon(words) => {
                Command::Abandon(RunChoice::resolve(words, environment)?)
            }
            CommandWords::Audit(words) => {
                Command::Audit(AuditCommand::resolve(words, environment)?)
            }
            CommandWords::Report(words) => {
                Command::Report(ReportCommand::resolve(words, environment)?)
            }
            CommandWords::Ledger(words) if words.print_sql => {
                Command::Ledger(LedgerCommand::PrintSql)
            }
            CommandWords::Ledger(words) => Command::Ledger(LedgerCommand::Create {
                database: database(&words.file, environment)?,
                output: words.output.output,
            }),
            CommandWords::Health(words) => {
                Command::Health(HealthCommand::resolve(words, verbose, environment)?)
            }
            CommandWords::GenerateKey(words) => {
                Command::GenerateKey(GenerateKeyCommand::resolve(words, environment)?)
            }
            CommandWords::Demo => Command::Demo,
            CommandWords::Completions(words) => Command::Completions(words.shell),
            CommandWords::Man(words) => Command::Man(words.directory),
        })
    }
}

fn of_run(
    words: &RunWords,
    serve: Option<&ServeWords>,
    environment: &Environment,
) -> Result<RunCommand> {
    let file = FileWords::find(words.file.config.as_deref(), environment)?;
    let mut troubles = Troubles::default();
    let tables = tables::resolve(words, &file, &mut troubles);
    let not_typed = tables::left_out_by_words(words, &file, &tables);
    let (tables, mut left_out) = only::part(&words.only, tables, &mut troubles);
    left_out.extend(not_typed);
    let uses = |name: &str| tables.iter().any(|table| table.needs_ring() && table.ring == name);
    let mut rings = rings::resolve(&words.keys, &file, uses(rings::DEFAULT_RING), &mut troubles);
    rings.retain(|name, _| uses(name));
    rings::tell_uses(&mut rings, &tables);
    let database = DatabaseConfig::resolve(&file, environment, &mut troubles);
    let run = RunConfig::resolve(&words.settings, file.run, environment, &mut troubles);
    let serve = serve.map_or_else(ServeConfig::default, |words| {
        ServeConfig::resolve(words, file.serve, environment, &mut troubles)
    });
    let gate = GateConfig::resolve(&file.gate, environment, &mut troubles);
    if let Some(database) = &database
        && database.max_connections <= run.workers
    {
        let (most, workers) = (database.max_connections, run.workers);
        let what = format!("{most} connections are too few for workers = {workers}");
        let error = Error::usage(what).at("max_connections");
        troubles
            .add(error.hint(format!("allow {} (DB_MAX_CONNS), or use fewer workers", workers + 1)));
    }
    let widest = tables.iter().map(|table| table.columns.len() as u64).max().unwrap_or(0);
    if let Some(most) = run.max_records.filter(|most| most.get() < widest) {
        let what = format!("max_records = {most} is less than the {widest} columns of one row");
        troubles.add(Error::usage(what).hint("allow at least one row"));
    }
    troubles.none_or_all()?;
    let database = database.expect("a database that is missing is one of the troubles");
    let config = Config { rings, database, tables, left_out, run };
    let output = words.output.output;
    Ok(RunCommand { config, output, serve, gate, after_removal: false, coverage: false })
}

fn verify(words: &VerifyWords, environment: &Environment) -> Result<RunCommand> {
    let command = of_run(&words.run, Some(&words.serve), environment)?;
    if words.after_removal && command.gate.health.is_empty() {
        return Err(Error::usage("no service is named that could be asked")
            .at("--after-removal")
            .hint("name them in reseal.toml: [gate] health = [\"https://…/health/crypto\"]"));
    }
    Ok(RunCommand { after_removal: words.after_removal, ..command })
}

pub(super) fn database(file: &cli::FileWords, environment: &Environment) -> Result<DatabaseConfig> {
    let file = FileWords::find(file.config.as_deref(), environment)?;
    let mut troubles = Troubles::default();
    let database = DatabaseConfig::resolve(&file, environment, &mut troubles);
    troubles.none_or_all()?;
    Ok(database.expect("a database that is missing is one of the troubles"))
}

/// For a command that puts a word into the ledger: who does it is audited.
pub(super) fn database_and_who(
    file: &cli::FileWords,
    why: &cli::WhyWords,
    environment: &Environment,
) -> Result<(DatabaseConfig, Who)> {
    let file = FileWords::find(file.config.as_deref(), environment)?;
    let mut troubles = Troubles::default();
    let database = DatabaseConfig::resolve(&file, environment, &mut troubles);
    let reason = why.reason.as_ref();
    let who = Who::resolve(&why.who, reason, &file.run, environment, &mut troubles);
    troubles.none_or_all()?;
    Ok((database.expect("a database that is missing is one of the troubles"), who))
}

fn failures(words: cli::FailuresWords, environment: &Environment) -> Result<Command> {
    let Some(cli::FailureWords::Accept(words)) = words.accept else {
        return Ok(Command::Failures(FailuresCommand {
            database: database(&words.list.file, environment)?,
            all: words.list.all,
            output: words.list.output.output,
        }));
    };
    let reason = Word::new(words.reason.trim(), "--reason");
    if reason.text.is_empty() || reason.text.chars().count() > 1_000 {
        return Err(reason.wrong("a reason has 1 to 1000 characters"));
    }
    let why = cli::WhyWords { who: words.who, reason: None };
    let (database, who) = database_and_who(&words.file, &why, environment)?;
    Ok(Command::AcceptFailure(AcceptCommand {
        database,
        id: id("the failure's id", words.id)?,
        reason: reason.text,
        who,
        output: words.output.output,
    }))
}

pub(super) fn id(name: &str, text: String) -> Result<i64> {
    number("an id", &Word::new(text, name), &(1..=i64::MAX))
}
