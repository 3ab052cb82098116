//! `renkei history`, `renkei show` and `renkei rerun`: the person's own questions, as they were kept with their receipts.

use std::io::{self, Write};

use renkei_audit::tree::Hash;
use renkei_audit_view::{text, when};
use renkei_proto::rows;
use renkei_types::{QueryId, SiteState};
use serde_json::json;

use crate::answer::Account;
use crate::args::{ExplainForm, History, OneQuestion};
use crate::command::{query, session};
use crate::console::{Console, clean, clean_lines};
use crate::exit::Exit;
use crate::failure::{Failure, state_name};
use crate::grid::{self, Column};
use crate::lang::Lang;
use crate::progress::Progress;
use crate::receipts::{Kept, Rows, Store};
use crate::settings::Settings;

/// Characters of a statement in a list.
const SHORT: usize = 56;

/// Lists the questions.
///
/// # Errors
/// [`Failure`], with nothing said yet.
pub fn list(args: &History, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let store = store(settings, lang)?;
    let ids = store.list().map_err(|error| Failure::io("receipts", error))?;
    let mut kept = Vec::new();
    for id in ids.iter().rev() {
        if kept.len() == args.limit {
            break;
        }
        let Some(question) = read(&store, id)? else { continue };
        if args.text.as_deref().is_none_or(|text| question.sql.to_lowercase().contains(&text.to_lowercase())) {
            kept.push(question);
        }
    }
    match args.form {
        ExplainForm::Json => {
            let line = |kept: &Kept| format!("{}\n", summary(kept));
            print(&kept.iter().map(line).collect::<String>())?;
        }
        ExplainForm::Text => print(&table(&kept, lang))?,
    }
    if kept.is_empty() {
        console.tell(&say!(lang, "no question is kept", "保存された照会はありません"));
    }
    Ok(Exit::Ok)
}

/// Shows one question.
///
/// # Errors
/// [`Failure`], with nothing said yet.
pub fn show(args: &OneQuestion, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let kept = one(&store(settings, console.lang)?, &args.query, console.lang)?;
    match args.form {
        ExplainForm::Json => {
            let value = serde_json::to_value(&kept).map_err(|error| Failure::Answer(error.to_string()))?;
            print(&format!("{value}\n"))?;
        }
        ExplainForm::Text => print(&account_of(&kept, console.lang)?)?,
    }
    Ok(Exit::Ok)
}

/// Asks a question again and compares.
///
/// # Errors
/// [`Failure`], with nothing said yet.
pub async fn rerun(args: &OneQuestion, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let before = one(&store(settings, lang)?, &args.query, lang)?;
    let Some(rows_before) = before.rows else {
        return Err(Failure::usage(say!(
            lang,
            "not all rows of `{}` were read, so that there is nothing to compare with",
            "`{}` は全行を読み取っていないため、比較できません",
            args.query
        )));
    };
    let params = query::params(&before.parameters, lang)?;
    let mut progress = Progress::start(console);
    let mut client = session::connect(settings, lang).await?;
    if let Some(project) = &before.project {
        client.header("renkei-project", project)?;
    }
    let snapshots = account(&before)?.snapshots();
    if !snapshots.is_empty() {
        client.header("renkei-snapshots", &snapshots)?;
    }
    let mut answer = client.ask(&before.sql, &params).await?;
    let mut hash = rows::Rows::new(&answer.schema);
    while let Some(batch) = answer.next().await? {
        hash.add(&batch).map_err(|error| Failure::Answer(error.to_string()))?;
    }
    progress.done();
    let rows = Rows { count: hash.count(), hash: Hash(hash.finish()) };
    let after = answer.account.clone().unwrap_or_default();
    answer.close().await;
    let verdict = Verdict::of(&account(&before)?, &after, rows_before == rows);
    match args.form {
        ExplainForm::Json => {
            let value = json!({
                "query_id": before.query_id,
                "again": after.query_id,
                "same_rows": rows_before == rows,
                "rows_before": rows_before,
                "rows": rows,
                "changes": verdict.changes.iter().map(|change| &change.0).collect::<Vec<_>>(),
                "verdict": verdict.word(),
            });
            print(&format!("{value}\n"))?;
        }
        ExplainForm::Text => print(&verdict.text(&rows_before, &rows, lang))?,
    }
    Ok(verdict.exit())
}

/// How two answers of one question stand to each other.
#[derive(Debug, PartialEq, Eq)]
struct Verdict {
    same: bool,
    changes: Vec<Change>,
}

