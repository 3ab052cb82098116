//! `renkei audit reconcile`: the gateway's log against each hospital's.

use std::time::Duration;

use renkei_audit::entry::{Entry, Malformed};
use renkei_audit::store::{ReadError, Reader};
use renkei_audit::verify::{Class, Reconciliation, reconcile};
use serde_json::json;

use super::logs::OpenLog;
use super::{broken, logs, print};
use crate::args::audit::{AuditForm, AuditReconcile};
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::grid::{self, Column};
use crate::lang::Lang;

/// Differences that are listed for people; programs get all.
const LISTED: usize = 100;

/// Why an entry cannot be compared.
#[derive(Debug, thiserror::Error)]
enum Unreadable {
    #[error(transparent)]
    File(#[from] ReadError),
    #[error("an entry cannot be read ({0}); `renkei audit verify` says more")]
    Entry(#[from] Malformed),
}

/// Runs the command.
///
/// # Errors
/// [`Failure`]; status 6 where the logs contradict each other.
pub fn run(args: &AuditReconcile, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let open = logs::open(&args.logs, lang)?;
    let nodes: Vec<&OpenLog> = open.iter().filter(|log| log.site().is_some()).collect();
    let Some(gateway) = open.iter().find(|log| log.is_gateway()).filter(|_| !nodes.is_empty()) else {
        return Err(Failure::usage(say!(
            lang,
            "comparing needs the gateway's log and at least one hospital's; give each with --log",
            "突き合わせには、ゲートウェイのログと少なくとも1施設のログが必要です。--log で指定してください"
        )));
    };
    let (mut worst, mut values) = (Class::Matched, Vec::new());
    for node in nodes {
        let Some(site) = node.site() else { continue };
        let (tolerance, silence) = (Duration::from_secs(args.tolerance), Duration::from_secs(args.silence));
        let found = entries(&gateway.reader)
            .and_then(|left| reconcile(left, entries(&node.reader)?, &site, tolerance, silence))
            .map_err(|error| broken(&error))?;
        worst = found.counts.keys().copied().max().unwrap_or(Class::Matched).max(worst);
        match args.form {
            AuditForm::Text => print(&text(gateway, node, &found, lang))?,
            AuditForm::Json => values.push(json!({ "gateway": gateway.origin, "node": node.origin, "found": found })),
        }
    }
    let agree = matches!(worst, Class::Matched | Class::Late);
    if args.form == AuditForm::Json {
        print(&format!("{}\n", json!({ "agree": agree, "comparisons": values })))?;
    }
    Ok(if agree { Exit::Ok } else { Exit::Checks })
}

fn entries(reader: &Reader) -> Result<impl Iterator<Item = Result<Entry, Unreadable>> + '_, Unreadable> {
    Ok(reader.entries(0)?.map(|entry| Ok(Entry::decode(&entry?.1)?)))
}

fn word(class: Class, lang: Lang) -> &'static str {
    match class {
        Class::Matched => lang.pick("matched", "一致"),
        Class::Late => lang.pick("late", "遅延"),
        Class::Gap => lang.pick("gap", "空白"),
        Class::LeftOnly => lang.pick("gateway only", "ゲートウェイのみ"),
        Class::RightOnly => lang.pick("node only", "ノードのみ"),
        Class::Mismatch => lang.pick("mismatch", "不一致"),
    }
}

fn text(gateway: &OpenLog, node: &OpenLog, found: &Reconciliation, lang: Lang) -> String {
    let mut text = format!("# {} ↔ {}\n", gateway.origin, node.origin);
    for (class, count) in &found.counts {
        let meaning = lang.pick(class.english(), class.japanese());
        text.push_str(&format!("  {count:>8}  {}: {meaning}\n", word(*class, lang)));
    }
    if found.counts.is_empty() {
        text.push_str(lang.pick("  no question in either log\n", "  どちらのログにも照会がありません\n"));
    }
    if !found.items.is_empty() {
        let title = |en: &str, ja: &str, right| Column { title: lang.pick(en, ja).into(), right };
        let columns = [
            title("class", "分類", false),
            title("query id", "照会ID", false),
            title("part", "部分", true),
            title("about", "対象", false),
            title("gateway's entry", "ゲートウェイの記録", true),
            title("node's entry", "ノードの記録", true),
        ];
        let place = |place: Option<u64>| place.map_or_else(|| "–".to_owned(), |index| index.to_string());
        let row = |item: &renkei_audit::verify::Item| {
            let about = if item.outcome { lang.pick("outcome", "結果") } else { lang.pick("question", "照会") };
            let class = word(item.class, lang).to_owned();
            vec![
                class,
                item.query.to_string(),
                item.part.to_string(),
                about.into(),
                place(item.left),
                place(item.right),
            ]
        };
        let rows: Vec<Vec<String>> = found.items.iter().take(LISTED).map(row).collect();
        text.push_str(&grid::render(&columns, &rows));
        let more = found.items.len().saturating_sub(LISTED);
        if more > 0 {
            text.push_str(&say!(
                lang,
                "and {more} more; --output json has all\n",
                "ほか{more}件。すべては --output json\n"
            ));
        }
    }
    text.push('\n');
    text
}
