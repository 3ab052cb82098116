//! Units: what sources write, in UCUM, and the concepts of OMOP.
//!
//! Sources write units by the keyboard they have (`㎎/㎗`, `mg/dl`, `ＭＧ／ＤＬ`) or by a table of MERIT-9 or ISO+; the
//! concept needs UCUM, and OMOP spells some of UCUM in its own way, so the concepts stand here by number.

/// The UCUM code of a unit as sources spell it.
#[must_use]
pub fn ucum(raw: &str) -> Option<&'static str> {
    let plain = plain(raw);
    let key = plain.as_str();
    if let [letter] = key.as_bytes() {
        return one_letter(*letter, raw);
    }
    mass_and_substance(key)
        .or_else(|| activity(key))
        .or_else(|| counts(key))
        .or_else(|| sizes_and_times(key))
        .or_else(|| pieces(key))
}

/// In lower case, without blanks, one character for one meaning: `×10^4／μL` becomes `10*4/ul`.
fn plain(raw: &str) -> String {
    let mut plain = String::with_capacity(raw.len());
    for c in raw.trim().chars() {
        let text = match c {
            ' ' | '\u{3000}' | '\u{a0}' => "",
            'μ' | 'µ' => "u",
            '㎎' => "mg",
            '㎍' => "ug",
            '㎏' => "kg",
            '㎗' => "dl",
            '㎖' => "ml",
            '㎕' => "ul",
            'ℓ' | '㍑' => "l",
            '㎝' => "cm",
            '㎜' => "mm",
            '㎡' => "m2",
            '㎥' => "m3",
            '㎟' => "mm2",
            '㎣' => "mm3",
            '㏄' => "cc",
            '℃' => "cel",
            '％' => "%",
            '×' | '✕' => "x",
            '・' | '·' | '･' => ".",
            '^' | '＾' => "*",
            '²' => "*2",
            '³' => "*3",
            '⁴' => "*4",
            '⁶' => "*6",
            '⁹' => "*9",
            '\u{ff01}'..='\u{ff5e}' => {
                let narrow = u32::from(c).checked_sub(0xfee0).and_then(char::from_u32);
                plain.extend(narrow.map(|c| c.to_ascii_lowercase()));
                continue;
            }
            _ => {
                plain.extend(c.to_lowercase());
                continue;
            }
        };
        plain.push_str(text);
    }
    let power = plain.strip_prefix(['x', '*']).filter(|rest| rest.starts_with("10")).map(str::to_owned);
    let plain = power.unwrap_or(plain);
    for (wrong, right) in [("10e", "10*"), ("10**", "10*")] {
        if let Some(rest) = plain.strip_prefix(wrong) {
            return format!("{right}{rest}");
        }
    }
    plain
}

/// One letter alone means by its case: `A` is an ampoule in Japan, `a` the year of UCUM.
fn one_letter(letter: u8, raw: &str) -> Option<&'static str> {
    let upper = raw.chars().any(|c| c.is_uppercase());
    Some(match (letter, upper) {
        (b'%', _) => "%",
        (b'g', _) => "g",
        (b'l', _) => "L",
        (b'u', true) => "U",
        (b't', true) => "{tbl}",
        (b'v', true) => "{vial}",
        (b'a', true) => "{ampule}",
        (b'a', false) => "a",
        (b'm', false) => "m",
        (b's', false) => "s",
        (b'h', false) => "h",
        (b'd', false) => "d",
        _ => return None,
    })
}

fn mass_and_substance(key: &str) -> Option<&'static str> {
    Some(match key {
        "g/dl" => "g/dL",
        "g/l" => "g/L",
        "mg/dl" | "mg%" => "mg/dL",
        "mg/l" => "mg/L",
        "mg/ml" => "mg/mL",
        "ug/dl" | "mcg/dl" => "ug/dL",
        "ug/l" | "mcg/l" => "ug/L",
        "ug/ml" | "mcg/ml" => "ug/mL",
        "ng/ml" => "ng/mL",
        "ng/dl" => "ng/dL",
        "ng/l" => "ng/L",
        "pg/ml" => "pg/mL",
        "ng/ml/h" | "ng/ml/hr" => "ng/mL/h",
        "meq/l" => "meq/L",
        "mmol/l" => "mmol/L",
        "umol/l" => "umol/L",
        "nmol/l" => "nmol/L",
        "pmol/l" => "pmol/L",
        "nmol/ml" => "nmol/mL",
        "mmol/mol" => "mmol/mol",
        "mosm/kg" | "mosm/kgh2o" | "mosmol/kg" => "mosm/kg",
        "mosm/l" => "mosm/L",
        "mg/g" => "mg/g",
        "mg/gcr" | "mg/g.cr" | "mg/g.cre" | "mg/gcre" | "mg/g{creat}" => "mg/g{creat}",
        "g/gcr" | "g/g.cr" | "g/gcre" | "g/g{creat}" => "g/g{creat}",
        "ug/gcr" | "ug/g.cr" | "ug/gcre" | "ug/g{creat}" => "ug/g{creat}",
        "mg/(24.h)" | "mg/day" | "mg/d" | "mg/日" => "mg/(24.h)",
        "g/(24.h)" | "g/day" | "g/d" | "g/日" => "g/(24.h)",
        "ml/(24.h)" | "ml/day" | "ml/d" | "ml/日" => "mL/(24.h)",
        "mg/kg" => "mg/kg",
        _ => return None,
    })
}

