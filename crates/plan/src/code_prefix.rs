//! `code_prefix(code, n)`: a canonical source code cut to its system and its first `n` characters.
//!
//! `code_prefix('JLAC10:3D0450000019', 5)` is `JLAC10:3D045`: codes are hierarchies by prefix, and where a hospital's
//! codes have no concept, cutting them is how they are grouped (a JLAC10 analyte is the first five characters).

use std::sync::{Arc, LazyLock};

use datafusion::arrow::array::{ArrayRef, AsArray, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::common::{Result, ScalarValue, exec_err, plan_err};
use datafusion::logical_expr::{ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, Volatility};

/// `code_prefix(text, literal integer) → text`.
pub(crate) fn code_prefix() -> Arc<ScalarUDF> {
    static FUNCTION: LazyLock<Arc<ScalarUDF>> = LazyLock::new(|| {
        let signature = Signature::user_defined(Volatility::Immutable);
        Arc::new(ScalarUDF::from(CodePrefix { signature }))
    });
    Arc::clone(&FUNCTION)
}

#[derive(Debug, PartialEq, Eq, Hash)]
struct CodePrefix {
    signature: Signature,
}

impl ScalarUDFImpl for CodePrefix {
    fn name(&self) -> &str {
        "code_prefix"
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn coerce_types(&self, types: &[DataType]) -> Result<Vec<DataType>> {
        match types {
            [DataType::Utf8 | DataType::Utf8View | DataType::LargeUtf8 | DataType::Null, n] if n.is_integer() => {
                Ok(vec![DataType::Utf8, DataType::Int64])
            }
            _ => plan_err!("Function 'code_prefix' takes a code and a number of characters: no such signature"),
        }
    }

    fn return_type(&self, _arg_types: &[DataType]) -> Result<DataType> {
        Ok(DataType::Utf8)
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue> {
        let [codes, ColumnarValue::Scalar(ScalarValue::Int64(n))] = args.args.as_slice() else {
            return exec_err!("code_prefix takes a literal number of characters");
        };
        let n = n.and_then(|n| usize::try_from(n).ok());
        let over =
            |array: &ArrayRef| -> StringArray { array.as_string::<i32>().iter().map(|code| cut(code?, n?)).collect() };
        Ok(match codes {
            ColumnarValue::Array(array) => ColumnarValue::Array(Arc::new(over(array))),
            ColumnarValue::Scalar(value) => {
                let cut: ArrayRef = Arc::new(over(&value.to_array()?));
                ColumnarValue::Scalar(ScalarValue::try_from_array(&cut, 0)?)
            }
        })
    }
}

/// System, colon and the first `n` characters of the code; without a system the first `n` characters.
fn cut(code: &str, n: usize) -> Option<&str> {
    let start = code.find(':').map_or(0, |colon| colon + 1);
    let end = code.get(start..)?.char_indices().nth(n).map_or(code.len(), |(at, _)| start + at);
    code.get(..end)
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn codes_keep_their_system() {
        for (code, n, expected) in [
            ("JLAC10:3D0450000019", 5, "JLAC10:3D045"),
            ("ICD10:E11.9", 3, "ICD10:E11"),
            ("ICD10:E1", 3, "ICD10:E1"),
            ("ICD10:E11.9", 0, "ICD10:"),
            ("E11.9", 3, "E11"),
            ("LOCAL:血糖値:朝", 2, "LOCAL:血糖"),
            ("", 3, ""),
        ] {
            assert_eq!(cut(code, n), Some(expected), "{code} {n}");
        }
    }
}
