//! Documents: any text is JSON or not, as another reader of it says; a path leads back to its string; a splice
//! changes nothing but what it replaces.
//!
//! Input: paths up to the first NUL, one a line; a new text up to the next; then a document.

use reseal::document::{Content, Document, Selection, Token};
use serde_json::Value;

use super::bytes_of_input::Input;

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let (Some(paths), Some(new)) = (input.text(), input.text()) else { return };
    let text = input.rest();
    let Ok(document) = Document::parse(text) else {
        assert!(serde_json::from_slice::<Value>(text).is_err());
        return;
    };
    let every = Selection::every_string();
    // the other reader takes no half of a surrogate pair, and only so much depth
    if let Ok(value) = serde_json::from_slice::<Value>(text) {
        let tokens = document.select(&every).expect("not nested deeper than it can read");
        let kept = strings(&value);
        assert!(kept.len() <= tokens.len(), "of equal keys it keeps the last");
        assert!(kept.iter().all(|text| tokens.iter().any(|token| says(token, text))));
    }
    check_splice(&document, &every, new);
    let paths: Vec<&str> = paths.lines().collect();
    match Selection::parse(&paths) {
        Ok(selection) => check_splice(&document, &selection, new),
        Err(refused) => assert!(refused.at.is_none_or(|at| at > 0)),
    }
}

fn strings(value: &Value) -> Vec<&str> {
    match value {
        Value::String(text) => vec![text],
        Value::Array(items) => items.iter().flat_map(strings).collect(),
        Value::Object(members) => members.values().flat_map(strings).collect(),
        _ => Vec::new(),
    }
}

fn says(token: &Token<'_>, text: &str) -> bool {
    token.content() == Content::Text(text.into())
}

/// Every second string is replaced.
fn check_splice(document: &Document<'_>, selection: &Selection, new: &str) {
    let Ok(tokens) = document.select(selection) else { return };
    let is_string = |token: &Token<'_>| token.content() != Content::NoString;
    let replacement = |n: usize| (n.is_multiple_of(2) && is_string(&tokens[n])).then_some(new);
    let replaced =
        tokens.iter().enumerate().filter_map(|(n, token)| Some((token, replacement(n)?)));
    let spliced = document.splice(replaced);
    assert!(document.is_spliced(&spliced, |new| new.select(selection), &tokens, replacement));
    for token in &tokens {
        let path = document.path(token);
        assert!(path.len() <= 300 && !path.contains('\0'));
    }
}
