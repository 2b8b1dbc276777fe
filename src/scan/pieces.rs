//! Columns that look like pieces of one value: a ciphertext with its nonce, and perhaps its tag, in columns of their
//! own. Pure.
//!
//! By their names alone, as applications and libraries choose them (`secret_encrypted`, `secret_iv`, `secret_tag`;
//! `encrypted_secret` and `encrypted_secret_iv`). No key is tried on them, so it is a hint and never a finding. What
//! begins it is a nonce: hardly anything else is called so.

use std::collections::BTreeSet;

use serde::Serialize;

use super::catalogue::Kind;
use super::looks::Encoding;
use super::search::SeenColumn;
use super::toml_text::{key, string};

const NONCES: &[&str] = &["iv", "nonce"];
const TAGS: &[&str] = &["auth_tag", "authtag", "tag"];
const SALTS: &[&str] = &["salt"];

/// What stands before or behind the stem of a ciphertext's name; the stem alone comes last.
const BEFORE: &[&str] = &["encrypted_", "enc_"];
const BEHIND: &[&str] =
    &["_encrypted", "_ciphertext", "_cipher_text", "_cipher", "_enc", "_ct", "_data", ""];
/// A ciphertext whose nonce is called `iv` or `nonce` and nothing else.
const WITHOUT_STEM: &[&str] =
    &["ciphertext", "cipher_text", "encrypted", "encrypted_data", "encrypted_value"];

/// Columns of one table that look like pieces of one value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pieces {
    pub table: String,
    /// The column of the ciphertext.
    pub column: String,
    pub beside: Vec<String>,
    /// The line of a configuration, to be corrected where it guesses.
    pub line: String,
}

/// What looks so among the columns of each table; `is_known` says which are configured, or open by themselves.
pub fn find(seen: &[SeenColumn], is_known: impl Fn(&SeenColumn) -> bool) -> Vec<Pieces> {
    let by_table = seen.chunk_by(|one, other| one.table.relation == other.table.relation);
    by_table.flat_map(|columns| of_table(columns, &is_known)).collect()
}

fn of_table(columns: &[SeenColumn], is_known: impl Fn(&SeenColumn) -> bool) -> Vec<Pieces> {
    let mut found: Vec<Pieces> = Vec::new();
    let mut taken: BTreeSet<&str> = BTreeSet::new();
    for nonce in columns {
        let Some(stem) = stem(name(nonce), NONCES) else { continue };
        let Some(main) = main(columns, stem) else { continue };
        let named = |endings: &[&str]| beside(columns, stem, name(main), endings);
        let (tag, salt) = (named(TAGS), named(SALTS));
        let pieces = [Some(main), Some(nonce), tag, salt];
        let is_new = |column: &&SeenColumn| !taken.contains(name(column)) && !is_known(column);
        if pieces.iter().flatten().all(is_new) {
            taken.extend(pieces.iter().flatten().map(|column| name(column)));
            found.push(pieces_of(main, nonce, tag, salt));
        }
    }
    found
}

fn name(column: &SeenColumn) -> &str {
    column.column.name.name()
}

/// What stands before an ending, without the underscore between them.
fn stem<'n>(name: &'n str, endings: &[&str]) -> Option<&'n str> {
    let lower = name.to_ascii_lowercase();
    endings.iter().find_map(|ending| {
        let stem = &name[..lower.strip_suffix(ending)?.len()];
        if stem.is_empty() { Some(stem) } else { stem.strip_suffix('_') }
    })
}

fn named<'c>(columns: &'c [SeenColumn], wanted: &str) -> Option<&'c SeenColumn> {
    let is_bytes = |column: &&SeenColumn| column.column.kind != Kind::Json;
    columns.iter().filter(is_bytes).find(|column| name(column).eq_ignore_ascii_case(wanted))
}

/// The column of the ciphertext whose nonce has this stem.
fn main<'c>(columns: &'c [SeenColumn], stem: &str) -> Option<&'c SeenColumn> {
    if stem.is_empty() {
        return WITHOUT_STEM.iter().find_map(|name| named(columns, name));
    }
    let before = BEFORE.iter().map(|before| format!("{before}{stem}"));
    let behind = BEHIND.iter().map(|behind| format!("{stem}{behind}"));
    before.chain(behind).find_map(|name| named(columns, &name))
}

/// A further piece: its name begins as that of the nonce does, or as that of the ciphertext.
fn beside<'c>(
    columns: &'c [SeenColumn],
    stem: &str,
    main: &str,
    endings: &[&str],
) -> Option<&'c SeenColumn> {
    let of = |start: &str, ending: &str| match start {
        "" => ending.to_owned(),
        start => format!("{start}_{ending}"),
    };
    let names = endings.iter().flat_map(|ending| [of(stem, ending), of(main, ending)]);
    names.into_iter().find_map(|name| named(columns, &name))
}

fn pieces_of(
    main: &SeenColumn,
    nonce: &SeenColumn,
    tag: Option<&SeenColumn>,
    salt: Option<&SeenColumn>,
) -> Pieces {
    let mut words = vec![format!("{} = {}", key(name(nonce)), template(nonce, main, "nonce12"))];
    words.extend(tag.map(|tag| format!("{} = {}", key(name(tag)), template(tag, main, "tag16"))));
    let body = template(main, main, if tag.is_some() { "ct" } else { "ct tag16" });
    let beside = words.join(", ");
    Pieces {
        table: main.table.relation.plain(),
        column: name(main).to_owned(),
        beside: [Some(nonce), tag, salt]
            .into_iter()
            .flatten()
            .map(|c| name(c).to_owned())
            .collect(),
        line: format!("{} = {{ layout = {body}, beside = {{ {beside} }} }}", key(name(main))),
    }
}

/// How a column holds its part. Short texts say nothing of their encoding: it is taken to be that of the ciphertext.
fn template(column: &SeenColumn, main: &SeenColumn, part: &str) -> String {
    let is_base64 = main.tally.random.keys().any(|disguise| disguise.encoding == Encoding::Base64);
    let encoding = match (column.column.kind, is_base64) {
        (Kind::Bytea, _) => "raw",
        (_, true) => "b64",
        (_, false) => "hex",
    };
    string(&format!("{{{encoding}({part})}}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_known_by_the_end_of_its_name() {
        for (name, expected) in [
            ("secret_iv", Some("secret")),
            ("encrypted_ssn_iv", Some("encrypted_ssn")),
            ("Nonce", Some("")),
            ("iv", Some("")),
            ("archiv", None),
            ("announce", None),
            ("iv_drip", None),
        ] {
            assert_eq!(stem(name, NONCES), expected, "{name}");
        }
    }
}
