//! Files of a hospital's table, row by row.

use std::borrow::Cow;
use std::io::{self, BufRead, Read};

use csv::{ByteRecord, ReaderBuilder, Terminator};

use super::Mapping;
use super::fold::fold;
use super::limited::Limited;
use super::row::Outcome;
use crate::charset::{Charset, MARK};
use crate::record::Statement;
use crate::remark::Remark;
use crate::{Extract, Reject, Rule, Rules};

/// Statements or rejects of a piece.
const PIECE: usize = 2048;

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
        let charset = self.encoding.unwrap_or_else(|| Charset::of(head));
        let bare_cr = head.contains(&b'\r') && !head.contains(&b'\n');
        let wide = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
        if head.starts_with(MARK) {
            reader.consume(MARK.len());
        }
        let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
        let mut rows = Rows { mapping: self, file, charset, number: 0, out: Extract::default(), each, listens: true };
        if wide {
            rows.reject(1, Rule::Encoding, None, &ByteRecord::new());
        } else {
            rows.read(Limited::new(reader, bare_cr), rules)?;
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
    charset: Charset,
    /// Rows until here, the header's too.
    number: u64,
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
    fn read(&mut self, limited: Limited<impl Read>, rules: &Rules) -> io::Result<()> {
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(self.mapping.delimiter).terminator(Terminator::Any(b'\n'));
        let mut reader = builder.from_reader(limited);
        let mut record = ByteRecord::new();
        let mut places: Option<Places> = None;
        while self.listens {
            let start = reader.position().clone();
            reader.get_mut().begin(start.byte());
            match reader.read_byte_record(&mut record) {
                Ok(false) => break,
                Ok(true) => {}
                Err(_) if reader.get_ref().over() => {
                    self.out.remark(&UNCLOSED);
                    self.reject(start.line(), Rule::Size, None, &ByteRecord::new());
                    break;
                }
                Err(error) => match error.into_kind() {
                    csv::ErrorKind::Io(error) => return Err(error),
                    _ => return Err(io::ErrorKind::InvalidData.into()),
                },
            }
            let cut = reader.get_ref().ended();
            // The reader's own count begins at the blank lines before a record.
            let lines = record.as_slice().iter().filter(|byte| **byte == b'\n').count() as u64;
            let line = reader.position().line().saturating_sub(lines + u64::from(!cut));
            if record.iter().all(|field| field.trim_ascii().is_empty()) {
                continue;
            }
            if cut {
                // Every row ends in a line break, so this one is inside quotes.
                self.out.remark(&UNCLOSED);
                self.reject(line, Rule::Fields, None, &record);
                break;
            }
            self.number += 1;
            match &places {
                Some(places) => self.row(line, &record, places, rules),
                None => {
                    let Some(found) = self.places(line, &record) else { break };
                    if !self.mapping.header {
                        self.row(line, &record, &found, rules);
                    }
                    places = Some(found);
                }
            }
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
        let header: Vec<String> = record.iter().map(|field| fold(&self.charset.decode_any(field))).collect();
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
            match self.charset.decode(record.get(*field).unwrap_or_default()) {
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
                    None => format!("mapped/{table}/{}#{}", self.file, self.number),
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
            let field = self.charset.decode_any(field);
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
