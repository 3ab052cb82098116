//! What the engine makes of a join, and tables for whoever tests with it.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Date32Array, UInt32Array, new_null_array};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::DataType;
use datafusion::physical_plan::displayable;
use parquet::arrow::ArrowWriter;
use renkei_plan::{Catalogue, Planner, Question};
use renkei_types::Timestamp;

use super::*;
use crate::store::Shape;

/// A table of rows `0..rows`, each of the person of its number and of concept 1, in a Parquet file as the agent hands it over.
pub(crate) fn table_file(table: &str, rows: u32) -> TableFile {
    let schema = Shape::of(renkei_cdm::table(table).unwrap()).schema;
    let columns = schema.fields().iter().map(|field| -> ArrayRef {
        match field.data_type() {
            DataType::UInt32 => Arc::new(UInt32Array::from_iter_values(0..rows)),
            _ if field.is_nullable() => new_null_array(field.data_type(), rows as usize),
            DataType::Date32 | DataType::Timestamp(..) => {
                cast(&Date32Array::from(vec![18_000; rows as usize]), field.data_type()).unwrap()
            }
            other if field.name().ends_with("_concept_id") => {
                cast(&UInt32Array::from(vec![1; rows as usize]), other).unwrap()
            }
            other => cast(&UInt32Array::from_iter_values(0..rows), other).unwrap(),
        }
    });
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns.collect()).unwrap();
    let mut file = tempfile::tempfile().unwrap();
    let mut writer = ArrowWriter::try_new(&mut file, schema, None).unwrap();
    writer.write(&batch).unwrap();
    writer.close().unwrap();
    let bytes = file.metadata().unwrap().len();
    TableFile { table: table.to_owned(), name: format!("{table}.parquet"), bytes, file: Arc::new(file) }
}

#[test]
fn what_a_join_has_seen_does_not_steer_a_scan() {
    let dir = tempfile::tempdir().unwrap();
    let (spill_dir, site) = (dir.path().to_owned(), SiteId::new("good").unwrap());
    let limits = Limits { threads: 2, memory_bytes: 64 << 20, spill_dir, spill_bytes: 1 << 20 };
    let engine = Engine::new(site.clone(), limits).unwrap();
    let sql = "SELECT count(*) AS n FROM person p JOIN visit_occurrence v ON p.person_id = v.person_id \
               WHERE p.year_of_birth = 17";
    let question = Question { sql, parameters: &[], bound_at: Timestamp(0) };
    let split = Planner::new(Catalogue::cdm()).split(&question).unwrap();
    let files = [table_file("person", 40), table_file("visit_occurrence", 40)];
    let tables = Sources::new("s", &files).unwrap();
    let address = Url::parse(ADDRESS).unwrap();
    let plan = |steered: bool| {
        let mut state = engine.session(None).unwrap();
        if steered {
            state.config_mut().options_mut().optimizer.enable_join_dynamic_filter_pushdown = true;
        }
        state.runtime_env().register_object_store(&address, Arc::new(Files::new("s", &files)));
        let feeds = Feeds::new();
        let sources = bind::Sources { site: &site, tables: &tables, feeds: &feeds, left_out: &[] };
        let watched = CancellationToken::new();
        let runtime = engine.runtime.as_ref().unwrap();
        let plan = runtime.block_on(physical(&state, &split.release_points[0], true, &sources, &watched));
        displayable(plan.unwrap().as_ref()).indent(true).to_string()
    };
    assert!(plan(true).contains("DynamicFilter"), "with the setting on there would be one");
    assert!(!plan(false).contains("DynamicFilter"), "{}", plan(false));
}
