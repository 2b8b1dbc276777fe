//! What leaves the process besides results: log lines on stderr. And what never does: the payload
//! of a panic, and memory in a core dump.

pub mod metrics;

use std::io::{self, IsTerminal};

use rustix::process::{Resource, Rlimit};
use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use crate::cli::{LogFormat, LoggingWords};
use crate::config::Environment;
use crate::error::{Error, Result};
use crate::report;

/// Starts logging as the command line says, else as `LOG_LEVEL` does, else at `info`.
///
/// Only events of this program are written: a library might log what it was given (a statement's
/// parameters, say), and those are values.
pub fn start(words: &LoggingWords, environment: &Environment) -> Result<()> {
    let level = level(words, environment)?;
    let colour = io::stderr().is_terminal() && environment.text("NO_COLOR")?.is_none();
    let layer = fmt::layer().with_writer(io::stderr).with_ansi(colour).with_target(false);
    let layer = match words.log_format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().flatten_event(true).with_ansi(false).boxed(),
    };
    let ours = Targets::new().with_target(env!("CARGO_PKG_NAME"), level);
    tracing_subscriber::registry()
        .with(layer.with_filter(ours))
        .try_init()
        .map_err(|_| Error::bug("logging was started twice"))
}

fn level(words: &LoggingWords, environment: &Environment) -> Result<LevelFilter> {
    match (words.verbose, words.quiet) {
        (0, 0) => {}
        (0, 1) => return Ok(LevelFilter::WARN),
        (0, _) => return Ok(LevelFilter::ERROR),
        (1, _) => return Ok(LevelFilter::DEBUG),
        (_, _) => return Ok(LevelFilter::TRACE),
    }
    let Some(text) = environment.text("LOG_LEVEL")? else { return Ok(LevelFilter::INFO) };
    text.parse().map_err(|_| {
        Error::usage("the log level is off, error, warn, info, debug or trace").at("env:LOG_LEVEL")
    })
}

/// Keeps what the process holds in memory out of everything it leaves behind. Of the measures against
/// a core dump each would do, so none is an error where the system does not know it.
pub fn keep_secrets_in_memory() {
    std::panic::set_hook(Box::new(|panic| report::panic(panic.location())));
    // core(5): no mapping at all is dumped. Written first: the last step takes the right away.
    drop(std::fs::write("/proc/self/coredump_filter", "0"));
    // setrlimit(2): no file, for this process and those it starts.
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    rustix::process::setrlimit(Resource::Core, none).ok();
    allow_inspection(false);
}

/// prctl(2), PR_SET_DUMPABLE: whether the kernel may dump the process, to a program too (the notes of a
/// dump hold registers), and whether other processes of its user may read its memory and environment.
pub(crate) fn allow_inspection(allowed: bool) {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::DumpableBehavior::{Dumpable, NotDumpable};
        let behavior = if allowed { Dumpable } else { NotDumpable };
        rustix::process::set_dumpable_behavior(behavior).ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(verbose: u8, quiet: u8) -> LoggingWords {
        LoggingWords { verbose, quiet, log_format: LogFormat::Text }
    }

    #[test]
    fn an_option_beats_the_variable_beats_the_default() {
        let unset = Environment::of_pairs(&[]);
        let debug = Environment::of_pairs(&[("LOG_LEVEL", "debug")]);
        assert_eq!(level(&words(0, 0), &unset), Ok(LevelFilter::INFO));
        assert_eq!(level(&words(0, 0), &debug), Ok(LevelFilter::DEBUG));
        assert_eq!(level(&words(2, 0), &debug), Ok(LevelFilter::TRACE));
        assert_eq!(level(&words(0, 1), &debug), Ok(LevelFilter::WARN));
        assert_eq!(level(&words(0, 2), &debug), Ok(LevelFilter::ERROR));
    }

    #[test]
    fn a_level_that_is_none_is_refused() {
        let loud = Environment::of_pairs(&[("LOG_LEVEL", "loud")]);
        assert_eq!(level(&words(0, 0), &loud).unwrap_err().place.as_deref(), Some("env:LOG_LEVEL"));
    }
}
