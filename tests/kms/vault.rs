//! Vault's transit engine, for what a real server does not do on request. (Vault API, secrets/transit.)

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::server::{Answer, Request, Service};
use super::versions::Versions;

pub const URI: &str = "hashivault://k";
pub const TOKEN: &str = "hvs.token-of-the-fake";

#[derive(Default)]
pub struct Vault {
    versions: Versions,
}

impl Service for Vault {
    fn gate(&mut self, request: &Request) -> Option<Answer> {
        let is_known = request.header("x-vault-token") == Some(TOKEN);
        if !is_known {
            return Some(refusal(403, "permission denied"));
        }
        (request.path == "/v1/auth/token/lookup-self")
            .then(|| Answer::json(200, &json!({"data": {"display_name": "fake"}})))
    }

    fn answer(&mut self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/transit/keys/k") => {
                Answer::json(200, &json!({"data": {"latest_version": self.versions.newest()}}))
            }
            ("POST", "/v1/transit/encrypt/k") => {
                let sealed = self.versions.seal(b"", &bytes(&request.json()["plaintext"]));
                let newest = self.versions.newest();
                let ciphertext = format!("vault:v{newest}:{}", BASE64.encode(&sealed));
                let data = json!({"ciphertext": ciphertext, "key_version": newest});
                Answer::json(200, &json!({"data": data}))
            }
            ("POST", "/v1/transit/decrypt/k") => {
                let asked = request.json();
                let text = asked["ciphertext"].as_str().expect("a text");
                let sealed = text.rsplit(':').next().expect("a part");
                let sealed = BASE64.decode(sealed.as_bytes()).expect("base64");
                match self.versions.open(b"", &sealed) {
                    Some((plaintext, _)) => {
                        let data = json!({"plaintext": BASE64.encode(&plaintext)});
                        Answer::json(200, &json!({"data": data}))
                    }
                    None => refusal(400, "cipher: message authentication failed"),
                }
            }
            _ => refusal(404, "no handler for route"),
        }
    }

    fn wrap(&self, key: &[u8]) -> String {
        let sealed = BASE64.encode(&self.versions.seal(b"", key));
        format!("vault:v{}:{sealed}", self.versions.newest())
    }

    fn rotate(&mut self) {
        self.versions.rotate();
    }
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().expect("a text").as_bytes()).expect("base64")
}

/// As Vault refuses, whatever was asked.
pub fn refusal(status: u16, reason: &str) -> Answer {
    Answer::json(status, &json!({"errors": [reason]}))
}
