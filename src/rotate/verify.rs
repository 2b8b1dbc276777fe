//! One read-only proof, with the current key alone.
