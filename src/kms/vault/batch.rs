//! `batch_input`: so many items a request as both servers take, and an outcome for each of them.
//!
//! | limit of a request | Vault | OpenBao |
//! |---|---|---|
//! | strings in its JSON | 10,000 items of an array | 1,000 (`max_request_json_strings`), two to a field |
//! | bytes | 32 MiB | 32 MiB |
//!
//! One bad item of a `decrypt` makes the whole answer an HTTP 400, whose body still holds the results
//! of the others; `partial_failure_response_code` asks for 200 instead, and a 400 is read all the same.
//! Never is a `key_version` passed: it would wrap under an older one, too.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::{Method, StatusCode};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::{Zeroize, Zeroizing};

use super::trouble::{Refusal, retry_after, unreachable};
use super::{Answer, VaultClient, not_understood, version_of};
use crate::kms::item::{Binding, Item, OpenedItem, Rewrap, RewrappedItem, SealedItem};
use crate::kms::many::{Batch, VAULT_BATCH_ITEMS_MAX};
use crate::kms::trouble::{Refused, Trouble};

/// Of the items, before base64.
const BATCH_BYTES_MAX: usize = 8 << 20;

/// Cuts items into requests; an item that is longer than one is a request of its own.
pub(in crate::kms) fn batches<I>(items: &[I], length: impl Fn(&I) -> usize) -> Vec<&[I]> {
    let (mut batches, mut rest) = (Vec::new(), items);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |item: &&I| {
            bytes += length(item);
            bytes <= BATCH_BYTES_MAX
        };
        let count = rest.iter().take(VAULT_BATCH_ITEMS_MAX).take_while(fits).count().max(1);
        let (batch, others) = rest.split_at(count);
        batches.push(batch);
        rest = others;
    }
    batches
}

#[derive(Serialize)]
struct Request<'r> {
    batch_input: &'r [Input],
    #[serde(skip_serializing_if = "Option::is_none")]
    partial_failure_response_code: Option<u16>,
}

/// A plaintext as base64, wiped.
struct Secret(Zeroizing<String>);

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(Zeroizing::new(text)))
    }
}

#[derive(Default, Serialize)]
struct Input {
    #[serde(skip_serializing_if = "Option::is_none")]
    plaintext: Option<Secret>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ciphertext: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    associated_data: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    batch_results: Vec<Output>,
}

#[derive(Deserialize)]
struct Output {
    #[serde(default)]
    error: String,
    plaintext: Option<Secret>,
    ciphertext: Option<String>,
}

impl VaultClient {
    pub(in crate::kms) async fn seal(&self, items: &[Item<'_>]) -> Batch<SealedItem> {
        self.look_whether_it_is_there().await?;
        let input = |item: &Item<'_>| Input {
            plaintext: Some(Secret(Zeroizing::new(STANDARD.encode(item.bytes)))),
            associated_data: associated_data(item.binding),
            ..Input::default()
        };
        let inputs: Vec<Input> = items.iter().map(input).collect();
        self.batch("encrypt", &inputs, sealed).await
    }

