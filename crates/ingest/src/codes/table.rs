//! A CSV file that a site keeps itself: in UTF-8, CP932 or Excel's UTF-16, with or without a header, by commas or tabs.

use std::fs;
use std::path::Path;

use encoding_rs::{Encoding, SHIFT_JIS, UTF_8};

use super::error::CodesError;
use super::fold::fold;

/// Reads a file as text: as its mark says, or UTF-8 where it is that, or else CP932.
pub(super) fn read(path: &Path) -> Result<String, CodesError> {
    let bytes = fs::read(path).map_err(|source| CodesError::Io { file: path.to_owned(), source })?;
    Ok(decode(&bytes))
}

/// Bytes as text, in the same way.
pub(super) fn decode(bytes: &[u8]) -> String {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return encoding.decode_with_bom_removal(bytes).0.into_owned();
    }
    let (text, wrong) = UTF_8.decode_without_bom_handling(bytes);
    if wrong { SHIFT_JIS.decode_without_bom_handling(bytes).0.into_owned() } else { text.into_owned() }
}

/// The records of a file.
#[derive(Debug)]
pub(super) struct Table<'a> {
    text: &'a str,
    delimiter: u8,
    /// Names of the columns, in lower case without blanks and underscores; empty without a header.
    names: Vec<String>,
    /// Fields of the first line.
    pub(super) width: usize,
}

impl<'a> Table<'a> {
    /// Looks at the first line.
    pub(super) fn of(text: &'a str, header: bool) -> Self {
        let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or("");
        let tabs = first.matches('\t').count() > first.matches(',').count();
        let mut table = Self { text, delimiter: if tabs { b'\t' } else { b',' }, names: Vec::new(), width: 0 };
        let first = table.reader().records().next();
        if let Some(Ok(record)) = first {
            table.width = record.len();
            if header {
                table.names = record.iter().map(plain).collect();
            }
        }
        table
    }

    /// The position of the first of the names that the header has.
    pub(super) fn position(&self, names: &[&str]) -> Option<usize> {
        names.iter().find_map(|name| self.names.iter().position(|own| own == name))
    }

    /// The records behind the header; those that are not to be read as CSV are left out.
    pub(super) fn records(&self) -> impl Iterator<Item = csv::StringRecord> + use<'a> {
        let skip = usize::from(!self.names.is_empty());
        self.reader().into_records().skip(skip).filter_map(Result::ok)
    }

    fn reader(&self) -> csv::Reader<&'a [u8]> {
        csv::ReaderBuilder::new()
            .delimiter(self.delimiter)
            .quoting(self.delimiter == b',' || self.text.starts_with('"'))
            .has_headers(false)
            .flexible(true)
            .from_reader(self.text.as_bytes())
    }
}

/// A name as it is compared: narrow, in lower case, without blanks and underscores.
pub(super) fn plain(name: &str) -> String {
    fold(name).chars().filter(|c| !matches!(c, '_' | ' ')).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_delimiters_and_headers() {
        let utf8 = "\u{feff}source_code,名称\r\n1,\"あ,い\"\r\n".as_bytes().to_vec();
        let cp932 = SHIFT_JIS.encode("Source Code\t名称\n1\tあ,い\n").0.into_owned();
        let utf16 = "\u{feff}source_code\t名称\r\n1\tあ,い\r\n".encode_utf16().flat_map(u16::to_le_bytes).collect();
        for bytes in [utf8, cp932, utf16] {
            let text = decode(&bytes);
            let table = Table::of(&text, true);
            assert_eq!((table.width, table.position(&["sourcecode"]), table.position(&["x"])), (2, Some(0), None));
            let records: Vec<_> = table.records().map(|record| record.get(1).map(str::to_owned)).collect();
            assert_eq!(records, [Some("あ,い".to_owned())]);
        }
        let table = Table::of("1,2\n3\n", false);
        assert_eq!(table.records().map(|record| record.len()).collect::<Vec<_>>(), [2, 1]);
        assert_eq!(Table::of("", true).records().count(), 0);
    }
}
