//! Refuses settings that do not fit each other.

use super::template::{Part, Segment, Template};
use super::{Layout, LayoutError, NonceFrom, Shape};
use crate::crypto::{Cipher, Derivation};

impl Layout {
    pub(super) fn check(&self) -> Result<(), LayoutError> {
        if let Shape::Template(template) = &self.shape {
            self.check_nonce(template)?;
            self.check_tag(template)?;
            self.check_salt(template)?;
            self.check_head(template)?;
            self.check_data_key(template)?;
        }
        self.check_nonce_from()?;
        let cipher = self.cipher;
        if self.aad.is_some() && matches!(self.shape, Shape::Code(_)) {
            return Err(LayoutError::new(format!(
                "values of {} have no additional data",
                self.name
            ))
            .hint("leave `aad` out, or say aad = \"\" for this layout"));
        }
        if self.aad.is_some() && !cipher.takes_aad() {
            return Err(LayoutError::new(format!("{cipher} has no additional data"))
                .hint("leave `aad` out, or say aad = \"\" for this layout"));
        }
        match (&self.plaintext, cipher.is_authenticated()) {
            (Some(_), true) => {
                Err(LayoutError::new(format!("{cipher} authenticates the plaintext"))
                    .hint("leave `plaintext` out: it is for ciphers that authenticate nothing"))
            }
            (None, false) => Err(LayoutError::new(format!(
                "nothing authenticates {cipher}, and a wrong key may go unnoticed"
            ))
            .hint(
                "say what a plaintext looks like: plaintext = \"utf8\", \"json\" or \"^PATTERN$\"",
            )),
            _ => Ok(()),
        }
    }

    fn check_nonce(&self, template: &Template) -> Result<(), LayoutError> {
        let cipher = self.cipher;
        match (template.nonce, self.nonce) {
            (Some(nonce), NonceFrom::Value) if cipher.takes_nonce_of(nonce.bytes()) => Ok(()),
            (Some(nonce), NonceFrom::Value) => {
                let what = format!("{cipher} has no nonce of {} bytes", nonce.bytes());
                let lengths =
                    [12, 16, 24].into_iter().filter(|bytes| cipher.takes_nonce_of(*bytes));
                let names: Vec<String> = lengths.map(|bytes| format!("nonce{bytes}")).collect();
                Err(LayoutError::new(what).hint(format!("it takes {}", names.join(" or "))))
            }
            (Some(_), _) => {
                Err(LayoutError::new("the nonce is in the template").hint("leave `nonce` out"))
            }
            (None, NonceFrom::Value) => Err(LayoutError::new("the template has no nonce").hint(
                "a template has exactly one nonce, one `ct` and one tag: {raw(nonce12 ct tag16)}",
            )),
            (None, _) => Ok(()),
        }
    }

    /// A nonce that is not in the value is not random: such values are only read.
    fn check_nonce_from(&self) -> Result<(), LayoutError> {
        if self.nonce != NonceFrom::Value && self.cipher.is_authenticated() {
            let what = format!("a value of {} holds its nonce", self.cipher);
            return Err(LayoutError::new(what).hint("leave `nonce` out"));
        }
        let derives = !matches!(self.key.derivation, Derivation::None | Derivation::Sha256);
        if self.nonce == NonceFrom::Derived && !derives {
            return Err(LayoutError::new("a nonce that is derived, and no key derivation")
                .hint("key = { derive = \"evp-md5\", salt = \"{salt}\" }, for example"));
        }
        Ok(())
    }

    fn check_tag(&self, template: &Template) -> Result<(), LayoutError> {
        let (cipher, bytes) = (self.cipher, template.tag_bytes);
        if cipher.reads_tag_of(bytes) {
            return Ok(());
        }
        Err(match (bytes, cipher.tag_bytes()) {
            (0, _) => LayoutError::new("the template has no tag").hint(
                "a template has exactly one nonce, one `ct` and one tag: {raw(nonce12 ct tag16)}",
            ),
            (_, 0) => LayoutError::new(format!("{cipher} has no tag")).hint("leave the tag out"),
            (_, whole) => LayoutError::new(format!("{cipher} has no tag of {bytes} bytes"))
                .hint(format!("it takes tag{whole}")),
        })
    }

    fn check_salt(&self, template: &Template) -> Result<(), LayoutError> {
        match (template.salt_bytes > 0, self.key.is_per_value()) {
            (true, false) => {
                Err(LayoutError::new("the template has a salt that no key is derived with")
                    .hint("key = { derive = …, salt = \"{salt}\" }"))
            }
            (false, true) => Err(LayoutError::new(
                "the key is derived with a salt that the template does not have",
            )
            .hint("add salt16, or as many bytes as it has, to the template")),
            _ => Ok(()),
        }
    }

    /// The MAC covers what stands before the nonce, so that must be the layout's own.
    fn check_head(&self, template: &Template) -> Result<(), LayoutError> {
        if self.cipher == Cipher::LaravelCbc {
            return Err(LayoutError::new("laravel-cbc is the cipher of the preset laravel alone"));
        }
        if !self.binds_its_head() {
            return Ok(());
        }
        let groups = template.sequences().flatten().filter_map(|segment| match segment {
            Segment::Group(group) => Some(&group.parts),
            _ => None,
        });
        for parts in groups {
            let Some(nonce) = parts.iter().position(|part| matches!(part, Part::Nonce(_))) else {
                continue;
            };
            let is_head = |part: &Part| matches!(part, Part::Fixed(_) | Part::Time | Part::Tag(_));
            if !parts[..nonce].iter().all(is_head) {
                let what = format!("{} covers what stands before the nonce", self.cipher);
                return Err(LayoutError::new(what)
                    .hint("only fixed bytes, time8 and the tag may stand there in its group"));
            }
        }
        Ok(())
    }

    fn check_data_key(&self, template: &Template) -> Result<(), LayoutError> {
        if template.data_key_bytes == 0 {
            return Ok(());
        }
        let fits = self.cipher.takes_nonce_of(12)
            && template.data_key_bytes == 28 + self.cipher.key_bytes();
        if !fits || template.has_time || template.salt_bytes > 0 {
            let what =
                format!("{} has no data key of {} bytes", self.cipher, template.data_key_bytes);
            return Err(LayoutError::new(what).hint(
                "a sealed data key is nonce12 ct tag16, 60 bytes for 32; no time8 or salt beside it",
            ));
        }
        Ok(())
    }

    /// Refuses a label that could not be told from the text behind it.
    pub fn check_label(&self, label: &str) -> Result<(), LayoutError> {
        let Shape::Template(template) = &self.shape else { return Ok(()) };
        let is_label = |segment: &Segment| *segment == Segment::Label;
        let mut found = template
            .sequences()
            .filter_map(|segments| Some((segments, segments.iter().position(is_label)?)));
        let Some((segments, place)) = found.next() else { return Ok(()) };
        let beside = [place.checked_sub(1), Some(place + 1)].into_iter().flatten();
        for segment in beside.filter_map(|place| segments.get(place)) {
            if let Segment::Literal(literal) = segment
                && label.as_bytes().windows(literal.len()).any(|window| window == literal)
            {
                return Err(LayoutError::new("the key label contains the text beside it")
                    .hint("choose another label"));
            }
        }
        Ok(())
    }
}
