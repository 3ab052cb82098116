//! Patient: who it is, and whether they died.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{List, Loose, Text, Words};
use super::model::Identifier;
use super::reference::{self, Number};
use super::time::Time;
use super::{remarks, scope};
use crate::record::{Birth, Death, Person, Provenance, Record, Sex};
use crate::{Extract, Rules};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Patient<'a> {
    #[serde(borrow)]
    identifier: List<Identifier<'a>>,
    #[serde(borrow)]
    name: Option<&'a RawValue>,
    #[serde(borrow)]
    gender: Loose<'a>,
    #[serde(borrow)]
    birth_date: Option<Text<'a>>,
    deceased_boolean: Option<bool>,
    #[serde(borrow)]
    deceased_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    address: Option<&'a RawValue>,
    #[serde(borrow)]
    link: List<Link<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Name<'a> {
    #[serde(borrow)]
    text: Loose<'a>,
    #[serde(borrow)]
    family: Loose<'a>,
    #[serde(borrow)]
    given: Words<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Address<'a> {
    #[serde(borrow, rename = "use")]
    usage: Loose<'a>,
    #[serde(borrow)]
    postal_code: Loose<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Link<'a> {
    #[serde(borrow, rename = "type")]
    kind: Loose<'a>,
}

impl Patient<'_> {
    /// The hospital's own number.
    pub(super) fn number(&self) -> Option<String> {
        let numbers = self.identifier.iter().filter_map(|identifier| {
            let value = identifier.value.as_deref().map(str::trim).filter(|value| !value.is_empty())?;
            match reference::number(identifier) {
                Number::Hospital(rank) => Some((rank, value)),
                _ => None,
            }
        });
        numbers.min_by_key(|(rank, _)| *rank).map(|(_, value)| value.to_owned())
    }

    /// The digest of an insurance number, where a contained patient has nothing else.
    pub(super) fn insured(&self, out: &mut Extract) -> Option<String> {
        let digest = self.digests().next()?;
        out.remark(&remarks::INSURER);
        Some(digest)
    }

    fn digests(&self) -> impl Iterator<Item = String> {
        let insured = self.identifier.iter().filter(|identifier| reference::number(identifier) == Number::Insured);
        insured.filter_map(|identifier| identifier.value.as_deref()).map(reference::insured)
    }

    /// Person and death; and the numbers under which others may name the patient.
    pub(super) fn records(&self, key: &str, rules: &Rules, out: &mut Extract) -> Vec<Record> {
        let number = self.number();
        match &number {
            Some(number) => out.aliases.push((key.to_owned(), number.clone())),
            None => out.remark(&remarks::NO_NUMBER),
        }
        let own = number.as_deref().unwrap_or(key);
        for digest in self.digests() {
            out.aliases.push((digest, own.to_owned()));
        }
        if self.link.iter().any(|link| link.kind.text() == Some("replaced-by")) {
            out.remark(&remarks::REPLACED);
        }
        let test = self.is_test(number.as_deref().unwrap_or_default(), rules);
        let person = Person { birth: self.birth(out), sex: self.sex(), zip3: self.zip3(), test };
        let death = self.death(out).map(Record::Death);
        std::iter::once(Record::Person(person)).chain(death).collect()
    }

    /// Whether a name, of whatever shape, is that of a test patient.
    fn is_test(&self, number: &str, rules: &Rules) -> bool {
        let Some(json) = self.name.map(RawValue::get) else { return rules.is_test(number, &[]) };
        let names: Result<List<Name<'_>>, _> = serde_json::from_str(json);
        let Ok(names) = names else { return rules.is_test(number, &[json]) };
        let parts = names
            .iter()
            .flat_map(|name| name.text.text().into_iter().chain(name.family.text()).chain(name.given.iter()));
        rules.is_test(number, &parts.collect::<Vec<_>>())
    }

    fn birth(&self, out: &mut Extract) -> Option<Birth> {
        let time = self.birth_date.as_deref().and_then(Time::parse);
        let Some((year, month, day)) = time.map(Time::date) else {
            out.remark(&remarks::BIRTH);
            return None;
        };
        let small = |part: Option<u32>| part.and_then(|part| u8::try_from(part).ok());
        Some(Birth { year, month: small(month), day: small(day) })
    }

    fn sex(&self) -> Sex {
        match self.gender.text() {
            Some("male") => Sex::Male,
            Some("female") => Sex::Female,
            Some("other") => Sex::Other,
            _ => Sex::Unknown,
        }
    }

    /// The first three digits of the address that holds today.
    fn zip3(&self) -> Option<String> {
        let addresses: List<Address<'_>> = serde_json::from_str(self.address?.get()).ok()?;
        let current = addresses.iter().filter(|address| address.usage.text() != Some("old"));
        current.filter_map(|address| address.postal_code.text()).find_map(|code| {
            let digits: String = code.chars().filter_map(digit).take(3).collect();
            (digits.len() == 3).then_some(digits)
        })
    }

    fn death(&self, out: &mut Extract) -> Option<Death> {
        let time = self.deceased_date_time.as_deref().and_then(Time::parse);
        let Some(at) = time.and_then(Time::start) else {
            if self.deceased_boolean == Some(true) || self.deceased_date_time.is_some() {
                out.remark(&remarks::DEATH_UNDATED);
            }
            return None;
        };
        time.into_iter().for_each(|time| scope::note(time, out));
        Some(Death { at, provenance: Provenance::Ehr })
    }
}

fn digit(c: char) -> Option<char> {
    match c {
        '0'..='9' => Some(c),
        '０'..='９' => u32::from(c).checked_sub(0xFEE0).and_then(char::from_u32),
        _ => None,
    }
}