fn activity(key: &str) -> Option<&'static str> {
    Some(match key {
        "u/l" | "[u]/l" => "U/L",
        "iu/l" | "[iu]/l" => "[iU]/L",
        "u/ml" | "[u]/ml" => "U/mL",
        "iu/ml" | "[iu]/ml" => "[iU]/mL",
        "mu/l" => "mU/L",
        "mu/ml" => "mU/mL",
        "uu/ml" => "uU/mL",
        "miu/ml" | "m[iu]/ml" => "m[iU]/mL",
        "miu/l" | "m[iu]/l" => "m[iU]/L",
        "uiu/ml" | "u[iu]/ml" => "u[iU]/mL",
        "au/ml" | "[arb'u]/ml" => "[arb'U]/mL",
        "単位" | "unit" => "U",
        "iu" | "国際単位" | "[iu]" => "[iU]",
        "coi" | "c.o.i" | "c.o.i." | "s/co" | "{s_co_ratio}" => "{s_co_ratio}",
        _ => return None,
    })
}

fn counts(key: &str) -> Option<&'static str> {
    Some(match key {
        "/ul" | "個/ul" | "cells/ul" | "/mm3" | "/mm*3" => "/uL",
        "10*2/ul" => "10*2/uL",
        "10*3/ul" | "千/ul" | "k/ul" => "10*3/uL",
        "10*4/ul" | "万/ul" | "万/mm3" | "万/mm*3" => "10*4/uL",
        "10*6/ul" | "百万/ul" => "10*6/uL",
        "10*9/l" => "10*9/L",
        "10*12/l" => "10*12/L",
        "パーセント" => "%",
        "‰" | "permil" | "[ppth]" => "[ppth]",
        "/hpf" | "個/hpf" | "/(hpf)" | "/[hpf]" => "/[HPF]",
        "/lpf" | "/(lpf)" | "/[lpf]" => "/[LPF]",
        "copies/ml" | "コピー/ml" | "{copies}/ml" => "{copies}/mL",
        "logcopies/ml" | "log10copies/ml" | "lg({copies})/ml" => "lg({copies})/mL",
        "倍" | "titer" | "{titer}" => "{titer}",
        "ratio" | "比" | "{ratio}" => "{ratio}",
        "index" | "{index}" => "{index}",
        "inr" | "{inr}" => "{INR}",
        "ph" | "[ph]" => "[pH]",
        "点" | "score" | "{score}" => "{score}",
        _ => return None,
    })
}

fn sizes_and_times(key: &str) -> Option<&'static str> {
    Some(match key {
        "pg" => "pg",
        "ng" => "ng",
        "ug" | "mcg" => "ug",
        "mg" => "mg",
        "グラム" => "g",
        "kg" => "kg",
        "fl" | "um*3" | "um3" => "fL",
        "ul" => "uL",
        "ml" | "cc" | "ミリリットル" => "mL",
        "dl" => "dL",
        "リットル" => "L",
        "mm" => "mm",
        "cm" | "センチメートル" => "cm",
        "m2" | "m*2" => "m2",
        "kg/m2" | "kg/m*2" => "kg/m2",
        "cel" | "°c" | "度c" | "degc" | "[degc]" => "Cel",
        "mmhg" | "mm[hg]" => "mm[Hg]",
        "kpa" => "kPa",
        "bpm" | "/min" | "回/分" | "回/min" | "/分" | "beats/min" | "{beats}/min" | "拍/分" | "breaths/min"
        | "{breaths}/min" => "/min",
        "mm/h" | "mm/hr" | "mm/1h" | "mm/時" => "mm/h",
        "ml/min" | "ml/分" => "mL/min",
        "ml/min/1.73m2" | "ml/min/1.73m*2" | "ml/分/1.73m2" | "ml/分/1.73m*2" | "ml/min/{1.73_m2}" | "ml/min/1.73" => {
            "mL/min/{1.73_m2}"
        }
        "ml/h" | "ml/hr" | "ml/時" => "mL/h",
        "l/min" | "l/分" => "L/min",
        "ms" | "msec" => "ms",
        "mv" => "mV",
        "sec" | "秒" => "s",
        "min" | "分" => "min",
        "hr" | "時間" => "h",
        "day" | "日" => "d",
        "wk" | "week" | "週" => "wk",
        "mo" | "月" | "ヶ月" | "か月" => "mo",
        "yr" | "歳" | "才" | "年" => "a",
        "meq" => "meq",
        "mmol" => "mmol",
        _ => return None,
    })
}

