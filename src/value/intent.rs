//! What is to become of the values that are judged.

/// What is to become of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Intent {
    /// Those under a previous key are resealed.
    Reseal,
    /// … in a proof: what only seems to be done is opened, where that is wanted.
    Prove,
    /// They are only read.
    Read,
    /// … and no key service is asked: what cannot be told without stays unknown.
    Sift,
}

impl Intent {
    /// Whether values are resealed.
    pub fn reseals(self) -> bool {
        matches!(self, Self::Reseal | Self::Prove)
    }

    /// Whether what is found is part of a proof.
    pub fn proves(self) -> bool {
        self != Self::Reseal
    }
}
