//! Files of FHIR: NDJSON, single resources and bundles, plain or compressed with gzip.

use std::fs::File;
use std::io::{self, BufRead, BufReader, ErrorKind, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::convert::{Converter, Piece};
use super::document;
use super::fault::Fault;
use crate::{Extract, Rule, Rules};

/// The longest line of an NDJSON file. A resource with an image or a document inside has tens of megabytes.
pub const LINE_LIMIT: usize = 64 << 20;

/// The largest bundle, in memory as a whole: what its parts say of each other is known only at its end.
pub const DOCUMENT_LIMIT: usize = 512 << 20;

/// After so many resources or bytes an extract is handed over.
const CHUNK: (usize, usize) = (4096, 16 << 20);

/// How much of a file is looked at to tell what it is.
const SAMPLE: usize = 64 << 10;

const GZIP: &[u8] = b"\x1f\x8b";
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a file of FHIR, and hands over an extract after every few thousand resources, until `each` says `false`.
///
/// A line, or a resource of a bundle, that cannot be read is rejected and reading goes on. So is the rest of a
/// compressed file that is cut off or damaged.
///
/// # Errors
/// Where the reader fails.
pub fn read(
    mut reader: impl BufRead,
    file: &str,
    rules: &Rules,
    each: &mut dyn FnMut(Extract) -> bool,
) -> io::Result<()> {
    let converter = Converter::new(file, rules);
    let compressed = reader.fill_buf()?.starts_with(GZIP);
    let mut chunks = Chunks { converter, resources: 0, bytes: 0, each };
    if !compressed {
        lines(&mut Lines::new(reader), &mut chunks)?;
        return Ok(());
    }
    let mut source = Lines::new(BufReader::with_capacity(SAMPLE, MultiGzDecoder::new(reader)));
    match lines(&mut source, &mut chunks) {
        Err(error) if is_damage(&error) => {
            chunks.reject(source.number + 1, Rule::Format, "");
            chunks.hand_over();
            Ok(())
        }
        other => other,
    }
}

/// Whether a file holds resources of FHIR, from its beginning.
///
/// # Errors
/// Where the file cannot be read.
pub fn looks_like(path: &Path) -> io::Result<bool> {
    let mut reader = BufReader::with_capacity(SAMPLE, File::open(path)?);
    let mut sample = Vec::new();
    if reader.fill_buf()?.starts_with(GZIP) {
        match MultiGzDecoder::new(reader).take(SAMPLE as u64).read_to_end(&mut sample) {
            Err(error) if !is_damage(&error) => return Err(error),
            _ => {}
        }
    } else {
        reader.take(SAMPLE as u64).read_to_end(&mut sample)?;
    }
    let text = sample.strip_prefix(MARK).unwrap_or(&sample).trim_ascii_start();
    Ok(text.starts_with(b"{") && names_type(text))
}

/// Whether a text has `"resourceType": "`.
fn names_type(text: &[u8]) -> bool {
    const NAME: &[u8] = b"\"resourceType\"";
    let mut rest = text;
    while let Some(at) = rest.windows(NAME.len()).position(|window| window == NAME) {
        rest = &rest[at + NAME.len()..];
        let value = rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
        if value.is_some_and(|value| value.starts_with(b"\"")) {
            return true;
        }
    }
    false
}

fn is_damage(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::InvalidData | ErrorKind::InvalidInput)
}

/// Hands extracts over when they are full.
struct Chunks<'r> {
    converter: Converter<'r>,
    resources: usize,
    bytes: usize,
    each: &'r mut dyn FnMut(Extract) -> bool,
}

impl Chunks<'_> {
    /// Whether to go on.
    fn take(&mut self, json: &[u8], line: u64) -> bool {
        let Ok(json) = std::str::from_utf8(json) else {
            self.reject(line, Rule::Encoding, &String::from_utf8_lossy(json));
            return self.count(json.len());
        };
        let Self { converter, resources, each, .. } = self;
        let mut full = |converter: &mut Converter<'_>| {
            *resources += 1;
            if *resources < CHUNK.0 {
                return true;
            }
            *resources = 0;
            each(std::mem::take(&mut converter.out))
        };
        document::take(json, line, converter, &mut full) && self.count(json.len())
    }

    fn count(&mut self, bytes: usize) -> bool {
        self.bytes += bytes;
        if self.bytes < CHUNK.1 {
            return true;
        }
        self.hand_over()
    }

    fn reject(&mut self, line: u64, rule: Rule, json: &str) {
        self.resources += 1;
        self.converter.reject(Piece { json, line, url: None }, Fault::whole(rule));
    }

    fn hand_over(&mut self) -> bool {
        if (self.resources, self.bytes) == (0, 0) {
            return true;
        }
        (self.resources, self.bytes) = (0, 0);
        (self.each)(std::mem::take(&mut self.converter.out))
    }
}

/// Reads line by line, unless the first line is no JSON text by itself: then the file is one text.
fn lines<R: BufRead>(source: &mut Lines<R>, chunks: &mut Chunks<'_>) -> io::Result<()> {
    let mut first = true;
    while let Some(whole) = source.next()? {
        let line = source.number;
        if !whole {
            chunks.reject(line, Rule::Size, &String::from_utf8_lossy(&source.buffer));
            continue;
        }
        let text = source.buffer.trim_ascii();
        if text.is_empty() {
            continue;
        }
        if std::mem::take(&mut first) && is_beginning(text) {
            if !first_lines(source, chunks)? {
                return Ok(());
            }
            continue;
        }
        if !chunks.take(text, line) {
            return Ok(());
        }
    }
    chunks.hand_over();
    Ok(())
}

