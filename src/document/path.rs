//! The path of one token, for people: a normalized path of RFC 9535, section 2.7.

use std::fmt::Write;

use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::walk::{Step, children};
use super::{Content, Document, content};

/// Bytes of a path that is shown; it is part of a unique index, whose entries are bounded.
pub const BYTES_MAX: usize = 300;
/// What is kept of a longer one.
const BYTES_KEPT: usize = 240;

/// The path of the value that begins at byte `at`.
pub fn of(document: &Document<'_>, at: usize) -> String {
    let mut path = "$".to_owned();
    let mut around = document.root;
    while document.place(around) != at {
        let Some(child) = child_at(document, around, at) else { break };
        child.append_to(&mut path);
        around = child.value;
    }
    if path.len() > BYTES_MAX { shortened(&path) } else { path }
}

/// A child on the way.
struct Child<'d> {
    step: Step<'d>,
    value: &'d RawValue,
    /// How many of the keys before it are equal to its own.
    equal_before: usize,
}

fn child_at<'d>(document: &Document<'d>, around: &'d RawValue, at: usize) -> Option<Child<'d>> {
    let (mut keys, mut found) = (Vec::new(), None);
    let read = children(around.get(), |step, value| {
        let start = document.place(value);
        if (start..start + value.get().len()).contains(&at) {
            found = Some((step, value));
        } else if let (Step::Key(key), None) = (step, found) {
            keys.push(key);
        }
        Ok(())
    });
    debug_assert!(read.is_ok(), "it was read before");
    let (step, value) = found?;
    let equal_before = match step {
        Step::Key(key) => {
            let name = content(key);
            keys.into_iter().filter(|earlier| content(earlier) == name).count()
        }
        Step::Index(_) => 0,
    };
    Some(Child { step, value, equal_before })
}

impl Child<'_> {
    fn append_to(&self, path: &mut String) {
        match self.step {
            Step::Index(index) => push(path, format_args!("[{index}]")),
            Step::Key(key) => {
                path.push_str("['");
                match content(key) {
                    Content::Text(name) => push_escaped(path, &name),
                    // what cannot be said otherwise, as it stands
                    _ => path.push_str(&key[1..key.len() - 1]),
                }
                path.push_str("']");
            }
        }
        if self.equal_before > 0 {
            push(path, format_args!("#{}", self.equal_before + 1));
        }
    }
}

/// A name between single quotes.
fn push_escaped(path: &mut String, name: &str) {
    for character in name.chars() {
        match character {
            '\'' | '\\' => path.extend(['\\', character]),
            '\u{8}' => path.push_str("\\b"),
            '\t' => path.push_str("\\t"),
            '\n' => path.push_str("\\n"),
            '\u{c}' => path.push_str("\\f"),
            '\r' => path.push_str("\\r"),
            '\0'..='\u{1f}' => push(path, format_args!("\\u{:04x}", u32::from(character))),
            _ => path.push(character),
        }
    }
}

fn push(path: &mut String, text: std::fmt::Arguments<'_>) {
    path.write_fmt(text).expect("a String takes any text");
}

/// The beginning of a path and a digest of all of it, so that two long ones are told apart.
fn shortened(path: &str) -> String {
    let digest = data_encoding::HEXLOWER.encode(&Sha256::digest(path)[..8]);
    let kept = path.floor_char_boundary(BYTES_KEPT);
    format!("{}…{digest}", &path[..kept])
}
