//! So many calls a second: down by half when the service throttles, up again by a tenth a second.

use std::time::Duration;

use tokio::time::Instant;

/// However much a service throttles, it is asked this often.
const LEAST: f64 = 0.5;
/// Throttling answers within this time are one message, and raises are as far apart.
const INTERVAL: Duration = Duration::from_secs(1);

/// Turns are handed out evenly, so that a second has no burst at its beginning.
#[derive(Debug)]
pub(super) struct Rate {
    /// Calls a second, as configured.
    most: f64,
    /// … and as the service lets us.
    allowed: f64,
    next_turn: Instant,
    changed: Instant,
    /// Answers since `counted_since`: what the service could do when it began to throttle.
    answers: u32,
    counted_since: Instant,
}

impl Rate {
    pub(super) fn new(most: u32, now: Instant) -> Self {
        let most = f64::from(most).max(LEAST);
        let (next_turn, changed, counted_since) = (now, now, now);
        Self { most, allowed: most, next_turn, changed, answers: 0, counted_since }
    }

    /// When the next call may begin.
    pub(super) fn turn(&mut self, now: Instant) -> Instant {
        let turn = self.next_turn.max(now);
        self.next_turn = turn + Duration::from_secs_f64(1.0 / self.allowed);
        turn
    }

    pub(super) fn answered(&mut self, now: Instant) {
        if now - self.counted_since > INTERVAL {
            (self.answers, self.counted_since) = (0, now);
        }
        self.answers += 1;
        if self.allowed < self.most && now - self.changed >= INTERVAL {
            self.allowed = (self.allowed * 1.1 + LEAST).min(self.most);
            self.changed = now;
        }
    }

    pub(super) fn throttled(&mut self, now: Instant) {
        if self.allowed < self.most && now - self.changed < INTERVAL {
            return;
        }
        let seconds = (now - self.counted_since).max(INTERVAL).as_secs_f64();
        let reached = f64::from(self.answers) / seconds;
        self.allowed = (self.allowed.min(reached) / 2.0).max(LEAST);
        self.changed = now;
        // calls that wait for their turn wait at the new rate
        self.next_turn = self.next_turn.max(now + Duration::from_secs_f64(1.0 / self.allowed));
    }

    #[cfg(test)]
    pub(super) fn allowed(&self) -> f64 {
        self.allowed
    }
}
