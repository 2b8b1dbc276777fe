//! Data keys that lie wrapped beside the values they seal, or in front of them: whose key wraps them, how they
//! are stored, and how they are rotated.
//!
//! ```text
//! {raw(wrapped_u32 nonce12 ct tag16)}              in front, after its length in four bytes (Tink's KmsEnvelopeAead)
//! {raw(nonce12 ct tag16)}, column = "secret_dek"   in another column
//! fields = { … }, field = "wrapped_dek"            in another member of the object
//! ```
//!
//! Bytes and words alone: nothing here wraps or unwraps.

mod keys;
mod pieces;
mod stored;

use std::collections::BTreeMap;

use serde::Deserialize;
use zeroize::Zeroizing;

use super::settings::known;
use super::{AadTemplate, LayoutError};
use crate::kms::{KeyUri, Service};

pub use keys::{BoundTo, ReadKeySettings, WrappingKey};
pub(super) use stored::wrapped_after_length;

/// What was said of a column's data keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataKeySettings {
    /// The KMS key that wraps.
    pub kms: Option<String>,
    /// KMS keys that may have wrapped what is there.
    #[serde(default)]
    pub read: Vec<ReadKeySettings>,
    /// What wrapped keys are bound to; empty for nothing.
    pub aad: Option<String>,
    /// … where that has names (an encryption context).
    pub context: Option<BTreeMap<String, String>>,
    /// Where the wrapped key lies when it is not in front of the value.
    pub column: Option<String>,
    /// … of a value that is an object.
    pub field: Option<String>,
    /// How it is stored there.
    pub encoding: Option<String>,
    /// Where the version of the KMS key is noted.
    pub version_column: Option<String>,
    /// … of a value that is an object.
    pub version_field: Option<String>,
    /// `rewrap` or `reseal`.
    pub rotate: Option<String>,
    pub rows_per_data_key: Option<u32>,
    /// What is wrapped: `raw`, `hex`, `base64` or `tink`.
    pub form: Option<String>,
}

/// The data keys of one column.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DataKeyForm {
    /// The one that wraps, then those that may have wrapped what is there.
    keys: Vec<WrappingKey>,
    pub rotate: Rotate,
    pub form: DataKeyText,
    /// Whether the version of the KMS key is noted somewhere.
    pub has_marker: bool,
}

/// What a rotation does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rotate {
    /// The data key is wrapped again; the value is not touched.
    Rewrap,
    /// The value is sealed anew, with a new data key for so many rows.
    Reseal { rows: u32 },
}

/// How a data key looks when it is unwrapped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DataKeyText {
    Raw,
    Hex,
    Base64,
    /// Tink's AesGcmKey, serialized: `1a`, the length, the key.
    Tink,
}

/// Rows that share a new data key where nothing is said.
const ROWS_PER_DATA_KEY: u32 = 100;

/// The field `key_value` of Tink's AesGcmKey (aes_gcm.proto), a text of bytes.
const TINK_KEY_VALUE: u8 = 0x1a;
/// … and its field `version`, which is 0 and may be left out.
const TINK_VERSION_0: [u8; 2] = [0x08, 0x00];

impl DataKeyText {
    const ALL: [(&'static str, Self); 4] =
        [("raw", Self::Raw), ("hex", Self::Hex), ("base64", Self::Base64), ("tink", Self::Tink)];

    /// The key itself; `None` when the text is no such key.
    pub fn key(self, unwrapped: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        let key = match self {
            Self::Raw => unwrapped.to_vec(),
            Self::Hex => data_encoding::HEXLOWER_PERMISSIVE.decode(unwrapped).ok()?,
            Self::Base64 => data_encoding::BASE64.decode(unwrapped).ok()?,
            Self::Tink => {
                let key = unwrapped.strip_prefix(&TINK_VERSION_0).unwrap_or(unwrapped);
                let (&length, key) = key.strip_prefix(&[TINK_KEY_VALUE])?.split_first()?;
                (key.len() == usize::from(length)).then(|| key.to_vec())?
            }
        };
        Some(Zeroizing::new(key))
    }

    /// What is wrapped of a key.
    pub fn text(self, key: &[u8]) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(match self {
            Self::Raw => key.to_vec(),
            Self::Hex => data_encoding::HEXLOWER.encode(key).into_bytes(),
            Self::Base64 => data_encoding::BASE64.encode(key).into_bytes(),
            Self::Tink => {
                let length = u8::try_from(key.len()).unwrap_or(u8::MAX);
                [&[TINK_KEY_VALUE, length], key].concat()
            }
        })
    }
}

impl DataKeyForm {
    /// Reads the words.
    ///
    /// # Errors
    /// One is missing, is none, or does not go together with another.
    pub fn of(words: &DataKeySettings) -> Result<Self, LayoutError> {
        let rotate = match (words.rotate.as_deref(), words.rows_per_data_key) {
            (None | Some("rewrap"), Some(_)) => {
                return Err(LayoutError::new("`rows_per_data_key` without rotate = \"reseal\"")
                    .hint("rewrapping keeps every data key, and whatever it has sealed"));
            }
            (None | Some("rewrap"), None) => Rotate::Rewrap,
            (Some("reseal"), Some(0)) => {
                return Err(LayoutError::new("a data key for no rows"));
            }
            (Some("reseal"), rows) => Rotate::Reseal { rows: rows.unwrap_or(ROWS_PER_DATA_KEY) },
            (Some(_), _) => {
                return Err(LayoutError::new("rotate is \"rewrap\" or \"reseal\""));
            }
        };
        let form = match words.form.as_deref() {
            None => DataKeyText::Raw,
            Some(name) => known("form", name, DataKeyText::ALL)?,
        };
        let (keys, has_marker) = (WrappingKey::all(words)?, words.has_marker());
        let form = Self { keys, rotate, form, has_marker };
        form.refuse_unknown_versions()?;
        Ok(form)
    }

