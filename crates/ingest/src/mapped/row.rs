//! One row of a hospital's table as one record.

use std::borrow::Cow;

use renkei_cdm::ColumnType;

use super::column::{Content, value};
use super::date::{Format, when};
use super::fold::{fold, half};
use super::reader::UNREADABLE;
use super::{Demand, Mapping};
use crate::record::{Birth, Cell, Codes, Comparator, Death, Person, Provenance, Record, Row, Sex};
use crate::when::{Day, When};
use crate::{Extract, Rule, Rules};

/// What came of a row.
#[derive(Debug)]
pub(super) enum Outcome {
    Record {
        patient: String,
        /// The row's own key, where the mapping names one.
        key: Option<String>,
        version: i64,
        record: Box<Record>,
    },
    LeftOut,
    /// The rule, and the column that breaks it.
    Rejected(Rule, &'static str),
}

/// The values of a row, by their column.
#[derive(Default)]
struct Contents {
    cells: Vec<(u16, Cell)>,
    codes: Vec<(u16, Codes)>,
}

impl Contents {
    fn has(&self, position: u16) -> bool {
        self.cells.iter().any(|(known, _)| *known == position) || self.codes.iter().any(|(known, _)| *known == position)
    }
}

impl Mapping {
    /// Converts a row, given the values of the columns that the mapping uses.
    pub(super) fn convert(&self, values: &[Cow<'_, str>], rules: &Rules, out: &mut Extract) -> Outcome {
        if !self.conditions.iter().all(|condition| condition.demand.holds(value(condition.column, values))) {
            return Outcome::LeftOut;
        }
        let patient = half(value(self.patient, values));
        if patient.is_empty() {
            return Outcome::Rejected(Rule::Essential, "person_id");
        }
        let made = match self.table.name {
            "person" => self.person(&patient, values, rules, out).map(Record::Person),
            "death" => self.death(values, out),
            _ => self.row(values, out).map(Record::Row),
        };
        let record = match made {
            Ok(record) => record,
            Err((rule, column)) => return Outcome::Rejected(rule, column),
        };
        let version = match self.version.map(|column| value(column, values)).filter(|text| !text.is_empty()) {
            None => 0,
            Some(text) => match version(text) {
                Some(version) => version,
                None => return Outcome::Rejected(Rule::Essential, "version"),
            },
        };
        match self.row_key(values) {
            Ok(key) => Outcome::Record { patient, key, version, record: Box::new(record) },
            Err(rule) => Outcome::Rejected(rule, "key"),
        }
    }

    /// The parts of a key are divided by a character that no table holds.
    fn row_key(&self, values: &[Cow<'_, str>]) -> Result<Option<String>, Rule> {
        let parts: Vec<&str> = self.key.iter().map(|column| value(*column, values)).collect();
        match parts.first() {
            None => Ok(None),
            Some(_) if parts.iter().all(|part| part.is_empty()) => Err(Rule::Essential),
            Some(_) => Ok(Some(parts.join("\u{1f}"))),
        }
    }

    fn row(&self, values: &[Cow<'_, str>], out: &mut Extract) -> Result<Row, (Rule, &'static str)> {
        let mut contents = self.contents(values, out)?;
        for required in &self.required {
            if !contents.has(required.position) && !required.source.is_some_and(|source| contents.has(source)) {
                return Err((Rule::Required, required.name));
            }
        }
        contents.cells.sort_by_key(|(position, _)| *position);
        contents.codes.sort_by_key(|(position, _)| *position);
        let visit = self.visit.map(|column| half(value(column, values))).filter(|visit| !visit.is_empty());
        if self.table.name == "visit_detail" && visit.is_none() {
            return Err((Rule::Required, "visit_occurrence_id"));
        }
        Ok(Row { table: self.table.name.to_owned(), cells: contents.cells, codes: contents.codes, visit })
    }

    fn contents(&self, values: &[Cow<'_, str>], out: &mut Extract) -> Result<Contents, (Rule, &'static str)> {
        let mut contents = Contents::default();
        for column in &self.columns {
            let content = match column.content(values, out) {
                Ok(None) => continue,
                Ok(Some(content)) => content,
                Err(_) if column.lenient => {
                    out.remark(&UNREADABLE);
                    continue;
                }
                Err(rule) => return Err((rule, column.name)),
            };
            match content {
                Content::Codes(codes) => contents.codes.push((column.position, codes)),
                Content::Compared(number, comparator) => {
                    let operator = self.operator().filter(|_| column.name == "value_as_number");
                    let Some((position, mapped)) = operator else { return Err((Rule::Type, column.name)) };
                    contents.cells.push((column.position, Cell::Float(number)));
                    if !mapped {
                        contents.cells.push((position, Cell::Integer(concept(comparator))));
                    }
                }
                Content::Cell(cell) => {
                    self.date_of(column.name, &cell, &mut contents);
                    // A day without a time leaves the time unknown; the date says the day.
                    if column.kind != ColumnType::Datetime || matches!(cell, Cell::Time(_)) {
                        contents.cells.push((column.position, cell));
                    }
                }
            }
        }
        Ok(contents)
    }

    /// Fills a date from its datetime where the mapping has only the latter.
    fn date_of(&self, name: &str, cell: &Cell, contents: &mut Contents) {
        let Some(stem) = name.strip_suffix("_datetime") else { return };
        let date = format!("{stem}_date");
        if self.columns.iter().any(|column| column.name == date) {
            return;
        }
        let day = match cell {
            Cell::Day(day) => *day,
            Cell::Time(micros) => {
                Day(i32::try_from(micros.div_euclid(crate::omop::parse::MICROS_PER_DAY)).unwrap_or(i32::MAX))
            }
            _ => return,
        };
        if let Some(position) = self.table.columns.iter().position(|column| column.name == date) {
            contents.cells.push((u16::try_from(position).unwrap_or(u16::MAX), Cell::Day(day)));
        }
    }

    /// Position of the operator, of tables that have one, and whether the mapping fills it itself.
    fn operator(&self) -> Option<(u16, bool)> {
        let position = self.table.columns.iter().position(|column| column.name == "operator_concept_id")?;
        let mapped = self.columns.iter().any(|column| column.name == "operator_concept_id");
        Some((u16::try_from(position).ok()?, mapped))
    }

    fn death(&self, values: &[Cow<'_, str>], out: &mut Extract) -> Result<Record, (Rule, &'static str)> {
        let row = self.row(values, out)?;
        let known = ["death_date", "death_datetime", "death_type_concept_id"];
        if self.columns.iter().any(|column| !known.contains(&column.name)) {
            return Ok(Record::Row(row));
        }
        let mut at = None;
        let mut provenance = Provenance::Ehr;
        for (_, cell) in row.cells {
            match cell {
                Cell::Day(day) => at = at.or(Some(When::day(day))),
                Cell::Time(micros) => {
                    let seconds = micros / 1_000_000;
                    at = Some(When::at(Day(0), seconds));
                }
                Cell::Integer(concept) => provenance = from_concept(concept),
                _ => {}
            }
        }
        at.map(|at| Record::Death(Death { at, provenance })).ok_or((Rule::Required, "death_date"))
    }

    fn person(
        &self,
        patient: &str,
        values: &[Cow<'_, str>],
        rules: &Rules,
        out: &mut Extract,
    ) -> Result<Person, (Rule, &'static str)> {
        let mut person = Person { birth: None, sex: Sex::Unknown, zip3: None, test: false };
        let (mut year, mut month, mut day) = (None, None, None);
        for column in &self.columns {
            if column.name == "zip" {
                let text = column.text(values).map_err(|rule| (rule, column.name))?;
                person.zip3 = text.and_then(|text| zip3(&text));
                continue;
            }
            let content = match column.content(values, out) {
                Err(_) if column.lenient => {
                    out.remark(&UNREADABLE);
                    None
                }
                other => other.map_err(|rule| (rule, column.name))?,
            };
            match (column.name, content) {
                ("gender_concept_id", Some(Content::Cell(Cell::Integer(concept)))) => person.sex = sex(concept),
                ("year_of_birth", Some(Content::Cell(Cell::Integer(number)))) => year = i32::try_from(number).ok(),
                ("month_of_birth", Some(Content::Cell(Cell::Integer(number)))) => month = u8::try_from(number).ok(),
                ("day_of_birth", Some(Content::Cell(Cell::Integer(number)))) => day = u8::try_from(number).ok(),
                ("birth_datetime", Some(Content::Cell(cell))) => {
                    let (y, m, d) = days_of(&cell).date();
                    (year, month, day) = (Some(y), u8::try_from(m).ok(), u8::try_from(d).ok());
                }
                _ => {}
            }
        }
        person.birth = birth(year, month, day).map_err(|column| (Rule::Range, column))?;
        let name = self.name.map(|column| value(column, values)).filter(|name| !name.is_empty());
        person.test = rules.is_test(patient, name.as_slice());
        Ok(person)
    }
}

fn birth(year: Option<i32>, month: Option<u8>, day: Option<u8>) -> Result<Option<Birth>, &'static str> {
    let Some(year) = year else { return Ok(None) };
    if !(1850..=2100).contains(&year) {
        return Err("year_of_birth");
    }
    if month.is_some_and(|month| !(1..=12).contains(&month)) {
        return Err("month_of_birth");
    }
    let day = day.filter(|_| month.is_some());
    if let (Some(month), Some(day)) = (month, day)
        && Day::of(year, u32::from(month), u32::from(day)).is_none()
    {
        return Err("day_of_birth");
    }
    Ok(Some(Birth { year, month, day }))
}

fn days_of(cell: &Cell) -> Day {
    match cell {
        Cell::Day(day) => *day,
        Cell::Time(micros) => {
            Day(i32::try_from(micros.div_euclid(crate::omop::parse::MICROS_PER_DAY)).unwrap_or(i32::MAX))
        }
        _ => Day(0),
    }
}

fn sex(concept: i64) -> Sex {
    match concept {
        8507 => Sex::Male,
        8532 => Sex::Female,
        8521 => Sex::Other,
        _ => Sex::Unknown,
    }
}

fn zip3(text: &str) -> Option<String> {
    let digits: String = half(text).chars().filter(char::is_ascii_digit).collect();
    (digits.len() == 7 && digits != "0000000" && digits != "9999999").then(|| digits[..3].to_owned())
}

/// OMOP's operators.
fn concept(comparator: Comparator) -> i64 {
    match comparator {
        Comparator::Less => 4_171_756,
        Comparator::AtMost => 4_171_754,
        Comparator::AtLeast => 4_171_755,
        Comparator::Greater => 4_172_704,
    }
}

fn from_concept(concept: i64) -> Provenance {
    use Provenance::{
        Claim, Ehr, EhrAdministration, EhrDispensing, EhrEncounter, EhrOrder, EhrPrescription, EhrProblemList, Lab,
    };
    let all =
        [Ehr, EhrAdministration, EhrEncounter, EhrOrder, EhrPrescription, EhrDispensing, EhrProblemList, Lab, Claim];
    all.into_iter().find(|known| i64::from(known.concept()) == concept).unwrap_or(Ehr)
}

/// A number, or a time, as something that grows.
fn version(text: &str) -> Option<i64> {
    let at = when(text, &Format::USUAL);
    at.map(|at| at.micros().unwrap_or(i64::from(at.day.0) * crate::omop::parse::MICROS_PER_DAY))
        .or_else(|| super::number::integer(text))
}

impl Demand {
    fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(texts) => texts.contains(&fold(text)),
            Self::Not(texts) => !texts.contains(&fold(text)),
            Self::Filled(filled) => text.is_empty() != *filled,
        }
    }
}
