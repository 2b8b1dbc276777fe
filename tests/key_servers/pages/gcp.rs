//! Google's own program, and ours, against our fake of Cloud KMS: both call it by its real name.

use data_encoding::BASE64;

use super::Page;
use super::tables::{ROWS, Tables, plaintext};
use crate::fakes::{Fake, Kind, certificate};
use crate::support::TestKey;

fn unwrapped(fake: &Fake, wrapped: &[u8]) -> TestKey {
    let (key, _) = fake.unwrap(wrapped).expect("what the fake has wrapped");
    TestKey::from_hex(&data_encoding::HEXLOWER.encode(&key))
}

#[tokio::test]
async fn the_page_on_google() {
    let (fake, tables) = (Kind::Gcp.start(), Tables::create("bytea").await);
    let authority = certificate("key-services.crt").display().to_string();
    let mut environment = Kind::Gcp.environment(&fake);
    environment.extend([
        ("DATABASE_URL", tables.database.url().to_owned()),
        // a token of the shape that the fake takes
        ("CLOUDSDK_AUTH_ACCESS_TOKEN_FILE", fake.file("token", "a.b.c").display().to_string()),
        ("CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE", authority),
        ("CLOUDSDK_CORE_DISABLE_PROMPTS", "1".to_owned()),
    ]);
    let mut page = Page::open("gcp.md", &environment);
    page.section("Once: a key, and a role that allows no more than the job needs");
    let said = page.section("The key version");
    assert!(said.contains("under version 1") && said.contains("not the newest (2)"), "{said}");
    let data_key = |page: &Page, file: &str| {
        unwrapped(&fake, &BASE64.decode(page.wrapped(file).as_bytes()).expect("base64"))
    };
    tables.fill_customers(&data_key(&page, "dek")).await;
    page.section("The data key: every value under a new one");
    tables.check_customers(&data_key(&page, "dek-new")).await;

    let aad = |id: i32| id.to_string().into_bytes();
    tables.fill_orders(|id| fake.versions(|it| it.seal(&aad(id), &plaintext(id)))).await;
    let said = page.section("Values that the key seals itself");
    assert!(said.contains(&format!("about {ROWS} records")), "{said}");
    for (id, sealed, noted) in tables.orders().await {
        let opened = fake.versions(|it| it.open(&aad(id), &sealed));
        assert_eq!((opened, noted.as_deref()), (Some((plaintext(id), 3)), Some("3")), "row {id}");
    }

    tables.fill_envelopes(|key| fake.versions(|it| it.seal(b"", key.bytes()))).await;
    page.section("Envelope columns: every wrapped data key under the newest version");
    for wrapped in tables.check_envelopes(|wrapped| unwrapped(&fake, wrapped)).await {
        assert_eq!(fake.unwrap(&wrapped).unwrap().1, "4");
    }
    assert!(!fake.versions(|it| it.is_usable(1)), "disabled");
    page.end();
}
