//! Fuzzes `renkei_fuzz::omop_csv`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::omop_csv(bytes));
