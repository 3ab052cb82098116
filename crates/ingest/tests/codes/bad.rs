//! Vocabularies and maps that are not as they should be.

use renkei_ingest::codes::{CodesError, How, Sources};

use super::{CONCEPT, RELATIONSHIP, System, athena, coding, concept, load, sources, targets, today};
use crate::support::Site;

fn refused(sources: &Sources, words: &[&str]) {
    let error = load(sources, &[]).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let text = format!("{error}: {source}");
    for word in words {
        assert!(text.contains(word), "{word:?} in {text}");
    }
}

#[test]
fn what_is_missing_is_named_with_a_remedy() {
    let concepts = format!("{CONCEPT}{}", concept(1, "Condition", "ICD10", "", "J18", ""));
    let only = Site::new().csv("CONCEPT.csv", &concepts);
    refused(&sources(&only, &[]), &["CONCEPT_RELATIONSHIP", "download"]);
    let only = Site::new().csv("CONCEPT_RELATIONSHIP.csv", RELATIONSHIP);
    refused(&sources(&only, &[]), &["no CONCEPT;", "download"]);
    let empty = Site::new();
    refused(&sources(&empty, &[]), &["no table of OMOP CDM"]);
    let nowhere = Sources { folders: vec![empty.path("nowhere")], maps: vec![], today: today() };
    refused(&nowhere, &["cannot be listed"]);
    refused(&sources(&athena(), &["nowhere.csv"]), &["nowhere.csv"]);
    let site = athena().csv("map.txt", "code;target\n1;2\n");
    refused(&sources(&site, &["map.txt"]), &["map.txt", "source_to_concept_map", "Usagi"]);
    let site = Site::new().csv("CONCEPT.csv", concepts.replace('\t', ";"));
    refused(&sources(&site, &[]), &["neither comma nor tab"]);
    let truncated = CONCEPT.split_at(40).0;
    let site = Site::new().csv("CONCEPT.csv", truncated).csv("CONCEPT_RELATIONSHIP.csv", RELATIONSHIP);
    refused(&sources(&site, &[]), &["concept needs"]);
}

#[test]
fn rows_that_cannot_be_read_are_counted_and_the_others_count() {
    let rows = [
        concept(1, "Condition", "SNOMED", "S", "44054006", ""),
        concept(2, "Condition", "SNOMED", "S", "38341003", "").replace("the 5", "the\t5"),
        concept(3, "Condition", "SNOMED", "S", "44054006", ""),
        concept(0, "Condition", "SNOMED", "S", "44054006", "D"),
        concept(4, "Condition", "SNOMED", "S", "22298006", "X"),
        "5\tcut off".to_owned(),
    ]
    .concat();
    let site = Site::new().csv("CONCEPT.csv", format!("{CONCEPT}{rows}")).csv("CONCEPT_RELATIONSHIP.csv", RELATIONSHIP);
    let wanted = ["44054006", "38341003", "22298006"].map(|code| coding(System::Snomed, code));
    let concepts = load(&sources(&site, &[]), &wanted).unwrap();
    let resolved = wanted.clone().map(|code| concepts.resolve(&[code]));
    assert_eq!((targets(&resolved[0]), resolved[0].source_concept), (vec![1], 1));
    assert_eq!((resolved[1].by, resolved[1].source_concept), (How::Unmapped, 0));
    assert_eq!((resolved[2].by, resolved[2].source_concept), (How::Unmapped, 4));
    let made: Vec<_> = concepts.remarks().iter().collect();
    assert_eq!(made, [("codes-concept-twice", 2), ("codes-vocabulary-row", 2)]);
}

#[test]
fn no_error_repeats_its_source() {
    let site = Site::new();
    let error = load(&sources(&site, &[]), &[]).unwrap_err();
    let source = std::error::Error::source(&error).unwrap().to_string();
    assert!(matches!(error, CodesError::Open(_)) && !error.to_string().contains(&source));
}
