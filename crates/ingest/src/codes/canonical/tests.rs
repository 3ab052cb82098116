use proptest::prelude::*;

use super::*;

fn all() -> Vec<System> {
    System::NAMED.into_iter().chain([System::Hl7(162)]).collect()
}

fn check(system: System, raw: &str, expect: &str, remark: Option<Remark>) {
    let mut remarks = Remarks::default();
    let coding = canonical(system, raw, &mut remarks).unwrap();
    assert_eq!(coding.to_string(), expect, "{system:?} {raw}");
    let made: Vec<_> = remarks.iter().map(|(id, _)| id).collect();
    assert_eq!(made, remark.iter().map(|remark| remark.id).collect::<Vec<_>>(), "{system:?} {raw}");
}

#[test]
fn diseases() {
    for (raw, expect) in [
        ("K297", "ICD10:K29.7"),
        ("k29.7", "ICD10:K29.7"),
        ("Ｋ２９７", "ICD10:K29.7"),
        ("J18", "ICD10:J18"),
        ("J18.", "ICD10:J18"),
        ("J18.-", "ICD10:J18"),
        ("J18-", "ICD10:J18"),
        ("M2550", "ICD10:M25.50"),
        ("M25.50", "ICD10:M25.50"),
        ("E149", "ICD10:E14.9"),
        ("A170†", "ICD10:A17.0"),
        ("G01*", "ICD10:G01"),
        ("G01＊", "ICD10:G01"),
        ("A17.0+", "ICD10:A17.0"),
        ("U071", "ICD10:U07.1"),
    ] {
        check(System::Icd10, raw, expect, None);
    }
    check(System::Icd10Cm, "s72001a", "ICD10CM:S72.001A", None);
    check(System::Icd10Cm, "C4A0", "ICD10CM:C4A.0", None);
    check(System::Medis, " 20054174", "MEDIS:20054174", None);
    check(System::MedisExchange, "kmrs", "MEDISX:KMRS", None);
    check(System::MedisExchange, "K297", "MEDISX:K297", None);
}

#[test]
fn diseases_under_a_wrong_label() {
    for (system, raw, expect) in [
        (System::Icd10, "20054174", "MEDIS:20054174"),
        (System::Icd10, "S72.001A", "ICD10CM:S72.001A"),
        (System::Medis, "KMRS", "MEDISX:KMRS"),
        (System::Medis, "K29.7", "ICD10:K29.7"),
        (System::Medis, "M2550", "ICD10:M25.50"),
        (System::MedisExchange, "20054174", "MEDIS:20054174"),
        (System::MedisExchange, "K29.7", "ICD10:K29.7"),
    ] {
        check(system, raw, expect, Some(RELABELLED));
    }
    for (system, raw, expect) in [
        (System::Medis, "K297", "LOCAL:K297"),
        (System::Icd10, "KMRS", "LOCAL:KMRS"),
        (System::Icd10, "胃炎", "LOCAL:胃炎"),
        (System::Icd10, "A17.0 G01", "LOCAL:A17.0 G01"),
        (System::Icd10, "é18", "LOCAL:é18"),
        (System::Medis, "2005417", "LOCAL:2005417"),
    ] {
        check(system, raw, expect, Some(UNSHAPED));
    }
}

#[test]
fn drugs() {
    for (system, raw, expect) in [
        (System::Hot9, "103831601", "HOT9:103831601"),
        (System::Hot9, "1038316010101", "HOT9:103831601"),
        (System::Hot9, "10383160101", "HOT9:103831601"),
        (System::Hot7, "1038316", "HOT7:1038316"),
        (System::Yj, "2149001f1010", "YJ:2149001F1010"),
        (System::Yj, "2149001Ｆ1010", "YJ:2149001F1010"),
        (System::Generic, "2149001F1ZZZ", "GENERIC:2149001F1ZZZ"),
        (System::Receipt, "620007329", "RECEIPT:620007329"),
        (System::Receipt, "160000310", "RECEIPT:160000310"),
        (System::Receipt, "710010001", "RECEIPT:710010001"),
    ] {
        check(system, raw, expect, None);
    }
    for (system, raw, expect) in [
        (System::Hot9, "1038316", "HOT7:1038316"),
        (System::Hot7, "1038316010101", "HOT9:103831601"),
        (System::Hot9, "2149001F1010", "YJ:2149001F1010"),
        (System::Yj, "2149001F1ZZZ", "GENERIC:2149001F1ZZZ"),
        (System::Yj, "620007329", "RECEIPT:620007329"),
        (System::Yj, "1038316010101", "HOT9:103831601"),
        (System::Receipt, "2149001F1010", "YJ:2149001F1010"),
    ] {
        check(system, raw, expect, Some(RELABELLED));
    }
    check(System::Hot9, "620007329", "RECEIPT:620007329", Some(RECEIPT_AS_HOT));
    check(System::Hot7, "620007329", "RECEIPT:620007329", Some(RECEIPT_AS_HOT));
    for (system, raw, expect) in [
        (System::Receipt, "20007329", "LOCAL:20007329"),
        (System::Receipt, "220007329", "LOCAL:220007329"),
        (System::Yj, "2149001", "LOCAL:2149001"),
        (System::Hot9, "A03831601", "LOCAL:A03831601"),
    ] {
        check(system, raw, expect, Some(UNSHAPED));
    }
}

