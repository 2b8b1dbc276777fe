//! Opens passes: cuts tables into shards and writes their checkpoints.
//!
//! One process opens a pass, in one transaction; the others find it in the ledger.

use tokio_postgres::types::Type;

use super::cursor::Position;
use super::statements;
use crate::db::error::DatabaseError;
use crate::db::ledger::shard::{self, Bound, NewShard, ShardId, Step};
use crate::db::ledger::{close, run};
use crate::db::row_key::{Binary, Tid};
use crate::db::session::{Session, Terms};
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::error::Result;
use crate::plan::{Order, Plan, TablePlan};

/// Blocks of one shard of a walk, at least; and shards of one table, at most.
const BLOCKS_PER_SHARD: u32 = 1_024;
const SHARDS_MAX: u32 = 64;
/// Rows of one shard in key order, at least: smaller tables stay whole.
const ROWS_PER_SHARD: u64 = 50_000;
/// Rows to sample for each cut.
const SAMPLED_PER_SHARD: u64 = 1_000;

/// What a pass is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PassKind {
    Reseal,
    Proof,
}

/// The cuts of every table, in the order of the plan.
pub struct Cuts(Vec<Vec<Bound>>);

/// Finds where to cut the tables in key order, from a sample; reads no whole table.
pub async fn cuts(session: &mut Session, plan: &Plan) -> Result<Cuts> {
    let transaction = session.begin(&Terms::reading()).await?;
    let mut all = Vec::with_capacity(plan.tables().len());
    for table in plan.tables() {
        all.push(match table.order {
            Order::ByKey => table_cuts(&transaction, table).await?,
            Order::Physical => Vec::new(),
        });
    }
    transaction.commit().await?;
    Ok(Cuts(all))
}

async fn table_cuts(
    transaction: &Transaction<'_>,
    table: &TablePlan,
) -> Result<Vec<Bound>, DatabaseError> {
    let rows = table.estimate.rows;
    let shards = (rows / ROWS_PER_SHARD).min(u64::from(SHARDS_MAX));
    if shards < 2 {
        return Ok(Vec::new());
    }
    #[expect(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        reason = "a percentage"
    )]
    let percent = (100.0 * (shards * SAMPLED_PER_SHARD) as f64 / rows as f64).min(100.0) as f32;
    let shards = i64::try_from(shards).unwrap_or(1);
    let statement = statements::key_quantiles(table);
    let rows =
        transaction.query(&statement, &[(&percent, Type::FLOAT4), (&shards, Type::INT8)]).await?;
    let bound = |row: &tokio_postgres::Row| {
        (0..row.len()).map(|n| row.get::<_, Binary<'_>>(n).0.to_vec()).collect()
    };
    let mut bounds: Vec<Bound> = rows.iter().map(bound).collect();
    bounds.dedup();
    Ok(bounds)
}

/// Opens the next pass of a run and answers its number; `None` when another process was first.
pub async fn open(
    transaction: &Transaction<'_>,
    run_id: i64,
    from: i32,
    kind: PassKind,
    plan: &Plan,
    cuts: &Cuts,
) -> Result<Option<i32>, DatabaseError> {
    let Some(pass) = run::enter_pass(transaction, run_id, from).await? else { return Ok(None) };
    if kind == PassKind::Proof {
        // the barrier comes first: what was committed before it lies within the extents read after it
        close::add(transaction, run_id, pass).await?;
    }
    let extents = extents(transaction, plan).await?;
    for (n, table) in plan.tables().iter().enumerate() {
        let Some(extent) = Extent::of(table, &extents) else { continue };
        let (step, ranges) = match (kind, table.order) {
            (PassKind::Proof, _) => (Step::Walk, block_ranges(extent.blocks)),
            (PassKind::Reseal, Order::Physical) => {
                (Step::ResealByBlock, block_ranges(extent.blocks))
            }
            (PassKind::Reseal, Order::ByKey) => (Step::Reseal, key_ranges(&cuts.0[n])),
        };
        for (number, (after, until)) in (0..).zip(ranges) {
            let id = ShardId { run_id, pass, table_name: table.relation.plain(), shard: number };
            let (relfilenode, relation) = (extent.relfilenode, table.oid);
            let key_types = if step == Step::Reseal { table.key.types() } else { Vec::new() };
            shard::add(
                transaction,
                &NewShard { id, step, relation, relfilenode, after, until, key_types },
            )
            .await?;
        }
    }
    Ok(Some(pass))
}

/// No cuts for a pass that needs none.
pub fn no_cuts() -> Cuts {
    Cuts(Vec::new())
}

/// A relation's file and size at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub relation: u32,
    pub relfilenode: u32,
    pub blocks: u32,
}

impl Extent {
    /// The one of this table.
    pub fn of<'e>(table: &TablePlan, extents: &'e [Self]) -> Option<&'e Self> {
        extents.iter().find(|extent| extent.relation == table.oid)
    }
}

pub async fn extents(
    transaction: &Transaction<'_>,
    plan: &Plan,
) -> Result<Vec<Extent>, DatabaseError> {
    let relations = plan.relations();
    let rows = transaction.query(sql::PROOF_EXTENTS, &[(&relations, Type::OID_ARRAY)]).await?;
    let extent = |row: &tokio_postgres::Row| Extent {
        relation: row.get("relation"),
        relfilenode: row.get("relfilenode"),
        // a relation dropped in this moment has no size; the catalogue check of the close finds it
        blocks: row
            .get::<_, Option<i64>>("blocks")
            .map_or(0, |b| u32::try_from(b).unwrap_or(u32::MAX)),
    };
    Ok(rows.iter().map(extent).collect())
}

pub type Range = (Option<Bound>, Option<Bound>);

/// Ranges between cuts; the first has no lower and the last no upper bound.
fn key_ranges(cuts: &[Bound]) -> Vec<Range> {
    let after = std::iter::once(None).chain(cuts.iter().cloned().map(Some));
    let until = cuts.iter().cloned().map(Some).chain(std::iter::once(None));
    after.zip(until).collect()
}

/// Ranges of blocks: after a tid, before a tid.
pub fn block_ranges(blocks: u32) -> Vec<Range> {
    let per_shard = BLOCKS_PER_SHARD.max(blocks.div_ceil(SHARDS_MAX));
    let bound = |block| Position::of_tid(Tid::start_of(block)).0;
    let starts = (0..blocks.max(1)).step_by(per_shard as usize);
    starts.map(|start| (bound(start), bound(start.saturating_add(per_shard).min(blocks)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(range: &Range) -> (u32, u32) {
        let tid = |bound: &Option<Bound>| Position(bound.clone()).tid().expect("a tid").block;
        (tid(&range.0), tid(&range.1))
    }

    #[test]
    fn block_ranges_cover_every_block_once() {
        for size in [0, 1, 1_023, 1_024, 1_025, 100_000, 5_000_000] {
            let ranges = block_ranges(size);
            assert!(ranges.len() <= SHARDS_MAX as usize);
            let mut next = 0;
            for range in &ranges {
                let (from, to) = blocks(range);
                assert_eq!(from, next);
                next = to;
            }
            assert_eq!(next, size);
        }
    }

    #[test]
    fn key_ranges_are_open_at_both_ends() {
        let cut = |n: u8| vec![vec![n]];
        assert_eq!(key_ranges(&[]), vec![(None, None)]);
        assert_eq!(
            key_ranges(&[cut(1), cut(2)]),
            vec![(None, Some(cut(1))), (Some(cut(1)), Some(cut(2))), (Some(cut(2)), None)]
        );
    }
}
