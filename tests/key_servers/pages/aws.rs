//! AWS's own program, and ours, against moto.

use data_encoding::{BASE64, HEXLOWER};

use super::Page;
use super::tables::{Tables, plaintext};
use crate::moto::Moto;
use crate::support::TestKey;

/// What AWS's own client makes of these bytes.
fn sealed(moto: &Moto, key: &str, bytes: &[u8]) -> Vec<u8> {
    let text = moto.python(&format!(
        "print(kms.encrypt(KeyId='{key}', Plaintext=bytes.fromhex('{}'))['CiphertextBlob'].hex())",
        HEXLOWER.encode(bytes)
    ));
    HEXLOWER.decode(text.as_bytes()).expect("hex")
}

fn opened(moto: &Moto, sealed: &[u8]) -> Vec<u8> {
    let text = moto.python(&format!(
        "print(kms.decrypt(CiphertextBlob=bytes.fromhex('{}'))['Plaintext'].hex())",
        HEXLOWER.encode(sealed)
    ));
    HEXLOWER.decode(text.as_bytes()).expect("hex")
}

#[tokio::test]
async fn the_page_on_aws() {
    let (moto, tables) = (Moto::start().await, Tables::create("bytea").await);
    let mut environment = moto.environment();
    environment.push(("DATABASE_URL", tables.database.url().to_owned()));
    let mut page = Page::open("aws.md", &environment);
    // the role that the job has
    page.run("aws iam create-role --role-name reseal --assume-role-policy-document '{}'\n");
    page.section("Once: a key, and a policy that allows no more than the job needs");
    page.section("The key's material");
    let data_key = |page: &Page, file: &str| {
        let wrapped = BASE64.decode(page.wrapped(file).as_bytes()).expect("base64");
        TestKey::from_hex(&HEXLOWER.encode(&opened(&moto, &wrapped)))
    };
    // what `aws kms re-encrypt` wrote is read as it is
    assert!(!page.file("dek").contains('{'));
    tables.fill_customers(&data_key(&page, "dek")).await;
    page.section("The data key: every value under a new one");
    tables.check_customers(&data_key(&page, "dek-new")).await;

    let key = moto.python("print(kms.list_keys()['Keys'][0]['KeyArn'])");
    tables.fill_orders(|id| sealed(&moto, &key, &plaintext(id))).await;
    page.section("Values that the key seals itself");
    for (id, secret, _) in tables.orders().await {
        assert_eq!(opened(&moto, &secret), plaintext(id));
    }

    tables.fill_envelopes(|data_key| sealed(&moto, &key, data_key.bytes())).await;
    page.section("Envelope columns: every wrapped data key under the newest version");
    let unwrap = |wrapped: &[u8]| TestKey::from_hex(&HEXLOWER.encode(&opened(&moto, wrapped)));
    tables.check_envelopes(unwrap).await;
    page.end();
}
