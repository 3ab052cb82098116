//! What laboratories write, and what it means.

use proptest::prelude::*;

use super::*;
use Comparator::{AtLeast, AtMost, Greater, Less};
use Grade::{Negative, Plus, Positive, Trace};

fn eq(value: f64) -> Reading {
    Reading::Number(Number { value, comparator: None })
}

fn cmp(comparator: Comparator, value: f64) -> Reading {
    Reading::Number(Number { value, comparator: Some(comparator) })
}

fn both(value: f64, grade: Grade) -> Reading {
    Reading::Both(Number { value, comparator: None }, grade)
}

#[test]
fn numbers() {
    for (text, value) in [
        ("0", 0.0),
        ("7.2", 7.2),
        ("-14", -14.0),
        (" 2.505 ", 2.505),
        (".5", 0.5),
        ("5.", 5.0),
        ("0012", 12.0),
        ("１２．３", 12.3),
        ("－０．５", -0.5),
        ("−0.5", -0.5),
        ("1,234", 1234.0),
        ("1,234,567.5", 1_234_567.5),
        ("１，２００", 1200.0),
        ("+2.3", 2.3),
        ("+12", 12.0),
        ("1.2E3", 1200.0),
        ("1.2e-3", 0.0012),
        ("1E+05", 100_000.0),
        ("480×10^4", 4_800_000.0),
        ("500 × 10^4", 5_000_000.0),
        ("4.8x10*6", 4_800_000.0),
        ("10^5", 100_000.0),
        ("10*2", 100.0),
        ("１０^５", 100_000.0),
        ("1.5×10^-3", 0.0015),
        ("2*10^3", 2000.0),
        ("10⁴", 10_000.0),
        ("3×10⁻²", 0.03),
        ("1×10¹²", 1e12),
        ("160倍", 160.0),
        ("×80", 80.0),
        ("x80", 80.0),
        ("(5.2)", 5.2),
        ("［5.2］", 5.2),
    ] {
        assert_eq!(read(text), eq(value), "{text}");
    }
}

#[test]
fn numbers_with_a_comparator_before_or_mirrored_after() {
    for (text, comparator, value) in [
        ("< 0.5", Less, 0.5),
        ("<0.5", Less, 0.5),
        ("＜０．５", Less, 0.5),
        ("<= 0.5", AtMost, 0.5),
        ("=<0.5", AtMost, 0.5),
        ("≦3", AtMost, 3.0),
        ("≤3", AtMost, 3.0),
        (">= 200", AtLeast, 200.0),
        ("≧200", AtLeast, 200.0),
        ("> 100", Greater, 100.0),
        ("＞１００", Greater, 100.0),
        ("< -2", Less, -2.0),
        ("<10^5", Less, 100_000.0),
        ("(<0.5)", Less, 0.5),
        ("100<", Greater, 100.0),
        ("300>", Less, 300.0),
        ("100＜", Greater, 100.0),
        ("100 <", Greater, 100.0),
        ("100<=", AtLeast, 100.0),
        ("300≧", AtMost, 300.0),
        ("10^5<", Greater, 100_000.0),
        ("100以上", AtLeast, 100.0),
        ("１００以上", AtLeast, 100.0),
        ("100イジョウ", AtLeast, 100.0),
        ("100ｲｼﾞｮｳ", AtLeast, 100.0),
        ("100 超", Greater, 100.0),
        ("100超過", Greater, 100.0),
        ("0.5未満", Less, 0.5),
        ("0.5ミマン", Less, 0.5),
        ("0.5ﾐﾏﾝ", Less, 0.5),
        ("0.5以下", AtMost, 0.5),
        ("0.5イカ", AtMost, 0.5),
        ("0.5ｲｶ", AtMost, 0.5),
        ("20倍未満", Less, 20.0),
        ("<×20", Less, 20.0),
        ("100↑", Greater, 100.0),
        ("↑100", Greater, 100.0),
        ("5↓", Less, 5.0),
        ("U100", Greater, 100.0),
        ("L300", Less, 300.0),
        ("1-", AtLeast, 1.0),
        ("１－", AtLeast, 1.0),
    ] {
        assert_eq!(read(text), cmp(comparator, value), "{text}");
    }
}

#[test]
fn results_in_words_and_signs() {
    for (text, grade) in [
        ("-", Negative),
        ("－", Negative),
        ("  -", Negative),
        ("(-)", Negative),
        ("（－）", Negative),
        ("陰性", Negative),
        ("(陰性)", Negative),
        ("インセイ", Negative),
        ("ｲﾝｾｲ", Negative),
        ("neg", Negative),
        ("Negative", Negative),
        ("陰性(-)", Negative),
        ("－(陰性)", Negative),
        ("+", Positive),
        ("＋", Positive),
        ("  +", Positive),
        ("(+)", Positive),
        ("（＋）", Positive),
        ("陽性", Positive),
        ("弱陽性", Positive),
        ("POS", Positive),
        ("positive", Positive),
        ("陽性(+)", Positive),
        ("±", Trace),
        ("(±)", Trace),
        ("  +-", Trace),
        ("+/-", Trace),
        ("＋－", Trace),
        ("擬陽性", Trace),
        ("判定保留", Trace),
        ("1+", Plus(1)),
        (" 2 +", Plus(2)),
        ("3+", Plus(3)),
        ("３＋", Plus(3)),
        ("(3+)", Plus(3)),
        ("（４＋）", Plus(4)),
        ("++", Plus(2)),
        ("+++", Plus(3)),
        ("(+++)", Plus(3)),
        ("＋＋＋＋", Plus(4)),
        ("陽性(2+)", Plus(2)),
        ("2+(陽性)", Plus(2)),
    ] {
        assert_eq!(read(text), Reading::Grade(grade), "{text}");
    }
}

