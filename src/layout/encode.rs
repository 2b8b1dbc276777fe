//! Puts a stored value together, exactly as its template says.

use super::label;
use super::template::{Group, Over, Part, Piece, Role, Segment, TIME_BYTES, Template};
use crate::cell;

/// A sealed value, to be put together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sealed<'a> {
    /// Of what the key of the ring has sealed: the value, or its data key.
    pub nonce: &'a [u8],
    pub ciphertext: &'a [u8],
    pub tag: &'a [u8],
    /// Of the value's own key.
    pub salt: &'a [u8],
    /// The label of the key, as it is stored.
    pub label: &'a [u8],
    /// What the layout keeps of the value, see [`Stored::frame`](super::Stored::frame).
    pub frame: &'a [u8],
    /// The data key as a KMS key has wrapped it.
    pub wrapped_key: &'a [u8],
    /// The version of that KMS key, where it is known.
    pub key_version: Option<&'a [u8]>,
}

impl<'a> Sealed<'a> {
    /// What the parts of a template stand for. Where a data key was sealed, the value comes from the
    /// frame as it was.
    fn whole(&self, template: &Template) -> Whole<'a> {
        let Sealed { nonce, ciphertext, tag, salt, label, frame, wrapped_key, .. } = *self;
        if template.data_key_bytes == 0 {
            let data_key = [nonce, ciphertext, tag];
            let time = frame;
            return Whole { nonce, ciphertext, tag, salt, label, time, data_key, wrapped_key };
        }
        let nonce_bytes = template.nonce.map_or(0, |nonce| nonce.bytes());
        let (value_nonce, rest) = frame.split_at(nonce_bytes.min(frame.len()));
        let (value, value_tag) = rest.split_at(rest.len().saturating_sub(template.tag_bytes));
        Whole {
            nonce: value_nonce,
            ciphertext: value,
            tag: value_tag,
            salt,
            label,
            time: &[],
            data_key: [nonce, ciphertext, tag],
            wrapped_key,
        }
    }
}

struct Whole<'a> {
    nonce: &'a [u8],
    ciphertext: &'a [u8],
    tag: &'a [u8],
    salt: &'a [u8],
    label: &'a [u8],
    time: &'a [u8],
    data_key: [&'a [u8]; 3],
    wrapped_key: &'a [u8],
}

pub(super) fn encode(template: &Template, sealed: &Sealed<'_>, out: &mut Vec<u8>) {
    let whole = sealed.whole(template);
    if template.over == Over::Cell {
        let segments = template.pieces[0].segments();
        out.reserve_exact(written_bytes(segments, &whole));
        append_segments(segments, &whole, out);
        return;
    }
    for Piece { role, .. } in &template.pieces {
        match role {
            Role::Template(sequence) => {
                cell::append_with(out, |out| append_segments(&sequence.segments, &whole, out));
            }
            Role::Absent => cell::append(None, out),
            Role::WrappedKey(wrapped) => cell::append_with(out, |out| {
                wrapped.encoding.append([sealed.wrapped_key].into_iter(), out);
            }),
            Role::KeyVersion => cell::append(sealed.key_version, out),
        }
    }
}

fn append_segments(segments: &[Segment], whole: &Whole<'_>, out: &mut Vec<u8>) {
    for segment in segments {
        match segment {
            Segment::Literal(literal) => out.extend_from_slice(literal),
            Segment::Label => out.extend_from_slice(whole.label),
            Segment::Group(group) => append_group(group, whole, out),
        }
    }
}

fn append_group(group: &Group, whole: &Whole<'_>, out: &mut Vec<u8>) {
    // Rare, and so put together apart.
    let mut tagged = Vec::new();
    if group.parts.contains(&Part::TaggedLabel) {
        label::append_tagged(whole.label, &mut tagged);
    }
    let [key_nonce, key, key_tag] = whole.data_key;
    // no KMS makes a longer one
    let wrapped_bytes = u32::try_from(whole.wrapped_key.len()).unwrap_or(u32::MAX).to_be_bytes();
    let parts = group.parts.iter().flat_map(|part| {
        let one = |bytes| [bytes, &[][..], &[][..]];
        match part {
            Part::Nonce(_) => one(whole.nonce),
            Part::Ciphertext => one(whole.ciphertext),
            Part::Tag(bytes) => one(&whole.tag[..*bytes]),
            Part::Fixed(fixed) => one(fixed),
            Part::Salt(_) => one(whole.salt),
            Part::Label(_) => one(whole.label),
            Part::TaggedLabel => one(&tagged),
            Part::Time => one(whole.time),
            Part::DataKey(_) => [key_nonce, key, key_tag],
            Part::WrappedKey => [&wrapped_bytes[..], whole.wrapped_key, &[]],
        }
    });
    group.encoding.append(parts, out);
}

/// Bytes that the value will have.
fn written_bytes(segments: &[Segment], whole: &Whole<'_>) -> usize {
    let bytes = |segment: &Segment| match segment {
        Segment::Literal(literal) => literal.len(),
        Segment::Label => whole.label.len(),
        Segment::Group(group) => {
            let ciphertext = if group.has_ciphertext() { whole.ciphertext.len() } else { 0 };
            let label = match group.parts.contains(&Part::TaggedLabel) {
                true => tagged_bytes(whole.label.len()),
                false => 0,
            };
            let wrapped_key = match group.parts.contains(&Part::WrappedKey) {
                true => 4 + whole.wrapped_key.len(),
                false => 0,
            };
            group.encoding.written_bytes(group.fixed_bytes() + ciphertext + label + wrapped_key)
        }
    };
    segments.iter().map(bytes).sum()
}

fn tagged_bytes(label: usize) -> usize {
    let length =
        if label < 128 { 0 } else { size_of::<usize>() - label.leading_zeros() as usize / 8 };
    2 + length + label
}

/// What a value is bound to by what stands before its nonce: fixed bytes and its time.
pub(super) fn bind(template: &Template, frame: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let groups = template.sequences().flatten().filter_map(|segment| match segment {
        Segment::Group(group) => Some(group),
        _ => None,
    });
    let is_nonce = |part: &Part| matches!(part, Part::Nonce(_));
    let Some(group) = groups.into_iter().find(|group| group.parts.iter().any(is_nonce)) else {
        return;
    };
    for part in group.parts.iter().take_while(|part| !is_nonce(part)) {
        match part {
            Part::Fixed(fixed) => out.extend_from_slice(fixed),
            Part::Time => out.extend_from_slice(frame.get(..TIME_BYTES).unwrap_or_default()),
            Part::Tag(_) => out.clear(),
            _ => {}
        }
    }
}
