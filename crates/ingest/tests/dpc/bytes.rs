//! Whatever the bytes are: no panic, and no more said than there are lines.

use proptest::prelude::*;
use renkei_ingest::record::Record;
use renkei_ingest::{Rule, Rules, dpc};

use super::{file, read};

const NAMES: [&str; 7] =
    ["FF1_1_2604.txt", "EFn_1_2604.txt", "EFg_1_1404.txt", "Dn_1_2604.txt", "Hn_1.txt", "Kn_1.txt", "x"];

const LINE: &str = "131234567 7 20260420 20260405 21 0002 001 H1 620000001 _ N 1 016 1 0 1 000000000000 \
                    0 0 0 1 0 1110 20260405 01 060 _ W 0 0 001";

/// Bytes with much of what the survey's files have.
fn dirty(columns: usize) -> impl Strategy<Value = Vec<u8>> {
    let field = prop_oneof![
        Just("20260401".to_owned()),
        Just("00000000".to_owned()),
        Just("131234567".to_owned()),
        Just("0".to_owned()),
        Just("001".to_owned()),
        Just("000".to_owned()),
        Just("620000001".to_owned()),
        Just("A006050".to_owned()),
        Just("A000030".to_owned()),
        Just("JCS0010".to_owned()),
        Just("ADL0010".to_owned()),
        Just("SY".to_owned()),
        "[0-9A-Zｱ-ﾝ亜-龍]{0,12}",
    ];
    let line = proptest::collection::vec(field, columns - 1..=columns + 1).prop_map(|fields| fields.join("\t"));
    let lines = proptest::collection::vec(line, 0..12);
    (lines, any::<bool>()).prop_map(|(lines, utf8)| {
        let text = lines.join("\r\n");
        if utf8 { text.into_bytes() } else { encoding_rs::SHIFT_JIS.encode(&text).0.into_owned() }
    })
}

proptest! {
    #[test]
    fn arbitrary_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..2000), name in 0..NAMES.len()) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        let said = read(NAMES[name], &bytes);
        prop_assert!(said.rejects.len() <= lines);
    }

    #[test]
    fn nearly_right_bytes(
        bytes in prop_oneof![dirty(17), dirty(31), dirty(30), dirty(29)],
        name in 0..NAMES.len(),
    ) {
        let lines = bytes.iter().filter(|byte| **byte == b'\n').count() + 1;
        let said = read(NAMES[name], &bytes);
        let events = said.records().filter(|record| !matches!(record, Record::Visit(_) | Record::Person(_))).count();
        // A line of form 1 has at most five answers.
        prop_assert!(said.rejects.len() <= lines && events <= lines * 5);
    }
}

#[test]
fn a_reader_that_is_not_listened_to_stops() {
    let line = LINE;
    let bytes = file(&vec![line; 9000], 31);
    let mut pieces = 0;
    dpc::read(bytes.as_slice(), "EFn_1_2604.txt", &Rules::default(), &mut |_| {
        pieces += 1;
        false
    })
    .unwrap();
    assert_eq!(pieces, 1);
    assert!(read("EFn_1_2604.txt", &bytes).pieces >= 4);
}

#[test]
fn what_is_no_file_of_the_survey_is_one_reject() {
    let said = read("EFn_1_2604.txt", b"\x89PNG\r\n\x1a\nIHDR\r\nmore\r\n");
    assert_eq!(said.rejects.iter().map(|reject| (reject.line, reject.rule)).collect::<Vec<_>>(), [(1, Rule::Format)]);
    assert!(said.statements.is_empty());
    for empty in [&b""[..], b"\r\n\r\n", b"\xEF\xBB\xBF"] {
        let said = read("EFn_1_2604.txt", empty);
        assert!(said.statements.is_empty() && said.rejects.is_empty());
    }
}

#[test]
fn names_of_columns_at_the_beginning_are_no_record() {
    let line = LINE;
    let names = (1..=31).map(|column| format!("項目{column}")).collect::<Vec<_>>().join(" ");
    let plain = read("EFn_1_2604.txt", &file(&[line, line], 31));
    let named = read("EFn_1_2604.txt", &file(&[&names, line, line], 31));
    assert_eq!((named.rejects.len(), named.remark("dpc-header")), (0, 1));
    assert_eq!(named.statements, plain.statements);
    // A first line that is cut is put aside, and the others are read.
    let cut = read("EFn_1_2604.txt", &file(&[line, line], 31)[20..]);
    assert_eq!((cut.rejects.len(), cut.remark("dpc-header")), (1, 0));
    assert_eq!(cut.rejects[0].rule, Rule::Fields);
    // So is one that never ends.
    let long = [vec![b'x'; 100_000], b"\r\n".to_vec(), file(&[line], 31)].concat();
    let long = read("EFn_1_2604.txt", &long);
    assert_eq!(long.rejects.iter().map(|reject| (reject.line, reject.rule)).collect::<Vec<_>>(), [(1, Rule::Size)]);
    assert_eq!(long.statements.len(), 3);
}

#[test]
fn kinds_that_are_only_counted_are_counted() {
    let said = read("Kn_131234567_2604.txt", b"131234567\t7\tabc\r\n131234567\t8\tdef\r\n");
    assert_eq!((said.remark("dpc-k-line"), said.statements.len(), said.rejects.len()), (2, 0, 0));
    let said = read("FF4_131234567_2604.txt", b"131234567\t7\t20260405\r\n");
    assert_eq!(said.remark("dpc-other-form-line"), 1);
}
