//! v5.3 and v5.4: how they are told apart and what becomes of v5.3.

use renkei_ingest::Rule;
use renkei_ingest::omop::{Fill, SourceVersion};

use crate::support::{MEASUREMENT, Site, find, read};

const SOURCE_53: &str = "cdm_source_name,cdm_source_abbreviation,cdm_holder,source_description,\
                         source_release_date,cdm_release_date,cdm_version,vocabulary_version\n";
const SOURCE_54: &str = "cdm_source_name,cdm_source_abbreviation,cdm_holder,source_release_date,cdm_release_date,\
                         cdm_version,cdm_version_concept_id,vocabulary_version\n";
const VISIT: &str =
    "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,visit_type_concept_id";

fn version(site: &Site) -> SourceVersion {
    site.open().unwrap().version()
}

#[test]
fn versions_are_told_by_names_by_added_columns_and_by_cdm_source() {
    let visit = |columns: &str| Site::with_persons().csv("visit_occurrence.csv", format!("{VISIT},{columns}\n"));
    assert_eq!(version(&Site::with_persons()), SourceVersion::V5_4);
    assert_eq!(version(&visit("admitting_source_value")), SourceVersion::V5_3);
    assert_eq!(version(&visit("admitted_from_source_value")), SourceVersion::V5_4);
    assert_eq!(version(&Site::with_persons().csv("measurement.csv", MEASUREMENT)), SourceVersion::V5_3);
    let added = MEASUREMENT.replace("person_id", "person_id,measurement_event_id");
    assert_eq!(version(&Site::with_persons().csv("measurement.csv", &added)), SourceVersion::V5_4);
    let stated = format!("{SOURCE_53}n,a,h,d,2020-01-01,2020-01-02,v5.3.1,v5\n");
    let site = Site::with_persons().csv("measurement.csv", &added).csv("cdm_source.csv", stated);
    assert_eq!(version(&site), SourceVersion::V5_3);
    let stated = format!("{SOURCE_54}n,a,h,2020-01-01,2020-01-02,CDM v5.4.0,756265,v5\n");
    let site = Site::with_persons().csv("measurement.csv", MEASUREMENT).csv("cdm_source.csv", stated);
    assert_eq!(version(&site), SourceVersion::V5_4);
}

#[test]
fn another_version_is_refused() {
    let stated = format!("{SOURCE_53}n,a,h,d,2020-01-01,2020-01-02,v6.0,v5\n");
    Site::with_persons().csv("cdm_source.csv", stated).refused_for("cdm_source.csv", &["6.0", "v5.4"]);
}

#[test]
fn renamed_columns_are_read_under_their_old_names() {
    let header = format!(
        "{VISIT},admitting_source_concept_id,admitting_source_value,discharge_to_concept_id,discharge_to_source_value\n"
    );
    let site =
        Site::with_persons().csv("visit_occurrence.csv", format!("{header}1,1,9201,2020-01-01,2020-01-02,0,8,A,9,D\n"));
    let table = site.read("visit_occurrence");
    for (column, value) in [
        ("admitted_from_concept_id", "8"),
        ("admitted_from_source_value", "A"),
        ("discharged_to_concept_id", "9"),
        ("discharged_to_source_value", "D"),
    ] {
        assert_eq!(table.column(column), [value]);
    }
    assert!(site.open().unwrap().ignored().is_empty());
}

#[test]
fn old_and_new_name_together_take_the_new_and_report_the_old() {
    let header = format!("{VISIT},admitting_source_value,admitted_from_source_value\n");
    let site =
        Site::with_persons().csv("visit_occurrence.csv", format!("{header}1,1,9201,2020-01-01,2020-01-02,0,old,new\n"));
    assert_eq!(site.read("visit_occurrence").column("admitted_from_source_value"), ["new"]);
    let folder = site.open().unwrap();
    assert_eq!(folder.ignored()[0].column.as_deref(), Some("admitting_source_value"));
}

#[test]
fn what_v54_newly_requires_has_stated_defaults() {
    let site = Site::with_persons()
        .csv("cdm_source.csv", format!("{SOURCE_53}n,,,d,,2020-01-02,v5.3.1,\nm,a,h,d,,,5.3,v\n,a,h,d,,,5.3,v\n"))
        .csv(
            "metadata.csv",
            "metadata_concept_id,metadata_type_concept_id,name,value_as_string\n0,0,a,x\n0,0,,x\n0,0,c,x\n",
        );
    let folder = site.open().unwrap();
    assert_eq!(folder.version(), SourceVersion::V5_3);
    let files = find(&folder, "cdm_source");
    assert!(files.filled().iter().any(|f| f.column == "cdm_version_concept_id" && f.with == Fill::Zero));
    let source = read(files, None);
    assert_eq!(source.broken(), [(4, Rule::Required, "cdm_source_name")]);
    assert_eq!(source.column("cdm_version_concept_id"), ["0", "0"]);
    assert_eq!(source.column("cdm_holder"), ["", "h"]);
    assert_eq!(source.column("source_release_date"), ["2020-01-02", "1970-01-01"]);
    assert_eq!(source.column("cdm_release_date"), ["2020-01-02", "1970-01-01"]);
    assert_eq!(read(find(&folder, "metadata"), None).column("metadata_id"), ["1", "3"]);
}

#[test]
fn v54_asks_for_them() {
    let header = SOURCE_54.replace("cdm_version_concept_id,", "");
    let site = Site::with_persons().csv("cdm_source.csv", format!("{header}n,a,h,2020-01-01,2020-01-02,5.4,v5\n"));
    site.refused_for("cdm_source.csv", &["needs cdm_version_concept_id"]);
    let site = Site::with_persons().csv("cdm_source.csv", format!("{SOURCE_54}n,a,,2020-01-01,2020-01-02,5.4,0,v5\n"));
    assert_eq!(site.read("cdm_source").broken(), [(2, Rule::Required, "cdm_holder")]);
}
