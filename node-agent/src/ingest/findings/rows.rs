//! What a row shows by itself, or beside its person's year of birth: dates and lengths. Looked at while the rows pass.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, TimestampMicrosecondType};
use arrow_array::{ArrayRef, RecordBatch};
use renkei_cdm::{ColumnType, Kind, Table};

use super::{Oddity, Tally};

const MICROS_PER_DAY: i64 = 86_400_000_000;
/// 1900-01-01 in days since 1970-01-01.
const YEAR_1900: i64 = -25_567;

/// Starts and ends, by table.
const SPANS: [(&str, &str, &str); 23] = [
    ("observation_period", "observation_period_start_date", "observation_period_end_date"),
    ("visit_occurrence", "visit_start_date", "visit_end_date"),
    ("visit_occurrence", "visit_start_datetime", "visit_end_datetime"),
    ("visit_detail", "visit_detail_start_date", "visit_detail_end_date"),
    ("visit_detail", "visit_detail_start_datetime", "visit_detail_end_datetime"),
    ("condition_occurrence", "condition_start_date", "condition_end_date"),
    ("condition_occurrence", "condition_start_datetime", "condition_end_datetime"),
    ("drug_exposure", "drug_exposure_start_date", "drug_exposure_end_date"),
    ("drug_exposure", "drug_exposure_start_datetime", "drug_exposure_end_datetime"),
    ("drug_exposure", "drug_exposure_start_date", "verbatim_end_date"),
    ("procedure_occurrence", "procedure_date", "procedure_end_date"),
    ("procedure_occurrence", "procedure_datetime", "procedure_end_datetime"),
    ("device_exposure", "device_exposure_start_date", "device_exposure_end_date"),
    ("device_exposure", "device_exposure_start_datetime", "device_exposure_end_datetime"),
    ("drug_era", "drug_era_start_date", "drug_era_end_date"),
    ("dose_era", "dose_era_start_date", "dose_era_end_date"),
    ("condition_era", "condition_era_start_date", "condition_era_end_date"),
    ("episode", "episode_start_date", "episode_end_date"),
    ("episode", "episode_start_datetime", "episode_end_datetime"),
    ("payer_plan_period", "payer_plan_period_start_date", "payer_plan_period_end_date"),
    ("cohort", "cohort_start_date", "cohort_end_date"),
    ("drug_strength", "valid_start_date", "valid_end_date"),
    ("concept", "valid_start_date", "valid_end_date"),
];

/// The checks of one table.
pub(in crate::ingest) struct RowChecks<'a> {
    table: &'static Table,
    spans: Vec<(usize, usize)>,
    dates: Vec<usize>,
    texts: Vec<(usize, u16)>,
    today: i64,
    births: &'a [i64],
}

impl<'a> RowChecks<'a> {
    /// The checks of `table`: `today` is the last day that is not in the future, `births` the first day of each
    /// owner's year of birth, both in days since 1970-01-01.
    pub(in crate::ingest) fn of(table: &'static Table, today: i64, births: &'a [i64]) -> Self {
        let position = |name: &str| table.columns.iter().position(|column| column.name == name);
        let columns = || table.columns.iter().enumerate();
        let spans = SPANS.iter().filter(|(of, ..)| *of == table.name);
        let dated = |kind| matches!(kind, ColumnType::Date | ColumnType::Datetime);
        Self {
            table,
            spans: spans.filter_map(|(_, start, end)| position(start).zip(position(end))).collect(),
            dates: columns()
                .filter(|(_, column)| table.kind == Kind::Local && dated(column.kind))
                .map(|(index, _)| index)
                .collect(),
            texts: columns()
                .filter_map(|(index, column)| match column.kind {
                    ColumnType::Text(Some(limit)) => Some((index, limit)),
                    _ => None,
                })
                .collect(),
            today,
            births,
        }
    }

