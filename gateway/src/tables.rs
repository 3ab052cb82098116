//! The gateway's own tables: sites, tables, columns, codes, rules and the caller's last answers.

mod catalogue;
mod declare;
mod rows;

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::record_batch::RecordBatch;
use datafusion::datasource::{MemTable, provider_as_source};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::TableSource;
use renkei_plan::{CatalogueTable, Facts};
use renkei_types::PersonId;

pub(crate) use declare::ALL;

use crate::config::Project;
use crate::state::State;

/// The schema of the CDM's tables, towards clients.
pub(crate) const CDM_SCHEMA: &str = "cdm";

/// A catalogue table's schema and name, as clients see them.
pub(crate) fn client_name(table: &CatalogueTable) -> (&str, &str) {
    if table.is_gateway()
        && let Some(name) = table.name().split_once('.')
    {
        return name;
    }
    (CDM_SCHEMA, table.name())
}

/// The gateway's tables that one statement reads, as they are for one caller at this moment.
#[derive(Debug, Default)]
pub(crate) struct Bound(BTreeMap<String, RecordBatch>);

impl Bound {
    pub(crate) fn read(
        state: &State,
        person: &PersonId,
        project: Option<&Project>,
        facts: &Facts,
    ) -> Result<Self, DataFusionError> {
        let read = |name: &String| {
            let batch = match name.as_str() {
                "renkei.sites" => rows::sites(state, &state.projects.visible_sites(person, project))?,
                "renkei.tables" => rows::tables(state, &state.projects.visible_sites(person, project))?,
                "renkei.columns" => rows::columns(state)?,
                "renkei.codes" => catalogue::codes(state, &state.projects.visible_sites(person, project))?,
                "renkei.rules" => catalogue::rules(state)?,
                "renkei.answers" => rows::answers(&state.answers.of(person))?,
                other => return Err(DataFusionError::Internal(format!("no gateway table {other}"))),
            };
            Ok((name.clone(), batch))
        };
        facts.gateway_tables.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The table as a source for the gateway's half.
    pub(crate) fn source(&self, name: &str) -> Option<Arc<dyn TableSource>> {
        let batch = self.0.get(name)?.clone();
        let table = MemTable::try_new(batch.schema(), vec![vec![batch]]).ok()?;
        Some(provider_as_source(Arc::new(table)))
    }
}
