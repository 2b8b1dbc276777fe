//! What others see of a command while it works and after: over HTTP, and pushed at the end.

mod desk;
mod history;
mod live;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::listen::Listening;
use super::{push, signals};
use crate::config::{PushConfig, RunCommand};
use crate::error::{ExitCode, Result};
use crate::report;
use crate::telemetry::metrics::Metrics;

pub(super) use desk::{Desk, Found, Work};

/// How often progress is noted for the plot of the live page.
const TICK: Duration = Duration::from_secs(1);

/// A command that is shown, from its start to after its end.
pub(super) struct Served {
    desk: Arc<Desk>,
    listening: Option<Listening>,
    linger: Duration,
    push: Option<PushConfig>,
    ticking: Option<JoinHandle<()>>,
}

impl Served {
    /// Begins to listen, if that is wanted.
    ///
    /// # Errors
    /// Exit 5 when the address cannot be listened on.
    pub async fn start(name: &'static str, command: &RunCommand) -> Result<Self> {
        let config = &command.serve;
        let metrics = if config.is_wanted() { Metrics::counting()? } else { Metrics::default() };
        let desk = Arc::new(Desk::new(name, metrics, &command.config));
        let listening = match &config.listen {
            Some(listen) => Some(Listening::start(listen, Arc::clone(&desk)).await?),
            None => None,
        };
        let ticking = config.is_wanted().then(|| tokio::spawn(tick(Arc::clone(&desk))));
        let linger = config.listen.as_ref().map(|listen| listen.linger).unwrap_or_default();
        Ok(Self { desk, listening, linger, push: config.push.clone(), ticking })
    }

    pub fn desk(&self) -> &Desk {
        &self.desk
    }

    /// Pushes the metrics and lingers, as far as that is wanted; the outcome stays what it is. A trouble
    /// that ended the command is said before the wait.
    pub async fn end(self, ended: Result<ExitCode>) -> Result<ExitCode> {
        if self.listening.is_none() && self.push.is_none() {
            return ended;
        }
        let exit_code = ended.unwrap_or_else(|error| {
            report::error(&error);
            error.exit_code
        });
        self.desk.ended(exit_code).await;
        if let (Some(config), Some(group)) = (&self.push, self.desk.group()) {
            let metrics = self.desk.metrics().await;
            if let Err(error) = push::push(config, &group, metrics).await {
                tracing::warn!(target: "reseal", place = error.place, "{}", error.what);
            }
        }
        if let Some(listening) = self.listening {
            // who was interrupted has no time to linger
            if exit_code != ExitCode::Interrupted && !self.linger.is_zero() {
                tracing::info!(target: "reseal", seconds = self.linger.as_secs(), "lingering");
                signals::wait(self.linger).await?;
            }
            listening.stop().await;
        }
        if let Some(ticking) = self.ticking {
            ticking.abort();
        }
        Ok(exit_code)
    }
}

async fn tick(desk: Arc<Desk>) {
    loop {
        desk.tick();
        tokio::time::sleep(TICK).await;
    }
}
