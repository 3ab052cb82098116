//! Files of a hospital's systems that hold many records.

use std::io;
use std::sync::LazyLock;

use renkei_ingest::mapped::{Mapping, SAMPLE};
use renkei_ingest::record::Statement;
use renkei_ingest::{Extract, Rules, dpc as survey, fhir as resources};

use super::{choice, pick};

/// Names of files, one for each kind and edition.
const SURVEY: [&str; 11] = [
    "FF1_131234567_2604.txt",
    "FF1_131234567_1404.txt",
    "EFn_131234567_2604.txt",
    "EFg_131234567_2604.txt",
    "Dn_131234567_2604.txt",
    "En_131234567_0904.txt",
    "Fn_131234567_0904.txt",
    "Hn_131234567_2604.txt",
    "Kn_131234567_2604.txt",
    "FF4_131234567_2604.txt",
    "x.txt",
];

static LABORATORY: LazyLock<Mapping> = LazyLock::new(|| Mapping::parse(SAMPLE).expect("the sample is right"));

/// Everything that a reader hands over, in one piece.
fn whole(read: impl FnOnce(&mut dyn FnMut(Extract) -> bool) -> io::Result<()>) -> Extract {
    let mut all = Extract::default();
    // An error is a way to end; what was handed over before it counts.
    let _ = read(&mut |piece| {
        all.statements.extend(piece.statements);
        all.aliases.extend(piece.aliases);
        all.shared.extend(piece.shared);
        all.seen.merge(piece.seen);
        all.remarks.merge(&piece.remarks);
        all.rejects.extend(piece.rejects);
        true
    });
    all
}

/// What is said is no more than the bytes can hold, and is the same after it was kept.
pub(super) fn check_statements(extract: &Extract, bytes: usize) {
    let records: usize = extract.statements.iter().map(|(_, statement)| statement.records.len()).sum();
    assert!(records <= 8 + bytes, "{records} records of {bytes} bytes");
    assert!(extract.rejects.len() <= 1 + bytes && extract.aliases.len() <= 2 * (1 + bytes));
    for (_, statement) in &extract.statements {
        assert!(!statement.key.is_empty());
        let kept = postcard::to_stdvec(statement).expect("a statement can be kept");
        let again: Statement = postcard::from_bytes(&kept).expect("what was kept can be read");
        assert_eq!(&again, statement);
    }
    for (coding, _) in extract.seen.iter() {
        assert!(!coding.code.is_empty() && coding.source_value().chars().count() <= 50);
    }
}

/// Documents, lines and compressed lines of FHIR.
pub fn fhir(bytes: &[u8]) {
    let (name, text) = choice(bytes);
    let name = pick(&["a.ndjson", "a.json", "a.ndjson.gz", "a"], name);
    let said = whole(|each| resources::read(text, name, &Rules::default(), each));
    // A thousand bytes compress into one.
    let inflated = if text.starts_with(b"\x1f\x8b") { 2_000 * text.len() } else { text.len() };
    check_statements(&said, inflated);
}

/// Files of the DPC survey, under every kind of name.
pub fn dpc(bytes: &[u8]) {
    let (name, text) = choice(bytes);
    let said = whole(|each| survey::read(text, pick(&SURVEY, name), &Rules::default(), each));
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    assert!(said.rejects.len() <= lines);
    check_statements(&said, text.len());
}

/// A mapping is right, and then its tests can be run and a file be read with it, or every mistake has its line.
pub fn mapped_parse(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match Mapping::parse(&text) {
        Ok(mapping) => {
            let _ = mapping.run_tests();
            let _ = (mapping.reads("lab.csv"), mapping.table().name);
            let rows = "患者番号,検査日,結果\n1,20240510,<3.5\n2,令和6年5月1日,\"\n".as_bytes();
            let said = whole(|each| mapping.read(rows, "lab.csv", &Rules::default(), each));
            check_statements(&said, rows.len());
        }
        Err(mistakes) => {
            let lines = text.split('\n').count() + 1;
            assert!(!mistakes.is_empty() && mistakes.iter().all(|mistake| (1..=lines).contains(&mistake.line)));
        }
    }
}

/// Whatever lies under a mapping's name, each row is a statement, or is put aside, or neither.
pub fn mapped_read(bytes: &[u8]) {
    let said = whole(|each| LABORATORY.read(bytes, "lab.csv", &Rules::default(), each));
    let rows = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    assert!(said.statements.len() + said.rejects.len() <= rows);
    check_statements(&said, bytes.len());
}
