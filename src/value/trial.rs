//! One value tried in one layout that nobody has said it has.

use super::Scratch;
use super::opening::{self, Opened};
use crate::keys::{LayoutKeys, Owner};
use crate::layout::{Layout, RowTexts};

/// What came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trial {
    /// This key opens it: certain where the layout authenticates, plausible where it does not.
    OpenedBy(Owner),
    /// It has the shape, and no key opens it.
    Closed,
    OtherShape,
}

impl Scratch {
    /// Tries the keys of a layout on a value, and forgets what it opened.
    pub fn try_open(
        &mut self,
        layout: &Layout,
        keys: &LayoutKeys,
        stored: &[u8],
        row: &RowTexts<'_>,
    ) -> Trial {
        let opened = opening::open(layout, keys, stored, row, &mut self.open, &mut self.plaintext);
        self.plaintext.clear();
        match opened {
            Opened::By(owner) => Trial::OpenedBy(owner),
            Opened::Malformed => Trial::OtherShape,
            Opened::Not(_) => Trial::Closed,
        }
    }
}
