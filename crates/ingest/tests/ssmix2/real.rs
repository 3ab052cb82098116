//! Third-party samples, where this machine has them.

use std::path::{Path, PathBuf};

use renkei_ingest::record::{Condition, Drug, Record};
use renkei_ingest::ssmix2::looks_like;
use renkei_ingest::{Extract, Rules};

use crate::ssmix2::storage::{read, remarks, show, time};

fn sample(name: &str) -> Option<PathBuf> {
    let path = Path::new("../../../shared/data/jp").join(name);
    path.is_dir().then_some(path)
}

fn of<'e>(extract: &'e Extract, kind: &str) -> Vec<&'e Record> {
    let key = format!("/{kind}/");
    let statements = extract.statements.iter().filter(|(_, statement)| statement.key.contains(&key));
    let records = statements.flat_map(|(_, statement)| &statement.records);
    records.filter(|record| !matches!(record, Record::Born(_))).collect()
}

fn shown(extract: &Extract, kind: &str) -> Vec<String> {
    of(extract, kind).into_iter().map(show).collect()
}

/// Remarks of the converter itself, not of the codes.
fn counted(extract: &Extract) -> Vec<(String, u64)> {
    remarks(extract)
}

/// The code without its system, amount, unit, days, start, end.
fn drug(record: &Record) -> String {
    let Record::Drug(Drug { codes, quantity, unit, days, start, end, .. }) = record else { panic!("not a drug") };
    let unit = unit.as_ref().map_or("", |unit| &unit.code);
    let (days, end) = (days.unwrap_or(0), end.map_or(String::new(), time));
    format!("{} {} {unit} {days} {} {end}", codes[0].code, quantity.unwrap_or(0.0), time(*start))
}

#[test]
fn the_testing_tool_of_the_national_hospital_organization() {
    let Some(root) = sample("ssmix2-nho-testingtool/sampleData") else { return };
    assert!(looks_like(&root));
    let (extract, files, troubles) = read(&root, &Rules::default());
    assert_eq!((files, troubles, extract.statements.len(), extract.rejects.len()), (19, 0, 14, 0));
    let expect = [
        ("day-imputed", 2),
        ("not-read-omd", 1),
        ("not-read-omg-01", 1),
        ("not-read-omg-02", 1),
        ("not-read-omg-03", 1),
        ("not-read-oml-01", 1),
        ("patient-mismatch", 6),
        ("text-result", 1),
    ];
    assert_eq!(counted(&extract), expect.map(|(id, count)| (id.to_owned(), count)));
    assert_eq!(
        shown(&extract, "ADT-00"),
        [
            "person 1948-4-5 Male 422",
            "observed HL7-0334:PT =HL7-0136:Y 2011-12-20T21:00:00",
            "Ehr JLAC10:9N001000000000001 167.8 UCUM:cm 2011-12-20T21:00:00 in",
            "Ehr JLAC10:9N006000000000001 63.5 UCUM:kg 2011-12-20T21:00:00 in",
            "observed JLAC10:5H010000009199911 =SSMIX2:JSHR002:A 2011-12-20T21:00:00",
            "observed HL7-0127:DA =LOCAL:99XYZ:1 2011-12-20T21:00:00",
            "payer SSMIX2:JHSD0001:67 2009-12-01",
        ]
    );
    let allergies = shown(&extract, "ADT-61");
    let dates: Vec<_> = allergies.iter().filter_map(|text| text.rsplit(' ').next()).collect();
    assert_eq!(dates, ["1996-01-01", "2011-10-13T23:22:13", "2003-02-01", "2007-07-10"]);
    assert_eq!(shown(&extract, "PPR-01"), ["MEDIS:20054174+ICD10:K297 2011-08-31..2011-09-15 Primary out"]);
    let stay: Vec<_> = ["ADT-22", "ADT-42", "ADT-52"].iter().flat_map(|kind| shown(&extract, kind)).collect();
    let places: Vec<_> = stay.iter().map(|text| text.split(' ').take(2).collect::<Vec<_>>().join(" ")).collect();
    assert_eq!(
        places,
        ["Admission 2011-11-20T16:00:00", "Transfer 2011-12-20T20:00:00", "Discharge 2011-12-20T12:00:00"]
    );
    assert!(stay[2].ends_with("HL7-0112:01"));
}

