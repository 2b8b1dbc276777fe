//! The ready `reseal.toml`: what was found, in the words of a configuration, with a comment where a choice was
//! made. What a run would refuse stands there as a comment that says why.

use std::fmt::Write as _;

use super::rings::SearchRings;
use super::search::SeenColumn;
use super::toml_text::{comment, fields, inline, key, layout, source, sql_name, string};
use super::verdict::{Found, Part};
use crate::keys::RingConfig;

/// The ring of `[keys]`, which needs no name.
const DEFAULT_RING: &str = "keys";

/// What the file is written from.
pub struct Written<'w> {
    pub rings: &'w SearchRings,
    /// As the configuration names the database; `None` when nothing does.
    pub database: Option<&'w str>,
    pub columns: &'w [(&'w SeenColumn, Found)],
}

/// The text, or `None` when there is no column to write.
pub fn text(written: &Written<'_>) -> Option<String> {
    if written.columns.is_empty() {
        return None;
    }
    let mut text = comment(
        "found by reseal scan: columns whose values authenticate with a key of these rings",
    );
    for (place, ring) in written.rings.configs().iter().enumerate() {
        if written.columns.iter().any(|(_, found)| found.ring == place) {
            text.push_str(&ring_text(ring));
        }
    }
    if let Some(url) = written.database {
        writeln!(text, "\n[database]\nurl = {}", string(url)).expect(TO_A_STRING);
    }
    let by_table =
        written.columns.chunk_by(|(one, _), (other, _)| one.table.relation == other.table.relation);
    for columns in by_table {
        text.push_str(&table_text(columns, written));
    }
    Some(text)
}

const TO_A_STRING: &str = "writing to a String cannot fail";

fn ring_text(ring: &RingConfig) -> String {
    let title = match ring.name == DEFAULT_RING {
        true => DEFAULT_RING.to_owned(),
        false => format!("ring.{}", key(&ring.name)),
    };
    let previous: Vec<String> = ring.previous.iter().map(source).collect();
    format!(
        "\n[{title}]\ncurrent = {}\nprevious = [{}]\n",
        source(&ring.current),
        previous.join(", ")
    )
}

/// A table under the ring of most of its columns; a table has one.
fn table_text(columns: &[(&SeenColumn, Found)], written: &Written<'_>) -> String {
    let in_ring = |ring: usize| columns.iter().filter(|(_, found)| found.ring == ring).count();
    let ring = (0..written.rings.configs().len())
        .rev()
        .max_by_key(|ring| in_ring(*ring))
        .unwrap_or_default();
    let mut lines = String::new();
    let mut is_empty = true;
    for (seen, found) in columns {
        let (line, is_set) = column_text(seen, found, written.rings, found.ring == ring);
        is_empty &= !is_set;
        lines.push_str(&line);
    }
    let relation = &columns[0].0.table.relation;
    let name = format!("{}.{}", sql_name(relation.schema.name()), sql_name(relation.name.name()));
    let name = string(&name);
    if is_empty {
        return format!("\n# table {name}\n{lines}");
    }
    let ring = &written.rings.config(ring).name;
    let ring = match ring == DEFAULT_RING {
        true => String::new(),
        false => format!("keys = {}\n", string(ring)),
    };
    format!("\n[[table]]\nname = {name}\n{ring}[table.columns]\n{lines}")
}

/// A column's line with what is to be said of it, and whether it is more than a comment.
fn column_text(
    seen: &SeenColumn,
    found: &Found,
    rings: &SearchRings,
    is_of_ring: bool,
) -> (String, bool) {
    let name = seen.column.name.name();
    let mut text = comment(&shares(seen, found, rings));
    for Part { form, also, .. } in found.parts.iter().filter(|part| !part.also.is_empty()) {
        text.push_str(&comment(&format!(
            "{} was chosen, these fit as well: {}",
            form.describe(),
            also.join("; ")
        )));
    }
    for ((_, place), labels) in seen.tally.labels.iter().filter(|((of, _), _)| *of == found.ring) {
        let labels: Vec<&str> = labels.iter().map(String::as_str).collect();
        let key = rings.source(found.ring, *place);
        text.push_str(&comment(&format!(
            "values of {key} store the key label {}",
            labels.join(", ")
        )));
    }
    let line = format!("{} = {}\n", key(name), column_words(found, seen.has_documents()));
    let refusal = match found.layout(rings, seen.table.relation.name.name(), name) {
        _ if !seen.column.is_writable => {
            Some(format!("a run does not write {}", seen.column.declared_type))
        }
        _ if !is_of_ring => {
            Some("a table has one key ring, and this column has another".to_owned())
        }
        Err(refusal) => Some(refusal),
        Ok(_) => None,
    };
    match refusal {
        None => {
            text.push_str(&line);
            (text, true)
        }
        Some(refusal) => {
            text.push_str(&comment(&format!("left out: {refusal}")));
            text.push_str(&comment(&line));
            (text, false)
        }
    }
}

/// `"go"`, or a table with what is written, what is read, and what is left alone.
fn column_words(found: &Found, has_documents: bool) -> String {
    let (write, read) = found.parts.split_first().expect("a column that was found has a layout");
    let mut words = match read.is_empty() {
        true if !found.leaves_plain() && !has_documents => return layout(&write.form.settings),
        true => fields(&write.form.settings),
        false => {
            let read: Vec<String> = read.iter().map(|part| layout(&part.form.settings)).collect();
            vec![
                ("write", layout(&write.form.settings)),
                ("read", format!("[{}]", read.join(", "))),
            ]
        }
    };
    if found.leaves_plain() {
        words.push(("unmatched", string("leave")));
    }
    if has_documents {
        words.push(("json", "[\"$.**\"]".to_owned()));
    }
    inline(&words)
}

/// How many values were looked at, and which keys open them.
fn shares(seen: &SeenColumn, found: &Found, rings: &SearchRings) -> String {
    let what = if seen.is_whole { "values" } else { "sampled values" };
    let mut text = format!("of {} {what}", seen.tally.values);
    for (key, count) in &found.keys {
        write!(text, ", {} opens {count}", rings.source(found.ring, *key)).expect(TO_A_STRING);
    }
    if found.closed > found.plain {
        write!(text, ", no key opens {}", found.closed - found.plain).expect(TO_A_STRING);
    }
    if found.closed > found.plain && seen.has_documents() {
        text.push_str("\nname the paths in the place of $.** if those are no values");
    }
    if found.plain > 0 {
        write!(
            text,
            "\n{} have no such shape and are left alone; \"encrypt\" would seal them",
            found.plain
        )
        .expect(TO_A_STRING);
    }
    if found.elsewhere > 0 {
        write!(text, "\n{} more open with the keys of another ring", found.elsewhere)
            .expect(TO_A_STRING);
    }
    text
}
