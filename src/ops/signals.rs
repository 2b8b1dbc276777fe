//! SIGTERM and SIGINT: the first asks for a stop at the next page, the second stops at once. Both are
//! safe: what was not committed is done again.

use std::sync::LazyLock;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use crate::config::RunConfig;
use crate::error::{Error, ExitCode, Result};
use crate::rotate::stop::{self, Stop, StopCause, StopSwitch};

/// A stop that signals raise, and the clock when the time of the command is bounded.
pub fn stop(config: &RunConfig) -> Result<(StopSwitch, Stop)> {
    let (raise, stop) = stop::stop();
    watch_for(raise.clone())?;
    if let Some(time) = config.max_duration {
        raise.raise_after(time);
    }
    Ok((raise, stop))
}

/// Whether a signal came at any time, however long before somebody asks. Signals are the process's.
static ASKED: LazyLock<watch::Sender<bool>> = LazyLock::new(|| watch::channel(false).0);

/// Raises `stop` at the first signal, and ends the process at the second.
fn watch_for(stop: StopSwitch) -> Result<()> {
    let [mut terminate, mut interrupt] = signals()?;
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
            tracing::info!(target: "reseal", "asked to stop: what is in hand is finished");
            ASKED.send_replace(true);
            stop.raise(StopCause::Asked);
        }
    });
    Ok(())
}

/// Waits, until a signal at most; not at all when one came already.
pub async fn wait(time: Duration) -> Result<()> {
    let [mut terminate, mut interrupt] = signals()?;
    let mut asked = ASKED.subscribe();
    tokio::select! {
        () = tokio::time::sleep(time) => {}
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
        _ = asked.wait_for(|asked| *asked) => {}
    }
    Ok(())
}

fn signals() -> Result<[Signal; 2]> {
    let wrong = |_| Error::outside("cannot listen for signals");
    let listen = |kind| signal(kind).map_err(wrong);
    Ok([listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?])
}