    /// Azure does not unwrap without the version.
    fn refuse_unknown_versions(&self) -> Result<(), LayoutError> {
        let is_told = |key: &KeyUri| match key {
            KeyUri::Azure(key) => self.has_marker || key.version.is_some(),
            _ => true,
        };
        if self.uris().all(is_told) {
            return Ok(());
        }
        Err(LayoutError::new("Azure unwraps nothing without the version that had wrapped it")
            .hint("say where it is noted: version_column = \"kek_version\", or version_field of an object"))
    }

    /// Whether some wrapped keys open only by the version that is noted beside them.
    pub fn opens_by_version(&self) -> bool {
        self.uris().any(|uri| uri.service() == Service::Azure)
    }

    /// The KMS key that wraps.
    pub fn kms(&self) -> &KeyUri {
        &self.keys[0].uri
    }

    /// All KMS keys with what they bind to, the one that wraps first.
    pub fn keys(&self) -> &[WrappingKey] {
        &self.keys
    }

    /// … by their names.
    pub fn uris(&self) -> impl Iterator<Item = &KeyUri> {
        self.keys.iter().map(|key| &key.uri)
    }

    /// Whether the row has a part in some wrapped key.
    pub fn is_bound(&self) -> bool {
        self.keys.iter().any(|key| key.bound != BoundTo::Nothing)
    }

    /// Whether versions of different keys, or of one key with different bindings, may have the same name, so that a
    /// version alone tells nothing.
    pub fn versions_are_ambiguous(&self) -> bool {
        let (wrapping, mut read) = (&self.keys[0], self.keys[1..].iter());
        match wrapping.uri.service() {
            Service::Vault | Service::Gcp => read.len() > 0,
            // the ids of key material are those of one key; it may have several names
            Service::Aws => read.any(|key| !key.binds_as(wrapping)),
            Service::Azure => false,
        }
    }

    /// Every template that reads columns of the row.
    pub(super) fn templates(&mut self) -> impl Iterator<Item = &mut AadTemplate> {
        self.keys.iter_mut().flat_map(|key| key.bound.templates())
    }

    /// The same text for every spelling of the same words.
    pub(super) fn canonical(&self) -> String {
        let wraps = self.keys[0].canonical();
        let mut text = format!(" data key {wraps} {:?} {:?}", self.rotate, self.form);
        for key in &self.keys[1..] {
            text.push_str(&format!(" read {}", key.canonical()));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_key_in_every_form() {
        let key = [7; 32];
        for (name, form) in DataKeyText::ALL {
            let text = form.text(&key);
            assert_eq!(form.key(&text).as_deref().map(Vec::as_slice), Some(&key[..]), "{name}");
            assert_eq!(
                form.key(&text[..text.len() - 1]).is_some(),
                form == DataKeyText::Raw,
                "{name}"
            );
        }
        let with_version = [&[8, 0, 0x1a, 32], &key[..]].concat();
        assert!(DataKeyText::Tink.key(&with_version).is_some());
    }

    #[test]
    fn words_that_do_not_fit_are_refused() {
        let said = |text: &str| Some(text.to_owned());
        let vault = || DataKeySettings { kms: said("hashivault://k"), ..Default::default() };
        assert_eq!(DataKeyForm::of(&vault()).unwrap().rotate, Rotate::Rewrap);
        let azure = "azurekeyvault://v.vault.azure.net/keys/k";
        for words in [
            DataKeySettings::default(),
            DataKeySettings { read: vec!["hashivault://k".into()], ..vault() },
            DataKeySettings { context: Some([("a".into(), "b".into())].into()), ..vault() },
            DataKeySettings { aad: said("{kid}"), ..vault() },
            DataKeySettings { rows_per_data_key: Some(5), ..vault() },
            DataKeySettings { rotate: said("sometimes"), ..vault() },
            DataKeySettings { form: said("jwk"), ..vault() },
            DataKeySettings { kms: said(azure), ..Default::default() },
            DataKeySettings { kms: said("nonsense"), ..Default::default() },
        ] {
            assert!(DataKeyForm::of(&words).is_err(), "{words:?}");
        }
        let unbound = ReadKeySettings { aad: said(""), ..ReadKeySettings::from("hashivault://k") };
        let bound = DataKeySettings { aad: said("{id}"), read: vec![unbound], ..vault() };
        let bound = DataKeyForm::of(&bound).unwrap();
        assert!(bound.is_bound() && bound.versions_are_ambiguous());
        assert_ne!(bound.canonical(), DataKeyForm::of(&vault()).unwrap().canonical());
        let noted = DataKeySettings { version_column: said("v"), kms: said(azure), ..vault() };
        assert!(DataKeyForm::of(&noted).is_ok());
    }
}
