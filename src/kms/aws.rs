//! AWS KMS, through AWS's own client over our TLS.
//!
//! Settings and credentials are those of all AWS tools: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID,
//! IRSA's and Pod Identity's variables, AWS_ENDPOINT_URL_KMS, and HTTPS_PROXY. AWS rotates the
//! material behind one key id; what it calls the key material id is our version.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::DataKeySpec;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use zeroize::Zeroizing;

use super::KeyDescription;
use super::item::{Binding, Item, NewDataKey, OpenedItem, Rewrap, RewrappedItem, SealedItem};
use super::trouble::Trouble;
use super::uri::{AwsKey, Service};
use crate::error::{Error, Result};

mod trouble;

use trouble::aws_trouble;

/// What `Encrypt` and `Decrypt` take. (AWS KMS API reference.)
const PLAINTEXT_BYTES: RangeInclusive<usize> = 1..=4096;
const CIPHERTEXT_BYTES: RangeInclusive<usize> = 1..=6144;

pub(super) struct AwsClient {
    client: aws_sdk_kms::Client,
    key: AwsKey,
}

impl AwsClient {
    pub(super) async fn connect(key: &AwsKey) -> Result<Self> {
        let client = aws_sdk_kms::Client::new(&settings(key).await?);
        Ok(Self { client, key: key.clone() })
    }

    /// `Encrypt` does not tell which material it used; the other calls do.
    pub(super) async fn seal(&self, item: &Item<'_>) -> Result<SealedItem, Trouble> {
        if !PLAINTEXT_BYTES.contains(&item.bytes.len()) {
            return Err(Trouble::length(Service::Aws));
        }
        let request = self.client.encrypt().key_id(&self.key.id).plaintext(Blob::new(item.bytes));
        let answer = request.set_encryption_context(self.context(item.binding)).send().await;
        let answer = answer.map_err(|error| aws_trouble(error, "kms:Encrypt", &self.key))?;
        Ok(SealedItem { ciphertext: bytes(answer.ciphertext_blob)?, version: None })
    }

    pub(super) async fn open(&self, item: &Item<'_>) -> Result<OpenedItem, Trouble> {
        let blob = blob(item)?;
        // named, so that a ciphertext of any other key is refused
        let request = self.client.decrypt().key_id(&self.key.id).ciphertext_blob(blob);
        let answer = request.set_encryption_context(self.context(item.binding)).send().await;
        let answer = answer.map_err(|error| aws_trouble(error, "kms:Decrypt", &self.key))?;
        let plaintext = Zeroizing::new(bytes(answer.plaintext)?);
        Ok(OpenedItem { plaintext, version: answer.key_material_id, is_newest: None })
    }

    /// Needs `kms:ReEncryptFrom` on this key and `kms:ReEncryptTo` on the other, and no `kms:Decrypt`.
    pub(super) async fn rewrap(
        &self,
        rewrap: &Rewrap<'_>,
        to: &Self,
    ) -> Result<RewrappedItem, Trouble> {
        let request = self.client.re_encrypt().ciphertext_blob(blob(&rewrap.item)?);
        let request = request
            .source_key_id(&self.key.id)
            .set_source_encryption_context(self.context(rewrap.item.binding))
            .destination_key_id(&to.key.id)
            .set_destination_encryption_context(to.context(rewrap.binding));
        let answer = request.send().await;
        let permission = "kms:ReEncryptFrom and kms:ReEncryptTo";
        let answer = answer.map_err(|error| aws_trouble(error, permission, &self.key))?;
        let version = answer.destination_key_material_id;
        let sealed = SealedItem { ciphertext: bytes(answer.ciphertext_blob)?, version };
        Ok(RewrappedItem { sealed, former_version: answer.source_key_material_id })
    }

    pub(super) async fn new_data_key(&self, binding: &Binding) -> Result<NewDataKey, Trouble> {
        let request = self.client.generate_data_key().key_id(&self.key.id);
        let request = request.key_spec(DataKeySpec::Aes256);
        let answer = request.set_encryption_context(self.context(binding)).send().await;
        let answer =
            answer.map_err(|error| aws_trouble(error, "kms:GenerateDataKey", &self.key))?;
        let plaintext = Zeroizing::new(bytes(answer.plaintext)?);
        let (ciphertext, version) = (bytes(answer.ciphertext_blob)?, answer.key_material_id);
        Ok(NewDataKey { plaintext, wrapped: SealedItem { ciphertext, version } })
    }

    /// Where its calls go.
    pub(super) fn region(&self) -> Option<&str> {
        self.client.config().region().map(AsRef::as_ref)
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let answer = self.client.describe_key().key_id(&self.key.id).send().await;
        let answer = answer.map_err(|error| aws_trouble(error, "kms:DescribeKey", &self.key))?;
        let metadata = answer.key_metadata;
        let metadata = metadata.ok_or(Trouble::answer(Service::Aws, "describes no key"))?;
        Ok(KeyDescription { version: metadata.current_key_material_id })
    }

    /// The encryption context of the key's URI, and that of the item.
    fn context(&self, binding: &Binding) -> Option<HashMap<String, String>> {
        let mut context: HashMap<String, String> = self.key.context.clone().into_iter().collect();
        if let Binding::Context(of_item) = binding {
            context.extend(of_item.clone());
        }
        (!context.is_empty()).then_some(context)
    }
}

fn blob(item: &Item<'_>) -> Result<Blob, Trouble> {
    match CIPHERTEXT_BYTES.contains(&item.bytes.len()) {
        true => Ok(Blob::new(item.bytes)),
        false => Err(Trouble::length(Service::Aws)),
    }
}

fn bytes(answered: Option<Blob>) -> Result<Vec<u8>, Trouble> {
    answered.map(Blob::into_inner).ok_or(Trouble::answer(Service::Aws, "holds no bytes"))
}

/// As AWS's tools find them; the region of the key's name beats theirs.
async fn settings(key: &AwsKey) -> Result<SdkConfig> {
    let client = Builder::new().build_with_connector_fn(|settings, _| {
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .tls_provider(Provider::Rustls(CryptoMode::Ring));
        let connector = match settings {
            Some(settings) => connector.connector_settings(settings.clone()),
            None => connector,
        };
        connector.build()
    });
    let loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(client)
        .retry_config(RetryConfig::disabled()); // ours, see `Pace`
    let loader = match &key.region {
        Some(region) => loader.region(Region::new(region.clone())),
        None => loader,
    };
    let settings = loader.load().await;
    match settings.region() {
        Some(_) => Ok(settings),
        None => Err(Error::usage("it is not known in which region the AWS KMS key is")
            .hint("name the key by its ARN, add ?region=REGION to it, or set AWS_REGION")),
    }
}
