//! An input cut into the pieces that a target asks for. Fewer bytes than asked for are no error: what
//! is missing is empty or zero.

/// What is left of an input.
pub struct Input<'d>(&'d [u8]);

impl<'d> Input<'d> {
    pub fn new(data: &'d [u8]) -> Self {
        Self(data)
    }

    pub fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    /// One of these.
    pub fn choice<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.byte()) % choices.len()]
    }

    /// At most so many bytes.
    pub fn bytes(&mut self, most: usize) -> &'d [u8] {
        let (taken, rest) = self.0.split_at(most.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// So many bytes, zero where the input is too short.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.bytes(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// Up to the next NUL byte, which is skipped; all of it when there is none.
    pub fn until_nul(&mut self) -> &'d [u8] {
        let end = self.0.iter().position(|byte| *byte == 0);
        let taken = self.bytes(end.unwrap_or(self.0.len()));
        self.byte();
        taken
    }

    /// The same, when it is text.
    pub fn text(&mut self) -> Option<&'d str> {
        std::str::from_utf8(self.until_nul()).ok()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn rest(self) -> &'d [u8] {
        self.0
    }
}
