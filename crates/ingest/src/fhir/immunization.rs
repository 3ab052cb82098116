//! Immunization: a vaccine that was given.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::Text;
use super::model::{Concept, Quantity, Reference};
use super::scope::Scope;
use super::{codes, remarks};
use crate::record::{Drug, Provenance, Record};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Immunization<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    vaccine_code: Option<Concept<'a>>,
    #[serde(borrow)]
    encounter: Option<Reference<'a>>,
    #[serde(borrow)]
    occurrence_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    recorded: Option<Text<'a>>,
    #[serde(borrow)]
    dose_quantity: Option<Quantity<'a>>,
    #[serde(borrow)]
    route: Option<Concept<'a>>,
}

impl<'a> Event<'a> for Immunization<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if !matches!(self.status.as_deref(), Some("completed")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let codes = self.vaccine_code.as_ref().map(|code| codes::all(code, scope.out)).unwrap_or_default();
        if codes.is_empty() {
            scope.out.remark(&remarks::UNCODED);
            return Ok(Vec::new());
        }
        let start = match scope.start(self.occurrence_date_time.as_ref(), "occurrenceDateTime")? {
            None => scope.start(self.recorded.as_ref(), "recorded")?,
            found => found,
        };
        let dose = self.dose_quantity.as_ref();
        Ok(vec![Record::Drug(Drug {
            codes,
            start: start.ok_or_else(|| Fault::essential("occurrenceDateTime"))?,
            end: None,
            days: None,
            quantity: dose.and_then(|dose| dose.value),
            unit: dose.and_then(|dose| codes::unit(dose, scope.out)),
            route: self.route.as_ref().and_then(|route| codes::first(route, scope.out)),
            provenance: Provenance::EhrAdministration,
            order: None,
            link: scope.link(self.encounter.as_ref(), None),
            reference: None,
        })])
    }
}
