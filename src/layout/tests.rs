//! The template language: what it accepts, what it refuses and how it says so.

use super::*;

mod data_key;
mod labels;
mod settings;
mod spread;

const NONCE: [u8; 12] = *b"0123456789ab";
const TAG: [u8; 16] = *b"ABCDEFGHIJKLMNOP";

fn layout(template: &str) -> Layout {
    Layout::parse(template).unwrap_or_else(|error| panic!("{template}: {error}"))
}

fn sealed<'a>(nonce: &'a [u8], ciphertext: &'a [u8]) -> Sealed<'a> {
    Sealed { nonce, ciphertext, tag: &TAG, label: b"k1", ..Sealed::default() }
}

fn encode(template: &str, ciphertext: &[u8]) -> String {
    let mut stored = Vec::new();
    let layout = layout(template);
    let nonce = match layout.nonce_length() {
        NonceLength::Twelve => &NONCE[..],
        _ => b"0123456789abcdef",
    };
    layout.encode(&sealed(nonce, ciphertext), &mut stored);
    assert_eq!(stored.len(), stored.capacity(), "no room to spare");
    String::from_utf8(stored).unwrap()
}

/// Whether `stored` is read as NONCE, "secret" and TAG.
fn reads(template: &str, stored: &str) -> bool {
    let mut buffer = DecodeBuffer::default();
    let whole = Parts { nonce: &NONCE, ciphertext: b"secret", tag: &TAG };
    match layout(template).decode(stored.as_bytes(), &mut buffer) {
        Ok(stored_parts) => {
            assert_eq!(stored_parts.parts, whole, "{template}: {stored}");
            true
        }
        Err(Malformed) => false,
    }
}

#[test]
fn writes_exactly() {
    for (template, stored) in [
        ("{raw(nonce12 ct tag16)}", "0123456789absecretABCDEFGHIJKLMNOP"),
        ("{raw(tag16 x2e ct nonce12)}!", "ABCDEFGHIJKLMNOP.secret0123456789ab!"),
        (
            "{hex(nonce12)}:{hex(tag16)}:{hex(ct)}",
            "303132333435363738396162:4142434445464748494a4b4c4d4e4f50:736563726574",
        ),
        (
            "{b64(nonce12)}.{b64(tag16)}.{b64(ct)}",
            "MDEyMzQ1Njc4OWFi.QUJDREVGR0hJSktMTU5PUA==.c2VjcmV0",
        ),
        ("{b64raw(tag16)}.{b64raw(nonce12 ct)}", "QUJDREVGR0hJSktMTU5PUA.MDEyMzQ1Njc4OWFic2VjcmV0"),
        (
            "{b64url(xfffefb ct nonce12 tag16)}",
            "__77c2VjcmV0MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUA==",
        ),
        ("{b64urlraw(ct xff nonce12 tag16)}", "c2VjcmV0_zAxMjM0NTY3ODlhYkFCQ0RFRkdISUpLTE1OT1A"),
        (
            "{{v1}}{hex(nonce12)}{raw(ct tag16)}",
            "{v1}303132333435363738396162secretABCDEFGHIJKLMNOP",
        ),
    ] {
        assert_eq!(encode(template, b"secret"), stored, "{template}");
        assert!(reads(template, stored), "{template}");
    }
    assert_eq!(encode("{raw(nonce16 ct tag16)}", b""), "0123456789abcdefABCDEFGHIJKLMNOP");
}

#[test]
fn reads_leniently() {
    let hex = "{hex(nonce12)}:{hex(tag16)}:{hex(ct)}";
    assert!(reads(hex, "303132333435363738396162:4142434445464748494A4B4C4D4E4F50:736563726574"));
    assert!(reads(
        hex,
        "3031323334353637\n38396162:41424344454647484\r\n94a4b4c4d4e4f50\n:7365\n63726574\n"
    ));
    let packed = "{b64(nonce12 tag16 ct)}";
    for stored in [
        "MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUHNlY3JldA==",
        "MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUHNlY3JldA",
        "MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUHNlY3JldB",
        "MDEyMzQ1Njc4OWFi\nQUJDREVGR0hJ\r\nSktMTU5PUHNlY3JldA=\n=\n",
    ] {
        assert!(reads(packed, stored), "{stored}");
        assert!(reads("{b64raw(nonce12 tag16 ct)}", stored), "{stored}");
    }
    let joined = "{b64(tag16)}:{b64(nonce12)}:{b64(ct)}:{b64(x01)}";
    for stored in [
        "QUJDREVGR0hJSktMTU5PUA==:MDEyMzQ1Njc4OWFi:c2VjcmV0:AQ==",
        "QUJDREVGR0hJSktMTU5PUA:MDEyMzQ1Njc4OWFi:c2VjcmV0:AQ",
        "QUJDREVGR0hJSktMTU5PUA\n==\n:MDEyMzQ1Njc4OWFi\n:c2VjcmV0\n:A\nQ=\n=\n",
    ] {
        assert!(reads(joined, stored), "{stored}");
    }
    assert!(reads(
        "{hex(nonce12)}\n{hex(ct)}\n{hex(tag16)}\n",
        "303132333435363738396162\n736563726574\n4142434445464748494a4b4c4d4e4f50\n"
    ));
}

