//! Layout templates: any text is a template or a refusal, any bytes are a value or malformed, and what
//! is written is read as what it was.
//!
//! Input: a template up to the first NUL, then a stored value.

use reseal::crypto::NonceLength;
use reseal::layout::{DecodeBuffer, Layout, LayoutError, Sealed};

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
    assert_eq!(Layout::named(layout.name()).as_ref(), Ok(layout));
    let (mut buffer, mut frame) = (DecodeBuffer::default(), Vec::new());
    if let Ok(read) = layout.decode(stored, &mut buffer) {
        let (parts, label) = (read.parts, read.label.unwrap_or_default());
        assert_eq!(NonceLength::from_bytes(parts.nonce.len()), Some(layout.nonce_length()));
        assert_eq!(read.inner.is_some(), layout.has_data_key());
        assert_eq!(read.salt.len(), layout.salt_bytes());
        assert!(layout.label_form().is_some() || read.label.is_none());
        layout.frame(Some(read.frame), label, || 0, &mut frame);
        let (nonce, ciphertext, tag) = (parts.nonce, parts.ciphertext, parts.tag);
        let (salt, wrapped_key, key_version) = (read.salt, read.wrapped_key, read.key_version);
        let frame = &frame[..];
        let sealed =
            Sealed { nonce, ciphertext, tag, salt, label, frame, wrapped_key, key_version };
        round_trip(layout, &sealed);
    }
    // The same bytes as the parts of a value, for they are seldom a value of any layout.
    if layout.label_form().is_some() || layout.has_data_key() {
        return;
    }
    let mut input = Input::new(stored);
    let (nonce, tag, salt): ([u8; 24], [u8; 32], [u8; 64]) =
        (input.array(), input.array(), input.array());
    layout.frame(None, b"", || 7, &mut frame);
    let sealed = Sealed {
        nonce: &nonce[..layout.nonce_length().bytes()],
        ciphertext: input.rest(),
        tag: &tag[..layout.cipher().tag_bytes()],
        salt: &salt[..layout.salt_bytes()],
        frame: &frame,
        ..Sealed::default()
    };
    round_trip(layout, &sealed);
}

/// Written exactly, read as it was.
fn round_trip(layout: &Layout, sealed: &Sealed<'_>) {
    let mut stored = Vec::new();
    layout.encode(sealed, &mut stored);
    if layout.is_text() {
        assert!(stored.iter().all(|byte| matches!(byte, 1..=127)));
    }
    let mut buffer = DecodeBuffer::default();
    let read = layout.decode(&stored, &mut buffer).expect("what was written is read");
    assert_eq!((read.parts.nonce, read.parts.ciphertext), (sealed.nonce, sealed.ciphertext));
    assert_eq!(read.parts.tag, &sealed.tag[..read.parts.tag.len()]);
    assert_eq!((read.salt, read.frame), (sealed.salt, sealed.frame));
    if layout.label_form().is_some() {
        assert_eq!(read.label.unwrap_or_default(), sealed.label);
    }
}
