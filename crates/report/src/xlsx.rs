//! A workbook: one sheet for each section. Texts are written as texts, so that none is taken for a formula.

use rust_xlsxwriter::{Color, Format, Workbook};

use crate::ReportError;
use crate::document::{Cell, Document};

/// Characters that a cell holds at most.
const CELL: usize = 32_767;

/// Writes the workbook.
///
/// # Errors
/// [`ReportError::Workbook`]
pub fn xlsx(document: &Document) -> Result<Vec<u8>, ReportError> {
    let mut book = Workbook::new();
    let head = Format::new().set_bold().set_background_color(Color::RGB(0x00E6_EDF2));
    let number = Format::new().set_num_format("#,##0");
    let bold = Format::new().set_bold();
    let front = book.add_worksheet().set_name(document.language.pick("report", "報告書"))?;
    front.set_column_width(0, 28)?.set_column_width(1, 80)?;
    front.write_string_with_format(0, 0, &document.title, &bold)?;
    let mut line = 2;
    for (name, value) in &document.lead {
        front.write_string(line, 0, name)?.write_string(line, 1, value)?;
        line += 1;
    }
    line += 1;
    for section in &document.sections {
        if let Some(note) = &section.note {
            front.write_string_with_format(line, 0, &section.title, &bold)?.write_string(line, 1, note)?;
            line += 1;
        }
    }
    for section in &document.sections {
        let sheet = book.add_worksheet().set_name(sheet_name(&section.title))?;
        for (column, title) in (0..).zip(&section.table.columns) {
            sheet.write_string_with_format(0, column, title, &head)?;
            sheet.set_column_width(column, if column == 0 { 32 } else { 16 })?;
        }
        for (row, cells) in (1..).zip(&section.table.rows) {
            for (column, cell) in (0..).zip(cells) {
                match cell {
                    Cell::Text(text) => {
                        let text: String = text.chars().take(CELL).collect();
                        sheet.write_string(row, column, text)?;
                    }
                    Cell::Number(value) => {
                        sheet.write_number_with_format(row, column, *value as f64, &number)?;
                    }
                }
            }
        }
        sheet.set_freeze_panes(1, 0)?;
    }
    Ok(book.save_to_buffer()?)
}

/// At most 31 characters, none of those that a sheet's name must not have.
fn sheet_name(title: &str) -> String {
    let plain = title.chars().map(|c| if "[]:*?/\\'".contains(c) { ' ' } else { c });
    plain.take(31).collect()
}
