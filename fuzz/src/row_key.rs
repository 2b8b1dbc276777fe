//! Row keys and names on their way to SQL: places in a table, arrays in their binary form, and quoted
//! identifiers, each read back by another reader than ours.
//!
//! Input: which of them, then its bytes; items of an array and names each end at a NUL.

use bytes::BytesMut;
use reseal::db::identifier::{Identifier, RelationName, plain_name};
use reseal::db::row_key::{Binary, BinaryArray, Tid};
use tokio_postgres::types::{FromSql, ToSql, Type};

use super::bytes_of_input::Input;

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    match input.byte() % 3 {
        0 => check_place(input.rest()),
        1 => check_array(input),
        _ => check_names(input),
    }
}

fn check_place(bytes: &[u8]) {
    match Tid::from_binary(bytes) {
        Some(tid) => assert_eq!(tid.to_binary(), bytes),
        None => assert_ne!(bytes.len(), Tid::BYTES),
    }
}

/// The client library reads the items that were sent.
fn check_array(mut input: Input<'_>) {
    let mut items = Vec::new();
    while !input.is_empty() {
        let item = input.until_nul();
        items.push(Some(item).filter(|item| *item != [1]));
    }
    let mut sent = BytesMut::new();
    let array = BinaryArray { element_oid: Type::BYTEA.oid(), items: items.clone() };
    array.to_sql(&Type::BYTEA_ARRAY, &mut sent).expect("a short array");
    let read = Vec::<Option<Binary<'_>>>::from_sql(&Type::BYTEA_ARRAY, &sent).expect("an array");
    let read: Vec<Option<&[u8]>> = read.iter().map(|item| item.map(|item| item.0)).collect();
    assert_eq!(read, items);
    assert!(!format!("{array:?}").contains("[["));
}

/// A name is quoted so that SQL reads it as it was, and no two tables read alike in messages.
fn check_names(mut input: Input<'_>) {
    let Some(names) = (0..4).map(|_| input.text()).collect::<Option<Vec<_>>>() else { return };
    for name in &names {
        let Ok(identifier) = Identifier::new(*name) else { continue };
        assert_eq!(identifier.name(), *name);
        assert_eq!(read_quoted(&identifier.to_string()), Some(((*name).to_owned(), "")));
    }
    let [schema, table, other_schema, other_table] = names[..] else { return };
    if let Ok(relation) = RelationName::new(schema, table) {
        let quoted = relation.to_string();
        let (first, rest) = read_quoted(&quoted).expect("a quoted schema");
        let rest = rest.strip_prefix('.').expect("a dot between the names");
        assert_eq!((first.as_str(), read_quoted(rest)), (schema, Some((table.to_owned(), ""))));
        assert_eq!(relation.plain(), plain_name(schema, table));
    }
    let is_same = (schema, table) == (other_schema, other_table);
    assert_eq!(is_same, plain_name(schema, table) == plain_name(other_schema, other_table));
}

/// A quoted identifier as PostgreSQL's scanner reads it, and what follows it.
fn read_quoted(text: &str) -> Option<(String, &str)> {
    let inside = text.strip_prefix('"')?;
    let mut name = String::new();
    let mut characters = inside.char_indices().peekable();
    while let Some((place, character)) = characters.next() {
        if character != '"' {
            name.push(character);
        } else if characters.next_if(|(_, next)| *next == '"').is_some() {
            name.push('"');
        } else {
            return Some((name, &inside[place + 1..]));
        }
    }
    None
}
