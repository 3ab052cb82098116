//! Rows about somebody who opted out, in tables that name no person: they are told by the rows that they belong to.
//!
//! `note_nlp` belongs to a note, `episode_event` to an episode. `cost` and `fact_relationship` name a table beside the row,
//! in words and numbers that sites write differently, so a row of theirs goes if its number is that of any row of
//! somebody who opted out: no question reads these tables, and rather one row too many goes than one too few. A place goes
//! where only persons who opted out live.

use std::collections::BTreeMap;

use arrow::compute::filter_record_batch;
use arrow_array::cast::AsArray;
use arrow_array::types::Int64Type;
use arrow_array::{Array, BooleanArray, RecordBatch};
use arrow_schema::ArrowError;
use renkei_cdm::{Kind, Table};
use roaring::RoaringTreemap;

/// The columns by which a table's rows are told, and the table whose rows they name; any where there is none.
type Links = &'static [(&'static str, Option<&'static str>)];

/// What the tables of persons had of those who opted out.
#[derive(Debug, Default)]
pub(super) struct Traces {
    /// Primary keys by table.
    rows: BTreeMap<&'static str, RoaringTreemap>,
    /// All of them.
    any: RoaringTreemap,
    /// Places of persons who opted out.
    left: RoaringTreemap,
    /// Places of anybody else, and of care sites.
    kept: RoaringTreemap,
}

/// The order in which tables are read: those of persons, then those whose places are kept, then the others.
pub(super) fn turn(table: &Table) -> u8 {
    match (table.kind, table.name) {
        (Kind::Local, _) => 0,
        (_, "care_site") => 1,
        _ => 2,
    }
}

/// Whether a row of the table may be about a person that it does not name.
pub(super) fn may_tell_of_a_person(table: &Table) -> bool {
    table.name == "location" || !links(table).is_empty()
}

fn links(table: &Table) -> Links {
    match table.name {
        "note_nlp" => &[("note_id", Some("note"))],
        "episode_event" => &[("episode_id", Some("episode"))],
        "cost" => &[("cost_event_id", None), ("payer_plan_period_id", Some("payer_plan_period"))],
        "fact_relationship" => &[("fact_id_1", None), ("fact_id_2", None)],
        _ => &[],
    }
}

impl Traces {
    /// Notes which rows of a table are about somebody who opted out, as `out` says of a person's id.
    pub(super) fn note(&mut self, table: &'static Table, batch: &RecordBatch, out: &dyn Fn(i64) -> bool) {
        let persons = table.person_column().and_then(|column| ids(batch, column.name));
        if let Some(keys) = table.primary_key().and_then(|key| ids(batch, key.name)) {
            let rows = persons.iter().flatten().zip(&keys);
            let gone = rows.filter(|(person, _)| person.is_some_and(out)).filter_map(|(_, key)| *key);
            let gone: RoaringTreemap = gone.map(i64::cast_unsigned).collect();
            if !gone.is_empty() {
                self.any |= &gone;
                *self.rows.entry(table.name).or_default() |= gone;
            }
        }
        if !matches!(table.name, "person" | "care_site") {
            return;
        }
        for (row, place) in ids(batch, "location_id").iter().flatten().enumerate() {
            let Some(place) = place.map(i64::cast_unsigned) else { continue };
            let person = persons.as_ref().and_then(|persons| *persons.get(row)?);
            let places = if person.is_some_and(out) { &mut self.left } else { &mut self.kept };
            places.insert(place);
        }
    }

    /// The rows of a table without persons that are about nobody who opted out.
    ///
    /// # Errors
    /// Arrow's.
    pub(super) fn filter(&self, table: &Table, batch: RecordBatch) -> Result<RecordBatch, ArrowError> {
        let mut keep = vec![true; batch.num_rows()];
        let mut drop_if = |column: &str, gone: &dyn Fn(u64) -> bool| {
            for (keep, id) in keep.iter_mut().zip(ids(&batch, column).unwrap_or_default()) {
                *keep &= !id.map(i64::cast_unsigned).is_some_and(gone);
            }
        };
        for (column, of) in links(table) {
            match of {
                Some(of) => {
                    if let Some(gone) = self.rows.get(of) {
                        drop_if(column, &|id| gone.contains(id));
                    }
                }
                None => drop_if(column, &|id| self.any.contains(id)),
            }
        }
        if table.name == "location" {
            drop_if("location_id", &|id| self.left.contains(id) && !self.kept.contains(id));
        }
        if keep.iter().all(|keep| *keep) {
            return Ok(batch);
        }
        filter_record_batch(&batch, &BooleanArray::from(keep))
    }
}

/// A column of ids; nothing where the batch has no such column.
fn ids(batch: &RecordBatch, column: &str) -> Option<Vec<Option<i64>>> {
    let ids = batch.column_by_name(column)?.as_primitive_opt::<Int64Type>()?;
    Some((0..ids.len()).map(|row| ids.is_valid(row).then(|| ids.value(row))).collect())
}

#[cfg(test)]
mod tests {
    use renkei_cdm::Role;

    use super::*;

    #[test]
    fn every_table_that_points_at_rows_of_persons_is_told_by_them() {
        for table in renkei_cdm::tables().iter().filter(|table| table.kind != Kind::Local) {
            for column in table.columns {
                let of = match column.role {
                    Role::Key(of) => of,
                    // Numbers of rows whose table another column names.
                    Role::Never if column.kind == renkei_cdm::ColumnType::Id => "",
                    _ => continue,
                };
                let local = of.is_empty() || renkei_cdm::table(of).is_some_and(|of| of.kind == Kind::Local);
                let event_of_an_episode = column.name == "event_id";
                let told = links(table).iter().any(|(link, _)| *link == column.name) || event_of_an_episode;
                assert_eq!(local, told, "{}.{}", table.name, column.name);
            }
            for (column, _) in links(table) {
                assert!(table.column(column).is_some(), "{}.{column}", table.name);
            }
        }
    }
}
