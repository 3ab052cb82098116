//! The rows of events, table by table.

use super::super::sheet::RowBuilder;
use super::super::{Assembler, Who};
use super::{Event, Home, Links};
use crate::code::Coding;
use crate::codes::Target;
use crate::record::{Cell, Comparator, Grade, Standing, Value};
use crate::when::Day;

impl Home {
    /// The CDM table.
    pub(super) fn table(self) -> &'static str {
        match self {
            Self::Condition => "condition_occurrence",
            Self::Device => "device_exposure",
            Self::Drug => "drug_exposure",
            Self::Measurement => "measurement",
            Self::Observation => "observation",
            Self::Procedure => "procedure_occurrence",
            Self::Specimen => "specimen",
        }
    }
}

/// Last day of use: as stated, else as long as the supply lasts, else the first.
pub(super) fn drug_end(event: &Event<'_>) -> Day {
    let supply = event.days.filter(|days| *days > 0).map(|days| event.start.day.plus(days - 1));
    event.end.map(|end| end.day).or(supply).unwrap_or(event.start.day).max(event.start.day)
}

impl Assembler<'_> {
    /// Writes one row.
    pub(super) fn write(
        &mut self,
        who: &Who,
        home: Home,
        event: &Event<'_>,
        target: Target,
        source_concept: i32,
        Links { visit, whole }: Links,
    ) {
        let unit = event.value.and_then(|value| value.unit.as_ref()).or(event.unit);
        let of_value = self.value_concept(event.value, target);
        let unit_concept = unit.and_then(|unit| self.concepts.unit(unit));
        let route = event.route.map(|route| self.concepts.resolve(std::slice::from_ref(route)));
        let route = route.and_then(|mapped| mapped.targets.first().map(|target| target.concept));
        let of_results = whole.map(|_| self.concepts.measurements().unwrap_or(0));
        let Some(mut row) = self.sheets.row(home.table()) else { return };
        row.id("person_id", Some(who.person_id)).id("visit_occurrence_id", visit);
        let row = &mut row;
        match home {
            Home::Condition => condition(row, event),
            Home::Drug => drug(row, event),
            Home::Procedure => procedure(row, event),
            Home::Device => device(row, event),
            Home::Measurement => {
                measurement(row, event, of_value);
                row.id("measurement_event_id", whole).concept("meas_event_field_concept_id", of_results);
            }
            Home::Observation => observation(row, event, of_value),
            Home::Specimen => specimen(row, event),
        }
        let stem = home.stem();
        row.concept(&format!("{stem}_concept_id"), target.concept);
        row.concept(&format!("{stem}_type_concept_id"), event.provenance.concept());
        row.code(&format!("{stem}_source_value"), event.codes.first());
        row.concept(&format!("{stem}_source_concept_id"), source_concept);
        if home == Home::Drug {
            row.concept("route_concept_id", route);
        } else {
            row.concept("unit_concept_id", unit_concept).code("unit_source_value", unit);
        }
        row.end();
    }

    fn value_concept(&self, value: Option<&Value>, target: Target) -> Option<i32> {
        let grade = || value?.grade.and_then(|grade| self.concepts.grade(grade));
        let coded = || {
            let mapped = self.concepts.resolve(std::slice::from_ref(value?.code.as_ref()?));
            Some(mapped.targets.first().map_or(0, |target| target.concept))
        };
        target.value.or_else(grade).or_else(coded)
    }
}

impl Home {
    fn stem(self) -> &'static str {
        match self {
            Self::Condition => "condition",
            Self::Device => "device",
            Self::Drug => "drug",
            Self::Measurement => "measurement",
            Self::Observation => "observation",
            Self::Procedure => "procedure",
            Self::Specimen => "specimen",
        }
    }
}

fn condition(row: &mut RowBuilder<'_>, event: &Event<'_>) {
    row.day("condition_start_date", event.start.day).time("condition_start_datetime", Some(event.start));
    row.day("condition_end_date", event.end.map(|end| end.day)).time("condition_end_datetime", event.end);
    row.concept("condition_status_concept_id", event.standing.map(standing));
}

