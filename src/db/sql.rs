//! Every SQL statement of the program, and how a statement about a user's table is filled in.
//!
//! Statements live in `sql/`, one a file, each valid SQL by itself: what depends on the table is
//! written there as a quoted identifier (`"{relation}"`), which this file replaces. Fragments are
//! built from [`Identifier`](super::identifier::Identifier)s and [`SqlType`](super::row_key::SqlType)s
//! alone, so nothing typed by a person reaches the server unquoted.

/// Declares the statements, and a list of all of them for the tests.
macro_rules! statements {
    ($($(#[$doc:meta])* $name:ident = $path:literal;)+) => {
        $($(#[$doc])* pub const $name: &str = include_str!(concat!("../../sql/", $path));)+
        /// Every statement with the file it comes from.
        pub const ALL: &[(&str, &str)] = &[$(($path, $name)),+];
    };
}

statements! {
    AUDIT_APPEND = "audit/append.sql";
    AUDIT_HEAD = "audit/head.sql";
    AUDIT_LIST = "audit/list.sql";
    AUDIT_LOCK_HEAD = "audit/lock_head.sql";
    AUDIT_RIGHTS = "audit/rights.sql";

    LEDGER_1 = "ledger/001_ledger.sql";
    ACCEPT_FAILURE = "ledger/accept_failure.sql";
    ADD_CLOSE = "ledger/add_close.sql";
    ADD_POINT = "ledger/add_point.sql";
    ADD_SHARD = "ledger/add_shard.sql";
    CLAIM = "ledger/claim.sql";
    CLOSE_DONE = "ledger/close_done.sql";
    CLOSE_ROUND = "ledger/close_round.sql";
    COUNTS = "ledger/counts.sql";
    COUNT_COLUMN_FAILURES = "ledger/count_column_failures.sql";
    COUNT_FAILURES = "ledger/count_failures.sql";
    END_RUN = "ledger/end_run.sql";
    ENTER_PASS = "ledger/enter_pass.sql";
    FAILURES_BY_REASON = "ledger/failures_by_reason.sql";
    FENCE = "ledger/fence.sql";
    LAST_PROOF = "ledger/last_proof.sql";
    LATEST_MENTION_OF_KEY = "ledger/latest_mention_of_key.sql";
    LEDGER_IN_THE_WAY = "ledger/in_the_way.sql";
    LEDGER_PRESENT = "ledger/present.sql";
    LIST_FAILURES = "ledger/list_failures.sql";
    MOVE_CHECKPOINT = "ledger/move_checkpoint.sql";
    NAME_PASSPHRASE = "ledger/name_passphrase.sql";
    OPEN_RUNS = "ledger/open_runs.sql";
    PASSPHRASES = "ledger/passphrases.sql";
    PASS_OVER = "ledger/pass_over.sql";
    PASS_STATE = "ledger/pass_state.sql";
    RAISED_BEFORE = "ledger/raised_before.sql";
    RELEASE = "ledger/release.sql";
    RENEW_LEASE = "ledger/renew_lease.sql";
    RESERVE_SEALS = "ledger/reserve_seals.sql";
    RESOLVE_FAILURES = "ledger/resolve_failures.sql";
    RESOLVE_GONE = "ledger/resolve_gone.sql";
    RUN_BY_TOKEN = "ledger/run_by_token.sql";
    SEALS_RESERVED = "ledger/seals_reserved.sql";
    SET_SETTINGS = "ledger/set_settings.sql";
    START_RUN = "ledger/start_run.sql";
    STATUS = "ledger/status.sql";
    WALKED_RELATIONS = "ledger/walked_relations.sql";
    WALK_CONFLICTS = "ledger/walk_conflicts.sql";
    WAITS = "ledger/waits.sql";
    WANT = "ledger/want.sql";

    COMMIT_UNWRITTEN = "commit/unwritten.sql";
    COMMIT_WRITE = "commit/write.sql";
    COMMIT_WRITE_UNLOCKED = "commit/write_unlocked.sql";

    PLAN_COLUMNS = "plan/columns.sql";
    PLAN_DATABASE_COLLATION = "plan/database_collation.sql";
    PLAN_KEY_CORRELATION = "plan/key_correlation.sql";
    PLAN_RELATIONS = "plan/relations.sql";
    PLAN_ROW_KEYS = "plan/row_keys.sql";
    PLAN_SAMPLE = "plan/sample.sql";
    PLAN_SERVER = "plan/server.sql";
    PLAN_SYSTEM_COLUMNS = "plan/system_columns.sql";

    PAGE_COUNT_ACCEPTED = "page/count_accepted.sql";
    PAGE_FETCH_ANYWHERE = "page/fetch_anywhere.sql";
    PAGE_FETCH_BY_BLOCK = "page/fetch_by_block.sql";
    PAGE_FETCH_BY_KEY = "page/fetch_by_key.sql";
    PAGE_FETCH_SINCE = "page/fetch_since.sql";
    PAGE_KEY_QUANTILES = "page/key_quantiles.sql";
    PAGE_LISTED_FAILURES = "page/listed_failures.sql";
    PAGE_LOCK_ROW = "page/lock_row.sql";
    PAGE_RECORD_FAILURES = "page/record_failures.sql";
    PAGE_SWEEP = "page/sweep.sql";

    PROOF_EXTENTS = "proof/extents.sql";
    PROOF_MOMENT = "proof/moment.sql";
    PROOF_STANDBYS = "proof/standbys.sql";
    PROOF_TIMELINE = "proof/timeline.sql";
    PROOF_WRITERS = "proof/writers.sql";

    REPORT_COUNT = "report/count.sql";
    REPORT_CURVE = "report/curve.sql";
    REPORT_FAILURES = "report/failures.sql";
    REPORT_KEY_FIRST_SEEN = "report/key_first_seen.sql";
    REPORT_RELATIONS = "report/relations.sql";
    REPORT_RUN = "report/run.sql";
    REPORT_SERVER = "report/server.sql";

    THROTTLE_ARCHIVE = "throttle/archive.sql";
    THROTTLE_ARCHIVE_READY = "throttle/archive_ready.sql";
    THROTTLE_MAY_SEE = "throttle/may_see.sql";
    THROTTLE_STANDBYS = "throttle/standbys.sql";

    SCAN_COLUMNS = "scan/columns.sql";
    SCAN_EVERY = "scan/every.sql";
    SCAN_SAMPLE = "scan/sample.sql";
    SCAN_SCHEMAS = "scan/schemas.sql";
    SCAN_SPARSE = "scan/sparse.sql";

    SESSION_GREETING = "session/greeting.sql";
    SESSION_INCARNATION = "session/incarnation.sql";
}

/// Fills a template: every `"{name}"` becomes its fragment, comment lines are dropped. A fragment is
/// never looked into: a column may well be named `{range}`.
///
/// # Panics
/// When there is no fragment for a placeholder: a mistake in this program, found by the test that
/// renders every statement.
pub fn render(template: &str, fragments: &[(&str, &str)]) -> String {
    let lines = template.lines().filter(|line| !line.trim_start().starts_with("--"));
    let template = lines.collect::<Vec<_>>().join("\n");
    let mut text = String::with_capacity(2 * template.len());
    let mut rest = template.as_str();
    while let Some((before, after)) = rest.split_once("\"{") {
        let (name, after) = after.split_once("}\"").expect("a placeholder is closed");
        let fragment = fragments.iter().find(|(other, _)| *other == name);
        let (_, fragment) = fragment.expect("every placeholder has its fragment");
        text.push_str(before);
        text.push_str(fragment);
        rest = after;
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_comments_dropped() {
        let text = render("-- why\nSELECT 1\nFROM \"{relation}\"", &[("relation", "\"a\".\"b\"")]);
        assert_eq!(text, "SELECT 1\nFROM \"a\".\"b\"");
    }

    #[test]
    fn a_fragment_may_look_like_a_placeholder() {
        let fragments = [("a", "t.\"{b}\""), ("b", "t.\"{a}\"")];
        assert_eq!(render("\"{a}\", \"{b}\"", &fragments), "t.\"{b}\", t.\"{a}\"");
    }

    #[test]
    #[should_panic(expected = "placeholder")]
    fn an_unfilled_placeholder_is_a_mistake() {
        render("SELECT \"{columns}\"", &[]);
    }

    #[test]
    fn every_file_in_the_folder_is_declared() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("sql");
        let mut files = Vec::new();
        for room in std::fs::read_dir(&root).expect("sql/ is there") {
            let room = room.expect("readable").path();
            // the demo owns its tables, and includes their definitions itself
            if room.is_dir() && !room.ends_with("demo") {
                files.extend(
                    std::fs::read_dir(room).expect("readable").map(|f| f.expect("readable").path()),
                );
            }
        }
        for file in files {
            let name = file.strip_prefix(&root).expect("below sql/").to_string_lossy().into_owned();
            assert!(
                ALL.iter().any(|(path, _)| *path == name),
                "{name} is not declared in db/sql.rs"
            );
        }
    }
}
