//! `--only TABLE`: a part of the configuration, as if the rest of it were not there.

use crate::config::names::TableName;
use crate::config::word::Word;
use crate::config::{TableConfig, Troubles};
use crate::error::did_you_mean;

/// The tables that are meant, and the names of those that are left out.
pub fn part(
    typed: &[String],
    tables: Vec<TableConfig>,
    troubles: &mut Troubles,
) -> (Vec<TableConfig>, Vec<String>) {
    if typed.is_empty() {
        return (tables, Vec::new());
    }
    let mut wanted = Vec::new();
    for text in typed {
        let word = Word::new(text, "--only");
        let Some(name) = troubles.note(TableName::parse(text).map_err(|what| word.wrong(what)))
        else {
            continue;
        };
        if tables.iter().any(|table| table.name == name) {
            wanted.push(name);
            continue;
        }
        let names: Vec<String> = tables.iter().map(|table| table.name.to_string()).collect();
        let hint = did_you_mean(text, names.iter().map(String::as_str)).unwrap_or_else(|| {
            "name it as the configuration does, with its schema and *".to_owned()
        });
        troubles.add(word.wrong("no configured table has this name").hint(hint));
    }
    let (part, rest): (Vec<_>, Vec<_>) =
        tables.into_iter().partition(|table| wanted.contains(&table.name));
    (part, rest.into_iter().map(|table| table.name.to_string()).collect())
}
