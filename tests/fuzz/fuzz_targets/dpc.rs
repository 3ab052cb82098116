//! Fuzzes `renkei_fuzz::dpc`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::dpc(bytes));
