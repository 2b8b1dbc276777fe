//! A real OpenBao server, in its development mode: unsealed, in memory.

use std::process::Command;

use crate::server::{Server, installed, printed};
use crate::support::{Reseal, eventually};

pub const ROOT: &str = "root-of-the-test";

pub struct OpenBao(Server);

impl OpenBao {
    /// With a transit engine and a key `k` in it.
    pub async fn start() -> Self {
        let words = |port| {
            let listen = format!("-dev-listen-address=127.0.0.1:{port}");
            [
                "server",
                "-dev",
                "-dev-no-store-token",
                &listen,
                &format!("-dev-root-token-id={ROOT}"),
            ]
            .map(str::to_owned)
            .to_vec()
        };
        let bao = Self(Server::start("bao", words).await);
        eventually("OpenBao is unsealed", async || {
            bao.command(&["status"]).output().ok().filter(|it| it.status.success())
        })
        .await;
        bao.run(&["secrets", "enable", "transit"]);
        bao.run(&["write", "-f", "transit/keys/k"]);
        bao
    }

    pub fn address(&self) -> &str {
        &self.0.address
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(installed("bao"));
        command.args(words).env("HOME", self.0.home.path());
        command.env("BAO_ADDR", format!("http://{}", self.0.address)).env("BAO_TOKEN", ROOT);
        command
    }

    pub fn run(&self, words: &[&str]) -> String {
        printed(&mut self.command(words))
    }

    /// A token that may do what the policy says.
    pub fn token(&self, policy: &str) -> String {
        let path = self.0.home.path().join("policy.hcl");
        std::fs::write(&path, policy).expect("a file");
        self.run(&["policy", "write", "job", path.to_str().unwrap()]);
        self.run(&["token", "create", "-policy=job", "-field=token"])
    }

    /// A token of the policy that was written last, for so many seconds.
    pub fn token_for(&self, seconds: u32) -> String {
        let lives = format!("-ttl={seconds}s");
        self.run(&["token", "create", "-policy=job", &lives, "-field=token"])
    }

    /// When a token was renewed last, in seconds since 1970.
    pub fn renewed_at(&self, token: &str) -> Option<i64> {
        let looked = self.run(&["token", "lookup", "-format=json", token]);
        let looked: serde_json::Value = serde_json::from_str(&looked).expect("JSON");
        looked["data"]["last_renewal_time"].as_i64()
    }

    pub fn program(&self, words: &str, token: &str) -> Reseal {
        Reseal::new(words)
            .env("VAULT_ADDR", format!("http://{}", self.0.address))
            .env("VAULT_TOKEN", token)
            .env("RESEAL_RETRY_FOR", "0s")
    }
}

const GENERATE: &str = "generate-key --wrap-with hashivault://k";

#[tokio::test]
async fn a_data_key_is_wrapped_by_the_newest_version() {
    let bao = OpenBao::start().await;
    for version in ["1", "2"] {
        let line = bao.program(GENERATE, ROOT).run().await.expect(0).json();
        assert_eq!(line["version"], version);
        let wrapped = line["wrapped"].as_str().unwrap();
        assert!(wrapped.starts_with(&format!("vault:v{version}:")));
        // … and OpenBao's own program opens it
        let ciphertext = format!("ciphertext={wrapped}");
        let key = bao.run(&["write", "-field=plaintext", "transit/decrypt/k", &ciphertext]);
        assert_eq!(data_encoding::BASE64.decode(key.as_bytes()).unwrap().len(), 32);
        bao.run(&["write", "-f", "transit/keys/k/rotate"]);
    }
}

#[tokio::test]
async fn a_token_needs_no_more_than_two_capabilities() {
    let bao = OpenBao::start().await;
    let least = r#"path "transit/encrypt/k" { capabilities = ["update"] }
                   path "transit/decrypt/k" { capabilities = ["update"] }"#;
    bao.program(GENERATE, &bao.token(least)).run().await.expect(0);
    let less = r#"path "transit/encrypt/k" { capabilities = ["update"] }"#;
    let refused = bao.program(GENERATE, &bao.token(less)).run().await.expect(2);
    assert!(
        refused.stderr.contains("Vault denies update on transit/decrypt/k"),
        "{}",
        refused.stderr
    );
}

#[tokio::test]
async fn what_is_wrong_is_said() {
    let bao = OpenBao::start().await;
    let refused = async |words: &str, token: &str, code| {
        bao.program(words, token).run().await.expect(code).stderr
    };
    let said = refused(GENERATE, "s.unknown", 5).await;
    assert!(said.contains("have expired or are not accepted"), "{said}");
    let said = refused("generate-key --wrap-with hashivault://mistyped", ROOT, 2).await;
    assert!(said.contains("Vault has no key mistyped"), "{said}");
    assert!(!bao.run(&["list", "transit/keys"]).contains("mistyped"), "and makes none");
    let said = refused("generate-key --wrap-with hashivault://k?engine=elsewhere", ROOT, 2).await;
    assert!(said.contains("in the transit engine at elsewhere"), "{said}");
    bao.run(&["operator", "seal"]);
    let said = refused(GENERATE, ROOT, 5).await;
    assert!(said.contains("it is sealed"), "{said}");
}

/// What `health --verbose` says of the key in this file.
async fn health(bao: &OpenBao, file: &std::path::Path, code: i32) -> serde_json::Value {
    let key = format!("{{ kms = \"hashivault://k\", wrapped = \"file:{}\" }}", file.display());
    let program = bao.program("health --verbose --output json", ROOT);
    program.config(format!("[keys]\ncurrent = {key}\n")).run().await.expect(code).json()
}

#[tokio::test]
async fn a_stale_wrapping_is_seen_and_one_that_is_shut_out_is_refused() {
    let bao = OpenBao::start().await;
    let line = bao.program(GENERATE, ROOT).run().await.expect(0);
    let file = bao.0.home.path().join("dek");
    std::fs::write(&file, &line.stdout).unwrap();
    let wrapping = |health: &serde_json::Value| health["rings"][0]["keys"][0]["wrapped_by"].clone();
    assert_eq!(wrapping(&health(&bao, &file, 0).await)["is_newest"], true);
    bao.run(&["write", "-f", "transit/keys/k/rotate"]);
    let stale = wrapping(&health(&bao, &file, 0).await);
    assert_eq!((&stale["version"], &stale["newest_version"]), (&"1".into(), &"2".into()));
    assert_eq!(stale["is_newest"], false);
    // wrapped again by OpenBao's own program, and version 1 shut out
    let ciphertext = format!("ciphertext={}", line.json()["wrapped"].as_str().unwrap());
    let again = bao.run(&["write", "-field=ciphertext", "transit/rewrap/k", &ciphertext]);
    bao.run(&["write", "transit/keys/k/config", "min_decryption_version=2"]);
    let refused = health(&bao, &file, 1).await;
    let what = refused["errors"][0]["what"].as_str().unwrap();
    assert_eq!(what, "Vault no longer decrypts what this version of the key wrapped");
    std::fs::write(&file, again).unwrap();
    let fresh = health(&bao, &file, 0).await;
    assert_eq!(wrapping(&fresh)["is_newest"], true);
    assert_eq!(fresh["rings"][0]["keys"][0]["key"], line.json()["key_id"], "the same data key");
}
