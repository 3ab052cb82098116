//! One message, written in all the ways that are met.

use renkei_ingest::Rules;

use crate::ssmix2::storage::{extract, extract_with, jis, message, records, remarked, show};

const RESULTS: &str = "SPM|1|1||023^血清^JC10|||||||||||||202004091500
    OBR|1|1||E002^表と能の検査^99O03|||20200409
    OBX|1|ST|3A010000002327101^総蛋白(表|裏)^JC10||<　0.5|mg/dL^mg/dL^99XYZ|||||F
    OBX|2|ST|1A020000000190111^尿糖^JC10||（２＋）||||||F";

#[test]
fn however_it_is_written_it_says_the_same() {
    let text = message("OUL^R22", "O", RESULTS).replace("(表|裏)", "");
    let expect: Vec<_> = records(&extract("OML-11", &text)).iter().map(show).collect();
    assert_eq!(expect.len(), 3);
    let lines = |end: &str| text.lines().map(|line| format!("{line}{end}")).collect::<String>();
    let encoded = |encoding: &'static encoding_rs::Encoding, text: &str| encoding.encode(text).0.into_owned();
    let escape_twice = |bytes: Vec<u8>| {
        let mut doubled = Vec::new();
        for byte in bytes {
            if byte == 0x1b {
                doubled.extend(b"\x1b(B\x1b$B\x1b(B");
            }
            doubled.push(byte);
        }
        doubled
    };
    let jis_text = jis(&text);
    for (way, bytes, remark) in [
        ("lf", encoded(encoding_rs::ISO_2022_JP, &lines("\n")), None),
        ("crlf", encoded(encoding_rs::ISO_2022_JP, &lines("\r\n")), None),
        ("frame", [b"\x0b".as_slice(), &jis_text, b"\0\0"].concat(), None),
        ("blank lines", encoded(encoding_rs::ISO_2022_JP, &lines("\r\r \r")), None),
        ("redundant escapes", escape_twice(jis_text.clone()), None),
        ("utf-8", lines("\r").into_bytes(), Some("utf-8")),
        ("utf-8 with mark", format!("\u{feff}{}", lines("\r\n")).into_bytes(), Some("utf-8")),
        ("cp932", encoded(encoding_rs::SHIFT_JIS, &lines("\r\n")), Some("cp932")),
        ("other delimiters", jis(&text.replace('|', "#")), None),
    ] {
        let extract = extract_with("OML-11", &bytes, &Rules::default());
        let shown: Vec<_> = records(&extract).iter().map(show).collect();
        assert_eq!(shown, expect, "{way}");
        for id in ["utf-8", "cp932", "replaced", "stray-line"] {
            assert_eq!(remarked(&extract, id), u64::from(remark == Some(id)), "{way} {id}");
        }
    }
}

#[test]
fn a_line_that_ends_in_the_two_byte_set_does_not_spoil_the_next() {
    let bytes = jis(&message("OUL^R22", "O", RESULTS).replace("(表|裏)", ""));
    // Without the way back to ASCII before the end of a line.
    let text = [
        b"OBX|1|ST|3A010000002327101^X^JC10||7.2||||||F|||\x1b$B4A;z\r".as_slice(),
        b"OBX|2|NM|3A016000002327102^Y^JC10||1.7||||||F\r",
    ];
    let spoiled = [bytes.as_slice(), &text.concat()].concat();
    let extract = extract_with("OML-11", &spoiled, &Rules::default());
    assert_eq!(records(&extract).len(), 5);
    assert_eq!(remarked(&extract, "replaced"), 0);
}

#[test]
fn a_damaged_code_is_put_aside_and_a_damaged_text_is_not() {
    let text =
        message("OUL^R22", "O", "OBX|1|NM|3A010000002327101^@^JC10||7.2||||||F\nOBX|2|NM|3A01@^項目^JC10||7.2||||||F");
    let mut bytes = jis(&text);
    for byte in &mut bytes {
        if *byte == b'@' {
            *byte = 0xff;
        }
    }
    let extract = extract_with("OML-11", &bytes, &Rules::default());
    assert_eq!(records(&extract).len(), 1);
    assert_eq!(extract.rejects.iter().map(|r| (r.line, r.rule.as_str())).collect::<Vec<_>>(), [(5, "encoding")]);
    assert_eq!(remarked(&extract, "replaced"), 2);
}

#[test]
fn a_delimiter_in_a_text_takes_nothing_else_with_it() {
    let extract = extract("OML-11", &message("OUL^R22", "O", RESULTS));
    // The raw bar within a text moves the fields of this segment, and of no other.
    assert!(records(&extract).iter().any(|record| show(record).contains("(2+)")));
}
