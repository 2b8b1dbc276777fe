//! Refuses templates by which a value could be taken apart in two ways.
//!
//! What stands before the ciphertext is read from the left, by its length. Base64 may be read with or
//! without padding, so what follows it must not look like padding. What stands behind the ciphertext is
//! read from the right, where padding cannot be mistaken. A label of text ends where the text beside it
//! begins.

use super::LayoutError;
use super::template::{Part, Segment, Sequence};

pub(super) fn refuse(sequence: &Sequence) -> Result<(), LayoutError> {
    let Sequence { segments, pivot } = sequence;
    padding(segments, *pivot)?;
    labels(segments)?;
    tagged_label(segments)
}

fn padding(segments: &[Segment], pivot: usize) -> Result<(), LayoutError> {
    for (place, segment) in segments[..pivot].iter().enumerate() {
        let Segment::Group(group) = segment else { continue };
        if group.encoding.padding(group.fixed_bytes()) == 0 {
            continue;
        }
        // A ciphertext alone in its group may be empty; then what stands behind it follows.
        let follows = segments[place + 1..].iter().find(|next| is_raw(next) || !may_be_empty(next));
        let what = match follows {
            Some(Segment::Literal(literal)) if literal.starts_with(b"=") => {
                "text that begins with `=`"
            }
            Some(next) if is_raw(next) => "a raw group",
            _ => continue,
        };
        let what = format!(
            "two ways to split a value: {what} follows base64, which may or may not be padded"
        );
        return Err(LayoutError::new(what).hint("put a separator such as `:` between the two"));
    }
    Ok(())
}

/// A label of text has text on both sides, or an end of the value.
fn labels(segments: &[Segment]) -> Result<(), LayoutError> {
    let Some(place) = segments.iter().position(|segment| *segment == Segment::Label) else {
        return Ok(());
    };
    let is_group = |segment: Option<&Segment>| matches!(segment, Some(Segment::Group(_)));
    let before = place.checked_sub(1).and_then(|before| segments.get(before));
    if is_group(before) || is_group(segments.get(place + 1)) {
        let what = "two ways to split a value: a group stands right beside {kid}";
        return Err(LayoutError::new(what).hint("put a separator such as `:` between the two"));
    }
    Ok(())
}

/// What has its length before it comes before the ciphertext whose length it leaves.
fn tagged_label(segments: &[Segment]) -> Result<(), LayoutError> {
    for segment in segments {
        let Segment::Group(group) = segment else { continue };
        let place = |wanted: &Part| group.parts.iter().position(|part| part == wanted);
        for (part, name) in [(Part::TaggedLabel, "tlvkid"), (Part::WrappedKey, "wrapped_u32")] {
            let Some(head) = place(&part) else { continue };
            if place(&Part::Ciphertext).is_none_or(|ciphertext| ciphertext < head) {
                let what = format!(
                    "two ways to split a value: {name} without the ct behind it in its group"
                );
                let hint = format!("for example {{raw({name} nonce12 ct tag16)}}");
                return Err(LayoutError::new(what).hint(hint));
            }
        }
    }
    Ok(())
}

fn is_raw(segment: &Segment) -> bool {
    matches!(segment, Segment::Group(group) if !group.encoding.is_text())
}

fn may_be_empty(segment: &Segment) -> bool {
    matches!(segment, Segment::Group(group) if group.parts == [Part::Ciphertext])
}