#[test]
fn drugs_and_results_of_the_same() {
    let Some(root) = sample("ssmix2-nho-testingtool/sampleData") else { return };
    let (extract, ..) = read(&root, &Rules::default());
    let drugs = |kind| of(&extract, kind).into_iter().map(drug).collect::<Vec<_>>();
    assert_eq!(
        drugs("OMP-01"),
        [
            "108665201 15 TAB 5 2011-07-01T00:00:00 2011-07-05",
            "110626901 30 TAB 5 2011-07-01T00:00:00 2011-07-05",
            "100607002 1400 MG 14 2011-07-01T00:00:00 2011-07-14",
        ]
    );
    let hours = [("08", "13"), ("13", "18"), ("18", "23")];
    let infusion = |code: &str, unit: &str, (from, to): (&str, &str)| {
        format!("{code} 1 {unit} 0 2011-07-01T{from}:00:00 2011-07-01T{to}:00:00")
    };
    let both = |span| [infusion("620007329", "HON", span), infusion("620002559", "AMP", span)];
    assert_eq!(drugs("OMP-02"), hours.into_iter().flat_map(both).collect::<Vec<_>>());
    assert_eq!(
        drugs("OMP-12"),
        [
            "620007329 1 HON 0 2011-07-01T08:05:21 2011-07-01T13:05:43",
            "620002559 1 AMP 0 2011-07-01T08:05:21 2011-07-01T13:05:43",
        ]
    );
    assert_eq!(drugs("OMP-11").len(), 2);
    let pairing = |kind| match of(&extract, kind)[0] {
        Record::Drug(drug) => drug.order.clone(),
        _ => None,
    };
    assert_eq!(pairing("OMP-02"), Some("123456789012345".into()));
    assert_eq!(pairing("OMP-02"), pairing("OMP-12"));
    let results = of(&extract, "OML-11");
    let values = results.iter().filter_map(|record| match record {
        Record::Measurement(m) => Some((&*m.codes[0].code, m.value.number?, m.value.low?, m.value.high?, time(m.at))),
        _ => None,
    });
    let at = || "2011-12-19T15:00:00".to_owned();
    assert_eq!(
        values.collect::<Vec<_>>(),
        [
            ("3A016000002327102", 1.7, 1.2, 2.0, at()),
            ("3A010000002327101", 7.2, 6.7, 8.3, at()),
            ("3A015000002327101", 4.9, 3.7, 5.5, at()),
        ]
    );
    assert_eq!(
        (results.len(), of(&extract, "OMG-11").len(), of(&extract, "OMG-12").len(), of(&extract, "OMG-13").len()),
        (4, 1, 3, 11)
    );
}

#[test]
fn a_strict_rule_puts_the_mismatched_files_aside() {
    let Some(root) = sample("ssmix2-nho-testingtool/sampleData") else { return };
    let (extract, ..) = read(&root, &Rules { strict_patient: true, ..Rules::default() });
    assert_eq!((extract.statements.len(), extract.rejects.len()), (8, 6));
}

#[test]
fn the_generator_ssmixtwins() {
    let Some(root) = sample("ssmix2-ssmixtwins-generated/root") else { return };
    assert!(looks_like(&root));
    let (extract, files, troubles) = read(&root, &Rules::default());
    assert_eq!((files, troubles, extract.statements.len(), extract.rejects.len()), (30, 0, 30, 0));
    assert_eq!(counted(&extract), [("event-differs".to_owned(), 3)]);
    let conditions = of(&extract, "PPR-01");
    let suspected = |record: &&Record| matches!(record, Record::Condition(Condition { suspected: true, .. }));
    assert_eq!((conditions.len(), conditions.iter().filter(|record| suspected(record)).count()), (3, 3));
    for record in of(&extract, "ADT-12") {
        assert!(show(record).starts_with("Outpatient 2024-01-01T"));
    }
    let counts = |kind| of(&extract, kind).len();
    assert_eq!(["ADT-22", "ADT-52", "OMP-01", "OMP-02", "OML-11"].map(counts), [3, 3, 3, 12, 30]);
    let number = |record: &&Record| match record {
        Record::Measurement(m) => m.value.number,
        _ => None,
    };
    let cells: Vec<_> = of(&extract, "OML-11").iter().filter_map(number).filter(|number| *number > 1e6).collect();
    assert_eq!(cells, [5e6, 4.8e6, 5e6, 4.8e6, 5e6, 4.8e6]);
}
