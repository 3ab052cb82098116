//! Files that are damaged, foreign, enormous or of somebody else: kept out, counted, never fatal.

use std::ffi::OsStr;

use proptest::prelude::*;
use renkei_ingest::ssmix2::{Name, convert};
use renkei_ingest::{Coding, Extract, Rule, Rules};

use crate::ssmix2::storage::{PATIENT, extract, extract_with, jis, message, name, records, remarked};

const KINDS: [&str; 18] = [
    "ADT-00",
    "ADT-12",
    "ADT-22",
    "ADT-31",
    "ADT-32",
    "ADT-42",
    "ADT-52",
    "ADT-61",
    "PPR-01",
    "OMP-01",
    "OMP-02",
    "OMP-11",
    "OMP-12",
    "OML-11",
    "OMG-11",
    "OMG-12",
    "OMG-13",
    "L-V^V^99V",
];

/// Every segment that some kind reads, with every field filled.
fn everything() -> String {
    "EVN||202004091000||||202004091200
     DB1|1|PT||Y
     AL1|1|DA^薬剤^HL70127|7^セフェム系^99ALG
     IAM|1|DA^薬剤^HL70127|7^セフェム系^99ALG|MO||A
     IN1|1|67^国民健康保険^JHSD0001|67999991
     PRB|AD|20110915|20054174^胃炎^MDCDX2|1|||20110831||20110915|K297^^I10^O
     ZPR|||RU1X^の疑い^MDCDX2
     SPM|1|1||023^血清^JC10|||||||||||||202004091500
     ORC|NW|1||1|||||20200409103045
     RXE||108665201^錠剤A^HOT9|1||TAB^錠^MR9P|||||15|TAB^錠^MR9P
     TQ1|1||1013044400000000&内服&JAMISDP01|||5^d|2020041000
     RXR|PO^口^HL70162
     RXC|B|107679002^輸液^HOT9|1|HON^本^MR9P
     RXA|0|1|20200410080521|20200410130543|107679002^輸液^HOT9|1|HON^本^MR9P|||||||||||||CP
     OBR|1|1||99A000000000000^超音波検査^JJ1017|||20200409|20200409
     ZE1|1|RS|99A00005550000000000000000000000^超音波^JJ1017
     OBX|1|ST|3A010000002327101^総蛋白^JC10||480×10^4|mg/dL^mg/dL^99XYZ|6.70-8.3||||F"
        .into()
}

#[test]
fn what_is_no_message_is_put_aside() {
    for (bytes, rule) in [
        (b"".as_slice(), Rule::Format),
        (b"\x1c", Rule::Format),
        (b"PID|1||12\r", Rule::Format),
        (b"%PDF-1.4\n\xff\xfe\x00", Rule::Format),
        (b"<?xml version=\"1.0\"?><a/>", Rule::Format),
        (b"\xff\xfeM\0S\0H\0|\0", Rule::Format),
    ] {
        let extract = extract_with("OML-11", bytes, &Rules::default());
        assert!(extract.statements.is_empty());
        assert_eq!(extract.rejects.iter().map(|reject| reject.rule).collect::<Vec<_>>(), [rule]);
    }
    let huge = [jis(&message("OUL^R22", "O", "")), vec![b'A'; 5 << 20]].concat();
    let extract = extract_with("OML-11", &huge, &Rules::default());
    assert_eq!((extract.statements.len(), extract.rejects[0].rule), (0, Rule::Size));
}

