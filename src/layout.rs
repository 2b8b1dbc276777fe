//! How the parts of a value lie in what is stored: bytes in, parts out.
//!
//! One template string describes a layout (its language: [`Layout::parse`]), a few settings beside it say
//! what it takes to open it: cipher, derivation of the key, additional data. A [`Preset`] is the same words
//! under a name. Values are read leniently and written exactly. Nothing here knows a key, a database or
//! async.

mod aad;
mod build;
mod bytes;
mod check;
mod coded;
mod column;
mod data_key;
mod decode;
mod encode;
mod encoding;
mod ends;
mod error;
mod key_form;
mod label;
mod plausible;
mod preset;
mod scan;
mod service;
mod settings;
mod splits;
mod spread;
mod template;
mod value;

use crate::crypto::{Cipher, NonceLength};
use coded::Code;
use template::{Part, Segment, Template};

pub use crate::crypto::Parts;
pub use aad::{AadMissing, AadTemplate, RowTexts};
pub use bytes::ByteTemplate;
pub use column::{ColumnLayout, Empty, Nothing, Null, Unmatched};
pub use data_key::{
    BoundTo, DataKeyForm, DataKeySettings, DataKeyText, ReadKeySettings, Rotate, WrappingKey,
};
pub use decode::{DecodeBuffer, Malformed, Stored};
pub use encode::Sealed;
pub use error::LayoutError;
pub use key_form::{KeyForm, SaltFrom};
pub use label::{LabelForm, is_label};
pub use plausible::PlaintextRule;
pub use preset::{Preset, Status, Unsupported, Vector};
pub use service::ServiceForm;
pub use settings::{KeySettings, PieceSettings, Settings};
pub use template::{Over, Piece};

/// One way of storing a value, and what it takes to open one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    name: String,
    shape: Shape,
    cipher: Cipher,
    key: KeyForm,
    label: LabelFrom,
    nonce: NonceFrom,
    aad: Option<AadTemplate>,
    plaintext: Option<PlaintextRule>,
    data_key: Option<DataKeyForm>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shape {
    Template(Template),
    Code(Code),
    /// A key service seals.
    Service(ServiceForm),
}

/// Where the nonce of a value comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum NonceFrom {
    /// It is stored with the value.
    Value,
    /// Sixteen zero bytes.
    Zero,
    /// The first 16 bytes of the key.
    Key,
    /// It is derived with the key, behind it.
    Derived,
}

/// Where the label of a key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LabelFrom {
    /// It is given with the key.
    Given,
    /// The first four hexadecimal digits of the SHA-1 of the key, as Rails has it.
    KeySha1,
    /// The first eight hexadecimal digits of the SHA-256 of the key's text, as 47ng's cloak has it.
    KeyText,
}

impl Layout {
    /// Reads a template; what is not in it is as the default has it, AES-256-GCM.
    ///
    /// ```text
    /// {raw(nonce12 ct tag16)}                    the parts one after the other
    /// {hex(nonce16)}:{hex(tag16)}:{hex(ct)}      groups with text between them
    /// enc:v1:{b64(nonce12 ct tag16)}             {{ and }} stand for braces in the text
    /// vault:v{kid}:{b64(nonce12 ct tag16)}       the label of the key
    /// {raw(x01ff nonce12 ct tag16)}              fixed bytes, in hexadecimal
    /// ```
    ///
    /// Encodings: `raw hex b64 b64url b64raw b64urlraw` (RFC 4648; the last two without padding) and
    /// `b64mime76` (a line feed after every 76 characters). Parts: `nonce12 nonce16 nonce24`, `ct`,
    /// `tag12…tag16 tag32`, `salt8…salt64` for a key of the value's own, `kid1…kid8` and `tlvkid` for the
    /// label of the key, `time8` for seconds since 1970, `dek44…dek256` for a sealed data key
    /// (nonce12 ct tag16), and `xHEX`. Each stands there once at most.
    pub fn parse(template: &str) -> Result<Self, LayoutError> {
        Self::of(Settings { layout: Some(template.to_owned()), ..Settings::default() })
    }

    /// A preset by its name, or a template (it has braces, a name has none).
    pub fn named(name_or_template: &str) -> Result<Self, LayoutError> {
        Self::parse(name_or_template)
    }

    /// Whether the two differ in their names at most.
    pub fn is_same_as(&self, other: &Layout) -> bool {
        Self { name: String::new(), ..self.clone() }
            == Self { name: String::new(), ..other.clone() }
    }

