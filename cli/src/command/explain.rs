//! `renkei explain`: what a question would do at each site, without asking it.

mod rules;

use std::io::{self, Write};

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use serde_json::{Map, Value};

use crate::args::{Explain, ExplainForm};
use crate::command::{session, statement};
use crate::console::{Console, clean, clean_lines};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::settings::Settings;

/// Runs the command.
pub async fn run(args: &Explain, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    if args.rules {
        return rules::run(args.form, settings, console).await;
    }
    let sql = statement::read(&args.statement, console.lang)?;
    let mut progress = Progress::start(console);
    let mut client = session::connect(settings, console.lang).await?;
    if args.form == ExplainForm::Json {
        client.header("renkei-explain", "json")?;
    }
    let sql = format!("EXPLAIN {}", crate::caret::statement(&sql));
    let mut answer = client.ask(&sql, &[]).await?;
    let mut text = String::new();
    let mut last = None;
    while let Some(batch) = answer.next().await? {
        for row in rows(&batch)? {
            match args.form {
                ExplainForm::Json => text.push_str(&json(row)),
                ExplainForm::Text => paragraph(&mut text, &mut last, &row),
            }
        }
    }
    progress.done();
    print(&text)?;
    let account = answer.account.as_ref();
    for warning in account.iter().flat_map(|account| &account.warnings) {
        console.tell(&format!("{}: {}", console.lang.pick("warning", "注意"), clean(warning)));
    }
    Ok(Exit::Ok)
}

fn print(text: &str) -> Result<(), Failure> {
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("stdout", error)),
        _ => Ok(()),
    }
}

type Row = Vec<(String, Option<String>)>;

fn rows(batch: &RecordBatch) -> Result<Vec<Row>, Failure> {
    let wrong = |error: arrow_schema::ArrowError| Failure::Answer(error.to_string());
    let options = FormatOptions::new();
    let schema = batch.schema();
    let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
    let columns = columns.collect::<Result<Vec<_>, _>>().map_err(wrong)?;
    let cell = |row: usize, index: usize| {
        let value = batch.column(index).is_valid(row).then(|| columns[index].value(row).try_to_string());
        Ok((schema.field(index).name().clone(), value.transpose().map_err(wrong)?))
    };
    (0..batch.num_rows()).map(|row| (0..columns.len()).map(|index| cell(row, index)).collect()).collect()
}

/// One object; a part that is JSON itself is not wrapped into text once more.
fn json(mut row: Row) -> String {
    // A gateway that was asked for JSON answers with one part of that name: the whole is in its detail.
    if row.iter().any(|(name, value)| name == "part" && value.as_deref() == Some("json"))
        && let Some((_, Some(detail))) = row.iter_mut().find(|(name, _)| name == "detail")
        && let Ok(whole) = serde_json::from_str::<Value>(detail)
    {
        return format!("{whole}\n");
    }
    let value = |text: Option<String>| match text {
        None => Value::Null,
        Some(text) => match serde_json::from_str(&text) {
            Ok(inner @ (Value::Object(_) | Value::Array(_))) => inner,
            _ => Value::String(text),
        },
    };
    let object: Map<String, Value> = row.into_iter().map(|(name, text)| (name, value(text))).collect();
    format!("{}\n", Value::Object(object))
}

/// A heading for each part and site, its lines indented below.
fn paragraph(text: &mut String, last: &mut Option<String>, row: &Row) {
    let of = |name: &str| row.iter().find(|(n, _)| n == name).and_then(|(_, value)| value.as_deref()).unwrap_or("");
    let (part, site) = (clean(of("part")), clean(of("site_id")));
    let heading = if site.is_empty() { part } else { format!("{part} · {site}") };
    if last.as_deref() != Some(&heading) {
        if last.is_some() {
            text.push('\n');
        }
        text.push_str(&heading);
        text.push('\n');
        *last = Some(heading);
    }
    for line in clean_lines(of("detail")).lines() {
        text.push_str("  ");
        text.push_str(line);
        text.push('\n');
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(part: &str, site: Option<&str>, detail: &str) -> Row {
        let pair = |name: &str, value: Option<&str>| (name.to_owned(), value.map(str::to_owned));
        vec![pair("part", Some(part)), pair("site_id", site), pair("detail", Some(detail))]
    }

    #[test]
    fn parts_become_paragraphs() {
        let (mut text, mut last) = (String::new(), None);
        for row in [
            row("release point", None, "keys: gender"),
            row("release point", None, "states: count"),
            row("runs at site", Some("tokyo"), "Filter\n  TableScan\u{7}"),
        ] {
            paragraph(&mut text, &mut last, &row);
        }
        assert_eq!(
            text,
            "release point\n  keys: gender\n  states: count\n\nruns at site · tokyo\n  Filter\n    TableScan\\u{7}\n"
        );
    }

    #[test]
    fn json_is_not_wrapped_twice() {
        assert_eq!(
            json(row("facts", None, r#"{"k":10}"#)),
            "{\"detail\":{\"k\":10},\"part\":\"facts\",\"site_id\":null}\n"
        );
        assert_eq!(json(row("json", None, r#"{ "k": [10] }"#)), "{\"k\":[10]}\n");
        assert_eq!(json(row("n", None, "10")), "{\"detail\":\"10\",\"part\":\"n\",\"site_id\":null}\n");
    }
}
