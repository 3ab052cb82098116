//! The framing of an Arrow IPC stream, checked before anything is decoded.
//!
//! A reader allocates what a message's header announces: a few bytes may claim a body of an exabyte, a compressed
//! buffer may claim any size, and failing to allocate ends the process. So lengths are compared with what is there,
//! and only the plain kinds of message that [`encode`](super::encode) writes are let through.

use arrow_ipc::{MessageHeader, root_as_message};

const CONTINUATION: [u8; 4] = [0xff; 4];
/// Rows that a batch may claim beside those that its body has a byte for.
const FREE_ROWS: usize = 64;

/// Checks every message of a stream: one schema, then record batches that fit into it.
pub(super) fn check(stream: &[u8]) -> Result<(), &'static str> {
    let mut rest = stream;
    let mut first = true;
    while !rest.is_empty() {
        let size = length(&mut rest)?;
        if size == 0 {
            return if rest.is_empty() { Ok(()) } else { Err("bytes after the end of a stream") };
        }
        let header = take(&mut rest, size).ok_or("a header longer than its stream")?;
        let message = root_as_message(header).map_err(|_| "a header that is none")?;
        let body = usize::try_from(message.bodyLength()).map_err(|_| "a body of a negative length")?;
        take(&mut rest, body).ok_or("a body longer than its stream")?;
        match (message.header_type(), first) {
            (MessageHeader::Schema, true) => first = false,
            (MessageHeader::RecordBatch, false) => {
                let batch = message.header_as_record_batch().ok_or("a header that is none")?;
                if batch.compression().is_some() {
                    return Err("a compressed batch");
                }
                if !usize::try_from(batch.length()).is_ok_and(|rows| rows <= body.saturating_add(FREE_ROWS)) {
                    return Err("a batch of more rows than it has bytes");
                }
            }
            _ => return Err("a message out of place"),
        }
    }
    if first { Err("no schema") } else { Ok(()) }
}

fn take<'a>(rest: &mut &'a [u8], size: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(size)?;
    *rest = after;
    Some(taken)
}

fn length(rest: &mut &[u8]) -> Result<usize, &'static str> {
    const SHORT: &str = "a stream cut short";
    if take(rest, 4).ok_or(SHORT)? != CONTINUATION {
        return Err("no Arrow stream");
    }
    let size = take(rest, 4).and_then(|bytes| bytes.try_into().ok()).ok_or(SHORT)?;
    usize::try_from(i32::from_le_bytes(size)).map_err(|_| "a header of a negative length")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    use arrow_array::{ArrayRef, Int64Array, NullArray, RecordBatch, StringArray};
    use arrow_ipc::CompressionType;
    use arrow_ipc::writer::{IpcWriteOptions, StreamWriter};

    use crate::ipc;

    fn batch() -> RecordBatch {
        let columns: [(&str, ArrayRef); 2] = [
            ("n", Arc::new(Int64Array::from_iter_values(0..100))),
            ("s", Arc::new(StringArray::from_iter_values((0..100).map(|i| i.to_string())))),
        ];
        RecordBatch::try_from_iter(columns).unwrap()
    }

    fn good() -> Vec<u8> {
        let batch = batch();
        ipc::encode(&batch.schema(), &[batch.clone(), batch]).unwrap().to_vec()
    }

    #[test]
    fn what_is_written_passes() {
        assert_eq!(check(&good()), Ok(()));
        let empty = ipc::encode(&batch().schema(), &[]).unwrap();
        assert_eq!(check(&empty), Ok(()));
    }

    #[test]
    fn claims_beyond_the_bytes_are_refused() {
        let good = good();
        let header = i32::from_le_bytes(good[4..8].try_into().unwrap());
        assert!(header > 0);
        let with = |at: usize, bytes: [u8; 4]| {
            let mut bad = good.clone();
            bad[at..at + 4].copy_from_slice(&bytes);
            check(&bad)
        };
        assert_eq!(with(4, i32::MAX.to_le_bytes()), Err("a header longer than its stream"));
        assert_eq!(with(4, (-1_i32).to_le_bytes()), Err("a header of a negative length"));
        assert_eq!(with(4, [0; 4]), Err("bytes after the end of a stream"));
        assert_eq!(check(&[]), Err("no schema"));
        assert_eq!(check(b"not arrow at all"), Err("no Arrow stream"));
    }

    #[test]
    fn compression_and_endless_nulls_are_refused() {
        let options = IpcWriteOptions::default().try_with_compression(Some(CompressionType::LZ4_FRAME)).unwrap();
        let batch = batch();
        let mut writer = StreamWriter::try_new_with_options(Vec::new(), &batch.schema(), options).unwrap();
        writer.write(&batch).unwrap();
        assert_eq!(check(&writer.into_inner().unwrap()), Err("a compressed batch"));
        let nulls: ArrayRef = Arc::new(NullArray::new(1 << 40));
        let endless = RecordBatch::try_from_iter_with_nullable([("nothing", nulls, true)]).unwrap();
        let bytes = ipc::encode(&endless.schema(), &[endless]).unwrap();
        assert_eq!(check(&bytes), Err("a batch of more rows than it has bytes"));
    }

    #[test]
    fn damage_never_gets_past_both_checks_as_a_panic_or_an_allocation() {
        let good = good();
        assert!(check(&good[..good.len() - 9]).is_err());
        for at in 0..good.len() {
            for flip in [0x01, 0x80, 0xff] {
                let mut bad = good.clone();
                bad[at] ^= flip;
                if check(&bad).is_ok() {
                    // The reader may still panic on damaged inner offsets; the pool takes that.
                    drop(std::panic::catch_unwind(|| ipc::decode(&bad).map(|batches| batches.len())));
                }
            }
        }
    }
}
