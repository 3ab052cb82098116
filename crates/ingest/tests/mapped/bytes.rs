//! Whatever a mapping or a file is: no panic, and as much said as there is.

use proptest::prelude::*;
use renkei_ingest::mapped::{Mapping, SAMPLE};

use super::{SMALL, mapping, read};

/// A row that may have all there is.
const ROW: &str =
    "[0-9０-９]{0,3},[A-Z\"]{0,3},(20240[0-9]0[0-9]|R6\\.[0-9]\\.1|[年月日令和]{0,3}),[<≦0-9.,未満-]{0,6}";

proptest! {
    #[test]
    fn any_file(bytes in proptest::collection::vec(any::<u8>(), 0..1500)) {
        for text in [SMALL, SAMPLE] {
            let said = read(&mapping(text), "lab.csv", &bytes);
            let rows = bytes.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
            prop_assert!(said.statements.len() + said.rejects.len() <= rows);
        }
    }

    #[test]
    fn nearly_right_rows(rows in proptest::collection::vec(ROW, 0..8)) {
        let text = format!("患者番号,項目,検査日,結果\n{}\n", rows.join("\n"));
        for bytes in [text.clone().into_bytes(), super::cp932(&text)] {
            let said = read(&mapping(SMALL), "lab.csv", &bytes);
            prop_assert!(said.statements.len() + said.rejects.len() <= rows.len());
            for (_, statement) in &said.statements {
                prop_assert_eq!(statement.records.len(), 1);
            }
        }
    }

    #[test]
    fn any_mapping(text in ".{0,200}") {
        if let Err(mistakes) = Mapping::parse(&text) {
            prop_assert!(!mistakes.is_empty());
        }
    }

    #[test]
    fn a_mapping_with_a_line_changed(line in 0usize..97, with in "[a-z_\\[\\]=\"{} 0-9男]{0,30}") {
        let changed: Vec<&str> =
            SAMPLE.lines().enumerate().map(|(index, old)| if index == line { with.as_str() } else { old }).collect();
        match Mapping::parse(&changed.join("\n")) {
            Ok(mapping) => { let _ = mapping.run_tests(); }
            Err(mistakes) => {
                prop_assert!(!mistakes.is_empty());
                prop_assert!(mistakes.iter().all(|mistake| mistake.line >= 1 && mistake.line <= changed.len() + 1));
            }
        }
    }
}
