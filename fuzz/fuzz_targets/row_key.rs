//! See `src/row_key.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reseal_fuzz::row_key::check(data));