/// A site whose part is not on the same ground: its id, what it was and what it is.
#[derive(Debug, PartialEq, Eq)]
struct Change(String, Ground, Ground);

/// A site's state and snapshot.
type Ground = Option<(SiteState, Option<String>)>;

impl Verdict {
    fn of(before: &Account, after: &Account, same: bool) -> Self {
        let ground = |account: &Account, site: &str| {
            let found = account.sites.iter().find(|outcome| outcome.site.as_str() == site)?;
            Some((found.state, found.snapshot.as_ref().map(ToString::to_string)))
        };
        let mut sites: Vec<&str> =
            before.sites.iter().chain(&after.sites).map(|outcome| outcome.site.as_str()).collect();
        sites.sort_unstable();
        sites.dedup();
        let change = |site: &str| Change(site.to_owned(), ground(before, site), ground(after, site));
        let changes = sites.into_iter().map(change).filter(|change| change.1 != change.2).collect();
        Self { same, changes }
    }

    fn word(&self) -> &'static str {
        match (self.same, self.changes.is_empty()) {
            (true, true) => "reproduced",
            (false, true) => "differs",
            (_, false) => "other_ground",
        }
    }

    /// Another answer on the same ground is what must not be; another ground is told.
    fn exit(&self) -> Exit {
        match (self.same, self.changes.is_empty()) {
            (true, true) => Exit::Ok,
            (false, true) => Exit::Checks,
            (_, false) => Exit::Partial,
        }
    }

    fn text(&self, before: &Rows, after: &Rows, lang: Lang) -> String {
        let mut text = match (self.same, self.changes.is_empty(), lang) {
            (true, true, Lang::En) => "reproduced: the same rows on the same snapshots\n".to_owned(),
            (true, true, Lang::Ja) => "再現: 同じスナップショットで同じ行が得られました\n".to_owned(),
            (false, true, Lang::En) => "DIFFERS: other rows on the same snapshots; tell the coordinator\n".to_owned(),
            (false, true, Lang::Ja) => {
                "不一致: 同じスナップショットで異なる行が得られました。事務局に連絡してください\n".to_owned()
            }
            (same, false, Lang::En) => {
                let rows = if same { "the same rows" } else { "other rows" };
                format!("not on the same ground: {rows}; these sites answered otherwise\n")
            }
            (same, false, Lang::Ja) => {
                let rows = if same { "行は同じ" } else { "行は異なる" };
                format!("条件が異なります({rows})。次の施設の回答の前提が変わりました\n")
            }
        };
        let ground = |ground: &Ground| match ground {
            None => "–".to_owned(),
            Some((state, snapshot)) => {
                format!("{} {}", state_name(*state, lang), clean(snapshot.as_deref().unwrap_or("–")))
            }
        };
        for Change(site, was, is) in &self.changes {
            text.push_str(&format!("  {}: {} → {}\n", clean(site), ground(was), ground(is)));
        }
        for rows in [before, after] {
            let (count, hash) = (rows.count, rows.hash);
            text.push_str(&say!(lang, "  {count} rows, {hash}\n", "  {count}行、{hash}\n"));
        }
        text
    }
}

fn store(settings: &Settings, lang: Lang) -> Result<Store, Failure> {
    settings.receipts().map(Store::new).ok_or_else(|| {
        Failure::usage(say!(
            lang,
            "no questions are kept (`receipts = off`)",
            "照会を保存しない設定です(`receipts = off`)"
        ))
    })
}

fn read(store: &Store, query: &QueryId) -> Result<Option<Kept>, Failure> {
    store.read(query).map_err(|error| Failure::io(store.path(query).display().to_string(), error))
}

fn one(store: &Store, query: &QueryId, lang: Lang) -> Result<Kept, Failure> {
    read(store, query)?.ok_or_else(|| {
        Failure::Usage(
            say!(lang, "nothing is kept of the question `{query}`", "照会 `{query}` は保存されていません"),
            Some(say!(lang, "`renkei history` lists what is kept", "`renkei history` で一覧を表示できます")),
        )
    })
}

fn account(kept: &Kept) -> Result<Account, Failure> {
    let bytes = serde_json::to_vec(&kept.answer).map_err(|error| Failure::Answer(error.to_string()))?;
    Ok(Account::read(&bytes).map_err(|error| Failure::Answer(error.to_string()))?.unwrap_or_default())
}