/// Pieces of MERIT-9 and what they are called in words.
fn pieces(key: &str) -> Option<&'static str> {
    Some(match key {
        "tab" | "錠" | "{tbl}" => "{tbl}",
        "cap" | "カプセル" | "{capsule}" => "{capsule}",
        "amp" | "アンプル" | "管" | "{ampule}" => "{ampule}",
        "via" | "vial" | "バイアル" | "瓶" | "{vial}" => "{vial}",
        "pck" | "包" | "{packet}" => "{packet}",
        "sht" | "枚" | "{sheet}" => "{sheet}",
        "hon" | "本" | "{tube}" => "{tube}",
        "ko" | "個" | "{each}" => "{each}",
        "kit" | "キット" | "{kit}" => "{kit}",
        "drp" | "滴" | "[drp]" => "[drp]",
        "dose" | "回分" | "回" | "{dose}" => "{dose}",
        _ => return None,
    })
}

/// The concept of a UCUM code, of those that [`ucum`] yields: numbers from OHDSI's vocabulary.
pub(super) fn ucum_concept(code: &str) -> Option<i32> {
    CONCEPTS.iter().find(|(known, _)| *known == code).map(|(_, concept)| *concept)
}

/// UCUM codes, and their concepts of the domain Unit.
const CONCEPTS: &[(&str, i32)] = &[
    ("mg/dL", 8840),
    ("g/dL", 8713),
    ("%", 8554),
    ("U/L", 8645),
    ("10*3/uL", 8848),
    ("10*4/uL", 32706),
    ("meq/L", 9557),
    ("mmol/L", 8753),
    ("mm[Hg]", 8876),
    ("/min", 8541),
    ("Cel", 586_323),
    ("cm", 8582),
    ("kg", 9529),
    ("mg", 8576),
    ("g", 8504),
    ("mL", 8587),
    ("{tbl}", 9431),
    ("fL", 8583),
    ("pg", 8564),
    ("[iU]/L", 8923),
    ("g/L", 8636),
    ("mg/L", 8751),
    ("mg/mL", 8861),
    ("ug/dL", 8837),
    ("ug/L", 8748),
    ("ug/mL", 8859),
    ("ng/mL", 8842),
    ("ng/dL", 8817),
    ("ng/L", 8725),
    ("pg/mL", 8845),
    ("ng/mL/h", 9020),
    ("umol/L", 8749),
    ("nmol/L", 8736),
    ("pmol/L", 8729),
    ("nmol/mL", 8843),
    ("mmol/mol", 9579),
    ("mosm/kg", 8862),
    ("mosm/L", 9591),
    ("mg/g", 8723),
    ("mg/g{creat}", 9017),
    ("g/g{creat}", 9511),
    ("ug/g{creat}", 9014),
    ("mg/(24.h)", 8909),
    ("g/(24.h)", 8807),
    ("mL/(24.h)", 8930),
    ("mg/kg", 9562),
    ("U/mL", 8763),
    ("[iU]/mL", 8985),
    ("mU/L", 44_777_578),
    ("mU/mL", 8719),
    ("uU/mL", 8860),
    ("m[iU]/mL", 9550),
    ("m[iU]/L", 9040),
    ("u[iU]/mL", 9093),
    ("[arb'U]/mL", 8980),
    ("U", 8510),
    ("[iU]", 8718),
    ("{s_co_ratio}", 8779),
    ("/uL", 8647),
    ("10*6/uL", 8815),
    ("10*9/L", 9444),
    ("10*12/L", 8734),
    ("[ppth]", 9154),
    ("/[HPF]", 8786),
    ("/[LPF]", 8765),
    ("{copies}/mL", 8799),
    ("lg({copies})/mL", 8873),
    ("{titer}", 8525),
    ("{ratio}", 8523),
    ("{index}", 8529),
    ("[pH]", 8482),
    ("{score}", 44_777_566),
    ("ng", 9600),
    ("ug", 9655),
    ("uL", 9665),
    ("dL", 9486),
    ("L", 8519),
    ("mm", 8588),
    ("m", 9546),
    ("m2", 8617),
    ("kg/m2", 9531),
    ("kPa", 44_777_602),
    ("mm/h", 8752),
    ("mL/min", 8795),
    ("mL/min/{1.73_m2}", 720_870),
    ("mL/h", 44_777_613),
    ("L/min", 8698),
    ("ms", 9593),
    ("mV", 720_843),
    ("s", 8555),
    ("min", 8550),
    ("h", 8505),
    ("d", 8512),
    ("wk", 8511),
    ("mo", 9580),
    ("a", 9448),
    ("meq", 9551),
    ("mmol", 9573),
    ("[drp]", 9296),
];

#[cfg(test)]
mod tests;
