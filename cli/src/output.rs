//! The five forms of an answer, and where it goes.
//!
//! What must stay true: a form writes rows as they come and holds no more than it must (a table holds what it shows);
//! a file appears under its name only when it is whole; a reader that hangs up is not an error.

mod arrow_ipc;
mod csv;
mod destination;
mod json;
mod parquet;
mod table;

use std::path::Path;

use ::arrow_schema::SchemaRef;
use arrow_array::RecordBatch;

use crate::args::Print;
use crate::console::Console;
use crate::failure::Failure;

pub use destination::Destination;

/// A form of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Columns for a person.
    Table,
    /// RFC 4180, with a heading; NULL is empty, empty text is "".
    Csv,
    /// One JSON object a line.
    Json,
    /// Apache Parquet, with the question in its footer.
    Parquet,
    /// Apache Arrow IPC: the stream format in a pipe and for .arrows, else the file format.
    Arrow,
}

/// Key and value of what goes with the rows, such as the question.
pub type Provenance = Vec<(String, String)>;

/// What a form has to say when it is done.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Closing {
    /// Rows in which sites are held: how many rows, fewest and most sites.
    pub held: Option<table::Held>,
    /// Rows that were shown of an answer that has more.
    pub cut: Option<usize>,
}

/// Whether more rows are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    /// Go on.
    More,
    /// The rest would not be shown.
    Enough,
}

/// A form at work.
pub trait Sink: Send {
    /// Takes rows.
    ///
    /// # Errors
    /// What the format or the destination objected to.
    fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Fault>;

    /// Writes what is left, and gives back the destination.
    ///
    /// # Errors
    /// What the format or the destination objected to.
    fn finish(self: Box<Self>) -> Result<(Destination, Closing), Fault>;
}

/// What a form objected to. Where it was the destination, that one remembers.
#[derive(Debug)]
pub struct Fault(pub String);

impl<E: std::error::Error> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

/// An answer on its way out.
pub struct Output {
    sink: Box<dyn Sink>,
    trouble: destination::Trouble,
    /// Rows that were written.
    pub rows: u64,
}

/// Which form is meant: the flag, else the file's name, else the profile, else what standard output is.
///
/// # Errors
/// [`Failure::Usage`] for a binary form on a terminal.
pub fn choose(print: &Print, profile: Option<Format>, console: &Console) -> Result<Format, Failure> {
    let lang = console.lang;
    let by_name = print.out.as_deref().and_then(by_name);
    let fallback = if print.out.is_none() && console.out_terminal { Format::Table } else { Format::Json };
    let format = print.output.or(by_name).or(profile).unwrap_or(fallback);
    if matches!(format, Format::Parquet | Format::Arrow) && print.out.is_none() && console.out_terminal {
        return Err(Failure::Usage(
            say!(
                lang,
                "this form is binary and does not go to a terminal",
                "この形式はバイナリーであり、端末には出力できません"
            ),
            Some(say!(
                lang,
                "add `-o FILE`, or pipe it into a program",
                "`-o FILE` を付けるか、パイプで渡してください"
            )),
        ));
    }
    Ok(format)
}

fn by_name(path: &Path) -> Option<Format> {
    let extension = path.extension()?.to_str()?.to_ascii_lowercase();
    Some(match extension.as_str() {
        "csv" => Format::Csv,
        "json" | "jsonl" | "ndjson" => Format::Json,
        "parquet" | "pq" => Format::Parquet,
        "arrow" | "arrows" | "feather" | "ipc" => Format::Arrow,
        "txt" => Format::Table,
        _ => return None,
    })
}

impl Output {
    /// Begins an answer with its columns.
    ///
    /// # Errors
    /// [`Failure`] when the destination cannot be opened or the format cannot hold the columns.
    pub fn begin(format: Format, print: &Print, schema: &SchemaRef, provenance: Provenance) -> Result<Self, Failure> {
        let destination = Destination::open(print.out.as_deref())?;
        let trouble = destination.trouble();
        let sink: Result<Box<dyn Sink>, Fault> = match format {
            Format::Table => Ok(Box::new(table::Table::new(destination, schema, print.max_rows))),
            Format::Csv => csv::Csv::new(destination, schema, print.csv_bom).map(|sink| Box::new(sink) as _),
            Format::Json => Ok(Box::new(json::Json::new(destination))),
            Format::Parquet => parquet::Parquet::new(destination, schema, provenance).map(|sink| Box::new(sink) as _),
            Format::Arrow => {
                let stream = print.out.as_deref().is_none_or(|path| path.extension().is_some_and(|e| e == "arrows"));
                arrow_ipc::ArrowIpc::new(destination, schema, provenance, stream).map(|sink| Box::new(sink) as _)
            }
        };
        let sink = sink.map_err(|fault| trouble.explain(fault))?;
        Ok(Self { sink, trouble, rows: 0 })
    }

    /// Takes rows.
    ///
    /// # Errors
    /// [`Failure::Closed`] when the reader hung up, else what went wrong.
    pub fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Failure> {
        let flow = self.sink.write(batch).map_err(|fault| self.trouble.explain(fault))?;
        self.rows += batch.num_rows() as u64;
        Ok(flow)
    }

    /// Ends the answer; a file appears under its name.
    ///
    /// # Errors
    /// [`Failure::Closed`] when the reader hung up, else what went wrong.
    pub fn finish(self) -> Result<Closing, Failure> {
        let (destination, closing) = self.sink.finish().map_err(|fault| self.trouble.explain(fault))?;
        destination.commit().map_err(|fault| self.trouble.explain(fault))?;
        Ok(closing)
    }
}

#[cfg(test)]
mod tests;
