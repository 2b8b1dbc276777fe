//! AWS KMS, through AWS's own client over our TLS.
//!
//! Settings and credentials are those of all AWS tools: AWS_REGION, AWS_PROFILE, AWS_ACCESS_KEY_ID,
//! IRSA's and Pod Identity's variables, AWS_ENDPOINT_URL_KMS, and HTTPS_PROXY. AWS rotates the
//! material behind one key id; what it calls the key material id is our version.

use aws_config::retry::RetryConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_kms::primitives::Blob;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, Connector};
use zeroize::Zeroizing;

use super::trouble::Trouble;
use super::uri::{AwsKey, Service};
use super::{KeyDescription, Unwrapped, WrappedKey};
use crate::error::{Error, Result};

mod trouble;

use trouble::aws_trouble;

pub(super) struct AwsClient {
    client: aws_sdk_kms::Client,
    key: AwsKey,
}

impl AwsClient {
    pub(super) async fn connect(key: &AwsKey) -> Result<Self> {
        let client = aws_sdk_kms::Client::new(&settings(key).await?);
        Ok(Self { client, key: key.clone() })
    }

    /// `Encrypt` does not tell which material it used; unwrapping does.
    pub(super) async fn wrap(&self, plaintext: &[u8]) -> Result<WrappedKey, Trouble> {
        let request = self.client.encrypt().key_id(&self.key.id).plaintext(Blob::new(plaintext));
        let answer = request.set_encryption_context(self.context()).send().await;
        let answer = answer.map_err(|error| aws_trouble(error, "kms:Encrypt", &self.key))?;
        let blob = answer.ciphertext_blob;
        let blob = blob.ok_or(Trouble::answer(Service::Aws, "holds no ciphertext"))?;
        Ok(WrappedKey { ciphertext: blob.into_inner(), version: None, key_id: None })
    }

    pub(super) async fn unwrap(&self, wrapped: &WrappedKey) -> Result<Unwrapped, Trouble> {
        let blob = Blob::new(wrapped.ciphertext.as_slice());
        // named, so that a ciphertext of any other key is refused
        let request = self.client.decrypt().key_id(&self.key.id).ciphertext_blob(blob);
        let answer = request.set_encryption_context(self.context()).send().await;
        let answer = answer.map_err(|error| aws_trouble(error, "kms:Decrypt", &self.key))?;
        let key = answer.plaintext.ok_or(Trouble::answer(Service::Aws, "holds no plaintext"))?;
        let key = Zeroizing::new(key.into_inner());
        Ok(Unwrapped { key, version: answer.key_material_id, is_newest: None })
    }

    pub(super) async fn describe(&self) -> Result<KeyDescription, Trouble> {
        let answer = self.client.describe_key().key_id(&self.key.id).send().await;
        let answer = answer.map_err(|error| aws_trouble(error, "kms:DescribeKey", &self.key))?;
        let metadata = answer.key_metadata;
        let metadata = metadata.ok_or(Trouble::answer(Service::Aws, "describes no key"))?;
        Ok(KeyDescription { version: metadata.current_key_material_id })
    }

    fn context(&self) -> Option<std::collections::HashMap<String, String>> {
        let context = &self.key.context;
        (!context.is_empty()).then(|| context.clone().into_iter().collect())
    }
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
