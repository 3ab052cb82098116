//! `renkei-gateway vocabulary import`: an Athena download becomes the current edition.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, bail};
use datafusion::arrow::array::{Array, AsArray, RecordBatch};
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::execution::disk_manager::{DiskManagerBuilder, DiskManagerMode};
use datafusion::execution::memory_pool::FairSpillPool;
use datafusion::execution::runtime_env::RuntimeEnvBuilder;
use datafusion::parquet::arrow::ArrowWriter;
use datafusion::parquet::basic::{Compression, ZstdLevel};
use datafusion::parquet::file::properties::{EnabledStatistics, WriterProperties};
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext, col};
use futures::StreamExt;
use renkei_cdm::Kind;
use renkei_plan::Catalogue;

use super::athena::{self, Reader};
use super::edition::Draft;

/// Tables without which code sets cannot be resolved.
const NEEDED: &[&str] = &["concept", "concept_ancestor", "concept_relationship", "vocabulary"];
/// What large tables are sorted by: the columns by which they are looked up.
const SORTED: &[(&str, &[&str])] = &[
    ("concept", &["concept_id"]),
    ("concept_ancestor", &["ancestor_concept_id", "descendant_concept_id"]),
    ("concept_relationship", &["concept_id_1", "relationship_id", "concept_id_2"]),
];
/// A code set reads a few row groups of this many rows.
const ROW_GROUP: usize = 1 << 17;
/// Memory of a sort; what is more goes to the disk.
const SORT_MEMORY: usize = 512 * 1024 * 1024;
/// How often long work says that it goes on, in rows.
const EVERY: u64 = 5_000_000;

/// Imports a folder of an Athena download as the current edition of a gateway's vocabulary. `say` takes lines for
/// whoever waits.
///
/// # Errors
/// With the file, line and column, when a file is missing or cannot be read; then the edition before it stays.
pub async fn import(from: &Path, to: &Path, say: &mut dyn FnMut(&str)) -> anyhow::Result<()> {
    let catalogue = Catalogue::cdm();
    let mut found = Vec::new();
    for table in renkei_cdm::tables().iter().filter(|table| table.kind == Kind::Reference) {
        let Some(known) = catalogue.table(table.name) else { continue };
        match athena::find(from, table.name)? {
            Some(path) => found.push((table.name, Arc::clone(known.columns()), path)),
            None if NEEDED.contains(&table.name) => bail!(
                "there is no {}.csv in `{}`; name the folder of an unpacked download of athena.ohdsi.org",
                table.name.to_uppercase(),
                from.display()
            ),
            None => {}
        }
    }
    let mut draft = Draft::begin(to)?;
    let mut version = None;
    for (table, schema, path) in found {
        let rows = one(&draft, table, schema, &path, &mut version, say).await?;
        draft.add(table, rows)?;
        let empty = if rows == 0 { "; what it would select is left to the sites" } else { "" };
        say(&format!("{table}: {rows} rows{empty}"));
    }
    let version = version.context("VOCABULARY.csv has no row `None`, which tells the version of the whole")?;
    draft.publish(version.clone())?;
    say(&format!("the vocabulary {version} is ready; start the gateway again to use it"));
    Ok(())
}

async fn one(
    draft: &Draft,
    table: &str,
    schema: SchemaRef,
    path: &Path,
    version: &mut Option<String>,
    say: &mut dyn FnMut(&str),
) -> anyhow::Result<u64> {
    let order = SORTED.iter().find(|(name, _)| *name == table).map(|(_, columns)| *columns);
    let target = draft.folder().join(format!("{table}.parquet"));
    let unsorted = match order {
        Some(_) => draft.folder().join(format!("{table}.unsorted.parquet")),
        None => target.clone(),
    };
    let mut reader = Reader::open(path, Arc::clone(&schema))?;
    let mut writer = writer(&unsorted, &schema)?;
    let (mut rows, mut told) = (0, 0);
    while let Some(batch) = reader.next()? {
        rows += batch.num_rows() as u64;
        if table == "vocabulary" && version.is_none() {
            *version = version_of(&batch);
        }
        writer.write(&batch)?;
        if rows / EVERY > told {
            told = rows / EVERY;
            say(&format!("{table}: {rows} rows read"));
        }
    }
    finish(writer, &unsorted)?;
    if let Some(order) = order {
        if rows >= EVERY {
            say(&format!("{table}: sorting"));
        }
        sort(&unsorted, &target, &schema, order, draft.folder()).await?;
        fs::remove_file(&unsorted)?;
    }
    Ok(rows)
}

/// The version of the whole, which Athena writes into the row of the vocabulary `None`.
fn version_of(batch: &RecordBatch) -> Option<String> {
    let ids = batch.column_by_name("vocabulary_id")?.as_string_opt::<i32>()?;
    let versions = batch.column_by_name("vocabulary_version")?.as_string_opt::<i32>()?;
    let row = (0..batch.num_rows()).find(|row| ids.value(*row) == "None" && versions.is_valid(*row))?;
    Some(versions.value(row).to_owned())
}

fn writer(path: &Path, schema: &SchemaRef) -> anyhow::Result<ArrowWriter<File>> {
    let file = File::create(path).with_context(|| format!("`{}` cannot be written", path.display()))?;
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_max_row_group_row_count(Some(ROW_GROUP))
        .set_statistics_enabled(EnabledStatistics::Page)
        .build();
    Ok(ArrowWriter::try_new(file, Arc::clone(schema), Some(properties))?)
}

fn finish(writer: ArrowWriter<File>, path: &Path) -> anyhow::Result<()> {
    let mut file = writer.into_inner()?;
    file.flush()?;
    file.sync_all().with_context(|| format!("`{}` cannot be written", path.display()))
}

async fn sort(from: &Path, to: &Path, schema: &SchemaRef, order: &[&str], folder: &Path) -> anyhow::Result<()> {
    let disk = DiskManagerBuilder::default().with_mode(DiskManagerMode::Directories(vec![folder.to_owned()]));
    let runtime = RuntimeEnvBuilder::new()
        .with_memory_pool(Arc::new(FairSpillPool::new(SORT_MEMORY)))
        .with_disk_manager_builder(disk)
        .build_arc()?;
    let mut config = SessionConfig::new().with_target_partitions(1);
    config.options_mut().execution.parquet.schema_force_view_types = false;
    let context = SessionContext::new_with_config_rt(config, runtime);
    let from = from.to_str().with_context(|| format!("`{}` is not UTF-8", from.display()))?;
    let by = order.iter().map(|column| col(*column).sort(true, false)).collect();
    let sorted = context.read_parquet(from, ParquetReadOptions::default()).await?.sort(by)?;
    let mut batches = sorted.execute_stream().await?;
    let mut writer = writer(to, schema)?;
    while let Some(batch) = batches.next().await {
        let batch = batch?;
        writer.write(&RecordBatch::try_new(Arc::clone(schema), batch.columns().to_vec())?)?;
    }
    finish(writer, to)
}
