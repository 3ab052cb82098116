//! Files of a hospital's table, row by row.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use csv::{ByteRecord, ReaderBuilder};

use super::Mapping;
use super::charset::{decode, decode_any};
use super::fold::fold;
use super::row::Outcome;
use crate::record::Statement;
use crate::remark::Remark;
use crate::{Extract, Reject, Rule, Rules};

/// Statements or rejects of a piece.
const PIECE: usize = 2048;

/// No row is longer: beyond it a quote was left open.
const ROW_LIMIT: u64 = 4 << 20;

pub(super) const UNREADABLE: Remark = Remark {
    id: "mapped-unreadable",
    grave: false,
    english: "values that could not be read and were left empty, as their mapping says",
    japanese: "件の値を読み取れず、マッピングの指定により空としました",
};
const LEFT_OUT: Remark = Remark {
    id: "mapped-left-out",
    grave: false,
    english: "rows that a condition of their mapping leaves out",
    japanese: "件の行を、マッピングの条件により除外しました",
};
const HEADER: Remark = Remark {
    id: "mapped-header",
    grave: true,
    english: "files without a column that their mapping uses; nothing of them was read",
    japanese: "件のファイルに、マッピングで使う列がないため、読み込みませんでした",
};
const UNCLOSED: Remark = Remark {
    id: "mapped-unclosed-quote",
    grave: true,
    english: "files with a quote that is never closed; nothing after it was read",
    japanese: "件のファイルに閉じられていない引用符があり、以降を読み込めませんでした",
};

/// Every remark on mapped tables.
pub const REMARKS: &[Remark] = &[UNREADABLE, LEFT_OUT, HEADER, UNCLOSED];

impl Mapping {
    /// Reads one file, and hands over what its rows say in pieces; `each` returns whether to go on. `file` is its name,
    /// with or without its folder.
    ///
    /// # Errors
    /// What the reader says. Whatever was read before has been handed over.
    pub fn read(
        &self,
        mut reader: impl BufRead,
        file: &str,
        rules: &Rules,
        each: &mut dyn FnMut(Extract) -> bool,
    ) -> io::Result<()> {
        let head = reader.fill_buf()?;
        let utf8 = self.encoding.is_utf8(head);
        let wide = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
        if head.starts_with(b"\xEF\xBB\xBF") {
            reader.consume(3);
        }
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let mut rows = Rows { mapping: self, file, utf8, out: Extract::default(), each, listens: true };
        if wide {
            rows.reject(1, Rule::Encoding, None, &ByteRecord::new());
        } else {
            rows.read(reader, rules)?;
        }
        if rows.listens {
            let _ = (rows.each)(rows.out);
        }
        Ok(())
    }
}

struct Rows<'a> {
    mapping: &'a Mapping,
    file: &'a str,
    utf8: bool,
    out: Extract,
    each: &'a mut dyn FnMut(Extract) -> bool,
    listens: bool,
}

/// Where the columns that the mapping uses stand in a file.
struct Places {
    /// By column that the mapping uses.
    fields: Vec<usize>,
    /// Fields of a row.
    width: usize,
}