#[test]
fn tests_of_the_laboratory() {
    for (system, raw, expect) in [
        (System::Jlac10, "3A010000002327101", "JLAC10:3A010000002327101"),
        (System::Jlac10, "3a010-0000-023-271-01", "JLAC10:3A010000002327101"),
        (System::Jlac10, "023", "JLAC10:023"),
        (System::Jlac11, "C2008-0000-250-009-F7", "JLAC11:C20080000250009F7"),
        (System::Jlac11, "C20080000250009F7", "JLAC11:C20080000250009F7"),
        (System::Loinc, "8480-6", "LOINC:8480-6"),
        (System::Loinc, "LP29693-6", "LOINC:LP29693-6"),
        (System::Loinc, "la6576-8", "LOINC:LA6576-8"),
        (System::Loinc, "８４６２－４", "LOINC:8462-4"),
    ] {
        check(system, raw, expect, None);
    }
    for raw in ["2B0300000022311", "6B0100000017742", "9P10000000000001"] {
        check(System::Jlac10, raw, &format!("JLAC10:{raw}"), Some(JLAC10_SHORT));
    }
    for raw in ["3A010", "3A0100000", "3A0100000023"] {
        check(System::Jlac10, raw, &format!("JLAC10:{raw}"), Some(JLAC10_ANALYTE));
    }
    for (system, raw, expect) in [
        (System::Jlac10, "8480-6", "LOINC:8480-6"),
        (System::Snomed, "34552-0", "LOINC:34552-0"),
        (System::Jlac10, "C2008-0000-250-009-F7", "JLAC11:C20080000250009F7"),
        (System::Jlac11, "3A010000002327101", "JLAC10:3A010000002327101"),
        (System::Loinc, "3A010-0000-023-271-01", "JLAC10:3A010000002327101"),
    ] {
        check(system, raw, expect, Some(RELABELLED));
    }
    check(System::Loinc, "8480-7", "LOCAL:8480-7", Some(CHECK_DIGIT));
    check(System::Jlac10, "8480-7", "LOCAL:8480-7", Some(UNSHAPED));
    check(System::Jlac10, "3A01", "LOCAL:3A01", Some(UNSHAPED));
    check(System::Loinc, "3A010", "LOCAL:3A010", Some(UNSHAPED));
}

#[test]
fn acts_groups_and_international_codes() {
    for (system, raw, expect) in [
        (System::Kcode, "k6331", "KCODE:K6331"),
        (System::Kcode, "K633", "KCODE:K633"),
        (System::Kcode, "K672－2", "KCODE:K672-2"),
        (System::Kcode, "K4781イ", "KCODE:K4781イ"),
        (System::Kcode, "K6552ﾛ", "KCODE:K6552ロ"),
        (System::Dpc, "010010XX01X00X", "DPC:010010xx01x00x"),
        (System::Usage, "1013044400000000", "USAGE:1013044400000000"),
        (System::Snomed, "44054006", "SNOMED:44054006"),
        (System::RxNorm, "1049221", "RXNORM:1049221"),
        (System::RxNorm, "OMOP1049221", "RXNORM:OMOP1049221"),
        (System::Cvx, "8", "CVX:08"),
        (System::Cvx, "140", "CVX:140"),
        (System::Atc, "a10ba02", "ATC:A10BA02"),
        (System::Ucum, " mg/dL ", "UCUM:mg/dL"),
        (System::Merit9, "ＴＡＢ", "MERIT9:TAB"),
        (System::Hl7(162), "PO", "HL7-0162:PO"),
        (System::Local, "検査\u{0}１", "LOCAL:検査1"),
    ] {
        check(system, raw, expect, None);
    }
    check(System::Snomed, "44054007", "LOCAL:44054007", Some(CHECK_DIGIT));
    for (system, raw) in [(System::Dpc, "010010"), (System::Kcode, "手術"), (System::Atc, "A1"), (System::Cvx, "x")] {
        check(system, raw, &format!("LOCAL:{raw}"), Some(UNSHAPED));
    }
}

#[test]
fn nothing_is_no_code_and_long_ones_are_cut() {
    let mut remarks = Remarks::default();
    for system in all() {
        for raw in ["", " ", "\u{3000}", "\u{0}\r\n"] {
            assert_eq!(canonical(system, raw, &mut remarks), None);
        }
    }
    assert!(remarks.is_empty());
    let coding = canonical(System::Local, &"検".repeat(81), &mut remarks).unwrap();
    assert_eq!((coding.code.chars().count(), remarks.count(&CUT)), (80, 1));
}

/// Texts that come near to the shapes, and any others.
fn raw() -> impl Strategy<Value = String> {
    prop_oneof![
        "[A-Za-z][0-9]{2}[.]?[0-9A-Za-z-]{0,5}[†*+-]{0,2}",
        "[16][0-9]{6,14}",
        "[0-9]{4}[0-9A-Z]{3}[A-Za-z][0-9ZX]{4}",
        "[0-9][A-Za-z][0-9]{3}[-0-9A-Z ]{0,16}",
        "[A-Z][0-9]{4}[-0-9A-Z]{10,18}",
        "(L[AP])?[0-9]{1,8}-[0-9]",
        "[A-N][0-9]{3}[-0-9イロ ]{0,8}",
        "[0-9]{1,20}",
        "\\PC{0,100}",
        any::<String>(),
    ]
}

proptest! {
    #[test]
    fn the_canonical_spelling_is_its_own(system in proptest::sample::select(all()), raw in raw()) {
        let Some(coding) = canonical(system, &raw, &mut Remarks::default()) else { return Ok(()) };
        prop_assert!(!coding.code.is_empty() && coding.code.chars().count() <= LONGEST);
        prop_assert!(!coding.code.chars().any(char::is_control));
        let again = canonical(coding.system, &coding.code, &mut Remarks::default());
        prop_assert_eq!(again, Some(coding));
    }
}
