//! The client of one key, made anew when its credentials are no longer accepted.
//!
//! A run may last longer than a token. What was accepted once and is refused now may have been renewed
//! meanwhile: by an agent that writes a file, or by whoever gives out identities. So it is looked for again,
//! as at the start, for as long as trouble outside is borne. What never was accepted is refused at once.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use super::client::Client;
use super::trouble::Trouble;
use super::uri::KeyUri;
use crate::error::Result;

pub(super) struct Connection {
    uri: KeyUri,
    client: RwLock<Arc<Client>>,
    /// Some call was answered.
    was_accepted: AtomicBool,
    /// Whoever looks for credentials.
    turn: tokio::sync::Mutex<()>,
}

impl Connection {
    /// Finds settings and credentials, and calls nobody.
    pub(super) async fn to(uri: &KeyUri) -> Result<Self> {
        let client = RwLock::new(Arc::new(Client::connect(uri).await?));
        let (was_accepted, turn) = (AtomicBool::new(false), tokio::sync::Mutex::default());
        Ok(Self { uri: uri.clone(), client, was_accepted, turn })
    }

    pub(super) fn client(&self) -> Arc<Client> {
        Arc::clone(&self.client.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Calls once. Where other credentials may be found the trouble is one that may pass.
    pub(super) async fn call<T, F>(&self, call: impl FnOnce(Arc<Client>) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = Result<T, Trouble>>,
    {
        let client = self.client();
        match call(Arc::clone(&client)).await {
            Err(Trouble::Credentials(error)) if self.was_accepted.load(Ordering::Relaxed) => {
                self.look_again(&client).await;
                Err(Trouble::Passing(error))
            }
            // nobody need try again, here or further out
            Err(Trouble::Credentials(error)) => Err(Trouble::Final(error.given_up())),
            Ok(answer) => {
                self.was_accepted.store(true, Ordering::Relaxed);
                Ok(answer)
            }
            other => other,
        }
    }

    /// Unless others have done so since this client was taken.
    async fn look_again(&self, refused: &Arc<Client>) {
        let _turn = self.turn.lock().await;
        if !Arc::ptr_eq(&self.client(), refused) {
            return;
        }
        // where nothing is found just now, the next attempt looks again
        if let Ok(client) = Client::connect(&self.uri).await {
            *self.client.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(client);
        }
    }
}
