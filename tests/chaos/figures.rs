//! What has been done, in figures.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::application::Counts;

#[derive(Debug, Default)]
pub struct Figures {
    pub rotations: u64,
    pub took: Duration,
    // what was done to the processes, and how they ended
    pub killed: u64,
    pub stopped: u64,
    pub asked: u64,
    pub completed: u64,
    pub unfinished: u64,
    pub gave_up: u64,
    // what was done to sessions and connections
    pub terminated: u64,
    pub cancelled: u64,
    pub connections_cut: u64,
    pub stalls: u64,
    // what was done to the server and the table
    pub crashes: u64,
    pub pages_undone: i64,
    pub tables_held: u64,
    pub rewrites: u64,
    // what the application did
    pub transactions: u64,
    pub writes: u64,
    pub rolled_back: u64,
    pub timeouts: u64,
    pub lost_connections: u64,
    pub unknown_commits: u64,
    pub unknown_and_committed: u64,
    // what the judge has looked at
    pub rows: u64,
    pub proofs: u64,
    pub resealed: i64,
}

impl Figures {
    pub fn of_the_application(&mut self, counts: &Counts) {
        let get = |count: &AtomicU64| count.load(Ordering::SeqCst);
        self.transactions = get(&counts.transactions);
        self.writes = get(&counts.writes);
        self.rolled_back = get(&counts.rolled_back);
        self.timeouts = get(&counts.timeouts);
        self.lost_connections = get(&counts.lost_connections);
        self.unknown_commits = get(&counts.unknown_commits);
        self.unknown_and_committed = get(&counts.unknown_and_committed);
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let f1 = self;
        writeln!(f, "rotations          {} in {:.0} s", f1.rotations, f1.took.as_secs_f64())?;
        writeln!(
            f,
            "processes          {} killed, {} stopped and continued, {} asked to stop; ended by themselves: \
             {} with 0, {} with 1, {} with 5",
            f1.killed, f1.stopped, f1.asked, f1.completed, f1.unfinished, f1.gave_up
        )?;
        writeln!(
            f,
            "sessions           {} backends terminated, {} statements cancelled, {} connections cut, {} stalls",
            f1.terminated, f1.cancelled, f1.connections_cut, f1.stalls
        )?;
        writeln!(
            f,
            "server             {} crashes ({} pages counted as undone), table locked {} times, rewritten {} times",
            f1.crashes, f1.pages_undone, f1.tables_held, f1.rewrites
        )?;
        writeln!(
            f,
            "application        {} writes in {} transactions; {} rolled back, {} timeouts, {} connections lost, \
             {} unknown COMMITs ({} were committed)",
            f1.writes,
            f1.transactions,
            f1.rolled_back,
            f1.timeouts,
            f1.lost_connections,
            f1.unknown_commits,
            f1.unknown_and_committed
        )?;
        write!(
            f,
            "judge              {} rows as last written, {} values resealed as counted, {} proofs true",
            f1.rows, f1.resealed, f1.proofs
        )
    }
}
