//! What a vocabulary says of codes.

use renkei_ingest::codes::{Concepts, Domain, How, Target};
use renkei_ingest::record::Grade;

use super::{System, athena, coding, load, sources, targets};

#[test]
fn codes_lead_to_their_concepts() {
    let site = athena();
    let codings = [
        (System::Icd10, "J189", 2, &[10][..], How::Vocabulary),
        (System::Icd10, "J18", 1, &[10], How::Vocabulary),
        (System::Icd10, "E119", 3, &[11, 13], How::Vocabulary),
        (System::Icd10, "J18.90", 0, &[10], How::Fallback),
        (System::Icd10, "J18.1", 0, &[10], How::Fallback),
        (System::Icd10, "K29.7", 0, &[], How::Unmapped),
        (System::Snomed, "44054006", 11, &[11], How::Vocabulary),
        (System::Snomed, "73211009", 14, &[], How::Unmapped),
        (System::Loinc, "8480-6", 30, &[30], How::Vocabulary),
        (System::RxNorm, "OMOP123", 40, &[40], How::Vocabulary),
        (System::RxNorm, "860975", 42, &[42], How::Vocabulary),
        (System::Cvx, "8", 60, &[60], How::Vocabulary),
        (System::Jlac10, "3A010000002327101", 2_000_000_001, &[2_000_000_001], How::Vocabulary),
        (System::Jlac10, "9A751000000000001", 0, &[30], How::BuiltIn),
        (System::Jlac10, "9N001000000000001", 0, &[3_036_277], How::BuiltIn),
        (System::Hl7(162), "PO", 0, &[21], How::BuiltIn),
        (System::Hl7(162), "XX", 0, &[], How::Unmapped),
        (System::Local, "8480-6", 0, &[], How::Unmapped),
    ];
    let wanted: Vec<_> = codings.iter().map(|(system, code, ..)| coding(*system, code)).collect();
    let concepts = load(&sources(&site, &[]), &wanted).unwrap();
    for (system, code, source, expect, by) in codings {
        let resolved = concepts.resolve(&[coding(system, code)]);
        assert_eq!((resolved.source_concept, &*targets(&resolved), resolved.by), (source, expect, by), "{code}");
        assert_eq!(resolved.source, Some(coding(system, code)));
    }
    assert_eq!(concepts.version(), Some("v5.0 01-JAN-26"));
}

#[test]
fn a_value_goes_with_measurements_and_observations() {
    let site = athena();
    let code = coding(System::Icd10, "E11.9");
    let resolved = load(&sources(&site, &[]), std::slice::from_ref(&code)).unwrap().resolve(&[code]);
    let target = |concept, domain, value| Target { concept, domain: Some(domain), value };
    assert_eq!(resolved.targets, [target(11, Domain::Condition, None), target(13, Domain::Measurement, Some(20))]);
}

#[test]
fn of_several_codes_the_exact_one_wins_and_the_first_is_the_source() {
    let site = athena();
    let (medis, icd, less, local) = (
        coding(System::Medis, "20054174"),
        coding(System::Icd10, "J18.9"),
        coding(System::Icd10, "J18.90"),
        coding(System::Local, "x"),
    );
    let all = [medis.clone(), icd.clone(), less.clone(), local.clone()];
    let concepts = load(&sources(&site, &[]), &all).unwrap();
    for (codes, source, by) in [
        (vec![medis.clone(), icd.clone()], 2, How::Vocabulary),
        (vec![less.clone(), icd.clone()], 2, How::Vocabulary),
        (vec![less.clone(), local.clone()], 0, How::Fallback),
        (vec![local.clone(), medis], 0, How::Unmapped),
        (vec![], 0, How::Unmapped),
    ] {
        let resolved = concepts.resolve(&codes);
        assert_eq!((resolved.source_concept, resolved.by), (source, by), "{codes:?}");
        assert_eq!(resolved.source.as_ref(), codes.first());
        assert_eq!(resolved.targets.is_empty(), by == How::Unmapped);
    }
}

#[test]
fn units_and_grades() {
    let site = athena();
    let concepts = load(&sources(&site, &[]), &[]).unwrap();
    for (system, code, concept) in [
        (System::Ucum, "mg/dL", Some(8840)),
        (System::Merit9, "TAB", Some(9431)),
        (System::Local, "×10^4/μL", Some(32706)),
        (System::Ucum, "10*-6.[iU]", Some(50)),
        (System::Local, "10*-6.[iU]", None),
        (System::Merit9, "CAP", None),
        (System::Local, "?", None),
    ] {
        assert_eq!(concepts.unit(&coding(system, code)), concept, "{code}");
    }
    assert_eq!(concepts.grade(Grade::Negative), Some(20));
    assert_eq!(concepts.grade(Grade::Plus(2)), None);
    assert_eq!(Concepts::default().grade(Grade::Negative), None);
    assert_eq!(Concepts::default().unit(&coding(System::Ucum, "mg/dL")), Some(8840));
}

#[test]
fn the_cdms_own_field_is_known_by_its_name() {
    let field = |id: i32, name: &str, reason: &str| {
        format!("{id}\t{name}\tMetadata\tCDM\tField\tS\tCDM{id}\t19700101\t20991231\t{reason}\n")
    };
    let load = |concepts: &[String]| {
        let site = super::Site::new()
            .csv("CONCEPT.csv", format!("{}{}", super::CONCEPT, concepts.concat()))
            .csv("CONCEPT_RELATIONSHIP.csv", super::RELATIONSHIP);
        load(&sources(&site, &[]), &[]).unwrap().measurements()
    };
    let (other, retired) = (field(8, "measurement.person_id", ""), field(9, "measurement.measurement_id", "D"));
    assert_eq!(load(&[other.clone(), retired.clone()]), None);
    assert_eq!(load(&[other, field(7, "measurement.measurement_id", ""), retired]), Some(7));
    assert_eq!(Concepts::default().measurements(), None);
}

#[test]
fn drugs_have_the_ingredients_among_their_ancestors() {
    let ingredient = |id: i32| format!("{id}\tx\tDrug\tRxNorm\tIngredient\tS\t{id}\t19700101\t20991231\t\n");
    let drug = super::concept(42, "Drug", "RxNorm", "S", "860975", "");
    let class = super::concept(300, "Drug", "ATC", "C", "A10", "");
    let concepts = [drug, class, ingredient(100), ingredient(200), ingredient(201)].concat();
    let ancestors = "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation\n\
                     42\t42\t0\t0\n200\t42\t1\t2\n100\t42\t1\t2\n300\t42\t2\t3\n201\t7\t1\t1\n200\t200\t0\t0\n";
    let site = super::Site::new()
        .csv("CONCEPT.csv", format!("{}{concepts}", super::CONCEPT))
        .csv("CONCEPT_RELATIONSHIP.csv", format!("{}{}", super::RELATIONSHIP, super::relation(42, 42, "Maps to", "")))
        .csv("CONCEPT_ANCESTOR.csv", ancestors);
    let wanted = [(System::RxNorm, "860975"), (System::RxNorm, "200")].map(|(system, code)| coding(system, code));
    let concepts = load(&sources(&site, &[]), &wanted).unwrap();
    assert_eq!(concepts.ingredients(42), [100, 200]);
    assert_eq!(concepts.ingredients(200), [200]);
    assert!(concepts.ingredients(7).is_empty());
}
