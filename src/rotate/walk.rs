//! Walks a claimed shard, page by page. While one page is committed, the next one is judged: the server
//! need not wait for the cryptography, nor the cryptography for the server.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::commit::Writer;
use super::context::{self, Context};
use super::cursor::{Cursor, Position};
use super::ending;
use super::fetch::Reader;
use super::hold::Hold;
use super::judge::{self, Intent, JudgedPage};
use super::narrow::{self, CommitError, Committed};
use super::page::Page;
use super::size::PageSize;
use super::statements::Order;
use super::writers::Kept;
use crate::db::ledger::shard::{Claim, Step};
use crate::db::retry::Patience;
use crate::db::session::Session;
use crate::error::Result;

/// Walks a claimed shard to its end, or for as long as worker `number` is wanted.
///
/// # Errors
/// [`CommitError::NotOurs`] when the shard was taken over or the run is no longer wanted; exit 4 when the
/// process was asked to stop, 6 when its budget is spent; else those of reading and writing.
pub async fn walk(
    session: &mut Session,
    context: &Context,
    number: usize,
    claim: Claim,
    size: &mut PageSize,
    patience: &mut Patience,
) -> Result<(), CommitError> {
    let table = context.table(claim.id.pass, claim.relation, session).await?;
    let order = if claim.step == Step::Reseal { Order::ByKey } else { Order::Physical };
    if order == Order::ByKey && claim.key_types != table.key.types() {
        return Err(context::other_key(&table).into());
    }
    let terms = context.write_terms(session);
    let mut writer = Writer::new(Arc::clone(&table), claim.clone(), order, terms);
    let mut cursor = Cursor::resume(&claim);
    let pages = Pages {
        context,
        reader: Reader { table: &table, claim: &claim, limits: context.limits() },
    };
    let hold = Hold { context, claim: &claim };
    let mut judged = Some(pages.judged(session, &cursor, size).await?);
    while let Some(page) = judged {
        context.stop.check()?;
        if context.is_retired(number) {
            return Ok(());
        }
        size.bound(context.page_rows_max());
        let held = hold.before_page(session, page.writes()).await?;
        let page = if held.is_old { pages.judged(session, &cursor, size).await? } else { page };
        writer.waited = held.waited;
        let share = context.records.share(&page)?;
        let ahead =
            if share.is_whole { pages.after(session, &page.page, size).await? } else { None };
        crate::failpoint!("page-resealed");
        let committing = commit(session, context, &writer, cursor, page, share.rows);
        let (done, next) = tokio::join!(committing, pages.judge_ahead(ahead));
        let (done, took) = done?;
        patience.progress();
        size.committed(took);
        if done.timed_out() {
            size.timed_out();
        }
        context.progress.committed(&table, &done, took);
        context.wrote(done.tally.resealed(), share);
        ending::check_failures(session, context, &claim, &done.tally).await?;
        context.records.go_on(share)?;
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
        self.context.seals.grant(session, table.ring.as_deref(), seals).await?;
        Ok(page)
    }

    /// The page after what is committed, judged.
    async fn judged(
        &self,
        session: &mut Session,
        cursor: &Cursor,
        size: &mut PageSize,
    ) -> Result<JudgedPage, CommitError> {
        let page = self.next(session, cursor.committed(), size).await?;
        self.judge(page).await
    }

    async fn judge_ahead(&self, page: Option<Page>) -> Result<Option<JudgedPage>, CommitError> {
        let Some(page) = page else { return Ok(None) };
        self.judge(page).await.map(Some)
    }

    /// A key service may take its time: the shard stays ours meanwhile.
    async fn judge(&self, page: Page) -> Result<JudgedPage, CommitError> {
        let (table, claim) = (self.reader.table, self.reader.claim);
        let intent = if claim.step == Step::Walk { Intent::Prove } else { Intent::Reseal };
        let judging = judge::judge(page, Arc::clone(table), intent);
        if !table.asks_services() {
            return Ok(judging.await?);
        }
        let kept = Kept { claim, lease: self.context.config.run.lease };
        kept.during(&self.context.database, judging).await
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
    context: &Context,
    writer: &Writer,
    cursor: Cursor,
    page: JudgedPage,
    rows: usize,
) -> Result<(Committed, Duration), CommitError> {
    let begun = Instant::now();
    let done = narrow::commit_page(session, context, writer, cursor, page, rows).await?;
    Ok((done, begun.elapsed()))
}
