//! Azure Key Vault and Managed HSM, through Microsoft's own client.
//!
//! A wrapped key says nothing of the version that wrapped it, so the version is kept beside it: in
//! our line of JSON, in the `kid` of Azure's own tool, or in the key's URI.

use azure_core::http::{ClientOptions, RetryOptions};
use azure_security_keyvault_keys::models::{
    EncryptionAlgorithm, KeyClientWrapKeyOptions, KeyOperationParameters, KeyOperationResult,
};
use azure_security_keyvault_keys::{KeyClient, KeyClientOptions, ResourceExt as _, ResourceId};
use zeroize::Zeroizing;

use super::KeyDescription;
use super::item::{Item, ItemRefusal, OpenedItem, SealedItem};
use super::trouble::Trouble;
use super::uri::{AzureKey, Service, WrapAlgorithm};
use crate::error::{Error, Result};

mod credential;
mod trouble;

use trouble::{TO_UNWRAP, azure_trouble};

pub(super) struct AzureClient {
    client: KeyClient,
    key: AzureKey,
}

impl AzureClient {
    pub(super) fn connect(key: &AzureKey) -> Result<Self> {
        let retry = RetryOptions::none(); // ours, see `Pace`
        let client_options = ClientOptions { retry, ..ClientOptions::default() };
        let options = KeyClientOptions { client_options, ..KeyClientOptions::default() };
        let endpoint = format!("https://{}", key.host);
        let client = KeyClient::new(&endpoint, credential::of_environment()?, Some(options));
        let client =
            client.map_err(|_| Error::usage("this is not the address of an Azure vault"))?;
        Ok(Self { client, key: key.clone() })
    }

    pub(super) async fn seal(&self, item: &Item<'_>) -> Result<SealedItem, Trouble> {
        let parameters = self.parameters(item.bytes).try_into();
        let parameters = parameters.map_err(|_| not_understood())?;
        let options = self.key.version.clone().map(|version| KeyClientWrapKeyOptions {
            key_version: Some(version),
            ..KeyClientWrapKeyOptions::default()
        });
        let answer = self.client.wrap_key(&self.key.name, parameters, options).await;
        let answer = answer.and_then(|answer| answer.into_model());
        let answer = answer.map_err(|error| azure_trouble(&error, "keys/wrapKey", &self.key))?;
        let version = version_of(&answer).ok_or_else(not_understood)?;
        let ciphertext = answer.result.ok_or_else(not_understood)?;
        Ok(SealedItem { ciphertext, version: Some(version) })
    }

    pub(super) async fn open(&self, item: &Item<'_>) -> Result<OpenedItem, Trouble> {
        let version = item.version.or(self.key.version.as_deref());
        let version = version.ok_or_else(|| {
            let what = "it is not known which version of the Azure key wrapped this data key";
            let hint = "add the version to the key's URI: …/keys/KEY/VERSION";
            Trouble::item(ItemRefusal::VersionUnknown, Error::usage(what).hint(hint))
        })?;
        let parameters = self.parameters(item.bytes).try_into();
        let parameters = parameters.map_err(|_| not_understood())?;
        let answer = self.client.unwrap_key(&self.key.name, version, parameters, None).await;
        let answer = answer.and_then(|answer| answer.into_model());
        let answer = answer.map_err(|error| azure_trouble(&error, TO_UNWRAP, &self.key))?;
        let version = version_of(&answer);
        let plaintext = Zeroizing::new(answer.result.ok_or_else(not_understood)?);
        Ok(OpenedItem { plaintext, version, is_newest: None })
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let answer = self.client.get_key(&self.key.name, None).await;
        let answer = answer.and_then(|answer| answer.into_model());
        let answer = answer.map_err(|error| azure_trouble(&error, "keys/get", &self.key))?;
        let id = answer.resource_id().map_err(|_| not_understood())?;
        Ok(KeyDescription { version: id.version })
    }

    fn parameters(&self, value: &[u8]) -> KeyOperationParameters {
        let algorithm = match self.key.algorithm {
            WrapAlgorithm::RsaOaep256 => EncryptionAlgorithm::RsaOaep256,
            WrapAlgorithm::RsaOaep => EncryptionAlgorithm::RsaOaep,
            WrapAlgorithm::A256Kw => EncryptionAlgorithm::A256Kw,
        };
        let value = Some(value.to_vec());
        KeyOperationParameters { algorithm: Some(algorithm), value, ..Default::default() }
    }
}

/// The last part of `https://NAME.vault.azure.net/keys/KEY/VERSION`.
fn version_of(answer: &KeyOperationResult) -> Option<String> {
    answer.kid.as_ref()?.parse::<ResourceId>().ok()?.version
}

fn not_understood() -> Trouble {
    Trouble::answer(Service::Azure, "is not understood")
}