#[test]
fn two_results_in_one_and_results_of_two_numbers() {
    let cases = [
        ("3+(300)", both(300.0, Plus(3))),
        ("2.3(±)", both(2.3, Trace)),
        ("(-)0.1", Reading::Unread),
        ("陰性(0.5)", both(0.5, Negative)),
        ("0.5 (陰性)", both(0.5, Negative)),
        ("陰性(0.5未満)", Reading::Both(Number { value: 0.5, comparator: Some(Less) }, Negative)),
        ("1 - 4", Reading::Between(1.0, 4.0)),
        ("1-4", Reading::Between(1.0, 4.0)),
        ("10～19", Reading::Between(10.0, 19.0)),
        ("5 / 3", Reading::Ratio(5.0, 3.0)),
        ("1:40", Reading::Ratio(1.0, 40.0)),
        ("120/80", Reading::Ratio(120.0, 80.0)),
    ];
    for (text, expect) in cases {
        assert_eq!(read(text), expect, "{text}");
    }
}

#[test]
fn anything_else_is_unread_and_nothing_is_empty() {
    for text in [
        "A",
        "Rh+",
        "検体不良",
        "溶血",
        "別紙参照",
        "12 34",
        "1 000",
        "1,23",
        "1.2.3",
        "..",
        ".",
        "5-3",
        "+2",
        "10+",
        "++++++++++",
        "3+4",
        "12.3 mg/dL",
        "1/2/3",
        "()",
        "(",
        ")",
        "3+(",
        "陽性陰性",
        "以上",
        "<",
        "x",
        "10^",
        "10^99",
        "10^1.5",
        "E5",
        "5E",
        "5E999",
        "2+(3+)",
        "2024/01/01",
        "12:30:00",
        "-+",
        "--",
        "U",
        "L",
        "1e",
        "NaN",
        "inf",
        "0x10",
        "１２３４５６７８９０１２３４５６７８９０１２３４５６７８９０１２３４５",
    ] {
        assert_eq!(read(text), Reading::Unread, "{text}");
    }
    assert_eq!(read(&"9".repeat(100_000)), Reading::Unread);
    assert_eq!(read(&"+".repeat(100_000)), Reading::Unread);
    for text in ["", " ", "\u{3000}"] {
        assert_eq!(read(text), Reading::Empty, "{text:?}");
    }
}

#[test]
fn reference_ranges() {
    for (text, low, high) in [
        ("1.2-2.0", Some(1.2), Some(2.0)),
        ("6.70-8.3", Some(6.7), Some(8.3)),
        ("3.7 ～ 5.5", Some(3.7), Some(5.5)),
        ("3.7〜5.5", Some(3.7), Some(5.5)),
        ("３．７－５．５", Some(3.7), Some(5.5)),
        ("-2.0-2.0", Some(-2.0), Some(2.0)),
        ("-5--2", Some(-5.0), Some(-2.0)),
        ("-2～2", Some(-2.0), Some(2.0)),
        ("(1-2)", Some(1.0), Some(2.0)),
        ("<5.0", None, Some(5.0)),
        ("≦5.0", None, Some(5.0)),
        ("5.0以下", None, Some(5.0)),
        ("5.0未満", None, Some(5.0)),
        (">40", Some(40.0), None),
        (">=40", Some(40.0), None),
        ("40以上", Some(40.0), None),
        ("40-", Some(40.0), None),
        ("40～", Some(40.0), None),
        ("～40", None, Some(40.0)),
        ("10以上20未満", Some(10.0), Some(20.0)),
        ("1,000-2,000", Some(1000.0), Some(2000.0)),
        ("0-1×10^3", Some(0.0), Some(1000.0)),
        ("", None, None),
        ("-", None, None),
        ("(-)", None, None),
        ("-5", None, None),
        ("5", None, None),
        ("2-1", None, None),
        ("陰性", None, None),
        ("男:13-17", None, None),
        ("1-2-3", None, None),
        ("3.5-5.0mg/dL", None, None),
        ("1.2 2.0", None, None),
    ] {
        assert_eq!(range(text), Range { low, high }, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_and_numbers_are_finite(text in "\\PC{0,40}|[0-9.,+<>=≦±×^*/:~()以上未満陰性Eex\u{3000} -]{0,24}") {
        match read(&text) {
            Reading::Number(number) | Reading::Both(number, _) => prop_assert!(number.value.is_finite()),
            Reading::Between(a, b) => prop_assert!(a <= b && b.is_finite()),
            Reading::Ratio(a, b) => prop_assert!(a.is_finite() && b.is_finite()),
            Reading::Empty => prop_assert!(text.trim().is_empty()),
            Reading::Grade(_) | Reading::Unread => {}
        }
        let Range { low, high } = range(&text);
        prop_assert!(low.zip(high).is_none_or(|(low, high)| low <= high));
    }

    #[test]
    fn what_is_written_is_read_back(value in -1_000_000_i32..1_000_000, digits in 0_usize..4) {
        let number = f64::from(value) / 1000.0;
        let text = format!("{number:.digits$}");
        prop_assert_eq!(read(&text), eq(text.parse().unwrap()));
        let magnitude = text.trim_start_matches('-');
        prop_assert_eq!(read(&format!("{magnitude}<")), cmp(Greater, magnitude.parse().unwrap()));
        prop_assert_eq!(read(&format!("< {text}")), cmp(Less, text.parse().unwrap()));
    }
}
