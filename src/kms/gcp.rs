//! Google Cloud KMS, through Google's own client.
//!
//! Credentials are the Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud's
//! file, or the metadata server (GKE Workload Identity). What is sent and what comes back is checked
//! by CRC32C, as Google asks its users to: <https://docs.cloud.google.com/kms/docs/data-integrity-guidelines>.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_kms_v1::client::KeyManagementService;
use zeroize::Zeroizing;

use super::trouble::Trouble;
use super::uri::{GcpKey, Service};
use super::{KeyDescription, Unwrapped, WrappedKey};
use crate::error::{Error, Result};

mod trouble;

use trouble::gcp_trouble;

pub(super) struct GcpClient {
    client: KeyManagementService,
    key: GcpKey,
}

impl GcpClient {
    pub(super) async fn connect(key: &GcpKey) -> Result<Self> {
        let builder = KeyManagementService::builder().with_retry_policy(NeverRetry); // ours, see `Pace`
        let client = builder.build().await.map_err(|_| {
            Error::usage("there are no usable credentials for Cloud KMS").hint(trouble::CREDENTIALS)
        })?;
        Ok(Self { client, key: key.clone() })
    }

    pub(super) async fn wrap(&self, plaintext: &[u8]) -> Result<WrappedKey, Trouble> {
        let sum = i64::from(crc32c::crc32c(plaintext));
        let request = self.client.encrypt().set_name(&self.key.name);
        let request = request.set_plaintext(plaintext.to_vec()).set_plaintext_crc32c(sum);
        let answer = request.with_idempotency(true).send().await;
        let answer = answer
            .map_err(|error| gcp_trouble(&error, "cloudkms.cryptoKeyVersions.useToEncrypt"))?;
        let is_whole = answer.verified_plaintext_crc32c
            && answer.ciphertext_crc32c == Some(i64::from(crc32c::crc32c(&answer.ciphertext)));
        if !is_whole {
            return Err(garbled());
        }
        let version = number_of(&answer.name);
        Ok(WrappedKey { ciphertext: answer.ciphertext.to_vec(), version, key_id: None })
    }

    pub(super) async fn unwrap(&self, wrapped: &WrappedKey) -> Result<Unwrapped, Trouble> {
        let sum = i64::from(crc32c::crc32c(&wrapped.ciphertext));
        let request = self.client.decrypt().set_name(&self.key.name);
        let request = request.set_ciphertext(wrapped.ciphertext.clone()).set_ciphertext_crc32c(sum);
        let answer = request.with_idempotency(true).send().await;
        let answer = answer
            .map_err(|error| gcp_trouble(&error, "cloudkms.cryptoKeyVersions.useToDecrypt"))?;
        if answer.plaintext_crc32c != Some(i64::from(crc32c::crc32c(&answer.plaintext))) {
            return Err(garbled());
        }
        let key = Zeroizing::new(answer.plaintext.to_vec());
        // Decrypting tells whether it was the primary version and not which one it was.
        let version = wrapped.version.clone();
        Ok(Unwrapped { key, version, is_newest: Some(answer.used_primary) })
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let request = self.client.get_crypto_key().set_name(&self.key.name);
        let answer = request.send().await;
        let answer = answer.map_err(|error| gcp_trouble(&error, "cloudkms.cryptoKeys.get"))?;
        let primary = answer.primary.as_ref();
        Ok(KeyDescription { version: primary.and_then(|version| number_of(&version.name)) })
    }
}

/// `3` of `…/cryptoKeyVersions/3`.
fn number_of(name: &str) -> Option<String> {
    name.rsplit_once("/cryptoKeyVersions/").map(|(_, number)| number.to_owned())
}

fn garbled() -> Trouble {
    Trouble::answer(Service::Gcp, "was changed on its way (CRC32C)")
}
