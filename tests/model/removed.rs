//! Each guard taken out: what then fails, and in which scope.

use super::check::breaks;
use super::guards::Guards;
use super::properties::{EXACT_COUNTS, LASTING_END, NO_LOST_UPDATE, NO_SKIPPED_VALUE, TRUE_PROOF};
use super::scopes::{CRASH, POOLED, PROOF, TAKEOVER, WRITERS, WRITING_BACK};

/// Without these guards those properties fail.
macro_rules! without {
    ($($name:ident: $($guard:ident),+ => $($property:ident),+ in $scope:ident;)*) => {
        $(
            #[test]
            fn $name() {
                let guards = Guards { $($guard: false,)+ ..Guards::ALL };
                breaks(stringify!($name), $scope, guards, &[$($property),+]);
            }
        )*
    };
}

without! {
    without_xmin: compares_xmin => NO_LOST_UPDATE in WRITING_BACK;
    without_fence: fences => EXACT_COUNTS in TAKEOVER;
    without_fence_behind_a_pooler: fences => NO_SKIPPED_VALUE, TRUE_PROOF in POOLED;
    without_shared_transaction: shares_transaction => NO_SKIPPED_VALUE, TRUE_PROOF in TAKEOVER;
    without_discarding_pages: discards_pages => NO_LOST_UPDATE in CRASH;
    without_wait: waits => TRUE_PROOF in PROOF;
    without_look: looks => TRUE_PROOF in PROOF;
    without_barrier_from_xmin: barrier_is_xmin => NO_SKIPPED_VALUE, TRUE_PROOF in PROOF;
    without_extents_after_barrier: extents_after_barrier => NO_SKIPPED_VALUE, TRUE_PROOF in PROOF;
    without_every_row_after_conflicts: conflicts_lower_barrier => TRUE_PROOF in TAKEOVER;
    without_barrier_kept_by_held_rows: held_rows_keep_barrier => TRUE_PROOF in WRITERS;
    without_durable_end: ends_durably => LASTING_END in CRASH;
    without_incarnation: asks_incarnation => NO_SKIPPED_VALUE, TRUE_PROOF in POOLED;
    without_incarnation_and_values: asks_incarnation, compares_values => NO_LOST_UPDATE in POOLED;
}
