//! One JSON object a line; NULL is null, dates are ISO 8601, numbers that JSON lacks are null.

use std::io::Write;

use arrow::json::WriterBuilder;
use arrow::json::writer::{LineDelimited, Writer};
use arrow_array::RecordBatch;

use crate::output::{Closing, Destination, Fault, Flow, Sink};

/// JSON lines at work.
pub struct Json {
    writer: Writer<Destination, LineDelimited>,
}

impl Json {
    /// Begins.
    pub fn new(out: Destination) -> Self {
        Self { writer: WriterBuilder::new().with_explicit_nulls(true).build(out) }
    }
}

impl Sink for Json {
    fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Fault> {
        self.writer.write(batch)?;
        self.writer.get_mut().flush()?;
        Ok(Flow::More)
    }

    fn finish(mut self: Box<Self>) -> Result<(Destination, Closing), Fault> {
        self.writer.finish()?;
        Ok((self.writer.into_inner(), Closing::default()))
    }
}
