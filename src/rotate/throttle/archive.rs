//! WAL that waits for the server's archiver: what it has not taken fills the disk of the write-ahead log.

use super::people;
use crate::config::BacklogMax;
use crate::db::error::DatabaseError;
use crate::db::sql;
use crate::db::transaction::Transaction;
use crate::rotate::waits::{Wait, WaitReason};

/// What the archiver has not taken yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backlog {
    pub files: u64,
    pub segment_bytes: u64,
}

/// What the server tells of its archiver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    Backlog(Backlog),
    /// It archives nothing.
    Off,
    /// Nothing was archived so far, or nobody says what, and this role may not list what waits.
    Hidden,
}

/// Asks the server what waits: the files that are ready where the role may list them, else the distance
/// between the segment that is written and the one that was archived last.
pub async fn ask(transaction: &Transaction<'_>) -> Result<Found, DatabaseError> {
    let row = transaction.query_one(sql::THROTTLE_ARCHIVE, &[]).await?;
    if !row.get::<_, bool>("archives") {
        return Ok(Found::Off);
    }
    let segment_bytes = row.get::<_, i64>("segment_bytes").unsigned_abs();
    if row.get::<_, bool>("may_list") {
        let ready = transaction.query_one(sql::THROTTLE_ARCHIVE_READY, &[]).await?;
        let files = ready.get::<_, i64>("ready").unsigned_abs();
        return Ok(Found::Backlog(Backlog { files, segment_bytes }));
    }
    let segment = |name: &str| {
        let name: Option<String> = row.get(name);
        name.and_then(|name| segment_number(&name, segment_bytes))
    };
    Ok(match (segment("writing"), segment("archived")) {
        // the one that is being written is not ready
        (Some(writing), Some(archived)) => {
            let files = writing.saturating_sub(archived.saturating_add(1));
            Found::Backlog(Backlog { files, segment_bytes })
        }
        _ => Found::Hidden,
    })
}

/// The place of a segment in the WAL, of its file's name: timeline, then two numbers of eight hexadecimal
/// digits (PostgreSQL manual, 30.6). None of a history file.
fn segment_number(name: &str, segment_bytes: u64) -> Option<u64> {
    let number = |digits: &str| u64::from_str_radix(digits, 16).ok();
    let (high, low) = (number(name.get(8..16)?)?, number(name.get(16..24)?)?);
    let in_four_gibibytes = (1_u64 << 32).checked_div(segment_bytes)?;
    Some(high * in_four_gibibytes + low)
}

/// What stands against a page that writes more.
pub fn judge(max: BacklogMax, backlog: Backlog) -> Option<Wait> {
    let bytes = backlog.files.saturating_mul(backlog.segment_bytes);
    let is_too_much = match max {
        BacklogMax::Files(max) => backlog.files > max,
        BacklogMax::Bytes(max) => bytes > max,
    };
    let (files, bytes) = (backlog.files, people::bytes(bytes));
    let text = format!("waits for the WAL archive: {files} segments, {bytes} behind");
    is_too_much.then_some(Wait { reason: WaitReason::ArchiveBacklog, text })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_counted_over_the_ends_of_their_numbers() {
        let of = |name| segment_number(name, 16 << 20);
        let (last, first) = (of("0000000100000000000000FF"), of("000000020000000100000000"));
        assert_eq!((last, first), (Some(255), Some(256)));
        assert_eq!(of("00000001000000010000000A.partial"), Some(266));
        assert_eq!(of("00000002.history"), None);
        assert_eq!(of(""), None);
        assert_eq!(segment_number("000000010000000000000001", 0), None);
    }

    #[test]
    fn files_and_bytes_say_the_same() {
        let backlog = Backlog { files: 3, segment_bytes: 16 << 20 };
        assert_eq!(judge(BacklogMax::Files(3), backlog), None);
        assert_eq!(judge(BacklogMax::Bytes(48 << 20), backlog), None);
        let text = "waits for the WAL archive: 3 segments, 48 MiB behind";
        for max in [BacklogMax::Files(2), BacklogMax::Bytes((48 << 20) - 1)] {
            assert_eq!(judge(max, backlog).map(|wait| wait.text).as_deref(), Some(text));
        }
    }
}
