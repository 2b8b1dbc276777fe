//! Which values of a document are meant: several paths, followed at once.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::pattern::{self, PathError, Segment, Selector};
use super::walk::{Step, children};
use super::{Content, DEPTH_MAX, NotJson, content};

/// Places of a [`Selection`]'s program: one bit each.
const PLACES_MAX: usize = 128;

/// What paths lead to. Their language is a part of RFC 9535:
///
/// ```text
/// $                  the document itself
/// .name .*           a child of that name, every child
/// ['odd name'] ["…"] a name with anything in it
/// [0] [*]            an element of an array, every one
/// ..name ..* ..[0]   the same, at any depth
/// .** (at the end)   whatever string below (or here) is a ciphertext; not of the RFC
/// ```
///
/// Left out: slices, filters, functions, several selectors in one pair of brackets, indexes from the end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    paths: Vec<String>,
    program: Vec<Place>,
    start: Places,
    of_objects: bool,
}

/// Where a path may stand while it is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// This segment is next.
    Before(Segment),
    /// The path has led to a value, that its last segment named.
    Named,
    /// … that is one of several.
    OneOfMany,
    /// Every string from here on.
    Below,
}

/// A set of places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Places(u128);

impl Places {
    fn add(&mut self, place: usize) {
        self.0 |= 1 << place;
    }

    fn is_empty(self) -> bool {
        self.0 == 0
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = (left != 0).then(|| left.trailing_zeros() as usize)?;
            left &= left - 1;
            Some(place)
        })
    }
}

/// How a value was met, the strictest way last.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Met {
    Below,
    OneOfMany,
    Named,
}

impl Selection {
    /// Reads paths.
    ///
    /// # Errors
    /// One of them is none, or they are too many.
    pub fn parse<P: AsRef<str>>(paths: &[P]) -> Result<Self, PathError> {
        let mut selection =
            Self { paths: Vec::new(), program: Vec::new(), start: Places(0), of_objects: false };
        for path in paths {
            let pattern = pattern::parse(path.as_ref())?;
            let ending = match pattern.segments.last() {
                _ if pattern.goes_below => Place::Below,
                Some(Segment { selector: Selector::Any, .. }) => Place::OneOfMany,
                _ => Place::Named,
            };
            let start = selection.program.len();
            selection.program.extend(pattern.segments.into_iter().map(Place::Before));
            selection.program.push(ending);
            if selection.program.len() > PLACES_MAX {
                let hint = "a `*` or `..name` may stand for several, `$.**` for all";
                return Err(PathError::new("there are too many paths").hint(hint));
            }
            selection.start.add(start);
            selection.paths.push(path.as_ref().to_owned());
        }
        Ok(selection)
    }

    /// Every string of a document, and none that a path names.
    pub fn every_string() -> Self {
        let mut start = Places(0);
        start.add(0);
        let (paths, program) = (vec!["$.**".to_owned()], vec![Place::Below]);
        Self { paths, program, start, of_objects: false }
    }

    /// The same paths, where they lead to objects: `*` and `**` then mean objects and not strings.
    #[must_use]
    pub fn of_objects(self) -> Self {
        Self { of_objects: true, ..self }
    }

    /// One of the paths alone.
    ///
    /// # Errors
    /// None, of a path that was read before.
    pub fn only(&self, path: &str) -> Result<Self, PathError> {
        Ok(Self { of_objects: self.of_objects, ..Self::parse(&[path])? })
    }

    /// The paths as they were written.
    pub fn paths(&self) -> &[String] {
        &self.paths
    }

    /// Whether one of them names what it leads to, and does not end in `**`.
    pub fn names_any(&self) -> bool {
        self.program.iter().any(|place| matches!(place, Place::Named | Place::OneOfMany))
    }

    /// Whether one of them ends in `**`.
    pub fn goes_below(&self) -> bool {
        self.program.contains(&Place::Below)
    }

    /// Calls `found` with every value the paths lead to, and whether one of them names it.
    pub(super) fn walk<'d>(
        &self,
        root: &'d RawValue,
        found: &mut impl FnMut(&'d RawValue, bool),
    ) -> Result<(), NotJson> {
        self.visit(root, self.start, 0, found)
    }

    /// Recursive, as deep as [`DEPTH_MAX`].
    fn visit<'d>(
        &self,
        value: &'d RawValue,
        places: Places,
        depth: usize,
        found: &mut impl FnMut(&'d RawValue, bool),
    ) -> Result<(), NotJson> {
        let first = value.get().as_bytes().first();
        if let Some(met) = self.met(places) {
            match first {
                Some(b'"') if !self.of_objects => found(value, met > Met::Below),
                Some(b'{') if self.of_objects => found(value, met > Met::Below),
                Some(b'n') | None => {}
                Some(_) if met == Met::Named => found(value, true),
                Some(_) => {}
            }
        }
        if places.is_empty() || !matches!(first, Some(b'{' | b'[')) {
            return Ok(());
        }
        if depth == DEPTH_MAX {
            return Err(NotJson);
        }
        children(value.get(), |step, child| {
            self.visit(child, self.after(places, step), depth + 1, found)
        })
    }

    fn met(&self, places: Places) -> Option<Met> {
        let met = |place| match &self.program[place] {
            Place::Before(_) => None,
            Place::Below => Some(Met::Below),
            Place::OneOfMany => Some(Met::OneOfMany),
            Place::Named => Some(Met::Named),
        };
        places.iter().filter_map(met).max()
    }

    /// Where the paths stand after one more step.
    fn after(&self, places: Places, step: Step<'_>) -> Places {
        let name = match step {
            Step::Key(key) => match content(key) {
                Content::Text(name) => Some(name),
                _ => None,
            },
            Step::Index(_) => None,
        };
        let mut after = Places::default();
        for place in places.iter() {
            match &self.program[place] {
                Place::Below => after.add(place),
                Place::Named | Place::OneOfMany => {}
                Place::Before(segment) => {
                    if segment.is_at_any_depth {
                        after.add(place);
                    }
                    if segment.selector.is_met_by(step, name.as_ref()) {
                        after.add(place + 1);
                    }
                }
            }
        }
        after
    }
}

impl Selector {
    fn is_met_by(&self, step: Step<'_>, name: Option<&Cow<'_, str>>) -> bool {
        match (self, step) {
            (Self::Any, _) => true,
            (Self::Name(wanted), Step::Key(_)) => name.is_some_and(|name| name == wanted),
            (Self::Index(wanted), Step::Index(index)) => *wanted == index,
            (Self::Name(_), Step::Index(_)) | (Self::Index(_), Step::Key(_)) => false,
        }
    }
}
