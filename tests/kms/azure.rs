//! Azure Key Vault, the login before it, and what `az` asks of Azure besides (`azure/management.rs`). Its key wraps by AES-GCM where the real one has
//! RSA-OAEP: to a client that is opaque. (Key Vault REST reference, keys.)

use data_encoding::BASE64URL_NOPAD;
use serde_json::{Value, json};

use super::login::Credentials;
use super::server::{Answer, Request, Service};
use super::versions::Versions;

#[path = "azure/management.rs"]
mod management;

pub const URI: &str = "azurekeyvault://team.vault.azure.net/keys/k";
pub const SECRET: &str = "8Q~client-secret-of-the-fake";
const TOKEN: &str = "token-of-the-fake";

#[derive(Default)]
pub struct Azure {
    versions: Versions,
    credentials: Credentials,
}

impl Service for Azure {
    fn gate(&mut self, request: &Request) -> Option<Answer> {
        if let Some(answer) = management::openid(request) {
            return Some(answer);
        }
        if request.path.contains("/oauth2/v2.0/token") {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            let is_good = form.contains("client_secret=8Q%7Eclient-secret-of-the-fake")
                || form.contains("client_secret=8Q~client-secret-of-the-fake");
            let token = self.credential();
            let token = json!({"token_type": "Bearer", "expires_in": 3600, "access_token": token});
            let refused = json!({"error": "invalid_client", "error_description": "AADSTS7000222"});
            return Some(match is_good {
                true => Answer::json(200, &token),
                false => Answer::json(401, &refused),
            });
        }
        let said = request.header("authorization");
        let is_known = said == Some(&format!("Bearer {}", self.credential()));
        // the client asks without any first, to be told whom to log in with
        if said.is_some() && self.credentials.accept(is_known) {
            return None;
        }
        Some({
            let challenge = "Bearer authorization=\"https://login.microsoftonline.com/t\", \
                             resource=\"https://vault.azure.net\"";
            refusal(401, "Unauthorized", None).header("www-authenticate", challenge)
        })
    }

    fn answer(&mut self, request: &Request) -> Answer {
        if let Some(answer) = management::answer(request) {
            return answer;
        }
        let path = request.path.split('?').next().unwrap_or_default().trim_matches('/');
        let segments: Vec<&str> = path.split('/').filter(|it| !it.is_empty()).collect();
        match (request.method.as_str(), &segments[..]) {
            ("GET", ["keys", "k"]) => {
                let key = json!({"kid": kid(self.versions.newest()), "kty": "RSA"});
                Answer::json(200, &json!({"key": key, "attributes": {"enabled": true}}))
            }
            ("POST", ["keys", "k", "create"]) => {
                assert_eq!(request.json()["key_ops"], json!(["wrapKey", "unwrapKey"]));
                bundle(self.versions.newest(), true)
            }
            ("POST", ["keys", "k", "rotate"]) => {
                self.versions.rotate();
                bundle(self.versions.newest(), true)
            }
            ("PATCH", ["keys", "k", version]) => {
                assert_eq!(request.json()["attributes"]["enabled"], false);
                let number = usize::from_str_radix(version, 16).expect("a version of this key");
                self.versions.disable(number);
                bundle(number, false)
            }
            ("POST", ["keys", "k", "wrapkey"]) => {
                let sealed = self.versions.seal(b"", &value(&request.json()));
                result(self.versions.newest(), &sealed)
            }
            ("POST", ["keys", "k", version, "unwrapkey"]) => {
                let opened = self.versions.open(b"", &value(&request.json()));
                match opened.filter(|(_, number)| *version == named(*number)) {
                    Some((_, number)) if !self.versions.is_usable(number) => {
                        refusal(403, "Forbidden", Some("KeyDisabled"))
                    }
                    Some((plaintext, number)) => result(number, &plaintext),
                    None => refusal(400, "BadParameter", None),
                }
            }
            _ => refusal(404, "KeyNotFound", None),
        }
    }

    fn wrap(&self, key: &[u8]) -> String {
        let result = BASE64URL_NOPAD.encode(&self.versions.seal(b"", key));
        json!({"kid": kid(self.versions.newest()), "result": result}).to_string()
    }

    fn unwrap(&self, ciphertext: &[u8]) -> Option<(Vec<u8>, usize)> {
        self.versions.open(b"", ciphertext)
    }

    fn name_of(&self, version: usize) -> String {
        named(version)
    }

    fn versions(&mut self) -> &mut Versions {
        &mut self.versions
    }

    fn credentials(&mut self) -> &mut Credentials {
        &mut self.credentials
    }

    fn credential(&mut self) -> String {
        self.credentials.written(TOKEN)
    }

    fn operation(&self, request: &Request) -> String {
        let path = request.path.split('?').next().unwrap_or_default();
        path.trim_matches('/').rsplit('/').next().unwrap_or_default().to_owned()
    }
}

fn value(asked: &Value) -> Vec<u8> {
    assert_eq!(asked["alg"], "RSA-OAEP-256");
    BASE64URL_NOPAD.decode(asked["value"].as_str().expect("a text").as_bytes()).expect("base64url")
}

fn result(version: usize, value: &[u8]) -> Answer {
    let value = BASE64URL_NOPAD.encode(value);
    Answer::json(200, &json!({"kid": kid(version), "value": value}))
}

/// 32 hexadecimal digits.
fn named(version: usize) -> String {
    format!("{version:032x}")
}

/// A key as the service shows it, with a public key that is none.
fn bundle(version: usize, enabled: bool) -> Answer {
    let key = json!({"kid": kid(version), "kty": "RSA", "n": "AQAB", "e": "AQAB"});
    let attributes =
        json!({"enabled": enabled, "created": 1_700_000_000, "updated": 1_700_000_000});
    Answer::json(200, &json!({"key": key, "attributes": attributes}))
}

fn kid(version: usize) -> String {
    format!("https://team.vault.azure.net/keys/k/{}", named(version))
}

/// As Azure refuses, whatever was asked.
pub fn refusal(status: u16, code: &str, inner: Option<&str>) -> Answer {
    let mut error = json!({"code": code, "message": "said by the fake"});
    if let Some(inner) = inner {
        error["innererror"] = json!({"code": inner});
    }
    Answer::json(status, &json!({"error": error}))
}
