use proptest::prelude::*;

use super::*;

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
    let codes: std::collections::BTreeSet<_> = CONCEPTS.iter().map(|(code, _)| code).collect();
    let concepts: std::collections::BTreeSet<_> = CONCEPTS.iter().map(|(_, concept)| concept).collect();
    assert_eq!((codes.len(), concepts.len()), (CONCEPTS.len(), CONCEPTS.len()));
    for (code, concept) in CONCEPTS {
        assert_eq!(ucum_concept(code), Some(*concept));
        assert!(ucum(code).is_some_and(|own| own == *code), "{code}: {:?}", ucum(code));
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
