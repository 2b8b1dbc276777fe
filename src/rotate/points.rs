//! Notes now and then how far the run is: the curve of its report. The counts are the ledger's own; a point
//! that cannot be noted is no trouble.

use std::convert::Infallible;
use std::time::Duration;

use tokio_postgres::types::Type;

use super::context::Context;
use crate::db::session::Terms;
use crate::db::sql;
use crate::error::Result;

/// How often it asks whether a point is due.
const PAUSE: Duration = Duration::from_secs(2);

/// Notes points until it is dropped.
pub async fn note(context: &Context) -> Infallible {
    loop {
        if let Err(error) = point(context).await {
            tracing::debug!(target: "reseal", "no point of the curve: {}", error.what);
        }
        tokio::time::sleep(PAUSE).await;
    }
}

async fn point(context: &Context) -> Result<()> {
    let mut session = context.database.session().await?;
    let transaction = session.begin(&Terms::ledger()).await?;
    transaction.execute(sql::ADD_POINT, &[(&context.run_id, Type::INT8)]).await?;
    Ok(transaction.commit().await?)
}
