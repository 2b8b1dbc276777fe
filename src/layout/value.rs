//! Values taken apart and put together, whatever the shape of the layout.

use super::{DecodeBuffer, Layout, Malformed, Sealed, Shape, Stored, decode, encode};
use crate::crypto::Cipher;
use crate::layout::template::TIME_BYTES;

impl Layout {
    /// Takes a stored value apart, leniently: base64 padding may be present or absent, encoded text
    /// may hold line feeds, hexadecimal may have either case. No allocation for a template once `buffer`
    /// is warm.
    pub fn decode<'b>(
        &self,
        stored: &[u8],
        buffer: &'b mut DecodeBuffer,
    ) -> Result<Stored<'b>, Malformed> {
        match &self.shape {
            Shape::Template(template) => {
                let mut stored = decode::decode(template, stored, buffer)?;
                if !self.binds_its_head() {
                    stored.bound = &[];
                }
                Ok(stored)
            }
            Shape::Code(code) => code.decode(self.cipher, stored, buffer),
            Shape::Service(form) => form.decode(stored, buffer),
        }
    }

    /// Appends the value to `stored`, exactly as the layout says. The nonce should be of
    /// [`Layout::nonce_length`] and the layout [writable](Layout::writable).
    pub fn encode(&self, sealed: &Sealed<'_>, stored: &mut Vec<u8>) {
        match &self.shape {
            Shape::Template(template) => encode::encode(template, sealed, stored),
            Shape::Code(code) => code.encode(sealed, stored),
            Shape::Service(form) => form.encode(sealed.ciphertext, sealed.label, stored),
        }
    }

    /// Leaves in `frame` what a value is written with besides what is sealed: as `old` had it when the value
    /// was in this layout before, with the label of the new key.
    pub fn frame(
        &self,
        old: Option<&[u8]>,
        label: &[u8],
        seconds: impl FnOnce() -> u64,
        frame: &mut Vec<u8>,
    ) {
        frame.clear();
        match &self.shape {
            Shape::Template(template) if template.has_time || template.data_key_bytes > 0 => {
                match old {
                    Some(old) => frame.extend_from_slice(old),
                    None => frame.extend_from_slice(&seconds().to_be_bytes()[..TIME_BYTES]),
                }
            }
            Shape::Template(_) | Shape::Service(_) => {}
            Shape::Code(code) => code.frame(self.cipher, old, label, frame),
        }
    }

    /// Leaves in `bound` what the layout itself binds a value with this frame to.
    pub fn bind(&self, frame: &[u8], bound: &mut Vec<u8>) {
        bound.clear();
        match &self.shape {
            Shape::Template(template) if self.binds_its_head() => {
                encode::bind(template, frame, bound);
            }
            Shape::Template(_) | Shape::Service(_) => {}
            Shape::Code(code) => code.bind(frame, bound),
        }
    }

    /// Whether the MAC covers what stands before the nonce.
    pub(super) fn binds_its_head(&self) -> bool {
        matches!(self.cipher, Cipher::Aes128CbcHmac | Cipher::Aes256CbcHmac)
    }
}
