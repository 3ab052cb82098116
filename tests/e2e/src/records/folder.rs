//! The OMOP folder: one CSV file a table, CDM v5.4.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::{DISEASE_GROUP, DISEASES, Person, SEXES, TESTS, Table, VISITS};

/// The type concept of everything here.
const TYPE: i32 = 32_817;
const VALID: &str = "1970-01-01,2099-12-31,";

pub(super) fn write(dir: &Path, people: &[Person], odd: &BTreeMap<&'static str, Table>) {
    let _ = fs::remove_dir_all(dir);
    fs::create_dir_all(dir).unwrap();
    let tables = [
        ("person", person(people)),
        ("visit_occurrence", visits(people)),
        ("measurement", measurements(people)),
        ("condition_occurrence", conditions(people)),
        ("death", "person_id,death_date\n".to_owned()),
        ("concept", concepts()),
        ("concept_ancestor", ancestors()),
        ("vocabulary", vocabulary()),
    ];
    for (name, text) in tables {
        let text = match odd.get(name) {
            Some(Table::Absent) => continue,
            Some(Table::Empty) => text.lines().take(1).map(|header| format!("{header}\n")).collect(),
            Some(Table::WithoutColumn(column)) => without_column(&text, column),
            Some(Table::WithoutRows(number)) => {
                let begin = format!("{number},");
                text.lines().filter(|line| !line.starts_with(&begin)).map(|line| format!("{line}\n")).collect()
            }
            None => text,
        };
        fs::write(dir.join(format!("{name}.csv")), text).unwrap();
    }
}

/// The file without a column; no value here has a comma in it.
fn without_column(text: &str, column: &str) -> String {
    let header = text.lines().next().unwrap_or_default();
    let at = header.split(',').position(|name| name == column).expect("the table has the column");
    let rest = |line: &str| {
        let kept = line.split(',').enumerate().filter(|(i, _)| *i != at).map(|(_, value)| value);
        kept.collect::<Vec<_>>().join(",") + "\n"
    };
    text.lines().map(rest).collect()
}

/// Persons with their numbers.
fn numbered(people: &[Person]) -> impl Iterator<Item = (usize, &Person)> {
    people.iter().enumerate().map(|(i, person)| (i + 1, person))
}

fn person(people: &[Person]) -> String {
    let mut text =
        "person_id,gender_concept_id,year_of_birth,race_concept_id,ethnicity_concept_id,person_source_value\n"
            .to_owned();
    for (id, Person { sex, born, .. }) in numbered(people) {
        writeln!(text, "{id},{sex},{born},0,0,P{id}").unwrap();
    }
    text
}

fn visits(people: &[Person]) -> String {
    let mut text = "visit_occurrence_id,person_id,visit_concept_id,visit_start_date,visit_end_date,\
                    visit_type_concept_id\n"
        .to_owned();
    let all = numbered(people).flat_map(|(id, person)| person.visits.iter().map(move |visit| (id, visit)));
    for (i, (id, visit)) in all.enumerate() {
        let day = format!("{}-03-05", visit.year);
        writeln!(text, "{},{id},{},{day},{day},{TYPE}", i + 1, visit.kind).unwrap();
    }
    text
}

fn measurements(people: &[Person]) -> String {
    let mut text = "measurement_id,person_id,measurement_concept_id,measurement_date,measurement_type_concept_id,\
                    value_as_number\n"
        .to_owned();
    let all = numbered(people).flat_map(|(id, person)| person.tests.iter().map(move |test| (id, test)));
    for (i, (id, test)) in all.enumerate() {
        let value = test.value.map(|value| value.to_string()).unwrap_or_default();
        writeln!(text, "{},{id},{},{}-07-01,{TYPE},{value}", i + 1, test.concept, test.year).unwrap();
    }
    text
}

fn conditions(people: &[Person]) -> String {
    let mut text = "condition_occurrence_id,person_id,condition_concept_id,condition_start_date,\
                    condition_type_concept_id\n"
        .to_owned();
    let all = numbered(people).flat_map(|(id, person)| person.diseases.iter().map(move |disease| (id, disease)));
    for (i, (id, disease)) in all.enumerate() {
        writeln!(text, "{},{id},{disease},2021-02-03,{TYPE}", i + 1).unwrap();
    }
    text
}

fn concepts() -> String {
    let mut text = "concept_id,concept_name,domain_id,vocabulary_id,concept_class_id,standard_concept,concept_code,\
                    valid_start_date,valid_end_date,invalid_reason\n"
        .to_owned();
    let domains: [(&str, &[i32]); 5] = [
        ("Gender", &SEXES),
        ("Visit", &VISITS),
        ("Condition", &DISEASES),
        ("Condition", &[DISEASE_GROUP]),
        ("Measurement", &TESTS),
    ];
    for (domain, concepts) in domains {
        for concept in concepts {
            writeln!(text, "{concept},{domain} {concept},{domain},Trial,Member,S,C{concept},{VALID}").unwrap();
        }
    }
    text
}

fn ancestors() -> String {
    let mut text =
        "ancestor_concept_id,descendant_concept_id,min_levels_of_separation,max_levels_of_separation\n".to_owned();
    for disease in DISEASES {
        writeln!(text, "{disease},{disease},0,0").unwrap();
        writeln!(text, "{DISEASE_GROUP},{disease},1,1").unwrap();
    }
    text
}

fn vocabulary() -> String {
    "vocabulary_id,vocabulary_name,vocabulary_reference,vocabulary_version,vocabulary_concept_id\n\
     None,all,none,trial 1,0\n"
        .to_owned()
}
