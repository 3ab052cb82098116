use std::collections::BTreeSet;

use super::*;
use crate::code::System;
use crate::codes::Sources;
use crate::when::Day;

fn coding(system: System, code: &str) -> Coding {
    Coding::new(system, code)
}

fn coverage() -> Coverage {
    let folder = tempfile::tempdir().unwrap();
    let map = folder.path().join("map.csv");
    let text = "source_code,source_vocabulary_id,target_concept_id\nA,LOCAL,2000000001\nJUNK,LOCAL,0\n\
                1038316,HOT7,2000000002\n";
    std::fs::write(&map, text).unwrap();
    let seen = |codes: &[(System, &str)], table: &str, rows, persons| Seen {
        codes: codes.iter().map(|(system, code)| coding(*system, code)).collect(),
        table: table.to_owned(),
        rows,
        persons,
    };
    let seen = [
        seen(&[(System::Local, "A")], "measurement", 900, 90),
        seen(&[(System::Local, "B")], "measurement", 60, 7),
        seen(&[(System::Local, "JUNK")], "measurement", 40, 4),
        seen(&[(System::Local, "B")], "observation", 20, 9),
        seen(&[(System::Hl7(162), "ZZ")], "observation", 80, 3),
        seen(&[(System::Hot9, "103831601")], "drug_exposure", 3, 3),
        seen(&[(System::Medis, "20054174"), (System::Local, "A")], "condition_occurrence", 5, 5),
        seen(&[], "condition_occurrence", 1, 1),
    ];
    let wanted: BTreeSet<Coding> = seen.iter().flat_map(|seen| seen.codes.clone()).collect();
    let sources = Sources { folders: Vec::new(), maps: vec![map.into()], today: Day(20_000) };
    let concepts = Concepts::load(&sources, &wanted, &mut |_| {}).unwrap();
    let mut dictionary = Dictionary::default();
    dictionary.see(&coding(System::Local, "B"), Some("検査, \"Ｂ\""));
    dictionary.see(&coding(System::Local, "A"), Some("検査Ａ"));
    Coverage::of(seen, &dictionary, &concepts)
}

#[test]
fn shares_count_records_and_codes() {
    let coverage = coverage();
    let share = |rows, mapped_rows, fallback_rows, codes, mapped_codes| Share {
        rows,
        mapped_rows,
        fallback_rows,
        codes,
        mapped_codes,
    };
    let shares: Vec<_> = coverage.tables.iter().map(|(table, share)| (table.as_str(), *share)).collect();
    assert_eq!(
        shares,
        [
            ("condition_occurrence", share(6, 5, 0, 2, 1)),
            ("drug_exposure", share(3, 3, 3, 1, 1)),
            ("measurement", share(1000, 900, 0, 3, 1)),
            ("observation", share(100, 0, 0, 2, 0)),
        ]
    );
    let unmapped: Vec<_> =
        coverage.unmapped.iter().map(|code| (code.coding.to_string(), code.rows, code.persons)).collect();
    assert_eq!(unmapped, [("HL7-0162:ZZ".to_owned(), 80, 3), ("LOCAL:B".to_owned(), 80, 9)]);
    assert_eq!(coverage.unmapped[1].tables, ["measurement", "observation"]);
}

#[test]
fn csv_opens_in_excel_and_is_quoted() {
    let mut bytes = Vec::new();
    coverage().write_csv(&mut bytes).unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(
        lines,
        [
            "\u{feff}source_code,source_vocabulary,source_code_description,frequency,persons",
            "ZZ,HL7-0162,,80,3",
            "B,LOCAL,\"検査, \"\"Ｂ\"\"\",80,9",
        ]
    );
}

#[test]
fn the_text_stands_in_columns_in_both_languages() {
    let coverage = coverage();
    let english = coverage.english(1);
    for words in ["measurement", "90.0 %", "1/3 33.3 %", "all", "HL7-0162:ZZ"] {
        assert!(english.contains(words), "{words} in\n{english}");
    }
    assert!(!english.contains("LOCAL:B"));
    let japanese = coverage.japanese(9);
    assert!(japanese.contains("対応あり") && japanese.contains("検査, \"Ｂ\""), "{japanese}");
    let nothing = Coverage { tables: BTreeMap::new(), unmapped: Vec::new() };
    assert!(nothing.english(9).contains("Every code") && !nothing.japanese(9).is_ascii());
}
