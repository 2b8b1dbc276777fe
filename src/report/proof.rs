//! A proof as every report shows it: its moment, and what it allows.

use std::fmt;

use serde_json::Value;

/// The line of a proof in a text.
pub(super) fn write(f: &mut fmt::Formatter<'_>, proof: &Value) -> fmt::Result {
    let text = |name: &str| proof[name].as_str().unwrap_or("unknown");
    let timeline = &proof["timeline"];
    write!(f, "\n  proof      at {}, LSN {}, timeline {timeline}", text("moment"), text("lsn"))
}

/// What a good proof allows, and what it does not.
pub(super) fn removal(moment: &str) -> Vec<String> {
    vec![
        "the previous key can be removed from the services".to_owned(),
        format!(
            "keep it archived until the last backup, WAL archive and delayed standby older than {moment} is gone"
        ),
    ]
}

/// Whom the moment has not reached yet; nothing when it has reached everybody that is seen.
pub(super) fn standbys(behind: &[String]) -> Option<String> {
    let names = behind.join(", ");
    (!behind.is_empty())
        .then(|| format!("standbys that have not replayed this moment yet: {names}"))
}
