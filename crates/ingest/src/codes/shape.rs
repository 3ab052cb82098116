//! The shapes of codes: what a code of a system looks like, and its canonical spelling.
//!
//! Each function takes a folded code and answers with the canonical spelling, or with nothing where the shape is
//! another. What it answers with has the same shape again and comes back unchanged.

use super::check;

fn digits(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit())
}

fn alphanumeric(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
}

/// Whether a code has a pattern's length and, character by character, its classes: `9` a digit, `A` a letter, `X`
/// either. Letters in upper case.
fn has(code: &str, pattern: &str) -> bool {
    let fits = |(byte, class): (u8, u8)| match class {
        b'9' => byte.is_ascii_digit(),
        b'A' => byte.is_ascii_uppercase(),
        _ => byte.is_ascii_digit() || byte.is_ascii_uppercase(),
    };
    code.len() == pattern.len() && code.bytes().zip(pattern.bytes()).all(fits)
}

fn upper(code: &str) -> String {
    code.to_ascii_uppercase()
}

/// Upper case, without hyphens and blanks.
fn plain(code: &str) -> String {
    code.chars().filter(|c| !matches!(c, '-' | ' ')).map(|c| c.to_ascii_uppercase()).collect()
}

/// ICD-10: a letter and two digits, and up to two more characters after a dot. The marks of cause and manifestation
/// (dagger, asterisk) and the hyphen of a category without a fourth character are left out.
pub(super) fn icd10(code: &str) -> Option<String> {
    icd(code, "A99", 2)
}

/// ICD-10-CM: as ICD-10, with up to four characters after the dot.
pub(super) fn icd10_cm(code: &str) -> Option<String> {
    icd(code, "A9X", 4)
}

fn icd(code: &str, category: &str, longest: usize) -> Option<String> {
    let code = upper(code);
    let code = code.trim_end_matches(['†', '‡', '*', '+', '!', '-', ' ']);
    let (head, tail) = match code.split_once('.') {
        Some((head, tail)) => (head, tail.trim_end_matches('-')),
        None => (code.get(..3)?, code.get(3..)?),
    };
    let fits = has(head, category) && tail.len() <= longest && alphanumeric(tail);
    fits.then(|| if tail.is_empty() { head.to_owned() } else { format!("{head}.{tail}") })
}

/// MEDIS's management number: eight digits.
pub(super) fn medis(code: &str) -> Option<String> {
    has(code, "99999999").then(|| code.to_owned())
}

/// MEDIS's exchange code: four characters.
pub(super) fn medis_exchange(code: &str) -> Option<String> {
    Some(upper(code)).filter(|code| has(code, "XXXX"))
}

/// The first nine digits of a HOT code of nine, eleven or thirteen.
pub(super) fn hot9(code: &str) -> Option<String> {
    let code = plain(code);
    (matches!(code.len(), 9 | 11 | 13) && digits(&code)).then(|| code[..9].to_owned())
}

/// The seven digits of HOT.
pub(super) fn hot7(code: &str) -> Option<String> {
    Some(plain(code)).filter(|code| has(code, "9999999"))
}

/// YJ, and the price code of the same shape: class, ingredient, form and number.
pub(super) fn yj(code: &str) -> Option<String> {
    Some(upper(code)).filter(|code| has(code, "9999XXXA9999"))
}

/// The general order code: nine characters of a price code and `ZZZ`.
pub(super) fn generic(code: &str) -> Option<String> {
    Some(upper(code)).filter(|code| has(code, "9999XXXAXAAA") && code.ends_with("ZZZ"))
}

/// The fee tables' nine digits: 1 acts, 3 dental acts, 4 dispensing, 6 drugs, 7 materials, 8 comments.
pub(super) fn receipt(code: &str) -> Option<String> {
    (has(code, "999999999") && code.starts_with(['1', '3', '4', '6', '7', '8'])).then(|| code.to_owned())
}

/// A drug of the fee tables.
pub(super) fn receipt_drug(code: &str) -> Option<String> {
    receipt(code).filter(|code| code.starts_with('6'))
}

/// How much of a JLAC10 code there is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Jlac10 {
    /// All 17 characters, or the three of a material alone.
    Whole,
    /// 15 or 16 characters: one element is cut short.
    Short,
    /// The five characters of the analyte alone, or with identification, or with identification and material.
    Analyte,
}

