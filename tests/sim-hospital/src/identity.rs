//! Who a patient or doctor would be by name: what a hospital's record holds and no research copy may.
//!
//! Everything here is put together from short lists: families and given names of two parts each, streets of a town that
//! does not exist, telephone numbers of ten digits that no exchange hands out. Nobody is meant. The characters of names
//! occur in no term, department or place of the formats, so that a search for a name finds leaks and nothing else.

use crate::draw::Draw;
use crate::{Patient, Spec};

const FAMILY: [(&str, &str); 12] = [
    ("霧", "キリ"),
    ("鷹", "タカ"),
    ("椿", "ツバキ"),
    ("柊", "ヒイラギ"),
    ("蓮", "ハス"),
    ("楓", "カエデ"),
    ("雁", "カリ"),
    ("鶴", "ツル"),
    ("萩", "ハギ"),
    ("桐", "キリ"),
    ("榎", "エノキ"),
    ("鮎", "アユ"),
];
const PLACE: [(&str, &str); 10] = [
    ("沢", "サワ"),
    ("崎", "サキ"),
    ("浜", "ハマ"),
    ("塚", "ツカ"),
    ("岡", "オカ"),
    ("森", "モリ"),
    ("島", "シマ"),
    ("谷", "タニ"),
    ("淵", "フチ"),
    ("垣", "ガキ"),
];
const GIVEN: [(&str, &str); 10] = [
    ("陽", "ハル"),
    ("悠", "ユウ"),
    ("凛", "リン"),
    ("葵", "アオイ"),
    ("翔", "ショウ"),
    ("紗", "サ"),
    ("律", "リツ"),
    ("澪", "ミオ"),
    ("颯", "ソウ"),
    ("詩", "ウタ"),
];
const MALE: [(&str, &str); 5] = [("斗", "ト"), ("太", "タ"), ("之介", "ノスケ"), ("吾", "ゴ"), ("哉", "ヤ")];
const FEMALE: [(&str, &str); 5] = [("花", "カ"), ("子", "コ"), ("美", "ミ"), ("乃", "ノ"), ("織", "オリ")];

/// Streams of patients and doctors lie far above those of the patients' courses.
const PATIENTS: u64 = 1 << 40;
const DOCTORS: u64 = 1 << 41;

/// A name in kanji and in kana.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// Family name.
    pub family: String,
    /// Given name.
    pub given: String,
    /// Family name in kana.
    pub family_kana: String,
    /// Given name in kana.
    pub given_kana: String,
}

/// What identifies a patient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Name.
    pub name: Name,
    /// Postal code, `999-9999`. Its first three digits follow from the patient's place.
    pub zip: String,
    /// Address.
    pub address: String,
    /// Telephone number.
    pub phone: String,
    /// Number of the insurer, 8 digits.
    pub insurer: String,
    /// Symbol on the insurance card.
    pub symbol: String,
    /// Number on the insurance card.
    pub number: String,
}

impl Identity {
    /// Every text that may be found nowhere outside of the hospital's own records.
    pub fn secrets(&self) -> impl Iterator<Item = &str> {
        let Name { family, given, family_kana, given_kana } = &self.name;
        let name = [family, given, family_kana, given_kana].into_iter();
        // One syllable of kana is part of many words.
        let name = name.filter(|text| text.chars().count() > 1);
        name.chain([&self.zip, &self.address, &self.phone, &self.insurer, &self.symbol, &self.number])
            .map(String::as_str)
    }
}

/// The identity of a patient: a function of the order and the number alone.
#[must_use]
pub fn identity(spec: &Spec, patient: &Patient) -> Identity {
    let mut draw = Draw::of(spec, PATIENTS + patient.id.unsigned_abs());
    let name = name(&mut draw, patient.sex == crate::Sex::Male);
    let mut digits = |low, high| draw.between(low, high);
    Identity {
        name,
        zip: format!("{:03}-{:04}", 900 + patient.place, digits(0, 9_999)),
        address: format!("架空県夢見市{}丁目{}番{}号", patient.place, digits(1, 40), digits(1, 30)),
        phone: format!("000-{:04}-{:04}", digits(1_000, 9_999), digits(0, 9_999)),
        insurer: format!("99{:06}", digits(0, 999_999)),
        symbol: format!("記{:05}", digits(0, 99_999)),
        number: format!("番{:07}", digits(0, 9_999_999)),
    }
}

/// The name of a doctor.
#[must_use]
pub fn doctor(spec: &Spec, provider: i64) -> Name {
    let mut draw = Draw::of(spec, DOCTORS + provider.unsigned_abs());
    let male = draw.chance(0.7);
    name(&mut draw, male)
}

fn name(draw: &mut Draw, male: bool) -> Name {
    let mut one = |list: &[(&'static str, &'static str)]| list[draw.weighted(&vec![1.0; list.len()])];
    let (first, place, given) = (one(&FAMILY), one(&PLACE), one(&GIVEN));
    let last = one(if male { &MALE } else { &FEMALE });
    let join = |a: &str, b: &str| format!("{a}{b}");
    Name {
        family: join(first.0, place.0),
        given: join(given.0, last.0),
        family_kana: join(first.1, place.1),
        given_kana: join(given.1, last.1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terms::{all, japanese};
    use crate::{Hospital, Profile};

    #[test]
    fn an_identity_follows_from_the_order_and_the_number() {
        let spec = Spec { patients: 50, ..Spec::new("kobe", 1, Profile::University) };
        let hospital = Hospital::generate(&spec).unwrap();
        let all: Vec<Identity> = hospital.patients.iter().map(|patient| identity(&spec, patient)).collect();
        assert_eq!(all[7], identity(&spec, &hospital.patients[7]));
        assert!(all.windows(2).all(|pair| pair[0] != pair[1]));
        let other = Spec { site: "nara".into(), ..spec.clone() };
        assert_ne!(all[7], identity(&other, &hospital.patients[7]));
    }

    #[test]
    fn the_first_characters_of_family_names_occur_in_no_term() {
        for (first, _) in FAMILY {
            assert!(all().all(|term| !japanese(term).contains(first)), "{first}");
        }
    }
}
