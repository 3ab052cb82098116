//! The engine without any guard over the same records: what a refused statement would have told.

use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use datafusion::prelude::{CsvReadOptions, SessionContext};
use renkei_e2e::Source;
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::Seen;

/// A bare session with the tables of one site.
pub struct Bare {
    context: SessionContext,
    runtime: Runtime,
    dir: TempDir,
}

impl Bare {
    /// Over these records.
    #[must_use]
    pub fn over(source: &dyn Source) -> Self {
        let dir = tempfile::Builder::new().prefix("renkei-bare-").tempdir().unwrap();
        source.write(dir.path());
        let context = SessionContext::new();
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(async {
            for file in std::fs::read_dir(dir.path()).unwrap() {
                let path = file.unwrap().path();
                let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
                context.register_csv(name, path.to_str().unwrap(), CsvReadOptions::new()).await.unwrap();
            }
        });
        Self { context, runtime, dir }
    }

    /// The folder of the records' files.
    #[must_use]
    pub fn folder(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Whatever the statement does.
    #[must_use]
    pub fn ask(&self, sql: &str) -> Seen {
        let batches = self.runtime.block_on(async { self.context.sql(sql).await?.collect().await });
        let batches = match batches {
            Ok(batches) => batches,
            Err(error) => return Seen::failed(error.to_string()),
        };
        let columns = batches.first().map(|batch| batch.schema());
        let columns = columns.iter().flat_map(|s| s.fields().iter().map(|f| f.name().clone())).collect();
        let options = FormatOptions::default().with_null("NULL");
        let mut cells = Vec::new();
        for batch in &batches {
            let shown: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
            cells.extend((0..batch.num_rows()).map(|row| shown.iter().map(|c| c.value(row).to_string()).collect()));
        }
        Seen { columns, cells, code: None, said: String::new() }
    }
}
