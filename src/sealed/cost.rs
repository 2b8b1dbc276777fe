//! How many values key services are asked about in a run, by what its sample says. Pure.

use super::AskedColumn;
use crate::kms::Service;
use crate::layout::{Layout, ServiceForm};

/// What makes a column cost calls.
#[derive(Clone, Copy, Debug)]
struct Cost {
    /// Calls for a value that is sealed anew: one where the service wraps again by itself or did not seal it, else
    /// two.
    resealing: u64,
    /// Whether what is done is told without a call.
    is_told: bool,
    /// Whether a proof opens that all the same.
    verify_open: bool,
    /// Whether a pass that reseals comes before the proof.
    is_resealed: bool,
}

impl AskedColumn<'_> {
    /// So many values are sent to which service until a run has ended, of so many, of which some are still to be
    /// done. A run that has nothing to reseal anywhere is a proof alone.
    pub fn asked_about(&self, values: u64, stale: u64, is_resealed: bool) -> Vec<(Service, u64)> {
        let read = self.layout.read().iter().filter_map(Layout::service);
        let Some(form) = self.layout.write().service() else {
            return read.map(|form| (form.key().service(), stale)).take(1).collect();
        };
        // opened by the service that it comes from, as a rule the first that is read
        let mut others = read.map(|read| read.key().service());
        let from = others.find(|service| *service != form.key().service());
        let is_noted = form.tells_its_version() || form.has_version_column();
        let cost = Cost {
            resealing: match from.is_some() || self.comes_from_a_ring() {
                true => 1,
                false if self.is_wrapped_unseen(form) => 1,
                false => 2,
            },
            is_told: is_noted && self.sealed.version_tells(),
            verify_open: self.sealed.verify_open(),
            is_resealed,
        };
        let written = (form.key().service(), cost.of(values, stale));
        std::iter::once(written).chain(from.map(|from| (from, stale))).collect()
    }

    /// Whether what is still to be done is under a key of ours, as a rule.
    fn comes_from_a_ring(&self) -> bool {
        self.layout.read().iter().any(|layout| layout.service().is_none())
    }

    /// Whether the service seals anew by itself: AWS always, Vault under one key and without a binding.
    fn is_wrapped_unseen(&self, written: &ServiceForm) -> bool {
        let is_plain = |layout: &Layout| {
            layout.aad().is_none() && layout.service().is_some_and(|it| it.key() == written.key())
        };
        match written.key().service() {
            Service::Aws => self.layout.all().all(|layout| layout.service().is_some()),
            Service::Vault => self.layout.all().all(is_plain),
            Service::Gcp | Service::Azure => false,
        }
    }
}

impl Cost {
    /// The pass that reseals, then the proof.
    fn of(self, values: u64, stale: u64) -> u64 {
        let done = values.saturating_sub(stale);
        let resealed = self.resealing.saturating_mul(stale);
        let looked_at = if self.is_told || !self.is_resealed { 0 } else { done };
        let proven = if self.is_told && !self.verify_open { 0 } else { values };
        resealed.saturating_add(looked_at).saturating_add(proven)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_told_costs_nothing() {
        let cost = |resealing, is_told, verify_open| {
            let is_resealed = true;
            Cost { resealing, is_told, verify_open, is_resealed }
        };
        assert_eq!(cost(1, true, false).of(1_000, 400), 400);
        assert_eq!(cost(1, true, true).of(1_000, 400), 1_400);
        assert_eq!(cost(2, true, false).of(1_000, 0), 0, "a second run");
        assert_eq!(cost(2, false, false).of(1_000, 400), 800 + 600 + 1_000);
        let proof_alone = Cost { is_resealed: false, ..cost(2, false, false) };
        assert_eq!(proof_alone.of(1_000, 0), 1_000, "a second run, where nothing is told");
    }
}
