//! The words that describe a layout: a preset is the same words under a name.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::data_key::DataKeySettings;
use super::key_form::{KeyForm, SaltFrom};
use super::{ByteTemplate, LayoutError};
use crate::crypto::{Derivation, Hash, KeyEncoding};
use crate::error::did_you_mean;
use crate::kms::{KeyUri, Service};

/// What was said of a layout. What was not said is `None`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// A template, or the name of a preset.
    pub layout: Option<String>,
    /// A layout that no template can describe; presets alone say this.
    pub code: Option<String>,
    /// What other columns hold of a value, by their names; a preset's names are those of the product.
    pub beside: Option<BTreeMap<String, PieceSettings>>,
    /// What each field of an object holds of a value.
    pub fields: Option<BTreeMap<String, PieceSettings>>,
    pub cipher: Option<String>,
    pub key: Option<KeySettings>,
    /// Empty for none.
    pub aad: Option<String>,
    /// Where the label of the key comes from when it is not given with the key.
    pub label: Option<String>,
    /// Where the nonce comes from when it is not stored: `zero`, `key` or `derived`.
    pub nonce: Option<String>,
    /// What a plaintext must look like when nothing authenticates it.
    pub plaintext: Option<String>,
    /// The data keys of the values, where a KMS wraps them.
    pub data_key: Option<DataKeySettings>,
    /// The key of a key service that seals the values itself.
    pub kms: Option<String>,
    /// What such a key binds values to, where that has names (an encryption context).
    pub context: Option<BTreeMap<String, String>>,
    /// How such a ciphertext is stored.
    pub encoding: Option<String>,
    /// The column that holds the version of the key that sealed it.
    pub version_column: Option<String>,
}

/// What was said of one column or field of several.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct PieceSettings {
    /// A template, or the name that a preset has for it.
    pub layout: String,
    /// It may be missing when a value is read, and is written.
    pub may_be_null: bool,
}

impl From<String> for PieceSettings {
    fn from(layout: String) -> Self {
        Self { layout, may_be_null: false }
    }
}

/// What was said of a layout's keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    pub encoding: Option<String>,
    pub prefix: Option<String>,
    pub derive: Option<String>,
    pub hash: Option<String>,
    pub iterations: Option<u32>,
    pub log_n: Option<u32>,
    pub r: Option<u32>,
    pub p: Option<u32>,
    pub memory_kib: Option<u32>,
    pub passes: Option<u32>,
    pub lanes: Option<u32>,
    pub salt: Option<String>,
    pub salt_from: Option<String>,
    pub info: Option<String>,
    /// `secret` where the MAC's key is the secret itself.
    pub mac_key: Option<String>,
    pub kid: Option<String>,
}

impl Settings {
    /// What is said here, and of `base` what is not.
    #[must_use]
    pub fn over(self, base: &Settings) -> Settings {
        let or = |ours: Option<String>, base: &Option<String>| ours.or_else(|| base.clone());
        Settings {
            layout: or(self.layout, &base.layout),
            code: or(self.code, &base.code),
            beside: self.beside.or_else(|| base.beside.clone()),
            fields: self.fields.or_else(|| base.fields.clone()),
            cipher: or(self.cipher, &base.cipher),
            aad: or(self.aad, &base.aad),
            label: or(self.label, &base.label),
            nonce: or(self.nonce, &base.nonce),
            plaintext: or(self.plaintext, &base.plaintext),
            data_key: self.data_key.or_else(|| base.data_key.clone()),
            kms: or(self.kms, &base.kms),
            context: self.context.or_else(|| base.context.clone()),
            encoding: or(self.encoding, &base.encoding),
            version_column: or(self.version_column, &base.version_column),
            key: match (self.key, &base.key) {
                (Some(key), Some(base)) => Some(key.over(base)),
                (key, base) => key.or_else(|| base.clone()),
            },
        }
    }

    /// … of a layout that a key service seals: what binds its values, and how they are stored.
    #[must_use]
    pub(super) fn of_service_over(self, base: &Settings) -> Settings {
        let service = self.kms.as_deref().and_then(|kms| kms.parse().ok());
        let service = service.map(|key: KeyUri| key.service());
        let takes_context = service == Some(Service::Aws);
        let takes_encoding = service != Some(Service::Vault);
        Settings {
            aad: self.aad.or_else(|| base.aad.clone().filter(|_| !takes_context)),
            context: self.context.or_else(|| base.context.clone().filter(|_| takes_context)),
            encoding: self.encoding.or_else(|| base.encoding.clone().filter(|_| takes_encoding)),
            ..self
        }
    }
}

impl KeySettings {
    /// A derivation comes with all its settings, or with none of them.
    fn over(self, base: &KeySettings) -> KeySettings {
        let or = |ours: Option<String>, base: &Option<String>| ours.or_else(|| base.clone());
        let encoding = or(self.encoding.clone(), &base.encoding);
        let prefix = or(self.prefix.clone(), &base.prefix);
        let kid = or(self.kid.clone(), &base.kid);
        if self.derive.is_some() {
            return KeySettings { encoding, prefix, kid, ..self };
        }
        KeySettings {
            encoding,
            prefix,
            kid,
            derive: base.derive.clone(),
            hash: or(self.hash, &base.hash),
            iterations: self.iterations.or(base.iterations),
            log_n: self.log_n.or(base.log_n),
            r: self.r.or(base.r),
            p: self.p.or(base.p),
            memory_kib: self.memory_kib.or(base.memory_kib),
            passes: self.passes.or(base.passes),
            lanes: self.lanes.or(base.lanes),
            salt: if self.salt_from.is_some() { None } else { or(self.salt, &base.salt) },
            salt_from: or(self.salt_from, &base.salt_from),
            info: or(self.info, &base.info),
            mac_key: or(self.mac_key, &base.mac_key),
        }
    }