#[test]
fn adjacent_groups_need_no_separator() {
    for template in [
        "{hex(nonce12)}{hex(ct)}{hex(tag16)}",
        "{b64(tag16)}{b64(nonce12)}{b64(ct)}",
        "{b64(nonce12)}{raw(ct)}{b64(tag16)}",
        "{raw(nonce12)}{b64(ct)}{raw(tag16)}",
        "{b64(nonce12)}A{b64(ct)}A{b64(tag16)}=",
    ] {
        assert!(reads(template, &encode(template, b"secret")), "{template}");
    }
    // Raw bytes are never taken for a line feed or for padding.
    let tight = layout("{hex(nonce12)}{raw(ct)}{b64(tag16)}");
    let mut stored = Vec::new();
    tight.encode(&sealed(&NONCE, b"\n==\r\n"), &mut stored);
    let mut buffer = DecodeBuffer::default();
    assert_eq!(tight.decode(&stored, &mut buffer).unwrap().parts.ciphertext, b"\n==\r\n");
}

#[test]
fn other_shapes_are_malformed() {
    for (template, stored) in [
        ("{raw(nonce12 ct tag16)}", "0123456789abABCDEFGHIJKLMNO"),
        ("v1:{raw(nonce12 ct tag16)}", "v2:0123456789absecretABCDEFGHIJKLMNOP"),
        ("{raw(x30 nonce12 ct tag16)}", "1123456789abcsecretABCDEFGHIJKLMNOP"),
        ("{hex(nonce12)}:{hex(ct tag16)}", "303132333435363738396162"),
        ("{hex(nonce12)}:{hex(ct tag16)}", "30313233343536373839616263:00"),
        (
            "{hex(nonce12 ct tag16)}",
            "3031323334353637383961627365637265744142434445464748494a4b4c4d4e4f5",
        ),
        (
            "{b64(nonce12)}:{b64(tag16)}:{b64(ct)}",
            "MDEyMzQ1Njc4OWFi:QUJDREVGR0hJSktMTU5PUA=:c2VjcmV0",
        ),
        (
            "{b64(nonce12)}:{b64(ct)}:{b64(tag16)}",
            "MDEyMzQ1Njc4OWFi:c2VjcmV0:QUJDREVGR0hJSktMTU5PUA=",
        ),
        (
            "{b64(nonce12)}:{b64(ct)}:{b64(tag16)}",
            "MDEyMzQ1Njc4OWFi:c2VjcmV0:QUJDREVGR0hJSktMTU5PUA===",
        ),
        ("{b64(nonce12 tag16 ct)}", "MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUHNlY3JldA==="),
        ("{b64(nonce12 tag16 ct)}", "MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUHNlY3J ldA=="),
        ("{b64url(nonce12 tag16 ct)}", "MDEyMzQ1Njc4OWFiQUJDREVGR0hJSktMTU5PUHNlY3+/"),
        ("{hex(nonce12)}{hex(ct)}{hex(tag16)}", ""),
    ] {
        assert!(!reads(template, stored), "{template}: {stored}");
    }
}

#[test]
fn refusals_say_what_where_and_how_to_mend() {
    for (template, message) in [
        ("{raw(nonce12 ct tag16", "a `{` without its `}` (at character 1)"),
        ("grün{raw(nonce12 ct tag16)}}", "a `}` without its `{` (at character 28)"),
        ("{raw(nonce12 {ct} tag16)}", "a `{` without its `}` (at character 1)"),
        ("{nonce12}", "`nonce12` is not an encoding with its parts (at character 2)"),
        ("ü{b46(nonce12 ct tag16)}", "`b46` is not an encoding (at character 3)"),
        ("{raw(nonce12 ct tag16}", "the group should end with `)}` (at character 22)"),
        ("{raw()}", "a group without parts (at character 6)"),
        (
            "{raw(nonce13 ct tag16)}",
            "a nonce is `nonce12`, `nonce16` or `nonce24` (at character 6)",
        ),
        ("{raw(nonce ct tag16)}", "a nonce is `nonce12`, `nonce16` or `nonce24` (at character 6)"),
        (
            "{raw(nonce12 ct tag8)}",
            "a tag is `tag16`, `tag32`, or `tag12` to `tag15` to read (at character 17)",
        ),
        ("{raw(iv12 ct tag16)}", "`iv12` is not a part (at character 6)"),
        (
            "{raw(x1 nonce12 ct tag16)}",
            "`x1` is not `x` and pairs of hexadecimal digits (at character 6)",
        ),
        ("{raw(nonce12 ct)}", "the template has no tag"),
        ("{raw(nonce12 tag16)}", "the template has no ct"),
        ("{raw(ct tag16)}", "the template has no nonce"),
        ("", "a layout without a name"),
        ("{raw(nonce12 ct tag16 tag16)}", "a second tag (at character 23)"),
        ("{raw(nonce12)}{hex(nonce16 ct tag16)}", "a second nonce (at character 20)"),
        (
            "{hex(nonce12 ct)}:{hex(ct tag16)}",
            "a second ct: a value could be split in more than one way (at character 24)",
        ),
    ] {
        let refused = Layout::parse(template).unwrap_err();
        assert_eq!(refused.to_string(), message, "{template}");
    }
}

