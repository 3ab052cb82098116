//! Fuzzes `renkei_fuzz::ssmix2`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::ssmix2(bytes));
