//! `renkei audit verify`: every log by itself, and each by what the others have seen of it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use renkei_audit::archive;
use renkei_audit::note::{Checkpoint, Head, Kind, Origin, VerifierKey};
use renkei_audit::store::{Memory, Remembered};
use renkei_audit::verify::{Report, Trust, verify};
use renkei_audit_view::when;
use renkei_types::{Clock as _, SystemClock, Timestamp};
use serde_json::{Value, json};

use super::logs::OpenLog;
use super::{logs, print, search};
use crate::args::audit::{AuditForm, AuditVerify};
use crate::console::{Colour, Console};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::trouble::chain;

/// Runs the command.
///
/// # Errors
/// [`Failure`]; status 6 where a log cannot be believed.
pub fn run(args: &AuditVerify, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let open = logs::open(&args.logs, lang)?;
    let mut witnesses = args.witnesses.as_deref().map(|path| logs::keys(path, lang)).transpose()?.unwrap_or_default();
    witnesses.retain(|key| key.kind() == Kind::Witness);
    if args.quorum > witnesses.len() {
        let (quorum, given) = (args.quorum, witnesses.len());
        return Err(Failure::usage(say!(
            lang,
            "--quorum {quorum} needs as many keys in --witnesses; there are {given}",
            "--quorum {quorum} には同数以上の鍵が --witnesses に必要です(現在 {given})"
        )));
    }
    let as_of = args.as_of.as_deref().map(|text| search::time(text, "--as-of", lang)).transpose()?;
    let seen = remembered(&open);
    let (mut sound, mut values) = (true, Vec::new());
    for log in &open {
        let bar = logs::bar(&console);
        if let Some(bar) = &bar {
            let origin = &log.origin;
            bar.set_message(say!(lang, "verifying {origin}", "{origin} を検証中"));
        }
        let report =
            trust(log, &witnesses, args.quorum, as_of.map(|span| span.0), &seen).map(|t| verify(&log.reader, &t));
        let damaged: Vec<String> = log.archives.iter().filter_map(|folder| damage(folder, &log.keys)).collect();
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        sound &= damaged.is_empty();
        sound &= report.as_ref().is_some_and(Report::sound);
        match args.form {
            AuditForm::Text => print(&text(log, report.as_ref(), &damaged, &console))?,
            AuditForm::Json => values.push(value(log, report.as_ref(), &damaged)),
        }
    }
    if args.form == AuditForm::Json {
        print(&format!("{}\n", json!({ "sound": sound, "logs": values })))?;
    }
    Ok(if sound { Exit::Ok } else { Exit::Checks })
}

/// What is wrong with an archive as such: a file that is not the one that was sealed.
fn damage(folder: &Path, keys: &[VerifierKey]) -> Option<String> {
    archive::check(folder, keys).err().map(|error| format!("{}: {}", folder.display(), chain(&error)))
}

/// `None` where there is no key to believe.
pub fn trust(
    log: &OpenLog,
    witnesses: &[VerifierKey],
    quorum: usize,
    as_of: Option<Timestamp>,
    seen: &Seen,
) -> Option<Trust> {
    let first = log.keys.first()?;
    let mut trust = Trust::new(first.clone(), as_of.unwrap_or_else(|| taken(log)));
    trust.keys.clone_from(&log.keys);
    trust.witnesses = witnesses.iter().filter(|key| *key.name() != log.origin).cloned().collect();
    trust.quorum = quorum;
    trust.known = known(log, seen, &trust);
    trust.complete = log.is_gateway();
    trust.openings = log.live();
    Some(trust)
}

/// When the files were taken: now where the log is in use, else when its newest checkpoint was written.
fn taken(log: &OpenLog) -> Timestamp {
    let written = fs::metadata(log.folder.join("checkpoint")).and_then(|found| found.modified()).ok();
    match written {
        Some(time) if !log.live() => time.into(),
        _ => SystemClock.now(),
    }
}

/// What each log remembers of the others.
pub type Seen = Vec<(Origin, BTreeMap<Origin, Memory>)>;

/// What each of the logs remembers of others.
pub fn remembered(open: &[OpenLog]) -> Seen {
    // What cannot be read here is found where that log itself is verified.
    open.iter().filter_map(|log| Some((log.origin.clone(), log.reader.memories().ok()?))).collect()
}

