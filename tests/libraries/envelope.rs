//! Tink's KmsEnvelopeAead with Tink's own client of AWS KMS, both as they are released: it writes values, their data
//! keys are wrapped again or replaced, and it reads them. AWS KMS is our fake of it.

use serde_json::json;

use crate::fakes::Kind;
use crate::list::Library;
use crate::support::{Reseal, TestDatabase};
use crate::{PLAINTEXTS, call_in, fill, list, stored};

/// A template of Tink for data keys, and the words for values under them.
const DATA_KEYS: [(&str, &str); 3] = [
    ("AES256_GCM", "layout = \"{raw(wrapped_u32 nonce12 ct tag16)}\""),
    ("AES128_GCM", "layout = \"{raw(wrapped_u32 nonce12 ct tag16)}\", cipher = \"aes-128-gcm\""),
    (
        "XCHACHA20_POLY1305",
        "layout = \"{raw(wrapped_u32 nonce24 ct tag16)}\", cipher = \"xchacha20-poly1305\"",
    ),
];

async fn tink_reads_what_became_of(template: &str, layout: &str, rotate: &str) {
    let tink: Library = list::tink("tink_kms_envelope");
    let (fake, database) = (Kind::Aws.start(), TestDatabase::create().await);
    let environment = Kind::Aws.environment(&fake);
    // Tink knows no encryption context of a URI
    let uri = Kind::Aws.uri().split('?').next().expect("a URI");
    let of_tink = uri.replace("awskms:///", "aws-kms://");
    let secret = (json!({"uri": of_tink, "template": template}).to_string(), "1");
    let plaintexts = PLAINTEXTS.map(|plaintext| plaintext.as_bytes().to_vec());
    let before = call_in(&environment, &tink, "seal", &secret, &plaintexts);
    fill(&database, &tink, &before).await;
    fake.rotate();
    let config = format!(
        "[[table]]\nname = \"tink_kms_envelope\"\n[table.columns]\nvalue = {{ {layout}, aad = \"cards\", \
         data_key = {{ kms = \"{uri}\", form = \"tink\", rotate = \"{rotate}\" }} }}\n"
    );
    let run = Reseal::new("run").on(&database).config(config).json();
    let report = Kind::Aws.reach(run, &fake).run().await.expect(0).json();
    assert_eq!(report["resealed_records"], plaintexts.len(), "{template}, {rotate}: {report}");
    let after = stored(&database, &tink).await;
    for value in &after {
        let (length, rest) = value.split_first_chunk::<4>().expect("a length");
        // the fake binds to the context as it is said, which is empty here
        let wrapped = &rest[..u32::from_be_bytes(*length) as usize];
        let (_, version) = fake.versions(|it| it.open(b"{}", wrapped)).expect("one of the fake's");
        assert_eq!(version, 2, "{template}, {rotate}");
    }
    let opened = call_in(&environment, &tink, "open", &secret, &after);
    assert_eq!(opened, plaintexts, "{template}, {rotate}");
}

#[tokio::test]
async fn tink_reads_envelopes_that_were_wrapped_again() {
    for (template, layout) in DATA_KEYS {
        tink_reads_what_became_of(template, layout, "rewrap").await;
    }
}

#[tokio::test]
async fn tink_reads_envelopes_that_were_resealed() {
    // new data keys have 32 bytes
    for (template, layout) in DATA_KEYS.into_iter().filter(|(name, _)| *name != "AES128_GCM") {
        tink_reads_what_became_of(template, layout, "reseal").await;
    }
}
