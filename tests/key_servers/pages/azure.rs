//! Microsoft's own program, and ours, against our fake of Key Vault: both call it by its real name.

use data_encoding::BASE64;

use super::Page;
use super::tables::Tables;
use crate::fakes::{AZURE_SECRET, Fake, Kind, certificate};
use crate::support::TestKey;

fn unwrapped(fake: &Fake, wrapped: &[u8]) -> TestKey {
    let (key, _) = fake.unwrap(wrapped).expect("what the fake has wrapped");
    TestKey::from_hex(&data_encoding::HEXLOWER.encode(&key))
}

#[tokio::test]
async fn the_page_on_azure() {
    let (fake, tables) = (Kind::Azure.start(), Tables::create("bytea").await);
    let mut environment = Kind::Azure.environment(&fake);
    environment.extend([
        ("DATABASE_URL", tables.database.url().to_owned()),
        ("REQUESTS_CA_BUNDLE", certificate("key-services.crt").display().to_string()),
        ("AZURE_CORE_COLLECT_TELEMETRY", "false".to_owned()),
    ]);
    let mut page = Page::open("azure.md", &environment);
    page.run(&format!(
        "az login --service-principal --username \"$AZURE_CLIENT_ID\" --password '{AZURE_SECRET}' \
         --tenant \"$AZURE_TENANT_ID\"\n"
    ));
    page.section("Once: a key, and a role that allows no more than the job needs");
    let said = page.section("The key version");
    assert!(said.contains("which is not the newest (00000000000000000000000000000002)"), "{said}");
    let data_key = |page: &Page, file: &str| {
        unwrapped(&fake, &BASE64.decode(page.wrapped(file).as_bytes()).expect("base64"))
    };
    tables.fill_customers(&data_key(&page, "dek")).await;
    page.section("The data key: every value under a new one");
    tables.check_customers(&data_key(&page, "dek-new")).await;

    tables.fill_envelopes(|key| fake.versions(|it| it.seal(b"", key.bytes()))).await;
    tables.note(&fake.newest()).await;
    page.section("Envelope columns: every wrapped data key under the newest version");
    for wrapped in tables.check_envelopes(|wrapped| unwrapped(&fake, wrapped)).await {
        assert_eq!(fake.unwrap(&wrapped).unwrap().1, fake.newest());
    }
    assert!(!fake.versions(|it| it.is_usable(1)), "disabled");
    page.end();
}
