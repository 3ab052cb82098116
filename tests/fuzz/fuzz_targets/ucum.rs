//! Fuzzes `renkei_fuzz::ucum`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::ucum(bytes));
