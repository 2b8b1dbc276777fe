//! Walks a claimed shard, page by page. While one page is committed, the next one is judged: the server
//! need not wait for the cryptography, nor the cryptography for the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commit::Writer;
use super::context::{Context, Stop};
use super::cursor::{Cursor, Position};
use super::ending;
use super::fetch::Reader;
use super::judge::{self, Intent, JudgedPage};
use super::narrow::{self, CommitError, Committed};
use super::page::Page;
use super::size::PageSize;
use super::statements::Order;
use crate::db::ledger::shard::{Claim, Step};
use crate::db::retry::Patience;
use crate::db::session::Session;
use crate::error::Result;
use crate::plan::TablePlan;

/// Walks a claimed shard to its end.
///
/// # Errors
/// [`CommitError::NotOurs`] when the shard was taken over or the run is no longer wanted; exit 4 when the
/// process was asked to stop; else those of reading and writing.
pub async fn walk(
    session: &mut Session,
    context: &Context,
    claim: Claim,
    size: &mut PageSize,
    patience: &mut Patience,
) -> Result<(), CommitError> {
    let table = context.table(claim.id.pass, claim.relation, session).await?;
    let order = if claim.step == Step::Reseal { Order::ByKey } else { Order::Physical };
    let terms = context.write_terms(session);
    let writer = Writer::new(Arc::clone(&table), claim, order, terms);
    let mut cursor = Cursor::resume(&writer.claim);
    let pages = Pages {
        context,
        reader: Reader { table: &table, claim: &writer.claim, limits: context.limits() },
    };
    let first = pages.next(session, cursor.committed(), size).await?;
    let mut judged = Some(judge::judge(first, Arc::clone(&table), Intent::Reseal).await?);
    while let Some(page) = judged {
        if context.stop.is_wanted() {
            return Err(Stop::interrupted().into());
        }
        let ahead = pages.after(session, &page.page, size).await?;
        crate::failpoint!("page-resealed");
        let committing = commit(session, &writer, cursor, page);
        let (done, next) = tokio::join!(committing, judge_ahead(ahead, &table));
        let (done, took) = done?;
        patience.progress();
        size.committed(took);
        if done.timed_out() {
            size.timed_out();
        }
        context.progress.committed(&table, &done, took);
        ending::check_failures(session, context, &writer.claim, &done.tally).await?;
        context.throttle.pay(done.tally.resealed(), &context.stop, &context.progress.waits).await?;
        cursor = done.cursor;
        judged = next?;
    }
    Ok(())
}

/// Reads the pages of a shard, and reserves the seals that each may need.
struct Pages<'a> {
    context: &'a Context,
    reader: Reader<'a>,
}

impl Pages<'_> {
    /// The page after `position`.
    async fn next(
        &self,
        session: &mut Session,
        position: &Position,
        size: &mut PageSize,
    ) -> Result<Page> {
        let page = self.reader.page(session, position, size).await?;
        let table = self.reader.table;
        let (page, seals) = judge::seals(page, table).await?;
        self.context.seals.grant(session, &table.ring, seals).await?;
        Ok(page)
    }

    /// The page after one that is not yet committed; none after the last.
    async fn after(
        &self,
        session: &mut Session,
        page: &Page,
        size: &mut PageSize,
    ) -> Result<Option<Page>> {
        if page.is_last {
            return Ok(None);
        }
        self.next(session, &page.end, size).await.map(Some)
    }
}

async fn commit(
    session: &mut Session,
    writer: &Writer,
    cursor: Cursor,
    page: JudgedPage,
) -> Result<(Committed, Duration), CommitError> {
    let begun = Instant::now();
    let done = narrow::commit_page(session, writer, cursor, page).await?;
    Ok((done, begun.elapsed()))
}

async fn judge_ahead(page: Option<Page>, table: &Arc<TablePlan>) -> Result<Option<JudgedPage>> {
    let Some(page) = page else { return Ok(None) };
    judge::judge(page, Arc::clone(table), Intent::Reseal).await.map(Some)
}
