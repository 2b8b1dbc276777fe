//! What a run costs one table, scaled up from its sample. Pure: knows no database.

use std::time::Duration;

use super::Order;
use super::sample::{OUT_OF_LINE_BYTES, SampleCount};

/// Bytes of a block of the heap, as PostgreSQL is built by default.
const BLOCK_BYTES: u64 = 8_192;
/// Bytes of WAL that a rewritten row costs besides its new version (record headers, an index entry).
const WAL_BYTES_PER_ROW: u64 = 120;
/// To rewrite a row takes a server as long as reading so many for a sample (benches/README.md).
const READS_PER_WRITE: u32 = 6;
/// To reseal a value is to try the current key, open, seal, and open again.
const OPENINGS_PER_RESEALING: u32 = 4;
/// Keys follow the heap less than this: they lie at random.
const CORRELATION_MIN: f64 = 0.5;

/// What the sample of a table brought, and how long that took.
#[derive(Clone, Debug, Default)]
pub struct Sampled {
    /// Rows in the whole table, estimated from the blocks drawn.
    pub rows_estimate: u64,
    /// Rows whose values were opened.
    pub rows: u64,
    /// One a column.
    pub counts: Vec<SampleCount>,
    /// What the server took to read one row.
    pub reading: Duration,
    /// What it took to open one value, on one core.
    pub opening: Duration,
    /// How well the order of the keys follows that of the heap, from -1 to 1; of a large table.
    pub correlation: Option<f64>,
}

/// What shares the work.
#[derive(Clone, Copy, Debug)]
pub struct Hands {
    /// Connections that rewrite rows at the same time.
    pub workers: u32,
    /// Cores that open and seal values.
    pub cores: u32,
}

/// What the sample says of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    pub rows: u64,
    pub values: u64,
    /// Values that need a previous key.
    pub to_reseal: u64,
    /// Stored bytes of the configured columns.
    pub bytes: u64,
    /// Write-ahead log: every rewritten row once, and every block once whole after a checkpoint.
    pub wal_bytes: u64,
    /// From the first row to the proof.
    pub duration: Duration,
}

impl Estimate {
    /// Scales the sample up to a table of so many blocks.
    pub fn of(sample: &Sampled, blocks: u32, hands: Hands) -> Self {
        let scale = |count: u64| match sample.rows {
            0 => 0,
            rows => {
                let scaled =
                    u128::from(count) * u128::from(sample.rows_estimate) / u128::from(rows);
                u64::try_from(scaled).unwrap_or(u64::MAX)
            }
        };
        let sum = |of: fn(&SampleCount) -> u64| sample.counts.iter().map(of).sum::<u64>();
        let heap_bytes = u64::from(blocks) * BLOCK_BYTES;
        let row_bytes = heap_bytes / sample.rows_estimate.max(1) + WAL_BYTES_PER_ROW;
        let rewritten = scale(sum(|c| c.previous)).min(sample.rows_estimate);
        let blocks_touched = if rewritten == 0 { 0 } else { heap_bytes };
        let (values, to_reseal) = (scale(sum(|c| c.values)), scale(sum(|c| c.previous)));
        let bytes = scale(sum(|c| c.bytes));
        let value_bytes = bytes / values.max(1);
        // what lies out of line is not part of the heap
        let out_of_line = if value_bytes > OUT_OF_LINE_BYTES { value_bytes } else { 0 };
        let in_heap = rewritten.saturating_mul(row_bytes).saturating_add(blocks_touched);
        let without_duration = Self {
            wal_bytes: in_heap.saturating_add(to_reseal.saturating_mul(out_of_line)),
            rows: sample.rows_estimate,
            values,
            to_reseal,
            bytes,
            duration: Duration::ZERO,
        };
        Self { duration: without_duration.duration(sample, hands), ..without_duration }
    }

    /// Rows that are rewritten, at most.
    pub fn rewritten(&self) -> u64 {
        self.to_reseal.min(self.rows)
    }

