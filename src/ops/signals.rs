//! SIGTERM and SIGINT: the first asks for a stop at the next page, the second stops at once. Both are
//! safe: what was not committed is done again.

use crate::config::RunConfig;
use crate::error::{Error, ExitCode, Result};
use crate::rotate::stop::{self, Stop, StopCause, StopSwitch};
use tokio::signal::unix::{SignalKind, signal};

/// A stop that signals raise, and the clock when the time of the command is bounded.
pub fn stop(config: &RunConfig) -> Result<(StopSwitch, Stop)> {
    let (raise, stop) = stop::stop();
    watch_for(raise.clone())?;
    if let Some(time) = config.max_duration {
        raise.raise_after(time);
    }
    Ok((raise, stop))
}

/// Raises `stop` at the first signal, and ends the process at the second.
fn watch_for(stop: StopSwitch) -> Result<()> {
    let wrong = |_| Error::outside("cannot listen for signals");
    let mut terminate = signal(SignalKind::terminate()).map_err(wrong)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(wrong)?;
    tokio::spawn(async move {
        for nth in 1.. {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
            if nth > 1 {
                #[expect(
                    clippy::exit,
                    reason = "the second signal stops at once; nothing is left to tidy up"
                )]
                std::process::exit(ExitCode::Interrupted as i32);
            }
            tracing::info!(target: "reseal", "asked to stop: finishing the page in hand");
            stop.raise(StopCause::Asked);
        }
    });
    Ok(())
}
