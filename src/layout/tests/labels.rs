//! What a value holds besides nonce, ciphertext and tag.

use super::*;

#[test]
fn labels_salts_and_times() {
    let key = KeySettings {
        derive: Some("hkdf".to_owned()),
        salt: Some("{salt}".to_owned()),
        ..KeySettings::default()
    };
    for (template, stored, label, salt, frame) in [
        ("v{kid}:{raw(nonce12 ct tag16)}", "vk1:0123456789absecretABCDEFGHIJKLMNOP", "k1", "", ""),
        ("{raw(nonce12 ct tag16)}|{kid}", "0123456789absecretABCDEFGHIJKLMNOP|k1", "k1", "", ""),
        ("{raw(kid2 nonce12 ct tag16)}", "k10123456789absecretABCDEFGHIJKLMNOP", "k1", "", ""),
        (
            "{raw(tlvkid nonce12 tag16 ct)}",
            "\u{1}\u{2}k10123456789abABCDEFGHIJKLMNOPsecret",
            "k1",
            "",
            "",
        ),
        (
            "{raw(salt8 nonce12 ct tag16)}",
            "saltsalt0123456789absecretABCDEFGHIJKLMNOP",
            "",
            "saltsalt",
            "",
        ),
        (
            "{raw(time8 nonce12 ct tag16)}",
            "whenwhen0123456789absecretABCDEFGHIJKLMNOP",
            "",
            "",
            "whenwhen",
        ),
    ] {
        let key = Some(key.clone()).filter(|_| !salt.is_empty());
        let settings = Settings { layout: Some(template.to_owned()), key, ..Settings::default() };
        let layout = Layout::of(settings).unwrap();
        let (label, salt, frame) = (label.as_bytes(), salt.as_bytes(), frame.as_bytes());
        let mut written = Vec::new();
        layout.encode(&Sealed { label, salt, frame, ..sealed(&NONCE, b"secret") }, &mut written);
        assert_eq!(written, stored.as_bytes(), "{template}");
        assert_eq!(written.capacity(), written.len(), "{template}");
        let mut buffer = DecodeBuffer::default();
        let read = layout.decode(&written, &mut buffer).unwrap();
        assert_eq!(read.label.unwrap_or_default(), label, "{template}");
        assert_eq!((read.salt, read.frame), (salt, frame), "{template}");
        assert_eq!(read.parts.ciphertext, b"secret", "{template}");
    }
}

#[test]
fn a_label_ends_where_its_text_begins() {
    let vault = layout("vault:v{kid}:{raw(nonce12 ct tag16)}");
    let mut buffer = DecodeBuffer::default();
    let rest = "0123456789absecretABCDEFGHIJKLMNOP";
    for (stored, label) in [
        (format!("vault:v12:{rest}"), Some("12")),
        (format!("vault:v1:{rest}:x"), Some("1")),
        (format!("vault:v:{rest}"), None),
        (format!("vault:v1{rest}"), None),
        (format!("vault:v1\n:{rest}"), None),
    ] {
        let read = vault.decode(stored.as_bytes(), &mut buffer).ok();
        assert_eq!(read.and_then(|read| read.label), label.map(str::as_bytes), "{stored}");
    }
    assert!(vault.check_label("12").is_ok() && vault.check_label("1:2").is_err());
    assert!(vault.needs_label() && !layout("{raw(nonce12 ct tag16)}").needs_label());
}
