//! A proof as every report shows it: its moment, and what it allows.

use std::fmt;

use serde_json::Value;

use super::OneLine;

/// The line of a proof in a text.
pub(super) fn write(f: &mut fmt::Formatter<'_>, proof: &Value) -> fmt::Result {
    let text = |name: &str| proof[name].as_str().unwrap_or("unknown");
    let timeline = &proof["timeline"];
    write!(f, "\n  proof      at {}, LSN {}, timeline {timeline}", text("moment"), text("lsn"))?;
    for column in proof["key_services"].as_array().into_iter().flatten() {
        write!(f, "\n             {}", OneLine(of_service(column)))?;
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

/// How many names a sentence holds.
const NAMES_MAX: usize = 3;

/// What a proof is about: `columns` as the ledger names them, and what of the configuration was `left_out`.
#[derive(Clone, Copy)]
pub(super) struct About<'r> {
    pub columns: &'r [String],
    pub left_out: &'r [String],
    /// Values that were accepted as they are: they are no part of it.
    pub accepted: u64,
}

/// What a good proof allows, and what it does not.
pub(super) fn advice(moment: &str, about: About<'_>) -> Vec<String> {
    if !about.left_out.is_empty() {
        return vec![of_a_part(about)];
    }
    let columns = match about.columns {
        [_] => "column",
        _ => "columns",
    };
    let mut removal = vec![
        format!(
            "the previous key can be removed from the services as far as the configured {columns} {} needed it: \
             `reseal scan` tells whether others do",
            columns_of(about)
        ),
        format!(
            "keep it archived until the last backup, WAL archive and delayed standby older than {moment} is gone"
        ),
    ];
    removal.extend(of_accepted(about.accepted));
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
fn of_a_part(about: About<'_>) -> String {
    let was = if about.left_out.len() == 1 { "was" } else { "were" };
    format!(
        "this is about {} alone: {} {was} left out; the previous key is needed until a run over the whole \
         configuration has completed",
        columns_of(about),
        some_of(about.left_out.iter().cloned())
    )
}

fn columns_of(about: About<'_>) -> String {
    some_of(about.columns.iter().map(|quoted| plain(quoted)))
}

/// The first names, and how many there are besides.
fn some_of(names: impl ExactSizeIterator<Item = String>) -> String {
    let more = names.len().saturating_sub(NAMES_MAX);
    let first = names.take(NAMES_MAX).collect::<Vec<_>>().join(", ");
    if more == 0 { first } else { format!("{first} and {more} more") }
}

/// A column's name without its quotes, unless it could be mistaken for another one.
fn plain(quoted: &str) -> String {
    let parts = quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let parts: Vec<&str> = parts.map(|inside| inside.split("\".\"").collect()).unwrap_or_default();
    match parts.iter().all(|part| !part.contains(['.', '"'])) && !parts.is_empty() {
        true => parts.join("."),
        false => quoted.to_owned(),
    }
}

/// Whom the moment has not reached yet; nothing when it has reached everybody that is seen.
pub(super) fn standbys(behind: &[String]) -> Option<String> {
    let names = behind.join(", ");
    (!behind.is_empty())
        .then(|| format!("standbys that have not replayed this moment yet: {names}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_it_holds_for_are_named_or_counted() {
        let columns: Vec<String> = ["a", "b.c", "d", "e", "f"]
            .map(|name| format!("\"public\".\"secrets\".\"{name}\""))
            .into();
        let of = |columns, left_out| {
            advice("then", About { columns, left_out, accepted: 0 }).swap_remove(0)
        };
        assert_eq!(
            of(&columns[..1], &[]),
            "the previous key can be removed from the services as far as the configured column public.secrets.a \
             needed it: `reseal scan` tells whether others do"
        );
        let many = of(&columns, &[]);
        let named = "columns public.secrets.a, \"public\".\"secrets\".\"b.c\", public.secrets.d and 2 more needed";
        assert!(many.contains(named), "{many}");
        let part = of(&columns[..1], &["second".into(), "third".into()]);
        assert!(
            part.starts_with("this is about public.secrets.a alone: second, third were left out;"),
            "{part}"
        );
        assert!(!part.contains("can be removed"), "{part}");
    }
}
