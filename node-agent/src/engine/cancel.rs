//! Work that ends when nobody waits for it any more.
//!
//! The engine gives way to others only where it reads files. A join that multiplies rows and then drops them in its
//! condition may not come back to a file for minutes: aborting its task does nothing until then. So such a condition
//! also asks whether the question is still wanted, once for each batch of candidates, and every join gives way between
//! the batches that it puts out.

use std::hash::{Hash, Hasher};
use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::common::{Result, ScalarValue, exec_err};
use datafusion::logical_expr::{
    ColumnarValue, Expr, LogicalPlan, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::coop::CooperativeExec;
use tokio_util::sync::CancellationToken;

/// Always true, and an error once the question was given up.
#[derive(Debug)]
struct Wanted {
    signature: Signature,
    given_up: CancellationToken,
}

impl PartialEq for Wanted {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Wanted {}

impl Hash for Wanted {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.name().hash(state);
    }
}

impl ScalarUDFImpl for Wanted {
    fn name(&self) -> &str {
        "renkei_wanted"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Boolean)
    }

    fn invoke_with_args(&self, _args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        if self.given_up.is_cancelled() {
            return exec_err!("the question was given up");
        }
        Ok(ColumnarValue::Scalar(ScalarValue::Boolean(Some(true))))
    }
}

/// Lets the condition of every join ask whether the question is still wanted.
pub(super) fn watch_conditions(plan: LogicalPlan, given_up: &CancellationToken) -> Result<LogicalPlan> {
    let signature = Signature::variadic_any(Volatility::Volatile);
    let wanted = Arc::new(ScalarUDF::from(Wanted { signature, given_up: given_up.clone() }));
    let watched = plan.transform_up(|node| match node {
        LogicalPlan::Join(mut join) => {
            join.filter = join.filter.map(|filter| {
                let columns = filter.column_refs().into_iter().cloned().map(Expr::Column).collect();
                filter.and(wanted.call(columns))
            });
            Ok(Transformed::yes(LogicalPlan::Join(join)))
        }
        other => Ok(Transformed::no(other)),
    })?;
    Ok(watched.data)
}

/// Lets every join give way between batches.
pub(super) fn cooperate(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    let cooperative = plan.transform_up(|node| {
        if node.name().ends_with("JoinExec") {
            return Ok(Transformed::yes(Arc::new(CooperativeExec::new(node)) as Arc<dyn ExecutionPlan>));
        }
        Ok(Transformed::no(node))
    })?;
    Ok(cooperative.data)
}
