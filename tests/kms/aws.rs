//! AWS KMS, with the ids of key material that moto does not model. (AWS KMS API reference.)

use std::collections::BTreeMap;

use data_encoding::{BASE64, HEXLOWER};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::login::Credentials;
use super::server::{Answer, Request, Service};
use super::versions::Versions;
use crate::support::TestKey;

pub const URI: &str = "awskms:///arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab?context_app=reseal";
pub const SECRET: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// Of an access key.
const ID: &str = "AKIDEXAMPLE";
const ARN: &str = "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/// Another key of the same account and region.
pub const OTHER_URI: &str =
    "awskms:///arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";
const OTHER_ARN: &str =
    "arn:aws:kms:eu-central-1:111122223333:key/0987dcba-09fe-87dc-65ba-ab0987654321";

/// The encryption context of the URI.
const CONTEXT: &str = r#"{"app":"reseal"}"#;

#[derive(Default)]
pub struct Aws {
    versions: Versions,
    other: Versions,
    credentials: Credentials,
}

impl Service for Aws {
    fn gate(&mut self, request: &Request) -> Option<Answer> {
        let signature = request.header("authorization").unwrap_or_default();
        let is_ours = |id: &str| {
            signature.starts_with(&format!("AWS4-HMAC-SHA256 Credential={id}/"))
                && signature.contains("/eu-central-1/kms/aws4_request")
        };
        let is_known = is_ours(&self.credential());
        let code =
            if is_ours(ID) { "ExpiredTokenException" } else { "UnrecognizedClientException" };
        (!self.credentials.accept(is_known)).then(|| refusal(code))
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let answer = self.answered(&self.operation(request), &request.json());
        answer.unwrap_or_else(refusal)
    }

    fn wrap(&self, key: &[u8]) -> String {
        BASE64.encode(&self.versions.seal(CONTEXT.as_bytes(), key))
    }

    fn unwrap(&self, ciphertext: &[u8]) -> Option<(Vec<u8>, usize)> {
        let of_other = || self.other.open(b"{}", ciphertext);
        self.versions.open(CONTEXT.as_bytes(), ciphertext).or_else(of_other)
    }

    fn name_of(&self, version: usize) -> String {
        material(&self.versions, version)
    }

    fn versions(&mut self) -> &mut Versions {
        &mut self.versions
    }

    fn credentials(&mut self) -> &mut Credentials {
        &mut self.credentials
    }

    fn credential(&mut self) -> String {
        self.credentials.written(ID)
    }

    fn operation(&self, request: &Request) -> String {
        let target = request.header("x-amz-target").expect("a target");
        target.strip_prefix("TrentService.").expect("one of KMS").to_owned()
    }
}

impl Aws {
    fn answered(&self, operation: &str, asked: &Value) -> Result<Answer, &'static str> {
        let answer = match operation {
            "Encrypt" => {
                let (key, context) = self.key(asked, "KeyId", "EncryptionContext")?;
                let blob = key.seal(&context, &bytes(&asked["Plaintext"]));
                json!({"CiphertextBlob": BASE64.encode(&blob), "KeyId": asked["KeyId"]})
            }
            "GenerateDataKey" => {
                assert_eq!(asked["KeySpec"], "AES_256");
                let (key, context) = self.key(asked, "KeyId", "EncryptionContext")?;
                let (data_key, number) = (TestKey::random(), key.sealing());
                let blob = BASE64.encode(&key.seal(&context, data_key.bytes()));
                let plaintext = BASE64.encode(data_key.bytes());
                json!({"CiphertextBlob": blob, "Plaintext": plaintext, "KeyId": asked["KeyId"],
                       "KeyMaterialId": material(key, number)})
            }
            "Decrypt" => {
                let (key, context) = self.key(asked, "KeyId", "EncryptionContext")?;
                let (plaintext, number) = self.open(key, &context, asked)?;
                json!({"Plaintext": BASE64.encode(&plaintext), "KeyId": asked["KeyId"],
                       "KeyMaterialId": material(key, number)})
            }
            "ReEncrypt" => {
                let (from, context) = self.key(asked, "SourceKeyId", "SourceEncryptionContext")?;
                let (plaintext, number) = self.open(from, &context, asked)?;
                let (to, context) =
                    self.key(asked, "DestinationKeyId", "DestinationEncryptionContext")?;
                let blob = BASE64.encode(&to.seal(&context, &plaintext));
                json!({"CiphertextBlob": blob, "KeyId": asked["DestinationKeyId"],
                       "SourceKeyId": asked["SourceKeyId"],
                       "SourceKeyMaterialId": material(from, number),
                       "DestinationKeyMaterialId": material(to, to.sealing())})
            }
            "DescribeKey" => {
                let (key, _) = self.key(asked, "KeyId", "")?;
                let current = material(key, key.newest());
                json!({"KeyMetadata": {"KeyId": asked["KeyId"], "CurrentKeyMaterialId": current}})
            }
            other => panic!("{other} is not known"),
        };
        Ok(Answer::json(200, &answer))
    }

    /// The key of this name, and the encryption context as bytes.
    fn key(
        &self,
        asked: &Value,
        id: &str,
        context: &str,
    ) -> Result<(&Versions, Vec<u8>), &'static str> {
        let context: BTreeMap<String, String> =
            serde_json::from_value(asked[context].clone()).unwrap_or_default();
        let context = serde_json::to_vec(&context).expect("texts");
        match asked[id].as_str() {
            Some(ARN) => Ok((&self.versions, context)),
            Some(OTHER_ARN) => Ok((&self.other, context)),
            _ => Err("NotFoundException"),
        }
    }

    fn open(
        &self,
        key: &Versions,
        context: &[u8],
        asked: &Value,
    ) -> Result<(Vec<u8>, usize), &'static str> {
        let blob = bytes(&asked["CiphertextBlob"]);
        let is_others = [&self.versions, &self.other]
            .iter()
            .any(|other| !std::ptr::eq(*other, key) && other.open(context, &blob).is_some());
        match key.open(context, &blob) {
            Some(opened) => Ok(opened),
            None if is_others => Err("IncorrectKeyException"),
            None => Err("InvalidCiphertextException"),
        }
    }
}

/// The id of a version's material: 64 hexadecimal digits.
fn material(key: &Versions, version: usize) -> String {
    HEXLOWER.encode(&Sha256::digest(key.key(version).bytes()))
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().expect("a text").as_bytes()).expect("base64")
}

/// As AWS refuses, whatever was asked.
pub fn refusal(code: &str) -> Answer {
    Answer::json(400, &json!({"__type": code, "message": "said by the fake"}))
}
