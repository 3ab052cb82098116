//! Apache Parquet, with the question and its snapshots in the footer so that the file can be reproduced.

use arrow_array::RecordBatch;
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::{Compression, ZstdLevel};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;

use crate::output::{Closing, Destination, Fault, Flow, Provenance, Sink};

/// Parquet at work.
pub struct Parquet {
    writer: ArrowWriter<Destination>,
}

impl Parquet {
    /// Begins.
    pub fn new(out: Destination, schema: &SchemaRef, provenance: Provenance) -> Result<Self, Fault> {
        let pairs = provenance.into_iter().map(|(key, value)| KeyValue::new(key, value)).collect();
        let properties = WriterProperties::builder()
            .set_compression(Compression::ZSTD(ZstdLevel::default()))
            .set_created_by(concat!("renkei ", env!("CARGO_PKG_VERSION")).to_owned())
            .set_key_value_metadata(Some(pairs))
            .build();
        Ok(Self { writer: ArrowWriter::try_new(out, schema.clone(), Some(properties))? })
    }
}

impl Sink for Parquet {
    fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Fault> {
        self.writer.write(batch)?;
        Ok(Flow::More)
    }

    fn finish(self: Box<Self>) -> Result<(Destination, Closing), Fault> {
        Ok((self.writer.into_inner()?, Closing::default()))
    }
}
