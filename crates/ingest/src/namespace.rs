//! Names before a hospital's own codes.
//!
//! `LOCAL:12` of two hospitals, or of two systems of one, are two things with one spelling. A source that has a namespace
//! spells its own codes `LOCAL:kameda:12`; two sources that use one table of codes are given one namespace, and then
//! mean the same by decision. Codes of a national system, and answers of national forms that have no system of their own
//! (those of DPC), are the same everywhere and stay as they are. So do units that are written out: `LOCAL:個/視野` says
//! itself what it is.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::{Coding, System};
use crate::record::{Record, Value};

/// What stands between `LOCAL:` and the code: 1 to 12 lower-case letters, digits and hyphens, the first a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Namespace(String);

/// Longer ones would leave too little of a source value's 50 characters for the code.
const LONGEST: usize = 12;

/// How answers and classes of DPC begin that this crate itself puts under `LOCAL`.
const NATIONAL: [&str; 5] = ["DPC1-", "DPC-CLASS-", "DPC-DEPT-", "DPC-H-", "RECEIPT-UNIT-"];

/// The text is no namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a namespace is 1 to 12 lower-case letters, digits and hyphens and begins with a letter, such as \"kameda\"")]
pub struct NoNamespace;

impl TryFrom<String> for Namespace {
    type Error = NoNamespace;

    fn try_from(text: String) -> Result<Self, NoNamespace> {
        let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=LONGEST).contains(&text.len())
            && text.starts_with(|first: char| first.is_ascii_lowercase())
            && text.bytes().all(lower);
        if fits { Ok(Self(text)) } else { Err(NoNamespace) }
    }
}

impl From<Namespace> for String {
    fn from(namespace: Namespace) -> Self {
        namespace.0
    }
}

impl std::str::FromStr for Namespace {
    type Err = NoNamespace;

