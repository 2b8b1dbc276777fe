//! How fast a service is called: a bounded number of calls at once and a second, and fewer of them
//! as soon as the service says that it is too much. Its quota is shared with the application.

use std::sync::Mutex;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::KmsSettings;
use super::figures::{Outcome, note};
use super::trouble::Trouble;
use super::uri::Service;
use crate::db::retry::Patience;
use crate::error::Result;

mod rate;

use rate::Rate;

/// Enough for the rates below at 30 ms a call.
const CALLS_AT_ONCE: usize = 32;

/// Longer than any service lets a call take; a connection that hangs ends here.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);

/// The longest pause that a service may ask for.
const PAUSE_MAX: Duration = Duration::from_secs(60);

/// Half of the quota that each service gives by default, or less: see docs/kms.md.
pub(super) const fn usual_rate(service: Service) -> u32 {
    match service {
        Service::Aws => 1_000,
        Service::Gcp => 500,
        Service::Azure => 200,
        Service::Vault => 500,
    }
}

/// The pace of one service.
pub(super) struct Pace {
    service: Service,
    retry_for: Duration,
    permits: Semaphore,
    rate: Mutex<Rate>,
}

impl Pace {
    pub(super) fn new(service: Service, settings: KmsSettings) -> Self {
        let most = settings.calls_per_second_to(service);
        Self {
            service,
            retry_for: settings.retry_for,
            permits: Semaphore::new(CALLS_AT_ONCE),
            rate: Mutex::new(Rate::new(most, Instant::now())),
        }
    }

    /// Calls until there is an answer, no attempt would help, or the time for attempts is over.
    pub(super) async fn call<T, F>(&self, attempt: impl Fn() -> F) -> Result<T>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let mut patience = Patience::new(self.retry_for);
        loop {
            let asked_to_wait = match self.attempt(&attempt).await {
                Ok(answer) => return Ok(answer),
                Err(
                    Trouble::Final(error) | Trouble::Denied(error) | Trouble::Credentials(error),
                ) => return Err(error),
                Err(Trouble::Item(refused)) => return Err(refused.error),
                Err(trouble) => {
                    let after = match trouble {
                        Trouble::Throttled { after } => after.unwrap_or_default(),
                        _ => Duration::ZERO,
                    };
                    after.max(patience.next_pause(trouble.into_error(self.service))?)
                }
            };
            sleep(asked_to_wait.min(PAUSE_MAX)).await;
        }
    }

    async fn attempt<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let _permit = self.permits.acquire().await;
        let turn = self.rate().turn(Instant::now());
        sleep_until(turn).await;
        let began = Instant::now();
        let answer = timeout(CALL_TIMEOUT, attempt()).await;
        let answer = answer.unwrap_or_else(|_| {
            let seconds = CALL_TIMEOUT.as_secs();
            Err(Trouble::unreachable(self.service, &format!("no answer within {seconds} s")))
        });
        let outcome = match &answer {
            Ok(_) => Outcome::Answered,
            Err(Trouble::Throttled { .. }) => Outcome::Throttled,
            Err(_) => Outcome::Failed,
        };
        note(self.service, outcome, began.elapsed());
        match outcome {
            Outcome::Answered => self.rate().answered(Instant::now()),
            Outcome::Throttled => self.rate().throttled(Instant::now()),
            Outcome::Failed => {}
        }
        answer
    }

    fn rate(&self) -> std::sync::MutexGuard<'_, Rate> {
        // whoever panicked with it held numbers that are still numbers
        self.rate.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
