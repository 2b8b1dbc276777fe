//! The label of a key, as a layout stores it.

use super::LayoutError;

/// Bytes of the longest label.
const LABEL_BYTES_MAX: usize = 100;

/// How a layout stores the label of the key that sealed a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelForm {
    /// As it is.
    Text,
    /// As a number of so many bytes, in big endian.
    Bytes(usize),
    /// After a byte 1 and its length: one byte below 128, else 0x80 and the number of bytes that follow.
    Tagged,
    /// In the header of a JWE.
    Header,
}

impl LabelForm {
    /// The label as it stands in a value.
    pub fn bytes_of(self, label: &str) -> Result<Vec<u8>, LayoutError> {
        if !is_label(label) {
            return Err(LayoutError::new("a key label has 1 to 100 visible ASCII characters"));
        }
        let Self::Bytes(bytes) = self else { return Ok(label.as_bytes().to_vec()) };
        let number = match label.strip_prefix("0x") {
            Some(digits) => u64::from_str_radix(digits, 16).ok(),
            None => label.parse().ok(),
        };
        let number = number.filter(|number| bytes == 8 || number >> (8 * bytes) == 0);
        let number = number.ok_or_else(|| {
            LayoutError::new(format!("the layout stores a key label as a number of {bytes} bytes"))
                .hint("write the number in decimal, or as 0x…")
        })?;
        Ok(number.to_be_bytes()[8 - bytes..].to_vec())
    }
}

impl LabelForm {
    /// The label that stands in a value, as [`LabelForm::bytes_of`] would take it.
    pub fn text_of(self, stored: &[u8]) -> Option<String> {
        let text = match self {
            Self::Bytes(bytes) if bytes == stored.len() && bytes <= 8 => {
                stored.iter().fold(0_u64, |sum, byte| sum << 8 | u64::from(*byte)).to_string()
            }
            Self::Bytes(_) => return None,
            Self::Text | Self::Tagged | Self::Header => String::from_utf8(stored.to_vec()).ok()?,
        };
        is_label(&text).then_some(text)
    }
}

/// Whether text can be the label of a key.
pub fn is_label(text: &str) -> bool {
    (1..=LABEL_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Appends a label with its tag and length.
pub(super) fn append_tagged(label: &[u8], out: &mut Vec<u8>) {
    out.push(1);
    match u8::try_from(label.len()) {
        Ok(length @ 0..128) => out.push(length),
        _ => {
            let length = (label.len() as u64).to_be_bytes();
            let zeros = length.iter().take_while(|byte| **byte == 0).count();
            let length = &length[zeros..];
            out.push(0x80 + length.len() as u8);
            out.extend_from_slice(length);
        }
    }
    out.extend_from_slice(label);
}

/// Where the label lies in bytes that begin with one, and where it ends.
pub(super) fn tagged(bytes: &[u8]) -> Option<std::ops::Range<usize>> {
    let [1, first, rest @ ..] = bytes else { return None };
    let (start, length) = match first {
        0..128 => (2, usize::from(*first)),
        _ => {
            let width = usize::from(first - 0x80);
            let length = rest.get(..width).filter(|length| (1..=4).contains(&length.len()))?;
            (2 + width, length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)))
        }
    };
    let end = start.checked_add(length).filter(|end| *end <= bytes.len() && length > 0)?;
    Some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_bytes() {
        let four = LabelForm::Bytes(4);
        assert_eq!(four.bytes_of("1945285348").unwrap(), [0x73, 0xf2, 0xb2, 0xe4]);
        assert_eq!(four.bytes_of("0x73f2b2e4").unwrap(), [0x73, 0xf2, 0xb2, 0xe4]);
        assert!(four.bytes_of("4294967296").is_err() && four.bytes_of("k1").is_err());
        assert_eq!(LabelForm::Bytes(8).bytes_of("1").unwrap(), [0, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(LabelForm::Text.bytes_of("4").unwrap(), b"4");
        assert!(LabelForm::Text.bytes_of("a b").is_err() && LabelForm::Text.bytes_of("").is_err());
    }

    #[test]
    fn lengths_of_one_and_of_more_bytes() {
        for length in [1, 10, 127, 128, 300, 70_000] {
            let label = vec![b'k'; length];
            let mut stored = Vec::new();
            append_tagged(&label, &mut stored);
            stored.extend_from_slice(b"rest");
            let place = tagged(&stored).unwrap();
            assert_eq!((&stored[place.clone()], stored.len() - place.end), (&label[..], 4));
        }
        for torn in [
            &b""[..],
            b"\x01",
            b"\x01\x00x",
            b"\x02\x01x",
            b"\x01\x05abc",
            b"\x01\x80x",
            b"\x01\x85xxxxxx",
        ] {
            assert_eq!(tagged(torn), None, "{torn:?}");
        }
    }
}
