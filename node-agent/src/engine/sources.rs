//! Tables of the engine over the files of a snapshot.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::common::{DataFusionError, Result};
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::TableSource;
use url::Url;

use super::files::{ADDRESS, TableFile, path};
use crate::store::Shape;

/// The tables that a question may scan.
#[derive(Default)]
pub(super) struct Sources(BTreeMap<String, Arc<dyn TableSource>>);

impl Sources {
    /// Tables over the open files of a snapshot.
    pub(super) fn new(snapshot: &str, files: &[TableFile]) -> Result<Self> {
        let mut urls: BTreeMap<&str, Vec<ListingTableUrl>> = BTreeMap::new();
        for file in files {
            urls.entry(&file.table).or_default().push(url(snapshot, &file.name)?);
        }
        let sources = urls.into_iter().map(|(name, urls)| {
            let table = renkei_cdm::table(name).ok_or_else(|| DataFusionError::Internal("no table".to_owned()))?;
            let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
            let config = ListingTableConfig::new_with_multi_paths(urls)
                .with_listing_options(options)
                .with_schema(Shape::of(table).schema);
            Ok((name.to_owned(), provider_as_source(Arc::new(ListingTable::try_new(config)?))))
        });
        Ok(Self(sources.collect::<Result<_>>()?))
    }

    /// The table as a source of the engine.
    ///
    /// # Errors
    /// When the question came without it.
    pub(super) fn get(&self, table: &str) -> Result<Arc<dyn TableSource>> {
        let missing = || DataFusionError::Internal(format!("the question came without table {table}"));
        self.0.get(table).cloned().ok_or_else(missing)
    }
}

fn url(snapshot: &str, name: &str) -> Result<ListingTableUrl> {
    let url = Url::parse(&format!("{ADDRESS}/{}", path(snapshot, name)));
    ListingTableUrl::try_new(url.map_err(|error| DataFusionError::External(error.into()))?, None)
}
