//! Layouts that have a name: `presets.toml`, which anybody can extend without touching code.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::{Layout, LayoutError, Settings};
use crate::error::did_you_mean;

/// A named layout.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Preset {
    pub name: String,
    /// Who stores values like this.
    pub about: String,
    /// Where that is written, or how it was found.
    pub source: String,
    /// Files of `tests/vectors`, with what it takes to open them.
    #[serde(default)]
    pub vectors: Vec<Vector>,
    #[serde(flatten)]
    pub settings: Settings,
}

/// A real ciphertext of a preset.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Vector {
    pub file: String,
    /// Where the file has the text of the secret: a JSON pointer, `/key` when left out.
    pub secret: Option<String>,
    /// Where the file has the stored value: `/stored` when left out.
    pub stored: Option<String>,
    /// … and pieces of a spread value: `/stored/NAME` when left out.
    #[serde(default)]
    pub pieces: BTreeMap<String, String>,
    #[serde(default)]
    pub table: String,
    #[serde(default)]
    pub column: String,
    /// The label of the key.
    pub kid: Option<String>,
    /// Settings that an application must choose for itself.
    pub settings: Option<Settings>,
}

/// A format that is known and not supported.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unsupported {
    pub name: String,
    pub why: String,
    /// Files of `tests/vectors` that are such values, so that none is overlooked.
    #[serde(default)]
    pub vectors: Vec<String>,
}

/// What can be done with a preset's values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    ReadAndWritten,
    /// Nothing authenticates them: a source to migrate from.
    ReadOnly,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    preset: Vec<Preset>,
    unsupported: Vec<Unsupported>,
}

static FILE: LazyLock<File> = LazyLock::new(|| {
    toml::from_str(include_str!("presets.toml")).expect("presets.toml is read by the tests")
});

impl Preset {
    /// The formats that are known and not supported.
    pub fn unsupported() -> &'static [Unsupported] {
        &FILE.unsupported
    }

    /// The layout.
    ///
    /// # Errors
    /// An application must choose more: a salt, or what a plaintext looks like.
    pub fn layout(&self) -> Result<Layout, LayoutError> {
        Layout::named(&self.name)
    }

    pub fn status(&self) -> Status {
        match self.settings.nonce.is_some() || self.is_unauthenticated() {
            true => Status::ReadOnly,
            false => Status::ReadAndWritten,
        }
    }

    /// As the template says it, with what it has in other columns or in fields; or the name of the code that reads
    /// it.
    pub fn shape(&self) -> String {
        let Settings { layout, code, beside, fields, .. } = &self.settings;
        let whole = layout.as_ref().or(code.as_ref()).cloned();
        let pieces = beside.iter().chain(fields).flatten();
        let pieces = pieces.map(|(name, piece)| format!("{name}: {}", piece.layout));
        let text = whole.into_iter().chain(pieces).collect::<Vec<_>>().join("; ");
        if fields.is_some() { format!("fields {text}") } else { text }
    }

    fn is_unauthenticated(&self) -> bool {
        let cipher = self.settings.cipher.as_deref().and_then(crate::crypto::Cipher::named);
        cipher.is_some_and(|cipher| !cipher.is_authenticated())
    }
}

/// The preset of a library or product that is no preset's name but stands in what one says of itself.
fn of_library(name: &str) -> Option<String> {
    let is_it = |word: &str| word.eq_ignore_ascii_case(name);
    let separates = |c: char| c.is_whitespace() || ",;:()'".contains(c);
    let speaks_of = |preset: &&Preset| preset.about.split(separates).any(is_it);
    let found = (!name.is_empty()).then(|| all().iter().find(speaks_of)).flatten()?;
    Some(format!("the preset `{}` is for {}", found.name, found.about))
}

pub(super) fn all() -> &'static [Preset] {
    &FILE.preset
}

/// The preset of this name.
pub(super) fn find(name: &str) -> Result<&'static Preset, LayoutError> {
    if let Some(preset) = all().iter().find(|preset| preset.name == name) {
        return Ok(preset);
    }
    if let Some(known) = FILE.unsupported.iter().find(|known| known.name == name) {
        return Err(LayoutError::new(format!("the layout `{name}` is not supported"))
            .hint(known.why.clone()));
    }
    let names = || all().iter().map(|preset| preset.name.as_str());
    let some = || {
        let names: Vec<&str> = names().take(10).collect();
        format!(
            "presets: {} and more, or a template such as {}",
            names.join(", "),
            all()[0].shape()
        )
    };
    let hint = of_library(name).or_else(|| did_you_mean(name, names())).unwrap_or_else(some);
    let what = match name {
        "" => "a layout without a name".to_owned(),
        _ => format!("there is no layout named `{name}`"),
    };
    Err(LayoutError::new(what).hint(hint))
}
