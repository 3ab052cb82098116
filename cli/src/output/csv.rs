//! Comma-separated values, RFC 4180. Written here and not by Arrow's writer, which cannot tell NULL from empty text.

use std::io::Write;

use arrow_array::{Array, RecordBatch};
use arrow_cast::display::{ArrayFormatter, FormatOptions};
use arrow_schema::{DataType, SchemaRef};

use crate::output::{Closing, Destination, Fault, Flow, Sink};

/// Tells Excel that the text is UTF-8.
const BOM: &[u8] = b"\xef\xbb\xbf";

/// CSV at work.
pub struct Csv {
    out: Destination,
}

impl Csv {
    /// Writes the heading.
    pub fn new(mut out: Destination, schema: &SchemaRef, bom: bool) -> Result<Self, Fault> {
        if bom {
            out.write_all(BOM)?;
        }
        let names: Vec<String> = schema.fields().iter().map(|field| quoted(field.name())).collect();
        writeln!(out, "{}", names.join(","))?;
        Ok(Self { out })
    }
}

impl Sink for Csv {
    fn write(&mut self, batch: &RecordBatch) -> Result<Flow, Fault> {
        let options = FormatOptions::new();
        let columns = batch.columns().iter().map(|column| ArrayFormatter::try_new(column.as_ref(), &options));
        let columns = columns.collect::<Result<Vec<_>, _>>()?;
        let mut line = String::new();
        for row in 0..batch.num_rows() {
            line.clear();
            for (index, (array, shown)) in batch.columns().iter().zip(&columns).enumerate() {
                if index > 0 {
                    line.push(',');
                }
                if array.is_valid(row) && *array.data_type() != DataType::Null {
                    line.push_str(&quoted(&shown.value(row).try_to_string()?));
                }
            }
            line.push('\n');
            self.out.write_all(line.as_bytes())?;
        }
        self.out.flush()?;
        Ok(Flow::More)
    }

    fn finish(mut self: Box<Self>) -> Result<(Destination, Closing), Fault> {
        self.out.flush()?;
        Ok((self.out, Closing::default()))
    }
}

fn quoted(text: &str) -> String {
    let plain = !text.is_empty() && !text.contains([',', '"', '\n', '\r']) && text.trim() == text;
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}
