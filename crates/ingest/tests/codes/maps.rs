//! What maps say of codes, and against the vocabulary.

use encoding_rs::SHIFT_JIS;
use renkei_ingest::codes::{Domain, How, Sources};

use super::{MAP, System, athena, coding, load, mapped, sources, targets, today};
use crate::support::Site;

const USAGI: &str = "sourceCode,sourceName,sourceFrequency,sourceAutoAssignedConceptIds,ADD_INFO:source_vocabulary,\
                     matchScore,mappingStatus,equivalence,statusSetBy,statusSetOn,conceptId,conceptName,domainId,\
                     mappingType,comment\n";

fn usagi(code: &str, vocabulary: &str, status: &str, concept: &str, kind: &str) -> String {
    format!("{code},名前,12,,{vocabulary},0.9,{status},EQUAL,me,1,{concept},\"a, b\",Condition,{kind},\n")
}

#[test]
fn a_map_counts_before_the_vocabulary_and_a_later_one_before_an_earlier_one() {
    let own = [
        mapped("J18.9", "ICD10", 11, "2099-12-31", ""),
        mapped("E11.9", "ICD10", 11, "2099-12-31", ""),
        mapped("3A010-0000-023-271-01", "JLAC10", 13, "2099-12-31", ""),
        mapped("A1", "Hospital lab", 12, "2099-12-31", ""),
        mapped("A1", "Hospital lab", 13, "2099-12-31", ""),
        mapped("JUNK", "LOCAL", 0, "2099-12-31", ""),
    ]
    .concat();
    let later = [mapped("J189", "ICD10", 13, "2099/12/31", ""), mapped("LOCAL:A2", "", 13, "20991231", "")].concat();
    let site = athena()
        .csv("source_to_concept_map.csv", format!("{MAP}{own}"))
        .csv("more.txt", SHIFT_JIS.encode(&format!("{MAP}{later}").replace("some", "病名")).0);
    let wanted = [
        coding(System::Icd10, "J18.9"),
        coding(System::Icd10, "E11.9"),
        coding(System::Jlac10, "3A010000002327101"),
        coding(System::Local, "A1"),
        coding(System::Local, "A2"),
        coding(System::Local, "JUNK"),
    ];
    let concepts = load(&sources(&site, &["more.txt"]), &wanted).unwrap();
    for (code, expect) in wanted.iter().zip([&[13][..], &[11], &[13], &[12, 13], &[13], &[]]) {
        let resolved = concepts.resolve(std::slice::from_ref(code));
        assert_eq!((&*targets(&resolved), resolved.by), (expect, How::Map), "{code}");
    }
    let resolved = concepts.resolve(&wanted[..1]);
    assert_eq!((resolved.source_concept, resolved.targets[0].domain), (2, Some(Domain::Measurement)));
}

#[test]
fn what_is_out_of_force_or_no_standard_concept_is_left_out_and_the_vocabulary_answers() {
    for (row, remark) in [
        (mapped("J18.9", "ICD10", 11, "2026-03-31", ""), "codes-map-expired"),
        (mapped("J18.9", "ICD10", 11, "2099-12-31", "D"), "codes-map-expired"),
        (mapped("J18.9", "ICD10", 11, "2026/3/31", ""), "codes-map-expired"),
        (mapped("J18.9", "ICD10", 11, "2026-02-30", ""), "codes-map-unreadable"),
        (mapped("J18.9", "ICD10", 14, "2099-12-31", ""), "codes-map-target"),
        (mapped("J18.9", "ICD10", 3, "2099-12-31", ""), "codes-map-target"),
        (mapped("J18.9", "ICD10", 999, "2099-12-31", ""), "codes-map-target"),
        ("J18.9\n".to_owned(), "codes-map-unreadable"),
        (mapped("J18.9", "ICD10", 99_999_999_999, "2099-12-31", ""), "codes-map-unreadable"),
        (mapped("", "ICD10", 11, "2099-12-31", ""), "codes-map-unreadable"),
    ] {
        let site = athena().csv("more.txt", format!("{MAP}{row}"));
        let code = coding(System::Icd10, "J18.9");
        let concepts = load(&sources(&site, &["more.txt"]), std::slice::from_ref(&code)).unwrap();
        let resolved = concepts.resolve(&[code]);
        assert_eq!((&*targets(&resolved), resolved.by), (&[10][..], How::Vocabulary), "{row}");
        let made: Vec<_> = concepts.remarks().iter().collect();
        assert_eq!(made, [(remark, 1)], "{row}");
    }
}

