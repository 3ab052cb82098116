//! One table into one file: pages of rows into batches, batches into row groups.
//!
//! Memory does not grow with the table: the driver holds no more of a page than the network delivered, a batch ends
//! by rows or by bytes, and a row group by either too.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_schema::Schema;
use futures::TryStreamExt;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use tokio_postgres::types::{FromSql, Type};
use tokio_postgres::{Portal, Row, RowStream, Statement, Transaction};

use super::catalogue::Relation;
use super::column::Column;
use super::folder::Filling;
use super::value::integer;
use super::{Config, Lost, Progress, PulledTable, fault};
use crate::disk::local;
use crate::{Error, Kind};

const BATCH_ROWS: usize = 8_192;
const BATCH_BYTES: usize = 8 << 20;
const GROUP_ROWS: usize = 1 << 18;
const GROUP_BYTES: usize = 64 << 20;
/// The server ends a page by its own clock; this much later it is taken to be gone.
const GRACE: Duration = Duration::from_secs(30);

/// The bytes of a value as the server sent them.
struct Raw<'a>(&'a [u8]);

impl<'a> FromSql<'a> for Raw<'a> {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

/// Reads one relation.
pub(super) struct TableCopy<'a> {
    config: &'a Config,
    transaction: &'a Transaction<'a>,
    relation: &'a Relation,
    sink: Sink,
    rows: u64,
}

/// How the next page is asked for.
enum Pages {
    /// Rows after the last key.
    Key { first: Statement, next: Statement, column: usize, last: Option<i64> },
    /// Rows that the server's cursor has not given yet.
    Cursor(Portal),
}

impl<'a> TableCopy<'a> {
    pub(super) fn new(
        config: &'a Config,
        transaction: &'a Transaction<'a>,
        relation: &'a Relation,
        filling: &mut Filling,
        out: &Path,
    ) -> Result<Self, Error> {
        let sink = Sink::create(relation, filling, out)?;
        Ok(Self { config, transaction, relation, sink, rows: 0 })
    }

    pub(super) async fn run(mut self, progress: &mut dyn FnMut(Progress)) -> Result<PulledTable, Error> {
        let mut pages = self.pages().await?;
        loop {
            let rows = self.page(&mut pages).await?;
            self.rows += rows;
            let (table, estimate) = (self.relation.table.name, self.relation.estimate);
            let done = rows < self.config.rows_per_page.into();
            progress(Progress { table, rows: self.rows, estimate, done });
            if done {
                break;
            }
        }
        self.sink.finish(self.relation, self.rows)
    }

    async fn pages(&self) -> Result<Pages, Error> {
        let columns: Vec<&str> = self.relation.columns.iter().map(|column| column.expression.as_str()).collect();
        let select = format!("SELECT {} FROM {}", columns.join(", "), self.relation.place);
        let prepare = async |sql: &str| self.transaction.prepare(sql).await.map_err(|error| self.failed(&error));
        let Some(column) = self.relation.key else {
            let statement = prepare(&select).await?;
            let portal = self.transaction.bind(&statement, &[]).await.map_err(|error| self.failed(&error))?;
            return Ok(Pages::Cursor(portal));
        };
        let (key, rows) = (&self.relation.columns[column].quoted, self.config.rows_per_page);
        let first = prepare(&format!("{select} ORDER BY {key} LIMIT {rows}")).await?;
        let next = prepare(&format!("{select} WHERE {key} > $1::int8 ORDER BY {key} LIMIT {rows}")).await?;
        Ok(Pages::Key { first, next, column, last: None })
    }

    /// Reads one page and tells its number of rows.
    async fn page(&mut self, pages: &mut Pages) -> Result<u64, Error> {
        let asked = async {
            match pages {
                Pages::Key { first, last: None, .. } => self.transaction.query_raw(&*first, [0i64; 0]).await,
                Pages::Key { next, last: Some(last), .. } => self.transaction.query_raw(&*next, [*last]).await,
                Pages::Cursor(portal) => {
                    let rows = i32::try_from(self.config.rows_per_page).unwrap_or(i32::MAX);
                    self.transaction.query_portal_raw(portal, rows).await
                }
            }
        };
        let stream: RowStream = self.patiently(asked).await?;
        let mut stream = pin!(stream);
        let mut rows = 0;
        while let Some(row) = self.patiently(stream.try_next()).await? {
            rows += 1;
            let key = match pages {
                Pages::Key { column, .. } => Some(*column),
                Pages::Cursor(_) => None,
            };
            let reached = self.sink.push(&row, key).map_err(|error| self.failed(&error))?;
            if let Pages::Key { last, .. } = pages {
                *last = reached;
            }
            self.sink.flush_when_full()?;
        }
        Ok(rows)
    }

