//! From words to a layout, and from a layout to the text that tells it from any other.

use sha2::{Digest, Sha256};

use super::coded::Code;
use super::service::{ServiceForm, no_label};
use super::{
    AadTemplate, DataKeyForm, KeyForm, LabelFrom, Layout, LayoutError, NonceFrom, PlaintextRule,
    Settings, Shape, preset, settings, spread,
};
use crate::crypto::Cipher;

impl Layout {
    /// What is said of a layout, made one.
    pub fn of(settings: Settings) -> Result<Self, LayoutError> {
        if settings.kms.is_some() {
            return Self::of_service(&settings);
        }
        let name = settings.layout.clone().unwrap_or_default();
        if is_template(&settings) {
            return Self::from_words(name, settings);
        }
        Self::from_words(name.clone(), over_preset(&name, settings)?)
    }

    /// … of a layout that is only read: cipher, key and additional data are those of the column, where
    /// neither its own words nor its preset say anything.
    pub fn to_read(settings: Settings, column: &Settings) -> Result<Self, LayoutError> {
        if settings.kms.is_some() {
            if settings.version_column.is_some() {
                return Err(LayoutError::new("`version_column` belongs to what is written")
                    .hint("say it beside the `kms` that is written"));
            }
            return Self::of_service(&settings.of_service_over(column));
        }
        let name = settings.layout.clone().unwrap_or_default();
        let settings =
            if is_template(&settings) { settings } else { over_preset(&name, settings)? };
        let cipher = settings.cipher.clone().or_else(|| column.cipher.clone());
        let takes_aad = cipher.as_deref().and_then(Cipher::named).is_none_or(Cipher::takes_aad);
        let aad = column.aad.clone().filter(|_| takes_aad);
        let key = column.key.clone();
        let column = Settings { cipher: column.cipher.clone(), key, aad, ..Settings::default() };
        Self::from_words(name, settings.over(&column))
    }

    /// A layout whose values a key service seals. The cipher is nominal: all of them authenticate.
    fn of_service(words: &Settings) -> Result<Self, LayoutError> {
        let form = ServiceForm::of(words)?;
        let aad = words.aad.as_deref().filter(|aad| !aad.is_empty());
        let aad = aad.map(AadTemplate::parse).transpose()?;
        if aad.as_ref().is_some_and(AadTemplate::needs_label) {
            return Err(no_label());
        }
        Ok(Self {
            name: form.key().to_string(),
            shape: Shape::Service(form),
            cipher: Cipher::Aes256Gcm,
            key: KeyForm::default(),
            label: LabelFrom::Given,
            nonce: NonceFrom::Value,
            aad,
            plaintext: None,
            data_key: None,
        })
    }

    fn from_words(name: String, words: Settings) -> Result<Self, LayoutError> {
        let of_service = [&words.encoding, &words.version_column];
        if words.context.is_some() || of_service.iter().any(|word| word.is_some()) {
            let what = "`context`, `encoding` and `version_column` belong to values of a KMS key";
            return Err(LayoutError::new(what).hint("say them beside `kms`"));
        }
        let shape = match &words.code {
            Some(_)
                if words.beside.is_some() || words.fields.is_some() || words.data_key.is_some() =>
            {
                let what = format!("values of {name} are not spread");
                return Err(LayoutError::new(what).hint("leave `beside` and `fields` out"));
            }
            Some(code) => Shape::Code(Code::named(code)?),
            None => Shape::Template(spread::template(&words)?),
        };
        let name = match &shape {
            Shape::Template(template) if name.is_empty() => template.text.clone(),
            _ => name,
        };
        let cipher = match words.cipher.as_deref() {
            None => Cipher::Aes256Gcm,
            Some(name) => {
                settings::known("cipher", name, Cipher::ALL.map(|cipher| (cipher.name(), cipher)))?
            }
        };
        let nonce = match words.nonce.as_deref() {
            None => NonceFrom::Value,
            Some(name) => {
                let places = [
                    ("zero", NonceFrom::Zero),
                    ("key", NonceFrom::Key),
                    ("derived", NonceFrom::Derived),
                ];
                settings::known("place of a nonce", name, places)?
            }
        };
        let label = match words.label.as_deref() {
            None => LabelFrom::Given,
            Some(name) => {
                let places = [("key-sha1", LabelFrom::KeySha1), ("key-text", LabelFrom::KeyText)];
                settings::known("origin of a key label", name, places)?
            }
        };
        let aad = words.aad.as_deref().filter(|aad| !aad.is_empty());
        let layout = Self {
            name,
            shape,
            cipher,
            key: words.key.unwrap_or_default().form()?,
            label,
            nonce,
            aad: aad.map(AadTemplate::parse).transpose()?,
            plaintext: words.plaintext.as_deref().map(PlaintextRule::parse).transpose()?,
            data_key: words.data_key.as_ref().map(DataKeyForm::of).transpose()?,
        };
        layout.check()?;
        layout.check_wrapped_key()?;
        Ok(layout)
    }

    /// The same text for every spelling of the same layout, and another one for any other.
    pub fn canonical(&self) -> String {
        let Self { cipher, key, label, nonce, aad, plaintext, .. } = self;
        let mut text = self.template().to_owned();
        text.push_str(&self.service().map(ServiceForm::canonical).unwrap_or_default());
        let mut add = |is_said: bool, setting: String| {
            if is_said {
                text.push_str(&setting);
            }
        };
        add(*cipher != Cipher::Aes256Gcm, format!(" cipher {cipher}"));
        add(*key != KeyForm::default(), format!(" key {key:?}"));
        add(*label != LabelFrom::Given, format!(" label {label:?}"));
        add(*nonce != NonceFrom::Value, format!(" nonce {nonce:?}"));
        let aad = aad.as_ref().map(AadTemplate::template);
        add(aad.is_some(), format!(" aad {:?}", aad.unwrap_or_default()));
        let rule = plaintext.as_ref().map(PlaintextRule::as_written);
        add(rule.is_some(), format!(" plaintext {:?}", rule.unwrap_or_default()));
        let data_key = self.data_key.as_ref().map(DataKeyForm::canonical);
        add(data_key.is_some(), data_key.unwrap_or_default());
        text
    }

    /// SHA-256 of what the layout means, whatever it is called and its values are bound to, in hexadecimal.
    pub fn meaning(&self) -> String {
        let mut alone = Self { aad: None, ..self.alone() };
        if let Shape::Code(code) = &alone.shape {
            alone.name = format!("{code:?}");
        }
        data_encoding::HEXLOWER.encode(&Sha256::digest(alone.canonical()))
    }
}

/// Whether the words describe a layout themselves; a preset has neither braces in its name nor fields.
fn is_template(settings: &Settings) -> bool {
    match &settings.layout {
        Some(layout) => layout.contains(['{', '}']),
        None => settings.fields.is_some(),
    }
}

/// The words of a preset, with those of an application before them.
fn over_preset(name: &str, own: Settings) -> Result<Settings, LayoutError> {
    let preset = &preset::find(name)?.settings;
    let own = Settings {
        layout: None,
        beside: spread::named(own.beside, preset.beside.as_ref())?,
        fields: spread::named(own.fields, preset.fields.as_ref())?,
        ..own
    };
    Ok(own.over(preset))
}
