//! Google Cloud KMS, and what `gcloud kms` asks of it. (Cloud KMS REST reference, v1.)

use std::collections::BTreeMap;

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::login::Credentials;
use super::server::{Answer, Request, Service, certificate};
use super::versions::Versions;

pub const URI: &str = "gcpkms://projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k";
const NAME: &str = "projects/p/locations/europe-west3/keyRings/r/cryptoKeys/k";
const RING: &str = "projects/p/locations/europe-west3/keyRings/r";

#[derive(Default)]
pub struct Gcp {
    versions: Versions,
    /// The policy that was set for the key.
    policy: Option<Value>,
    credentials: Credentials,
    /// Tokens, each with the number of those that had expired when it was seen first.
    tokens: BTreeMap<String, usize>,
}

/// A service account, as `gcloud iam service-accounts keys create` writes it.
pub fn account() -> String {
    let key = std::fs::read_to_string(certificate("service-account.key")).expect("a key");
    json!({
        "type": "service_account",
        "project_id": "p",
        "private_key_id": "1",
        "private_key": key,
        "client_email": "reseal@p.iam.gserviceaccount.com",
        "client_id": "1",
        "token_uri": "https://oauth2.googleapis.com/token",
        "universe_domain": "googleapis.com",
    })
    .to_string()
}

impl Service for Gcp {
    fn gate(&mut self, request: &Request) -> Option<Answer> {
        let token = request.header("authorization").unwrap_or_default();
        let number = self.credentials.number();
        let is_new = *self.tokens.entry(token.to_owned()).or_insert(number) == number;
        let is_good = is_new && token.starts_with("Bearer ") && token.split('.').count() == 3;
        (!self.credentials.accept(is_good)).then(|| refusal(401, "UNAUTHENTICATED"))
    }

    fn answer(&mut self, request: &Request) -> Answer {
        let path = request.path.split('?').next().unwrap_or_default();
        let Some(verb) = path.strip_prefix(&format!("/v1/{NAME}")) else {
            return made(request).unwrap_or_else(|| refusal(404, "NOT_FOUND"));
        };
        match (request.method.as_str(), verb) {
            (_, verb) if verb.starts_with("/cryptoKeyVersions") => self.version(request, verb),
            ("POST", ":updatePrimaryVersion") => {
                let wanted = request.json()["cryptoKeyVersionId"].clone();
                assert_eq!(wanted, (self.versions.newest() + 1).to_string(), "the one just made");
                self.versions.rotate();
                Answer::json(200, &json!({"name": NAME}))
            }
            ("GET", ":getIamPolicy") => {
                Answer::json(200, &self.policy.clone().unwrap_or_else(|| json!({"etag": "AA=="})))
            }
            ("POST", ":setIamPolicy") => {
                let policy = request.json()["policy"].clone();
                self.policy = Some(policy.clone());
                Answer::json(200, &policy)
            }
            ("GET", "") => {
                let primary = json!({"name": version(self.versions.newest()), "state": "ENABLED"});
                Answer::json(200, &json!({"name": NAME, "primary": primary}))
            }
            ("POST", ":encrypt") => self.encrypt(&request.json()),
            ("POST", ":decrypt") => self.decrypt(&request.json()),
            other => panic!("{other:?} is not known"),
        }
    }

    fn wrap(&self, key: &[u8]) -> String {
        BASE64.encode(&self.versions.seal(b"", key))
    }

    fn unwrap(&self, ciphertext: &[u8]) -> Option<(Vec<u8>, usize)> {
        self.versions.open(b"", ciphertext)
    }

    fn name_of(&self, version: usize) -> String {
        version.to_string()
    }

    fn versions(&mut self) -> &mut Versions {
        &mut self.versions
    }

    fn credentials(&mut self) -> &mut Credentials {
        &mut self.credentials
    }

