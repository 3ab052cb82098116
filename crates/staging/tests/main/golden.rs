//! What converters say of the same files, as a hash: when it changes, everything that was kept has to be read again.

use renkei_ingest::CONVERTERS;
use renkei_sim_hospital::{Format as Written, Profile, write};
use renkei_staging::{Format, Limits};
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use crate::bench::{Bench, hospital, source};

/// The number of the converters, and what they say of thirty patients.
const GOLDEN: (u32, [(&str, &str); 3]) =
    (3, [("ssmix2", "c582868f5b0482fa"), ("fhir", "48b3440a08070e0d"), ("dpc", "32376af229715431")]);

fn said(form: Written, format: Format) -> String {
    let bench = Bench::new();
    let folder = bench.path("source");
    write(&hospital(30, Profile::Regional), form, &folder).unwrap();
    let source = source(format, &folder);
    bench.scan(&source, &Limits { threads: 1, ..Limits::default() }).unwrap();
    let database = Connection::open(bench.path(&format!("{}.sqlite", source.name))).unwrap();
    let mut select = database.prepare("SELECT patient, body FROM statement ORDER BY rowid").unwrap();
    let mut hash = Sha256::new();
    let mut rows = select.query([]).unwrap();
    while let Some(row) = rows.next().unwrap() {
        let (patient, body): (String, Vec<u8>) = (row.get(0).unwrap(), row.get(1).unwrap());
        hash.update(patient);
        hash.update(body);
    }
    hash.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn converters_that_say_something_else_have_another_number() {
    let (number, golden) = GOLDEN;
    let found = [
        ("ssmix2", said(Written::SsMix2 { history: false }, Format::Ssmix2)),
        ("fhir", said(Written::FhirNdjson { gzip: false }, Format::Fhir)),
        ("dpc", said(Written::Dpc, Format::Dpc)),
    ];
    let found = found.each_ref().map(|(format, hash)| (*format, hash.as_str()));
    assert!(
        (CONVERTERS, found) == (number, golden),
        "what is said of the same files has changed: {found:?}. If the converters have, raise CONVERTERS in crates/ingest, so \
         that every hospital reads its files again; then put number and hashes here. If only the invented hospital has, \
         put the hashes here"
    );
}
