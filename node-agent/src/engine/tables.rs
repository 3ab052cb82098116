//! A snapshot's files as tables of the engine, made once per snapshot.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::TableSource;

use crate::store::Snapshot;

/// The tables of one snapshot, ready to be scanned, and the snapshot itself, so that nobody deletes its files.
pub struct SnapshotTables {
    snapshot: Arc<Snapshot>,
    sources: HashMap<String, Arc<dyn TableSource>>,
}

impl std::fmt::Debug for SnapshotTables {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SnapshotTables").field("snapshot", self.snapshot.id()).finish_non_exhaustive()
    }
}

impl SnapshotTables {
    /// Makes every table of the snapshot ready.
    ///
    /// # Errors
    /// When a file's path cannot be expressed as a URL.
    pub fn new(snapshot: Arc<Snapshot>) -> Result<Self> {
        let mut sources: HashMap<String, Arc<dyn TableSource>> = HashMap::new();
        for table in renkei_cdm::tables() {
            let files = snapshot.table_files(table.name);
            let Some(schema) = snapshot.schema(table.name).filter(|_| !files.is_empty()) else { continue };
            let urls = files.iter().map(|file| url(file)).collect::<Result<Vec<_>>>()?;
            let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
            let config =
                ListingTableConfig::new_with_multi_paths(urls).with_listing_options(options).with_schema(schema);
            sources.insert(table.name.to_owned(), provider_as_source(Arc::new(ListingTable::try_new(config)?)));
        }
        Ok(Self { snapshot, sources })
    }

    /// The snapshot.
    #[must_use]
    pub fn snapshot(&self) -> &Arc<Snapshot> {
        &self.snapshot
    }

    /// Whether the source that the snapshot was made from had the table, be it empty.
    #[must_use]
    pub fn has(&self, table: &str) -> bool {
        self.sources.contains_key(table)
    }

    /// Whether every file of the table is there, as long as it was when it was published. The engine would read a file
    /// that vanished as one without rows.
    #[must_use]
    pub fn whole(&self, table: &str) -> bool {
        let manifest = self.snapshot.manifest();
        self.snapshot.table_files(table).iter().all(|path| {
            let name = path.file_name().map(|name| name.to_string_lossy());
            let expected = name.and_then(|name| manifest.file(&name)).map(|entry| entry.bytes);
            std::fs::metadata(path).is_ok_and(|found| Some(found.len()) == expected)
        })
    }

    /// The table as a source of the engine.
    ///
    /// # Errors
    /// When the snapshot does not have it; the question is answered `not mapped` before it comes to that.
    pub fn source(&self, table: &str) -> Result<Arc<dyn TableSource>> {
        let missing = || DataFusionError::Internal(format!("the snapshot has no table {table}"));
        self.sources.get(table).cloned().ok_or_else(missing)
    }
}

fn url(file: &Path) -> Result<ListingTableUrl> {
    let absolute = std::path::absolute(file)?;
    let url = url::Url::from_file_path(&absolute)
        .map_err(|()| DataFusionError::Internal("a snapshot's path is not a file URL".to_owned()))?;
    ListingTableUrl::try_new(url, None)
}
