//! See `src/aad.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reseal_fuzz::aad::check(data));
