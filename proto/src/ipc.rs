//! Record batches as Arrow IPC streams inside a message.

mod frames;

use std::io::Cursor;

use arrow_array::RecordBatch;
use arrow_ipc::reader::StreamReader;
use arrow_ipc::writer::StreamWriter;
use arrow_schema::{ArrowError, Schema};
use bytes::Bytes;

/// Most bytes of one IPC stream that are decoded.
pub const MAX_BYTES: usize = 256 * 1024 * 1024;

/// Why bytes are not record batches.
#[derive(Debug, thiserror::Error)]
pub enum IpcError {
    /// More than [`MAX_BYTES`].
    #[error("an Arrow stream of {0} bytes is over the limit of {MAX_BYTES}")]
    TooLarge(usize),
    /// A message that claims more than there is, or that a peer does not send.
    #[error("not a plain Arrow stream: {0}")]
    Framing(&'static str),
    /// Not a valid Arrow IPC stream.
    #[error("not a valid Arrow stream")]
    Invalid(#[source] ArrowError),
}

/// Encodes batches of one schema as one IPC stream. No compression: the length must not tell more than the cells do.
///
/// # Errors
/// [`IpcError::Invalid`] when a batch does not have the schema.
pub fn encode(schema: &Schema, batches: &[RecordBatch]) -> Result<Bytes, IpcError> {
    let mut writer = StreamWriter::try_new(Vec::new(), schema).map_err(IpcError::Invalid)?;
    for batch in batches {
        writer.write(batch).map_err(IpcError::Invalid)?;
    }
    writer.into_inner().map(Bytes::from).map_err(IpcError::Invalid)
}

/// Decodes one IPC stream, its framing checked before anything is allocated and its buffers validated.
///
/// The reader may still panic on damaged offsets inside a batch: call it where a panic is contained.
///
/// # Errors
/// [`IpcError`] when the bytes are too many or not a valid stream.
pub fn decode(bytes: &[u8]) -> Result<Vec<RecordBatch>, IpcError> {
    if bytes.len() > MAX_BYTES {
        return Err(IpcError::TooLarge(bytes.len()));
    }
    frames::check(bytes).map_err(IpcError::Framing)?;
    let reader = StreamReader::try_new(Cursor::new(bytes), None).map_err(IpcError::Invalid)?;
    reader.collect::<Result<Vec<_>, _>>().map_err(IpcError::Invalid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow_array::{ArrayRef, Int64Array, StringArray};
    use std::sync::Arc;

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [
            ("n", Arc::new(Int64Array::from(vec![Some(1), None]))),
            ("s", Arc::new(StringArray::from(vec!["あ", "b"]))),
        ];
        RecordBatch::try_from_iter(columns).expect("columns fit")
    }

    #[test]
    fn round_trip() {
        let batch = batch();
        let bytes = encode(&batch.schema(), std::slice::from_ref(&batch)).expect("encodes");
        assert_eq!(decode(&bytes).expect("decodes"), vec![batch]);
    }

    #[test]
    fn damaged_bytes_are_an_error_and_never_a_panic() {
        let batch = batch();
        let bytes = encode(&batch.schema(), &[batch]).expect("encodes");
        for cut in 0..bytes.len() {
            let _ = decode(&bytes[..cut]);
        }
        for i in 0..bytes.len() {
            let mut flipped = bytes.to_vec();
            flipped[i] ^= 0xff;
            let _ = std::panic::catch_unwind(|| decode(&flipped)).unwrap_or(Ok(Vec::new()));
        }
        assert!(decode(b"not arrow").is_err());
    }
}
