//! `renkei sites`, `renkei tables` and `renkei codes`: the gateway's own tables. A table for people shows what people choose by;
//! every other form has all columns.

use std::time::Instant;

use arrow_array::Array;
use arrow_array::cast::AsArray;
use arrow_schema::DataType;

use crate::args::{Codes, Listing, Print, Tables};
use crate::client::Client;
use crate::command::{query, session};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::output::Format;
use crate::progress::Progress;
use crate::settings::{Settings, nearest};

const SITES: &str = "site_id, name, state, snapshot_id, persons, minimum_persons, seal, vocabulary, cdm_version";
const TABLES: &str = "table_schema, table_name, kind, sites, description";
const COLUMNS: &str = "column_name, data_type, role, description";
const CODES: &str = "system, code, unit, table_name, persons, sites, unmapped_share";

/// Lists the sites.
pub async fn sites(args: &Listing, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let list = List::begin(&args.print, settings, console).await?;
    list.print(SITES, "renkei.sites ORDER BY site_id").await
}

/// Lists the tables, or the columns of one.
pub async fn tables(args: &Tables, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let list = List::begin(&args.print, settings, console).await?;
    let Some(table) = &args.table else {
        return list.print(TABLES, "renkei.tables ORDER BY table_schema, table_name").await;
    };
    let (schema, name) = find(table, known(list.client.clone()).await?, console.lang)?;
    let (schema, name) = (schema.replace('\'', "''"), name.replace('\'', "''"));
    let from = format!("renkei.columns WHERE table_schema = '{schema}' AND table_name = '{name}' ORDER BY position");
    list.print(COLUMNS, &from).await
}

/// Lists the codes in use, the most frequent first.
pub async fn codes(args: &Codes, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let list = List::begin(&args.print, settings, console).await?;
    let quoted = |text: &String| format!("'{}'", text.replace('\'', "''"));
    let system = args.system.as_ref().map(|system| format!("system = {}", quoted(&system.to_uppercase())));
    let like = args.like.as_ref().map(|pattern| format!("code LIKE {}", quoted(pattern)));
    let conditions: Vec<String> = system.into_iter().chain(like).collect();
    let chosen = if conditions.is_empty() { String::new() } else { format!(" WHERE {}", conditions.join(" AND ")) };
    list.print(CODES, &format!("renkei.codes{chosen} ORDER BY persons DESC, system, code, unit, table_name")).await
}

struct List<'a> {
    print: &'a Print,
    format: Format,
    client: Client,
    progress: Progress,
    started: Instant,
    console: Console,
}

impl<'a> List<'a> {
    async fn begin(print: &'a Print, settings: &Settings, console: Console) -> Result<Self, Failure> {
        let format = query::format(print, settings, &console)?;
        let started = Instant::now();
        let progress = Progress::start(console);
        let client = session::connect(settings, console.lang).await?;
        Ok(Self { print, format, client, progress, started, console })
    }

    async fn print(mut self, short: &str, from: &str) -> Result<Exit, Failure> {
        let columns = if self.format == Format::Table { short } else { "*" };
        let sql = format!("SELECT {columns} FROM {from}");
        let ask =
            query::Ask { sql: &sql, params: &[], written: &[], print: self.print, format: self.format, keep: None };
        ask.run(self.client, &mut self.progress, None, self.started, self.console).await
    }
}

/// Schema and name of every table.
async fn known(client: Client) -> Result<Vec<(String, String)>, Failure> {
    let mut answer = client.ask("SELECT table_schema, table_name FROM renkei.tables", &[]).await?;
    let mut tables = Vec::new();
    while let Some(batch) = answer.next().await? {
        let text = batch.columns().iter().all(|column| *column.data_type() == DataType::Utf8);
        if !text || batch.num_columns() != 2 {
            return Err(Failure::Answer("the list of tables has other columns".into()));
        }
        let (schemas, names) = (batch.column(0).as_string::<i32>(), batch.column(1).as_string::<i32>());
        tables.extend(schemas.iter().flatten().zip(names.iter().flatten()).map(|(s, n)| (s.to_owned(), n.to_owned())));
    }
    Ok(tables)
}

/// The table that `asked` names, with or without its schema.
fn find(asked: &str, tables: Vec<(String, String)>, lang: Lang) -> Result<(String, String), Failure> {
    let asked = asked.to_lowercase();
    let full = |(schema, name): &(String, String)| format!("{schema}.{name}");
    if let Some(found) = tables.iter().find(|table| table.1 == asked || full(table) == asked) {
        return Ok(found.clone());
    }
    let names: Vec<String> = tables.iter().flat_map(|table| [table.1.clone(), full(table)]).collect();
    let hint = match nearest(&asked, names.iter().map(String::as_str)) {
        Some(near) => say!(lang, "did you mean `{near}`?", "`{near}` ではありませんか"),
        None => say!(lang, "`renkei tables` lists them", "`renkei tables` で一覧を表示できます"),
    };
    Err(Failure::Usage(say!(lang, "there is no table `{asked}`", "表 `{asked}` はありません"), Some(hint)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_found_with_and_without_schema() {
        let tables = || vec![("cdm".to_owned(), "person".to_owned()), ("renkei".to_owned(), "sites".to_owned())];
        for asked in ["person", "PERSON", "cdm.person"] {
            assert_eq!(find(asked, tables(), Lang::En).unwrap().1, "person", "{asked}");
        }
        let shown = |asked| find(asked, tables(), Lang::En).unwrap_err().text(Lang::En);
        assert_eq!(shown("persn"), "there is no table `persn`\nhint: did you mean `person`?");
        assert_eq!(shown("zzzzzzzzzzzzzzzz"), "there is no table `zzzzzzzzzzzzzzzz`\nhint: `renkei tables` lists them");
    }
}