/// The heads that other logs remember of this one, under the key that signs it. A copy is of some moment: what was
/// cosigned just before that, or later, need not be in it.
fn known(log: &OpenLog, seen: &Seen, trust: &Trust) -> Vec<Head> {
    let note = log.reader.checkpoint().ok().flatten();
    let signs = |key: &&VerifierKey| note.as_ref().is_some_and(|note| Checkpoint::open(note, key).is_ok());
    let Some(key) = log.keys.iter().find(signs).or_else(|| log.keys.first()) else { return Vec::new() };
    let size = log.reader.size().unwrap_or(0);
    let delay = i64::try_from(trust.delay.as_micros()).unwrap_or(i64::MAX);
    let due = trust.as_of.0.saturating_sub(delay);
    let counts = |seen: &Remembered| log.live() || seen.head.size <= size || seen.at.is_some_and(|at| at.0 < due);
    let others = seen.iter().filter(|(of, _)| *of != log.origin).filter_map(|(_, memories)| memories.get(&log.origin));
    others.flat_map(|memory| memory.under(key)).filter(counts).map(|seen| seen.head).collect()
}

fn text(log: &OpenLog, report: Option<&Report>, damaged: &[String], console: &Console) -> String {
    let lang = console.lang;
    let mut text = format!("# {}\n", log.origin);
    let place = log.folder.display();
    let key = match (log.keys.first(), log.pinned, lang) {
        (None, ..) => lang.pick("none", "なし").to_owned(),
        (Some(key), true, Lang::En) => format!("{key} (given)"),
        (Some(key), false, Lang::En) => format!("{key} (beside the log: proves less than one that you were given)"),
        (Some(key), true, Lang::Ja) => format!("{key}(指定)"),
        (Some(key), false, Lang::Ja) => {
            format!("{key}(ログの隣に置かれたもの。別途受け取った鍵より証明力は弱くなります)")
        }
    };
    text.push_str(&say!(lang, "folder  {place}\nkey     {key}\n", "フォルダー {place}\n検証鍵 {key}\n"));
    let Some(report) = report else {
        text.push_str(&say!(
            lang,
            "NOT VERIFIED: there is no key for this log; give it with --keys\n\n",
            "未検証: このログの鍵がありません。--keys で指定してください\n\n"
        ));
        return text;
    };
    let (entries, cosignatures) = (report.entries, report.cosignatures);
    let kinds: Vec<String> = report.kinds.iter().map(|(kind, count)| format!("{kind} {count}")).collect();
    let kinds = kinds.join(", ");
    text.push_str(&say!(lang, "entries {entries} ({kinds})\n", "記録 {entries}件({kinds})\n"));
    if let Some((first, last)) = report.span {
        let (first, last) = (when::japan(first), when::japan(last));
        text.push_str(&say!(lang, "from    {first} to {last} JST\n", "期間 {first} 〜 {last}\n"));
    }
    if let Some(head) = report.signed {
        let (size, root) = (head.size, head.root);
        text.push_str(&say!(
            lang,
            "head    {size} entries, root {root}, {cosignatures} cosignatures\n",
            "先頭 {size}件、ルート {root}、連署 {cosignatures}件\n"
        ));
    }
    for sentence in report.sentences(lang == Lang::Ja) {
        text.push_str(&format!("  {sentence}\n"));
    }
    for folder in &log.archives {
        let place = folder.display();
        text.push_str(&say!(lang, "archive {place}\n", "保管 {place}\n"));
    }
    for why in damaged {
        text.push_str(&format!("  {why}\n"));
    }
    let verdict = if report.sound() && damaged.is_empty() {
        console_paint(console, Colour::Green, lang.pick("in order", "異常なし"))
    } else {
        console_paint(console, Colour::Red, lang.pick("NOT TO BE BELIEVED", "信頼できません"))
    };
    text.push_str(&format!("{verdict}\n\n"));
    text
}

/// Colours follow standard error; where standard output is no terminal there are none.
fn console_paint(console: &Console, colour: Colour, text: &str) -> String {
    if console.out_terminal { console.paint(colour, text) } else { text.to_owned() }
}

fn value(log: &OpenLog, report: Option<&Report>, damaged: &[String]) -> Value {
    json!({
        "log": log.origin,
        "folder": log.folder.display().to_string(),
        "key": log.keys.first().map(ToString::to_string),
        "key_given": log.pinned,
        "sound": report.is_some_and(Report::sound) && damaged.is_empty(),
        "archives": log.archives.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>(),
        "damaged": damaged,
        "report": report,
    })
}
