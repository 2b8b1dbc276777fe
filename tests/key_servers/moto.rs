//! moto: the wire of AWS KMS, with encryption contexts, aliases and ciphertexts bound to their key.
//! It knows no key material and no disabled keys: those are the fake's, in `kms.rs`.

use std::process::Command;

use crate::server::{Server, installed, printed};
use crate::support::{Reseal, TestDatabase};

pub struct Moto(Server);

impl Moto {
    pub async fn start() -> Self {
        let words =
            |port: u16| ["-H", "127.0.0.1", "-p", &port.to_string()].map(str::to_owned).to_vec();
        Self(Server::start("moto_server", words).await)
    }

    /// What a line of Python prints that calls AWS's own client `kms`.
    pub fn python(&self, line: &str) -> String {
        let client = format!("boto3.client('kms', endpoint_url='http://{}')", self.0.address);
        let script = format!("import boto3; kms = {client}; {line}");
        let mut command = Command::new(installed("python"));
        printed(with_credentials(&mut command).args(["-c", &script]))
    }

    /// What sends AWS's own program here, and ours.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let of = |value: &str| value.to_owned();
        vec![
            ("AWS_ENDPOINT_URL", format!("http://{}", self.0.address)),
            ("AWS_ENDPOINT_URL_KMS", format!("http://{}", self.0.address)),
            ("AWS_ACCESS_KEY_ID", of("x")),
            ("AWS_SECRET_ACCESS_KEY", of("y")),
            ("AWS_REGION", of("us-east-1")),
            ("AWS_DEFAULT_REGION", of("us-east-1")),
        ]
    }

    pub fn program(&self, words: &str) -> Reseal {
        Reseal::new(words)
            .env("AWS_ENDPOINT_URL_KMS", format!("http://{}", self.0.address))
            .env("AWS_ACCESS_KEY_ID", "x")
            .env("AWS_SECRET_ACCESS_KEY", "y")
            .env("RESEAL_RETRY_FOR", "0s")
    }
}

fn with_credentials(command: &mut Command) -> &mut Command {
    command
        .env("AWS_ACCESS_KEY_ID", "x")
        .env("AWS_SECRET_ACCESS_KEY", "y")
        .env("AWS_REGION", "us-east-1")
        .env("AWS_DEFAULT_REGION", "us-east-1")
}

#[tokio::test]
async fn by_arn_and_by_alias() {
    let moto = Moto::start().await;
    let arn = moto.python("print(kms.create_key()['KeyMetadata']['Arn'])");
    moto.python(&format!("kms.create_alias(AliasName='alias/reseal', TargetKeyId='{arn}')"));
    for uri in [
        format!("awskms:///{arn}"),
        format!("aws-kms://{arn}?context_app=reseal&context_table=a%20b"),
        "awskms://alias/reseal?region=us-east-1".to_owned(),
    ] {
        let words = format!("generate-key --wrap-with {uri}");
        let line = moto.program(&words).run().await.expect(0).json();
        let wrapped = line["wrapped"].as_str().unwrap();
        // AWS's own client opens it, if it says the same context
        let context = match uri.contains("context") {
            true => "{'app': 'reseal', 'table': 'a b'}",
            false => "{}",
        };
        let length = moto.python(&format!(
            "import base64; blob = base64.b64decode('{wrapped}'); \
             print(len(kms.decrypt(CiphertextBlob=blob, EncryptionContext={context})['Plaintext']))"
        ));
        assert_eq!(length, "32");
    }
}

#[tokio::test]
async fn no_such_key_and_no_region() {
    let moto = Moto::start().await;
    let absent =
        "awskms:///arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let words = format!("generate-key --wrap-with {absent}");
    let refused = moto.program(&words).run().await.expect(2);
    assert!(refused.stderr.contains("no such AWS KMS key in us-east-1"), "{}", refused.stderr);
    let words = "generate-key --wrap-with awskms://alias/reseal";
    let refused =
        moto.program(words).env("AWS_EC2_METADATA_DISABLED", "true").run().await.expect(2);
    assert!(refused.stderr.contains("set AWS_REGION"), "{}", refused.stderr);
}

/// What moto proves of values that AWS seals: the calls, the contexts and the keys. It knows no key material.
#[tokio::test]
async fn values_move_to_another_key_with_another_context() {
    let moto = Moto::start().await;
    let key = || moto.python("print(kms.create_key()['KeyMetadata']['Arn'])");
    let (old, new) = (key(), key());
    let database = TestDatabase::create().await;
    database.batch("CREATE TABLE orders (id int PRIMARY KEY, secret text)").await;
    let client = database.client().await;
    let sealed = moto.python(&format!(
        "import base64; [print(base64.b64encode(kms.encrypt(KeyId='{old}', \
         Plaintext=b'order %d' % n)['CiphertextBlob']).decode()) for n in range(1, 13)]"
    ));
    for (id, sealed) in (1_i32..).zip(sealed.lines()) {
        let insert = "INSERT INTO orders VALUES ($1, $2)";
        client.execute(insert, &[&id, &sealed]).await.expect("a row");
    }
    let config = format!(
        "[[table]]\nname = \"orders\"\n[table.columns.secret]\nkms = \"awskms:///{new}\"\n\
         context = {{ row = \"{{id}}\" }}\nread = [{{ kms = \"awskms:///{old}\", context = {{}} }}]\n"
    );
    let status = moto.program("run").on(&database).config(config).json().run().await.expect(0);
    assert_eq!(status.json()["resealed_records"], 12);
    let row = client.query_one("SELECT secret FROM orders WHERE id = 7", &[]).await.expect("a row");
    let secret: String = row.get(0);
    let opened = moto.python(&format!(
        "import base64; print(kms.decrypt(KeyId='{new}', CiphertextBlob=base64.b64decode('{secret}'), EncryptionContext={{'row': '7'}})['Plaintext'].decode())"
    ));
    assert_eq!(opened, "order 7");
}
