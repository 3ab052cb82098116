//! The report as text in columns.

use super::{Coverage, Share};

/// The words of the report.
struct Words {
    shares: [&'static str; 5],
    all: &'static str,
    missing: &'static str,
    nothing: &'static str,
    codes: [&'static str; 5],
}

pub(super) fn english(coverage: &Coverage, top: usize) -> String {
    let words = Words {
        shares: ["table", "records", "with concept", "less exact", "codes with concept"],
        all: "all",
        missing: "Codes without a concept, by records:",
        nothing: "Every code has a concept.",
        codes: ["code", "records", "patients", "tables", "text"],
    };
    write(coverage, top, &words)
}

pub(super) fn japanese(coverage: &Coverage, top: usize) -> String {
    let words = Words {
        shares: ["テーブル", "レコード数", "対応あり", "上位分類で対応", "対応のあるコード"],
        all: "合計",
        missing: "対応するコンセプトのないコード(レコード数順):",
        nothing: "すべてのコードに対応するコンセプトがあります。",
        codes: ["コード", "レコード数", "患者数", "テーブル", "表示名"],
    };
    write(coverage, top, &words)
}

fn write(coverage: &Coverage, top: usize, words: &Words) -> String {
    let mut rows = vec![words.shares.map(str::to_owned)];
    rows.extend(coverage.tables.iter().map(|(table, share)| share_row(table, share)));
    if coverage.tables.len() > 1 {
        let all = coverage.tables.values().fold(Share::default(), |sum, share| Share {
            rows: sum.rows + share.rows,
            mapped_rows: sum.mapped_rows + share.mapped_rows,
            fallback_rows: sum.fallback_rows + share.fallback_rows,
            codes: sum.codes + share.codes,
            mapped_codes: sum.mapped_codes + share.mapped_codes,
        });
        rows.push(share_row(words.all, &all));
    }
    let mut text = columns(&rows, &[1, 2, 3, 4]);
    text.push('\n');
    if coverage.unmapped.is_empty() {
        text.push_str(words.nothing);
        text.push('\n');
        return text;
    }
    text.push_str(words.missing);
    text.push('\n');
    let mut rows = vec![words.codes.map(str::to_owned)];
    rows.extend(coverage.unmapped.iter().take(top).map(|code| {
        let text = code.text.as_deref().unwrap_or("").chars().filter(|c| !c.is_control()).collect();
        [code.coding.to_string(), code.rows.to_string(), code.persons.to_string(), code.tables.join(" "), text]
    }));
    text.push_str(&columns(&rows, &[1, 2]));
    text
}

fn share_row(table: &str, share: &Share) -> [String; 5] {
    let codes = format!("{}/{} {}", share.mapped_codes, share.codes, percent(share.mapped_codes, share.codes));
    [
        table.to_owned(),
        share.rows.to_string(),
        percent(share.mapped_rows, share.rows),
        percent(share.fallback_rows, share.rows),
        codes,
    ]
}

/// A share with one decimal, rounded down: it says 100 % only where nothing is missing.
fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "-".to_owned();
    }
    let permille = u128::from(part) * 1000 / u128::from(whole);
    format!("{}.{} %", permille / 10, permille % 10)
}

/// Columns side by side; those that are named are flushed right.
fn columns(rows: &[[String; 5]], right: &[usize]) -> String {
    let widths: Vec<usize> =
        (0..5).map(|column| rows.iter().map(|row| width(&row[column])).max().unwrap_or(0)).collect();
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let blank = " ".repeat(widths[column] - width(cell));
            let cell = if right.contains(&column) { format!("{blank}{cell}") } else { format!("{cell}{blank}") };
            line.push_str(&cell);
            line.push_str("  ");
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

/// Columns of a terminal that a text takes: two for the characters of East Asia.
fn width(text: &str) -> usize {
    text.chars().map(|c| if c >= '\u{1100}' && !('\u{ff61}'..='\u{ff9f}').contains(&c) { 2 } else { 1 }).sum()
}
