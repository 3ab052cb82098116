//! Whether the site's vocabulary has the codes that a statement names.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::common::{Column, Result, ScalarValue};
use datafusion::execution::SessionState;
use datafusion::logical_expr::logical_plan::TableScanBuilder;
use datafusion::logical_expr::{Aggregate, Expr, Filter, LogicalPlan, lit};
use datafusion::physical_plan::collect;
use renkei_plan::Lookup;

use super::sources::Sources;

/// The first code that the vocabulary does not have, by its position among all of them.
pub(super) async fn missing(state: &SessionState, lookups: &[Lookup], tables: &Sources) -> Result<Option<usize>> {
    let mut before = 0;
    for lookup in lookups {
        let known = known(state, lookup, tables).await?;
        if let Some(at) = lookup.codes.iter().position(|code| !known.contains(code)) {
            return Ok(Some(before + at));
        }
        before += lookup.codes.len();
    }
    Ok(None)
}

/// Those of the codes that are there.
async fn known(state: &SessionState, lookup: &Lookup, tables: &Sources) -> Result<HashSet<ScalarValue>> {
    let scan = TableScanBuilder::new(lookup.table.as_str(), tables.get(&lookup.table)?).build()?;
    let column = Expr::Column(Column::new(Some(lookup.table.as_str()), &lookup.column));
    let wanted = column.clone().in_list(lookup.codes.iter().cloned().map(lit).collect(), false);
    let rows = LogicalPlan::Filter(Filter::try_new(wanted, Arc::new(LogicalPlan::TableScan(scan)))?);
    let distinct = Aggregate::try_new(Arc::new(rows), vec![column], Vec::new())?;
    let plan = state.create_physical_plan(&LogicalPlan::Aggregate(distinct)).await?;
    let mut found = HashSet::new();
    for batch in collect(plan, state.task_ctx()).await? {
        for row in 0..batch.num_rows() {
            found.insert(ScalarValue::try_from_array(batch.column(0), row)?);
        }
    }
    Ok(found)
}
