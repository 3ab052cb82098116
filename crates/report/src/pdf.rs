//! Pages, set by Typst with the bundled fonts and nothing else.

use std::fmt::Write as _;
use std::path::PathBuf;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, Source};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, World};
use typst_layout::PagedDocument;
use typst_pdf::PdfOptions;

use crate::ReportError;
use crate::document::{Document, Table};

const REGULAR: &[u8] = include_bytes!("../fonts/NotoSansCJKjp-Regular.subset.otf");
const BOLD: &[u8] = include_bytes!("../fonts/NotoSansCJKjp-Bold.subset.otf");

/// Writes the pages.
///
/// # Errors
/// [`ReportError::Pages`] or [`ReportError::Fonts`]
pub fn pdf(document: &Document) -> Result<Vec<u8>, ReportError> {
    let world = Pages::new(source(document))?;
    let first = |errors: &[typst::diag::SourceDiagnostic]| {
        ReportError::Pages(errors.first().map(|error| error.message.to_string()).unwrap_or_default())
    };
    let pages = typst::compile::<PagedDocument>(&world).output.map_err(|errors| first(&errors))?;
    typst_pdf::pdf(&pages, &PdfOptions::default()).map_err(|errors| first(&errors))
}

/// All that the pages are made from: one text and two fonts.
struct Pages {
    library: LazyHash<Library>,
    book: LazyHash<FontBook>,
    fonts: Vec<Font>,
    main: Source,
}

impl Pages {
    fn new(text: String) -> Result<Self, ReportError> {
        let fonts: Option<Vec<Font>> =
            [REGULAR, BOLD].into_iter().map(|bytes| Font::new(Bytes::new(bytes), 0)).collect();
        let fonts = fonts.ok_or(ReportError::Fonts)?;
        Ok(Self {
            library: LazyHash::new(<Library as typst::LibraryExt>::default()),
            book: LazyHash::new(FontBook::from_fonts(&fonts)),
            fonts,
            main: Source::detached(text),
        })
    }
}

impl World for Pages {
    fn library(&self) -> &LazyHash<Library> {
        &self.library
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.book
    }

    fn main(&self) -> FileId {
        self.main.id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        if id == self.main.id() { Ok(self.main.clone()) } else { Err(FileError::NotFound(PathBuf::new())) }
    }

    fn file(&self, _: FileId) -> FileResult<Bytes> {
        Err(FileError::AccessDenied)
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.get(index).cloned()
    }

    fn today(&self, _: Option<Duration>) -> Option<Datetime> {
        None
    }
}

/// The text that Typst reads. Whatever comes from a log stands in it as a quoted string, never as markup.
fn source(document: &Document) -> String {
    let lang = document.language.pick("en", "ja");
    let title = quoted(&document.title);
    let mut text = format!(
        "#set document(title: {title})\n\
         #set page(paper: \"a4\", margin: (x: 16mm, top: 18mm, bottom: 18mm), footer: context [#set text(7.5pt, fill: \
         luma(80)); #text({title}) #h(1fr) #counter(page).display(\"1 / 1\", both: true)])\n\
         #set text(font: \"Noto Sans CJK JP\", size: 8.5pt, lang: \"{lang}\")\n\
         #set par(leading: 0.65em)\n\
         #show heading.where(level: 1): it => block(below: 1em, text(16pt, weight: \"bold\", it.body))\n\
         #show heading.where(level: 2): it => block(above: 1.8em, below: 0.8em, sticky: true, text(11pt, weight: \
         \"bold\", fill: rgb(\"#14507a\"), it.body))\n\
         #set table(stroke: (x: none, y: 0.4pt + luma(190)), inset: (x: 4pt, y: 3.5pt), fill: (_, y) => if y == 0 {{ \
         rgb(\"#e6edf2\") }})\n\
         #heading(level: 1, {title})\n"
    );
    text.push_str("#grid(columns: (auto, 1fr), column-gutter: 12pt, row-gutter: 6pt,\n");
    for (name, value) in &document.lead {
        let _written = writeln!(text, "text(fill: luma(80), {}), {},", quoted(name), quoted(value));
    }
    text.push_str(")\n");
    for section in &document.sections {
        let _written = writeln!(text, "#heading(level: 2, {})", quoted(&section.title));
        if let Some(note) = &section.note {
            let _written = writeln!(text, "#block(fill: rgb(\"#f2f6f9\"), inset: 6pt, width: 100%, {})", quoted(note));
        }
        let table = &section.table;
        if table.rows.is_empty() {
            let _written = writeln!(text, "{}", document.language.pick("nothing", "該当なし"));
            continue;
        }
        let numbers: Vec<bool> = (0..table.columns.len()).map(|column| table.is_number(column)).collect();
        let widths: Vec<&str> = (0..table.columns.len()).map(|column| width(table, column)).collect();
        let aligns: Vec<&str> = numbers.iter().map(|number| if *number { "right" } else { "left" }).collect();
        let _written =
            write!(text, "#table(columns: ({},), align: ({},), table.header(", widths.join(", "), aligns.join(", "));
        for column in &table.columns {
            let _written = write!(text, "strong({}), ", quoted(column));
        }
        text.push_str("),\n");
        for row in &table.rows {
            for cell in row {
                let _written = write!(text, "{}, ", quoted(&breakable(&cell.shown())));
            }
            text.push('\n');
        }
        text.push_str(")\n");
    }
    text
}

/// Numbers take what they need; texts share the rest, long ones with a larger part.
fn width(table: &Table, column: usize) -> &'static str {
    let longest = table.rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.shown().chars().count()).max();
    match longest {
        _ if table.is_number(column) => "auto",
        Some(80..) => "4fr",
        Some(30..) => "2fr",
        _ => "1fr",
    }
}

/// Long words, such as hashes and ids, may be broken anywhere after 16 characters.
fn breakable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = 0;
    for c in text.chars() {
        run = if c.is_ascii_graphic() { run + 1 } else { 0 };
        out.push(c);
        if run >= 16 && run % 4 == 0 {
            out.push('\u{200b}');
        }
    }
    out
}

/// A string literal of Typst.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_texts() {
        assert_eq!(quoted("a\"b\\c\n#let"), "\"a\\\"b\\\\c\\n#let\"");
        assert_eq!(breakable("SELECT count(*) FROM"), "SELECT count(*) FROM");
        assert_eq!(breakable(&"a".repeat(21)).matches('\u{200b}').count(), 2);
    }
}
