//! How a CSV file is written: found from its first bytes.

use renkei_cdm::{Category, Table};

/// How many bytes are looked at.
pub(super) const SAMPLE: usize = 64 << 10;

/// How a CSV file is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    pub(super) delimiter: u8,
    pub(super) quoting: bool,
    /// Lines end in CR alone.
    pub(super) bare_cr: bool,
    /// The file starts with a byte order mark.
    pub(super) mark: bool,
}

impl Dialect {
    /// A reader of records in this dialect. Lines end in LF: what a CR before it leaves behind, and CR alone, are the
    /// caller's, since the reader would count lines wrongly.
    pub(super) fn reader<R: std::io::Read>(&self, bytes: R) -> csv::Reader<R> {
        csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .quoting(self.quoting)
            .terminator(csv::Terminator::Any(b'\n'))
            .has_headers(false)
            .flexible(true)
            .buffer_capacity(256 << 10)
            .from_reader(bytes)
    }
}

/// Why the bytes are no CSV file, and what to do.
pub(super) type NotCsv = (&'static str, &'static str);

const MAGIC: [(&[u8], NotCsv); 8] = [
    (b"\x1f\x8b", ("it is compressed with gzip", "decompress it (gunzip)")),
    (b"PK\x03\x04", ("it is a ZIP archive or an Excel workbook", "extract it, or export plain CSV")),
    (b"\x28\xb5\x2f\xfd", ("it is compressed with zstd", "decompress it (unzstd)")),
    (b"BZh", ("it is compressed with bzip2", "decompress it (bunzip2)")),
    (b"\xfd7zXZ\x00", ("it is compressed with xz", "decompress it (unxz)")),
    (b"PAR1", ("it is a Parquet file", "name it .parquet")),
    (b"\xff\xfe", ("its text is UTF-16", "export it as UTF-8")),
    (b"\xfe\xff", ("its text is UTF-16", "export it as UTF-8")),
];

/// The dialect of a table's file and its header line, from its first bytes; `whole` says that these are all.
pub(super) fn detect<'a>(table: &Table, sample: &'a [u8], whole: bool) -> Result<(Dialect, &'a [u8]), NotCsv> {
    if let Some((_, not_csv)) = MAGIC.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Err(*not_csv);
    }
    let mark = sample.starts_with(b"\xef\xbb\xbf");
    let text = if mark { &sample[3..] } else { sample };
    let bare_cr = text.contains(&b'\r') && !text.contains(&b'\n');
    let blank = |line: &&[u8]| !line.trim_ascii().is_empty();
    let mut lines = text.split(|b| *b == b'\n' || *b == b'\r');
    let Some(header) = lines.find(blank) else {
        return Err(("it is empty, without even a header", "export the table again, with its header line"));
    };
    if header.contains(&0) {
        return Err(("it is not a text, or its text is UTF-16", "export it as UTF-8 CSV"));
    }
    let delimiter = delimiter(header)?;
    let quoted_header = header.trim_ascii_start().starts_with(b"\"");
    let vocabulary = table.category == Category::Vocabulary;
    let quoting = delimiter == b',' || quoted_header || (!vocabulary && quotes_fields(text, whole));
    Ok((Dialect { delimiter, quoting, bare_cr, mark }, header))
}

fn delimiter(header: &[u8]) -> Result<u8, NotCsv> {
    let count = |delimiter: u8| header.iter().filter(|b| **b == delimiter).count();
    let (commas, tabs) = (count(b','), count(b'\t'));
    match (commas, tabs) {
        (0, 0) if count(b';') + count(b'|') > 0 => {
            Err(("its header is separated by neither comma nor tab", "export it separated by commas or tabs"))
        }
        (0, 0) => Err(("its first line is not a header of several columns", "export it with a header line")),
        _ if tabs > commas => Ok(b'\t'),
        _ => Ok(b','),
    }
}

/// Whether a tab file quotes its fields. A field that spans lines begins here and ends there, so the counts of
/// beginnings and ends agree, give or take the one that the end of the sample cuts.
fn quotes_fields(text: &[u8], whole: bool) -> bool {
    let end = if whole { text.len() } else { text.iter().rposition(|b| *b == b'\n').unwrap_or(text.len()) };
    let (mut begins, mut ends, mut both) = (0_usize, 0_usize, 0_usize);
    for field in text[..end].split(|b| matches!(b, b'\t' | b'\n' | b'\r')) {
        let (first, last) = (field.first() == Some(&b'"'), field.last() == Some(&b'"'));
        let alone = field.len() == 1;
        begins += usize::from(first);
        ends += usize::from(last && !alone);
        both += usize::from(first && last && !alone);
    }
    both > 0 && begins.abs_diff(ends) <= 1
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(table: &str, text: &[u8], expect: Result<(u8, bool, bool, bool), &str>) {
        let found = detect(renkei_cdm::table(table).unwrap(), text, true);
        let found = found.map(|(d, _)| (d.delimiter, d.quoting, d.bare_cr, d.mark)).map_err(|(what, _)| what);
        match (found, expect) {
            (Err(what), Err(part)) => assert!(what.contains(part), "{what} / {part}"),
            (found, expect) => assert_eq!(found, expect, "{}", String::from_utf8_lossy(text)),
        }
    }

    #[test]
    fn dialects() {
        let note = "note_id\tnote_text\n";
        let note = |rest: &str| format!("{note}{rest}").into_bytes();
        for (table, text, expect) in [
            ("person", b"person_id,year_of_birth\n".to_vec(), Ok((b',', true, false, false))),
            ("person", b"\xef\xbb\xbfperson_id,year_of_birth\r\n".to_vec(), Ok((b',', true, false, true))),
            ("person", b"\n\nperson_id\tyear_of_birth\r1\t1970\r".to_vec(), Ok((b'\t', false, false, false))),
            ("person", b"person_id\tyear_of_birth\r1\t1970\r".to_vec(), Ok((b'\t', false, true, false))),
            ("note", note("1\t\"a\tb\"\n"), Ok((b'\t', false, false, false))),
            ("note", note("1\t\"a b\"\n2\tc\n"), Ok((b'\t', true, false, false))),
            ("note", note("1\t\"a\nb\"\n2\t\"c\"\n"), Ok((b'\t', true, false, false))),
            ("note", note("1\t\"a\" b\n2\t5\"\n3\t\"c\n"), Ok((b'\t', false, false, false))),
            ("concept", b"concept_id\tconcept_name\n1\t\"x\"\n".to_vec(), Ok((b'\t', false, false, false))),
            ("concept", b"\"concept_id\"\t\"concept_name\"\n".to_vec(), Ok((b'\t', true, false, false))),
            ("person", b"".to_vec(), Err("empty")),
            ("person", b"\xef\xbb\xbf\r\n \n".to_vec(), Err("empty")),
            ("person", b"person_id;year_of_birth\n".to_vec(), Err("neither comma nor tab")),
            ("person", b"person_id\n".to_vec(), Err("not a header")),
            ("person", b"\xff\xfep\0e\0".to_vec(), Err("UTF-16")),
            ("person", b"p\0e\0,\0".to_vec(), Err("UTF-16")),
            ("person", b"\x1f\x8b\x08".to_vec(), Err("gzip")),
            ("person", b"PK\x03\x04".to_vec(), Err("ZIP")),
            ("person", b"PAR1".to_vec(), Err("Parquet")),
        ] {
            check(table, &text, expect);
        }
    }
}
