//! What is done to the job, its connections and its server, and when: decided by a seed alone.
//!
//! Counts are no matter of luck: every round has its fixed number of each mischief, and the seed decides
//! their order, their moments and their details.

use std::time::Duration;

use crate::support::Dice;

/// One thing that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mischief {
    /// `kill -9` of a reseal process.
    Kill { process: usize },
    /// SIGSTOP, and SIGCONT after a while: often longer than its lease.
    Stop { process: usize, pause: Duration },
    /// SIGTERM: it finishes its page and ends in 4.
    Ask { process: usize },
    /// `pg_terminate_backend` of one of the job's backends, or of the application's.
    Terminate { of_the_job: bool, which: usize },
    /// `pg_cancel_backend` of one of the job's backends, as an administrator does it.
    Cancel { which: usize },
    /// `pg_ctl stop -m immediate` and start. `hushed`: the application is quiet shortly before, so that the
    /// newest commits are pages, which are asynchronous, and the crash undoes some of them.
    Crash { hushed: bool },
    /// Some of the connections through the proxy are cut in the middle of a message.
    Cut { share: usize },
    /// All of them stand still; afterwards they go on, or are cut.
    Stall { pause: Duration, ends_in_cut: bool },
    /// Somebody locks the whole table against writers.
    HoldTable { pause: Duration },
    /// VACUUM FULL: every row moves to a new file.
    Rewrite,
}

/// A mischief and its moment, from the beginning of its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Act {
    pub at: Duration,
    pub mischief: Mischief,
}

/// The mischief of one rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Round {
    /// While a part of the application still writes with the old key.
    pub with_old_key: Vec<Act>,
    /// Once it no longer does.
    pub without_old_key: Vec<Act>,
}

/// What each round holds at least.
pub const KILLS: usize = 12;
pub const TERMINATIONS: usize = 3;

/// How long each of the two parts of a round takes.
const PART: Duration = Duration::from_millis(9_500);

pub fn round(dice: &mut Dice, processes: usize) -> Round {
    let mut acts = Vec::new();
    acts.extend((0..KILLS).map(|_| Mischief::Kill { process: dice.below(processes) }));
    for _ in 0..3 {
        let pause = dice.milliseconds(300..4_000);
        acts.push(Mischief::Stop { process: dice.below(processes), pause });
    }
    acts.extend((0..2).map(|_| Mischief::Cut { share: 1 + dice.below(3) }));
    for n in 0..TERMINATIONS {
        acts.push(Mischief::Terminate { of_the_job: n > 0, which: dice.below(1_000) });
    }
    acts.push(Mischief::Ask { process: dice.below(processes) });
    acts.push(Mischief::Cancel { which: dice.below(1_000) });
    acts.push(Mischief::Crash { hushed: true });
    if dice.once_in(3) {
        acts.push(Mischief::Crash { hushed: false });
    }
    let pause = dice.milliseconds(200..1_500);
    acts.push(Mischief::Stall { pause, ends_in_cut: dice.once_in(2) });
    acts.push(Mischief::HoldTable { pause: dice.milliseconds(50..700) });
    if dice.once_in(2) {
        acts.push(Mischief::Rewrite);
    }
    dice.shuffle(&mut acts);
    let without_old_key = acts.split_off(acts.len() / 2);
    Round {
        with_old_key: at_moments(acts, dice),
        without_old_key: at_moments(without_old_key, dice),
    }
}

fn at_moments(acts: Vec<Mischief>, dice: &mut Dice) -> Vec<Act> {
    let most = u64::try_from(PART.as_millis()).expect("a few seconds");
    let mut moments: Vec<Duration> = acts.iter().map(|_| dice.milliseconds(0..most)).collect();
    moments.sort();
    moments.into_iter().zip(acts).map(|(at, mischief)| Act { at, mischief }).collect()
}

#[test]
fn the_seed_decides() {
    let rounds = |seed| {
        let mut dice = Dice::new(seed);
        (0..3).map(|_| round(&mut dice, 3)).collect::<Vec<_>>()
    };
    assert_eq!(rounds(7), rounds(7));
    assert_ne!(rounds(7), rounds(8));
    let acts = rounds(7).into_iter().flat_map(|r| [r.with_old_key, r.without_old_key]).flatten();
    let kills = acts.filter(|act| matches!(act.mischief, Mischief::Kill { .. })).count();
    assert_eq!(kills, 3 * KILLS);
}
