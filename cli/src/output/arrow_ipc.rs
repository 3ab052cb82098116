//! Apache Arrow IPC, with the question in the schema's metadata.

use std::io::Write;
use std::sync::Arc;

use arrow_array::RecordBatch;
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{Schema, SchemaRef};

use crate::output::{Closing, Destination, Fault, Flow, Provenance, Sink};

/// Arrow IPC at work.
pub struct ArrowIpc {
    schema: SchemaRef,
    writer: Writer,
}

enum Writer {
    Stream(StreamWriter<Destination>),
    File(FileWriter<Destination>),
}

impl ArrowIpc {
    /// Begins a stream, which can be read from a pipe, or a file, which can be read from any place in it.
    pub fn new(out: Destination, schema: &SchemaRef, provenance: Provenance, stream: bool) -> Result<Self, Fault> {
        let mut metadata = schema.metadata().clone();
        metadata.extend(provenance);
        let schema = Arc::new(Schema::new_with_metadata(schema.fields().clone(), metadata));
        let writer = if stream {
            Writer::Stream(StreamWriter::try_new(out, &schema)?)
        } else {
            Writer::File(FileWriter::try_new(out, &schema)?)
        };
        Ok(Self { schema, writer })
    }
}

impl Sink for ArrowIpc {
    fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Fault> {
        let batch = batch.clone().with_schema(self.schema.clone())?;
        match &mut self.writer {
            Writer::Stream(writer) => {
                writer.write(&batch)?;
                writer.get_mut().flush()?;
            }
            Writer::File(writer) => writer.write(&batch)?,
        }
        Ok(Flow::More)
    }

    fn finish(self: Box<Self>) -> Result<(Destination, Closing), Fault> {
        let out = match self.writer {
            Writer::Stream(writer) => writer.into_inner()?,
            Writer::File(writer) => writer.into_inner()?,
        };
        Ok((out, Closing::default()))
    }
}
