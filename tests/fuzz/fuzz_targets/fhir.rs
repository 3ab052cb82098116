//! Fuzzes `renkei_fuzz::fhir`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| renkei_fuzz::fhir(bytes));
