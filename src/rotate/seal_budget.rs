//! Seals are reserved in the ledger before they are used (NIST SP 800-38D, section 8.3).

use std::collections::BTreeMap;

use tokio::sync::Mutex;

use crate::db::ledger::seals::{self, SEALS_MAX};
use crate::db::session::{Session, Terms};
use crate::error::{Error, Result};
use crate::keys::KeyRing;

/// Seals reserved at once: few round trips, and little lost when the process ends.
const RESERVED_AT_ONCE: u64 = 1 << 16;

/// What this process has reserved and not yet used, by key id.
#[derive(Debug)]
pub struct SealBudget {
    left: Mutex<BTreeMap<String, u64>>,
    other_seals: u64,
}

impl SealBudget {
    pub fn new(other_seals: u64) -> Self {
        Self { left: Mutex::new(BTreeMap::new()), other_seals }
    }

    /// Grants `count` seals under the ring's current key, if there is a ring.
    ///
    /// # Errors
    /// Exit 3 when the key's budget of 2^32 seals would be exceeded.
    pub async fn grant(
        &self,
        session: &mut Session,
        ring: Option<&KeyRing>,
        count: u64,
    ) -> Result<()> {
        // whatever a key service seals is its own to count
        let Some(ring) = ring else { return Ok(()) };
        let key = ring.current().id().to_string();
        let mut left = self.left.lock().await;
        let left = left.entry(key.clone()).or_default();
        if *left < count {
            let reserve = RESERVED_AT_ONCE.max(count);
            let transaction = session.begin(&Terms::ledger()).await?;
            let reserved = seals::reserve(&transaction, &key, reserve).await?;
            transaction.commit().await?;
            if reserved.saturating_add(self.other_seals) > SEALS_MAX {
                return Err(Error::refused(format!(
                    "the budget of 2^32 seals under key {key} is spent"
                ))
                .at("the nonce budget")
                .hint("rotate to a fresh key; the values resealed so far are safe"));
            }
            *left += reserve;
        }
        *left -= count;
        Ok(())
    }
}