#[test]
fn only_valid_files_of_converted_kinds_are_looked_at() {
    let whole = jis(&message("ADT^A08", "O", ""));
    for (file, id) in [
        ("ADT-00_1_20200101000000000_-_0", "deleted"),
        ("ADT-00_1_20200101000000000_-_2", "superseded"),
        ("ADT-01_1_20200101000000000_-_1", "not-read-adt-01"),
        ("ADT-21_1_20200101000000000_-_1", "not-read-adt-21"),
        ("ADT-41_1_20200101000000000_-_1", "not-read-adt-41"),
        ("ADT-51_1_20200101000000000_-_1", "not-read-adt-51"),
        ("OMD_1_20200101000000000_-_1", "not-read-omd"),
        ("OML-01_1_20200101000000000_-_1", "not-read-oml-01"),
        ("OML-12_1_20200101000000000_-_1", "not-read-oml-12"),
        ("OMG-01_1_20200101000000000_-_1", "not-read-omg-01"),
        ("OMG-02_1_20200101000000000_-_1", "not-read-omg-02"),
        ("OMG-03_1_20200101000000000_-_1", "not-read-omg-03"),
        ("XYZ-01_1_20200101000000000_-_1", "not-read-other"),
    ] {
        let name = Name::parse(OsStr::new(&format!("{PATIENT}_20200101_{file}"))).unwrap();
        for bytes in [whole.as_slice(), b"garbage"] {
            let mut extract = Extract::default();
            convert(&name, "file", bytes, &Rules::default(), &mut extract);
            assert!(extract.statements.is_empty() && extract.rejects.is_empty());
            assert_eq!(remarked(&extract, id), 1, "{file}");
        }
    }
}

#[test]
fn a_file_of_another_patient_is_counted_or_put_aside() {
    let strict = Rules { strict_patient: true, ..Rules::default() };
    let text = message("ADT^A04", "O", "");
    let with = |id: &str| jis(&text.replace(&format!("{PATIENT}^^^^PI"), id));
    for (id, mismatch, missing) in [
        (PATIENT, 0, 0),
        ("12345678", 0, 0),
        ("99^^^^PI~0012345678^^^^PI", 0, 0),
        ("99999999^^^^PI", 1, 0),
        ("", 0, 1),
        ("\"\"", 0, 1),
    ] {
        let extract = extract_with("ADT-12", &with(id), &Rules::default());
        assert_eq!(records(&extract).len(), 1, "{id}");
        let counts = (remarked(&extract, "patient-mismatch"), remarked(&extract, "no-patient"));
        assert_eq!(counts, (mismatch, missing), "{id}");
        let extract = extract_with("ADT-12", &with(id), &strict);
        assert_eq!(extract.statements.len() as u64, 1 - mismatch, "{id}");
        assert_eq!(
            extract.rejects.iter().filter(|reject| reject.rule == Rule::Mismatch).count() as u64,
            mismatch,
            "{id}"
        );
    }
    let extract =
        extract("ADT-12", &text.lines().filter(|line| !line.starts_with("PID")).collect::<Vec<_>>().join("\n"));
    assert_eq!(remarked(&extract, "no-patient"), 1);
}

#[test]
fn files_that_break_off_anywhere_say_what_they_say_so_far() {
    let bytes = jis(&message("ADT^A08", "O", &everything()));
    for kind in KINDS {
        let whole = extract_with(kind, &bytes, &Rules::default());
        let all = whole.statements.first().map_or(0, |(_, statement)| statement.records.len());
        for end in 0..bytes.len() {
            let extract = extract_with(kind, &bytes[..end], &Rules::default());
            let some = extract.statements.first().map_or(0, |(_, statement)| statement.records.len());
            assert!(some <= all.max(1), "{kind} cut at {end}");
            assert!(extract.rejects.len() <= 16);
        }
    }
}

#[test]
fn gigantic_fields_and_many_segments_stay_bounded() {
    let long = "9".repeat(1 << 20);
    for (from, to) in [
        ("480×10^4", long.as_str()),
        ("3A010000002327101", &long),
        ("mg/dL^mg/dL", &long),
        ("6.70-8.3", &long),
        ("総蛋白", &long),
    ] {
        let bytes = jis(&message("OUL^R22", "O", &everything().replace(from, to)));
        let extract = extract_with("OML-11", &bytes, &Rules::default());
        let size: usize = extract.statements.iter().map(|(_, statement)| format!("{statement:?}").len()).sum();
        assert!(size < 10_000 && extract.rejects.iter().all(|reject| reject.record.len() <= 4096));
        let bounded =
            |(code, text): (&Coding, Option<&str>)| code.code.len() < 200 && text.is_none_or(|text| text.len() <= 800);
        assert!(extract.seen.iter().all(bounded));
    }
    let many = "OBX|1|NM|3A010000002327101^総蛋白^JC10||7.2||||||F\n".repeat(20_000);
    let extract = extract("OML-11", &message("OUL^R22", "O", &format!("OBR||||||||20200409\n{many}")));
    assert_eq!(records(&extract).len(), 20_000);
    let bars = jis(&message("OUL^R22", "O", &format!("OBX{}", "|".repeat(1 << 20))));
    assert_eq!(extract_with("OML-11", &bars, &Rules::default()).rejects.len(), 0);
}