    fn operation(&self, request: &Request) -> String {
        let path = request.path.split('?').next().unwrap_or_default();
        path.rsplit_once(':').map_or("get", |(_, verb)| verb).to_owned()
    }
}

/// Key rings and keys: there is one of each, and it is there before it is made.
fn made(request: &Request) -> Option<Answer> {
    let (path, query) = request.path.split_once('?')?;
    let (parent, rings) = (path.strip_prefix("/v1/")?, format!("{RING}/cryptoKeys"));
    let name = match (request.method.as_str(), parent) {
        ("POST", "projects/p/locations/europe-west3/keyRings") if query.contains("keyRingId=r") => {
            RING
        }
        ("POST", keys) if keys == rings && query.contains("cryptoKeyId=k") => {
            assert_eq!(request.json()["purpose"], "ENCRYPT_DECRYPT");
            NAME
        }
        _ => return None,
    };
    Some(Answer::json(200, &json!({"name": name})))
}

impl Gcp {
    /// A version is made, or disabled.
    fn version(&mut self, request: &Request, verb: &str) -> Answer {
        let number = verb.rsplit_once('/').and_then(|(_, number)| number.parse().ok());
        let number = match (request.method.as_str(), number) {
            ("POST", None) => self.versions.newest() + 1,
            ("PATCH", Some(number)) => {
                assert_eq!(request.json()["state"], "DISABLED");
                self.versions.disable(number);
                number
            }
            other => panic!("{other:?} is not known"),
        };
        Answer::json(200, &json!({"name": version(number)}))
    }

    fn encrypt(&self, asked: &Value) -> Answer {
        let plaintext = bytes(&asked["plaintext"]);
        assert_eq!(asked["plaintextCrc32c"], sum(&plaintext), "the plaintext's checksum");
        let sealed = self.versions.seal(&additional_data(asked), &plaintext);
        let answer = json!({
            "name": version(self.versions.sealing()),
            "ciphertext": BASE64.encode(&sealed),
            "ciphertextCrc32c": sum(&sealed),
            "verifiedPlaintextCrc32c": true,
            "verifiedAdditionalAuthenticatedDataCrc32c": true,
            "protectionLevel": "SOFTWARE",
        });
        Answer::json(200, &answer)
    }

    fn decrypt(&self, asked: &Value) -> Answer {
        let sealed = bytes(&asked["ciphertext"]);
        assert_eq!(asked["ciphertextCrc32c"], sum(&sealed), "the ciphertext's checksum");
        let Some((plaintext, version)) = self.versions.open(&additional_data(asked), &sealed)
        else {
            return refusal(400, "INVALID_ARGUMENT");
        };
        if !self.versions.is_usable(version) {
            return refusal(400, "FAILED_PRECONDITION");
        }
        let answer = json!({
            "plaintext": BASE64.encode(&plaintext),
            "plaintextCrc32c": sum(&plaintext),
            "usedPrimary": version == self.versions.sealing(),
            "protectionLevel": "SOFTWARE",
        });
        Answer::json(200, &answer)
    }
}

fn additional_data(asked: &Value) -> Vec<u8> {
    if asked["additionalAuthenticatedData"].is_null() {
        return Vec::new();
    }
    let aad = bytes(&asked["additionalAuthenticatedData"]);
    assert_eq!(asked["additionalAuthenticatedDataCrc32c"], sum(&aad), "the checksum");
    aad
}

fn version(number: usize) -> String {
    format!("{NAME}/cryptoKeyVersions/{number}")
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().expect("a text").as_bytes()).expect("base64")
}

/// CRC32C as JSON holds it: a number of 64 bits is a text.
fn sum(bytes: &[u8]) -> String {
    crc32c::crc32c(bytes).to_string()
}

/// As Google refuses, whatever was asked.
pub fn refusal(status: u16, code: &str) -> Answer {
    let error = json!({"code": status, "message": "said by the fake", "status": code});
    Answer::json(status, &json!({"error": error}))
}
