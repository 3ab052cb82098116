//! Which drug a resource is about: a concept of its own, or a Medication that it contains or names.

use serde::Deserialize;

use super::fault::Fault;
use super::json::{List, Loose};
use super::model::{Concept, Quantity, Ratio, Reference};
use super::scope::Scope;
use super::{codes, remarks};
use crate::Extract;
use crate::code::Coding as Code;
use crate::record::Codes;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Medication<'a> {
    #[serde(borrow)]
    status: Loose<'a>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    ingredient: List<Ingredient<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Ingredient<'a> {
    #[serde(borrow)]
    item_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow)]
    strength: Option<Ratio<'a>>,
}

/// A drug of a resource.
#[derive(Debug, Default)]
pub(super) struct Medicine {
    pub(super) codes: Codes,
    /// The Medication whose codes are still to be found.
    pub(super) reference: Option<String>,
    /// Amount and unit, where the drug has them apart from the others of a mixture.
    pub(super) amount: Option<(f64, Option<Code>)>,
}

impl Medication<'_> {
    /// Its codes, for resources of other files that name it.
    pub(super) fn shared(&self, out: &mut Extract) -> Option<Codes> {
        if self.status.text() == Some("entered-in-error") {
            out.remark(&remarks::STATUS);
            return None;
        }
        let mut medicines = self.medicines(out);
        match (medicines.pop(), medicines.is_empty()) {
            (Some(medicine), true) => Some(medicine.codes),
            (None, _) => {
                out.remark(&remarks::UNCODED);
                None
            }
            (Some(_), false) => {
                out.remark(&remarks::MIXTURE);
                None
            }
        }
    }

    /// The drug, or the drugs of a mixture that has no code of its own: JP Core writes injections that way.
    fn medicines(&self, out: &mut Extract) -> Vec<Medicine> {
        let codes = self.code.as_ref().map(|code| codes::all(code, out)).unwrap_or_default();
        if !codes.is_empty() {
            return vec![Medicine { codes, ..Medicine::default() }];
        }
        let medicine = |ingredient: &Ingredient<'_>| {
            let codes = codes::all(ingredient.item_codeable_concept.as_ref()?, out);
            let amount = ingredient.strength.as_ref().and_then(|strength| strength.numerator.as_ref());
            let amount = amount.and_then(|amount| Some((amount.value?, codes::unit(amount, out))));
            (!codes.is_empty()).then_some(Medicine { codes, reference: None, amount })
        };
        self.ingredient.iter().filter_map(medicine).collect()
    }
}

/// The drugs that `medication[x]` says; none, and a remark, where they have no code.
pub(super) fn medicines<'a>(
    concept: Option<&Concept<'a>>,
    reference: Option<&Reference<'a>>,
    scope: &mut Scope<'_, 'a>,
) -> Result<Vec<Medicine>, Fault> {
    let named = reference.and_then(|reference| reference.reference.as_deref());
    let medicines = match (concept, named) {
        (Some(concept), _) => {
            let codes = codes::all(concept, scope.out);
            if codes.is_empty() { Vec::new() } else { vec![Medicine { codes, ..Medicine::default() }] }
        }
        (None, Some(named)) => match scope.embedded_as::<Medication<'a>>(reference) {
            Some(medication) => medication.medicines(scope.out),
            None => {
                let key = scope.named(named, "Medication").ok_or_else(|| Fault::essential("medicationReference"))?;
                return Ok(vec![Medicine { reference: Some(key), ..Medicine::default() }]);
            }
        },
        (None, None) => return Err(Fault::essential("medicationCodeableConcept")),
    };
    if medicines.is_empty() {
        scope.out.remark(&remarks::UNCODED);
    }
    Ok(medicines)
}

/// Whole days of a duration; a day that has begun counts. Months and years are none.
pub(super) fn days(duration: &Quantity<'_>) -> Option<i32> {
    let unit = duration.code.as_deref().or(duration.unit.text())?;
    let factor = match unit.trim() {
        "d" | "日" | "日分" | "day" | "days" => 1.0,
        "wk" | "週" | "week" | "weeks" => 7.0,
        _ => return None,
    };
    let days = (duration.value? * factor).ceil();
    #[expect(clippy::cast_possible_truncation, reason = "a whole number within the range of the type")]
    (1.0..=100_000.0).contains(&days).then_some(days as i32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_whole_days_or_none() {
        for (json, expect) in [
            (r#"{"value":7,"code":"d"}"#, Some(7)),
            (r#"{"value":2,"unit":"wk"}"#, Some(14)),
            (r#"{"value":2.5,"unit":"日"}"#, Some(3)),
            (r#"{"value":1,"code":"mo"}"#, None),
            (r#"{"value":0,"code":"d"}"#, None),
            (r#"{"value":1e300,"code":"d"}"#, None),
            (r#"{"value":3}"#, None),
        ] {
            assert_eq!(days(&serde_json::from_str(json).unwrap()), expect, "{json}");
        }
    }
}
