//! The yardstick: one DataFusion session over the union of the same files.

use std::path::Path;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::prelude::{ParquetReadOptions, SessionConfig, SessionContext};

/// A session over the current snapshots of all sites.
pub(crate) async fn session(dir: &Path, sites: &[&str], partitions: usize) -> anyhow::Result<SessionContext> {
    let mut config = SessionConfig::new().with_target_partitions(partitions);
    config.options_mut().execution.parquet.pushdown_filters = true;
    let context = SessionContext::new_with_config(config);
    for table in ["person", "measurement", "death"] {
        let mut files = Vec::new();
        for site in sites {
            let state = dir.join("state").join(site);
            let current = std::fs::read_to_string(state.join("current"))?;
            let file = state.join("snapshots").join(current.trim()).join(format!("{table}.parquet"));
            files.push(std::path::absolute(file)?.display().to_string());
        }
        let frame = context.read_parquet(files, ParquetReadOptions::default()).await?;
        context.register_table(table, frame.into_view())?;
    }
    Ok(context)
}

/// Asks and reads the answer to its end.
pub(crate) async fn ask(context: &SessionContext, sql: &str) -> anyhow::Result<Vec<RecordBatch>> {
    Ok(context.sql(sql).await?.collect().await?)
}