    /// Counts what is odd in `batch`, whose rows belong to `owners` if the table is Local.
    pub(in crate::ingest) fn look(&self, batch: &RecordBatch, owners: Option<&[u32]>, tally: &mut Tally) {
        for &column in &self.dates {
            self.dates(column, batch.column(column), owners.unwrap_or_default(), tally);
        }
        for &(start, end) in &self.spans {
            let (starts, ends) = (instants(batch.column(start)), instants(batch.column(end)));
            let before =
                starts.zip(ends).filter(|(start, end)| start.zip(*end).is_some_and(|(start, end)| end < start));
            self.note(end, Oddity::EndBeforeStart, before.count(), tally);
        }
        for &(column, limit) in &self.texts {
            let long = too_long(batch.column(column), usize::from(limit));
            self.note(column, Oddity::TooLong, long, tally);
        }
    }

    fn dates(&self, column: usize, array: &ArrayRef, owners: &[u32], tally: &mut Tally) {
        let (mut early, mut late, mut unborn) = (0, 0, 0);
        // A birth_datetime is no event: person_id's own table compares with itself.
        let births = if self.table.name == "person" { &[] } else { self.births };
        for (row, day) in days(array).enumerate() {
            let Some(day) = day else { continue };
            early += usize::from(day < YEAR_1900);
            late += usize::from(day > self.today);
            let birth = owners.get(row).and_then(|&owner| births.get(owner as usize));
            unborn += usize::from(birth.is_some_and(|birth| day < *birth));
        }
        self.note(column, Oddity::Before1900, early, tally);
        self.note(column, Oddity::AfterSnapshot, late, tally);
        self.note(column, Oddity::BeforeBirth, unborn, tally);
    }

    fn note(&self, column: usize, oddity: Oddity, rows: usize, tally: &mut Tally) {
        if let Some(column) = self.table.columns.get(column) {
            tally.add(self.table.name, column.name, oddity, rows as u64);
        }
    }
}

/// Dates as days, datetimes as microseconds: comparable within one pair of columns, which have one type.
fn instants(array: &ArrayRef) -> Box<dyn Iterator<Item = Option<i64>> + '_> {
    match array.as_primitive_opt::<Date32Type>() {
        Some(dates) => Box::new(dates.iter().map(|day| day.map(i64::from))),
        None => match array.as_primitive_opt::<TimestampMicrosecondType>() {
            Some(times) => Box::new(times.iter()),
            None => Box::new(std::iter::empty()),
        },
    }
}

/// Days since 1970-01-01.
fn days(array: &ArrayRef) -> Box<dyn Iterator<Item = Option<i64>> + '_> {
    match array.as_primitive_opt::<TimestampMicrosecondType>() {
        Some(times) => Box::new(times.iter().map(|time| time.map(|time| time.div_euclid(MICROS_PER_DAY)))),
        None => instants(array),
    }
}

fn too_long(array: &ArrayRef, limit: usize) -> usize {
    let Some(texts) = array.as_string_opt::<i32>() else { return 0 };
    // Few bytes are few characters; only the rest has to be counted.
    let long = |text: &str| text.len() > limit && text.chars().count() > limit;
    let widest = texts.value_offsets().windows(2).map(|pair| pair[1] - pair[0]).max().unwrap_or(0);
    if usize::try_from(widest).unwrap_or(0) <= limit {
        0
    } else {
        texts.iter().flatten().filter(|text| long(text)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_span_names_two_columns_of_one_type_and_none_is_missing() {
        for (table, start, end) in SPANS {
            let table = renkei_cdm::table(table).unwrap();
            let (start, end) = (table.column(start).unwrap(), table.column(end).unwrap());
            assert_eq!(start.kind, end.kind, "{} {}", table.name, end.name);
        }
        for table in renkei_cdm::tables().iter().filter(|table| table.kind == Kind::Local) {
            for column in table.columns.iter().filter(|column| column.name.contains("_end_date")) {
                assert!(SPANS.iter().any(|(of, _, end)| *of == table.name && *end == column.name), "{}", column.name);
            }
        }
    }
}
