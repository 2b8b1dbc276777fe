//! How nonce, ciphertext, tag and text encoding lie in a stored value: bytes in, parts out.
//!
//! One template string describes a layout (its language: [`Layout::parse`]). Values are read
//! leniently and written exactly. Nothing here knows a key, a database or async.

mod aad;
mod decode;
mod encoding;
mod error;
mod preset;
mod scan;
mod template;

use crate::crypto::{Nonce, NonceLength, Tag};
use template::{Part, Segment};

pub use crate::crypto::Parts;
pub use aad::{AadMissing, AadTemplate};
pub use decode::{DecodeBuffer, Malformed};
pub use error::LayoutError;
pub use preset::Preset;

/// One way of storing a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    template: String,
    segments: Vec<Segment>,
    /// Which segment holds the ciphertext, the only part whose length varies.
    pivot: usize,
    nonce: NonceLength,
    tag_bytes: usize,
}

impl Layout {
    /// Reads a template.
    ///
    /// ```text
    /// {raw(nonce12 ct tag16)}                    the parts one after the other
    /// {hex(nonce16)}:{hex(tag16)}:{hex(ct)}      groups with text between them
    /// enc:v1:{b64(nonce12 ct tag16)}             {{ and }} stand for braces in the text
    /// {raw(x01ff nonce12 ct tag16)}              fixed bytes, in hexadecimal
    /// ```
    ///
    /// Encodings: `raw hex b64 b64url b64raw b64urlraw` (RFC 4648; the last two without padding).
    /// Parts: `nonce12 nonce16 ct tag12…tag16 xHEX`; exactly one nonce, one `ct` and one tag.
    pub fn parse(template: &str) -> Result<Self, LayoutError> {
        template::parse(template)
    }

    /// A preset by its name, or a template (it has braces, a name has none).
    pub fn named(name_or_template: &str) -> Result<Self, LayoutError> {
        if name_or_template.contains(['{', '}']) {
            return Self::parse(name_or_template);
        }
        Self::parse(preset::find(name_or_template)?.template)
    }

    /// The templates that have a name.
    pub fn presets() -> impl Iterator<Item = &'static Preset> {
        preset::PRESETS.iter()
    }

    /// As it was written.
    pub fn template(&self) -> &str {
        &self.template
    }

    /// Every byte it writes is ASCII other than NUL, so that its values fit a text column.
    pub fn is_text(&self) -> bool {
        self.segments.iter().all(|segment| match segment {
            Segment::Literal(bytes) => bytes.iter().all(|byte| matches!(byte, 1..=127)),
            Segment::Group(group) => group.encoding.is_text(),
        })
    }

    /// Refuses a layout that is only read: a new tag is never cut short.
    pub fn writable(&self) -> Result<(), LayoutError> {
        if self.tag_bytes == 16 {
            return Ok(());
        }
        let what = format!("tag{} is only read, values are written with tag16", self.tag_bytes);
        Err(LayoutError::new(what)
            .hint("name this template under `read`, and one with tag16 under `write`"))
    }

    pub fn nonce_length(&self) -> NonceLength {
        self.nonce
    }

    /// Bytes of a stored value whose ciphertext has so many bytes.
    pub fn stored_bytes(&self, ciphertext_bytes: usize) -> usize {
        let bytes = |segment: &Segment| match segment {
            Segment::Literal(literal) => literal.len(),
            Segment::Group(group) => {
                let variable = if group.has_ciphertext() { ciphertext_bytes } else { 0 };
                group.encoding.written_bytes(group.fixed_bytes() + variable)
            }
        };
        self.segments.iter().map(bytes).sum()
    }

    /// Takes a stored value apart, leniently: base64 padding may be present or absent, encoded text
    /// may hold line feeds, hexadecimal may have either case. No allocation once `buffer` is warm.
    pub fn decode<'b>(
        &self,
        stored: &[u8],
        buffer: &'b mut DecodeBuffer,
    ) -> Result<Parts<'b>, Malformed> {
        decode::decode(self, stored, buffer)
    }

    /// Appends the value to `stored`, exactly as the template says. The nonce should be of
    /// [`Layout::nonce_length`] and the layout [writable](Layout::writable).
    pub fn encode(&self, nonce: &Nonce, ciphertext: &[u8], tag: &Tag, stored: &mut Vec<u8>) {
        stored.reserve_exact(self.stored_bytes(ciphertext.len()));
        for segment in &self.segments {
            match segment {
                Segment::Literal(literal) => stored.extend_from_slice(literal),
                Segment::Group(group) => {
                    let parts = group.parts.iter().map(|part| match part {
                        Part::Nonce(_) => nonce.as_bytes(),
                        Part::Ciphertext => ciphertext,
                        Part::Tag(bytes) => &tag[..*bytes],
                        Part::Fixed(fixed) => fixed,
                    });
                    group.encoding.append(parts, stored);
                }
            }
        }
    }
}

/// How one column is stored: one layout to write, others to read besides, and the AAD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnLayout {
    /// Must be [`Layout::writable`].
    pub write: Layout,
    /// Other layouts that old values may have.
    pub read: Vec<Layout>,
    pub aad: Option<AadTemplate>,
}

#[cfg(test)]
mod tests;
