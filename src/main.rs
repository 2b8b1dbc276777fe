//! Parse, telemetry, dispatch, exit code; nothing else.

// Of the program, and not of its tests and benches; the other lints stand in Cargo.toml.
#![deny(clippy::let_underscore_must_use, reason = "`let _ =` hides a failure")]
#![deny(clippy::panic, reason = "troubles are errors with a place and a hint")]
#![deny(clippy::print_stderr, reason = "only report.rs prints: it knows what must not be shown")]
#![deny(clippy::print_stdout, reason = "… and a reader that has gone away is no panic")]
#![deny(clippy::unwrap_used, reason = "expect(\"why it cannot be\") is a proof, unwrap is a hope")]

use std::panic::catch_unwind;

use reseal::cli;
use reseal::config::{Command, Environment};
use reseal::error::{Error, ExitCode, Result};
use reseal::{demo, ops, report, telemetry};

fn main() -> std::process::ExitCode {
    telemetry::keep_secrets_in_memory();
    match catch_unwind(run) {
        Ok(Ok(code)) => code,
        Ok(Err(error)) => {
            report::error(&error);
            error.exit_code
        }
        Err(_) => ExitCode::Bug, // the panic hook has said where
    }
    .into()
}

fn run() -> Result<ExitCode> {
    let Some(words) = cli::parse(std::env::args_os())? else { return Ok(ExitCode::Done) };
    let environment = Environment::of_process();
    telemetry::start(&words.logging, &environment)?;
    let command = Command::resolve(words, &environment)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2) // they wait for the database; the work is done on rayon's threads
        .enable_all()
        .build()
        .map_err(|error| Error::outside(format!("cannot start: {error}")))?;
    runtime.block_on(dispatch(command))
}

async fn dispatch(command: Command) -> Result<ExitCode> {
    match command {
        Command::Health(command) => ops::health(&command).await,
        Command::GenerateKey(command) => ops::generate_key(&command).await,
        Command::Plan(command) => ops::plan(command).await,
        Command::Run(command) => ops::rotation::run(command).await,
        Command::Verify(command) => ops::rotation::verify(command).await,
        Command::Scan(command) => ops::scan::scan(command).await,
        Command::Status(command) => ops::ledger::status(command).await,
        Command::Failures(command) => ops::ledger::failures(command).await,
        Command::AcceptFailure(command) => ops::ledger::accept(command).await,
        Command::Pause(choice) => ops::control::pause(choice).await,
        Command::Resume(choice) => ops::control::resume(choice).await,
        Command::Set(command) => ops::control::set(command).await,
        Command::Abandon(choice) => ops::control::abandon(choice).await,
        Command::Report(command) => ops::run_report::report(command).await,
        Command::Audit(command) => ops::audit::audit(command).await,
        Command::Ledger(command) => ops::ledger::ledger(command).await,
        Command::Completions(shell) => ops::manual::completions(shell),
        Command::Man(directory) => ops::manual::man(directory.as_deref()),
        Command::Demo => demo::run().await.map(|()| ExitCode::Done),
    }
}
