//! Rows that a site maps to the CDM itself: their columns stand, what follows from them is filled in.

use renkei_cdm::Table;

use super::concepts::Concepts;
use super::sheet::RowBuilder;
use super::stays::Stay;
use crate::record::{Cell, Codes, Provenance, Row};
use crate::when::{Day, When};

/// Visit concept of a stay in hospital, and of one that begins in the emergency room.
const INPATIENT: [i64; 2] = [9201, 262];

/// A column's value.
pub(super) fn cell<'a>(table: &Table, row: &'a Row, column: &str) -> Option<&'a Cell> {
    let at = table.columns.iter().position(|other| other.name == column)?;
    row.cells.iter().find(|(place, _)| usize::from(*place) == at).map(|(_, cell)| cell)
}

/// When something happened, by its column of dates and the one of times.
pub(super) fn when(table: &Table, row: &Row, date: &str, time: &str) -> Option<When> {
    let time = match cell(table, row, time) {
        Some(Cell::Time(micros)) => {
            let day = Day(i32::try_from(micros.div_euclid(86_400_000_000)).ok()?);
            Some(When { day, time: Some(micros.rem_euclid(86_400_000_000)) })
        }
        _ => None,
    };
    match cell(table, row, date) {
        Some(Cell::Day(day)) => Some(time.filter(|time| time.day == *day).unwrap_or(When::day(*day))),
        _ => time,
    }
}

/// A visit; `None` without a start.
pub(super) fn stay(source: u16, row: &Row, as_of: Day) -> Option<Stay> {
    let table = renkei_cdm::table("visit_occurrence")?;
    let integer = |column| match cell(table, row, column) {
        Some(Cell::Integer(value)) => Some(*value),
        _ => None,
    };
    let concept = integer("visit_concept_id").unwrap_or(0);
    let inpatient = INPATIENT.contains(&concept);
    let start = when(table, row, "visit_start_date", "visit_start_datetime")?;
    let end = when(table, row, "visit_end_date", "visit_end_datetime");
    let open = inpatient && end.is_none();
    let end = end.unwrap_or(if inpatient { When::day(as_of) } else { start }).max(start);
    Some(Stay {
        source,
        concept: i32::try_from(concept).unwrap_or(0),
        inpatient,
        start,
        end,
        open,
        department: None,
        admitted_from: None,
        discharged_to: None,
        provenance: integer("visit_type_concept_id").and_then(|id| i32::try_from(id).ok()).unwrap_or(32817),
        parts: Vec::new(),
        row: Some(row.clone()),
        id: 0,
    })
}

/// Sets the columns of a mapped row, and the concepts of its codes where the mapping names none.
pub(super) fn fill(builder: &mut RowBuilder<'_>, row: &Row, concepts: &dyn Concepts) {
    let table = builder.table();
    for (at, cell) in &row.cells {
        builder.put(usize::from(*at), cell.clone());
    }
    for (at, codes) in &row.codes {
        let Some(column) = table.columns.get(usize::from(*at)) else { continue };
        builder.code(column.name, codes.first());
        let Some(stem) = column.name.strip_suffix("_source_value") else { continue };
        let (standard, source) = concepts_of(stem, codes, concepts);
        let set = |name: &str| cell(table, row, name).is_some();
        let concept = format!("{stem}_concept_id");
        if !set(&concept) && table.column(&concept).is_some() {
            builder.concept(&concept, standard);
        }
        let of_source = format!("{stem}_source_concept_id");
        if !set(&of_source) {
            builder.concept(&of_source, source);
        }
    }
}

/// What follows from a row where its mapping does not say it: that it is from the hospital's record, and the last day
/// of a supply.
pub(super) fn derived(builder: &mut RowBuilder<'_>, row: &Row, start: Option<When>) {
    let table = builder.table();
    let end = "drug_exposure_end_date";
    if table.name == "drug_exposure" && cell(table, row, end).is_none() {
        let days = match cell(table, row, "days_supply") {
            Some(Cell::Integer(days)) => i32::try_from(*days).unwrap_or(1).max(1),
            _ => 1,
        };
        builder.day(end, start.map(|start| start.day.plus(days - 1)));
    }
    let typed = table.columns.iter().filter(|column| column.name.ends_with("_type_concept_id") && column.required);
    for column in typed.filter(|column| cell(table, row, column.name).is_none()) {
        builder.concept(column.name, Provenance::Ehr.concept());
    }
}

/// Standard concept and source concept. A unit that is not known stays empty, everything else is 0.
fn concepts_of(stem: &str, codes: &Codes, concepts: &dyn Concepts) -> (Option<i32>, Option<i32>) {
    if stem == "unit" {
        return (codes.iter().find_map(|code| concepts.unit(code)), None);
    }
    let mapped = concepts.resolve(codes);
    let standard = mapped.targets.first().map_or(0, |target| target.concept);
    (Some(standard), Some(mapped.source_concept))
}