    fn from_str(text: &str) -> Result<Self, NoNamespace> {
        text.to_owned().try_into()
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether another hospital may mean something else by the code.
#[must_use]
pub fn is_own(coding: &Coding) -> bool {
    coding.system == System::Local && !NATIONAL.iter().any(|national| coding.code.starts_with(national))
}

impl Namespace {
    /// Whether the code is one of this namespace.
    #[must_use]
    pub fn has(&self, coding: &Coding) -> bool {
        is_own(coding) && coding.code.strip_prefix(self.0.as_str()).is_some_and(|rest| rest.starts_with(':'))
    }

    /// Puts the name before a hospital's own code.
    pub fn code(&self, coding: &mut Coding) {
        if is_own(coding) {
            coding.code = format!("{}:{}", self.0, coding.code).into();
        }
    }

    /// Puts the name before a unit that is a hospital's own number.
    pub fn unit(&self, unit: &mut Coding) {
        let number = unit.code.rsplit(':').next().unwrap_or_default();
        if number.bytes().all(|byte| byte.is_ascii_digit()) {
            self.code(unit);
        }
    }

    /// Puts the name before all of a hospital's own codes in a record.
    pub fn record(&self, record: &mut Record) {
        match record {
            Record::Person(_) | Record::Born(_) | Record::Death(_) => {}
            Record::Visit(visit) => {
                self.each(visit.department.iter_mut().chain(&mut visit.admitted_from).chain(&mut visit.discharged_to));
            }
            Record::Movement(step) => {
                self.each(step.department.iter_mut().chain(&mut step.ward).chain(&mut step.discharged_to));
            }
            Record::Condition(condition) => self.each(&mut condition.codes),
            Record::Drug(drug) => {
                self.each(drug.codes.iter_mut().chain(&mut drug.route));
                drug.unit.iter_mut().for_each(|unit| self.unit(unit));
            }
            Record::Procedure(procedure) => self.each(&mut procedure.codes),
            Record::Device(device) => self.each(&mut device.codes),
            Record::Measurement(measurement) => {
                self.each(&mut measurement.codes);
                self.value(&mut measurement.value);
            }
            Record::Observation(observation) => {
                self.each(&mut observation.codes);
                self.value(&mut observation.value);
            }
            Record::Specimen(specimen) => self.each(&mut specimen.codes),
            Record::Payer(payer) => self.code(&mut payer.plan),
            Record::Row(row) => {
                let columns = renkei_cdm::table(&row.table).map(|table| table.columns).unwrap_or_default();
                for (position, codes) in &mut row.codes {
                    let unit = columns.get(usize::from(*position)).is_some_and(|column| is_unit(column.name));
                    for coding in codes {
                        if unit { self.unit(coding) } else { self.code(coding) }
                    }
                }
            }
        }
    }

    fn each<'a>(&self, codes: impl IntoIterator<Item = &'a mut Coding>) {
        codes.into_iter().for_each(|coding| self.code(coding));
    }

    fn value(&self, value: &mut Value) {
        self.each(&mut value.code);
        value.unit.iter_mut().for_each(|unit| self.unit(unit));
    }
}

fn is_unit(column: &str) -> bool {
    matches!(column, "unit_source_value" | "dose_unit_source_value")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Row;

    fn named(code: &str, put: impl Fn(&Namespace, &mut Coding)) -> String {
        let namespace: Namespace = "kameda".parse().unwrap();
        let mut coding = Coding::new(System::Local, code);
        put(&namespace, &mut coding);
        assert_eq!(namespace.has(&coding), coding.code.starts_with("kameda:"));
        coding.source_value()
    }

    #[test]
    fn own_codes_are_named_and_those_of_everybody_are_not() {
        for (code, expect) in [
            ("12", "LOCAL:kameda:12"),
            ("99XYZ:12", "LOCAL:kameda:99XYZ:12"),
            ("WARD:5E", "LOCAL:kameda:WARD:5E"),
            ("DPC1-A000020-5=301", "LOCAL:DPC1-A000020-5=301"),
            ("RECEIPT-UNIT-016", "LOCAL:RECEIPT-UNIT-016"),
        ] {
            assert_eq!(named(code, Namespace::code), expect);
        }
        for (unit, expect) in [
            ("個/視野", "LOCAL:個/視野"),
            ("mEq/L", "LOCAL:mEq/L"),
            ("99XYZ:12", "LOCAL:kameda:99XYZ:12"),
            ("7", "LOCAL:kameda:7"),
        ] {
            assert_eq!(named(unit, Namespace::unit), expect);
        }
        let mut coding = Coding::new(System::Jlac10, "3A010000002327101");
        "kameda".parse::<Namespace>().unwrap().code(&mut coding);
        assert_eq!(coding.source_value(), "JLAC10:3A010000002327101");
    }

    #[test]
    fn a_mapped_rows_codes_are_named_and_its_units_are_units() {
        let table = renkei_cdm::table("measurement").unwrap();
        let position = |name: &str| {
            let position = table.columns.iter().position(|column| column.name == name).unwrap();
            u16::try_from(position).unwrap()
        };
        let local = |code: &str| vec![Coding::new(System::Local, code)];
        let mut record = Record::Row(Row {
            table: "measurement".into(),
            cells: Vec::new(),
            codes: vec![
                (position("measurement_source_value"), local("GLU")),
                (position("unit_source_value"), local("mg/dL")),
            ],
            visit: None,
        });
        "kameda".parse::<Namespace>().unwrap().record(&mut record);
        let Record::Row(row) = record else { panic!("it was a row") };
        let codes: Vec<String> = row.codes.iter().map(|(_, codes)| codes[0].to_string()).collect();
        assert_eq!(codes, ["LOCAL:kameda:GLU", "LOCAL:mg/dL"]);
    }

    #[test]
    fn names_that_would_not_fit_or_could_be_read_otherwise_are_refused() {
        for text in ["", "Kameda", "9a", "a:b", "-a", "a b", "thirteen-long", "亀田"] {
            assert_eq!(text.parse::<Namespace>(), Err(NoNamespace), "{text}");
        }
        assert!("a-1".parse::<Namespace>().is_ok());
    }
}
