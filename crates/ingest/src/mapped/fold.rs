//! Texts as people write them, made comparable: full and half width, case and blanks do not count.

/// Half-width katakana and punctuation, U+FF61 to U+FF9F, as their full-width ones.
const KATAKANA: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン゛゜";

/// The text with ASCII in half width and katakana in full width, without blanks, in lower case.
pub(super) fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        match widen(c, &mut folded) {
            Some(c) if c.is_whitespace() || c == '\u{feff}' => {}
            Some(c) => folded.extend(narrow(c).to_lowercase()),
            None => {}
        }
    }
    folded
}

/// The text with ASCII in half width, as numbers and dates need it, without blanks around it.
pub(super) fn half(text: &str) -> String {
    text.chars().map(narrow).collect::<String>().trim().to_owned()
}

fn narrow(c: char) -> char {
    match c {
        '！'..='～' => char::from_u32(u32::from(c) - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '\u{a0}' => ' ',
        '−' | '‐' | '‑' | '–' | '—' | '―' => '-',
        _ => c,
    }
}

/// The full-width character of a half-width katakana; nothing where it is a mark that joins the one before it.
fn widen(c: char, before: &mut String) -> Option<char> {
    if !('\u{ff61}'..='\u{ff9f}').contains(&c) {
        return Some(c);
    }
    if let (Some(last), 'ﾞ' | 'ﾟ') = (before.chars().next_back(), c)
        && let Some(joined) = join(last, c)
    {
        before.pop();
        before.push(joined);
        return None;
    }
    KATAKANA.chars().nth(usize::try_from(u32::from(c) - 0xFF61).unwrap_or_default())
}

fn join(base: char, mark: char) -> Option<char> {
    let next = |by: u32| char::from_u32(u32::from(base) + by);
    match (base, mark) {
        ('ウ', 'ﾞ') => Some('ヴ'),
        ('カ' | 'キ' | 'ク' | 'ケ' | 'コ' | 'サ' | 'シ' | 'ス' | 'セ' | 'ソ', 'ﾞ') => next(1),
        ('タ' | 'チ' | 'ツ' | 'テ' | 'ト' | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ', 'ﾞ') => next(1),
        ('ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ', 'ﾟ') => next(2),
        _ => None,
    }
}

/// Whether a file name fits a pattern with `*` and `?`; width and case do not count.
pub(super) fn fits(pattern: &str, name: &str) -> bool {
    let (pattern, name): (Vec<char>, Vec<char>) = (fold(pattern).chars().collect(), fold(name).chars().collect());
    let (mut p, mut n, mut star) = (0, 0, None);
    while n < name.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, n));
                p += 1;
            }
            Some(c) if *c == '?' || *c == name[n] => (p, n) = (p + 1, n + 1),
            _ => match star {
                Some((at, from)) => {
                    star = Some((at, from + 1));
                    (p, n) = (at + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn width_case_and_blanks_do_not_count() {
        for (left, right) in [
            ("患者番号", " 患者 番号　"),
            ("ＩＤ（患者）", "id(患者)"),
            ("ﾃﾞｰﾀ識別番号", "データ識別番号"),
            ("ﾊﾟｽﾎﾟｰﾄ", "パスポート"),
            ("ｳﾞｨｯﾂ", "ヴィッツ"),
            ("\u{feff}検査日", "検査日"),
        ] {
            assert_eq!(fold(left), fold(right), "{left}");
        }
        assert_ne!(fold("検査日"), fold("検査日時"));
        assert_eq!(half(" －１，２３４．５　"), "-1,234.5");
        assert_eq!(KATAKANA.chars().count(), 63);
    }

    #[test]
    fn patterns_have_stars_and_question_marks() {
        for (pattern, name, fit) in [
            ("検査結果*.csv", "検査結果_202404.CSV", true),
            ("検査結果*.csv", "検査結果.csv", true),
            ("検査結果*.csv", "旧検査結果.csv", false),
            ("lab_????.csv", "lab_2404.csv", true),
            ("lab_????.csv", "lab_24.csv", false),
            ("*a*b*", "xaybz", true),
            ("", "", true),
            ("*", "", true),
        ] {
            assert_eq!(fits(pattern, name), fit, "{pattern} {name}");
        }
    }
}
