//! Fuzzes `renkei_fuzz::codes_csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::codes_csv(bytes));
