//! From the statements of all sources to a folder of CDM tables, patient by patient in the order of their numbers.

mod roster;
mod tables;

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use rand::CryptoRng;
use renkei_ingest::assemble::{Assembler, Concepts, Sourced, Usage};
use renkei_ingest::record::{Codes, Record};
use renkei_ingest::{Day, Remarks, Rules};

use crate::crosswalk::Crosswalk;
use crate::stage::Gone;
use crate::{Error, Source, Stage};
use roster::Roster;
use tables::Tables;

/// One source and its staging file.
pub type Staged = (Source, Stage);

/// What came of it.
#[derive(Debug, Default)]
pub struct Built {
    /// Persons in the tables.
    pub persons: u64,
    /// Patients who opted out, and are not in the tables.
    pub opted_out: u64,
    /// The codes that were used.
    pub usage: Usage,
    /// What was odd.
    pub remarks: Remarks,
}

/// What a build is made with.
pub struct Plan<'a> {
    /// The consortium's rules.
    pub rules: &'a Rules,
    /// Who knows concepts.
    pub concepts: &'a dyn Concepts,
    /// The day of the extraction.
    pub as_of: Day,
    /// Patient numbers that are left out.
    pub opted_out: &'a BTreeSet<String>,
}

/// Writes the tables of all patients of `sources` into the folder `out`, which has to be empty. `progress` is told how
/// many patients are done, and how many there are.
///
/// # Errors
/// [`Error`].
pub fn build(
    sources: &[Staged],
    plan: &Plan<'_>,
    crosswalk: &mut Crosswalk,
    out: &Path,
    entropy: &mut dyn CryptoRng,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<Built, Error> {
    let mut roster = Roster::of(sources)?;
    let opted_out = roster.leave_out(plan.opted_out);
    let known: Vec<Known> = sources.iter().map(|(_, stage)| Known::of(stage)).collect::<Result<_, _>>()?;
    let persons = crosswalk.persons(roster.patients(), entropy)?;
    let mut tables = Tables::new(out);
    let mut assembler = Assembler::new(plan.rules, plan.concepts, plan.as_of);
    let all = persons.len() as u64;
    for (done, (who, patient)) in (1..).zip(&persons) {
        let mut statements = Vec::new();
        for (source, number) in roster.numbers(patient) {
            statements.extend(about(sources, &known, *source, number)?);
        }
        let written = assembler.patient(who, statements, &mut |table, batch| tables.write(table, &batch));
        written.map_err(Error::io("write tables into", out))?;
        if done % 100 == 0 || done == all {
            progress(done, all);
        }
    }
    let assembled = assembler.finish(&mut |table, batch| tables.write(table, &batch));
    let assembled = assembled.map_err(Error::io("write tables into", out))?;
    tables.finish().map_err(Error::io("write tables into", out))?;
    let (persons, usage, remarks) = (assembled.persons, assembled.usage, assembled.remarks);
    Ok(Built { persons, opted_out, usage, remarks })
}

/// What a source says that is not about one patient.
struct Known {
    /// Codes of things that statements name by a reference.
    shared: HashMap<String, Codes>,
    /// What was deleted.
    gone: Gone,
}

impl Known {
    fn of(stage: &Stage) -> Result<Self, Error> {
        let gone = stage.gone()?;
        Ok(Self { shared: stage.shared(&gone)?, gone })
    }
}

/// What a source says about a patient: the tables that are taken from it, with codes for what it names by a reference.
fn about(sources: &[Staged], known: &[Known], source: u16, number: &str) -> Result<Vec<Sourced>, Error> {
    let at = usize::from(source);
    let (Some((settings, stage)), Some(known)) = (sources.get(at), known.get(at)) else { return Ok(Vec::new()) };
    let mut statements = stage.about(number, &known.gone)?;
    for statement in &mut statements {
        if let Some(tables) = &settings.tables {
            statement.records.retain(|record| tables.contains(table_of(record)));
        }
        for record in &mut statement.records {
            if let Record::Drug(drug) = record
                && let Some(reference) = &drug.reference
                && let Some(codes) = known.shared.get(reference)
            {
                drug.codes.extend(codes.iter().cloned());
            }
            if let Some(namespace) = &settings.namespace {
                namespace.record(record);
            }
        }
    }
    Ok(statements.into_iter().map(|statement| Sourced { source, statement }).collect())
}

/// The CDM table that a record is for, before its concept is known.
fn table_of(record: &Record) -> &str {
    match record {
        Record::Person(_) | Record::Born(_) => "person",
        Record::Death(_) => "death",
        Record::Visit(_) | Record::Movement(_) => "visit_occurrence",
        Record::Condition(_) => "condition_occurrence",
        Record::Drug(_) => "drug_exposure",
        Record::Procedure(_) => "procedure_occurrence",
        Record::Device(_) => "device_exposure",
        Record::Measurement(_) => "measurement",
        Record::Observation(_) => "observation",
        Record::Specimen(_) => "specimen",
        Record::Payer(_) => "payer_plan_period",
        Record::Row(row) => &row.table,
    }
}
