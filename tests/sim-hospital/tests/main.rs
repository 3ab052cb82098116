//! The promises of the synthetic hospitals.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "main/bulk.rs"]
mod bulk;
#[path = "main/carried.rs"]
mod carried;
#[path = "main/clean.rs"]
mod clean;
#[path = "main/dirty.rs"]
mod dirty;
#[path = "main/formats.rs"]
mod formats;
#[path = "main/plausible.rs"]
mod plausible;
#[path = "main/same.rs"]
mod same;
#[path = "main/storage.rs"]
mod storage;
#[path = "main/tables.rs"]
mod tables;
#[path = "main/view.rs"]
mod view;

use std::sync::LazyLock;

use renkei_sim_hospital::{Hospital, Omop, Profile, Spec, omop_tables};

/// The demonstration's hospitals with their tables, made once.
static DEMO: LazyLock<Vec<(Hospital, Omop)>> = LazyLock::new(|| Spec::demo(1).iter().map(made).collect());

fn made(spec: &Spec) -> (Hospital, Omop) {
    let hospital = Hospital::generate(spec).unwrap();
    let omop = omop_tables(&hospital).unwrap();
    (hospital, omop)
}

/// A hospital small enough to be written several times.
fn small(seed: u64) -> Spec {
    Spec { patients: 250, ..Spec::new("kobe", seed, Profile::University) }
}

#[test]
fn senseless_orders_are_refused_with_the_remedy() {
    let base = small(1);
    let check = |spec: Spec, expect: &str| {
        assert_eq!(Hospital::generate(&spec).unwrap_err().to_string(), expect);
    };
    check(Spec { patients: 0, ..base.clone() }, "0 patients: ask for 1 to 1,000,000");
    check(
        Spec { first_year: 2024, last_year: 2023, ..base.clone() },
        "years 2024 to 2023: the first must not follow the last, and both lie between 1990 and 2100",
    );
    check(Spec { site: "a b".into(), ..base }, "site \"a b\": use 1 to 16 ASCII letters, digits or '-'");
}

#[test]
fn one_patient_in_one_year_is_a_hospital() {
    for seed in 0..40 {
        let spec = Spec { patients: 1, first_year: 2024, last_year: 2024, ..small(seed) };
        let (hospital, omop) = made(&spec);
        assert!(!hospital.patients[0].visits.is_empty());
        assert_eq!(omop.table("person").unwrap().num_rows(), 1);
    }
}
