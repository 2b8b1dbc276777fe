//! See `src/configuration.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| reseal_fuzz::configuration::check(data));
