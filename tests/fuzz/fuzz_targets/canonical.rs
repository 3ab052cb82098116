//! Fuzzes `renkei_fuzz::canonical`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::canonical(bytes));
