//! The report as one page that a browser opens without a server or a network.

use std::fmt::{self, Write};

use super::{Language, Report};
use crate::ingest::quality::{Category, Check, checks};

const STYLE: &str = "
  body { font: 15px/1.6 system-ui, 'Hiragino Sans', 'Noto Sans JP', 'Yu Gothic', sans-serif; margin: 2rem auto;
    max-width: 76rem; padding: 0 1rem; color: #1b1f24; background: #fff }
  h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem; border-bottom: 1px solid #d0d7de }
  table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; font-size: .9rem } th, td { text-align: left; padding: .25rem .6rem;
    border-bottom: 1px solid #e5e9ee; vertical-align: top } th { font-weight: 600; background: #f6f8fa }
  td.n, th.n { text-align: right; font-variant-numeric: tabular-nums } .bad { color: #a40e26; font-weight: 600 }
  .good { color: #116329 } pre { white-space: pre-wrap; background: #f6f8fa; padding: .8rem; overflow-x: auto }
  @media print { body { margin: 0; max-width: none } }
";

impl Report {
    /// The report as a page. `before` is that of the snapshot before, for the trend.
    #[must_use]
    pub fn html(&self, before: Option<&Self>, language: Language) -> String {
        let mut page = String::new();
        // Writing into a String does not fail.
        let _ = self.write_html(before, language, &mut page);
        page
    }

    fn write_html(&self, before: Option<&Self>, language: Language, out: &mut String) -> fmt::Result {
        let ja = language == Language::Japanese;
        let word = |english: &'static str, japanese: &'static str| if ja { japanese } else { english };
        let title = word("Renkei: what came into the snapshot", "Renkei 取込報告書");
        let lang = if ja { "ja" } else { "en" };
        writeln!(out, "<!doctype html>\n<html lang=\"{lang}\">\n<meta charset=\"utf-8\">\n<title>{title}</title>")?;
        writeln!(out, "<style>{STYLE}</style>\n<h1>{title}</h1>")?;
        let id = self.snapshot.as_ref().map(ToString::to_string).unwrap_or_else(|| "-".to_owned());
        writeln!(
            out,
            "<p>{}: <b>{}</b> ({})</p>",
            word("Snapshot", "スナップショット"),
            escape(&id),
            self.seal.as_str()
        )?;
        writeln!(out, "<h2>{}</h2>", word("Rows", "行数"))?;
        self.rows(before, ja, out)?;
        writeln!(out, "<h2>{}</h2>", word("Data quality", "データ品質"))?;
        self.quality(before, ja, out)?;
        writeln!(out, "<h2>{}</h2>", word("Everything in words", "全文"))?;
        writeln!(out, "<pre>{}</pre>\n</html>", escape(&self.text(language)))
    }

    fn rows(&self, before: Option<&Self>, ja: bool, out: &mut String) -> fmt::Result {
        let head = if ja {
            ["表", "読込", "採用", "前回との差", "患者", "コンセプトなし", "隔離"]
        } else {
            ["Table", "Read", "Accepted", "Change", "Persons", "Without concept", "In quarantine"]
        };
        open_table(&head, 1, out)?;
        for table in &self.tables {
            let old = before.and_then(|report| report.tables.iter().find(|old| old.table == table.table));
            let change = old.map_or("-".to_owned(), |old| signed(table.accepted, old.accepted));
            let (read, accepted, persons) = (table.read, table.accepted, table.persons);
            let (unmapped, quarantined) = (table.unmapped, table.quarantined());
            write!(
                out,
                "<tr><td>{}<td class=n>{read}<td class=n>{accepted}<td class=n>{change}",
                escape(&table.table)
            )?;
            writeln!(out, "<td class=n>{persons}<td class=n>{unmapped}<td class=n>{quarantined}</tr>")?;
        }
        writeln!(out, "</table>")
    }

    fn quality(&self, before: Option<&Self>, ja: bool, out: &mut String) -> fmt::Result {
        let (now, old) = (checks(self), before.map(checks).unwrap_or_default());
        let failed = now.iter().filter(|check| !check.passes()).count();
        match ja {
            true => writeln!(out, "<p>検査 {} 件、うち基準外 {failed} 件</p>", now.len())?,
            false => writeln!(out, "<p>{} checks, {failed} of them beyond their threshold</p>", now.len())?,
        }
        let head = if ja {
            ["検査", "表", "列", "違反", "対象", "%", "基準 %", "前回 %", "判定"]
        } else {
            ["Check", "Table", "Column", "Violated", "Of", "%", "Threshold %", "Before %", "Verdict"]
        };
        for category in Category::ALL {
            writeln!(out, "<h3>{}</h3>", if ja { category.japanese() } else { category.english() })?;
            if !now.iter().any(|check| check.category == category) {
                writeln!(out, "<p>{}</p>", if ja { "該当なし" } else { "Nothing was found." })?;
                continue;
            }
            open_table(&head, 3, out)?;
            for check in now.iter().filter(|check| check.category == category) {
                let same = |other: &&Check| {
                    (&other.name, &other.table, &other.column) == (&check.name, &check.table, &check.column)
                };
                let old = old.iter().find(same).map_or("-".to_owned(), |check| format!("{:.2}", check.percent()));
                row(check, &old, ja, out)?;
            }
            writeln!(out, "</table>")?;
        }
        Ok(())
    }
}

fn row(check: &Check, old: &str, ja: bool, out: &mut String) -> fmt::Result {
    let verdict = match (check.passes(), ja) {
        (true, false) => "<td class=good>pass",
        (true, true) => "<td class=good>適合",
        (false, false) => "<td class=bad>fail",
        (false, true) => "<td class=bad>基準外",
    };
    let (name, table) = (escape(&check.name), escape(&check.table));
    let column = check.column.as_deref().map(escape).unwrap_or_default();
    let (violated, of, percent, threshold) = (check.violated, check.of, check.percent(), check.threshold);
    write!(out, "<tr><td>{name}<td>{table}<td>{column}<td class=n>{violated}<td class=n>{of}<td class=n>{percent:.2}")?;
    writeln!(out, "<td class=n>{threshold}<td class=n>{old}{verdict}</tr>")
}

/// Starts a table whose first `texts` columns are texts and whose others are numbers.
fn open_table(head: &[&str], texts: usize, out: &mut String) -> fmt::Result {
    write!(out, "<table>\n<tr>")?;
    for (at, title) in head.iter().enumerate() {
        write!(out, "<th{}>{title}", if at < texts { "" } else { " class=n" })?;
    }
    writeln!(out, "</tr>")
}

fn signed(now: u64, before: u64) -> String {
    if now >= before { format!("+{}", now - before) } else { format!("−{}", before - now) }
}

fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_names_is_text() {
        assert_eq!(escape("<script>\"&"), "&lt;script&gt;&quot;&amp;");
        assert_eq!((signed(5, 3), signed(3, 5)), ("+2".to_owned(), "−2".to_owned()));
    }
}