    /// The presets, commonest first.
    pub fn presets() -> impl Iterator<Item = &'static Preset> {
        preset::all().iter()
    }

    /// The template; of a layout that has none its name.
    pub fn template(&self) -> &str {
        match &self.shape {
            Shape::Template(template) => &template.text,
            Shape::Code(_) | Shape::Service(_) => &self.name,
        }
    }

    /// As it was written: the name of a preset, or a template.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people know it by: the preset that was named, else the template.
    pub fn shown(&self) -> &str {
        if self.template_of_preset().is_some() { &self.name } else { self.template() }
    }

    /// The template of a layout that is known by the name of its preset.
    pub fn template_of_preset(&self) -> Option<&str> {
        let is_named = !self.name.is_empty() && !self.name.contains(['{', '}']);
        (is_named && self.name != self.template()).then(|| self.template())
    }

    pub fn cipher(&self) -> Cipher {
        self.cipher
    }

    pub fn key_form(&self) -> &KeyForm {
        &self.key
    }

    pub fn aad(&self) -> Option<&AadTemplate> {
        self.aad.as_ref()
    }

    pub fn nonce_from(&self) -> NonceFrom {
        self.nonce
    }

    pub fn label_from(&self) -> LabelFrom {
        self.label
    }

    /// What a plaintext must look like, where nothing authenticates it.
    pub fn plaintext_rule(&self) -> Option<&PlaintextRule> {
        self.plaintext.as_ref()
    }

    /// Bytes of the salt that every value holds; 0 when it holds none.
    pub fn salt_bytes(&self) -> usize {
        self.as_template().map_or(0, |template| template.salt_bytes)
    }

    /// How the label of a key is stored; `None` when it is not, or need not be.
    pub fn label_form(&self) -> Option<LabelForm> {
        match &self.shape {
            Shape::Template(template) => template.label,
            Shape::Code(code) => code.label_form(),
            Shape::Service(_) => None,
        }
    }

    /// Whether no value can be written without the label of the key.
    pub fn needs_label(&self) -> bool {
        let in_aad = self.aad.as_ref().is_some_and(AadTemplate::needs_label);
        let is_given = self.label == LabelFrom::Given;
        in_aad || is_given && self.as_template().is_some_and(|template| template.label.is_some())
    }

    /// The byte before a label of four bytes at the very beginning of a value, as Tink has it.
    pub fn byte_before_label(&self) -> Option<u8> {
        let main = self.as_template()?.sequences().next()?;
        let Segment::Group(group) = main.first()? else { return None };
        match group.parts.as_slice() {
            [Part::Fixed(fixed), Part::Label(4), ..] if fixed.len() == 1 => fixed.first().copied(),
            _ => None,
        }
    }

    /// Whether the library has a mode in which the nonce is made from the plaintext, so that values can be found
    /// by their ciphertext: its first bytes are those of HMAC-SHA256 under the key itself.
    pub fn may_be_deterministic(&self) -> bool {
        self.shape == Shape::Code(Code::Rails)
    }

    /// Whether a value holds a data key of its own, which alone the key of the ring has sealed.
    pub fn has_data_key(&self) -> bool {
        match &self.shape {
            Shape::Template(template) => template.data_key_bytes > 0,
            Shape::Code(_) | Shape::Service(_) => false,
        }
    }

    /// Every byte it writes into the column of the value is ASCII other than NUL, so that it fits a text column.
    pub fn is_text(&self) -> bool {
        if let Shape::Service(form) = &self.shape {
            return form.is_text();
        }
        self.as_template().is_none_or(|template| template.pieces[0].is_text())
    }

    /// Refuses a layout that is only read: one that nothing authenticates, or whose tag is cut short.
    pub fn writable(&self) -> Result<(), LayoutError> {
        if !self.cipher.is_authenticated() {
            let what = format!("nothing authenticates {}: such values are only read", self.cipher);
            return Err(LayoutError::new(what)
                .hint("name this layout under `read`, and one that authenticates under `write`"));
        }
        let (bytes, whole) = (self.tag_bytes(), self.cipher.tag_bytes());
        if bytes != whole {
            let what = format!("tag{bytes} is only read, values are written with tag{whole}");
            let hint =
                format!("name this template under `read`, and one with tag{whole} under `write`");
            return Err(LayoutError::new(what).hint(hint));
        }
        Ok(())
    }

    /// Bytes of the nonce that seals: the value's, or its data key's.
    pub fn nonce_length(&self) -> NonceLength {
        match &self.shape {
            Shape::Template(template) if template.data_key_bytes == 0 => {
                template.nonce.unwrap_or(NonceLength::Sixteen)
            }
            Shape::Code(code) => code.nonce_length(self.cipher),
            Shape::Template(_) | Shape::Service(_) => NonceLength::Twelve,
        }
    }

    fn tag_bytes(&self) -> usize {
        self.as_template().map_or(self.cipher.tag_bytes(), |template| template.tag_bytes)
    }

    fn as_template(&self) -> Option<&Template> {
        match &self.shape {
            Shape::Template(template) => Some(template),
            Shape::Code(_) | Shape::Service(_) => None,
        }
    }
}

#[cfg(test)]
mod tests;
