//! Values that a key service has sealed itself: which key, what it binds them to, and how its ciphertext is
//! stored.
//!
//! Such a layout has no cipher and no nonce of ours: nothing here opens or seals. What is decoded is
//! the ciphertext as the service takes it, and its version where the ciphertext says so itself.

use std::collections::BTreeMap;

use super::encoding::{Encoding, NAMES};
use super::settings::known;
use super::template::{Over, Piece};
use super::{
    AadMissing, AadTemplate, DataKeyForm, DecodeBuffer, Layout, LayoutError, Malformed, RowTexts,
    Settings, Shape, Stored,
};
use crate::cell;
use crate::kms::{KeyUri, MalformedKeyUri, Service};

/// A key of a service, and how what it sealed is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceForm {
    key: KeyUri,
    /// `None` while the type of the column is not known. Of Vault, whose ciphertext is text, it is raw.
    encoding: Option<Encoding>,
    /// An encryption context, as AWS has it: names and templates, by name.
    context: Vec<(String, AadTemplate)>,
    /// Columns beside the ciphertext: the one of its version, and those of other layouts of the column.
    beside: Vec<Piece>,
}

/// What begins every ciphertext of the transit engine.
const VAULT_PREFIX: &[u8] = b"vault:v";

/// A Vault ciphertext has at least a nonce and a tag behind its prefix.
const VAULT_CIPHERTEXT_MIN: usize = 28 * 4 / 3;

impl ServiceForm {
    /// Reads the words of a layout with `kms`.
    pub(super) fn of(words: &Settings) -> Result<Self, LayoutError> {
        let key = words.kms.as_deref().unwrap_or_default().parse();
        let key: KeyUri = key.map_err(|malformed: MalformedKeyUri| {
            LayoutError::new(malformed.what).hint(malformed.hint)
        })?;
        refuse_local_words(words)?;
        let service = key.service();
        let encoding = match (service, words.encoding.as_deref()) {
            (Service::Azure, _) => {
                return Err(LayoutError::new("Azure Key Vault seals data keys, and no values")
                    .hint("have it wrap a data key, see docs/kms.md"));
            }
            (Service::Vault, Some(_)) => {
                return Err(LayoutError::new("what Vault seals is text already")
                    .hint("leave `encoding` out"));
            }
            (Service::Vault, None) => Some(Encoding::Raw),
            (_, None) => None,
            (_, Some(name)) => Some(known("encoding", name, NAMES)?),
        };
        let context = context(words.context.as_ref())?;
        let has_aad = words.aad.as_deref().is_some_and(|aad| !aad.is_empty());
        match service {
            Service::Aws if has_aad => {
                Err(LayoutError::new("AWS KMS binds values to an encryption context, not to `aad`")
                    .hint("context = { tenant = \"{tenant_id}\" }"))
            }
            Service::Vault | Service::Gcp if !context.is_empty() => {
                Err(LayoutError::new(format!("{service} binds values to `aad`, not to a context"))
                    .hint("aad = \"{tenant_id}\""))
            }
            _ => {
                let beside = marker(words, service)?.into_iter().collect();
                Ok(Self { key, encoding, context, beside })
            }
        }
    }

    /// The key that seals.
    pub fn key(&self) -> &KeyUri {
        &self.key
    }

    /// Whether the version stands in a column of its own.
    pub fn has_version_column(&self) -> bool {
        self.beside.iter().any(Piece::is_label)
    }

    pub(super) fn over(&self) -> Over {
        if self.beside.is_empty() { Over::Cell } else { Over::Columns }
    }

    pub(super) fn beside(&self) -> &[Piece] {
        &self.beside
    }

    /// The same form in a cell that has these pieces, none of which it needs.
    pub(super) fn among(self, names: &[&str]) -> Self {
        Self { beside: names.iter().map(|name| Piece::absent(name)).collect(), ..self }
    }

    /// Whether its ciphertext can be told from other text, and its version from other versions.
    pub fn tells_its_version(&self) -> bool {
        self.key.service() == Service::Vault
    }

    /// What a stored value of this version begins with.
    pub fn prefix(&self, version: &str) -> Option<String> {
        self.tells_its_version().then(|| format!("vault:v{version}:"))
    }

    /// The encryption context of a row; empty when values have none.
    pub fn context(&self, row: &RowTexts<'_>) -> Result<BTreeMap<String, String>, AadMissing> {
        let mut context = BTreeMap::new();
        for (name, template) in &self.context {
            let mut value = Vec::new();
            template.render(row, None, &mut value)?;
            context.insert(name.clone(), String::from_utf8(value).map_err(|_| AadMissing)?);
        }
        Ok(context)
    }

    pub fn has_context(&self) -> bool {
        !self.context.is_empty()
    }

    pub(super) fn is_text(&self) -> bool {
        self.key.service() == Service::Vault || self.encoding.is_none_or(Encoding::is_text)
    }

    pub(super) fn templates(&mut self) -> impl Iterator<Item = &mut AadTemplate> {
        self.context.iter_mut().map(|(_, template)| template)
    }

    /// The same text for every spelling of the same words.
    pub(super) fn canonical(&self) -> String {
        let mut text = match self.encoding {
            Some(encoding) if !self.tells_its_version() => format!(" encoding {encoding:?}"),
            _ => String::new(),
        };
        for (name, template) in &self.context {
            text.push_str(&format!(" context {name:?} {:?}", template.template()));
        }
        for piece in self.beside.iter().filter(|piece| piece.is_label()) {
            text.push_str(&format!(" version_column {:?}", piece.name()));
        }
        text
    }

