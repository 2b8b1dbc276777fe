//! What a service accepts from its callers: tokens that expire, and those that come after them.

use std::time::{Duration, Instant};

#[derive(Default)]
pub struct Credentials {
    /// So many have expired.
    expired: usize,
    /// How long one lives, and since when.
    lives: Option<(Duration, Instant)>,
    turned_away: usize,
    renewals: usize,
}

impl Credentials {
    /// What was accepted is not any more.
    pub fn expire(&mut self) {
        self.expired += 1;
    }

    /// From now on they live for so long, unless they are renewed.
    pub fn live_for(&mut self, time: Duration) {
        self.lives = Some((time, Instant::now()));
    }

    /// Answers the seconds that they live from now on.
    pub fn renew(&mut self) -> u64 {
        self.renewals += 1;
        if let Some((_, since)) = &mut self.lives {
            *since = Instant::now();
        }
        self.seconds()
    }

    pub fn renewals(&self) -> usize {
        self.renewals
    }

    /// So many they live; 0 for ever.
    pub fn seconds(&self) -> u64 {
        self.lives.map_or(0, |(time, _)| time.as_secs())
    }

    /// How the one is written that is accepted now.
    pub fn written(&self, first: &str) -> String {
        if self.expired == 0 { first.to_owned() } else { format!("{first}{}", self.expired) }
    }

    pub fn number(&self) -> usize {
        self.expired
    }

    /// Whether somebody is let in who has this.
    pub fn accept(&mut self, is_known: bool) -> bool {
        let is_alive = self.lives.is_none_or(|(time, since)| since.elapsed() < time);
        let is_let_in = is_known && is_alive;
        self.turned_away += usize::from(!is_let_in);
        is_let_in
    }

    pub fn turned_away(&self) -> usize {
        self.turned_away
    }
}
