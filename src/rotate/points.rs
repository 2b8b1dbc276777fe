//! Notes now and then how far the run is: the curve of its report. The counts are the ledger's own; a point
//! that cannot be noted is no trouble.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use tokio_postgres::types::Type;

use super::context::Context;
use crate::db::session::Terms;
use crate::db::sql;
use crate::error::Result;

/// How often it asks at first whether a point is due …
const PAUSE: Duration = Duration::from_secs(2);
/// … and later once in this part of the time since: points are rarer then, and each takes a session for a moment.
const PART: u32 = 200;

/// Notes points until it is dropped.
pub async fn note(context: &Context) -> Infallible {
    let begun = Instant::now();
    loop {
        if let Err(error) = point(context).await {
            tracing::debug!(target: "reseal", "no point of the curve: {}", error.what);
        }
        tokio::time::sleep(pause(begun.elapsed())).await;
    }
}

fn pause(elapsed: Duration) -> Duration {
    PAUSE.max(elapsed / PART)
}

async fn point(context: &Context) -> Result<()> {
    let mut session = context.database.session().await?;
    let transaction = session.begin(&Terms::ledger()).await?;
    transaction.execute(sql::ADD_POINT, &[(&context.run_id, Type::INT8)]).await?;
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_run_asks_less_often() {
        assert_eq!(pause(Duration::ZERO), PAUSE);
        assert_eq!(pause(Duration::from_secs(400)), PAUSE);
        assert_eq!(pause(Duration::from_secs(36_000)), Duration::from_secs(180));
    }
}
