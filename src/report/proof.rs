//! A proof as every report shows it: its moment, and what it allows.

use std::fmt;

use serde_json::Value;

/// The line of a proof in a text.
pub(super) fn write(f: &mut fmt::Formatter<'_>, proof: &Value) -> fmt::Result {
    let text = |name: &str| proof[name].as_str().unwrap_or("unknown");
    let timeline = &proof["timeline"];
    write!(f, "\n  proof      at {}, LSN {}, timeline {timeline}", text("moment"), text("lsn"))?;
    for column in proof["key_services"].as_array().into_iter().flatten() {
        write!(f, "\n             {}", of_service(column))?;
    }
    Ok(())
}

/// What a proof shows of a column that a key service seals.
pub(super) fn of_service(column: &Value) -> String {
    let text = |name: &str| column[name].as_str().unwrap_or("unknown");
    let version = match column["version"].as_str() {
        Some(version) => format!("version {version} of "),
        None => String::new(),
    };
    let shown = match text("shown") {
        "version" => "every value names it; --verify-open opens them too",
        _ => "every value opens",
    };
    format!("{} is sealed with {version}{}: {shown}", text("column"), text("key"))
}

/// What a good proof allows, and what it does not. Values that were `accepted` as they are are no part of it.
pub(super) fn removal(moment: &str, accepted: u64) -> Vec<String> {
    let mut removal = vec![
        "the previous key can be removed from the services".to_owned(),
        format!(
            "keep it archived until the last backup, WAL archive and delayed standby older than {moment} is gone"
        ),
    ];
    removal.extend(of_accepted(accepted));
    removal
}

/// What no proof says of values that were accepted: one that could not be written, or was not read, may well
/// open with a previous key. Nothing when there is none.
pub(super) fn of_accepted(accepted: u64) -> Option<String> {
    (accepted > 0).then(|| {
        format!(
            "of {accepted} accepted values nothing is proved: one that `reseal failures --all` lists as \
             write_refused opens with a previous key alone, others may; keep that key for whoever reads them"
        )
    })
}

/// What a good proof of a part of the configuration leaves open.
pub(super) fn of_a_part(left_out: &[String]) -> Vec<String> {
    vec![format!(
        "this is about a part of the configuration: {} was left out; the previous key is needed until a run \
         without --only has completed",
        left_out.join(", ")
    )]
}

/// Whom the moment has not reached yet; nothing when it has reached everybody that is seen.
pub(super) fn standbys(behind: &[String]) -> Option<String> {
    let names = behind.join(", ");
    (!behind.is_empty())
        .then(|| format!("standbys that have not replayed this moment yet: {names}"))
}