fn summary(kept: &Kept) -> serde_json::Value {
    json!({
        "query_id": kept.query_id,
        "asked_at": when::utc(kept.asked_at),
        "project": kept.project,
        "sql": kept.sql,
        "parameters": kept.parameters,
        "rows": kept.rows,
        "proven": kept.is_proven(),
    })
}

fn table(kept: &[Kept], lang: Lang) -> String {
    let column = |en: &str, ja: &str, right| Column { title: lang.pick(en, ja).into(), right };
    let columns = [
        column("time (JST)", "日時", false),
        column("query id", "照会ID", false),
        column("project", "課題", false),
        column("rows", "行", true),
        column("receipts", "受領証", false),
        column("statement", "照会文", false),
    ];
    let row = |kept: &Kept| {
        let rows = kept.rows.map_or_else(|| "–".to_owned(), |rows| rows.count.to_string());
        vec![
            when::japan(kept.asked_at),
            kept.query_id.to_string(),
            clean(kept.project.as_deref().unwrap_or("–")),
            rows,
            receipts(kept, lang).to_owned(),
            text::short(&kept.sql, SHORT),
        ]
    };
    grid::render(&columns, &kept.iter().map(row).collect::<Vec<_>>())
}

fn receipts(kept: &Kept, lang: Lang) -> &'static str {
    match (kept.receipts.is_empty(), kept.receipts.iter().any(|stored| stored.wrong.is_some()), kept.is_proven()) {
        (true, ..) => lang.pick("none", "なし"),
        (_, true, _) => lang.pick("WRONG", "異常"),
        (_, _, true) => lang.pick("proven", "証明済み"),
        _ => lang.pick("not proven yet", "未証明"),
    }
}

fn account_of(kept: &Kept, lang: Lang) -> Result<String, Failure> {
    let account = account(kept)?;
    let mut text = String::new();
    let mut line = |en: &str, ja: &str, value: &str| {
        text.push_str(&format!("{}: {}\n", lang.pick(en, ja), clean(value)));
    };
    line("query id", "照会ID", kept.query_id.as_str());
    line("asked", "日時", &format!("{} JST", when::japan(kept.asked_at)));
    line("gateway", "ゲートウェイ", &kept.gateway);
    line("project", "課題", kept.project.as_deref().unwrap_or("–"));
    line("software", "ソフトウェア", &kept.software);
    for (number, value) in (1..).zip(&kept.parameters) {
        line(&format!("${number}"), &format!("${number}"), value);
    }
    if let Some(rows) = kept.rows {
        line("rows", "行数", &rows.count.to_string());
        line("hash of the rows", "行のハッシュ", &rows.hash.to_string());
    }
    line("receipts", "受領証", receipts(kept, lang));
    for site in &account.sites {
        let snapshot = site.snapshot.as_ref().map_or("–", |snapshot| snapshot.as_str());
        line("site", "施設", &format!("{} {} {snapshot}", site.site, state_name(site.state, lang)));
        if let Some(version) = &site.policy {
            line("its policy", "方針の版", version);
        }
    }
    text.push_str(&format!("\n{}\n", clean_lines(kept.sql.trim_end())));
    Ok(text)
}

fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Failure::Closed),
        other => other.map_err(|error| Failure::io("stdout", error)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(sites: &[(&str, &str, &str)]) -> Account {
        let site = |(site, state, snapshot): &(&str, &str, &str)| json!({ "site": site, "state": state, "snapshot": snapshot, "elapsed_ms": 1 });
        let sites: Vec<_> = sites.iter().map(site).collect();
        Account::read(json!({ "sites": sites }).to_string().as_bytes()).unwrap().unwrap()
    }

    #[test]
    fn another_answer_counts_only_on_the_same_ground() {
        let before = account(&[("osaka", "answered", "s-1"), ("tokyo", "answered", "s-1")]);
        let later = account(&[("osaka", "answered", "s-2"), ("tokyo", "answered", "s-1")]);
        let fewer = account(&[("tokyo", "answered", "s-1")]);
        let word = |after: &Account, same| Verdict::of(&before, after, same).word();
        assert_eq!((word(&before, true), word(&before, false)), ("reproduced", "differs"));
        assert_eq!(
            (word(&later, true), word(&later, false), word(&fewer, true)),
            ("other_ground", "other_ground", "other_ground")
        );
        let verdict = Verdict::of(&before, &later, false);
        assert_eq!((verdict.changes.len(), verdict.exit(), verdict.changes[0].0.as_str()), (1, Exit::Partial, "osaka"));
        assert_eq!(Verdict::of(&before, &before, false).exit(), Exit::Checks);
    }
}
