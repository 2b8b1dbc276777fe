//! The KMS keys that wrap the data keys of a column, and what each of them binds a wrapped key to: additional data
//! or an encryption context, made of the row that it stands in.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::DataKeySettings;
use crate::kms::{AwsKey, Binding, KeyUri, MalformedKeyUri, Service};
use crate::layout::service::{context, no_label};
use crate::layout::{AadMissing, AadTemplate, LayoutError, RowTexts};

/// What was said of a KMS key that may have wrapped what is there. What is not said of its binding is as with the
/// key that wraps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReadKeySettings {
    pub kms: String,
    /// Empty for none.
    pub aad: Option<String>,
    /// Empty for none.
    pub context: Option<BTreeMap<String, String>>,
}

impl From<&str> for ReadKeySettings {
    fn from(kms: &str) -> Self {
        Self { kms: kms.to_owned(), ..Self::default() }
    }
}

/// A KMS key, and what it binds wrapped keys to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WrappingKey {
    pub uri: KeyUri,
    pub bound: BoundTo,
}

/// What a wrapped key is bound to.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BoundTo {
    Nothing,
    Aad(AadTemplate),
    /// An encryption context: names and templates, by name.
    Context(Vec<(String, AadTemplate)>),
}

impl BoundTo {
    fn of(
        service: Service,
        aad: Option<&str>,
        names: Option<&BTreeMap<String, String>>,
    ) -> Result<Self, LayoutError> {
        let aad = aad.filter(|aad| !aad.is_empty());
        let names = names.filter(|names| !names.is_empty());
        let bound = match (service, aad, names) {
            (_, None, None) => Self::Nothing,
            (Service::Vault | Service::Gcp, Some(aad), None) => Self::Aad(AadTemplate::parse(aad)?),
            (Service::Aws, None, Some(_)) => Self::Context(context(names)?),
            (Service::Azure, ..) => {
                let what = "Azure Key Vault binds a wrapped data key to nothing";
                return Err(LayoutError::new(what)
                    .hint("leave `aad` and `context` out of `data_key`; `aad` of the column binds the value"));
            }
            (Service::Aws, ..) => {
                let what =
                    "AWS KMS binds a wrapped data key to an encryption context, not to `aad`";
                return Err(LayoutError::new(what).hint("context = { tenant = \"{tenant_id}\" }"));
            }
            (Service::Vault | Service::Gcp, ..) => {
                let what = format!("{service} binds a wrapped data key to `aad`, not to a context");
                return Err(LayoutError::new(what).hint("aad = \"{tenant_id}\""));
            }
        };
        match &bound {
            Self::Aad(template) if template.needs_label() => Err(no_label()),
            _ => Ok(bound),
        }
    }

    /// What it is in one row.
    ///
    /// # Errors
    /// A column that it names is NULL, or a context would be no text.
    pub fn in_row(&self, row: &RowTexts<'_>) -> Result<Binding, AadMissing> {
        match self {
            Self::Nothing => Ok(Binding::None),
            Self::Aad(template) => {
                let mut aad = Vec::new();
                template.render(row, None, &mut aad)?;
                Ok(Binding::Aad(aad))
            }
            Self::Context(templates) => {
                let mut context = BTreeMap::new();
                for (name, template) in templates {
                    let mut value = Vec::new();
                    template.render(row, None, &mut value)?;
                    let value = String::from_utf8(value).map_err(|_| AadMissing)?;
                    context.insert(name.clone(), value);
                }
                Ok(Binding::Context(context))
            }
        }
    }

    pub(super) fn templates(&mut self) -> Vec<&mut AadTemplate> {
        match self {
            Self::Nothing => Vec::new(),
            Self::Aad(template) => vec![template],
            Self::Context(templates) => templates.iter_mut().map(|(_, it)| it).collect(),
        }
    }

    fn canonical(&self) -> String {
        match self {
            Self::Nothing => String::new(),
            Self::Aad(template) => format!(" bound {:?}", template.template()),
            Self::Context(templates) => {
                let pair = |(name, it): &(String, AadTemplate)| {
                    format!(" bound {name:?} {:?}", it.template())
                };
                templates.iter().map(pair).collect()
            }
        }
    }
}

impl WrappingKey {
    /// All of them, the one that wraps first.
    pub(super) fn all(words: &DataKeySettings) -> Result<Vec<Self>, LayoutError> {
        let missing = || {
            LayoutError::new("data keys without the KMS key that wraps them")
                .hint("data_key = { kms = \"awskms:///…\", column = \"secret_dek\" }")
        };
        let uri = uri(words.kms.as_deref().ok_or_else(missing)?)?;
        let bound = BoundTo::of(uri.service(), words.aad.as_deref(), words.context.as_ref())?;
        let mut keys = vec![Self { uri, bound }];
        for read in &words.read {
            let key = Self::to_read(read, words)?;
            if keys.contains(&key) {
                let what = "`read` names a KMS key twice, or the one that wraps";
                return Err(LayoutError::new(what)
                    .hint("the same key may stand there with another `aad` or `context`"));
            }
            keys.push(key);
        }
        Ok(keys)
    }

    /// Bound as the key that wraps, as far as its service takes that, unless it says otherwise.
    fn to_read(words: &ReadKeySettings, column: &DataKeySettings) -> Result<Self, LayoutError> {
        let uri = uri(&words.kms)?;
        let takes_aad = matches!(uri.service(), Service::Vault | Service::Gcp);
        let takes_context = uri.service() == Service::Aws;
        let aad = column.aad.as_ref().filter(|_| takes_aad);
        let names = column.context.as_ref().filter(|_| takes_context);
        let aad = words.aad.as_ref().or(aad);
        let bound =
            BoundTo::of(uri.service(), aad.map(String::as_str), words.context.as_ref().or(names))?;
        Ok(Self { uri, bound })
    }

    /// Whether the two bind alike, so that they are either the same or have versions of other names.
    pub(super) fn binds_as(&self, other: &Self) -> bool {
        let context = |key: &Self| match &key.uri {
            KeyUri::Aws(AwsKey { context, .. }) => context.clone(),
            _ => BTreeMap::new(),
        };
        self.bound == other.bound && context(self) == context(other)
    }

    pub(super) fn canonical(&self) -> String {
        format!("{}{}", self.uri, self.bound.canonical())
    }
}

fn uri(text: &str) -> Result<KeyUri, LayoutError> {
    text.parse()
        .map_err(|malformed: MalformedKeyUri| LayoutError::new(malformed.what).hint(malformed.hint))
}
