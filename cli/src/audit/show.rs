//! `renkei audit show`: the entries of one question as they stand in the logs, with their proofs, checked here.

use std::path::PathBuf;

use renkei_audit::entry::{Entry, Opening};
use renkei_audit::note::{Checkpoint, Head};
use renkei_audit::store::Reader;
use renkei_audit::tree::{Hash, verify_inclusion};
use renkei_audit_view::event::query_of;
use renkei_audit_view::{Event, Roster, sentence, text, when};
use renkei_types::QueryId;
use serde_json::{Value, json};

use super::logs::OpenLog;
use super::{broken, logs, print};
use crate::args::audit::{AuditForm, AuditShow};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;

/// One entry with what proves it.
struct Leaf {
    index: u64,
    text: String,
    entry: Option<Entry>,
    hash: Hash,
    openings: Vec<Opening>,
    proof: Proof,
}

/// What the log's signed head says of an entry.
enum Proof {
    /// It stands under the head, whose signature verified with a believed key.
    Signed(Head),
    /// It stands under the head, whose signature could not be checked: there is no key.
    Unkeyed(Head),
    /// No head covers it yet.
    NotYet,
    /// It does not stand under the head, or the head is not the log's.
    Wrong(String),
}

/// Runs the command.
///
/// # Errors
/// [`Failure`]; status 6 where a proof fails.
pub fn run(args: &AuditShow, cache: Option<PathBuf>, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let roster = logs::roster(&args.logs)?;
    let open = logs::open(&args.logs, lang)?;
    let wanted = wanted(args, &open, cache, &console)?;
    let (mut wrong, mut lines, mut values) = (false, String::new(), Vec::new());
    for (log, entries) in wanted {
        let leaves: Vec<Leaf> = entries.iter().map(|index| leaf(log, *index)).collect::<Result<_, _>>()?;
        wrong |= leaves.iter().any(|leaf| matches!(leaf.proof, Proof::Wrong(_)));
        match args.form {
            AuditForm::Text => lines.push_str(&shown(log, &leaves, &roster, lang)),
            AuditForm::Json => values.push(value(log, &leaves)),
        }
    }
    match args.form {
        AuditForm::Text => print(&lines)?,
        AuditForm::Json => print(&format!("{}\n", json!({ "what": args.what, "logs": values })))?,
    }
    Ok(if wrong { Exit::Checks } else { Exit::Ok })
}

/// The places to read: found by the index, or named.
fn wanted<'a>(
    args: &AuditShow,
    open: &'a [OpenLog],
    cache: Option<PathBuf>,
    console: &Console,
) -> Result<Vec<(&'a OpenLog, Vec<u64>)>, Failure> {
    let lang = console.lang;
    let what = &args.what;
    if let (Ok(index), [log]) = (what.parse::<u64>(), open) {
        return Ok(vec![(log, vec![index])]);
    }
    let query = QueryId::new(what.as_str()).map_err(|error| Failure::usage(error.to_string()))?;
    let index = logs::index(&args.logs, open, cache, console)?;
    let accounts = index.accounts(&query).map_err(|error| broken(&error))?;
    let mut places = Vec::new();
    for (origin, event) in accounts {
        places.extend(open.iter().find(|log| log.origin == origin).map(|log| (log, event.entries)));
    }
    if places.is_empty() {
        return Err(Failure::Usage(
            say!(lang, "no log tells of `{what}`", "`{what}` の記録はどのログにもありません"),
            Some(say!(lang, "`renkei audit search` lists what there is", "`renkei audit search` で一覧を表示できます")),
        ));
    }
    Ok(places)
}

fn leaf(log: &OpenLog, index: u64) -> Result<Leaf, Failure> {
    let bytes = log.reader.entry(index).map_err(|error| broken(&error))?;
    let hash = Hash::leaf(&bytes);
    let proof = match head(&log.reader, log) {
        Err(why) => Proof::Wrong(why),
        Ok(None) => Proof::NotYet,
        Ok(Some((head, _))) if index >= head.size => Proof::NotYet,
        Ok(Some((head, signed))) => {
            let proven = log.reader.inclusion(index, head.size).map_err(|error| error.to_string()).and_then(|proof| {
                verify_inclusion(hash, index, head.size, head.root, &proof.path).map_err(|error| error.to_string())
            });
            match proven {
                Ok(()) if signed => Proof::Signed(head),
                Ok(()) => Proof::Unkeyed(head),
                Err(why) => Proof::Wrong(why),
            }
        }
    };
    let openings = log.reader.openings(index).unwrap_or_default();
    let entry = Entry::decode(&bytes).ok();
    Ok(Leaf { index, text: String::from_utf8_lossy(&bytes).into_owned(), entry, hash, openings, proof })
}

