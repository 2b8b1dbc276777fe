//! Judges what the samples say.

use std::collections::BTreeMap;

use super::{Draft, Objections};
use crate::config::RunConfig;
use crate::plan::Estimate;
use crate::plan::sample::{Sample, SampleCount};

/// The smallest number of unreadable values that refuses a sample in which others open.
const UNREADABLE_MIN: u64 = 10;

/// Judges what the sample of a column says.
pub fn judge(place: &str, count: &SampleCount, run: &RunConfig, objections: &mut Objections) {
    equal_values(place, count, objections);
    if count.deterministic > 0 {
        objections.refuse_write(
            place,
            format!("{} of {} sampled values are deterministic: the application finds rows by their ciphertext", count.deterministic, count.values),
            "no rotation can keep such lookups: let the application do it, with Rails' `previous:` schemes, \
             and name only the other columns here",
        );
    }
    let readable = count.current + count.previous;
    let unreadable = count.unreadable() - count.missing();
    let too_few = readable * 10 < (readable + unreadable) * 9;
    if too_few && (readable == 0 || unreadable >= UNREADABLE_MIN) && !run.allow_unreadable {
        objections.refuse_write(
            place,
            format!(
                "of {} sampled values only {readable} open with a key of the ring",
                count.values
            ),
            match count.malformed() == unreadable {
                true => {
                    "none of the others has the shape of the layout, so that is most likely wrong: `reseal scan` \
                     finds the one that fits; if these values are known to be lost, say --allow-unreadable"
                }
                false => {
                    "most likely the previous key or the layout is wrong, or the salt that keys are derived \
                     with; if these values are known to be lost, say --allow-unreadable"
                }
            },
        );
    }
}

/// Warns of paths that no sampled document has anything at.
pub fn paths(draft: &Draft, sample: &Sample, objections: &mut Objections) {
    for (n, column) in draft.columns.iter().enumerate().filter(|_| sample.row_count() > 0) {
        let Some(paths) = &column.paths else { continue };
        for path in sample.leading_nowhere(n, paths) {
            objections.warn(
                &format!("{}.{}", draft.relation.plain(), column.name.name()),
                format!(
                    "the path {path} leads to nothing in any of {} sampled rows",
                    sample.row_count()
                ),
                "correct `json`, unless the values are rare",
            );
        }
    }
}

/// Warns of equal ciphertexts: under random nonces there are none, but copies.
fn equal_values(place: &str, count: &SampleCount, objections: &mut Objections) {
    if count.equal > 0 {
        objections.warn(
            place,
            format!("{} of {} sampled values are byte for byte another one", count.equal, count.values),
            "if the application encrypts deterministically and finds rows by their ciphertext, a rotation \
             breaks its lookups until all rows are done, and new values are not found at all: rotate there",
        );
    }
}

/// Whether the keys look swapped or the work done: no sampled value needs a previous key.
pub fn nothing_to_do(samples: &BTreeMap<String, SampleCount>, objections: &mut Objections) -> bool {
    let needs = samples.values().any(|count| count.previous > 0);
    let some = samples.values().any(|count| count.values > 0);
    if some && !needs {
        objections.warn(
            "all columns",
            "already rotated, or the keys are swapped: no sampled value needs a previous key",
            "if the application still writes with the other key, check which one is current",
        );
    }
    !needs
}

/// Rewritten rows from which on the cost of a table is worth a warning.
const COSTLY_ROWS: u64 = 100_000;

/// Warns of what the server has to bear.
pub fn cost(place: &str, estimate: &Estimate, objections: &mut Objections) {
    let rewritten = estimate.rewritten();
    if rewritten < COSTLY_ROWS {
        return;
    }
    let wal_mib = estimate.wal_bytes >> 20;
    objections.warn(
        place,
        format!(
            "about {rewritten} rows are rewritten: as many dead tuples, and {wal_mib} MiB of WAL"
        ),
        "see that disks, WAL archive and replicas have room for it, and VACUUM afterwards",
    );
}
