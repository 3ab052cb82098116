//! What a folder holds, and in which order.

use renkei_ingest::omop::Folder;

use crate::support::{MEASUREMENT, PERSONS, Site};

#[test]
fn tables_come_in_the_order_of_the_specification_with_their_sizes() {
    let site = Site::new()
        .csv("measurement.csv", MEASUREMENT)
        .csv("location.csv", "location_id,city\n1,x\n")
        .csv("person.csv", PERSONS);
    let folder = site.open().unwrap();
    let names: Vec<_> = folder.tables().iter().map(|files| files.table().name).collect();
    assert_eq!(names, ["person", "measurement", "location"]);
    assert_eq!(folder.tables()[0].bytes(), PERSONS.len() as u64);
    assert_eq!(folder.tables()[0].files(), [site.path("person.csv")]);
    let absent: Vec<_> = folder.tables()[2].absent().collect();
    assert!(absent.contains(&"zip") && !absent.contains(&"city"), "{absent:?}");
}

#[test]
fn what_is_not_of_the_cdm_is_listed_with_a_reason() {
    let site = Site::with_persons()
        .csv("measurements.csv", "x,y\n")
        .csv("attribute_definition.csv", "x,y\n")
        .csv("person.json", "{}")
        .csv("_manifest.json", "{}");
    let folder = site.open().unwrap();
    let ignored: Vec<_> = folder.ignored().iter().map(|i| (i.file.as_str(), i.reason.as_str())).collect();
    assert_eq!(ignored.len(), 4, "{ignored:?}");
    let reason = |file: &str| ignored.iter().find(|(f, _)| *f == file).unwrap().1;
    assert!(reason("measurements.csv").contains("nearest are measurement"));
    assert!(reason("attribute_definition.csv").contains("dropped"));
    assert_eq!(reason("_manifest.json"), "no table of OMOP CDM");
}

#[test]
fn two_folders_are_one_source_unless_they_share_a_table() {
    let clinical = Site::with_persons();
    let vocabulary = Site::new().csv(
        "CONCEPT_ANCESTOR.csv",
        "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation\n1\t2\t1\t1\n",
    );
    let folder = Folder::open_many(&[clinical.0.path(), vocabulary.0.path()]).unwrap();
    assert_eq!(folder.tables().len(), 2);
    assert_eq!(Folder::open(vocabulary.0.path()).unwrap().tables().len(), 1);
    let other = Site::with_persons();
    let error = Folder::open_many(&[clinical.0.path(), other.0.path()]).unwrap_err().to_string();
    for site in [&clinical, &other] {
        assert!(error.contains(&site.path("person.csv").display().to_string()), "{error}");
    }
}