    /// Waits as long as the server itself would.
    async fn patiently<T>(&self, what: impl Future<Output = Result<T, tokio_postgres::Error>>) -> Result<T, Error> {
        match tokio::time::timeout(self.config.statement_timeout() + GRACE, what).await {
            Ok(answer) => answer.map_err(|error| self.failed(&error)),
            Err(_) => Err(fault::silence(self.config, &self.relation.place)),
        }
    }

    fn failed(&self, error: &tokio_postgres::Error) -> Error {
        fault::reading(self.config, &self.relation.place, error)
    }
}

/// The file of a table.
struct Sink {
    path: PathBuf,
    writer: ArrowWriter<File>,
    schema: Arc<Schema>,
    columns: Vec<Column>,
    rows: usize,
    bytes: usize,
}

impl Sink {
    fn create(relation: &Relation, filling: &mut Filling, out: &Path) -> Result<Self, Error> {
        let columns: Vec<Column> =
            relation.columns.iter().map(|column| Column::new(&column.name, column.shape)).collect();
        let schema = Arc::new(Schema::new(columns.iter().map(Column::field).collect::<Vec<_>>()));
        let path = out.join(format!("{}.parquet", relation.table.name));
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_max_row_group_row_count(Some(GROUP_ROWS))
            .build();
        let file = filling.create(relation.table.name)?;
        let writer = ArrowWriter::try_new(file, Arc::clone(&schema), Some(properties));
        let writer = writer.map_err(|error| unwritten(&path, error))?;
        Ok(Self { path, writer, schema, columns, rows: 0, bytes: 0 })
    }

    /// Adds a row, and tells the key that it has.
    fn push(&mut self, row: &Row, key: Option<usize>) -> Result<Option<i64>, tokio_postgres::Error> {
        let mut reached = None;
        for (index, column) in self.columns.iter_mut().enumerate() {
            let bytes = row.try_get::<_, Option<Raw<'_>>>(index)?.map(|raw| raw.0);
            if key == Some(index) {
                reached = bytes.and_then(integer);
            }
            self.bytes += bytes.map_or(1, <[u8]>::len);
            column.push(bytes);
        }
        self.rows += 1;
        Ok(reached)
    }

    fn flush_when_full(&mut self) -> Result<(), Error> {
        if self.rows >= BATCH_ROWS || self.bytes >= BATCH_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), Error> {
        let arrays = self.columns.iter_mut().map(Column::finish).collect();
        (self.rows, self.bytes) = (0, 0);
        let batch = RecordBatch::try_new(Arc::clone(&self.schema), arrays).map_err(ParquetError::from);
        let written = batch.and_then(|batch| {
            self.writer.write(&batch)?;
            if self.writer.in_progress_size() >= GROUP_BYTES { self.writer.flush() } else { Ok(()) }
        });
        written.map_err(|error| unwritten(&self.path, error))
    }

    fn finish(mut self, relation: &Relation, rows: u64) -> Result<PulledTable, Error> {
        if self.rows > 0 {
            self.flush()?;
        }
        self.writer.finish().map_err(|error| unwritten(&self.path, error))?;
        let bytes = self.writer.bytes_written() as u64;
        self.writer.inner().sync_all().map_err(|error| local(&self.path, "cannot be written", error))?;
        let lost = self.columns.iter().filter(|column| column.lost() > 0);
        let lost = lost.map(|column| Lost { column: column.name().to_owned(), values: column.lost() }).collect();
        let skipped = relation.skipped.clone();
        Ok(PulledTable { table: relation.table.name, rows, bytes, lost, skipped })
    }
}

fn unwritten(path: &Path, error: ParquetError) -> Error {
    match error {
        ParquetError::External(cause) => match cause.downcast::<std::io::Error>() {
            Ok(io) => local(path, "cannot be written", *io),
            Err(other) => {
                Error::new(Kind::Local, format!("{} cannot be written ({other})", path.display()), "check that disk")
            }
        },
        other => Error::new(Kind::Local, format!("{} cannot be written", path.display()), "check that disk").by(other),
    }
}
