//! `renkei fetch`: the whole answer of a question that was answered before every site had ended.

use std::time::Instant;

use renkei_types::QueryId;

use crate::args::Fetch;
use crate::command::{query, session};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::progress::Progress;
use crate::settings::Settings;

/// Runs the command.
pub async fn run(args: &Fetch, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let format = query::format(&args.print, settings, &console)?;
    let wait = args.wait.as_deref().map(|wait| query::wait(wait, lang)).transpose()?;
    let id = QueryId::new(args.query_id.as_str()).map_err(|_| {
        let id = &args.query_id;
        Failure::usage(say!(lang, "`{id}` is not the id of a question", "`{id}` は問い合わせの ID ではありません"))
    })?;
    let started = Instant::now();
    let mut progress = Progress::start(console);
    let mut client = session::connect(settings, lang).await?;
    if let Some(wait) = wait {
        client.header("renkei-wait", wait)?;
    }
    let sql = format!("FETCH '{id}'");
    let ask = query::Ask { sql: &sql, params: &[], written: &[], print: &args.print, format, keep: None };
    ask.run(client, &mut progress, None, started, console).await
}
