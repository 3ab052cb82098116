//! One file, looked at: its header or its footer, nothing else.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use parquet::arrow::arrow_reader::ArrowReaderMetadata;
use renkei_cdm::Table;

use super::cast;
use super::dialect::{self, Dialect};
use super::discover::{Format, file_name};
use super::error::Problem;
use super::header::{Header, canonical};

/// A file of a table, ready to be read.
#[derive(Debug, Clone)]
pub(super) struct Source {
    pub(super) path: PathBuf,
    /// The file's name without its folder.
    pub(super) name: String,
    pub(super) bytes: u64,
    pub(super) header: Header,
    pub(super) shape: Shape,
}

/// How a file's rows are encoded.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    Csv(Dialect),
    Parquet,
}

impl Source {
    /// Looks at the file.
    pub(super) fn inspect(table: &'static Table, path: &Path, format: Format) -> Result<Self, Vec<Problem>> {
        let unreadable = |error: std::io::Error| {
            vec![Problem::new(path, format!("it cannot be read ({error})"), "let this account read it")]
        };
        let mut file = File::open(path).map_err(unreadable)?;
        let bytes = file.metadata().map_err(unreadable)?.len();
        let (names, shape) = match format {
            Format::Csv => csv(table, &mut file, bytes, path).map_err(|problem| vec![problem])?,
            Format::Parquet => (parquet(table, &file, path)?, Shape::Parquet),
        };
        let header = Header::new(table, names);
        Ok(Self { path: path.to_owned(), name: file_name(path), bytes, header, shape })
    }
}

fn csv(table: &'static Table, file: &mut File, bytes: u64, path: &Path) -> Result<(Vec<String>, Shape), Problem> {
    let mut sample = Vec::with_capacity(dialect::SAMPLE);
    file.take(dialect::SAMPLE as u64)
        .read_to_end(&mut sample)
        .map_err(|error| Problem::new(path, format!("it cannot be read ({error})"), "let this account read it"))?;
    let whole = sample.len() as u64 >= bytes;
    let (dialect, line) =
        dialect::detect(table, &sample, whole).map_err(|(what, remedy)| Problem::new(path, what, remedy))?;
    let mut reader = dialect.reader(line);
    let mut record = csv::ByteRecord::new();
    reader
        .read_byte_record(&mut record)
        .map_err(|_| Problem::new(path, "its header cannot be read", "export it with a header line"))?;
    Ok((names(&record), Shape::Csv(dialect)))
}

/// The names of a header's fields, as they are compared.
pub(super) fn names(record: &csv::ByteRecord) -> Vec<String> {
    record.iter().map(|field| canonical(&String::from_utf8_lossy(field))).collect()
}

fn parquet(table: &'static Table, file: &File, path: &Path) -> Result<Vec<String>, Vec<Problem>> {
    if let Some(problem) = whole(file, path) {
        return Err(vec![problem]);
    }
    let metadata = ArrowReaderMetadata::load(file, Default::default()).map_err(|error| {
        vec![Problem::new(path, format!("its footer cannot be read ({error})"), "copy or export it again")]
    })?;
    let fields = metadata.schema().fields();
    let names: Vec<String> = fields.iter().map(|field| canonical(field.name())).collect();
    let header = Header::new(table, names.clone());
    let columns = table.columns.iter().zip(&header.sources);
    let problems: Vec<Problem> = columns
        .filter_map(|(column, source)| Some((column, fields.get((*source)?)?)))
        .filter(|(column, field)| !cast::convertible(field.data_type(), column.kind))
        .map(|(column, field)| {
            let what = format!("{} is {}, not {}", column.name, field.data_type(), column.kind.sql());
            Problem::new(path, what, "write the column with its type of the CDM, or as text")
        })
        .collect();
    if problems.is_empty() { Ok(names) } else { Err(problems) }
}

/// The mark that a Parquet file begins and ends with; a file that was cut off lacks the second.
fn whole(mut file: &File, path: &Path) -> Option<Problem> {
    let mut mark = |from: SeekFrom| {
        let mut mark = [0; 4];
        file.seek(from).and_then(|_| file.read_exact(&mut mark)).is_ok_and(|()| mark == *b"PAR1")
    };
    match (mark(SeekFrom::Start(0)), mark(SeekFrom::End(-4))) {
        (true, true) => None,
        (true, false) => Some(Problem::new(path, "it is a Parquet file that was cut off", "copy or export it again")),
        (false, _) => Some(Problem::new(path, "it is not a Parquet file", "export it again, or name it .csv")),
    }
}
