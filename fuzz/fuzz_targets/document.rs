//! See `src/document.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reseal_fuzz::document::check(data));
