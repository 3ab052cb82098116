//! `renkei audit search`.

use std::path::PathBuf;

use renkei_audit_view::event::Event;
use renkei_audit_view::{Filter, Hit, Index, Roster, export, sentence, text, when};
use renkei_types::Timestamp;

use super::{broken, logs, print};
use crate::args::audit::{AuditSearch, SearchForm, Wanted};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grid::{self, Column};
use crate::lang::Lang;
use crate::settings::nearest;

/// Characters of a statement in a table.
const SHORT: usize = 48;

/// Runs the command.
///
/// # Errors
/// [`Failure`]
pub fn run(args: &AuditSearch, cache: Option<PathBuf>, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let filter = filter(&args.wanted, args.limit, lang)?;
    let roster = logs::roster(&args.logs)?;
    let open = logs::open(&args.logs, lang)?;
    let index = logs::index(&args.logs, &open, cache, &console)?;
    let found = index.search(&filter).map_err(|error| broken(&error))?;
    let form = args.form.unwrap_or(if console.out_terminal { SearchForm::Table } else { SearchForm::Json });
    let text = match form {
        SearchForm::Table => table(&found.hits, &roster, lang),
        SearchForm::Sentences => found
            .hits
            .iter()
            .map(|hit| format!("{}\n", sentence::sentence(&hit.event, &roster, lang == Lang::Ja)))
            .collect(),
        SearchForm::Json => {
            let mut lines = String::new();
            for hit in &found.hits {
                let value = export::json(hit).map_err(|error| broken(&error))?;
                lines.push_str(&format!("{value}\n"));
            }
            lines
        }
    };
    print(&text)?;
    if found.hits.is_empty() {
        console.tell(&nothing(&index, &args.wanted, lang)?);
    }
    if found.more {
        let shown = found.hits.len();
        console.tell(&say!(
            lang,
            "the newest {shown} are shown and there are more; see --limit, --since and --until",
            "新しい順に{shown}件を表示しました。続きは --limit、--since、--until で指定してください"
        ));
    }
    Ok(Exit::Ok)
}

/// What the command line asks for.
///
/// # Errors
/// [`Failure::Usage`] for a time that is none.
pub fn filter(wanted: &Wanted, limit: usize, lang: Lang) -> Result<Filter, Failure> {
    let since = wanted.since.as_deref().map(|text| time(text, "--since", lang)).transpose()?;
    let until = wanted.until.as_deref().map(|text| time(text, "--until", lang)).transpose()?;
    let Wanted { text, who, in_project, site, table, outcome, kind, .. } = wanted;
    Ok(Filter {
        who: who.clone(),
        project: in_project.clone(),
        site: site.clone(),
        table: table.as_ref().map(|table| table.to_lowercase()),
        outcome: outcome.clone(),
        kind: kind.clone(),
        since: since.map(|span| span.0),
        until: until.map(|span| span.1),
        text: text.clone(),
        limit,
    })
}

/// A time of the command line.
///
/// # Errors
/// [`Failure::Usage`]
pub fn time(text: &str, flag: &str, lang: Lang) -> Result<(Timestamp, Timestamp), Failure> {
    when::parse(text).ok_or_else(|| {
        Failure::usage(say!(
            lang,
            "{flag}: `{text}` is not a time such as 2026-11, 2026-11-30, 2026-11-30 10:15 or 2026-11-30T01:15:00Z",
            "{flag}: `{text}` は 2026-11、2026-11-30、2026-11-30 10:15、2026-11-30T01:15:00Z のような日時ではありません"
        ))
    })
}

/// Nothing was found: perhaps a name is not known at all.
fn nothing(index: &Index, wanted: &Wanted, lang: Lang) -> Result<String, Failure> {
    let names = [("project", &wanted.in_project), ("site", &wanted.site), ("table", &wanted.table)];
    for (kind, name) in names.into_iter().filter_map(|(kind, name)| Some((kind, name.as_deref()?))) {
        let known = index.names(kind).map_err(|error| broken(&error))?;
        let near = nearest(name, known.iter().map(String::as_str));
        if let Some(near) = near.filter(|near| *near != name && !known.iter().any(|known| known == name)) {
            return Ok(say!(
                lang,
                "nothing found; the logs know no {kind} `{name}`. Did you mean `{near}`?",
                "該当なし。ログに `{name}` はありません。`{near}` ではありませんか"
            ));
        }
    }
    Ok(say!(lang, "nothing found", "該当する記録はありません"))
}

fn table(hits: &[Hit], roster: &Roster, lang: Lang) -> String {
    let ja = lang == Lang::Ja;
    let titles = match lang {
        Lang::En => ["time (JST)", "who", "project", "outcome", "sites", "cells", "about", "query id or entry"],
        Lang::Ja => ["日時", "利用者", "課題", "結果", "施設", "セル", "内容", "照会IDまたは記録番号"],
    };
    let right = |index: usize| matches!(index, 4 | 5);
    let columns: Vec<Column> = titles
        .iter()
        .enumerate()
        .map(|(index, title)| Column { title: (*title).into(), right: right(index) })
        .collect();
    let rows: Vec<Vec<String>> = hits.iter().map(|hit| row(&hit.event, roster, ja)).collect();
    grid::render(&columns, &rows)
}

fn row(event: &Event, roster: &Roster, ja: bool) -> Vec<String> {
    let (answered, others) = event.by_site();
    let sites = match (answered.len(), others.len(), event.sites.len()) {
        (0, 0, 0) => String::new(),
        (0, 0, asked) => asked.to_string(),
        (n, others, _) => format!("{n}/{}", n + others),
    };
    let cells: u64 = answered.iter().map(|answer| answer.released).sum();
    let cells = if event.answers.is_empty() { event.released } else { cells };
    let about = event.sql.as_deref().or(event.detail.as_deref()).unwrap_or_default();
    let outcome = match event.act {
        Some(act) => sentence::act(act, ja).to_owned(),
        None => match &event.code {
            Some(code) => format!("{} {code}", sentence::outcome(event, ja)),
            None => sentence::outcome(event, ja).to_owned(),
        },
    };
    let who = event.who.as_ref().map(|who| sentence::person(who, roster, ja)).unwrap_or_default();
    let id = event.query.as_ref().map_or_else(|| event.first().to_string(), ToString::to_string);
    let cells = if event.act.is_some() { String::new() } else { cells.to_string() };
    let project = event.project.as_ref().map(ToString::to_string).unwrap_or_default();
    let texts = [when::japan(event.at), who, project, outcome, sites, cells, text::short(about, SHORT), id];
    texts.iter().map(|field| text::line(field)).collect()
}