impl Rows<'_> {
    fn read(&mut self, reader: impl Read, rules: &Rules) -> io::Result<()> {
        let limited = Limited { inner: reader, delivered: 0, start: 0, over: false };
        let delimiter = self.mapping.delimiter;
        let mut reader =
            ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(limited);
        let mut record = ByteRecord::new();
        let mut places: Option<Places> = None;
        while self.listens {
            let start = reader.position().clone();
            reader.get_mut().start = start.byte();
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(_) if reader.get_ref().over => {
                    self.out.remark(&UNCLOSED);
                    self.reject(start.line(), Rule::Size, None, &ByteRecord::new());
                    break;
                }
                Err(error) => match error.into_kind() {
                    csv::ErrorKind::Io(error) => return Err(error),
                    _ => return Err(io::ErrorKind::InvalidData.into()),
                },
            }
            let line = record.position().map_or(start.line(), csv::Position::line);
            if record.iter().all(|field| field.trim_ascii().is_empty()) {
                continue;
            }
            let Some(known) = &places else {
                let Some(found) = self.places(line, &record) else { break };
                let first = !self.mapping.header;
                if first {
                    self.row(line, &record, &found, rules);
                }
                places = Some(found);
                continue;
            };
            self.row(line, &record, known, rules);
        }
        Ok(())
    }

    /// Finds the columns in the header; nothing, and the file is put aside, where one is absent or there twice.
    fn places(&mut self, line: u64, record: &ByteRecord) -> Option<Places> {
        let names = &self.mapping.names;
        if !self.mapping.header {
            let fields: Vec<usize> =
                names.iter().map(|name| name.trim().parse::<usize>().unwrap_or(1).saturating_sub(1)).collect();
            return Some(Places { fields, width: record.len() });
        }
        let header: Vec<String> = record.iter().map(|field| fold(&decode_any(field, self.utf8))).collect();
        let mut fields = Vec::with_capacity(names.len());
        for name in names {
            let folded = fold(name);
            let mut found = header.iter().enumerate().filter(|(_, known)| **known == folded).map(|(index, _)| index);
            match (found.next(), found.next()) {
                (Some(field), None) => fields.push(field),
                _ => {
                    self.out.remark(&HEADER);
                    self.reject(line, Rule::Format, Some(name), record);
                    return None;
                }
            }
        }
        Some(Places { fields, width: record.len() })
    }

    fn row(&mut self, line: u64, record: &ByteRecord, places: &Places, rules: &Rules) {
        let beyond = record.iter().skip(places.width).all(|field| field.trim_ascii().is_empty());
        if record.len() < places.width || !beyond {
            return self.reject(line, Rule::Fields, None, record);
        }
        let mut values: Vec<Cow<'_, str>> = Vec::with_capacity(places.fields.len());
        for (field, name) in places.fields.iter().zip(&self.mapping.names) {
            match decode(record.get(*field).unwrap_or_default(), self.utf8) {
                Some(text) => values.push(text),
                None => return self.reject(line, Rule::Encoding, Some(name), record),
            }
        }
        match self.mapping.convert(&values, rules, &mut self.out) {
            Outcome::LeftOut => self.out.remark(&LEFT_OUT),
            Outcome::Rejected(rule, column) => self.reject(line, rule, Some(column), record),
            Outcome::Record { patient, key, version, record } => {
                let table = self.mapping.table.name;
                let key = match key {
                    Some(key) => format!("mapped/{table}/{key}"),
                    None if matches!(table, "person" | "death") => format!("mapped/{table}"),
                    None => format!("mapped/{table}/{}#{line}", self.file),
                };
                self.out.statements.push((patient, Statement { key, version, records: vec![*record] }));
                self.pass_on();
            }
        }
    }

    fn reject(&mut self, line: u64, rule: Rule, column: Option<&str>, record: &ByteRecord) {
        let mut text = String::new();
        for (index, field) in record.iter().enumerate() {
            if index > 0 {
                text.push(',');
            }
            let field = decode_any(field, self.utf8);
            if field.contains([',', '"', '\n', '\r']) {
                text.push_str(&format!("\"{}\"", field.replace('"', "\"\"")));
            } else {
                text.push_str(&field);
            }
        }
        let (table, file, column) = (self.mapping.table.name, self.file.to_owned(), column.map(str::to_owned));
        self.out.rejects.push(Reject { table, file, line, rule, column, record: text });
        self.pass_on();
    }

    fn pass_on(&mut self) {
        if self.listens && (self.out.statements.len() >= PIECE || self.out.rejects.len() >= PIECE) {
            self.listens = (self.each)(std::mem::take(&mut self.out));
        }
    }
}

/// Bytes of a file, until a row is longer than any row is.
struct Limited<R> {
    inner: R,
    delivered: u64,
    /// Where the row at hand begins.
    start: u64,
    over: bool,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.delivered.saturating_sub(self.start) > ROW_LIMIT {
            self.over = true;
            return Err(io::ErrorKind::InvalidData.into());
        }
        let read = self.inner.read(buffer)?;
        self.delivered += read as u64;
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_have_ids_of_their_own_and_both_languages() {
        let ids: std::collections::BTreeSet<_> = REMARKS.iter().map(|remark| remark.id).collect();
        assert_eq!(ids.len(), REMARKS.len());
        for remark in REMARKS {
            assert!(remark.id.starts_with("mapped-") && remark.english.is_ascii() && !remark.japanese.is_ascii());
        }
    }
}
