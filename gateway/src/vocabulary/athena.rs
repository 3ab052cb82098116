//! The tables of an Athena download: tab-separated text without quotes, one header line, UTF-8, dates as YYYYMMDD.
//!
//! Quotation marks are part of names (`5" catheter`), so nothing is unquoted. Columns are found by their names, in any
//! order; those that the CDM does not know are passed over. A vocabulary is taken whole or not at all: the first row
//! that cannot be represented ends the import with its file, line and column.

use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use datafusion::arrow::array::{
    ArrayRef, Date32Builder, Float64Builder, Int32Builder, Int64Builder, RecordBatch, StringBuilder,
};
use datafusion::arrow::datatypes::{DataType, SchemaRef};

/// Rows of one batch.
const BATCH: usize = 65_536;
/// A line that is longer is none of a vocabulary's.
const MAX_LINE: usize = 1024 * 1024;

/// The file of a table in a folder, whatever the case of its name.
pub(super) fn find(folder: &Path, table: &str) -> anyhow::Result<Option<PathBuf>> {
    let wanted = format!("{table}.csv");
    let entries = std::fs::read_dir(folder).with_context(|| format!("`{}` cannot be read", folder.display()))?;
    for entry in entries {
        let entry = entry.with_context(|| format!("`{}` cannot be read", folder.display()))?;
        if entry.file_name().to_string_lossy().eq_ignore_ascii_case(&wanted) {
            return Ok(Some(entry.path()));
        }
    }
    Ok(None)
}

/// A file that is being read.
pub(super) struct Reader {
    path: PathBuf,
    lines: BufReader<File>,
    schema: SchemaRef,
    /// For each column of the schema, its position in the file.
    positions: Vec<Option<usize>>,
    line: u64,
    bytes: Vec<u8>,
}

impl Reader {
    /// Opens a file whose rows become rows of `schema`.
    pub(super) fn open(path: &Path, schema: SchemaRef) -> anyhow::Result<Self> {
        let file = File::open(path).with_context(|| format!("`{}` cannot be read", path.display()))?;
        let mut reader = Self {
            path: path.to_owned(),
            lines: BufReader::with_capacity(1 << 20, file),
            schema,
            positions: Vec::new(),
            line: 0,
            bytes: Vec::new(),
        };
        if !reader.next_line()? {
            bail!("`{}` is empty: not even a header stands in it", path.display());
        }
        let header = reader.text()?.trim_start_matches('\u{feff}').to_lowercase();
        let names: Vec<&str> = header.split('\t').collect();
        let find = |wanted: &str| names.iter().position(|name| name.trim() == wanted);
        let fields = reader.schema.fields();
        let missing = fields.iter().find(|field| !field.is_nullable() && find(field.name()).is_none());
        if let Some(missing) = missing {
            let what = missing.name();
            let hint = match header.contains(',') && !header.contains('\t') {
                true => "; its columns are separated by commas, and those of Athena by tabs",
                false => "",
            };
            bail!("`{}`, line 1: there is no column `{what}`{hint}", path.display());
        }
        reader.positions = fields.iter().map(|field| find(field.name())).collect();
        Ok(reader)
    }

    /// The next rows; none at the end.
    pub(super) fn next(&mut self) -> anyhow::Result<Option<RecordBatch>> {
        let schema = Arc::clone(&self.schema);
        let mut columns = schema.fields().iter().map(|field| Column::of(field.data_type())).collect::<Vec<_>>();
        let mut rows = 0;
        while rows < BATCH && self.next_line()? {
            if self.bytes.is_empty() {
                continue;
            }
            let text = self.text()?;
            let values: Vec<&str> = text.split('\t').collect();
            for ((column, position), field) in columns.iter_mut().zip(&self.positions).zip(schema.fields()) {
                let value = position.map(|at| values.get(at).copied().unwrap_or_default()).unwrap_or_default();
                // An empty text that must be there is one; any other empty value is absent.
                let wrong = match (value, field.is_nullable()) {
                    ("", false) => !column.add_empty(),
                    ("", true) => {
                        column.add_null();
                        false
                    }
                    (value, _) => !column.add(value),
                };
                if wrong {
                    let shown: String = value.chars().take(40).collect();
                    let (path, line, name) = (self.path.display(), self.line, field.name());
                    bail!("`{path}`, line {line}: `{name}` is `{shown}`, which is no {}", said(field.data_type()));
                }
            }
            rows += 1;
        }
        if rows == 0 {
            return Ok(None);
        }
        let arrays = columns.into_iter().map(Column::finish).collect();
        Ok(Some(RecordBatch::try_new(schema, arrays)?))
    }

