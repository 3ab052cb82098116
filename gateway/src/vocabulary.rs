//! The gateway's own vocabulary: what code sets and statements about concepts alone are resolved from.
//!
//! On the disk it is a folder of *editions*. An edition is a folder of Parquet files, one for each vocabulary table, under
//! a manifest with their rows and sizes; it is written once and never changed. The file `current` names the edition that
//! a gateway opens when it starts, and is replaced by one rename, so a crash during an import leaves the old edition or
//! the new one. An import keeps the edition before it, which a running gateway reads, and removes all older ones.
//!
//! The tables that code sets are looked up in are sorted by the column that is looked up, so that a set of codes reads a
//! few row groups of the hundred million rows of `concept_ancestor`. Nothing here is about a person.

mod athena;
mod edition;
mod import;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use datafusion::datasource::file_format::parquet::ParquetFormat;
use datafusion::datasource::listing::{ListingOptions, ListingTable, ListingTableConfig, ListingTableUrl};
use datafusion::datasource::provider_as_source;
use datafusion::logical_expr::TableSource;
use renkei_plan::Catalogue;

pub use import::import;

use edition::Edition;

/// The edition that a gateway opened.
pub(crate) struct Vocabulary {
    version: String,
    sources: BTreeMap<String, Arc<dyn TableSource>>,
}

impl std::fmt::Debug for Vocabulary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Vocabulary").field("version", &self.version).finish_non_exhaustive()
    }
}

impl Vocabulary {
    /// Opens the current edition of a folder.
    ///
    /// # Errors
    /// When nothing was imported, or a file is gone, was cut, or is of another form.
    pub(crate) fn open(folder: &Path) -> anyhow::Result<Self> {
        let edition = Edition::current(folder)?.with_context(|| {
            format!(
                "there is no vocabulary in `{}`; bring one with `renkei-gateway vocabulary import`, or take [vocabulary] \
                 out of the configuration",
                folder.display()
            )
        })?;
        let catalogue = Catalogue::cdm();
        let mut sources: BTreeMap<String, Arc<dyn TableSource>> = BTreeMap::new();
        for (name, file) in edition.tables() {
            // A table without rows resolves nothing; what it would select is left to the sites.
            let Some(table) = catalogue.table(name).filter(|_| file.rows > 0) else { continue };
            let path = std::path::absolute(edition.file(name))?;
            let url = url::Url::from_file_path(&path)
                .map_err(|()| anyhow::anyhow!("`{}` cannot be named by a URL", path.display()))?;
            let options = ListingOptions::new(Arc::new(ParquetFormat::default())).with_file_extension(".parquet");
            let config = ListingTableConfig::new(ListingTableUrl::try_new(url, None)?)
                .with_listing_options(options)
                .with_schema(Arc::clone(table.columns()));
            sources.insert(name.to_owned(), provider_as_source(Arc::new(ListingTable::try_new(config)?)));
        }
        Ok(Self { version: edition.version().to_owned(), sources })
    }

    /// Its version, as the vocabulary states it.
    pub(crate) fn version(&self) -> &str {
        &self.version
    }

    /// The tables that have rows.
    pub(crate) fn tables(&self) -> BTreeSet<String> {
        self.sources.keys().cloned().collect()
    }

    /// A table as a source for the gateway's half.
    pub(crate) fn source(&self, table: &str) -> Option<Arc<dyn TableSource>> {
        self.sources.get(table).cloned()
    }
}

#[cfg(test)]
mod tests;
