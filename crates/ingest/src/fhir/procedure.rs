//! Procedure: something that was done to a patient.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::Text;
use super::model::{Concept, Period, Reference};
use super::scope::Scope;
use super::{codes, remarks};
use crate::record::{Procedure as Act, Provenance, Record};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Procedure<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    code: Option<Concept<'a>>,
    #[serde(borrow)]
    encounter: Option<Reference<'a>>,
    #[serde(borrow)]
    performed_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    performed_period: Option<Period<'a>>,
}

impl<'a> Event<'a> for Procedure<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        // What was stopped had begun.
        if !matches!(self.status.as_deref(), Some("completed" | "in-progress" | "stopped") | None) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let codes = self.code.as_ref().map(|code| codes::all(code, scope.out)).unwrap_or_default();
        if codes.is_empty() {
            scope.out.remark(&remarks::UNCODED);
            return Ok(Vec::new());
        }
        let period = self.performed_period.as_ref();
        let start = match scope.start(self.performed_date_time.as_ref(), "performedDateTime")? {
            None => scope.start(period.and_then(|period| period.start.as_ref()), "performedPeriod.start")?,
            found => found,
        };
        Ok(vec![Record::Procedure(Act {
            codes,
            start: start.ok_or_else(|| Fault::essential("performedDateTime"))?,
            end: scope.end(period.and_then(|period| period.end.as_ref())),
            quantity: None,
            surgery: false,
            provenance: Provenance::Ehr,
            link: scope.link(self.encounter.as_ref(), None),
        })])
    }
}
