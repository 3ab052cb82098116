//! Courses that a physician would believe.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, Days};
use renkei_sim_hospital::terms::{self, ASSAYS, Assay, Domain, Term};
use renkei_sim_hospital::{Hospital, Patient, VisitKind};

use crate::DEMO;
use crate::view::view;

fn demo(site: &str) -> &'static Hospital {
    &DEMO.iter().find(|(hospital, _)| hospital.spec.site == site).unwrap().0
}

fn has(patient: &Patient, term: &Term) -> bool {
    patient.visits.iter().flat_map(|visit| &visit.diagnoses).any(|diagnosis| diagnosis.code.term == term)
}

/// Percent of patients with a disease.
fn share(hospital: &Hospital, term: &Term) -> f64 {
    let ill = hospital.patients.iter().filter(|patient| has(patient, term)).count();
    100.0 * ill as f64 / hospital.patients.len() as f64
}

/// Median of an assay in the clinic, over the patients for whom `pick` holds.
fn median(assay: &Assay, pick: impl Fn(&Patient) -> bool) -> f64 {
    let patients = DEMO.iter().flat_map(|(hospital, _)| &hospital.patients).filter(|patient| pick(patient));
    let clinic = patients.flat_map(|patient| &patient.visits).filter(|visit| visit.kind == VisitKind::Outpatient);
    let labs = clinic.flat_map(|visit| &visit.labs).filter(|lab| lab.assay == assay);
    let mut values: Vec<f64> = labs.filter_map(|lab| lab.value).collect();
    assert!(values.len() > 300, "{}: only {} values", assay.term.name, values.len());
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

#[test]
fn values_are_possible_and_carry_their_unit_and_range() {
    for (_, omop) in DEMO.iter() {
        let rows = view(omop, "measurement");
        let assays: BTreeMap<i64, &Assay> =
            ASSAYS.iter().map(|assay| (i64::from(assay.term.concept), *assay)).collect();
        let (units, values) = (rows.all("unit_concept_id"), rows.floats("value_as_number"));
        let (lows, highs) = (rows.floats("range_low"), rows.floats("range_high"));
        for (at, concept) in rows.all("measurement_concept_id").into_iter().enumerate() {
            let Some(assay) = assays.get(&concept) else {
                assert_eq!(concept, 0, "row {at}");
                continue;
            };
            assert_eq!(units[at], i64::from(assay.unit.concept), "unit of {}", assay.term.name);
            assert_eq!((lows[at], highs[at]), assay.range);
            let (least, most) = assay.limits;
            assert!(
                values[at].is_none_or(|value| (least..=most).contains(&value)),
                "{} = {:?}",
                assay.term.name,
                values[at]
            );
        }
        let seen: BTreeSet<i64> = rows.all("measurement_concept_id").into_iter().collect();
        assert!(seen.len() >= ASSAYS.len(), "some assay is never used");
    }
}

#[test]
fn few_values_are_cut_at_their_limits() {
    for assay in ASSAYS.iter().filter(|assay| **assay != &terms::OXYGEN_SATURATION && **assay != &terms::CRP) {
        let labs = DEMO.iter().flat_map(|(hospital, _)| &hospital.patients).flat_map(|patient| &patient.visits);
        let values: Vec<f64> =
            labs.flat_map(|visit| &visit.labs).filter(|lab| lab.assay == *assay).filter_map(|lab| lab.value).collect();
        let cut = values.iter().filter(|value| **value == assay.limits.0 || **value == assay.limits.1).count();
        assert!(cut * 200 < values.len(), "{}: {cut} of {}", assay.term.name, values.len());
    }
}

#[test]
fn laboratory_values_follow_the_disease() {
    let check = |assay: &Assay, term: &'static Term, ill: (f64, f64), well: (f64, f64)| {
        let found = median(assay, |patient| has(patient, term));
        assert!((ill.0..ill.1).contains(&found), "{} with {}: {found}", assay.term.name, term.name);
        let found = median(assay, |patient| !has(patient, term));
        assert!((well.0..well.1).contains(&found), "{} without {}: {found}", assay.term.name, term.name);
    };
    check(&terms::HBA1C, &terms::TYPE_2_DIABETES, (6.7, 7.8), (5.2, 5.9));
    check(&terms::SYSTOLIC, &terms::HYPERTENSION, (132.0, 146.0), (115.0, 130.0));
    check(&terms::LDL, &terms::HYPERLIPIDAEMIA, (95.0, 150.0), (100.0, 122.0));
    check(&terms::EGFR, &terms::CHRONIC_KIDNEY_DISEASE, (15.0, 45.0), (65.0, 85.0));
    check(&terms::CREATININE, &terms::CHRONIC_KIDNEY_DISEASE, (1.1, 2.5), (0.6, 0.9));
    check(&terms::OXYGEN_SATURATION, &terms::COPD, (92.0, 96.5), (96.0, 99.0));
}

