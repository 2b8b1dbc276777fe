//! Forms that derive a key for every value take their time: tried on few values, unless they open some.

use std::sync::atomic::{AtomicU32, Ordering};

/// Values on which such a form is tried before it is given up.
const TRIES: u32 = 8;
/// … and values of a sample, once it has opened one.
const SAMPLE: u32 = 32;

/// How such a form goes on one column.
#[derive(Default)]
pub struct Slow {
    tried: AtomicU32,
    opened: AtomicU32,
}

/// Why a value is not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spared {
    /// Nothing was opened so far.
    Hopeless,
    /// Enough were opened to know the form.
    Enough,
}

impl Slow {
    /// Whether to leave a value out.
    pub fn spare(&self, is_full: bool) -> Option<Spared> {
        let tried = self.tried.fetch_add(1, Ordering::Relaxed);
        match self.opened.load(Ordering::Relaxed) {
            0 if tried >= TRIES => Some(Spared::Hopeless),
            1.. if tried >= SAMPLE && !is_full => Some(Spared::Enough),
            _ => None,
        }
    }

    pub fn has_opened(&self) {
        self.opened.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_opens_nothing_is_soon_given_up() {
        let slow = Slow::default();
        assert!((0..TRIES).all(|_| slow.spare(true).is_none()));
        assert_eq!(slow.spare(true), Some(Spared::Hopeless));
    }

    #[test]
    fn what_opens_is_tried_on_a_sample_or_on_all() {
        let slow = Slow::default();
        slow.has_opened();
        assert!((0..SAMPLE).all(|_| slow.spare(false).is_none()));
        assert_eq!(slow.spare(false), Some(Spared::Enough));
        assert_eq!(slow.spare(true), None);
    }
}
