//! Wrapped data keys: in front of a value, and in a column beside it.

use data_encoding::HEXLOWER;

use crate::cell;
use crate::layout::{DataKeySettings, DecodeBuffer, Layout, LayoutError, Over, Piece, Settings};

const AWS: &str = "awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234abcd";

fn layout(template: &str, data_key: DataKeySettings) -> Result<Layout, LayoutError> {
    let kms = data_key.kms.clone().or_else(|| Some(AWS.to_owned()));
    let data_key = Some(DataKeySettings { kms, ..data_key });
    Layout::of(Settings { layout: Some(template.to_owned()), data_key, ..Settings::default() })
}

fn beside(encoding: Option<&str>) -> DataKeySettings {
    DataKeySettings {
        column: Some("dek".to_owned()),
        version_column: Some("kek_version".to_owned()),
        encoding: encoding.map(str::to_owned),
        ..DataKeySettings::default()
    }
}

/// The wrapped key, the version that is noted, and the ciphertext.
type Taken = (Vec<u8>, Option<Vec<u8>>, Vec<u8>);

fn taken(layout: &Layout, stored: &[u8]) -> Option<Taken> {
    let mut buffer = DecodeBuffer::default();
    let taken = layout.decode(stored, &mut buffer).ok()?;
    let version = taken.key_version.map(<[u8]>::to_vec);
    Some((taken.wrapped_key.to_vec(), version, taken.parts.ciphertext.to_vec()))
}

fn cell(pieces: &[Option<&[u8]>]) -> Vec<u8> {
    let mut cell = Vec::new();
    pieces.iter().for_each(|piece| cell::append(*piece, &mut cell));
    cell
}

const VALUE: &[u8] = b"nonce of 12.the ciphertexta tag of sixteen";

#[test]
fn in_front_after_its_length() {
    let tink = layout("{raw(wrapped_u32 nonce12 ct tag16)}", DataKeySettings::default()).unwrap();
    assert_eq!(tink.over(), Over::Cell);
    let stored = [b"\0\0\0\x07wrapped", VALUE].concat();
    let expected = (b"wrapped".to_vec(), None, b"the ciphertext".to_vec());
    assert_eq!(taken(&tink, &stored), Some(expected));
    let rewrapped = tink.rewrapped(&stored, b"another one", Some("2")).unwrap();
    assert_eq!(rewrapped, [b"\0\0\0\x0banother one", VALUE].concat());
    assert!(tink.has_same_value(&stored, &rewrapped));
    // a length of nothing, of more than there is, of more than any service makes
    for head in [&b"\0\0\0\0"[..], b"\0\0\0\x7f", b"\0\x01\0\0", b"\xff\xff\xff\xff"] {
        assert_eq!(taken(&tink, &[head, VALUE].concat()), None);
    }
    for length in 0..4 {
        assert_eq!(taken(&tink, &stored[..length]), None);
    }
}

#[test]
fn in_columns_and_the_value_stays_as_it_is() {
    let layout = layout("{b64(nonce12 ct tag16)}", beside(Some("hex"))).unwrap();
    let names: Vec<&str> = layout.beside().iter().map(Piece::name).collect();
    assert_eq!(names, ["dek", "kek_version"]);
    let nullable: Vec<bool> = layout.beside().iter().map(Piece::may_be_null).collect();
    assert_eq!(nullable, [false, true], "the note may be missing, the key may not");
    // written otherwise than we would: a line feed, no padding
    let value = b"bm9uY2Ugb2YgMTIudGhl\nIGNpcGhlcnRleHRhIHRhZyBvZiBzaXh0ZWVu";
    let stored = cell(&[Some(value), Some(b"00FF"), None]);
    let expected = (b"\x00\xff".to_vec(), None, b"the ciphertext".to_vec());
    assert_eq!(taken(&layout, &stored), Some(expected));
    let rewrapped = layout.rewrapped(&stored, b"\x01\x02", Some("v2")).unwrap();
    assert_eq!(rewrapped, cell(&[Some(value), Some(b"0102"), Some(b"v2")]));
    assert!(layout.has_same_value(&stored, &rewrapped));
    assert_eq!(taken(&layout, &rewrapped).unwrap().1.as_deref(), Some(&b"v2"[..]));
    assert_eq!(taken(&layout, &cell(&[Some(value), None, None])), None, "no data key");
    assert_eq!(taken(&layout, &cell(&[Some(value), Some(b""), None])), None);
}