    fn next_line(&mut self) -> anyhow::Result<bool> {
        self.bytes.clear();
        let read = self.lines.read_until(b'\n', &mut self.bytes);
        let read = read.with_context(|| format!("`{}` cannot be read", self.path.display()))?;
        self.line += 1;
        if read > MAX_LINE {
            bail!(
                "`{}`, line {}: it has {read} bytes; this is no table of a vocabulary",
                self.path.display(),
                self.line
            );
        }
        while matches!(self.bytes.last(), Some(b'\n' | b'\r')) {
            self.bytes.pop();
        }
        Ok(read > 0)
    }

    fn text(&self) -> anyhow::Result<&str> {
        std::str::from_utf8(&self.bytes)
            .with_context(|| format!("`{}`, line {}: not UTF-8", self.path.display(), self.line))
    }
}

fn said(data_type: &DataType) -> &'static str {
    match data_type {
        DataType::Int32 | DataType::Int64 => "integer",
        DataType::Float64 => "number",
        DataType::Date32 => "date such as 20240131",
        _ => "text",
    }
}

enum Column {
    Int32(Int32Builder),
    Int64(Int64Builder),
    Float64(Float64Builder),
    Date32(Date32Builder),
    Text(StringBuilder),
}

impl Column {
    fn of(data_type: &DataType) -> Self {
        match data_type {
            DataType::Int32 => Self::Int32(Int32Builder::new()),
            DataType::Int64 => Self::Int64(Int64Builder::new()),
            DataType::Float64 => Self::Float64(Float64Builder::new()),
            DataType::Date32 => Self::Date32(Date32Builder::new()),
            _ => Self::Text(StringBuilder::new()),
        }
    }

    /// Adds a value; false where it is none of the column's type.
    fn add(&mut self, text: &str) -> bool {
        match self {
            Self::Int32(column) => text.trim().parse().map(|value| column.append_value(value)).is_ok(),
            Self::Int64(column) => text.trim().parse().map(|value| column.append_value(value)).is_ok(),
            Self::Float64(column) => text.trim().parse().map(|value| column.append_value(value)).is_ok(),
            Self::Date32(column) => date(text.trim()).map(|value| column.append_value(value)).is_some(),
            Self::Text(column) => {
                column.append_value(text);
                true
            }
        }
    }

    fn add_empty(&mut self) -> bool {
        let Self::Text(column) = self else { return false };
        column.append_value("");
        true
    }

    fn add_null(&mut self) {
        match self {
            Self::Int32(column) => column.append_null(),
            Self::Int64(column) => column.append_null(),
            Self::Float64(column) => column.append_null(),
            Self::Date32(column) => column.append_null(),
            Self::Text(column) => column.append_null(),
        }
    }

    fn finish(self) -> ArrayRef {
        match self {
            Self::Int32(mut column) => Arc::new(column.finish()),
            Self::Int64(mut column) => Arc::new(column.finish()),
            Self::Float64(mut column) => Arc::new(column.finish()),
            Self::Date32(mut column) => Arc::new(column.finish()),
            Self::Text(mut column) => Arc::new(column.finish()),
        }
    }
}

/// Days since 1970 of YYYYMMDD or YYYY-MM-DD (days_from_civil of the proleptic Gregorian calendar).
fn date(text: &str) -> Option<i32> {
    let digits: String = text.chars().filter(|c| *c != '-').collect();
    if digits.len() != 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let part = |from: usize, to: usize| digits.get(from..to)?.parse::<i32>().ok();
    let (year, month, day) = (part(0, 4)?, part(4, 6)?, part(6, 8)?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let length = match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=length).contains(&day) {
        return None;
    }
    let (y, m) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (y.div_euclid(400), y.rem_euclid(400));
    let day_of_year = (153 * m + 2) / 5 + day - 1;
    Some(era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_since_1970() {
        let cases = [
            ("19700101", Some(0)),
            ("20991231", Some(47_481)),
            ("2024-02-29", Some(19_782)),
            ("20230229", None),
            ("20241301", None),
            ("2024", None),
        ];
        for (text, expected) in cases {
            assert_eq!(date(text), expected, "{text}");
        }
    }
}
