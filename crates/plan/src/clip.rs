//! `clip(x, lo, hi)`: a number held between two literals.
//!
//! Below a release point one value far from all others decides a mean and is one person's; clipped, it weighs no more
//! than `hi`. A clip is a condition as well: with bounds beside all values but a few, a sum would be a known multiple of
//! them and the rest that few. So an aggregate of clipped values also says which rows lie [`strictly between`](free) the
//! bounds, and the release asks for a minimum of persons among those. Beside another sum of the same rows the difference
//! is what was cut off of the few [`moved`]; the release looks at these where an answer has both.

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray};
use datafusion::arrow::datatypes::{DataType, Float64Type, Int64Type};
use datafusion::common::tree_node::{Transformed, TreeNode, TreeNodeRecursion};
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::utils::{conjunction, disjunction};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility,
};

use crate::meaning::strip;

/// `clip(BIGINT, BIGINT, BIGINT) → BIGINT` or `clip(DOUBLE, DOUBLE, DOUBLE) → DOUBLE`; NULL stays NULL.
pub(crate) fn clip() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> =
        LazyLock::new(|| Arc::new(ScalarUDF::from(Clip { signature: Signature::user_defined(Volatility::Immutable) })));
    Arc::clone(&FUNCTION)
}

/// The bounds of a clip, where they are literal numbers and in order.
pub(crate) fn bounds(args: &[Expr]) -> Option<(f64, f64)> {
    let [_, lo, hi] = args else { return None };
    let number = |expr: &Expr| match strip(expr) {
        Expr::Literal(value, _) => match value.cast_to(&DataType::Float64) {
            Ok(ScalarValue::Float64(number)) => number,
            _ => None,
        },
        _ => None,
    };
    let (lo, hi) = (number(lo)?, number(hi)?);
    (lo <= hi).then_some((lo, hi))
}

/// The rows in which every clip of some expressions leaves its value as it is, strictly between the bounds; none where
/// nothing is clipped.
pub(crate) fn free(exprs: &[&Expr]) -> Result<Option<Expr>> {
    let mut between: Vec<Expr> = Vec::new();
    for expr in exprs {
        expr.apply(|part| {
            if let Expr::ScalarFunction(function) = part
                && let ("clip", [x, lo, hi]) = (function.name(), function.args.as_slice())
            {
                let condition = x.clone().gt(lo.clone()).and(x.clone().lt(hi.clone()));
                if !between.contains(&condition) {
                    between.push(condition);
                }
            }
            Ok(TreeNodeRecursion::Continue)
        })?;
    }
    Ok(conjunction(between))
}

/// The rows in which a clip changes what some expressions come to; none where nothing is clipped.
pub(crate) fn moved(exprs: &[&Expr]) -> Result<Option<Expr>> {
    let mut changed = Vec::new();
    for expr in exprs {
        let whole = (*expr).clone().transform_up(|part| {
            Ok(match part {
                Expr::ScalarFunction(mut function) if function.name() == "clip" && function.args.len() == 3 => {
                    Transformed::yes(function.args.swap_remove(0))
                }
                other => Transformed::no(other),
            })
        })?;
        if whole.transformed {
            changed.push(whole.data.not_eq((*expr).clone()));
        }
    }
    Ok(disjunction(changed))
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct Clip {
    signature: Signature,
}

impl ScalarUDFImpl for Clip {
    fn name(&self) -> &str {
        "clip"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [_, _, _] if types.iter().all(DataType::is_integer) => Ok(vec![DataType::Int64; 3]),
            [_, _, _] if types.iter().all(|t| t.is_numeric() || t.is_null()) => Ok(vec![DataType::Float64; 3]),
            _ => plan_err!("Function 'clip' takes a number and its two bounds: no such signature"),
        }
    }

    fn return_type(&self, types: &[DataType]) -> Result<DataType> {
        Ok(types.first().cloned().unwrap_or(DataType::Float64))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [x, ColumnarValue::Scalar(lo), ColumnarValue::Scalar(hi)] = args.args.as_slice() else {
            return exec_err!("clip takes literal bounds");
        };
        Ok(match x {
            ColumnarValue::Array(array) => ColumnarValue::Array(clipped(array, lo, hi)?),
            ColumnarValue::Scalar(value) => {
                ColumnarValue::Scalar(ScalarValue::try_from_array(&clipped(&value.to_array()?, lo, hi)?, 0)?)
            }
        })
    }
}

fn clipped(x: &ArrayRef, lo: &ScalarValue, hi: &ScalarValue) -> Result<ArrayRef> {
    Ok(match (x.data_type(), lo, hi) {
        (DataType::Int64, ScalarValue::Int64(Some(lo)), ScalarValue::Int64(Some(hi))) => {
            Arc::new(x.as_primitive::<Int64Type>().unary::<_, Int64Type>(|x| held(x, *lo, *hi)))
        }
        (DataType::Float64, ScalarValue::Float64(Some(lo)), ScalarValue::Float64(Some(hi))) => {
            Arc::new(x.as_primitive::<Float64Type>().unary::<_, Float64Type>(|x| held(x, *lo, *hi)))
        }
        _ => return exec_err!("clip got other types or no bounds"),
    })
}

/// What is not a number stays so: it compares with nothing.
fn held<T: PartialOrd>(x: T, lo: T, hi: T) -> T {
    if x < lo {
        lo
    } else if x > hi {
        hi
    } else {
        x
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use datafusion::arrow::array::{Array, Float64Array, Int64Array};
    use datafusion::logical_expr::{col, lit};

    #[test]
    fn values_between_the_bounds_stay() {
        let floats: ArrayRef =
            Arc::new(Float64Array::from(vec![Some(-1.0), Some(5.5), Some(9e9), None, Some(f64::NAN)]));
        let found = clipped(&floats, &0.0.into(), &10.0.into()).unwrap();
        let found = found.as_primitive::<Float64Type>();
        assert_eq!((found.value(0), found.value(1), found.value(2)), (0.0, 5.5, 10.0));
        assert!(found.is_null(3) && found.value(4).is_nan());
        let ints: ArrayRef = Arc::new(Int64Array::from(vec![i64::MIN, 3, i64::MAX]));
        let found = clipped(&ints, &(-2_i64).into(), &7_i64.into()).unwrap();
        assert_eq!(found.as_primitive::<Int64Type>().values(), &[-2, 3, 7]);
    }

    #[test]
    fn bounds_are_literals_in_order() {
        assert_eq!(bounds(&[col("x"), lit(0_i64), lit(2.5)]), Some((0.0, 2.5)));
        assert_eq!(bounds(&[col("x"), lit(3_i64), lit(2.5)]), None);
        assert_eq!(bounds(&[col("x"), lit(ScalarValue::Null), lit(2.5)]), None);
        assert_eq!(bounds(&[col("x"), col("y"), lit(2.5)]), None);
    }

    #[test]
    fn what_is_not_clipped_has_no_condition() {
        let of = |expr: Expr| free(&[&expr]).unwrap().map(|expr| expr.to_string());
        assert_eq!(of(col("x")), None);
        let call = clip().call(vec![col("x"), lit(1_i64), lit(2_i64)]);
        assert_eq!(of(call.clone() * call.clone()).as_deref(), Some("x > Int64(1) AND x < Int64(2)"));
        let moved = |expr: Expr| moved(&[&expr]).unwrap().map(|expr| expr.to_string());
        assert_eq!(moved(col("x")), None);
        assert_eq!(moved(call + col("y")).as_deref(), Some("x + y != clip(x, Int64(1), Int64(2)) + y"));
    }
}
