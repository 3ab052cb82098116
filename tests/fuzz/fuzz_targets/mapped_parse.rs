//! Fuzzes `renkei_fuzz::mapped_parse`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::mapped_parse(bytes));
