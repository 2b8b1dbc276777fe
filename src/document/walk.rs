//! The children of one array or object, as slices of the text.

use std::fmt;

use serde::Deserializer;
use serde::de::{Error, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::NotJson;

/// Where a child stands in its container.
#[derive(Clone, Copy)]
pub enum Step<'d> {
    /// Its key as it stands in the text, with quotes and escapes.
    Key(&'d str),
    Index(usize),
}

/// Calls `take` with every child of the array or object that a text is, in order; anything else has none.
pub fn children<'d>(
    text: &'d str,
    take: impl FnMut(Step<'d>, &'d RawValue) -> Result<(), NotJson>,
) -> Result<(), NotJson> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let read = match text.as_bytes() {
        [b'{', ..] => reader.deserialize_map(Children(take)),
        [b'[', ..] => reader.deserialize_seq(Children(take)),
        _ => Ok(()),
    };
    read.map_err(|_| NotJson)
}

struct Children<F>(F);

impl<'d, F> Visitor<'d> for Children<F>
where
    F: FnMut(Step<'d>, &'d RawValue) -> Result<(), NotJson>,
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array or an object")
    }

    fn visit_map<A: MapAccess<'d>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
            (self.0)(Step::Key(key.get()), value).map_err(too_deep)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'d>>(mut self, mut sequence: A) -> Result<(), A::Error> {
        let mut index = 0;
        while let Some(value) = sequence.next_element::<&RawValue>()? {
            (self.0)(Step::Index(index), value).map_err(too_deep)?;
            index += 1;
        }
        Ok(())
    }
}

fn too_deep<E: Error>(_: NotJson) -> E {
    E::custom("nested too deep")
}
