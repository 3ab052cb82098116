//! Text in columns, by the width that a terminal gives it.

use unicode_width::UnicodeWidthStr;

/// One column.
#[derive(Debug, Clone)]
pub struct Column {
    /// The heading.
    pub title: String,
    /// Whether the text stands at the right, as numbers do.
    pub right: bool,
}

/// The headings, a rule, and the rows; each line ends with a line break and without trailing blanks.
pub fn render(columns: &[Column], rows: &[Vec<String>]) -> String {
    let widths: Vec<usize> = columns
        .iter()
        .enumerate()
        .map(|(index, column)| {
            let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| cell.width());
            cells.max().unwrap_or(0).max(column.title.width())
        })
        .collect();
    let mut text = String::new();
    let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
    line(&mut text, columns, &widths, &titles);
    let rule: Vec<String> = widths.iter().map(|width| "─".repeat(width + 2)).collect();
    text.push_str(&rule.join("┼"));
    text.push('\n');
    for row in rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        line(&mut text, columns, &widths, &cells);
    }
    text
}

fn line(text: &mut String, columns: &[Column], widths: &[usize], cells: &[&str]) {
    let padded = cells.iter().zip(columns).zip(widths).map(|((cell, column), width)| {
        let blanks = " ".repeat(width.saturating_sub(cell.width()));
        if column.right { format!(" {blanks}{cell} ") } else { format!(" {cell}{blanks} ") }
    });
    let joined = padded.collect::<Vec<_>>().join("│");
    text.push_str(joined.trim_end());
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up_by_display_width() {
        let columns = [Column { title: "病名".into(), right: false }, Column { title: "n".into(), right: true }];
        let rows = [vec!["糖尿病".to_owned(), "5".to_owned()], vec!["flu".to_owned(), "1200".to_owned()]];
        assert_eq!(render(&columns, &rows), " 病名   │    n\n────────┼──────\n 糖尿病 │    5\n flu    │ 1200\n");
    }
}