#[test]
fn usagi_files_count_as_far_as_they_are_approved() {
    let rows = [
        usagi("A1", "LOCAL", "APPROVED", "11", "MAPS_TO"),
        usagi("A1", "LOCAL", "APPROVED", "13", "MAPS_TO"),
        usagi("A1", "LOCAL", "APPROVED", "20", "MAPS_TO_VALUE"),
        usagi("A2", "LOCAL", "UNCHECKED", "11", "MAPS_TO"),
        usagi("3A010000002327101", "JLAC10", "APPROVED", "13", ""),
    ]
    .concat();
    let site = athena().csv("usagi.csv.txt", format!("\u{feff}{USAGI}{rows}"));
    let wanted =
        [coding(System::Local, "A1"), coding(System::Local, "A2"), coding(System::Jlac10, "3A010000002327101")];
    let concepts = load(&sources(&site, &["usagi.csv.txt"]), &wanted).unwrap();
    let resolved: Vec<_> = wanted.iter().map(|code| concepts.resolve(std::slice::from_ref(code))).collect();
    assert_eq!(targets(&resolved[0]), [11, 13]);
    assert_eq!(resolved[0].targets.iter().map(|target| target.value).collect::<Vec<_>>(), [None, Some(20)]);
    assert_eq!(resolved[1].by, How::Unmapped);
    assert_eq!(targets(&resolved[2]), [13]);
    assert_eq!(concepts.remarks().iter().collect::<Vec<_>>(), [("codes-map-unapproved", 1)]);
}

#[test]
fn without_a_vocabulary_maps_are_kept_unchecked_and_custom_concepts_need_no_check() {
    let rows = [
        mapped("A1", "LOCAL", 4_000_000, "2099-12-31", ""),
        mapped("A2", "LOCAL", 2_000_000_007, "2099-12-31", ""),
        mapped("103831601", "HOT9", 2_000_000_008, "2099-12-31", ""),
        mapped("1057002", "HOT7", 2_000_000_009, "2099-12-31", ""),
        mapped("3A0100000023", "JLAC10", 2_000_000_010, "2099-12-31", ""),
    ]
    .concat();
    let site = Site::new().csv("map.csv", format!("{MAP}{rows}"));
    let sources = Sources { folders: Vec::new(), maps: vec![site.path("map.csv").into()], today: today() };
    let wanted = [
        (System::Local, "A1", 4_000_000, How::Map),
        (System::Local, "A2", 2_000_000_007, How::Map),
        (System::Hot9, "1038316010101", 2_000_000_008, How::Map),
        (System::Hot9, "105700299", 2_000_000_009, How::Fallback),
        (System::Jlac10, "3A010000002327101", 2_000_000_010, How::Fallback),
        (System::Jlac10, "9N006000000000001", 3_025_315, How::BuiltIn),
    ];
    let codes: Vec<_> = wanted.iter().map(|(system, code, ..)| coding(*system, code)).collect();
    let concepts = load(&sources, &codes).unwrap();
    for ((_, code, target, by), coding) in wanted.iter().zip(&codes) {
        let resolved = concepts.resolve(std::slice::from_ref(coding));
        assert_eq!((targets(&resolved), resolved.by), (vec![*target], *by), "{code}");
    }
    assert_eq!(concepts.remarks().iter().collect::<Vec<_>>(), [("codes-map-unchecked", 1)]);
}
