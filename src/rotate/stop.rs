//! Whether this process is to stop at its next page, and why.

use std::time::Duration;

use tokio::sync::watch;

use crate::error::{Error, ExitCode, Result};

/// How long what is in hand may take after a stop was asked for: a page, unless it waits for a lock.
pub const STOP_GRACE: Duration = Duration::from_secs(2);

/// Why a process stops before the run has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopCause {
    /// A signal asked for it, or another worker of this process has failed.
    Asked,
    /// It has worked for as long as it may.
    TimeSpent(Duration),
}

/// Raises a stop; the first cause counts.
#[derive(Clone, Debug)]
pub struct StopSwitch(watch::Sender<Option<StopCause>>);

impl StopSwitch {
    pub fn raise(&self, cause: StopCause) {
        self.0.send_if_modified(|raised| {
            let is_first = raised.is_none();
            raised.get_or_insert(cause);
            is_first
        });
    }

    /// Raises it when so much time has passed.
    pub fn raise_after(&self, time: Duration) {
        let switch = self.clone();
        tokio::spawn(async move {
            tokio::time::sleep(time).await;
            switch.raise(StopCause::TimeSpent(time));
        });
    }
}

/// Whether somebody wants the process to stop.
#[derive(Clone, Debug)]
pub struct Stop(watch::Receiver<Option<StopCause>>);

/// A stop that signals, the clock or a failing worker raise.
pub fn stop() -> (StopSwitch, Stop) {
    let (sender, receiver) = watch::channel(None);
    (StopSwitch(sender), Stop(receiver))
}

impl Stop {
    pub fn is_wanted(&self) -> bool {
        self.0.borrow().is_some()
    }

    /// Goes on, unless the process is asked to stop.
    ///
    /// # Errors
    /// Exit 4 after a signal, 6 when the time is spent.
    pub fn check(&self) -> Result<()> {
        self.0.borrow().map_or(Ok(()), |cause| Err(stopped(cause)))
    }

    /// Waits, unless the process is asked to stop first.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn sleep(&self, pause: Duration) -> Result<()> {
        self.unless_wanted(tokio::time::sleep(pause)).await
    }

    /// Works until it is done, and for so long at most after a stop was asked for; then the work is dropped. What
    /// it has not committed is done again.
    ///
    /// # Errors
    /// As [`check`](Self::check), and those of the work.
    pub async fn grant<T>(
        &self,
        grace: Duration,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        let mut receiver = self.0.clone();
        let over = async {
            let cause = raised(&mut receiver).await;
            tokio::time::sleep(grace).await;
            cause
        };
        tokio::select! {
            done = work => done,
            cause = over => Err(stopped(cause)),
        }
    }

    /// Works until it is done, unless the process is asked to stop first; the work is then dropped.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub async fn unless_wanted<T>(&self, work: impl Future<Output = T>) -> Result<T> {
        let mut receiver = self.0.clone();
        tokio::select! {
            done = work => Ok(done),
            cause = raised(&mut receiver) => Err(stopped(cause)),
        }
    }
}

/// Returns when somebody asks; never when nobody is left who could.
async fn raised(receiver: &mut watch::Receiver<Option<StopCause>>) -> StopCause {
    let cause = receiver.wait_for(Option::is_some).await.ok().and_then(|cause| *cause);
    match cause {
        Some(cause) => cause,
        None => std::future::pending().await,
    }
}

fn stopped(cause: StopCause) -> Error {
    match cause {
        StopCause::Asked => {
            Error::new(ExitCode::Interrupted, "interrupted; the same command resumes")
        }
        StopCause::TimeSpent(time) => {
            let time = humantime::format_duration(time);
            Error::new(ExitCode::BudgetSpent, format!("the time budget of {time} is spent"))
                .at("max_duration")
                .hint("the same command resumes where this one stopped")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_first_cause_counts() {
        let (switch, stop) = stop();
        assert_eq!(stop.check(), Ok(()));
        assert_eq!(stop.sleep(Duration::ZERO).await, Ok(()));
        switch.raise(StopCause::TimeSpent(Duration::from_secs(7_200)));
        switch.raise(StopCause::Asked);
        let error = stop.sleep(Duration::from_secs(3_600)).await.unwrap_err();
        assert_eq!(error.exit_code, ExitCode::BudgetSpent);
        assert_eq!(error.what, "the time budget of 2h is spent");
        assert_eq!(stop.check(), Err(error));
    }

    #[tokio::test]
    async fn what_is_in_hand_has_its_time_and_no_more() {
        let (switch, stop) = stop();
        switch.raise(StopCause::Asked);
        let quick = stop.grant(Duration::from_secs(60), async { Ok(7) });
        assert_eq!(quick.await, Ok(7));
        let endless = stop.grant(Duration::from_millis(1), std::future::pending::<Result<()>>());
        assert_eq!(endless.await.unwrap_err().exit_code, ExitCode::Interrupted);
    }

    #[tokio::test]
    async fn nobody_left_who_could_ask_is_no_stop() {
        let (switch, stop) = stop();
        drop(switch);
        assert_eq!(stop.sleep(Duration::from_millis(1)).await, Ok(()));
    }
}
