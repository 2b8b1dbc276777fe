//! Documents of any shape, spelling and spacing: every string is found where it stands, and a splice changes
//! nothing else.

use proptest::collection::vec;
use proptest::prelude::*;
use reseal::document::{Content, Document, Selection};

/// A value as text, and where the strings in it stand.
#[derive(Clone, Debug, Default)]
struct Text {
    text: String,
    /// Offset, length, and what it says if that is Unicode.
    strings: Vec<(usize, usize, Option<String>)>,
}

impl Text {
    fn of(text: impl Into<String>) -> Self {
        Self { text: text.into(), strings: Vec::new() }
    }

    fn push(&mut self, other: &Self) {
        let moved =
            other.strings.iter().map(|(at, len, says)| (at + self.text.len(), *len, says.clone()));
        self.strings.extend(moved);
        self.text.push_str(&other.text);
    }
}

fn space() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "", "", " ", "\n", "\t \r\n"])
}

/// One character of a string: how it is written, and what it says; half a surrogate pair says nothing.
fn character() -> impl Strategy<Value = (String, Option<char>)> {
    let plain =
        any::<char>().prop_filter("an escape is needed", |c| *c >= ' ' && !"\"\\".contains(*c));
    let short = prop::sample::select(vec![
        ("\\\"", '"'),
        ("\\\\", '\\'),
        ("\\/", '/'),
        ("\\b", '\u{8}'),
        ("\\f", '\u{c}'),
        ("\\n", '\n'),
        ("\\r", '\r'),
        ("\\t", '\t'),
    ]);
    let utf16 = any::<char>().prop_map(|c| {
        let units =
            c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect();
        (units, Some(c))
    });
    prop_oneof![
        6 => plain.prop_map(|c| (c.to_string(), Some(c))),
        2 => short.prop_map(|(written, c)| (written.to_owned(), Some(c))),
        2 => utf16,
        1 => (0xdc00..0xe000_u32).prop_map(|half| (format!("\\u{half:04x}"), None)),
    ]
}

/// A string with its quotes.
fn string() -> impl Strategy<Value = Text> {
    vec(character(), 0..8).prop_map(|characters| {
        let written: String = characters.iter().map(|(written, _)| written.as_str()).collect();
        let says = characters.iter().map(|(_, says)| *says).collect();
        let text = format!("\"{written}\"");
        Text { strings: vec![(0, text.len(), says)], text }
    })
}

/// A name that may well stand twice.
fn key() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec!["\"a\"", "\"b\"", "\"\\u0061\"", "\"it's\"", "\"\""])
            .prop_map(str::to_owned),
        string().prop_map(|key| key.text),
    ]
}

fn value() -> impl Strategy<Value = Text> {
    let scalars = vec!["null", "true", "false", "0", "-0.0", "1.50e+07", "12345678901234567890.10"];
    let leaf = prop_oneof![string(), prop::sample::select(scalars).prop_map(Text::of)];
    leaf.prop_recursive(6, 40, 5, |inner| {
        let spaced = (space(), inner, space()).boxed();
        let array = vec(spaced.clone(), 0..5)
            .prop_map(|items| container('[', ']', items.into_iter().map(|i| (String::new(), i))));
        let object = vec((key(), space(), spaced), 0..5).prop_map(|members| {
            container(
                '{',
                '}',
                members.into_iter().map(|(key, gap, item)| (format!("{gap}{key}{gap}:"), item)),
            )
        });
        prop_oneof![array, object]
    })
}

fn container(
    open: char,
    close: char,
    items: impl Iterator<Item = (String, (&'static str, Text, &'static str))>,
) -> Text {
    let mut text = Text::of(open);
    for (n, (key, (before, value, after))) in items.enumerate() {
        text.push(&Text::of(if n == 0 { "" } else { "," }));
        text.push(&Text::of(key + before));
        text.push(&value);
        text.push(&Text::of(after));
    }
    text.push(&Text::of(close));
    text
}

fn document() -> impl Strategy<Value = Text> {
    (space(), value(), space()).prop_map(|(before, value, after)| {
        let mut text = Text::of(before);
        text.push(&value);
        text.push(&Text::of(after));
        text
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

    #[test]
    fn every_string_is_found_where_it_stands(written in document()) {
        let document = Document::parse(written.text.as_bytes()).expect("JSON");
        let tokens = document.select(&Selection::every_string()).expect("not deep");
        prop_assert_eq!(tokens.len(), written.strings.len());
        for (token, (at, length, says)) in tokens.iter().zip(&written.strings) {
            prop_assert_eq!((token.at, token.raw().len()), (*at, *length));
            let content = says.clone().map_or(Content::NotUnicode, |text| Content::Text(text.into()));
            prop_assert_eq!(token.content(), content);
        }
    }

    /// A path leads back to its string; of equal keys to all of them.
    #[test]
    fn a_path_leads_to_its_string(written in document()) {
        let document = Document::parse(written.text.as_bytes()).expect("JSON");
        let tokens = document.select(&Selection::every_string()).expect("not deep");
        let mut paths: Vec<String> = tokens.iter().map(|token| document.path(token)).collect();
        for (token, path) in tokens.iter().zip(&paths) {
            prop_assert!(!path.contains(|c: char| c < ' '), "{:?}", path);
            // what a second key or half a pair adds is no part of the language
            let plain = !path.contains(['#', '…']) && !path.contains("\\ud");
            if !plain { continue; }
            let selection = Selection::parse(&[path]).expect("a path");
            let found = document.select(&selection).expect("not deep");
            prop_assert!(found.iter().any(|other| other.at == token.at && other.is_named), "{}", path);
        }
        paths.sort();
        paths.dedup();
        prop_assert_eq!(paths.len(), tokens.len(), "no two strings share a path");
    }

    #[test]
    fn a_splice_changes_nothing_else(written in document(), new in vec(any::<Option<String>>(), 40)) {
        let document = Document::parse(written.text.as_bytes()).expect("JSON");
        let every = Selection::every_string();
        let tokens = document.select(&every).expect("not deep");
        let replacement = |n: usize| new.get(n).and_then(Option::as_deref);
        let replaced = tokens.iter().enumerate().filter_map(|(n, token)| Some((token, replacement(n)?)));
        let spliced = document.splice(replaced);
        let (mut expected, mut copied) = (String::new(), 0);
        for (n, (at, length, _)) in written.strings.iter().enumerate() {
            let Some(text) = replacement(n) else { continue };
            expected += &written.text[copied..*at];
            expected += &serde_json::to_string(text).expect("a string");
            copied = at + length;
        }
        expected += &written.text[copied..];
        prop_assert_eq!(&spliced, &expected);
        prop_assert!(document.is_spliced(&spliced, |new| new.select(&every), &tokens, replacement));
    }
}
