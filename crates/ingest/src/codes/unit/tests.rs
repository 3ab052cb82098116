use std::collections::BTreeSet;
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;
use crate::codes::{Concepts, Sources};
use crate::when::Day;

#[test]
fn spellings_of_sources() {
    for (ucum_code, spellings) in [
        ("mg/dL", &["mg/dL", "㎎/dl", "㎎/㎗", "ＭＧ／ＤＬ", " mg / dl ", "mg/dL"][..]),
        ("g/dL", &["g/dl", "G/DL"]),
        ("U/L", &["U/L", "u/l", "[U]/L"]),
        ("[iU]/L", &["IU/l", "[IU]/L", "[iU]/L"]),
        ("10*4/uL", &["×10^4/μL", "10^4/uL", "x10*4/ul", "10*4/uL", "10E4/UL", "万/μL", "×１０＾４／μＬ", "×10⁴/µL"]),
        ("10*3/uL", &["10*3/uL", "x10e3/ul", "千/μl"]),
        ("/uL", &["/μL", "/uL", "／μｌ", "/mm³"]),
        ("%", &["%", "％"]),
        ("meq/L", &["mEq/L", "meq/L", "MEQ/L"]),
        ("pg", &["pg", "PG"]),
        ("fL", &["fL", "fl"]),
        ("cm", &["cm", "CM", "㎝"]),
        ("kg", &["kg", "㎏", "KG"]),
        ("Cel", &["℃", "Cel", "CEL", "度C"]),
        ("mm[Hg]", &["mmHg", "mm[Hg]"]),
        ("/min", &["bpm", "/min", "回/分", "{beats}/min"]),
        ("{tbl}", &["TAB", "錠", "T"]),
        ("{capsule}", &["CAP", "カプセル"]),
        ("mg", &["MG", "mg", "㎎"]),
        ("mL", &["ML", "ｍＬ", "㎖", "cc"]),
        ("g", &["G", "g"]),
        ("L", &["L", "l"]),
        ("{ampule}", &["A", "AMP", "アンプル"]),
        ("a", &["a", "歳"]),
        ("mL/min/{1.73_m2}", &["mL/min/1.73m2", "mL/min/1.73㎡", "mL/min/{1.73_m2}"]),
        ("m[iU]/L", &["m[IU]/L", "mIU/L"]),
        ("{INR}", &["INR", "{INR}"]),
        ("[pH]", &["pH", "[pH]"]),
    ] {
        for spelling in spellings {
            assert_eq!(ucum(spelling), Some(ucum_code), "{spelling}");
        }
    }
    for unknown in ["", " ", "S", "M", "C", "(-)", "x", "mg/ dl /", "検体"] {
        assert_eq!(ucum(unknown), None, "{unknown}");
    }
}

#[test]
fn what_has_a_concept_is_named_once_and_by_its_own_name() {
    let codes: BTreeSet<_> = CONCEPTS.iter().map(|(code, _)| code).collect();
    let concepts: BTreeSet<_> = CONCEPTS.iter().map(|(_, concept)| concept).collect();
    assert_eq!((codes.len(), concepts.len()), (CONCEPTS.len(), CONCEPTS.len()));
    for (code, concept) in CONCEPTS {
        assert_eq!(ucum_concept(code), Some(*concept));
        assert!(ucum(code).is_some_and(|own| own == *code), "{code}: {:?}", ucum(code));
    }
}

/// OMOP's own spelling of some of UCUM.
const SPELT: &[(&str, &str)] = &[
    ("U/L", "[U]/L"),
    ("U/mL", "[U]/mL"),
    ("U", "[U]"),
    ("mU/L", "10*-3.[U]/L"),
    ("mU/mL", "10*-3.[U]/mL"),
    ("uU/mL", "10*-6.[U]/mL"),
    ("m[iU]/mL", "10*-3.[iU]/mL"),
    ("m[iU]/L", "10*-3.[iU]/L"),
    ("u[iU]/mL", "10*-6.[iU]/mL"),
    ("meq/L", "10*-3.eq/L"),
    ("meq", "10*-3.eq"),
    ("{s_co_ratio}", "{signal}/[{CO'ratio}]"),
    ("[pH]", "pH"),
    ("{score}", "[score]"),
    ("mL/min/{1.73_m2}", "mL/min/(173.10*-2.m2)"),
];

#[test]
fn every_concept_is_a_standard_unit_of_ohdsi() {
    let folder = PathBuf::from("../../../shared/data/omop/mini_vocab");
    if !folder.is_dir() {
        return;
    }
    let sources = Sources { folders: vec![folder], maps: Vec::new(), today: Day(20_000) };
    let concepts = Concepts::load(&sources, &BTreeSet::new(), &mut |_| {}).unwrap();
    for (code, concept) in CONCEPTS {
        let spelt = SPELT.iter().find(|(own, _)| own == code).map_or(*code, |(_, omop)| *omop);
        assert_eq!(concepts.units.get(spelt), Some(concept), "{code} as {spelt}");
    }
}

proptest! {
    #[test]
    fn any_text_is_a_unit_or_none(raw in any::<String>()) {
        if let Some(code) = ucum(&raw) {
            prop_assert_eq!(ucum(code), Some(code));
        }
    }
}
