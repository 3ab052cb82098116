//! `renkei query`: asks, prints the rows, says how the sites ended.

use std::time::Instant;

use renkei_audit::tree::Hash;
use renkei_proto::rows;
use renkei_types::{Clock, SystemClock, Timestamp};

use crate::answer::Account;
use crate::args::{Print, Query, Switch};
use crate::client::{Answer, Client};
use crate::command::{session, statement};
use crate::console::{Console, Report, clean};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::output::{self, Closing, Flow, Format, Output, Provenance};
use crate::param::Param;
use crate::polling::Running;
use crate::progress::Progress;
use crate::receipts::{self, Kept, Store};
use crate::settings::{self, Settings};

/// Rows between two updates of the progress.
const STEP: u64 = 1_000;

/// A statement with what it takes to print its answer.
pub struct Ask<'a> {
    /// The statement.
    pub sql: &'a str,
    /// The values of its parameters.
    pub params: &'a [Param],
    /// The parameters as they were written.
    pub written: &'a [String],
    /// The form of the answer.
    pub print: &'a Print,
    /// The same, decided.
    pub format: Format,
    /// Where the receipts go; none where nothing is kept of the question.
    pub keep: Option<Keep<'a>>,
}

/// Where the receipts of a question go.
pub struct Keep<'a> {
    /// The folder.
    pub store: Store,
    /// The gateway as it was given.
    pub gateway: &'a str,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`], with nothing said yet.
pub async fn run(args: &Query, settings: &Settings, console: Console, running: &Running) -> Result<Exit, Failure> {
    let lang = console.lang;
    let format = format(&args.print, settings, &console)?;
    let params = params(&args.params, lang)?;
    let deadline = deadline(settings, lang)?;
    let min_sites = min_sites(settings, lang)?;
    let wait = args.wait.as_deref().map(|wait| self::wait(wait, lang)).transpose()?;
    let sql = statement::read(&args.statement, lang)?;
    let started = Instant::now();
    let mut progress = Progress::start(console);
    let mut client = session::connect(settings, lang).await?;
    if let Some(deadline) = deadline {
        client.header("renkei-deadline", &deadline)?;
    }
    if let Some(min_sites) = min_sites {
        client.header("renkei-min-sites", &min_sites)?;
    }
    if args.columns == Switch::Off {
        client.header("renkei-columns", "off")?;
    }
    if args.bounds {
        client.header("renkei-bounds", "on")?;
    }
    if let Some(wait) = wait {
        client.header("renkei-wait", wait)?;
    }
    let gateway = settings.get("gateway").unwrap_or_default();
    let keep = settings.receipts().map(|folder| Keep { store: Store::new(folder), gateway });
    let ask = Ask { sql: &sql, params: &params, written: &args.params, print: &args.print, format, keep };
    ask.run(client, &mut progress, Some(running), started, console).await
}