#[test]
fn statins_lower_ldl() {
    let treated = |patient: &Patient| {
        let drugs = [&terms::ATORVASTATIN, &terms::ROSUVASTATIN, &terms::PRAVASTATIN];
        patient.visits.iter().flat_map(|visit| &visit.prescriptions).any(|drug| drugs.contains(&drug.code.term))
    };
    let ill = |patient: &Patient| has(patient, &terms::HYPERLIPIDAEMIA);
    let (with, without) = (
        median(&terms::LDL, |patient| ill(patient) && treated(patient)),
        median(&terms::LDL, |patient| ill(patient) && !treated(patient)),
    );
    assert!(with + 25.0 < without, "{with} treated, {without} untreated");
}

#[test]
fn diseases_are_as_common_as_the_profile_says() {
    let check = |site, term: &'static Term, low, high| {
        let found = share(demo(site), term);
        assert!((low..=high).contains(&found), "{} at {site}: {found:.2} %", term.name);
    };
    for site in ["tokyo", "osaka", "nagano"] {
        check(site, &terms::TYPE_2_DIABETES, 10.0, 30.0);
        check(site, &terms::HYPERTENSION, 25.0, 60.0);
        check(site, &terms::HYPERLIPIDAEMIA, 15.0, 40.0);
        check(site, &terms::CHRONIC_KIDNEY_DISEASE, 6.0, 25.0);
        check(site, &terms::COPD, 1.5, 9.0);
        check(site, &terms::INFLUENZA, 3.0, 15.0);
        check(site, &terms::ALS, 0.01, 0.4);
    }
    for (term, rare, common) in [(&terms::LUNG_CANCER, "nagano", "osaka"), (&terms::HEART_FAILURE, "tokyo", "osaka")] {
        assert!(share(demo(rare), term) * 1.5 < share(demo(common), term), "{}", term.name);
    }
}

#[test]
fn some_diseases_keep_to_one_sex() {
    for patient in DEMO.iter().flat_map(|(hospital, _)| &hospital.patients) {
        let wrong = match patient.sex {
            renkei_sim_hospital::Sex::Female => &terms::PROSTATE_CANCER,
            renkei_sim_hospital::Sex::Male => &terms::BREAST_CANCER,
        };
        assert!(!has(patient, wrong));
    }
}

#[test]
fn influenza_comes_in_winter() {
    let visits = DEMO.iter().flat_map(|(hospital, _)| &hospital.patients).flat_map(|patient| &patient.visits);
    let ill = visits.filter(|visit| visit.diagnoses.iter().any(|diagnosis| diagnosis.code.term == &terms::INFLUENZA));
    let months: Vec<u32> = ill.map(|visit| visit.start.month()).collect();
    let cold = months.iter().filter(|month| matches!(month, 12 | 1..=3)).count();
    assert!(months.len() > 300 && cold * 100 > months.len() * 90, "{cold} of {}", months.len());
}

