//! OpenBao's own program, and ours, against a real OpenBao server.

use data_encoding::BASE64;

use super::Page;
use super::tables::{Tables, plaintext};
use crate::openbao::{OpenBao, ROOT};
use crate::support::TestKey;

/// What OpenBao's own program makes of these bytes.
fn sealed(bao: &OpenBao, bytes: &[u8]) -> Vec<u8> {
    let plaintext = format!("plaintext={}", BASE64.encode(bytes));
    bao.run(&["write", "-field=ciphertext", "transit/encrypt/orders", &plaintext]).into_bytes()
}

fn opened(bao: &OpenBao, sealed: &[u8]) -> Vec<u8> {
    let ciphertext = format!("ciphertext={}", String::from_utf8_lossy(sealed));
    let text = bao.run(&["write", "-field=plaintext", "transit/decrypt/orders", &ciphertext]);
    BASE64.decode(text.as_bytes()).expect("base64")
}

fn key(bytes: &[u8]) -> TestKey {
    TestKey::from_hex(&data_encoding::HEXLOWER.encode(bytes))
}

#[tokio::test]
async fn the_page_on_vault() {
    let bao = OpenBao::start().await;
    bao.run(&["secrets", "disable", "transit"]); // the page begins without
    let tables = Tables::create("text").await;
    let environment = [
        ("BAO_ADDR", format!("http://{}", bao.address())),
        ("BAO_TOKEN", ROOT.to_owned()),
        ("DATABASE_URL", tables.database.url().to_owned()),
    ];
    let mut page = Page::open("vault.md", &environment);
    page.section("Once: a transit key, and a policy that allows no more than the job needs");
    let said = page.section("The key version: every data key under the newest one");
    assert!(said.contains("which is not the newest (2)"), "{said}");
    assert!(page.file("dek").starts_with("vault:v2:"), "wrapped again");
    tables.fill_customers(&key(&opened(&bao, page.wrapped("dek").as_bytes()))).await;
    page.section("The data key: every value under a new one");
    tables.check_customers(&key(&opened(&bao, page.wrapped("dek-new").as_bytes()))).await;

    tables.fill_orders(|id| sealed(&bao, &plaintext(id))).await;
    page.section("Values that the transit engine seals itself");
    for (id, secret, _) in tables.orders().await {
        assert!(secret.starts_with(b"vault:v3:"), "row {id}");
        assert_eq!(opened(&bao, &secret), plaintext(id));
    }

    tables.fill_envelopes(|key| sealed(&bao, key.bytes())).await;
    page.section("Envelope columns: every wrapped data key under the newest version");
    for wrapped in tables.check_envelopes(|wrapped| key(&opened(&bao, wrapped))).await {
        assert!(wrapped.starts_with(b"vault:v4:"));
    }
    page.end();
}
