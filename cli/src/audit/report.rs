//! `renkei audit report`: counted from the logs' entries, never from an index.

use std::collections::HashMap;
use std::io::Write as _;
use std::path::Path;

use renkei_audit::entry::Entry;
use renkei_audit::store::ReadError;
use renkei_audit::verify::{Report, verify};
use renkei_audit_view::Event;
use renkei_audit_view::event::query_of;
use renkei_report::{Language, Life, Source, Tally, activity, html, pdf, project, xlsx};
use renkei_types::{QueryId, Timestamp};

use super::logs::OpenLog;
use super::verify::{remembered, trust};
use super::{broken, logs, search};
use crate::args::audit::AuditReport;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::output::{Destination, Fault};

/// The form of a report, by the name of its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Html,
    Pdf,
    Xlsx,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`]; status 6 where a log that was counted cannot be believed. The report is written all the same and says so.
pub fn run(args: &AuditReport, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let form = form(&args.out, lang)?;
    let since = args.since.as_deref().map(|text| search::time(text, "--since", lang)).transpose()?.map(|span| span.0);
    let until = args.until.as_deref().map(|text| search::time(text, "--until", lang)).transpose()?.map(|span| span.1);
    let roster = logs::roster(&args.logs)?;
    let open = logs::open(&args.logs, lang)?;
    let seen = remembered(&open);
    let (mut sources, mut told) = (Vec::new(), Vec::new());
    for log in &open {
        let bar = logs::bar(&console);
        if let Some(bar) = &bar {
            let origin = &log.origin;
            bar.set_message(say!(lang, "verifying and counting {origin}", "{origin} を検証・集計中"));
        }
        let report = trust(log, &[], 0, None, &seen).map(|trust| verify(&log.reader, &trust));
        let Counted { entries, events, life } = events(log, since, until)?;
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let head = report.as_ref().and_then(|report| report.signed);
        let sound = report.as_ref().map(Report::sound);
        sources.push(Source { origin: log.origin.clone(), entries, head, sound, life });
        told.push((log.origin.clone(), events));
    }
    let tally = Tally::of(told);
    let language = lang.pick(Language::English, Language::Japanese);
    let document = match &args.of_project {
        Some(id) => project::project(id, &tally, &roster, &sources, (since, until), language),
        None => activity::activity(&tally, &roster, &sources, (since, until), language),
    };
    let bytes = match form {
        Form::Html => html::html(&document).into_bytes(),
        Form::Pdf => pdf::pdf(&document).map_err(|error| broken(&error))?,
        Form::Xlsx => xlsx::xlsx(&document).map_err(|error| broken(&error))?,
    };
    let mut out = Destination::open(Some(&args.out))?;
    let trouble = out.trouble();
    out.write_all(&bytes).map_err(|error| trouble.explain(error.into()))?;
    out.commit().map_err(|fault: Fault| trouble.explain(fault))?;
    let place = args.out.display();
    let count = tally.questions.len();
    console.tell(&say!(lang, "`{place}`: {count} questions counted", "`{place}`: {count}件の照会を集計しました"));
    let wrong: Vec<&Source> = sources.iter().filter(|source| source.sound != Some(true)).collect();
    for source in &wrong {
        let origin = &source.origin;
        console.tell(&say!(
            lang,
            "{origin} did not verify, and the report says so; see `renkei audit verify`",
            "{origin} は検証できず、報告書にもその旨が記載されています。`renkei audit verify` をご覧ください"
        ));
    }
    Ok(if wrong.is_empty() { Exit::Ok } else { Exit::Checks })
}

fn form(path: &Path, lang: Lang) -> Result<Form, Failure> {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension.to_ascii_lowercase().as_str() {
        "html" | "htm" => Ok(Form::Html),
        "pdf" => Ok(Form::Pdf),
        "xlsx" => Ok(Form::Xlsx),
        _ => Err(Failure::usage(say!(
            lang,
            "--out: the name ends in .html, .pdf or .xlsx, which is the form of the report",
            "--out: ファイル名の末尾(.html、.pdf、.xlsx)で報告書の形式を指定してください"
        ))),
    }
}

/// How many entries a log has, and what they tell of a time.
struct Counted {
    entries: u64,
    events: Vec<Event>,
    life: Life,
}

fn events(log: &OpenLog, since: Option<Timestamp>, until: Option<Timestamp>) -> Result<Counted, Failure> {
    let (mut count, mut events, mut life): (u64, Vec<Event>, Life) = (0, Vec::new(), Life::default());
    let within = |at: Timestamp| since.is_none_or(|since| at >= since) && until.is_none_or(|until| at < until);
    let mut places: HashMap<QueryId, usize> = HashMap::new();
    for entry in log.reader.entries(0).map_err(|error| broken(&error))? {
        let bytes = match entry {
            Ok((_, bytes)) => bytes,
            Err(error @ ReadError::Archived(_)) => return Err(broken(&error)),
            // What cannot be read makes the log unbelievable, which the report says.
            Err(_) => break,
        };
        count += 1;
        let Ok(entry) = Entry::decode(&bytes) else { continue };
        if within(entry.at) {
            life.add(&entry);
        }
        if let Some(place) = query_of(&entry.body).and_then(|query| places.get(query)) {
            if let Some(event) = events.get_mut(*place) {
                event.add(&entry);
            }
        } else if let Some(event) = Event::begin(&entry) {
            places.extend(event.query.clone().map(|query| (query, events.len())));
            events.push(event);
        }
    }
    events.retain(|event| within(event.at));
    Ok(Counted { entries: count, events, life })
}
