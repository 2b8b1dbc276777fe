//! Vault's transit engine, for what a real server does not do on request. (Vault API, secrets/transit.)

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::login::Credentials;
use super::server::{Answer, Request, Service};
use super::versions::Versions;

pub const URI: &str = "hashivault://k";
pub const TOKEN: &str = "hvs.token-of-the-fake";

#[derive(Default)]
pub struct Vault {
    versions: Versions,
    credentials: Credentials,
}

impl Service for Vault {
    fn gate(&mut self, request: &Request) -> Option<Answer> {
        let is_known = request.header("x-vault-token") == Some(&self.credential());
        if !self.credentials.accept(is_known) {
            return Some(refusal(403, "permission denied"));
        }
        match request.path.as_str() {
            "/v1/auth/token/lookup-self" => {
                let ttl = self.credentials.seconds();
                let data = json!({"display_name": "fake", "ttl": ttl, "renewable": ttl > 0});
                Some(Answer::json(200, &json!({"data": data})))
            }
            "/v1/auth/token/renew-self" => {
                let auth = json!({"lease_duration": self.credentials.renew(), "renewable": true});
                Some(Answer::json(200, &json!({"auth": auth})))
            }
            _ => None,
        }
    }

    fn answer(&mut self, request: &Request) -> Answer {
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/v1/transit/keys/k") => {
                Answer::json(200, &json!({"data": {"latest_version": self.versions.newest()}}))
            }
            ("POST", path) if path.starts_with("/v1/transit/") && path.ends_with("/k") => {
                let verb = self.operation(request);
                let asked = request.json();
                let items = asked["batch_input"].as_array().expect("a batch");
                assert!(items.len() <= 240, "OpenBao refuses more");
                let results: Vec<Value> = items.iter().map(|it| self.one(&verb, it)).collect();
                let is_good = results.iter().all(|result| result["error"].is_null());
                let status = if is_good || verb == "rewrap" { 200 } else { 400 };
                Answer::json(status, &json!({"data": {"batch_results": results}}))
            }
            _ => refusal(404, "no handler for route"),
        }
    }

    fn wrap(&self, key: &[u8]) -> String {
        let sealed = BASE64.encode(&self.versions.seal(b"", key));
        format!("vault:v{}:{sealed}", self.versions.newest())
    }

    fn unwrap(&self, ciphertext: &[u8]) -> Option<(Vec<u8>, usize)> {
        let text = std::str::from_utf8(ciphertext).ok()?;
        let sealed = BASE64.decode(text.rsplit(':').next()?.as_bytes()).ok()?;
        self.versions.open(b"", &sealed)
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

    fn credential(&mut self) -> String {
        self.credentials.written(TOKEN)
    }

    fn operation(&self, request: &Request) -> String {
        let path = request.path.strip_prefix("/v1/transit/").unwrap_or(&request.path);
        path.split('/').next().unwrap_or_default().to_owned()
    }
}

impl Vault {
    /// One item of a batch.
    fn one(&self, verb: &str, item: &Value) -> Value {
        let aad = if item["associated_data"].is_null() {
            Vec::new()
        } else {
            assert_ne!(verb, "rewrap", "it takes none");
            bytes(&item["associated_data"])
        };
        if verb == "encrypt" {
            return self.sealed(&aad, &bytes(&item["plaintext"]));
        }
        let text = item["ciphertext"].as_str().expect("a text");
        let sealed = BASE64.decode(text.rsplit(':').next().expect("a part").as_bytes());
        match sealed.ok().and_then(|sealed| self.versions.open(&aad, &sealed)) {
            None => json!({"error": "cipher: message authentication failed"}),
            Some((_, version)) if !text.starts_with(&format!("vault:v{version}:")) => {
                json!({"error": "invalid ciphertext: version is too new"})
            }
            Some((_, version)) if !self.versions.is_usable(version) => {
                let reason = "ciphertext or signature version is disallowed by policy (too old)";
                json!({"error": reason})
            }
            Some((plaintext, _)) if verb == "rewrap" => self.sealed(&aad, &plaintext),
            Some((plaintext, _)) => json!({"plaintext": BASE64.encode(&plaintext)}),
        }
    }

    fn sealed(&self, aad: &[u8], plaintext: &[u8]) -> Value {
        let version = self.versions.sealing();
        let sealed = BASE64.encode(&self.versions.seal(aad, plaintext));
        json!({"ciphertext": format!("vault:v{version}:{sealed}"), "key_version": version})
    }
}

fn bytes(text: &Value) -> Vec<u8> {
    BASE64.decode(text.as_str().expect("a text").as_bytes()).expect("base64")
}

/// As Vault refuses, whatever was asked.
pub fn refusal(status: u16, reason: &str) -> Answer {
    Answer::json(status, &json!({"errors": [reason]}))
}
