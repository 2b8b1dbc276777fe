//! What can be known of a key before it is needed: its newest version, and whether it seals and opens.

use std::sync::Arc;

use super::client::Client;
use super::item::{Binding, Item};
use super::trouble::{Refused, Trouble};
use super::{KmsKey, located};
use crate::error::{Error, Result};

/// What was asked, as far as it is allowed.
#[derive(Clone, Debug)]
pub enum Allowed<T> {
    Yes(T),
    /// The permission that is missing. Not every use of a key needs every permission.
    No(Error),
}

/// As long as a data key, which is what Azure's keys take.
const TEXT: &[u8; 32] = b"sealed to see whether it opens  ";

impl KmsKey {
    /// The version that seals now, where the service tells.
    pub async fn look(&self) -> Result<Allowed<Option<String>>> {
        let asked = |client: Arc<Client>| async move { allowed(client.describe().await) };
        let described = self.call(asked).await.map_err(|error| located(error, &self.uri))?;
        Ok(match described {
            Ok(described) => Allowed::Yes(described.version),
            Err(denied) => Allowed::No(located(denied, &self.uri)),
        })
    }

    /// Seals a text and opens it again; answers the version that sealed, where the service tells.
    pub async fn round_trip(&self) -> Result<Allowed<Option<String>>> {
        let binding = &Binding::None;
        let items = &[Item { bytes: TEXT, binding, version: None }];
        let sealed = self.call(|client| async move { allowed(client.seal(items).await) }).await;
        let sealed = match self.allowed_one(sealed)? {
            Allowed::Yes(sealed) => sealed,
            Allowed::No(denied) => return Ok(Allowed::No(denied)),
        };
        let version = sealed.version.as_deref();
        let items = &[Item { bytes: &sealed.ciphertext, binding, version }];
        let opened = self.call(|client| async move { allowed(client.open(items).await) }).await;
        match self.allowed_one(opened)? {
            Allowed::Yes(opened) if opened.plaintext[..] == TEXT[..] => {
                Ok(Allowed::Yes(sealed.version.or(opened.version)))
            }
            Allowed::Yes(_) => {
                let what = format!("{} opens another text than it has sealed", self.uri.service());
                Err(located(Error::outside(what), &self.uri))
            }
            Allowed::No(denied) => Ok(Allowed::No(denied)),
        }
    }

    /// The outcome of a batch of one.
    fn allowed_one<T>(
        &self,
        answer: Result<Result<Vec<Result<T, Refused>>, Error>>,
    ) -> Result<Allowed<T>> {
        match answer {
            Ok(Ok(batch)) => self.one(Ok(batch)).map(Allowed::Yes),
            Ok(Err(denied)) => Ok(Allowed::No(located(denied, &self.uri))),
            Err(error) => Err(located(error, &self.uri)),
        }
    }
}

/// A denial is an answer here, and no trouble.
fn allowed<T>(answer: Result<T, Trouble>) -> Result<Result<T, Error>, Trouble> {
    match answer {
        Err(Trouble::Denied(error)) => Ok(Err(error)),
        other => other.map(Ok),
    }
}