#[test]
fn lines_that_are_no_segment_and_second_messages_are_counted() {
    let text = message("ADT^A04", "O", "ZZZ|1\nこれは続きの行\nobx|1") + "\n" + &message("ADT^A04", "O", "");
    let extract = extract("ADT-12", &text);
    assert_eq!(records(&extract).len(), 1);
    assert_eq!((remarked(&extract, "stray-line"), remarked(&extract, "second-message")), (2, 1));
}

/// Files that broke, or could break, a reader of these messages.
const CORPUS: [&[u8]; 14] = [
    b"MSH",
    b"MSH|",
    b"MSH|^~\\&\r",
    b"MSH\x1b$B4A;z",
    b"MSH|^~\\&\rPID|||||\x1b$B4A;",
    b"MSH|^~\\&\rOBX\rSPM\rOBR\rORC\rRXA\rRXE\rRXC\rTQ1\rPRB\rZPR\rIAM\rAL1\rIN1\rDB1\rZE1\rPV1\rEVN\rPID",
    b"MSH|^~\\&\rOBX|||||||||||||||||||||||||||||||||||||||||||||||||||",
    b"MSH|^~\\&\rPRB|AD|99999999|^^^^^^^|||99991399|||^^^^^^^|||^^|||00000000",
    b"MSH|^~\\&\rORC|NW\rRXE||^^^^^|||||||||999999999999999999999999999999999\r\
      TQ1|1|||||99999999999^d|99991231|||||||1e999",
    b"MSH|^~\\&\rORC|NW\rRXE||1^a^HOT9|||||||||1\rTQ1|1|||||3660^d|99991231\rTQ1|2|||||3660^d|00010101",
    b"MSH|^~\\&\rOBX|1|ST|1^a^99X||\\X\\\\X4\\\\XZZ\\\\\\\\\\||||||F",
    b"MSH|||||||||\rPID|||1\rPV1||I",
    b"MSH|^^^^\rOBX|1|NM|1^^1^^1||1^1||1-1||||F",
    b"\x0bMSH|^~\\&\x1c\r\x0bMSH|^~\\&\x1c\r",
];

#[test]
fn the_corpus_is_converted_without_harm() {
    for bytes in CORPUS {
        for kind in KINDS {
            let extract = extract_with(kind, bytes, &Rules::default());
            assert!(extract.statements.len() <= 1);
            for (_, statement) in &extract.statements {
                postcard::to_stdvec(statement).unwrap();
            }
        }
    }
}

proptest! {
    #[test]
    fn any_bytes_make_at_most_one_statement(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        head: bool,
        kind in 0..KINDS.len(),
    ) {
        let bytes = if head { [b"MSH|^~\\&\r".as_slice(), &bytes].concat() } else { bytes };
        let extract = extract_with(KINDS[kind], &bytes, &Rules::default());
        prop_assert!(extract.statements.len() <= 1);
    }

    #[test]
    fn any_change_of_one_byte_or_segment_does_no_harm(
        kind in 0..KINDS.len(),
        places in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..6),
        from in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = jis(&message("ADT^A08", "I", &everything()));
        for (place, byte) in places {
            let at = place.index(bytes.len());
            bytes[at] = byte;
        }
        let tail = bytes[from.index(bytes.len())..].to_vec();
        bytes.extend(tail);
        let mut extract = Extract::default();
        convert(&name(KINDS[kind], "20200409"), "file", &bytes, &Rules::default(), &mut extract);
        prop_assert!(extract.statements.len() <= 1);
    }
}
