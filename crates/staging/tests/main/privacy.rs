//! Names, addresses, telephone and insurance numbers are in the sources, and nowhere afterwards.

use std::collections::BTreeSet;
use std::fs;

use renkei_sim_hospital::{Format as Written, Profile, identity, write};
use renkei_staging::{Format, Limits};

use crate::bench::{Bench, hospital, source};

fn check(written: Written, format: Format) {
    let (bench, hospital) = (Bench::new(), hospital(60, Profile::Regional));
    let folder = bench.path("source");
    write(&hospital, written, &folder).unwrap();
    let source = source(format, &folder);
    bench.scan(&source, &Limits::default()).unwrap();
    let (_, tables) = bench.build(std::slice::from_ref(&source), &[]);
    let mut secrets = BTreeSet::new();
    for patient in &hospital.patients {
        secrets.extend(identity(&hospital.spec, patient).secrets().map(str::to_owned));
    }
    assert!(secrets.len() > 100);
    let texts = tables.texts();
    for secret in &secrets {
        assert!(!texts.iter().any(|text| text.contains(secret.as_str())), "a table holds {secret}");
    }
    // The staging file is not compressed: what is in it is in its bytes.
    for name in [format!("{}.sqlite", source.name), format!("{}.sqlite-wal", source.name), "crosswalk.sqlite".into()] {
        let bytes = fs::read(bench.path(&name)).unwrap_or_default();
        // Short numbers occur by chance.
        for secret in secrets.iter().filter(|secret| secret.chars().count() > 4 || !secret.is_ascii()) {
            let found = bytes.windows(secret.len()).any(|window| window == secret.as_bytes());
            assert!(!found, "{name} holds {secret}");
        }
    }
    // The hospital's number leads nowhere from the tables.
    let numbers: BTreeSet<String> =
        tables.rows("person").into_iter().map(|mut row| row.remove("person_source_value").unwrap()).collect();
    assert!(numbers.iter().all(|number| number.len() == 32 && number.bytes().all(|byte| byte.is_ascii_hexdigit())));
}

#[test]
fn of_ss_mix2() {
    check(Written::SsMix2 { history: true }, Format::Ssmix2);
}

#[test]
fn of_fhir() {
    check(Written::FhirNdjson { gzip: false }, Format::Fhir);
}

#[test]
fn of_dpc() {
    check(Written::Dpc, Format::Dpc);
}
