//! A transit engine over its HTTP API, as an application uses it: many values at once, or one by one.

use serde_json::{Value, json};

use super::openbao::{OpenBao, ROOT};

/// Below what OpenBao takes at once, with two words a value.
const BATCH: usize = 240;

/// One value with what it is bound to.
pub struct Bound<'a> {
    pub bytes: &'a str,
    pub aad: Option<String>,
}

/// The application's own client.
pub struct Transit {
    http: reqwest::Client,
    address: String,
}

impl Transit {
    pub fn of(bao: &OpenBao) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        Self { http: reqwest::Client::new(), address: format!("http://{}", bao.address()) }
    }

    /// Plaintexts, as the application stores them.
    pub async fn encrypt(&self, key: &str, values: &[Bound<'_>]) -> Vec<String> {
        let word = |text: &str| data_encoding::BASE64.encode(text.as_bytes());
        let items = values.iter().map(|value| item("plaintext", word(value.bytes), value));
        self.all(&format!("encrypt/{key}"), "ciphertext", items.collect()).await
    }

    /// What was stored; `None` for what does not open.
    pub async fn decrypt(&self, key: &str, values: &[Bound<'_>]) -> Vec<Option<String>> {
        let items = values.iter().map(|value| item("ciphertext", value.bytes.to_owned(), value));
        let opened = self.all(&format!("decrypt/{key}"), "plaintext", items.collect()).await;
        let text = |word: String| {
            let bytes = data_encoding::BASE64.decode(word.as_bytes()).ok()?;
            String::from_utf8(bytes).ok().filter(|text| !text.is_empty())
        };
        opened.into_iter().map(text).collect()
    }

    /// One call for one value, as scripts do.
    pub async fn rewrap_one(&self, key: &str, ciphertext: &str) -> String {
        let body = json!({ "ciphertext": ciphertext });
        let answer = self.post(&format!("rewrap/{key}"), &body).await;
        answer["data"]["ciphertext"].as_str().expect("a ciphertext").to_owned()
    }

    async fn all(&self, path: &str, field: &str, items: Vec<Value>) -> Vec<String> {
        let mut all = Vec::with_capacity(items.len());
        for batch in items.chunks(BATCH) {
            let body = json!({ "batch_input": batch, "partial_failure_response_code": 200 });
            let answer = self.post(path, &body).await;
            let results = answer["data"]["batch_results"].as_array().expect("results").clone();
            let word = |result: &Value| result[field].as_str().unwrap_or_default().to_owned();
            all.extend(results.iter().map(word));
        }
        all
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}/v1/transit/{path}", self.address);
        let call = self.http.post(url).header("X-Vault-Token", ROOT).json(body);
        call.send().await.expect("an answer").json().await.expect("JSON")
    }
}

fn item(field: &str, word: String, value: &Bound<'_>) -> Value {
    let mut item = json!({ field: word });
    if let Some(aad) = &value.aad {
        item["associated_data"] = data_encoding::BASE64.encode(aad.as_bytes()).into();
    }
    item
}