#[test]
fn in_a_field_and_the_other_members_stay_as_they_are() {
    let fields = |kms: &str| {
        let fields = [("c", "{hex(ct tag16)}"), ("iv", "{hex(nonce12)}")];
        let fields = fields.map(|(name, text)| (name.to_owned(), text.to_owned().into()));
        let data_key = DataKeySettings {
            kms: Some(kms.to_owned()),
            field: Some("dek".to_owned()),
            version_field: Some("a_note".to_owned()),
            ..DataKeySettings::default()
        };
        let (fields, data_key) = (Some(fields.into()), Some(data_key));
        Layout::of(Settings { fields, data_key, ..Settings::default() }).unwrap()
    };
    let aws = fields(AWS);
    let names: Vec<&str> = aws.fields().unwrap().iter().map(Piece::name).collect();
    assert_eq!(names, ["c", "iv", "dek", "a_note"], "the ciphertext first");
    let (c, iv) = (HEXLOWER.encode(&VALUE[12..]), HEXLOWER.encode(&VALUE[..12]));
    let members =
        |dek: &[u8], note| cell(&[Some(c.as_bytes()), Some(iv.as_bytes()), Some(dek), note]);
    let stored = members(b"AP8=", None);
    let expected = (b"\x00\xff".to_vec(), None, b"the ciphertext".to_vec());
    assert_eq!(taken(&aws, &stored), Some(expected), "bytes are base64");
    let rewrapped = aws.rewrapped(&stored, b"\x01", Some("7")).unwrap();
    assert_eq!(rewrapped, members(b"AQ==", Some(b"7")));
    let vault = fields("hashivault://k");
    let stored = members(b"vault:v1:AAAA", Some(b"1"));
    assert_eq!(taken(&vault, &stored).unwrap().0, b"vault:v1:AAAA", "text is text");
    assert_ne!(aws.canonical(), vault.canonical());
}

#[test]
fn what_a_column_can_hold() {
    let dek = |layout: &Layout| layout.beside()[0].is_text();
    assert!(!dek(&layout("go", beside(None)).unwrap()), "bytes as they are");
    assert!(dek(&layout("go", beside(Some("b64"))).unwrap()));
    let vault = DataKeySettings { kms: Some("hashivault://k".to_owned()), ..beside(None) };
    let vault = layout("go", vault).unwrap();
    assert!(dek(&vault), "text already");
    assert!(vault.beside()[1].is_label(), "a number in an integer column");
}

#[test]
fn what_is_no_envelope_is_refused() {
    let none = DataKeySettings::default;
    for (template, data_key) in [
        ("go", none()),
        ("{raw(wrapped_u32 nonce12 ct tag16)}", beside(None)),
        ("{raw(wrapped_u32)}{hex(nonce12 ct tag16)}", none()),
        ("{raw(nonce12 ct wrapped_u32 tag16)}", none()),
        ("{raw(kid2 wrapped_u32 nonce12 ct tag16)}", none()),
        ("{raw(salt16 wrapped_u32 nonce12 ct tag16)}", none()),
        ("envelope", beside(None)),
    ] {
        assert!(layout(template, data_key.clone()).is_err(), "{template} {data_key:?}");
    }
    assert!(Layout::named("{raw(wrapped_u32 nonce12 ct tag16)}").is_err(), "nobody wraps it");
}
