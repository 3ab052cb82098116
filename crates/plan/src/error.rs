//! The planner's errors in the researcher's words.

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
