//! Values of key services, read and written.

use super::*;

fn layout(kms: &str, more: Settings) -> Result<Layout, LayoutError> {
    Layout::of(Settings { kms: Some(kms.to_owned()), ..more })
}

const AWS: &str = "awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234abcd";

fn decoded(layout: &Layout, stored: &[u8]) -> Option<(Vec<u8>, Option<Vec<u8>>)> {
    let mut buffer = DecodeBuffer::default();
    let stored = layout.decode(stored, &mut buffer).ok()?;
    Some((stored.parts.ciphertext.to_vec(), stored.label.map(<[u8]>::to_vec)))
}

#[test]
fn a_transit_ciphertext_tells_its_version() {
    let vault = layout("hashivault://orders", Settings::default()).unwrap();
    let body = "A".repeat(40);
    let stored = format!("vault:v12:{body}");
    let (ciphertext, version) = decoded(&vault, stored.as_bytes()).unwrap();
    assert_eq!((ciphertext, version.as_deref()), (stored.into_bytes(), Some(&b"12"[..])));
    let malformed = ["vault:v1:", "vault:vx:AAAA", "vault:v:AAAA", "v1:AAAA", "vault:v1:AAAA"];
    for text in malformed {
        assert_eq!(decoded(&vault, text.as_bytes()), None, "{text}");
    }
    assert_eq!(decoded(&vault, format!("vault:v1:{body} ").as_bytes()), None);
}

#[test]
fn ciphertext_of_bytes_is_stored_as_the_column_holds_it() {
    let aws = layout(AWS, Settings::default()).unwrap();
    for (is_bytea, stored) in [(true, &b"\x01\xff"[..]), (false, b"Af8=")] {
        let aws = aws.clone().stored_in(is_bytea);
        let mut out = Vec::new();
        aws.service().unwrap().encode(b"\x01\xff", b"", &mut out);
        assert_eq!(out, stored);
        assert_eq!(decoded(&aws, stored), Some((b"\x01\xff".to_vec(), None)));
    }
    let hex = Settings { encoding: Some("hex".to_owned()), ..Settings::default() };
    let hex = layout(AWS, hex).unwrap().stored_in(true);
    assert_eq!(decoded(&hex, b"01FF"), Some((b"\x01\xff".to_vec(), None)));
    assert_eq!(decoded(&hex, b"xx"), None);
}

#[test]
fn a_context_is_made_of_the_row() {
    let context = [("tenant", "{tenant_id}"), ("table", "{table}")];
    let context = context.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let words = Settings { context: Some(context.into()), ..Settings::default() };
    let mut aws = layout(AWS, words).unwrap();
    let mut columns = Vec::new();
    aws.templates().for_each(|template| template.share_columns(&mut columns));
    assert_eq!(columns, ["tenant_id"]);
    let row = |text| RowTexts { table: "t", column: "c", texts: text, places: &[0] };
    let context = aws.service().unwrap().context(&row(&[Some(b"7")])).unwrap();
    let expected = [("table", "t"), ("tenant", "7")];
    assert!(context.iter().map(|(name, value)| (&**name, &**value)).eq(expected));
    assert!(aws.service().unwrap().context(&row(&[None])).is_err());
}

#[test]
fn words_that_do_not_fit_are_refused() {
    let said = |text: &str| Some(text.to_owned());
    let none = Settings::default;
    let context = || Some([("a".to_owned(), "b".to_owned())].into());
    for (kms, words) in [
        ("azurekeyvault://v.vault.azure.net/keys/k", none()),
        ("hashivault://orders", Settings { encoding: said("b64"), ..none() }),
        ("hashivault://orders", Settings { context: context(), ..none() }),
        ("hashivault://orders", Settings { cipher: said("aes-256-gcm"), ..none() }),
        ("hashivault://orders", Settings { aad: said("{kid}"), ..none() }),
        (AWS, Settings { aad: said("{id}"), ..none() }),
        (AWS, Settings { encoding: said("rot13"), ..none() }),
        ("nonsense", none()),
    ] {
        assert!(layout(kms, words.clone()).is_err(), "{kms} {words:?}");
    }
}

#[test]
fn the_version_stands_in_a_column_of_its_own() {
    let words = Settings { version_column: Some("kek_version".to_owned()), ..Settings::default() };
    assert!(layout("hashivault://orders", words.clone()).is_err());
    let aws = layout(AWS, words).unwrap().stored_in(true);
    let form = aws.service().unwrap();
    assert!(form.has_version_column());
    for version in [&b"7"[..], b""] {
        let mut out = Vec::new();
        form.encode(b"\x01\xff", version, &mut out);
        let label = Some(version.to_vec()).filter(|version| !version.is_empty());
        assert_eq!(decoded(&aws, &out), Some((b"\x01\xff".to_vec(), label)));
    }
    assert_eq!(decoded(&aws, b""), None);
}
