//! All that the sources say about one patient, put together into rows of the CDM.
//!
//! What must stay true: of statements with one key the newest counts, and nothing is counted twice, be it in two
//! versions, as an order and its administration, or by two systems of one hospital; a row's visit is the one that its
//! source names or the one that contains it, and none is invented; what cannot become a row is counted under a
//! [`Remark`]. Patients are independent: what becomes of one depends on no other, and memory holds one at a time.
//!
//! In this order, for each patient:
//!
//! 1. Statements: the newest of each key. Person: the newest of the first source that knows the year of birth; without
//!    one, or for a test patient, the patient is left out.
//! 2. Stays: admissions, transfers and discharges are paired by time, retractions applied; visits that sources state as
//!    a whole are added; the same stay in two sources becomes one (`stays`).
//! 3. Events: each gets its visit (`stays`), its concepts, and the table of its concept's domain (`events`).
//! 4. What no source states: observation periods, eras (`periods`).

mod concepts;
mod events;
mod mapped_row;
mod newest;
mod periods;
mod person;
mod remarks;
mod sheet;
mod stays;
#[cfg(test)]
mod tests;
mod usage;

use std::io;

use arrow_array::RecordBatch;
use renkei_cdm::Table;

pub use concepts::{Concepts, Known};
pub use remarks::{LOCAL_UNNAMED, REMARKS};
pub use usage::{Usage, Used};

use crate::record::{Codes, Record, Statement};
use crate::when::Day;
use crate::{Remarks, Rules};
use person::Sites;
use sheet::Sheets;

/// A statement, and the position of its source: of two sources that say the same the first counts.
#[derive(Debug, Clone, PartialEq)]
pub struct Sourced {
    /// Position of the source among the sources.
    pub source: u16,
    /// What it says.
    pub statement: Statement,
}

/// Who a patient is in the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Who {
    /// The CDM's number of the person.
    pub person_id: i64,
    /// What stands for the hospital's patient number: the same at each ingest, and no way back to it.
    pub pseudonym: String,
}

/// Takes finished rows of a table.
pub type Each<'a> = &'a mut dyn FnMut(&'static Table, RecordBatch) -> io::Result<()>;

/// Puts patients together, one after the other.
pub struct Assembler<'a> {
    rules: &'a Rules,
    concepts: &'a dyn Concepts,
    as_of: Day,
    sheets: Sheets,
    sites: Sites,
    usage: Usage,
    remarks: Remarks,
    persons: u64,
}

/// What came of all patients, beside their rows.
#[derive(Debug, Default)]
pub struct Assembled {
    /// Persons in the snapshot.
    pub persons: u64,
    /// Which codes were used, and how often.
    pub usage: Usage,
    /// What was odd.
    pub remarks: Remarks,
}

impl<'a> Assembler<'a> {
    /// An assembler. `as_of` is the day of the extraction: the end of what has no end yet.
    #[must_use]
    pub fn new(rules: &'a Rules, concepts: &'a dyn Concepts, as_of: Day) -> Self {
        Self {
            rules,
            concepts,
            as_of,
            sheets: Sheets::default(),
            sites: Sites::default(),
            usage: Usage::default(),
            remarks: Remarks::default(),
            persons: 0,
        }
    }

    /// Adds one patient, with everything that all sources say about them.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn patient(&mut self, who: &Who, mut statements: Vec<Sourced>, each: Each<'_>) -> io::Result<()> {
        let records = statements.iter_mut().flat_map(|sourced| &mut sourced.statement.records);
        records.filter_map(expandable).for_each(|codes| self.concepts.expand(codes));
        let facts = newest::facts(statements, &mut self.remarks);
        let Some(person) = person::choose(&facts, &mut self.remarks) else { return Ok(()) };
        self.persons += 1;
        self.usage.next_person();
        let mut stays = stays::Stays::of(&facts, self.as_of, &mut self.remarks);
        let span = periods::life(&person, self.as_of);
        let mut days = periods::Days::within(span);
        self.person(who, &person, &facts, each)?;
        self.visits(who, &mut stays, &mut days, each)?;
        self.events(who, &facts, &stays, &mut days, each)?;
        self.derived(who, days, each)
    }

    /// Hands out what is left, and ends.
    ///
    /// # Errors
    /// Those of `each`.
    pub fn finish(mut self, each: Each<'_>) -> io::Result<Assembled> {
        self.sites.write(&mut self.sheets, each)?;
        self.sheets.finish(each)?;
        Ok(Assembled { persons: self.persons, usage: self.usage, remarks: self.remarks })
    }
}

/// The codes for which masters know others: of diseases and of drugs.
fn expandable(record: &mut Record) -> Option<&mut Codes> {
    match record {
        Record::Condition(condition) => Some(&mut condition.codes),
        Record::Drug(drug) => Some(&mut drug.codes),
        _ => None,
    }
}

/// The number of a statement of the patient, and of a record in it.
type Place = (usize, usize);

/// A record, and the source that it is from.
#[derive(Debug, Clone, PartialEq)]
struct Fact {
    source: u16,
    /// Which of the patient's statements it stands in, and where.
    place: Place,
    version: i64,
    record: Record,
}