    pub(super) fn form(&self) -> Result<KeyForm, LayoutError> {
        let encoding = match self.encoding.as_deref() {
            None => KeyEncoding::Hex,
            Some(name) => {
                let encodings = KeyEncoding::ALL.into_iter();
                known("key encoding", name, encodings.map(|encoding| (encoding.name(), encoding)))?
            }
        };
        let salt = match (&self.salt, &self.salt_from) {
            (Some(_), Some(_)) => {
                return Err(LayoutError::new("salt and salt_from say the same thing")
                    .hint("keep one of them"));
            }
            (_, Some(source)) => SaltFrom::Source(source.clone()),
            (salt, None) => SaltFrom::Template(bytes(salt.as_deref())?),
        };
        let mac_key_is_secret = match self.mac_key.as_deref() {
            None => false,
            Some(name) => known("mac_key", name, [("secret", true), ("derived", false)])?,
        };
        let form = KeyForm {
            encoding,
            prefix: self.prefix.clone().unwrap_or_default(),
            derivation: self.derivation()?,
            salt,
            info: bytes(self.info.as_deref())?,
            mac_key_is_secret,
            label: self.kid.clone(),
        };
        form.check()?;
        Ok(form)
    }

    fn derivation(&self) -> Result<Derivation, LayoutError> {
        let mut left = Costs::of(self);
        let name = self.derive.as_deref().unwrap_or("none");
        let derivation = match name {
            "none" => Derivation::None,
            "sha256" => Derivation::Sha256,
            "hkdf" => Derivation::Hkdf(left.hash()?.unwrap_or(Hash::Sha256)),
            "pbkdf2" => Derivation::Pbkdf2 {
                hash: left.hash()?.unwrap_or(Hash::Sha256),
                iterations: left.number("iterations", 1..=100_000_000)?,
            },
            "scrypt" => Derivation::Scrypt {
                log_n: left.number("log_n", 1..=24)? as u8,
                r: left.number("r", 1..=64)?,
                p: left.number("p", 1..=64)?,
            },
            "argon2id" => Derivation::Argon2id {
                memory_kib: left.number("memory_kib", 8..=4_194_304)?,
                passes: left.number("passes", 1..=100)?,
                lanes: left.number("lanes", 1..=64)?,
            },
            "evp-md5" => Derivation::EvpMd5,
            _ => {
                let names = ["none", "sha256", "hkdf", "pbkdf2", "scrypt", "argon2id", "evp-md5"];
                return Err(unknown("key derivation", name, &names));
            }
        };
        match left.first() {
            None => Ok(derivation),
            Some(cost) => {
                Err(LayoutError::new(format!("`{cost}` is no setting of derive = {name}")))
            }
        }
    }
}

/// Settings of a derivation that no derivation has taken yet.
struct Costs<'s> {
    hash: Option<&'s str>,
    numbers: Vec<(&'static str, u32)>,
}

impl<'s> Costs<'s> {
    fn of(settings: &'s KeySettings) -> Self {
        let numbers = [
            ("iterations", settings.iterations),
            ("log_n", settings.log_n),
            ("r", settings.r),
            ("p", settings.p),
            ("memory_kib", settings.memory_kib),
            ("passes", settings.passes),
            ("lanes", settings.lanes),
        ];
        let numbers = numbers.into_iter().filter_map(|(name, number)| Some((name, number?)));
        Self { hash: settings.hash.as_deref(), numbers: numbers.collect() }
    }

    fn hash(&mut self) -> Result<Option<Hash>, LayoutError> {
        let Some(name) = self.hash.take() else { return Ok(None) };
        known("hash", name, Hash::ALL.map(|hash| (hash.name(), hash))).map(Some)
    }

    fn number(
        &mut self,
        name: &str,
        range: std::ops::RangeInclusive<u32>,
    ) -> Result<u32, LayoutError> {
        let place = self.numbers.iter().position(|(known, _)| *known == name);
        let number = place.map(|place| self.numbers.swap_remove(place).1);
        number.filter(|number| range.contains(number)).ok_or_else(|| {
            let (least, most) = range.into_inner();
            LayoutError::new(format!("the key derivation needs {name}, from {least} to {most}"))
        })
    }

    fn first(&self) -> Option<&'static str> {
        self.hash.map(|_| "hash").or_else(|| self.numbers.first().map(|(name, _)| *name))
    }
}

fn bytes(template: Option<&str>) -> Result<ByteTemplate, LayoutError> {
    ByteTemplate::parse(template.unwrap_or_default())
}

/// The thing of this name.
pub(super) fn known<T>(
    what: &str,
    name: &str,
    all: impl IntoIterator<Item = (&'static str, T)>,
) -> Result<T, LayoutError> {
    let mut names = Vec::new();
    for (known, thing) in all {
        if known == name {
            return Ok(thing);
        }
        names.push(known);
    }
    Err(unknown(what, name, &names))
}

fn unknown(what: &str, name: &str, names: &[&'static str]) -> LayoutError {
    let hint = did_you_mean(name, names.iter().copied()).unwrap_or_else(|| names.join(", "));
    // a name that is not known may be a key in the wrong place, and is not repeated
    LayoutError::new(format!("there is no such {what}")).hint(hint)
}
