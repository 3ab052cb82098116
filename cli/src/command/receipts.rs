//! `renkei receipts`: do the logs hold what they promised?

use std::io::{self, Write};

use renkei_types::{Clock, QueryId, SystemClock};
use serde_json::json;

use crate::args::{ExplainForm, Receipts};
use crate::command::session;
use crate::console::{Console, clean};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grid::{self, Column};
use crate::lang::Lang;
use crate::receipts::{self, Kept, Store, Verdict};
use crate::settings::Settings;

/// One receipt with its verdict.
struct Line {
    query: QueryId,
    log: String,
    verdict: Verdict,
}

/// Checks the receipts of questions, and keeps the proofs that come.
///
/// # Errors
/// [`Failure`], with nothing said yet.
pub async fn run(args: &Receipts, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let store = settings.receipts().map(Store::new).ok_or_else(|| {
        Failure::usage(say!(
            lang,
            "no receipts are kept (`receipts = off`)",
            "受領証を保存しない設定です（`receipts = off`）"
        ))
    })?;
    let questions = wanted(args, &store, lang)?;
    let mut lines = Vec::new();
    if !questions.is_empty() {
        let mut client = session::connect(settings, lang).await?;
        for mut kept in questions {
            let before = kept.clone();
            for stored in &mut kept.receipts {
                let verdict = receipts::prove(stored, &mut client, SystemClock.now()).await?;
                let log = stored.given.site.as_ref().map_or_else(|| "gateway".to_owned(), ToString::to_string);
                lines.push(Line { query: kept.query_id.clone(), log, verdict });
            }
            if kept != before {
                store.keep(&kept).map_err(|error| failed(&store, &kept.query_id, error))?;
            }
        }
    }
    print(&lines, args.form, console)?;
    let is = |wanted: fn(&Verdict) -> bool| lines.iter().any(|line| wanted(&line.verdict));
    Ok(match (is(|v| matches!(v, Verdict::Wrong(_))), is(|v| !matches!(v, Verdict::Proven))) {
        (true, _) => Exit::Failure,
        (false, true) => Exit::Partial,
        (false, false) => Exit::Ok,
    })
}

fn failed(store: &Store, query: &QueryId, error: io::Error) -> Failure {
    Failure::io(store.path(query).display().to_string(), error)
}

/// The named questions, or all that are not proven yet.
fn wanted(args: &Receipts, store: &Store, lang: Lang) -> Result<Vec<Kept>, Failure> {
    let all = args.queries.is_empty();
    let queries = match all {
        true => store.list().map_err(|error| Failure::io("receipts", error))?,
        false => args.queries.clone(),
    };
    let mut questions = Vec::new();
    for query in queries {
        match store.read(&query).map_err(|error| failed(store, &query, error))? {
            Some(kept) if all && kept.is_proven() => {}
            Some(kept) => questions.push(kept),
            None => {
                return Err(Failure::usage(say!(
                    lang,
                    "nothing is kept of the question `{query}`",
                    "照会 `{query}` の受領証は保存されていません"
                )));
            }
        }
    }
    Ok(questions)
}

fn print(lines: &[Line], form: ExplainForm, console: Console) -> Result<(), Failure> {
    let lang = console.lang;
    let text = match form {
        ExplainForm::Json => lines.iter().map(|line| format!("{}\n", line.json())).collect(),
        ExplainForm::Text if lines.is_empty() => {
            say!(lang, "no receipt waits for its proof\n", "証明を待つ受領証はありません\n")
        }
        ExplainForm::Text => {
            let column = |title: &str| Column { title: title.into(), right: false };
            let titles = [lang.pick("query", "照会"), lang.pick("log", "ログ"), lang.pick("result", "結果")];
            let rows = lines.iter().map(|line| vec![line.query.to_string(), line.log.clone(), line.words(lang)]);
            grid::render(&titles.map(column), &rows.collect::<Vec<_>>())
        }
    };
    match io::stdout().lock().write_all(text.as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Failure::io("stdout", error)),
        _ => Ok(()),
    }
}

impl Line {
    fn words(&self, lang: Lang) -> String {
        match &self.verdict {
            Verdict::Proven => say!(lang, "the log holds it", "ログに記録されています"),
            Verdict::NotYet => say!(
                lang,
                "not signed yet; ask again in a minute",
                "まだ署名されていません。1分後に再度確認してください"
            ),
            Verdict::Unknown(why) => clean(&say!(lang, "unknown: {why}", "確認できません: {why}")),
            Verdict::Wrong(why) => clean(&say!(lang, "WRONG: {why}", "不正: {why}")),
        }
    }

    fn json(&self) -> serde_json::Value {
        let (result, why) = match &self.verdict {
            Verdict::Proven => ("proven", None),
            Verdict::NotYet => ("not_yet", None),
            Verdict::Unknown(why) => ("unknown", Some(why)),
            Verdict::Wrong(why) => ("wrong", Some(why)),
        };
        json!({ "query_id": self.query, "log": self.log, "result": result, "why": why })
    }
}
