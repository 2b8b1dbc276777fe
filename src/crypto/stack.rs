//! What returned calls left on a stack, written over.

use std::hint::black_box;

/// Deeper than a page's work goes, far less than any thread's stack has.
const STACK_BYTES: usize = 256 * 1024;

/// Writes over the part of this thread's stack that is not in use, on which ciphers leave blocks of
/// plaintext and round keys. To be called from no deeper than what left them was.
#[inline(never)]
pub fn wipe_unused_stack() {
    // An array that somebody may look at must be there, and must be zero.
    black_box(&mut [0_u8; STACK_BYTES]);
}
