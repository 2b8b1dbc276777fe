//! Where a wrapped data key lies, and the note of its version: columns of the row, or fields of the object.

use super::DataKeySettings;
use crate::kms::{KeyUri, Service};
use crate::layout::LayoutError;
use crate::layout::encoding::{Encoding, NAMES};
use crate::layout::settings::known;
use crate::layout::template::{Given, Over, WrappedEncoding};

/// What a data key adds to a value, by the column or field that has it.
type Pieces = Vec<(String, Given)>;

impl DataKeySettings {
    /// Whether the version of the KMS key is noted somewhere.
    pub(super) fn has_marker(&self) -> bool {
        self.version_column.is_some() || self.version_field.is_some()
    }

    /// What holds the wrapped key and the version, where they do not lie in front of the value.
    pub(in crate::layout) fn pieces(&self) -> Result<(Over, Pieces), LayoutError> {
        let in_columns = self.column.is_some() || self.version_column.is_some();
        let in_fields = self.field.is_some() || self.version_field.is_some();
        let over = match (in_columns, in_fields) {
            (false, false) => Over::Cell,
            (true, false) => Over::Columns,
            (false, true) => Over::Fields,
            (true, true) => {
                return Err(LayoutError::new("a data key in a column, and in a field of an object")
                    .hint("beside `fields` say `field` and `version_field`, else `column` and `version_column`"));
            }
        };
        let key = self.column.as_ref().or(self.field.as_ref());
        if key.is_none() && self.encoding.is_some() {
            return Err(LayoutError::new(
                "an encoding of a data key that lies in front of its value",
            )
            .hint("its encoding is that of its group in the layout: leave `encoding` out"));
        }
        let mut pieces = Vec::new();
        if let Some(name) = key {
            pieces.push((name.clone(), Given::WrappedKey(self.wrapped_encoding(over)?)));
        }
        if let Some(name) = self.version_column.as_ref().or(self.version_field.as_ref()) {
            pieces.push((name.clone(), Given::KeyVersion));
        }
        Ok((over, pieces))
    }

    /// How a wrapped key is stored: Vault's is text as it is, others' are bytes, and as base64 in an object.
    fn wrapped_encoding(&self, over: Over) -> Result<WrappedEncoding, LayoutError> {
        let key: Option<KeyUri> = self.kms.as_deref().and_then(|kms| kms.parse().ok());
        let is_text = key.is_some_and(|key| key.service() == Service::Vault);
        let encoding = match self.encoding.as_deref() {
            Some(name) => known("encoding", name, NAMES)?,
            None if over == Over::Fields && !is_text => Encoding::Base64,
            None => Encoding::Raw,
        };
        Ok(WrappedEncoding { encoding, is_text: is_text && encoding == Encoding::Raw })
    }
}
