//! AWS KMS, with the ids of key material that moto does not model. (AWS KMS API reference.)

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::server::{Answer, Request, Service};
use super::versions::Versions;

pub const URI: &str = "awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab?context_app=reseal";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// The encryption context of the URI.
const CONTEXT: &str = r#"{"app":"reseal"}"#;

#[derive(Default)]
pub struct Aws {
    versions: Versions,
}

impl Service for Aws {
    fn gate(&mut self, request: &Request) -> Option<Answer> {
        let signature = request.header("authorization").unwrap_or_default();
        let is_good = signature.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
            && signature.contains("/eu-central-1/kms/aws4_request");
        (!is_good).then(|| refusal("UnrecognizedClientException"))
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let asked = request.json();
        if asked["KeyId"] != ARN {
            return refusal("NotFoundException");
        }
        let context = asked["EncryptionContext"].to_string();
        match request.header("x-amz-target") {
            Some("TrentService.Encrypt") => {
                let plaintext = bytes(&asked["Plaintext"]);
                let blob = self.versions.seal(context.as_bytes(), &plaintext);
                Answer::json(200, &json!({"CiphertextBlob": BASE64.encode(&blob), "KeyId": ARN}))
            }
            Some("TrentService.Decrypt") => {
                let blob = bytes(&asked["CiphertextBlob"]);
                let Some((plaintext, version)) = self.versions.open(context.as_bytes(), &blob)
                else {
                    return refusal("InvalidCiphertextException");
                };
                let plaintext = BASE64.encode(&plaintext);
                let material = material(version);
                let answer =
                    json!({"Plaintext": plaintext, "KeyId": ARN, "KeyMaterialId": material});
                Answer::json(200, &answer)
            }
            Some("TrentService.DescribeKey") => {
                let material = material(self.versions.newest());
                let metadata = json!({"KeyId": ARN, "CurrentKeyMaterialId": material});
                Answer::json(200, &json!({"KeyMetadata": metadata}))
            }
            other => panic!("{other:?} is not known"),
        }
    }

    fn wrap(&self, key: &[u8]) -> String {
        BASE64.encode(&self.versions.seal(CONTEXT.as_bytes(), key))
    }

    fn rotate(&mut self) {
        self.versions.rotate();
    }
}

/// 64 hexadecimal digits.
fn material(version: usize) -> String {
    HEXLOWER.encode(&Sha256::digest(version.to_be_bytes()))
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().expect("a text").as_bytes()).expect("base64")
}

/// As AWS refuses, whatever was asked.
pub fn refusal(code: &str) -> Answer {
    Answer::json(400, &json!({"__type": code, "message": "said by the fake"}))
}
