//! NDJSON, as far as fetching needs it: whether a file is whole, and what the server says was deleted.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use serde::Deserialize;

/// Longest line of deletions that is looked at.
const LONGEST: u64 = 64 << 20;

/// The number of resources in a file; `None` where a line is no JSON object, as after a cut.
pub(super) fn resources(file: &Path) -> io::Result<Option<u64>> {
    count(File::open(file)?)
}

fn count(mut input: impl Read) -> io::Result<Option<u64>> {
    let mut buffer = vec![0; 256 << 10];
    let mut lines = 0;
    let mut ends: Option<(u8, u8)> = None;
    let mut start = true;
    loop {
        let read = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let mut bytes = &buffer[..read];
        if std::mem::take(&mut start) {
            bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        }
        for &byte in bytes {
            match byte {
                b'\n' => {
                    lines += u64::from(ends.is_some());
                    if ends.take().is_some_and(|ends| ends != (b'{', b'}')) {
                        return Ok(None);
                    }
                }
                b' ' | b'\t' | b'\r' => {}
                // No JSON has such bytes; a disk that lost power may.
                0..0x20 => return Ok(None),
                byte => ends = Some((ends.map_or(byte, |(first, _)| first), byte)),
            }
        }
    }
    lines += u64::from(ends.is_some());
    Ok(ends.is_none_or(|ends| ends == (b'{', b'}')).then_some(lines))
}

#[derive(Deserialize)]
struct Bundle {
    #[serde(default)]
    entry: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
}

#[derive(Deserialize)]
struct Request {
    method: String,
    url: String,
}

/// Tells type and id of each resource that a file of deletions (in the folder `deleted` of a run) lists, and returns
/// the number of lines and entries that could not be understood.
///
/// # Errors
/// The file cannot be read.
pub fn deletions(file: &Path, each: &mut dyn FnMut(&str, &str)) -> io::Result<u64> {
    let mut input = BufReader::new(File::open(file)?);
    let (mut line, mut odd) = (Vec::new(), 0);
    loop {
        line.clear();
        if (&mut input).take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(odd);
        }
        if line.trim_ascii().is_empty() {
            continue;
        }
        let Ok(bundle) = serde_json::from_slice::<Bundle>(&line) else {
            odd += 1;
            continue;
        };
        for Entry { request } in &bundle.entry {
            match request.url.rsplit('/').collect::<Vec<_>>()[..] {
                [id, kind, ..] if request.method == "DELETE" && !id.is_empty() && is_type(kind) => each(kind, id),
                _ => odd += 1,
            }
        }
    }
}

fn is_type(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.chars().all(|c| c.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn whole_files_are_counted() {
        for (text, expected) in [
            ("", Some(0)),
            ("\n\n", Some(0)),
            ("{}\n{\"a\":1}\n", Some(2)),
            ("{}\r\n\r\n{\"a\":1}", Some(2)),
            ("\u{feff}{}\n", Some(1)),
            ("{}\n{\"a\":", None),
            ("{}\n[1]\n", None),
            ("<html>\n</html>", None),
            ("{\"a\n{}\n", None),
            ("{\"a\":\"\0\0\"}\n", None),
        ] {
            assert_eq!(count(text.as_bytes()).unwrap(), expected, "{text:?}");
        }
    }

    #[test]
    fn deletions_are_told() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        let text = "{\"type\":\"x\",\"entry\":[{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/1\"}},\
            {\"request\":{\"method\":\"DELETE\",\"url\":\"https://f.example.org/r4/Observation/o-2\"}},\
            {\"request\":{\"method\":\"PUT\",\"url\":\"Patient/3\"}},\
            {\"request\":{\"method\":\"DELETE\",\"url\":\"4\"}}]}\n\
            not json\n\n{}\n{\"entry\":[{\"request\":{\"method\":\"DELETE\",\"url\":\"Patient/5\"}}]}";
        std::fs::write(&path, text).unwrap();
        let mut found = Vec::new();
        let odd = deletions(&path, &mut |kind, id| found.push(format!("{kind} {id}"))).unwrap();
        assert_eq!((found.join(", ").as_str(), odd), ("Patient 1, Observation o-2, Patient 5", 3));
    }

    proptest! {
        #[test]
        fn any_bytes_are_counted_or_refused(bytes: Vec<u8>) {
            let lines = count(&bytes[..]).unwrap();
            prop_assert!(lines.is_none_or(|lines| lines <= bytes.len() as u64));
        }
    }
}