#[test]
fn the_old_die_more_often() {
    for (hospital, _) in DEMO.iter() {
        let dead = |from: i32, to: i32| {
            let of_age = |patient: &&Patient| (from..to).contains(&(hospital.spec.first_year - patient.born.year()));
            let all: Vec<&Patient> = hospital.patients.iter().filter(of_age).collect();
            all.iter().filter(|patient| patient.death.is_some()).count() as f64 / all.len() as f64
        };
        let (young, old, oldest) = (dead(20, 55), dead(65, 75), dead(80, 95));
        assert!(young < 0.06 && young < old && old < oldest && oldest > 0.25, "{young} {old} {oldest}");
    }
}

#[test]
fn some_are_readmitted_within_thirty_days() {
    for (hospital, _) in DEMO.iter() {
        let (mut stays, mut back) = (0, 0);
        for patient in &hospital.patients {
            let own: Vec<_> = patient.visits.iter().filter(|visit| visit.kind == VisitKind::Inpatient).collect();
            stays += own.len();
            back += own.windows(2).filter(|pair| pair[1].start.date() <= pair[0].end.date() + Days::new(30)).count();
        }
        assert!(stays > 300 && back * 100 > stays * 4 && back * 100 < stays * 50, "{back} of {stays}");
    }
}

#[test]
fn hospitals_map_their_codes_differently() {
    let unmapped = |site: &str| {
        let (hospital, omop) = DEMO.iter().find(|(hospital, _)| hospital.spec.site == site).unwrap();
        let rows = view(omop, "measurement");
        let sources = rows.texts("measurement_source_value");
        let concepts = rows.all("measurement_concept_id");
        assert!(sources.iter().all(|source| source.is_some_and(|source| source.starts_with("JLAC10:"))));
        assert!(rows.nulls("visit_occurrence_id") > 0 && rows.nulls("value_as_number") > 0);
        let drugs = view(omop, "drug_exposure");
        let prefix = format!("{}:", hospital.spec.profile.drug_system());
        assert!(drugs.texts("drug_source_value").iter().flatten().all(|source| source.starts_with(&prefix)));
        // A second, unmapped code is a code of its own: the same code never has two concepts.
        let mut meaning = BTreeMap::new();
        for (source, concept) in sources.iter().zip(&concepts) {
            assert_eq!(meaning.entry(*source).or_insert(*concept), concept, "{source:?}");
        }
        concepts.iter().filter(|concept| **concept == 0).count() as f64 / concepts.len() as f64
    };
    let (tokyo, osaka, nagano) = (unmapped("tokyo"), unmapped("osaka"), unmapped("nagano"));
    assert!((0.10..0.14).contains(&tokyo) && (0.04..0.06).contains(&osaka) && (0.43..0.47).contains(&nagano));
}

#[test]
fn hospitals_share_their_ids_and_not_their_patients() {
    let ids = |site| demo(site).patients.iter().map(|patient| patient.id).collect::<Vec<_>>();
    assert_eq!(ids("tokyo"), ids("nagano"));
    assert_eq!(ids("tokyo").first(), Some(&1));
    let born = |site| demo(site).patients.iter().map(|patient| patient.born).collect::<Vec<_>>();
    let alike = born("tokyo").iter().zip(born("nagano")).filter(|(a, b)| **a == *b).count();
    assert!(alike < 10, "{alike} patients of the same number were born on the same day");
}

#[test]
fn a_coded_term_of_every_clinical_domain_is_used() {
    let (_, omop) = &DEMO[0];
    let uses = [
        (Domain::Condition, "condition_occurrence", "condition_concept_id"),
        (Domain::Drug, "drug_exposure", "drug_concept_id"),
        (Domain::Procedure, "procedure_occurrence", "procedure_concept_id"),
    ];
    for (domain, table, column) in uses {
        let used: BTreeSet<i64> = view(omop, table).all(column).into_iter().collect();
        for term in terms::all().filter(|term| term.domain == domain && term.is_coded() && *term != &terms::DIABETES) {
            assert!(used.contains(&i64::from(term.concept)), "{} is never used", term.name);
        }
    }
}