    pub(super) fn decode<'b>(
        &self,
        stored: &[u8],
        buffer: &'b mut DecodeBuffer,
    ) -> Result<Stored<'b>, Malformed> {
        buffer.clear();
        let cell = stored;
        let stored = match self.beside.is_empty() {
            true => stored,
            false => cell::piece(cell, 0).ok_or(Malformed)?,
        };
        if self.tells_its_version() {
            let version = vault_version(stored).ok_or(Malformed)?;
            buffer.ciphertext = buffer.keep(stored);
            buffer.label = Some(buffer.keep(version));
            return Ok(buffer.whole());
        }
        let encoding = self.encoding.unwrap_or(Encoding::Base64);
        encoding.decode(stored, &mut buffer.unwrapped, &mut buffer.decoded)?;
        if buffer.decoded.is_empty() {
            return Err(Malformed);
        }
        buffer.ciphertext = 0..buffer.decoded.len();
        let place = self.beside.iter().position(Piece::is_label);
        let version = place.and_then(|place| cell::piece(cell, 1 + place));
        buffer.label = version.map(|version| buffer.keep(version));
        Ok(buffer.whole())
    }

    /// With the version beside it; an empty one is not known.
    pub(super) fn encode(&self, ciphertext: &[u8], version: &[u8], stored: &mut Vec<u8>) {
        let encoding = self.encoding.unwrap_or(Encoding::Base64);
        let ciphertext = [ciphertext].into_iter();
        if self.beside.is_empty() {
            return encoding.append(ciphertext, stored);
        }
        cell::append_with(stored, |stored| encoding.append(ciphertext, stored));
        for piece in &self.beside {
            cell::append(Some(version).filter(|it| piece.is_label() && !it.is_empty()), stored);
        }
    }
}

impl Layout {
    /// The key service that seals its values, if one does.
    pub fn service(&self) -> Option<&ServiceForm> {
        match &self.shape {
            Shape::Service(form) => Some(form),
            Shape::Template(_) | Shape::Code(_) => None,
        }
    }

    /// With what was left to the type of the column: a service's bytes stand in bytea as they are, and as
    /// base64 in text.
    #[must_use]
    pub(super) fn stored_in(mut self, is_bytea: bool) -> Self {
        if let Shape::Service(form) = &mut self.shape {
            let usual = if is_bytea { Encoding::Raw } else { Encoding::Base64 };
            form.encoding.get_or_insert(usual);
        }
        self
    }

    /// Every template that reads columns of the row.
    pub(super) fn templates(&mut self) -> impl Iterator<Item = &mut AadTemplate> {
        let of_service = match &mut self.shape {
            Shape::Service(form) => Some(form.templates()),
            Shape::Template(_) | Shape::Code(_) => None,
        };
        let of_data_key = self.data_key.iter_mut().flat_map(DataKeyForm::templates);
        self.aad.iter_mut().chain(of_service.into_iter().flatten()).chain(of_data_key)
    }
}

/// The column of the version. It may be NULL, and is written with every value.
fn marker(words: &Settings, service: Service) -> Result<Option<Piece>, LayoutError> {
    let Some(name) = words.version_column.as_deref() else { return Ok(None) };
    if service == Service::Vault {
        return Err(LayoutError::new("what Vault seals says its version itself")
            .hint("leave `version_column` out"));
    }
    Ok(Some(Piece::label(name)))
}

/// The version of a transit ciphertext: `3` of `vault:v3:…`, when what follows is base64.
fn vault_version(stored: &[u8]) -> Option<&[u8]> {
    let rest = stored.strip_prefix(VAULT_PREFIX)?;
    let colon = rest.iter().position(|byte| *byte == b':')?;
    let (version, rest) = (&rest[..colon], &rest[colon + 1..]);
    let is_number = matches!(version.len(), 1..=9) && version.iter().all(u8::is_ascii_digit);
    let is_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    let is_ciphertext = rest.len() >= VAULT_CIPHERTEXT_MIN && rest.iter().all(is_base64);
    (is_number && is_ciphertext).then_some(version)
}

pub(super) fn context(
    words: Option<&BTreeMap<String, String>>,
) -> Result<Vec<(String, AadTemplate)>, LayoutError> {
    let parsed = words.into_iter().flatten().map(|(name, template)| {
        let template = AadTemplate::parse(template)?;
        if template.needs_label() {
            return Err(no_label());
        }
        Ok((name.clone(), template))
    });
    parsed.collect()
}

/// A key of a service has no label of ours.
pub(super) fn no_label() -> LayoutError {
    LayoutError::new("a key of a key service has no label").hint("leave {kid} out of the template")
}

/// What is ours to say of a cipher is the service's here.
fn refuse_local_words(words: &Settings) -> Result<(), LayoutError> {
    let said = [
        ("layout", words.layout.is_some()),
        ("cipher", words.cipher.is_some()),
        ("key", words.key.is_some()),
        ("nonce", words.nonce.is_some()),
        ("plaintext", words.plaintext.is_some()),
        ("label", words.label.is_some()),
        ("beside", words.beside.is_some()),
        ("fields", words.fields.is_some()),
    ];
    match said.into_iter().find(|(_, is_said)| *is_said) {
        Some((name, _)) => {
            Err(LayoutError::new(format!("`{name}` beside `kms`: the service seals"))
                .hint("write values with `kms` or with `layout`; the other may be one to `read`"))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