impl Ask<'_> {
    /// Asks and prints.
    ///
    /// # Errors
    /// [`Failure`], with nothing said yet.
    pub async fn run(
        &self,
        client: Client,
        progress: &mut Progress,
        running: Option<&Running>,
        started: Instant,
        console: Console,
    ) -> Result<Exit, Failure> {
        // Where nobody watches, the question lives in its one call, and ends with it however the command ends.
        let asked_at = SystemClock.now();
        let watch = running.filter(|_| progress.is_shown()).map(|running| (&*progress, running));
        let mut answer = client.ask_and_watch(self.sql, self.params, watch).await?;
        if self.print.out.is_none() && console.out_terminal && self.format != Format::Table {
            progress.done();
        }
        let provenance = self.provenance(answer.account.as_ref());
        let mut output = Output::begin(self.format, self.print, &answer.schema, provenance)?;
        let mut hash = rows::Rows::new(&answer.schema);
        let whole = copy(&mut answer, &mut output, progress, &mut hash).await? == Flow::More;
        progress.done();
        let rows = output.rows;
        let closing = output.finish()?;
        let exit = answer.account.as_ref().map_or(Exit::Ok, |account| Exit::of_sites(&account.sites));
        let mut notes = notes(&closing, answer.account.as_ref(), console.lang);
        let hash = whole.then(|| receipts::Rows { count: hash.count(), hash: Hash(hash.finish()) });
        notes.extend(self.keep(answer.account.as_ref(), asked_at, hash, console.lang));
        let report = Report {
            account: answer.account.as_ref(),
            rows: Some(closing.cut.map_or(rows, |shown| shown as u64)),
            seconds: started.elapsed().as_secs_f64(),
            notes,
        };
        console.report(exit, &report);
        if closing.cut.is_none() {
            answer.close().await;
        }
        Ok(exit)
    }

    /// Keeps the receipts and checks what can be checked at once; what is wrong is for the person to read.
    fn keep(
        &self,
        account: Option<&Account>,
        asked_at: Timestamp,
        rows: Option<receipts::Rows>,
        lang: Lang,
    ) -> Option<String> {
        let (keep, account) = (self.keep.as_ref()?, account?);
        let query = account.query_id.as_ref()?.parse().ok()?;
        let mut kept = Kept::new(query, asked_at, keep.gateway, self.sql, account);
        (kept.parameters, kept.rows) = (self.written.to_vec(), rows);
        let checked = receipts::at_once(&mut kept, &keep.store, lang);
        let stored = checked.and_then(|good| keep.store.keep(&kept).map(|()| good));
        let path = keep.store.path(&kept.query_id);
        match stored {
            Ok(true) => None,
            Ok(false) => {
                let wrong = kept.receipts.iter().filter_map(|stored| {
                    let log = stored.given.site.as_ref().map_or("gateway", |site| site.as_str());
                    stored.wrong.as_ref().map(|wrong| format!("{log}: {wrong}"))
                });
                let wrong = wrong.collect::<Vec<_>>().join("; ");
                Some(say!(
                    lang,
                    "RECEIPT WRONG: {wrong}; keep {} and tell the coordinator",
                    "受領証が不正です: {wrong}。{} を保存し、コーディネーターに連絡してください",
                    path.display()
                ))
            }
            Err(error) => Some(say!(
                lang,
                "the receipts could not be kept in {}: {error}",
                "受領証を {} に保存できませんでした: {error}",
                path.display()
            )),
        }
    }

    fn provenance(&self, account: Option<&Account>) -> Provenance {
        let mut pairs = vec![("renkei.sql".to_owned(), self.sql.to_owned())];
        let mut add = |key: &str, value: Option<String>| {
            pairs.extend(value.filter(|v| !v.is_empty()).map(|value| (format!("renkei.{key}"), value)));
        };
        add("parameters", (!self.written.is_empty()).then(|| serde_json::json!(self.written).to_string()));
        add("query_id", account.and_then(|a| a.query_id.clone()));
        add("project", account.and_then(|a| a.project.clone()));
        add("snapshots", account.map(Account::snapshots));
        add("policies", account.map(Account::policies));
        add("answer", account.map(|a| a.raw.to_string()));
        pairs
    }
}

/// Writes the rows; [`Flow::More`] where all of them were taken.
async fn copy(
    answer: &mut Answer,
    output: &mut Output,
    progress: &Progress,
    hash: &mut rows::Rows,
) -> Result<Flow, Failure> {
    let mut told = 0;
    while let Some(batch) = answer.next().await? {
        hash.add(&batch).map_err(|error| Failure::Answer(error.to_string()))?;
        if output.write(&batch)? == Flow::Enough {
            return Ok(Flow::Enough);
        }
        if output.rows >= told + STEP {
            told = output.rows;
            progress.rows(told);
        }
    }
    Ok(Flow::More)
}

fn notes(closing: &Closing, account: Option<&Account>, lang: Lang) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(held) = closing.held {
        let range = |low: i64, high: i64| if low == high { low.to_string() } else { format!("{low}–{high}") };
        let sites = range(held.fewest, held.most);
        let below =
            account.and_then(Account::minimum_persons).map_or("k−1".to_owned(), |k| k.saturating_sub(1).to_string());
        let rows = held.rows;
        notes.push(match lang {
            Lang::En => {
                let these = if rows == 1 { "row" } else { "rows" };
                let hold = if held.most == 1 { "site holds" } else { "sites hold" };
                format!("* {rows} {these}: {sites} {hold} 0 to {below} persons here; the numbers leave them out")
            }
            Lang::Ja => format!("* {rows}行: {sites}施設がこのセルに0〜{below}人を持ち、数値に含めていません"),
        });
    }
    for undecided in account.iter().flat_map(|account| &account.undecided) {
        let (clause, rows) = (clean(&undecided.clause), undecided.rows);
        notes.push(match lang {
            Lang::En => {
                let these = if rows == 1 { "row is" } else { "rows are" };
                format!("* {clause}: {rows} {these} undecided: what sites hold there could put them in or out")
            }
            Lang::Ja => format!(
                "* {clause}: {rows}行は未確定です(施設が保留した人数により、結果に入ることも外れることもあります)"
            ),
        });
    }
    if let Some((fetch, id)) = account.and_then(|account| Some((account.fetch.as_ref()?, account.query_id.as_ref()?))) {
        let (id, until) = (clean(id), clean(&fetch.until));
        notes.push(say!(
            lang,
            "* some sites are still at work: `renkei fetch {id}` brings the whole answer, until {until}",
            "* まだ処理中の施設があります。`renkei fetch {id}` で全体の回答を取得できます(期限: {until})"
        ));
    }
    if let Some(shown) = closing.cut {
        notes.push(say!(
            lang,
            "the first {shown} rows are shown and there are more: `--max-rows 0` shows all, `-o answer.csv` writes all",
            "先頭の{shown}行だけを表示しました。すべて表示するには `--max-rows 0`、保存するには `-o answer.csv`"
        ));
    }
    notes
}

