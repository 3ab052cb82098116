//! A page in one file: no script, no network, no font but the reader's.

use std::fmt::Write as _;

use crate::Language;
use crate::document::{Cell, Document, Section, Table};

const STYLE: &str = "
:root{color-scheme:light}
body{font:15px/1.6 'Hiragino Sans','Yu Gothic UI','Noto Sans CJK JP','Noto Sans JP',Meiryo,sans-serif;color:#1b1b1b;
 background:#fff;margin:2rem auto;max-width:70rem;padding:0 1.2rem}
h1{font-size:1.6rem;border-bottom:3px solid #14507a;padding-bottom:.4rem}
h2{font-size:1.15rem;margin-top:2.2rem;border-left:6px solid #14507a;padding-left:.6rem}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{color:#444}dd{margin:0}
.note{color:#333;background:#f2f6f9;padding:.5rem .8rem;margin:.5rem 0}
.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:.9rem;min-width:30rem}
th,td{border-bottom:1px solid #c6ced4;padding:.3rem .6rem;text-align:left;vertical-align:top;overflow-wrap:anywhere}
th{background:#e6edf2;white-space:nowrap}td.n,th.n{text-align:right;white-space:nowrap;font-variant-numeric:tabular-nums}
svg{display:block;margin:.8rem 0;max-width:100%;height:auto}svg text{font-size:13px;fill:#1b1b1b}
@media print{body{margin:0;max-width:none;font-size:11px}h2{break-after:avoid}tr{break-inside:avoid}}
";

/// Bars that are drawn at most; the table has all rows.
const BARS: usize = 36;

/// Writes the page.
#[must_use]
pub fn html(document: &Document) -> String {
    let lang = document.language.pick("en", "ja");
    let title = escape(&document.title);
    let policy = "default-src 'none'; style-src 'unsafe-inline'";
    let mut page = format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n\
         <body>\n<main>\n<h1>{title}</h1>\n<dl>\n"
    );
    for (name, value) in &document.lead {
        let _written = writeln!(page, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
    }
    page.push_str("</dl>\n");
    for section in &document.sections {
        write_section(&mut page, section, document.language);
    }
    page.push_str("</main>\n</body>\n</html>\n");
    page
}

fn write_section(page: &mut String, section: &Section, language: Language) {
    let _written = writeln!(page, "<section>\n<h2>{}</h2>", escape(&section.title));
    if let Some(note) = &section.note {
        let _written = writeln!(page, "<p class=\"note\">{}</p>", escape(note));
    }
    if section.table.rows.is_empty() {
        let _written = writeln!(page, "<p>{}</p>\n</section>", language.pick("nothing", "該当なし"));
        return;
    }
    write_bars(page, &section.table);
    let class = |column: usize| if section.table.is_number(column) { " class=\"n\"" } else { "" };
    page.push_str("<div class=\"wide\"><table>\n<thead><tr>");
    for (index, column) in section.table.columns.iter().enumerate() {
        let _written = write!(page, "<th scope=\"col\"{}>{}</th>", class(index), escape(column));
    }
    page.push_str("</tr></thead>\n<tbody>\n");
    for row in &section.table.rows {
        page.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            let _written = write!(page, "<td{}>{}</td>", class(index), escape(&cell.shown()));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</tbody>\n</table></div>\n</section>\n");
}

/// The bars are a picture of the table below, so a screen reader passes them over.
fn write_bars(page: &mut String, table: &Table) {
    let Some(column) = table.bars else { return };
    let number = |row: &Vec<Cell>| match row.get(column) {
        Some(Cell::Number(number)) => *number,
        _ => 0,
    };
    let rows = &table.rows[..table.rows.len().min(BARS)];
    let most = rows.iter().map(number).max().unwrap_or(0).max(1);
    let height = rows.len() * 24 + 4;
    let _written =
        writeln!(page, "<svg aria-hidden=\"true\" width=\"760\" height=\"{height}\" viewBox=\"0 0 760 {height}\">");
    for (index, row) in rows.iter().enumerate() {
        let name = row.first().map(Cell::shown).unwrap_or_default();
        let name = renkei_audit_view::text::short(&name, 18);
        let (value, y) = (number(row), index * 24 + 2);
        let width = (value.saturating_mul(420) / most).max(1);
        let (text_y, label_x) = (y + 15, 252 + width);
        let _written = writeln!(
            page,
            "<text x=\"240\" y=\"{text_y}\" text-anchor=\"end\">{}</text><rect x=\"246\" y=\"{y}\" width=\"{width}\" \
             height=\"18\" fill=\"#2f6f9f\"/><text x=\"{label_x}\" y=\"{text_y}\">{}</text>",
            escape(&name),
            Cell::Number(value).shown(),
        );
    }
    page.push_str("</svg>\n");
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}
