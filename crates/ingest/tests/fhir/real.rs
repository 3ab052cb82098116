//! Third-party resources, where this machine has them: every resource is accounted for, and the known facts hold.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::read::MultiGzDecoder;
use renkei_ingest::record::Record;
use renkei_ingest::{Extract, Rule, Rules, System, fhir};

use super::merge;

fn folder(name: &str) -> Option<PathBuf> {
    let path = Path::new("../../../shared/data").join(name);
    path.is_dir().then_some(path)
}

/// The files that hold FHIR, and the others.
fn files(folder: &Path) -> (Vec<PathBuf>, Vec<PathBuf>) {
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.into_iter().partition(|path| fhir::looks_like(path).unwrap())
}

fn open(path: &Path) -> Box<dyn BufRead> {
    Box::new(BufReader::new(File::open(path).unwrap()))
}

fn load(folder: &Path) -> Extract {
    let mut all = Extract::default();
    for path in files(folder).0 {
        let mut each = |extract: Extract| {
            merge(&mut all, extract);
            true
        };
        fhir::read(open(&path), "f", &Rules::default(), &mut each).unwrap();
    }
    all
}

/// How many resources of each type the files hold, counted without the converter.
fn census(folder: &Path) -> BTreeMap<String, usize> {
    let mut census = BTreeMap::new();
    for path in files(folder).0 {
        let mut text = String::new();
        if path.extension().is_some_and(|extension| extension == "gz") {
            MultiGzDecoder::new(File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
        } else {
            File::open(&path).unwrap().read_to_string(&mut text).unwrap();
        }
        let text = text.trim_start_matches('\u{feff}');
        for resource in serde_json::Deserializer::from_str(text).into_iter::<Resource>() {
            count(&resource.unwrap(), &mut census);
        }
    }
    census
}

#[derive(serde::Deserialize)]
#[serde(rename_all = "camelCase")]
struct Resource {
    resource_type: String,
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(serde::Deserialize)]
struct Entry {
    resource: Resource,
}

fn count(resource: &Resource, census: &mut BTreeMap<String, usize>) {
    match resource.resource_type.as_str() {
        "Bundle" => resource.entry.iter().for_each(|entry| count(&entry.resource, census)),
        kind => *census.entry(kind.to_owned()).or_default() += 1,
    }
}

/// Statements by type, with the records in them.
fn statements(extract: &Extract) -> BTreeMap<&str, (usize, usize)> {
    let mut statements = BTreeMap::<_, (usize, usize)>::new();
    for (_, statement) in &extract.statements {
        let found = statements.entry(statement.key.split('/').next().unwrap()).or_default();
        *found = (found.0 + 1, found.1 + statement.records.len());
    }
    statements
}

fn remark(extract: &Extract, id: &str) -> u64 {
    extract.remarks.iter().find(|(own, _)| *own == id).map_or(0, |(_, count)| count)
}

/// Each resource is a statement, something shared, counted by its type, or rejected.
fn is_complete(extract: &Extract, census: &BTreeMap<String, usize>) {
    let counted: u64 =
        extract.remarks.iter().filter(|(id, _)| id.starts_with("fhir-type-")).map(|(_, count)| count).sum();
    let yields = extract.statements.len() + extract.shared.len() + extract.rejects.len() + counted as usize;
    assert_eq!(yields, census.values().sum::<usize>());
}

#[test]
fn synthea() {
    let Some(folder) = folder("fhir/synthea615_ndjson") else { return };
    let census = census(&folder);
    assert_eq!(census.values().sum::<usize>(), 148_203);
    let all = load(&folder);
    is_complete(&all, &census);
    assert!(all.rejects.is_empty() && all.aliases.len() == 615);
    let deaths = all.statements.iter().flat_map(|(_, statement)| &statement.records);
    assert_eq!(deaths.filter(|record| matches!(record, Record::Death(_))).count(), 124);
    // 5,661 panels become 11,325 results.
    let expect = [
        ("AllergyIntolerance", (374, 374)),
        ("Condition", (4546, 4546)),
        ("Encounter", (18_098, 18_098)),
        ("Immunization", (7389, 7389)),
        ("MedicationRequest", (4712, 4712)),
        ("Observation", (88_674, 88_674 - 5661 + 11_325)),
        ("Patient", (615, 615 + 124)),
        ("Procedure", (14_081, 14_081)),
    ];
    assert_eq!(statements(&all), expect.into());
}

#[test]
fn synthea_as_bundles() {
    let Some(folder) = folder("fhir/bundles_raw20") else { return };
    let all = load(&folder);
    is_complete(&all, &census(&folder));
    assert!(all.rejects.is_empty() && all.aliases.len() == 19);
    // Every reference leads to a patient of the bundle.
    assert!(all.statements.iter().all(|(patient, _)| all.aliases.iter().any(|(key, _)| key == patient)));
}

#[test]
fn bulk_export() {
    let Some(folder) = folder("fhir/smart_bulk10_uscore_partial") else { return };
    assert_eq!(files(&folder).1.len(), 1, "the log of the export");
    let all = load(&folder);
    is_complete(&all, &census(&folder));
    assert!(all.rejects.is_empty() && all.aliases.len() == 13);
    assert_eq!(remark(&all, "fhir-type-document-reference"), 1215);
}

#[test]
fn clinosim() {
    let Some(folder) = folder("jp/fhir-clinosim-jp-ndjson") else { return };
    let all = load(&folder);
    let census = census(&folder);
    is_complete(&all, &census);
    assert!(all.rejects.is_empty());
    let found = statements(&all);
    // 277 pressures become 554 results, 469 rates of oxygen have the method beside them.
    assert_eq!(found["Observation"], (3896, 3896 - 277 + 554 + 469));
    assert_eq!(found["MedicationAdministration"].0, 690);
    assert_eq!(remark(&all, "fhir-status"), 3 + 6, "not given, not vaccinated");
    // JLAC10, if only its first five characters, and LOINC side by side: the LOINC is kept.
    let both = all.statements.iter().flat_map(|(_, statement)| &statement.records).filter(|record| {
        let Record::Measurement(found) = record else { return false };
        let loinc = found.codes.iter().any(|code| code.system == System::Loinc);
        loinc && found.codes.iter().any(|code| code.system != System::Loinc && code.code.len() == 5)
    });
    assert_eq!(both.count(), 794);
    // The plans of insurances are written as text.
    assert_eq!(found["Coverage"], (30, 0));
}

#[test]
fn jp_clins() {
    let Some(folder) = folder("jp/fhir-jpclins-1.5.2/examples") else { return };
    let all = load(&folder);
    let census = census(&folder);
    is_complete(&all, &census);
    let found = statements(&all);
    for (kind, expect) in [
        ("AllergyIntolerance", (8, 8)),
        ("Condition", (13, 13)),
        ("Encounter", (2, 2)),
        ("MedicationRequest", (15, 15)),
        ("Observation", (9, 8)),
        ("Patient", (7, 7)),
    ] {
        assert_eq!(found[kind], expect, "{kind}");
    }
    // Two conditions, one observation and one visit have no date, and eight contained parts stand without a patient.
    let mut rejects = BTreeMap::<_, usize>::new();
    for reject in &all.rejects {
        assert_eq!(reject.rule, Rule::Essential);
        *rejects.entry(reject.column.as_deref().unwrap()).or_default() += 1;
    }
    let expect = [
        ("Condition.onsetDateTime", 2),
        ("Encounter.period.start", 1),
        ("Encounter.subject", 5),
        ("Observation.effectiveDateTime", 1),
        ("Specimen.subject", 2),
    ];
    assert_eq!(rejects, expect.into());
    assert_eq!(remark(&all, "fhir-insurer-number"), 20);
}

/// Without the hospital's own master such diagnoses have no ICD-10.
#[test]
fn jp_clins_diagnoses_carry_numbers_of_medis() {
    let Some(folder) = folder("jp/fhir-jpclins-1.5.2/examples") else { return };
    let all = load(&folder);
    let conditions =
        all.statements.iter().flat_map(|(_, statement)| &statement.records).filter_map(|record| match record {
            Record::Condition(found) => Some(found),
            _ => None,
        });
    let medis = |system| matches!(system, System::Medis | System::MedisExchange);
    let (only, others): (Vec<_>, Vec<_>) =
        conditions.partition(|found| found.codes.iter().all(|code| medis(code.system)));
    // Of the 15, two more have such a number and no date.
    assert_eq!((only.len(), others.len()), (12, 1));
    assert!(others[0].codes.iter().any(|code| code.system == System::Icd10));
}

#[test]
fn referral() {
    let Some(folder) = folder("jp/fhir-ereferral-jpfhirexamplecreation") else { return };
    let all = load(&folder);
    is_complete(&all, &census(&folder));
    assert_eq!(all.aliases.len(), 1);
    // Diagnoses and allergies are text; of two visits one is dated.
    assert_eq!(
        statements(&all),
        [
            ("AllergyIntolerance", (2, 0)),
            ("Condition", (5, 0)),
            ("Encounter", (1, 1)),
            ("MedicationRequest", (2, 2)),
            ("Patient", (1, 1)),
        ]
        .into()
    );
    assert_eq!(all.rejects.len(), 2);
}
