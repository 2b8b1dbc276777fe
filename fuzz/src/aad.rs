//! AAD templates: any text is a template or a refusal, and what is rendered is the template with its
//! names replaced.
//!
//! Input: a template up to the first NUL, then the columns' values, each up to a NUL; one that begins
//! with the byte 1 stands for NULL.

use reseal::layout::{AadMissing, AadTemplate, RowTexts};

use super::bytes_of_input::Input;

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(text) = input.text() else { return };
    let Ok(template) = AadTemplate::parse(text) else { return };
    assert_eq!(template.template(), text);
    let columns = template.columns();
    for (place, column) in columns.iter().enumerate() {
        assert!(!column.is_empty() && !columns[..place].contains(column), "{text:?}");
    }
    let values: Vec<Option<&[u8]>> = columns
        .iter()
        .map(|_| Some(input.until_nul()).filter(|value| value.first() != Some(&1)))
        .collect();
    let places: Vec<usize> = (0..values.len()).collect();
    let row = RowTexts { table: "public.t", column: "secret", texts: &values, places: &places };
    for label in [Some("4"), None] {
        let mut rendered = b"left over".to_vec();
        let outcome = template.render(&row, label, &mut rendered);
        match expected(text, columns, &values, label) {
            Some(expected) => assert_eq!((outcome, rendered), (Ok(()), expected)),
            None => assert_eq!(outcome, Err(AadMissing)),
        }
    }
}

/// The same by another way: from the left, one character at a time. `None` when something is missing.
fn expected(
    template: &str,
    columns: &[String],
    values: &[Option<&[u8]>],
    label: Option<&str>,
) -> Option<Vec<u8>> {
    let mut rendered = Vec::new();
    let mut rest = template;
    while let Some(first) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("{{").or(rest.strip_prefix("}}")) {
            rendered.push(rest.as_bytes()[0]);
            rest = after;
            continue;
        }
        let Some(inside) = rest.strip_prefix('{') else {
            rendered.extend(first.to_string().bytes());
            rest = &rest[first.len_utf8()..];
            continue;
        };
        let (word, after) = inside.split_once('}').expect("the template was accepted");
        match word {
            "table" => rendered.extend(b"public.t"),
            "column" => rendered.extend(b"secret"),
            "kid" => rendered.extend(label?.bytes()),
            word => {
                let name = word.strip_prefix("col:").unwrap_or(word);
                let place = columns.iter().position(|column| column == name).expect("a column");
                rendered.extend(values[place]?);
            }
        }
        rest = after;
    }
    Some(rendered)
}
