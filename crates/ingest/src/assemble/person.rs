//! The person's own row, their death, and what belongs to the site: care sites and places of living.

use std::collections::BTreeMap;
use std::io;

use super::remarks::{BIRTH_DIFFERS, NO_PERSON, TEST_PATIENT};
use super::sheet::Sheets;
use super::{Assembler, Each, Fact, Who};
use crate::code::{Coding, System};
use crate::record::{Birth, Cell, Death, Payer, Person, Record, Sex};
use crate::when::Day;
use crate::{BirthPrecision, Remarks};

/// Race and ethnicity are not recorded in Japan.
const NOT_RECORDED: i32 = 0;

/// The person as the row will have them.
#[derive(Debug, Clone)]
pub(super) struct Chosen {
    /// Date of birth.
    pub(super) birth: Birth,
    sex: Sex,
    zip3: Option<String>,
}

/// Who the patient is: of the first source that knows the year of birth, the newest statement. What it leaves open is
/// taken from the others.
pub(super) fn choose(facts: &[Fact], remarks: &mut Remarks) -> Option<Chosen> {
    let mut persons: Vec<(u16, i64, &Person)> = facts
        .iter()
        .filter_map(|fact| match &fact.record {
            Record::Person(person) => Some((fact.source, fact.version, person)),
            _ => None,
        })
        .collect();
    persons.sort_by_key(|(source, version, _)| (*source, std::cmp::Reverse(*version)));
    if persons.iter().any(|(.., person)| person.test) {
        remarks.add(&TEST_PATIENT);
        return None;
    }
    let Some(birth) = persons.iter().find_map(|(.., person)| person.birth) else {
        remarks.add(&NO_PERSON);
        return None;
    };
    let known = |person: &&Person| matches!(person.sex, Sex::Male | Sex::Female);
    let sex = persons.iter().map(|(.., person)| *person).find(known).map_or(Sex::Unknown, |person| person.sex);
    let zip3 = persons.iter().find_map(|(.., person)| person.zip3.clone());
    Some(Chosen { birth, sex, zip3 })
}

/// Care sites and locations, numbered as they come.
#[derive(Debug, Default)]
pub(super) struct Sites {
    departments: BTreeMap<Coding, i64>,
    locations: BTreeMap<String, i64>,
}

impl Sites {
    /// The care site of a department or ward.
    pub(super) fn department(&mut self, coding: &Coding) -> i64 {
        let next = self.departments.len() as i64 + 1;
        *self.departments.entry(coding.clone()).or_insert(next)
    }

    fn location(&mut self, zip3: &str) -> i64 {
        let next = self.locations.len() as i64 + 1;
        *self.locations.entry(zip3.to_owned()).or_insert(next)
    }

    /// Writes their rows.
    pub(super) fn write(&self, sheets: &mut Sheets, each: Each<'_>) -> io::Result<()> {
        let mut departments: Vec<_> = self.departments.iter().collect();
        departments.sort_by_key(|(_, id)| **id);
        for (coding, id) in departments {
            if let Some(mut row) = sheets.row("care_site") {
                row.id("care_site_id", Some(*id)).concept("place_of_service_concept_id", 0);
                row.code("care_site_source_value", Some(coding)).end();
            }
        }
        let mut locations: Vec<_> = self.locations.iter().collect();
        locations.sort_by_key(|(_, id)| **id);
        for (zip3, id) in locations {
            if let Some(mut row) = sheets.row("location") {
                row.id("location_id", Some(*id)).set("zip", Cell::Text(zip3.clone())).end();
            }
        }
        sheets.flush(each)
    }
}

impl Assembler<'_> {
    /// Writes the rows `person`, `death` and `payer_plan_period`.
    pub(super) fn person(&mut self, who: &Who, person: &Chosen, facts: &[Fact], each: Each<'_>) -> io::Result<()> {
        let location = person.zip3.as_deref().map(|zip3| self.sites.location(zip3));
        let birth = person.birth;
        let told = facts.iter().filter(|fact| matches!(&fact.record, Record::Born(told) if differ(*told, birth)));
        self.remarks.add_many(&BIRTH_DIFFERS, told.count() as u64);
        let month = birth.month.filter(|_| self.rules.birth != BirthPrecision::Year);
        let day = birth.day.filter(|_| self.rules.birth == BirthPrecision::Day && month.is_some());
        if let Some(mut row) = self.sheets.row("person") {
            row.id("person_id", Some(who.person_id)).concept("gender_concept_id", gender(person.sex));
            row.id("year_of_birth", Some(birth.year.into()));
            row.id("month_of_birth", month.map(i64::from)).id("day_of_birth", day.map(i64::from));
            row.concept("race_concept_id", NOT_RECORDED).concept("ethnicity_concept_id", NOT_RECORDED);
            row.id("location_id", location).set("person_source_value", Cell::Text(who.pseudonym.clone()));
            row.code("gender_source_value", sex_code(person.sex).as_ref()).end();
        }
        let deaths = facts.iter().filter_map(|fact| match &fact.record {
            Record::Death(death) => Some((fact.source, death)),
            _ => None,
        });
        if let Some((_, death)) = deaths.min_by_key(|(source, death)| (*source, death.at)) {
            self.death(who, death);
        }
        for fact in facts {
            if let Record::Payer(payer) = &fact.record {
                self.payer(who, payer);
            }
        }
        self.sheets.flush(each)
    }

    fn death(&mut self, who: &Who, death: &Death) {
        if let Some(mut row) = self.sheets.row("death") {
            row.id("person_id", Some(who.person_id)).day("death_date", death.at.day);
            row.time("death_datetime", Some(death.at));
            row.concept("death_type_concept_id", death.provenance.concept()).end();
        }
    }

    /// An insurance without a first day says nothing about when, and has no row.
    fn payer(&mut self, who: &Who, payer: &Payer) {
        let Some(start) = payer.start else { return };
        let end = payer.end.map_or(self.as_of, |end| end.min(self.as_of)).max(start);
        if let Some(mut row) = self.sheets.row("payer_plan_period") {
            row.id("person_id", Some(who.person_id)).day("payer_plan_period_start_date", start);
            row.day("payer_plan_period_end_date", end).code("plan_source_value", Some(&payer.plan)).end();
        }
    }
}

fn gender(sex: Sex) -> i32 {
    match sex {
        Sex::Male => 8507,
        Sex::Female => 8532,
        Sex::Other | Sex::Unknown => 0,
    }
}

fn sex_code(sex: Sex) -> Option<Coding> {
    let code = match sex {
        Sex::Male => "M",
        Sex::Female => "F",
        Sex::Other => "O",
        Sex::Unknown => return None,
    };
    Some(Coding::new(System::Hl7(1), code))
}

/// Whether two dates of birth cannot be of one person, as far as both are known.
fn differ(one: Birth, other: Birth) -> bool {
    let apart = |one: Option<u8>, other: Option<u8>| one.zip(other).is_some_and(|(one, other)| one != other);
    one.year != other.year || apart(one.month, other.month) || apart(one.day, other.day)
}

/// The first day of the year of birth.
pub(super) fn born(birth: Birth) -> Day {
    Day::of(birth.year, 1, 1).unwrap_or(Day(i32::MIN))
}
