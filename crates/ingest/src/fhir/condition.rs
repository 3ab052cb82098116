//! Condition: a diagnosis.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::{List, Text};
use super::model::{Concept, Extension, Period, Reference};
use super::scope::Scope;
use super::{codes, remarks};
use crate::record::{Condition as Diagnosis, Provenance, Record, Standing};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Condition<'a> {
    #[serde(borrow)]
    verification_status: Option<Concept<'a>>,
    #[serde(borrow)]
    category: List<Concept<'a>>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    encounter: Option<Reference<'a>>,
    #[serde(borrow)]
    onset_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    onset_period: Option<Period<'a>>,
    #[serde(borrow)]
    recorded_date: Option<Text<'a>>,
    #[serde(borrow)]
    abatement_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    abatement_period: Option<Period<'a>>,
    #[serde(borrow)]
    extension: List<Extension<'a>>,
}

impl<'a> Event<'a> for Condition<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        let verification = |status: &str| self.verification_status.iter().flat_map(Concept::codes).any(|c| c == status);
        if verification("refuted") || verification("entered-in-error") {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let codes = self.code.as_ref().map(|code| codes::all(code, scope.out)).unwrap_or_default();
        if codes.is_empty() {
            scope.out.remark(&remarks::UNCODED);
            return Ok(Vec::new());
        }
        let onset = self.onset_period.as_ref().and_then(|period| period.start.as_ref());
        let start = match scope.start(self.onset_date_time.as_ref(), "onsetDateTime")? {
            None => scope.start(onset, "onsetPeriod.start")?,
            found => found,
        };
        let start = match start {
            None => scope.start(self.recorded_date.as_ref(), "recordedDate")?,
            found => found,
        };
        let abated = self.abatement_period.as_ref().and_then(|period| period.end.as_ref());
        let suspected = ["unconfirmed", "provisional", "differential"].into_iter().any(verification);
        Ok(vec![Record::Condition(Diagnosis {
            codes,
            start: start.ok_or_else(|| Fault::essential("onsetDateTime"))?,
            end: scope.end(self.abatement_date_time.as_ref().or(abated)),
            standing: self.standing(),
            suspected: suspected || self.is_called_suspected(),
            provenance: self.provenance(),
            link: scope.link(self.encounter.as_ref(), None),
        })])
    }
}

impl Condition<'_> {
    /// Whether its modifiers (8002 of MEDIS) or its name say 疑い.
    fn is_called_suspected(&self) -> bool {
        let Some(code) = &self.code else { return false };
        let modifiers = Extension::named(&code.extension, "JP_Condition_DiseasePostfixModifier")
            .chain(Extension::named(&code.extension, "JP_Condition_DiseasePrefixModifier"));
        let mut modifiers = modifiers.filter_map(|modifier| modifier.value_codeable_concept.as_ref());
        let doubt = |text: Option<&str>| text.is_some_and(|text| text.ends_with("疑い"));
        doubt(code.text.text())
            || modifiers.any(|modifier| {
                let shown = modifier.coding.iter().any(|coding| doubt(coding.display.text()));
                shown || doubt(modifier.text.text()) || modifier.codes().any(|code| code == "8002")
            })
    }

    fn standing(&self) -> Option<Standing> {
        let kind = Extension::named(&self.extension, "JP_eCS_DiagnosisType");
        let mut kinds = kind.filter_map(|kind| kind.value_codeable_concept.as_ref()).flat_map(Concept::codes);
        kinds.find_map(|code| match code {
            "principal" => Some(Standing::Primary),
            "admitting" => Some(Standing::Admission),
            "discharge" => Some(Standing::Discharge),
            _ => None,
        })
    }

    fn provenance(&self) -> Provenance {
        let listed = self.category.iter().flat_map(Concept::codes).any(|code| code == "problem-list-item");
        if listed { Provenance::EhrProblemList } else { Provenance::Ehr }
    }
}