/// Whether a JSON text begins here and does not end.
fn is_beginning(text: &[u8]) -> bool {
    serde_json::from_slice::<serde::de::IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// The file begins with a line that is not complete: what follows shows whether it is a damaged line or a text of many
/// lines.
fn first_lines<R: BufRead>(source: &mut Lines<R>, chunks: &mut Chunks<'_>) -> io::Result<bool> {
    let line = source.number;
    let start = std::mem::take(&mut source.buffer);
    let Some(whole) = source.next()? else { return Ok(chunks.take(start.trim_ascii(), line)) };
    if source.buffer.starts_with(b"{") && start.trim_ascii_start().starts_with(b"{") {
        let second = source.number;
        let went_on = chunks.take(start.trim_ascii(), line);
        if !whole {
            chunks.reject(second, Rule::Size, &String::from_utf8_lossy(&source.buffer));
        }
        return Ok(went_on && (!whole || chunks.take(source.buffer.trim_ascii(), second)));
    }
    let mut text = start;
    text.append(&mut source.buffer);
    let room = (DOCUMENT_LIMIT + 1).saturating_sub(text.len());
    source.reader.by_ref().take(room as u64).read_to_end(&mut text)?;
    if !whole || text.len() > DOCUMENT_LIMIT {
        text.truncate(SAMPLE);
        chunks.reject(line, Rule::Size, &String::from_utf8_lossy(&text));
        source.skip_all()?;
        return Ok(true);
    }
    source.number += breaks(&text);
    Ok(texts(&text, line, chunks))
}

/// One JSON text after another, each on lines of its own. A damaged one ends before the next line that begins with a
/// brace, so that it does not take what follows with it.
fn texts(text: &[u8], line: u64, chunks: &mut Chunks<'_>) -> bool {
    let (mut rest, mut number) = (text, line);
    loop {
        let begun = rest.trim_ascii_start();
        number += breaks(&rest[..rest.len() - begun.len()]);
        let mut values = serde_json::Deserializer::from_slice(begun).into_iter::<serde::de::IgnoredAny>();
        let end = match values.next() {
            None => return true,
            Some(Ok(_)) => values.byte_offset(),
            Some(Err(_)) => begun.windows(2).position(|two| two == b"\n{").map_or(begun.len(), |at| at + 1),
        };
        let (one, after) = begun.split_at(end);
        if !chunks.take(one.trim_ascii(), number) {
            return false;
        }
        number += breaks(one);
        rest = after;
    }
}

fn breaks(text: &[u8]) -> u64 {
    text.iter().filter(|byte| **byte == b'\n').count() as u64
}

/// The lines of a file, in a buffer that is used again.
struct Lines<R> {
    reader: R,
    buffer: Vec<u8>,
    /// The line in the buffer, from 1.
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), number: 0 }
    }

    /// Reads the next line; `false` where it is too long and the buffer has only its beginning.
    fn next(&mut self) -> io::Result<Option<bool>> {
        self.buffer.clear();
        self.fill(LINE_LIMIT)?;
        if self.buffer.is_empty() {
            return Ok(None);
        }
        self.number += 1;
        if self.number == 1 && self.buffer.starts_with(MARK) {
            self.buffer.drain(..MARK.len());
        }
        if self.is_cut(LINE_LIMIT) && self.is_bundle() {
            self.fill(DOCUMENT_LIMIT)?;
            return self.whole(DOCUMENT_LIMIT).map(Some);
        }
        self.whole(LINE_LIMIT).map(Some)
    }

    /// Fills the buffer up to the end of the line, or one byte beyond a limit.
    fn fill(&mut self, limit: usize) -> io::Result<()> {
        let room = (limit + 1).saturating_sub(self.buffer.len());
        self.reader.by_ref().take(room as u64).read_until(b'\n', &mut self.buffer)?;
        Ok(())
    }

    fn is_cut(&self, limit: usize) -> bool {
        self.buffer.len() > limit && self.buffer.last() != Some(&b'\n')
    }

    fn is_bundle(&self) -> bool {
        let start = &self.buffer[..self.buffer.len().min(4096)];
        start.windows(8).any(|window| window == b"\"Bundle\"")
    }

    /// Gives memory back after a line beyond the limit, and goes to its end.
    fn whole(&mut self, limit: usize) -> io::Result<bool> {
        if !self.is_cut(limit) {
            return Ok(true);
        }
        self.buffer.truncate(SAMPLE);
        self.buffer.shrink_to_fit();
        loop {
            let read = self.reader.fill_buf()?;
            let (length, ended) = match read.iter().position(|byte| *byte == b'\n') {
                Some(at) => (at + 1, true),
                None => (read.len(), read.is_empty()),
            };
            self.reader.consume(length);
            if ended {
                return Ok(false);
            }
        }
    }

    fn skip_all(&mut self) -> io::Result<()> {
        io::copy(&mut self.reader, &mut io::sink()).map(|_| ())
    }
}
