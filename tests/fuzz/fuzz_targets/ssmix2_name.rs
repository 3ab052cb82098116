//! Fuzzes `renkei_fuzz::ssmix2_name`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::ssmix2_name(bytes));
