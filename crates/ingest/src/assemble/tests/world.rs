//! A small world of concepts, statements by hand, and the rows that come of them as texts.

use std::collections::BTreeMap;

use arrow_cast::display::{ArrayFormatter, FormatOptions};

use crate::assemble::{Assembled, Assembler, Concepts, Sourced, Who};
use crate::codes::{Domain, How, Resolved, Target};
use crate::record::{Birth, Codes, Grade, Link, Movement, Person, Record, Sex, Statement, Step, Value};
use crate::{Coding, Day, Remark, Rules, System, When};

pub(super) struct World;

impl Concepts for World {
    fn expand(&self, codes: &mut Codes) {
        if codes.first().is_some_and(|code| &*code.code == "MEDIS") {
            codes.push(Coding::new(System::Local, "E11.9"));
        }
    }

    fn resolve(&self, codes: &[Coding]) -> Resolved {
        let target = |concept, domain| Target { concept, domain: Some(domain), value: None };
        let known = |code: &Coding| {
            let targets = match &*code.code {
                "E11.9" => vec![target(201_826, Domain::Condition)],
                "Z95.1" => vec![target(4_000_001, Domain::Observation)],
                "TWO" => vec![target(1, Domain::Condition), target(2, Domain::Condition)],
                "HB" => vec![target(3_000_963, Domain::Measurement)],
                "MET" => vec![target(1_503_297, Domain::Drug)],
                "K6335" | "150273810" => vec![target(4_145_884, Domain::Procedure)],
                "PAST" => vec![Target { value: Some(77), ..target(3, Domain::Observation) }],
                _ => return None,
            };
            Some((45_000_000, targets))
        };
        let (source_concept, targets) = codes.iter().find_map(known).unwrap_or_default();
        Resolved { source: codes.first().cloned(), source_concept, targets, by: How::Vocabulary }
    }

    fn unit(&self, unit: &Coding) -> Option<i32> {
        (&*unit.code == "mg/dL").then_some(8840)
    }

    fn grade(&self, grade: Grade) -> Option<i32> {
        (grade == Grade::Negative).then_some(9189)
    }

    fn measurements(&self) -> Option<i32> {
        Some(1_000_001)
    }

    fn ingredients(&self, drug: i32) -> &[i32] {
        if drug == 1_503_297 { &[1_503_297] } else { &[] }
    }
}

/// The day with that number after 2020-01-01.
pub(super) fn day(number: i32) -> Day {
    Day::of(2020, 1, 1).unwrap().plus(number)
}

pub(super) fn at(number: i32, hour: i64) -> When {
    When::at(day(number), hour * 3600)
}

pub(super) fn code(code: &str) -> Vec<Coding> {
    vec![Coding::new(System::Local, code)]
}

pub(super) fn born(year: i32) -> Record {
    let birth = Some(Birth { year, month: Some(4), day: Some(5) });
    Record::Person(Person { birth, sex: Sex::Female, zip3: Some("123".into()), test: false })
}

pub(super) fn step(step: Step, at: When) -> Movement {
    Movement { step, retracts: false, at, admitted: None, department: None, ward: None, discharged_to: None }
}

pub(super) fn number(number: f64) -> Value {
    Value { number: Some(number), ..Value::default() }
}

pub(super) fn inpatient(inpatient: bool) -> Link {
    Link { visit: None, inpatient: Some(inpatient) }
}

/// Statements of one source, each under a key of its own.
pub(super) fn said(source: u16, records: Vec<Record>) -> Vec<Sourced> {
    let statement = |(at, record)| Statement { key: format!("k{at}"), version: 0, records: vec![record] };
    records.into_iter().enumerate().map(|each| Sourced { source, statement: statement(each) }).collect()
}

/// What came of one patient: rows of each table as `column=value` where there is a value.
pub(super) struct Made {
    rows: BTreeMap<&'static str, Vec<BTreeMap<String, String>>>,
    pub(super) assembled: Assembled,
}

impl Made {
    /// The values of some columns in the rows of a table, separated by blanks; `-` for none.
    pub(super) fn look(&self, table: &str, columns: &[&str]) -> Vec<String> {
        let rows = self.rows.get(table).map(Vec::as_slice).unwrap_or_default();
        let cell = |row: &BTreeMap<String, String>, column: &&str| row.get(*column).cloned().unwrap_or("-".into());
        rows.iter().map(|row| columns.iter().map(|column| cell(row, column)).collect::<Vec<_>>().join(" ")).collect()
    }

    pub(super) fn rows(&self, table: &str) -> usize {
        self.rows.get(table).map_or(0, Vec::len)
    }

    pub(super) fn remarked(&self, remark: &Remark) -> u64 {
        self.assembled.remarks.count(remark)
    }
}

/// Puts patients together, each from their statements, as of day 1000.
pub(super) fn make(rules: &Rules, patients: Vec<Vec<Sourced>>) -> Made {
    let mut rows = BTreeMap::<&'static str, Vec<BTreeMap<String, String>>>::new();
    let options = FormatOptions::default().with_null("");
    let mut each = |table: &'static renkei_cdm::Table, batch: arrow_array::RecordBatch| {
        let schema = batch.schema();
        let columns: Vec<_> =
            batch.columns().iter().map(|column| ArrayFormatter::try_new(column, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            let cells = columns.iter().zip(schema.fields()).map(|(c, f)| (f.name().clone(), c.value(row).to_string()));
            rows.entry(table.name).or_default().push(cells.filter(|(_, value)| !value.is_empty()).collect());
        }
        Ok(())
    };
    let mut assembler = Assembler::new(rules, &World, day(1000));
    for (number, statements) in (1..).zip(patients) {
        let who = Who { person_id: number, pseudonym: format!("p{number}") };
        assembler.patient(&who, statements, &mut each).unwrap();
    }
    let assembled = assembler.finish(&mut each).unwrap();
    Made { rows, assembled }
}
