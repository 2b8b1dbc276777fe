//! Google Cloud KMS, through Google's own client.
//!
//! Credentials are the Application Default Credentials: GOOGLE_APPLICATION_CREDENTIALS, gcloud's
//! file, or the metadata server (GKE Workload Identity). What is sent and what comes back is checked
//! by CRC32C, as Google asks its users to: <https://docs.cloud.google.com/kms/docs/data-integrity-guidelines>.

use google_cloud_gax::options::RequestOptionsBuilder as _;
use google_cloud_gax::retry_policy::NeverRetry;
use google_cloud_kms_v1::client::KeyManagementService;
use zeroize::Zeroizing;

use super::KeyDescription;
use super::item::{Binding, Item, OpenedItem, SealedItem};
use super::trouble::Trouble;
use super::uri::{GcpKey, Service};
use crate::error::{Error, Result};

mod trouble;

use trouble::{TO_DECRYPT, gcp_trouble};

/// Of a software key; HSM keys take 8 KiB, and say so. (Cloud KMS REST reference: encrypt.)
const PLAINTEXT_BYTES_MAX: usize = 64 << 10;

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

    /// The version of the answer is the one that really sealed: after a change of the primary version
    /// it may for a while be the older one.
    pub(super) async fn seal(&self, item: &Item<'_>) -> Result<SealedItem, Trouble> {
        if item.bytes.len() > PLAINTEXT_BYTES_MAX {
            return Err(Trouble::length(Service::Gcp));
        }
        let aad = additional_data(item);
        let request = self.client.encrypt().set_name(&self.key.name);
        let request =
            request.set_plaintext(item.bytes.to_vec()).set_plaintext_crc32c(sum(item.bytes));
        let request = match aad {
            Some(aad) => request
                .set_additional_authenticated_data(aad.to_vec())
                .set_additional_authenticated_data_crc32c(sum(aad)),
            None => request,
        };
        let answer = request.with_idempotency(true).send().await;
        let answer = answer
            .map_err(|error| gcp_trouble(&error, "cloudkms.cryptoKeyVersions.useToEncrypt"))?;
        let is_whole = answer.verified_plaintext_crc32c
            && (aad.is_none() || answer.verified_additional_authenticated_data_crc32c)
            && answer.ciphertext_crc32c == Some(sum(&answer.ciphertext));
        if !is_whole {
            return Err(garbled());
        }
        let version = number_of(&answer.name);
        Ok(SealedItem { ciphertext: answer.ciphertext.to_vec(), version })
    }

    /// Decrypting tells whether it was the primary version and not which one it was.
    pub(super) async fn open(&self, item: &Item<'_>) -> Result<OpenedItem, Trouble> {
        let request = self.client.decrypt().set_name(&self.key.name);
        let request =
            request.set_ciphertext(item.bytes.to_vec()).set_ciphertext_crc32c(sum(item.bytes));
        let request = match additional_data(item) {
            Some(aad) => request
                .set_additional_authenticated_data(aad.to_vec())
                .set_additional_authenticated_data_crc32c(sum(aad)),
            None => request,
        };
        let answer = request.with_idempotency(true).send().await;
        let answer = answer.map_err(|error| gcp_trouble(&error, TO_DECRYPT))?;
        let plaintext = Zeroizing::new(answer.plaintext.to_vec());
        if answer.plaintext_crc32c != Some(sum(&plaintext)) {
            return Err(garbled());
        }
        Ok(OpenedItem { plaintext, version: None, is_newest: Some(answer.used_primary) })
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let request = self.client.get_crypto_key().set_name(&self.key.name);
        let answer = request.send().await;
        let answer = answer.map_err(|error| gcp_trouble(&error, "cloudkms.cryptoKeys.get"))?;
        let primary = answer.primary.as_ref();
        Ok(KeyDescription { version: primary.and_then(|version| number_of(&version.name)) })
    }
}

fn additional_data<'i>(item: &Item<'i>) -> Option<&'i [u8]> {
    match item.binding {
        Binding::Aad(aad) => Some(aad),
        Binding::None | Binding::Context(_) => None,
    }
}

fn sum(bytes: &[u8]) -> i64 {
    i64::from(crc32c::crc32c(bytes))
}

/// `3` of `…/cryptoKeyVersions/3`.
fn number_of(name: &str) -> Option<String> {
    name.rsplit_once("/cryptoKeyVersions/").map(|(_, number)| number.to_owned())
}

fn garbled() -> Trouble {
    Trouble::answer(Service::Gcp, "was changed on its way (CRC32C)")
}
