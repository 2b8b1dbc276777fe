//! Strings of documents.

use super::*;
use crate::document::Selection;

/// The strings of `text` that were read, with what they are, and the seals that they may need.
fn read(layout: &ColumnLayout, paths: &[&str], text: &str) -> (Vec<(String, Reading)>, u64) {
    with_work(layout, paths, |work, scratch| {
        let read = work.read(Some(text.as_bytes()), ROW.texts, scratch).unwrap();
        let read = read.into_iter().map(|string| (text[string.place].to_owned(), string.outcome));
        (read.collect(), work.seals(Some(text.as_bytes()), scratch))
    })
}

fn with_work<T>(
    layout: &ColumnLayout,
    paths: &[&str],
    check: impl FnOnce(DocumentWork<'_>, &mut Scratch) -> T,
) -> T {
    let keys = ring("ab").column_keys(layout, "users", "email").unwrap();
    let source = AadSource { table: "users", column: "email", places: &[0] };
    let paths = Selection::parse(paths).unwrap();
    let work = ColumnWork::new(&keys, layout, source).in_documents(Some(&paths));
    check(work.documents().unwrap(), &mut Scratch::default())
}

fn value(digit: char, aad: &[u8]) -> String {
    String::from_utf8(stored(digit, "enc-v1", aad)).unwrap()
}

#[test]
fn strings_are_values_where_they_look_like_one_or_a_path_names_them() {
    let [current, previous, lost] = ['a', 'b', 'c'].map(|digit| value(digit, b"users:42"));
    let text = format!(
        r#"{{"a": "{current}", "b": ["{previous}", "plain", "", null, 5, "\ud800"], "c": "{lost}"}}"#
    );
    let quoted = |value: &str| format!("\"{value}\"");
    let values = [
        (quoted(&current), Reading::Current),
        (quoted(&previous), Reading::Previous(0)),
        (quoted(&lost), Reading::Unreadable(Reason::NoKeyOpensIt)),
    ];
    let fail = layout("enc-v1", &[]);
    assert_eq!(read(&fail, &["$.**"], &text), (values.to_vec(), 3));
    let malformed = |text: &str| (text.to_owned(), Reading::Unreadable(Reason::Malformed));
    let named = ["$.b[1]", "$.b[2]", "$.b[3]", "$.b[4]", "$.b[5]"];
    let expected = ["\"plain\"", "5", "\"\\ud800\""].map(malformed).to_vec();
    assert_eq!(read(&fail, &named, &text), (expected, 0));
    let leave = fail.clone().with_unmatched(Unmatched::Leave).unwrap();
    assert_eq!(read(&leave, &named, &text), (vec![], 0));
    // what is to be encrypted is named; beside it stands what is only met
    let encrypt = fail.with_unmatched(Unmatched::Encrypt).unwrap();
    let plain = ("\"plain\"".to_owned(), Reading::Plain);
    let expected = [&values[..2], &[plain], &values[2..]].concat();
    assert_eq!(read(&encrypt, &["$.b[1]", "$.**"], &text), (expected, 4));
}

#[test]
fn only_what_needs_it_is_replaced() {
    let (old, bound_elsewhere) = (value('b', b"users:42"), value('b', b"users:43"));
    let current = value('a', b"users:42");
    let text = format!(r#"{{"n":1.0,  "a":"{old}","b":["{bound_elsewhere}" ,"{current}"]}}"#);
    let layout = layout("enc-v1", &[]);
    let resealed = |text: &str| {
        with_work(&layout, &["$.**"], |work, scratch| {
            work.reseal(Some(text.as_bytes()), ROW.texts, scratch).unwrap().unwrap()
        })
    };
    let first = resealed(&text);
    let new = String::from_utf8(first.replacement.clone().unwrap()).unwrap();
    assert_eq!(first.strings.len(), 3);
    let Resealing::Resealed(value) = &first.strings[0].outcome else { panic!("{first:?}") };
    assert_eq!(new, text.replace(&old, std::str::from_utf8(value).unwrap()));
    let again = resealed(&new);
    assert_eq!(again.replacement, None);
    let outcomes = again.strings.into_iter().map(|string| string.outcome);
    let lost = Resealing::Failed(Reason::NoKeyOpensIt);
    let expected = [Resealing::AlreadyCurrent, lost, Resealing::AlreadyCurrent];
    assert_eq!(outcomes.collect::<Vec<_>>(), expected);
}

#[test]
fn a_cell_that_is_no_document_fails_or_is_left() {
    let fail = layout("enc-v1", &[]);
    let leave = fail.clone().with_unmatched(Unmatched::Leave).unwrap();
    let read = |layout: &ColumnLayout, stored: Option<&[u8]>| {
        with_work(layout, &["$.**"], |work, scratch| work.read(stored, ROW.texts, scratch))
    };
    for text in [&b"{"[..], b"\"\xff\"", "[".repeat(200).as_bytes()] {
        assert_eq!(read(&fail, Some(text)), Err(Reason::Malformed));
        assert_eq!(read(&leave, Some(text)), Ok(vec![]));
    }
    assert_eq!(read(&leave, None), Err(Reason::TooLarge));
}
