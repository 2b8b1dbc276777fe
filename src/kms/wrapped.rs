//! A wrapped data key as it lies in a file: our own line of JSON, or what a service's tool wrote.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig, STANDARD};
use serde::{Deserialize, Serialize};

use super::uri::{KeyUri, Service};

/// A data key that only a KMS key opens.
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// As the service gave it; of Vault the text `vault:vN:…`.
    pub ciphertext: Vec<u8>,
    /// The version of the KMS key that wrapped it, where it is known. Azure cannot unwrap without.
    pub version: Option<String>,
    /// The id of the data key, noted when it was wrapped by this program.
    pub key_id: Option<String>,
}

/// The line that `generate-key --wrap-with` prints.
#[derive(Serialize)]
struct Line<'l> {
    kms: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'l str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key_id: Option<&'l str>,
    wrapped: String,
}

/// Fields of our line, and of `az keyvault key encrypt`.
#[derive(Deserialize)]
struct Fields {
    version: Option<String>,
    key_id: Option<String>,
    wrapped: Option<String>,
    /// `https://NAME.vault.azure.net/keys/KEY/VERSION`
    kid: Option<String>,
    result: Option<String>,
}

/// Both alphabets come from the services' tools, with and without padding.
const LENIENT: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const BASE64: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, LENIENT);
const BASE64URL: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, LENIENT);

impl WrappedKey {
    /// Reads what a file holds for a key of `service`: JSON as this program prints it or as
    /// `az keyvault key encrypt` does, `vault:vN:…`, base64, or the bytes themselves.
    pub fn parse(content: &[u8], service: Service) -> Result<Self, MalformedWrappedKey> {
        let text = std::str::from_utf8(content).map(str::trim);
        let wrapped = match text {
            Ok("") => return Err(MalformedWrappedKey::Empty),
            Ok(json) if json.starts_with('{') => Self::of_json(json, service)?,
            Ok(text) => Self::bare(ciphertext(text, service)?),
            Err(_) if service == Service::Vault => return Err(MalformedWrappedKey::NotOfVault),
            Err(_) => Self::bare(content.to_vec()),
        };
        Ok(wrapped)
    }

    /// A ciphertext as a service gave it.
    pub fn of_bytes(ciphertext: Vec<u8>, service: Service) -> Result<Self, MalformedWrappedKey> {
        match service {
            Service::Vault if !ciphertext.starts_with(b"vault:v") => {
                Err(MalformedWrappedKey::NotOfVault)
            }
            _ => Ok(Self::bare(ciphertext)),
        }
    }

    fn bare(ciphertext: Vec<u8>) -> Self {
        Self { ciphertext, version: None, key_id: None }
    }

    fn of_json(json: &str, service: Service) -> Result<Self, MalformedWrappedKey> {
        let fields: Fields = serde_json::from_str(json).map_err(|_| MalformedWrappedKey::Json)?;
        let Fields { version, key_id, wrapped, kid, result } = fields;
        let text = wrapped.or(result).ok_or(MalformedWrappedKey::Json)?;
        let of_kid = |kid: String| kid.rsplit_once('/').map(|(_, version)| version.to_owned());
        let version = version.or_else(|| kid.and_then(of_kid));
        Ok(Self { ciphertext: ciphertext(&text, service)?, version, key_id })
    }

    /// One line of JSON, for a file.
    pub fn to_line(&self, uri: &KeyUri) -> String {
        let wrapped = match uri.service() {
            Service::Vault => String::from_utf8_lossy(&self.ciphertext).into_owned(),
            _ => STANDARD.encode(&self.ciphertext),
        };
        let (version, key_id) = (self.version.as_deref(), self.key_id.as_deref());
        let line = Line { kms: uri.to_string(), version, key_id, wrapped };
        serde_json::to_string(&line).expect("texts are JSON")
    }
}

fn ciphertext(text: &str, service: Service) -> Result<Vec<u8>, MalformedWrappedKey> {
    match service {
        Service::Vault if text.starts_with("vault:v") => Ok(text.as_bytes().to_vec()),
        Service::Vault => Err(MalformedWrappedKey::NotOfVault),
        _ => BASE64
            .decode(text)
            .or_else(|_| BASE64URL.decode(text))
            .map_err(|_| MalformedWrappedKey::Base64),
    }
}

/// A ciphertext is nothing to look at.
impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey").field("version", &self.version).finish_non_exhaustive()
    }
}

/// Why a file holds no wrapped key. It never says what it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MalformedWrappedKey {
    Empty,
    Json,
    Base64,
    NotOfVault,
}

impl fmt::Display for MalformedWrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "there is no wrapped key",
            Self::Json => "this JSON holds no wrapped key",
            Self::Base64 => "the wrapped key is neither base64 nor bytes",
            Self::NotOfVault => "a key that Vault wrapped begins with vault:v",
        })
    }
}

impl std::error::Error for MalformedWrappedKey {}

#[cfg(test)]
mod tests {
    use super::*;

    const BYTES: &[u8] = &[0xfb, 0xff, 0x00, 0x01];

    fn parsed(content: &[u8], service: Service) -> WrappedKey {
        WrappedKey::parse(content, service).unwrap()
    }

    #[test]
    fn as_the_services_tools_write_it() {
        for content in [b"+/8AAQ==".as_slice(), b"+/8AAQ\n", b"-_8AAQ", BYTES] {
            assert_eq!(parsed(content, Service::Gcp), WrappedKey::bare(BYTES.to_vec()));
        }
        let vault = parsed(b"vault:v3:AAAA\n", Service::Vault);
        assert_eq!(vault.ciphertext, b"vault:v3:AAAA");
        let kid = r#"{"kid": "https://v.vault.azure.net/keys/k/7f", "result": "-_8AAQ"}"#;
        let azure = parsed(kid.as_bytes(), Service::Azure);
        assert_eq!((azure.ciphertext, azure.version.as_deref()), (BYTES.to_vec(), Some("7f")));
    }

    #[test]
    fn as_we_write_it() {
        let key = WrappedKey {
            ciphertext: BYTES.to_vec(),
            version: Some("7f".to_owned()),
            key_id: Some("d53e5fa4a4d8d71a".to_owned()),
        };
        let uri: KeyUri = "azurekeyvault://v.vault.azure.net/keys/k".parse().unwrap();
        let line = key.to_line(&uri);
        let kms = r#""kms":"azurekeyvault://v.vault.azure.net/keys/k""#;
        assert_eq!(
            line,
            format!(r#"{{{kms},"version":"7f","key_id":"d53e5fa4a4d8d71a","wrapped":"+/8AAQ=="}}"#)
        );
        assert_eq!(parsed(line.as_bytes(), Service::Azure), key);
    }

    #[test]
    fn what_is_none() {
        let refused = |content: &[u8], service| WrappedKey::parse(content, service).unwrap_err();
        assert_eq!(refused(b" \n", Service::Aws), MalformedWrappedKey::Empty);
        assert_eq!(refused(b"{}", Service::Aws), MalformedWrappedKey::Json);
        assert_eq!(refused(b"not base64!", Service::Aws), MalformedWrappedKey::Base64);
        assert_eq!(refused(b"AAAA", Service::Vault), MalformedWrappedKey::NotOfVault);
        assert_eq!(refused(BYTES, Service::Vault), MalformedWrappedKey::NotOfVault);
    }
}