/// The newest head, and whether a believed key signed it.
fn head(reader: &Reader, log: &OpenLog) -> Result<Option<(Head, bool)>, String> {
    let Some(note) = reader.checkpoint().map_err(|error| error.to_string())? else { return Ok(None) };
    if let Some(opened) = log.keys.iter().find_map(|key| Checkpoint::open(&note, key).ok()) {
        return Ok(Some((opened.head, true)));
    }
    if !log.keys.is_empty() {
        return Err("the checkpoint is not signed by the log's key".to_owned());
    }
    let parsed = Checkpoint::parse(note.text()).map_err(|error| error.to_string())?;
    Ok(Some((parsed.head, false)))
}

fn gathered(leaves: &[Leaf]) -> Option<Event> {
    let mut entries = leaves.iter().filter_map(|leaf| leaf.entry.as_ref());
    let mut event = Event::begin(entries.next()?)?;
    entries.filter(|entry| query_of(&entry.body).is_some()).for_each(|entry| event.add(entry));
    Some(event)
}

fn shown(log: &OpenLog, leaves: &[Leaf], roster: &Roster, lang: Lang) -> String {
    let mut text = format!("# {}\n", text::line(log.origin.as_str()));
    if let Some(event) = gathered(leaves) {
        text.push_str(&format!("{}\n", sentence::sentence(&event, roster, lang == Lang::Ja)));
        if let Some(sql) = &event.sql {
            text.push_str(&format!("\n{}\n", text::lines(sql).trim_end()));
        }
    }
    for leaf in leaves {
        let (index, hash) = (leaf.index, leaf.hash);
        let at = leaf.entry.as_ref().map(|entry| when::utc(entry.at)).unwrap_or_default();
        text.push_str(&say!(
            lang,
            "\nentry {index}  {at}\nleaf  {hash}\nproof {}\n",
            "\n記録 {index}  {at}\n葉のハッシュ {hash}\n証明 {}\n",
            proof(&leaf.proof, log, lang)
        ));
        text.push_str(&format!("{}\n", text::lines(&leaf.text)));
        for opening in &leaf.openings {
            text.push_str(&format!("  {} = {}\n", opening.name, text::line(opening.value.as_str())));
        }
    }
    text.push('\n');
    text
}

fn proof(proof: &Proof, log: &OpenLog, lang: Lang) -> String {
    match proof {
        Proof::Signed(head) => {
            let (size, root) = (head.size, head.root);
            let by = match (log.pinned, lang) {
                (true, Lang::En) => "by the key you gave",
                (false, Lang::En) => "by the key beside the log",
                (true, Lang::Ja) => "指定された鍵による署名",
                (false, Lang::Ja) => "ログの隣に置かれた鍵による署名",
            };
            say!(
                lang,
                "stands in the tree of {size} entries with root {root}, signed {by}",
                "{size}件の木(ルート {root})に含まれます。{by}"
            )
        }
        Proof::Unkeyed(head) => {
            let (size, root) = (head.size, head.root);
            say!(
                lang,
                "stands in the tree of {size} entries with root {root}; no key to check its signature, see --keys",
                "{size}件の木(ルート {root})に含まれます。署名を確認する鍵がありません(--keys)"
            )
        }
        Proof::NotYet => say!(lang, "not signed yet", "まだ署名されていません"),
        Proof::Wrong(why) => say!(lang, "FAILED: {why}", "失敗: {why}"),
    }
}

fn value(log: &OpenLog, leaves: &[Leaf]) -> Value {
    let one = |leaf: &Leaf| {
        let (state, head) = match &leaf.proof {
            Proof::Signed(head) => ("signed", Some(head)),
            Proof::Unkeyed(head) => ("no_key", Some(head)),
            Proof::NotYet => ("not_yet", None),
            Proof::Wrong(_) => ("wrong", None),
        };
        let entry: Value = serde_json::from_str(&leaf.text).unwrap_or_else(|_| json!(leaf.text));
        json!({
            "index": leaf.index,
            "leaf": leaf.hash,
            "proof": state,
            "head": head,
            "entry": entry,
            "openings": leaf.openings,
        })
    };
    let entries: Vec<Value> = leaves.iter().map(one).collect();
    json!({ "log": log.origin, "key_given": log.pinned, "entries": entries })
}
