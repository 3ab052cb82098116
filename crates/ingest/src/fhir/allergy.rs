//! AllergyIntolerance: to what a patient reacts, or that nothing is known of.
//!
//! The record's codes are those of the substance; its value is the kind of allergy in HL7's table 0127, as SS-MIX2's
//! allergy segments have it.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::{Text, Words};
use super::model::{Concept, Period, Reference};
use super::scope::{self, Scope};
use super::time::Time;
use super::{codes, remarks};
use crate::code::Coding as Code;
use crate::record::{Observation, Provenance, Record, Value};
use crate::{System, When};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Allergy<'a> {
    #[serde(borrow)]
    verification_status: Option<Concept<'a>>,
    #[serde(borrow)]
    category: Words<'a>,
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
    last_occurrence: Option<Text<'a>>,
}

impl<'a> Event<'a> for Allergy<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        let mut statuses = self.verification_status.iter().flat_map(Concept::codes);
        if statuses.any(|status| matches!(status, "refuted" | "entered-in-error")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let codes = self.code.as_ref().map(|code| codes::all(code, scope.out)).unwrap_or_default();
        if codes.is_empty() {
            scope.out.remark(&remarks::UNCODED);
            return Ok(Vec::new());
        }
        Ok(vec![Record::Observation(Observation {
            codes,
            at: self.at(scope)?.ok_or_else(|| Fault::essential("recordedDate"))?,
            value: Value { code: self.kind().map(|kind| scope.out.code(kind, None)), ..Value::default() },
            provenance: Provenance::Ehr,
            link: scope.link(self.encounter.as_ref(), None),
        })])
    }
}

impl Allergy<'_> {
    /// Onset, record or last occurrence; an allergy without any of them is dated by its resource.
    fn at(&self, scope: &mut Scope<'_, '_>) -> Result<Option<When>, Fault> {
        let onset = self.onset_period.as_ref().and_then(|period| period.start.as_ref());
        for (text, path) in [
            (self.onset_date_time.as_ref(), "onsetDateTime"),
            (onset, "onsetPeriod.start"),
            (self.recorded_date.as_ref(), "recordedDate"),
            (self.last_occurrence.as_ref(), "lastOccurrence"),
        ] {
            if text.is_some() {
                return scope.start(text, path);
            }
        }
        scope.updated.into_iter().for_each(|time| scope::note(time, scope.out));
        Ok(scope.updated.and_then(Time::start))
    }

    fn kind(&self) -> Option<Code> {
        let code = self.category.iter().find_map(|category| match category {
            "food" => Some("FA"),
            "medication" => Some("DA"),
            "environment" => Some("EA"),
            _ => None,
        });
        code.map(|code| Code::new(System::Hl7(127), code))
    }
}