/// JLAC10: analyte (digit, letter, three digits), identification, material, method, result.
pub(super) fn jlac10(code: &str) -> Option<(String, Jlac10)> {
    let code = plain(code);
    if has(&code, "999") {
        return Some((code, Jlac10::Whole));
    }
    let extent = match code.len() {
        17 => Jlac10::Whole,
        15 | 16 => Jlac10::Short,
        5 | 9 | 12 => Jlac10::Analyte,
        _ => return None,
    };
    (has(code.get(..5)?, "9A999") && alphanumeric(&code)).then_some((code, extent))
}

/// JLAC11: a letter and 16 characters more, without hyphens.
pub(super) fn jlac11(code: &str) -> Option<String> {
    Some(plain(code)).filter(|code| has(code, "A9999XXXXXXXXXXXX"))
}

/// An act of the fee table: chapter, number of three or four digits, branch and item.
pub(super) fn kcode(code: &str) -> Option<String> {
    let wide = |c: char| match c {
        'ｲ' => 'イ',
        'ﾛ' => 'ロ',
        'ﾊ' => 'ハ',
        'ﾆ' => 'ニ',
        'ﾎ' => 'ホ',
        other => other,
    };
    let code: String = upper(code).chars().filter(|c| *c != ' ').map(wide).collect();
    let rest = code.get(4..)?;
    let item = |c: char| matches!(c, '0'..='9' | 'A'..='Z' | '-' | 'イ' | 'ロ' | 'ハ' | 'ニ' | 'ホ');
    let ends = !rest.ends_with('-') && rest.chars().count() <= 6;
    let chapter = code.starts_with(|c| matches!(c, 'A'..='N'));
    (chapter && has(&code[..4], "A999") && ends && rest.chars().all(item)).then_some(code)
}

/// A case group of DPC: six digits, then digits and `x`.
pub(super) fn dpc(code: &str) -> Option<String> {
    let code = code.to_ascii_lowercase();
    let group = code.bytes().all(|byte| byte.is_ascii_digit() || byte == b'x');
    (code.len() == 14 && group && digits(&code[..6])).then_some(code)
}

/// Directions for use: 16 characters.
pub(super) fn usage(code: &str) -> Option<String> {
    Some(upper(code)).filter(|code| has(code, "XXXXXXXXXXXXXXXX"))
}

/// LOINC: up to seven digits, a hyphen and a digit; parts and answers with their letters before them. Whether the
/// check digit is right is said beside it; that of parts and answers follows another rule and is not looked at.
pub(super) fn loinc(code: &str) -> Option<(String, bool)> {
    let code = upper(code);
    let number = code.strip_prefix("LA").or_else(|| code.strip_prefix("LP")).unwrap_or(&code);
    let (body, check) = number.split_once('-')?;
    let fits = (1..=7).contains(&body.len()) && check.len() == 1 && digits(body) && digits(check);
    let right = number.len() < code.len() || check::luhn(body.bytes().chain(check.bytes()));
    fits.then_some((code, right))
}

/// SNOMED CT: 6 to 18 digits. Whether the check digit is right is said beside it.
pub(super) fn snomed(code: &str) -> Option<(String, bool)> {
    let fits = (6..=18).contains(&code.len()) && digits(code) && !code.starts_with('0');
    fits.then(|| (code.to_owned(), check::verhoeff(code.as_bytes())))
}

/// `RxNorm`'s numbers, and those of its extension by OHDSI (`OMOP` and a number).
pub(super) fn rxnorm(code: &str) -> Option<String> {
    let code = upper(code);
    let number = code.strip_prefix("OMOP").unwrap_or(&code);
    ((1..=8).contains(&number.len()) && digits(number)).then_some(code)
}

/// CVX: up to three digits, written with two at least.
pub(super) fn cvx(code: &str) -> Option<String> {
    ((1..=3).contains(&code.len()) && digits(code)).then(|| format!("{code:0>2}"))
}

/// ATC, of any of its five levels.
pub(super) fn atc(code: &str) -> Option<String> {
    let levels = ["A", "A99", "A99A", "A99AA", "A99AA99"];
    Some(upper(code)).filter(|code| levels.iter().any(|level| has(code, level)))
}
