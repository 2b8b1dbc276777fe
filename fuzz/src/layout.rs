//! Layout templates: any text is a template or a refusal, any bytes are a value or malformed, and what
//! is written is read as what it was.
//!
//! Input: a template up to the first NUL, then a stored value.

use reseal::crypto::{Nonce, NonceLength, Parts, Tag};
use reseal::layout::{DecodeBuffer, Layout, LayoutError};

use super::bytes_of_input::Input;

pub fn check(data: &[u8]) {
    let mut input = Input::new(data);
    let Some(template) = input.text() else { return };
    let stored = input.rest();
    match Layout::named(template) {
        Ok(layout) => check_layout(&layout, stored),
        Err(refused) => check_refusal(template, &refused),
    }
}

/// It says where, within the template.
fn check_refusal(template: &str, refused: &LayoutError) {
    assert!(!refused.what.is_empty());
    if let Some(character) = refused.at {
        assert!((1..=template.chars().count() + 1).contains(&character), "{refused}");
    }
}

fn check_layout(layout: &Layout, stored: &[u8]) {
    assert_eq!(Layout::parse(layout.template()).as_ref(), Ok(layout));
    let mut buffer = DecodeBuffer::default();
    if let Ok(parts) = layout.decode(stored, &mut buffer) {
        let lengths = (parts.nonce.len(), parts.tag.len() == 16);
        assert_eq!(lengths, (layout.nonce_length().bytes(), layout.writable().is_ok()));
        round_trip(layout, &parts);
    }
    // The same bytes as the parts of a value, for they are seldom a value of any layout.
    let mut input = Input::new(stored);
    let (nonce, tag): ([u8; 16], Tag) = (input.array(), input.array());
    let nonce = &nonce[..layout.nonce_length().bytes()];
    round_trip(layout, &Parts { nonce, ciphertext: input.rest(), tag: &tag });
}

/// Written exactly, read as it was.
fn round_trip(layout: &Layout, parts: &Parts<'_>) {
    let mut tag = [0; 16];
    tag[..parts.tag.len()].copy_from_slice(parts.tag);
    let nonce = Nonce::known(parts.nonce).expect("a nonce has 12 or 16 bytes");
    assert_eq!(NonceLength::from_bytes(parts.nonce.len()), Some(layout.nonce_length()));
    let mut stored = Vec::new();
    layout.encode(&nonce, parts.ciphertext, &tag, &mut stored);
    assert_eq!(stored.len(), layout.stored_bytes(parts.ciphertext.len()));
    if layout.is_text() {
        assert!(stored.iter().all(|byte| matches!(byte, 1..=127)));
    }
    let mut buffer = DecodeBuffer::default();
    let read = layout.decode(&stored, &mut buffer).expect("what was written is read");
    assert_eq!((read.nonce, read.ciphertext), (parts.nonce, parts.ciphertext));
    assert_eq!(read.tag, &tag[..read.tag.len()]);
}