    pub(in crate::kms) async fn open(&self, items: &[Item<'_>]) -> Batch<OpenedItem> {
        let inputs: Vec<Input> = items.iter().map(to_open).collect();
        let opened = |input: &Input, output: Output| {
            let text = output.plaintext.ok_or_else(not_understood)?;
            Ok(OpenedItem {
                plaintext: decoded(&text.0)?,
                version: input.version(),
                is_newest: None,
            })
        };
        self.batch("decrypt", &inputs, opened).await
    }

    /// Under the newest version. It takes no `associated_data`, on either server.
    pub(in crate::kms) async fn rewrap(&self, items: &[Rewrap<'_>]) -> Batch<RewrappedItem> {
        let inputs: Vec<Input> = items.iter().map(|rewrap| to_open(&rewrap.item)).collect();
        let rewrapped = |input: &Input, output: Output| {
            Ok(RewrappedItem { sealed: sealed(input, output)?, former_version: input.version() })
        };
        self.batch("rewrap", &inputs, rewrapped).await
    }

    /// A request that is refused as a whole is halved until the item is found that it is about.
    async fn batch<T>(
        &self,
        verb: &str,
        inputs: &[Input],
        read: impl Fn(&Input, Output) -> Result<T, Trouble>,
    ) -> Batch<T> {
        let permission = format!("update on {}/{verb}/{}", self.key.mount, self.key.name);
        let mut outcomes = Vec::with_capacity(inputs.len());
        let mut ahead = vec![inputs];
        while let Some(part) = ahead.pop() {
            match self.request_batch(verb, part, &permission).await {
                Ok(outputs) => {
                    for (input, output) in part.iter().zip(outputs) {
                        outcomes.push(self.outcome(input, output, &permission, &read)?);
                    }
                }
                Err(Trouble::Item(_)) if part.len() > 1 => {
                    let (first, second) = part.split_at(part.len() / 2);
                    ahead.extend([second, first]);
                }
                Err(Trouble::Item(refused)) => outcomes.push(Err(refused)),
                Err(trouble) => return Err(trouble),
            }
        }
        Ok(outcomes)
    }

    fn outcome<T>(
        &self,
        input: &Input,
        output: Output,
        permission: &str,
        read: impl Fn(&Input, Output) -> Result<T, Trouble>,
    ) -> Result<Result<T, Refused>, Trouble> {
        if output.error.is_empty() {
            return read(input, output).map(Ok);
        }
        match Refusal::of_item(&output.error).trouble(permission, &self.key) {
            Trouble::Item(refused) => Ok(Err(refused)),
            trouble => Err(trouble),
        }
    }

    async fn request_batch(
        &self,
        verb: &str,
        inputs: &[Input],
        permission: &str,
    ) -> Result<Vec<Output>, Trouble> {
        let path = format!("{}/{verb}/{}", self.key.mount, self.key.name);
        let partial_failure_response_code = (verb == "decrypt").then_some(200);
        let request = Request { batch_input: inputs, partial_failure_response_code };
        let request = self.request(Method::POST, &path).json(&request);
        let answer = request.send().await.map_err(|error| unreachable(&error))?;
        let (status, pause) = (answer.status(), retry_after(answer.headers()));
        let body = answer.bytes().await.map_err(|error| unreachable(&error))?;
        if status.is_success() || status == StatusCode::BAD_REQUEST {
            let answer: Option<Answer<Results>> = serde_json::from_slice(&body).ok();
            match answer {
                Some(answer) if answer.data.batch_results.len() == inputs.len() => {
                    return Ok(answer.data.batch_results);
                }
                _ if status.is_success() => return Err(not_understood()),
                _ => {}
            }
        }
        Err(self.refusal(Refusal::of(status, pause, &body), permission).await)
    }
}

impl Input {
    fn version(&self) -> Option<String> {
        version_of(self.ciphertext.as_ref()?)
    }
}

/// What is no text is none of Vault's, and it may say so.
fn to_open(item: &Item<'_>) -> Input {
    let ciphertext = Some(String::from_utf8_lossy(item.bytes).into_owned());
    Input { ciphertext, associated_data: associated_data(item.binding), ..Input::default() }
}

fn associated_data(binding: &Binding) -> Option<String> {
    match binding {
        Binding::Aad(aad) => Some(STANDARD.encode(aad)),
        Binding::None | Binding::Context(_) => None,
    }
}

fn sealed(_: &Input, output: Output) -> Result<SealedItem, Trouble> {
    let ciphertext = output.ciphertext.ok_or_else(not_understood)?;
    let version = version_of(&ciphertext);
    Ok(SealedItem { ciphertext: ciphertext.into_bytes(), version })
}

/// Without a copy that would not be wiped.
fn decoded(text: &str) -> Result<Zeroizing<Vec<u8>>, Trouble> {
    let mut bytes = Zeroizing::new(vec![0; text.len()]);
    let length = STANDARD.decode_slice(text.as_bytes(), &mut bytes);
    let length = length.map_err(|_| not_understood())?;
    bytes[length..].zeroize();
    bytes.truncate(length);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_bounded_in_items_and_bytes() {
        let lengths = |items: &[usize]| -> Vec<usize> {
            batches(items, |item| *item).iter().map(|batch| batch.len()).collect()
        };
        assert_eq!(lengths(&[]), [] as [usize; 0]);
        assert_eq!(lengths(&[1; 450]), [200, 200, 50]);
        let long = BATCH_BYTES_MAX;
        assert_eq!(lengths(&[1, long + 1, long, 1, 1]), [1, 1, 1, 2]);
        assert_eq!(lengths(&[long / 2; 5]), [2, 2, 1]);
    }
}