/// The form of an answer, with the profile's wish.
pub fn format(print: &Print, settings: &Settings, console: &Console) -> Result<Format, Failure> {
    let profile = settings.get("output").and_then(|text| clap::ValueEnum::from_str(text, true).ok());
    output::choose(print, profile, console)
}

/// The values of parameters as they were written.
///
/// # Errors
/// [`Failure::Usage`] for a value that is not of its type.
pub fn params(written: &[String], lang: Lang) -> Result<Vec<Param>, Failure> {
    let parse = |(index, text): (usize, &String)| {
        Param::parse(text).map_err(|error| {
            let (number, value, kind) = (index + 1, &error.value, error.kind);
            Failure::usage(say!(
                lang,
                "parameter ${number}: `{value}` is not of the type `{kind}`",
                "パラメーター ${number}: `{value}` は `{kind}` 型ではありません"
            ))
        })
    };
    written.iter().enumerate().map(parse).collect()
}

fn deadline(settings: &Settings, lang: Lang) -> Result<Option<String>, Failure> {
    let Some(text) = settings.get("deadline") else { return Ok(None) };
    match settings::is_deadline(text) {
        true => Ok(Some(text.to_owned())),
        false => Err(Failure::usage(say!(
            lang,
            "--deadline: `{text}` is not a time such as 30s or 2m",
            "--deadline: `{text}` は 30s や 2m のような時間ではありません"
        ))),
    }
}

/// A time that `--wait` takes.
///
/// # Errors
/// [`Failure::Usage`] for anything else.
pub fn wait(text: &str, lang: Lang) -> Result<&str, Failure> {
    match settings::is_deadline(text) {
        true => Ok(text),
        false => Err(Failure::usage(say!(
            lang,
            "--wait: `{text}` is not a time such as 5s or 1m",
            "--wait: `{text}` は 5s や 1m のような時間ではありません"
        ))),
    }
}

fn min_sites(settings: &Settings, lang: Lang) -> Result<Option<String>, Failure> {
    let Some(text) = settings.get("min_sites") else { return Ok(None) };
    match text.parse::<u32>() {
        Ok(number) if number > 0 => Ok(Some(number.to_string())),
        _ => Err(Failure::usage(say!(
            lang,
            "--min-sites: `{text}` is not a number of sites, 1 or more",
            "--min-sites: `{text}` は1以上の施設数ではありません"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn undecided_rows_and_late_sites_are_said_in_both_languages() {
        let json = br#"{"query_id":"q-1","undecided":[{"clause":"HAVING","rows":1},{"clause":"JOIN","rows":3}],
            "fetch":{"until":"2026-11-30T08:00:00Z"}}"#;
        let account = Account::read(json).unwrap().unwrap();
        let closing = Closing { held: None, cut: None };
        let notes = |lang| notes(&closing, Some(&account), lang);
        assert_eq!(
            notes(Lang::En),
            [
                "* HAVING: 1 row is undecided: what sites hold there could put them in or out",
                "* JOIN: 3 rows are undecided: what sites hold there could put them in or out",
                "* some sites are still at work: `renkei fetch q-1` brings the whole answer, until 2026-11-30T08:00:00Z",
            ]
        );
        let japanese = notes(Lang::Ja).join("\n");
        assert!(
            japanese.contains("* HAVING: 1行は未確定です") && japanese.contains("`renkei fetch q-1`"),
            "{japanese}"
        );
    }

    #[test]
    fn a_wait_is_a_time() {
        assert_eq!(wait("5s", Lang::En).unwrap(), "5s");
        assert!(wait("soon", Lang::En).is_err());
    }
}
