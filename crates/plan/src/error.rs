//! The planner's errors in the researcher's words.

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{DataFusionError, SchemaError};
use renkei_types::{Code, Refusal};

use crate::meaning::place;
use crate::names::Names;

/// Turns an error of planning into a refusal. Nothing here can carry a value of a record: planning sees schemas only.
pub(crate) fn refusal(error: &DataFusionError, names: &Names) -> Refusal {
    match error.find_root() {
        DataFusionError::External(inner) => match inner.downcast_ref::<Refusal>() {
            Some(refusal) => refusal.clone(),
            None => Refusal::new(Code::Type, inner.to_string()),
        },
        DataFusionError::SchemaError(inner, _) => schema(inner),
        DataFusionError::Plan(text) => plan(text, names),
        DataFusionError::SQL(inner, _) => Refusal::new(Code::Syntax, inner.to_string()),
        DataFusionError::NotImplemented(text) => Refusal::new(Code::NotSupported, first_line(text)),
        other => types(&other.strip_backtrace()),
    }
}

/// What to write in place of functions that other dialects have and people try first.
fn instead(function: &str) -> Option<&'static str> {
    Some(match function.to_lowercase().as_str() {
        "age" => {
            "ages are years: date_part('year', event_date) - year_of_birth; between two events of a person there are \
             days: later_date - earlier_date"
        }
        "datediff" | "date_diff" | "timestampdiff" | "days_between" | "months_between" => {
            "subtract the dates: later_date - earlier_date is a number of days; divide by 7 or 365.25 where you need to"
        }
        "dateadd" | "date_add" | "date_sub" | "add_months" | "timestampadd" => {
            "move a date by an interval: event_date + INTERVAL '90 days', event_date - INTERVAL '1 year'"
        }
        "year" | "month" | "quarter" | "week" => "write date_part('year', event_date), or 'quarter', 'month', 'week'",
        "strftime" | "to_char" | "date_format" | "time_bucket" | "date_bin" => {
            "cut dates with date_trunc('month', event_date), or to 'week', 'quarter', 'year'"
        }
        "to_date" | "str_to_date" | "make_date" => "write a literal: DATE '2024-04-01', or CAST($1 AS DATE)",
        "clamp" | "winsorize" => "hold a value between two literals inside the aggregate: avg(clip(x, 0, 100))",
        "nvl" | "ifnull" | "isnull" => "write coalesce(x, 0)",
        "iff" | "if" | "decode" => "write CASE WHEN condition THEN x ELSE y END",
        "quantile" | "percentile" | "percentile_disc" | "quantile_disc" | "percentile_approx" => {
            "write percentile_cont(0.95) WITHIN GROUP (ORDER BY x), or approx_percentile_cont(x, 0.95)"
        }
        "substr" | "substring" | "left" => "cut codes with code_prefix(condition_source_value, 3)",
        "regexp_like" | "regexp_match" | "starts_with" | "contains" | "strpos" => {
            "match codes by a literal prefix: condition_source_value LIKE 'ICD10:E11%'"
        }
        "width_bucket" | "ntile" => "make bands: CASE WHEN x < 6.5 THEN 'low' WHEN x < 8 THEN 'mid' ELSE 'high' END",
        "power" | "pow" => "multiply: x * x",
        _ => return None,
    })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or(text)
}

/// An error of types; the engine calls some of them internal, which they are not for the one who asks.
fn types(text: &str) -> Refusal {
    let text = first_line(text);
    let function = text.split_once("Function '").and_then(|(_, rest)| rest.split('\'').next());
    match function.filter(|_| text.contains("signature")) {
        Some(name) => Refusal::new(Code::Type, format!("`{name}` does not take arguments of these types"))
            .hint("cast the arguments; docs/sql.md has the functions"),
        None => Refusal::new(Code::Type, text.trim_start_matches("Internal error: "))
            .hint("cast one side, or take other arguments; docs/sql.md has functions and dialect"),
    }
}

fn schema(error: &SchemaError) -> Refusal {
    match error {
        SchemaError::FieldNotFound { field, valid_fields } => {
            let valid = valid_fields.iter().map(|column| column.name.as_str()).filter(|name| !name.starts_with("__"));
            let near = renkei_cdm::nearest(&field.name, valid);
            let refusal = Refusal::new(Code::UnknownColumn, format!("there is no column `{}`", field.flat_name()));
            let refusal = refusal.at(place(field));
            match near.as_slice() {
                [] => refusal.hint("SELECT * FROM renkei.columns lists them"),
                near => refusal.hint(format!("did you mean {}?", near.join(" or "))),
            }
        }
        SchemaError::AmbiguousReference { field } => {
            Refusal::new(Code::UnknownColumn, format!("`{}` stands in more than one table here", field.name))
                .hint("write the table's name or alias before it")
                .at(place(field))
        }
        other => Refusal::new(Code::UnknownColumn, first_line(&other.to_string()))
            .hint("name each column once, and apart from others with AS"),
    }
}

fn plan(text: &str, names: &Names) -> Refusal {
    let text = first_line(text);
    let function = text.strip_prefix("Invalid function '").and_then(|rest| rest.split('\'').next());
    if let Some(function) = function {
        if let Some(instead) = instead(function) {
            return Refusal::new(Code::UnknownFunction, format!("there is no function `{function}`")).hint(instead);
        }
        let near = renkei_cdm::nearest(function, names.functions());
        let refusal = Refusal::new(Code::UnknownFunction, format!("there is no function `{function}`"));
        return match near.as_slice() {
            [] => refusal.hint("docs/sql.md lists the functions"),
            near => refusal.hint(format!("did you mean {}?", near.join(" or "))),
        };
    }
    if text.contains("Placeholder") || text.contains("placeholder") {
        return Refusal::new(Code::Parameter, text)
            .hint("give every parameter a value; write CAST($1 AS DATE) to fix its type");
    }
    if text.contains("parameter of type") {
        return Refusal::new(Code::Parameter, text).hint("fix the parameter's type: CAST($1 AS INTEGER)");
    }
    let hint = text.contains("must appear in the GROUP BY").then_some("add the column to GROUP BY or aggregate it");
    let refusal = types(text);
    match hint {
        Some(hint) => refusal.hint(hint),
        None => refusal,
    }
}

/// A type in words.
pub(crate) fn type_name(data_type: &DataType) -> String {
    match data_type {
        found if found.is_integer() => "an integer".to_owned(),
        found if found.is_numeric() => "a number".to_owned(),
        DataType::Date32 | DataType::Date64 => "a date such as 2024-01-31".to_owned(),
        DataType::Timestamp(..) => "a timestamp such as 2024-01-31T12:00:00".to_owned(),
        DataType::Boolean => "true or false".to_owned(),
        other => format!("a value of type {other}"),
    }
}