    /// Every row is read once for the proof; those that are rewritten are read once more, and written.
    /// Server and client take turns on one machine, so their times are added up.
    fn duration(&self, sample: &Sampled, hands: Hands) -> Duration {
        let rewriting = times(sample.reading * (1 + READS_PER_WRITE), self.rewritten());
        let server = rewriting + times(sample.reading, self.rows);
        let resealing = times(sample.opening * OPENINGS_PER_RESEALING, self.to_reseal);
        let client = resealing + times(sample.opening, self.values);
        server / hands.workers.max(1) + client / hands.cores.max(1)
    }

    /// In which order the pass that reseals walks this table. Where keys lie at random, key order leads from
    /// block to block: it is the better one as long as no checkpoint comes in between, after which every
    /// block that is met again goes into the WAL as a whole (PostgreSQL manual, `full_page_writes`).
    pub fn order(&self, correlation: Option<f64>, wal_bytes_max: u64) -> Order {
        let is_random = correlation.is_some_and(|found| found.abs() < CORRELATION_MIN);
        // the server begins a checkpoint in time to end it before the WAL is as large as that
        if is_random && self.wal_bytes > wal_bytes_max / 2 { Order::Physical } else { Order::ByKey }
    }
}

fn times(one: Duration, count: u64) -> Duration {
    #[expect(clippy::cast_precision_loss, reason = "an estimate")]
    Duration::try_from_secs_f64(one.as_secs_f64() * count as f64).unwrap_or(Duration::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(previous: u64) -> Sampled {
        let count = SampleCount { values: 100, previous, bytes: 15_600, ..SampleCount::default() };
        Sampled {
            rows_estimate: 1_000_000,
            rows: 100,
            counts: vec![count],
            reading: Duration::from_micros(1),
            opening: Duration::from_micros(1),
            correlation: None,
        }
    }

    const HANDS: Hands = Hands { workers: 2, cores: 2 };

    #[test]
    fn a_table_costs_what_its_sample_says() {
        let estimate = Estimate::of(&sampled(50), 25_000, HANDS);
        assert_eq!(
            (estimate.rows, estimate.values, estimate.to_reseal),
            (1_000_000, 1_000_000, 500_000)
        );
        assert_eq!(estimate.bytes, 156_000_000);
        // half a million rows of 204 bytes and 120 more, and 25,000 blocks
        assert_eq!(estimate.wal_bytes, 500_000 * 324 + 25_000 * 8_192);
        // the server 0.5 x 7 + 1 s, the client 0.5 x 4 + 1 s, each by two
        assert_eq!(estimate.duration, Duration::from_millis(2_250 + 1_500));
    }

    #[test]
    fn values_out_of_line_are_written_besides_the_heap() {
        let mut sample = sampled(100);
        sample.counts[0].bytes = 100 << 20;
        let wal_bytes = Estimate::of(&sample, 25_000, HANDS).wal_bytes;
        assert_eq!(wal_bytes, 1_000_000 * 324 + 25_000 * 8_192 + (1_000_000 << 20));
    }

    #[test]
    fn nothing_to_reseal_leaves_the_proof() {
        let estimate = Estimate::of(&sampled(0), 25_000, HANDS);
        assert_eq!((estimate.wal_bytes, estimate.duration), (0, Duration::from_secs(1)));
    }

    #[test]
    fn random_keys_are_walked_by_block_when_checkpoints_come_in_between() {
        let estimate = Estimate { wal_bytes: 600 << 20, ..Estimate::default() };
        let order = |correlation, wal_mib: u64| estimate.order(correlation, wal_mib << 20);
        assert_eq!(order(Some(0.01), 1_024), Order::Physical);
        assert_eq!(order(Some(0.01), 4_096), Order::ByKey);
        assert_eq!(order(Some(-0.99), 1_024), Order::ByKey);
        assert_eq!(order(None, 1_024), Order::ByKey);
    }
}