#[test]
fn long_base64_is_broken_after_76_characters() {
    let text = encode("{b64mime76(nonce12 ct tag16)}", &[b'x'; 100]);
    let lines: Vec<usize> = text.split('\n').map(str::len).collect();
    assert_eq!(lines, [76, 76, 20]);
    assert!(
        !encode("{b64mime76(nonce12 ct tag16)}", &[b'x'; 29]).contains('\n'),
        "76 are one line"
    );
    let mut buffer = DecodeBuffer::default();
    let read = layout("{b64(nonce12 ct tag16)}").decode(text.as_bytes(), &mut buffer).unwrap();
    assert_eq!(read.parts.ciphertext, [b'x'; 100]);
}

#[test]
fn templates_with_two_splits_are_refused() {
    for (template, follows) in [
        ("{b64(tag16)}={b64(nonce12 ct)}", "text that begins with `=`"),
        ("{b64raw(tag16)}=={b64(nonce12 ct)}", "text that begins with `=`"),
        ("{b64(tag16)}{raw(nonce12 ct)}", "a raw group"),
        ("{b64(nonce16)}{hex(ct)}={hex(tag16)}", "text that begins with `=`"),
        ("{b64(nonce16)}{hex(ct)}{raw(tag16)}", "a raw group"),
        ("{b64(nonce16)}{raw(ct)}{hex(tag16)}", "a raw group"),
        ("{b64(tag16)}{raw(nonce12)}{b64(ct)}", "a raw group"),
    ] {
        let refused = Layout::parse(template).unwrap_err();
        assert!(refused.what.starts_with("two ways to split a value: "), "{template}: {refused}");
        assert!(refused.what.contains(follows), "{template}: {refused}");
        assert!(refused.hint.is_some());
    }
}

#[test]
fn short_tags_are_only_read() {
    let short = layout("{raw(nonce12 ct tag12)}");
    let refused = short.writable().unwrap_err();
    assert_eq!(refused.to_string(), "tag12 is only read, values are written with tag16");
    let mut buffer = DecodeBuffer::default();
    let parts = short.decode(b"0123456789absecretABCDEFGHIJKL", &mut buffer).unwrap();
    assert_eq!((parts.parts.ciphertext, parts.parts.tag), (&b"secret"[..], &TAG[..12]));
    assert_eq!(layout("{raw(nonce12 ct tag16)}").writable(), Ok(()));
}

#[test]
fn presets_by_name() {
    for preset in Layout::presets() {
        let Ok(named) = Layout::named(&preset.name) else { continue };
        assert_eq!(named.name(), preset.name);
        assert_eq!(named.writable().is_ok(), preset.status() == Status::ReadAndWritten);
        assert!(ColumnLayout::try_from(named.clone()).is_ok() == named.writable().is_ok());
    }
    assert_eq!(Layout::named("node-hex-iv16").unwrap().nonce_length(), NonceLength::Sixteen);
    let refused = Layout::named("go-b46").unwrap_err();
    assert_eq!(refused.to_string(), "there is no layout named `go-b46`");
    assert_eq!(refused.hint.unwrap(), "did you mean `go-b64`?");
    let hint = Layout::named("something else").unwrap_err().hint.unwrap();
    assert!(hint.starts_with("presets: go, go-hex, "), "{hint}");
}

#[test]
fn text_is_ascii() {
    assert!(layout("enc:{hex(nonce12)}{b64(ct tag16)}").is_text());
    for template in
        ["{raw(nonce12)}{b64(ct tag16)}", "ü{hex(nonce12 ct tag16)}", "\0{hex(nonce12 ct tag16)}"]
    {
        assert!(!layout(template).is_text(), "{template}");
    }
}

#[test]
fn a_product_leads_to_the_preset_that_reads_it() {
    for (name, preset) in [
        ("n8n", "crypto-js"),
        ("Superset", "sqlalchemy-utils"),
        ("airflow", "fernet"),
        ("hydra", "go-b64url"),
    ] {
        let hint = Layout::named(name).unwrap_err().hint.unwrap();
        assert!(hint.contains(preset), "{name}: {hint}");
    }
    for (name, why) in
        [("coder", "coder server dbcrypt rotate"), ("rails-deterministic", "previous: schemes")]
    {
        let hint = Layout::named(name).unwrap_err().hint.unwrap();
        assert!(hint.contains(why), "{name}: {hint}");
    }
}
