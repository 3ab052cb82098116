//! Files: lines, chunks, compression, damage.

use std::io::{Cursor, Read, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use renkei_ingest::{Extract, Rule, Rules, fhir};

use super::{merge, read, remarked};

fn patient(id: usize) -> String {
    format!(r#"{{"resourceType":"Patient","id":"p{id}","birthDate":"1970-01-01"}}"#)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn lines(count: usize) -> String {
    (0..count).map(|id| patient(id) + "\n").collect()
}

#[test]
fn lines_are_read_whatever_ends_them() {
    for text in [
        lines(3),
        lines(3).replace('\n', "\r\n"),
        lines(3).trim_end().to_owned(),
        format!("\u{feff}{}", lines(3)),
        format!("\n \n{}\n\n", lines(3).replace('\n', "\n\n")),
    ] {
        let extract = read(text.as_bytes());
        assert_eq!((extract.statements.len(), extract.rejects.len()), (3, 0), "{text:?}");
        let packed = read(&gzip(text.as_bytes()));
        assert_eq!(packed.statements, extract.statements);
    }
    assert!(read(b"").statements.is_empty() && read(&gzip(b"")).rejects.is_empty());
}

#[test]
fn a_bad_line_is_rejected_by_its_number_and_reading_goes_on() {
    let mut bytes = Vec::new();
    for (number, line) in [
        patient(1).into_bytes(),
        b"{\"resourceType\":\"Patient\"".to_vec(),
        b"".to_vec(),
        [b"{\"resourceType\":\"Patient\",\"id\":\"".as_slice(), b"\x83\x65\"}"].concat(),
        b"[".repeat(100_000),
        b"{\"a\":".repeat(100_000),
        patient(2).into_bytes(),
    ]
    .into_iter()
    .enumerate()
    {
        assert!(number < 7);
        bytes.extend([line.as_slice(), b"\n"].concat());
    }
    let extract = read(&bytes);
    let rejects: Vec<_> = extract.rejects.iter().map(|reject| (reject.line, reject.rule)).collect();
    assert_eq!(rejects, [(2, Rule::Format), (4, Rule::Encoding), (5, Rule::Format), (6, Rule::Format)]);
    assert_eq!(extract.statements.len(), 2);
    assert_eq!(remarked(&extract.remarks).iter().find(|(id, _)| *id == "fhir-reject-cut").unwrap().1, 2);
    assert!(extract.rejects.iter().all(|reject| reject.record.len() <= 64 << 10));
}

#[test]
fn a_damaged_first_line_does_not_make_the_file_one_text() {
    let extract = read(format!("{{\"resourceType\":\"Pat\n{}", lines(3)).as_bytes());
    assert_eq!((extract.statements.len(), extract.rejects.len(), extract.rejects[0].line), (3, 1, 1));
    // Broken in two, it is two lines that are no text, told as one.
    let extract = read(format!("{{\n\"resourceType\":\"Patient\",\"id\":\"x\"\n{}", lines(3)).as_bytes());
    assert_eq!((extract.statements.len(), extract.rejects.len(), extract.rejects[0].line), (3, 1, 1));
}

#[test]
fn deep_nesting_where_nobody_looks_costs_nothing() {
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let line = format!(r#"{{"resourceType":"Patient","id":"p","note":{deep}}}"#);
    assert_eq!(read(line.as_bytes()).statements.len(), 1);
    let line = format!(r#"{{"resourceType":"Patient","id":"p","birthDate":{deep}}}"#);
    assert_eq!(read(line.as_bytes()).rejects.len(), 1);
}

#[test]
fn a_compressed_file_that_is_cut_off_keeps_what_came_before() {
    let text = lines(20_000);
    let whole = gzip(text.as_bytes());
    let cut = read(&whole[..whole.len() / 2]);
    assert!(cut.statements.len() > 5_000 && cut.statements.len() < 15_000, "{}", cut.statements.len());
    assert_eq!((cut.rejects.len(), cut.rejects[0].rule), (1, Rule::Format));
    assert_eq!(cut.rejects[0].line, cut.statements.len() as u64 + 1);
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[middle..middle + 64].fill(0x55);
    let damaged = read(&damaged);
    assert!(!damaged.statements.is_empty() && !damaged.rejects.is_empty());
    assert_eq!(read(&[whole.as_slice(), &whole].concat()).statements.len(), 40_000);
}

#[test]
fn extracts_are_handed_over_in_chunks_until_the_caller_has_enough() {
    let text = lines(10_000);
    let mut sizes = Vec::new();
    let mut keep = |extract: Extract| {
        sizes.push(extract.statements.len());
        true
    };
    fhir::read(text.as_bytes(), "f", &Rules::default(), &mut keep).unwrap();
    assert_eq!(sizes, [4096, 4096, 1808]);
    let mut calls = 0;
    let mut once = |_: Extract| {
        calls += 1;
        false
    };
    fhir::read(text.as_bytes(), "f", &Rules::default(), &mut once).unwrap();
    assert_eq!(calls, 1);
}

/// Bytes without end, as a reader.
fn endless(start: &str, byte: u8, count: u64) -> impl Read {
    Cursor::new(start.to_owned().into_bytes()).chain(std::io::repeat(byte).take(count))
}

#[test]
fn a_line_beyond_the_limit_is_skipped() {
    let long = endless("{\"resourceType\":\"Patient\",\"id\":\"", b'x', fhir::LINE_LIMIT as u64 + 5);
    let reader = long.chain(Cursor::new(format!("\n{}", lines(2)).into_bytes()));
    let mut all = Extract::default();
    let mut each = |extract: Extract| {
        merge(&mut all, extract);
        true
    };
    fhir::read(std::io::BufReader::new(reader), "f", &Rules::default(), &mut each).unwrap();
    assert_eq!((all.statements.len(), all.rejects.len()), (2, 1));
    assert_eq!((all.rejects[0].rule, all.rejects[0].line), (Rule::Size, 1));
    assert!(all.rejects[0].record.len() <= 64 << 10);
}

#[test]
fn a_bundle_on_one_line_may_be_longer() {
    let image = "x".repeat(fhir::LINE_LIMIT);
    let image = format!(r#"{{"resource":{{"resourceType":"Binary","data":"{image}"}}}}"#);
    let bundle = format!(r#"{{"resourceType":"Bundle","entry":[{image},{{"resource":{}}}]}}"#, patient(1));
    let extract = read(format!("{bundle}\n{}", patient(2)).as_bytes());
    assert_eq!((extract.statements.len(), extract.rejects.len()), (2, 0));
    assert_eq!(remarked(&extract.remarks)[1], ("fhir-type-binary", 1));
}

#[test]
fn a_resource_that_is_too_large_is_no_record() {
    let text = "x".repeat(17 << 20);
    let line = format!(r#"{{"resourceType":"Patient","id":"p","photo":"{text}"}}"#);
    let extract = read(line.as_bytes());
    assert_eq!((extract.rejects.len(), extract.rejects[0].rule), (1, Rule::Size));
    let counted = format!(r#"{{"resourceType":"DocumentReference","content":"{text}"}}"#);
    assert!(read(counted.as_bytes()).rejects.is_empty());
}

#[test]
fn files_are_told_by_their_beginning() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let pad = " ".repeat(100);
    for (bytes, expect) in [
        (patient(1).into_bytes(), true),
        (gzip(patient(1).as_bytes()), true),
        (format!("\u{feff}\n{{{pad}\"resourceType\"{pad}: \"Bundle\"").into_bytes(), true),
        (br#"{"id":"resourceType","resourceType":"Patient"}"#.to_vec(), true),
        (gzip(lines(20_000).as_bytes())[..500].to_vec(), true),
        (br#"{"exportId":"1","eventId":"kickoff"}"#.to_vec(), false),
        (br#"{"resourceType":3}"#.to_vec(), false),
        (br#"[{"resourceType":"Patient"}]"#.to_vec(), false),
        (b"resourceType".to_vec(), false),
        (b"\x1f\x8bnothing".to_vec(), false),
        (b"".to_vec(), false),
    ] {
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(fhir::looks_like(&path).unwrap(), expect, "{:?}", String::from_utf8_lossy(&bytes));
    }
    assert!(fhir::looks_like(&folder.path().join("absent")).is_err());
}