fn drug(row: &mut RowBuilder<'_>, event: &Event<'_>) {
    row.day("drug_exposure_start_date", event.start.day).time("drug_exposure_start_datetime", Some(event.start));
    row.day("drug_exposure_end_date", drug_end(event)).time("drug_exposure_end_datetime", event.end);
    row.day("verbatim_end_date", event.end.map(|end| end.day)).amount("quantity", event.quantity);
    row.id("days_supply", event.days.map(i64::from)).code("route_source_value", event.route);
    row.code("dose_unit_source_value", event.unit);
}

fn procedure(row: &mut RowBuilder<'_>, event: &Event<'_>) {
    row.day("procedure_date", event.start.day).time("procedure_datetime", Some(event.start));
    row.day("procedure_end_date", event.end.map(|end| end.day)).time("procedure_end_datetime", event.end);
    row.id("quantity", whole(event.quantity));
}

fn device(row: &mut RowBuilder<'_>, event: &Event<'_>) {
    row.day("device_exposure_start_date", event.start.day).time("device_exposure_start_datetime", Some(event.start));
    row.day("device_exposure_end_date", event.end.map(|end| end.day)).id("quantity", whole(event.quantity));
}

fn measurement(row: &mut RowBuilder<'_>, event: &Event<'_>, of_value: Option<i32>) {
    row.day("measurement_date", event.start.day).time("measurement_datetime", Some(event.start));
    row.concept("value_as_concept_id", of_value);
    if let Some(value) = event.value {
        row.concept("operator_concept_id", value.comparator.map(operator));
        row.amount("value_as_number", value.number);
        row.amount("range_low", value.low).amount("range_high", value.high);
        row.set("value_source_value", spelled(value).map(Cell::Text));
    }
}

fn observation(row: &mut RowBuilder<'_>, event: &Event<'_>, of_value: Option<i32>) {
    row.day("observation_date", event.start.day).time("observation_datetime", Some(event.start));
    row.concept("value_as_concept_id", of_value);
    if let Some(value) = event.value {
        row.amount("value_as_number", value.number);
        row.set("value_source_value", spelled(value).map(Cell::Text));
    }
}

fn specimen(row: &mut RowBuilder<'_>, event: &Event<'_>) {
    row.day("specimen_date", event.start.day).time("specimen_datetime", Some(event.start));
}

fn whole(quantity: Option<f64>) -> Option<i64> {
    quantity.filter(|quantity| quantity.fract() == 0.0 && quantity.abs() < 1e9).map(|quantity| quantity as i64)
}

/// Concepts of the domain Condition Status.
fn standing(standing: Standing) -> i32 {
    match standing {
        Standing::Admission => 32890,
        Standing::Discharge => 32896,
        Standing::Primary => 32902,
        Standing::Trigger => 32901,
        Standing::Resource => 32908,
        Standing::Comorbidity => 32907,
        Standing::Complication => 32909,
        Standing::Preoperative => 32897,
        Standing::Postoperative => 32898,
        Standing::Final => 32899,
    }
}

/// Concepts of the domain Meas Value Operator.
fn operator(comparator: Comparator) -> i32 {
    match comparator {
        Comparator::Less => 4_171_756,
        Comparator::AtMost => 4_171_754,
        Comparator::AtLeast => 4_171_755,
        Comparator::Greater => 4_172_704,
    }
}

/// A result in words in one spelling for all sources; a code as `SYSTEM:code`.
fn spelled(value: &Value) -> Option<String> {
    let grade = value.grade.map(|grade| match grade {
        Grade::Negative => "GRADE:-".to_owned(),
        Grade::Trace => "GRADE:+-".to_owned(),
        Grade::Positive => "GRADE:+".to_owned(),
        Grade::Plus(n) => format!("GRADE:{n}+"),
    });
    grade.or_else(|| value.code.as_ref().map(Coding::source_value))
}
