//! Specimen: what was taken from a patient.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::Text;
use super::model::{Concept, Period};
use super::scope::Scope;
use super::{codes, remarks};
use crate::When;
use crate::record::{Provenance, Record, Specimen as Sample};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Specimen<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Concept<'a>>,
    #[serde(borrow)]
    received_time: Option<Text<'a>>,
    #[serde(borrow)]
    collection: Option<Collection<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Collection<'a> {
    #[serde(borrow)]
    collected_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    collected_period: Option<Period<'a>>,
}

impl<'a> Event<'a> for Specimen<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if matches!(self.status.as_deref(), Some("entered-in-error")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let codes = self.kind.as_ref().map(|kind| codes::all(kind, scope.out)).unwrap_or_default();
        if codes.is_empty() {
            scope.out.remark(&remarks::UNCODED);
            return Ok(Vec::new());
        }
        let at = match self.collected(scope)? {
            None => scope.start(self.received_time.as_ref(), "receivedTime")?,
            found => found,
        };
        let at = at.ok_or_else(|| Fault::essential("collection.collectedDateTime"))?;
        Ok(vec![Record::Specimen(Sample { codes, at, provenance: Provenance::Lab })])
    }
}

impl Specimen<'_> {
    /// When it was taken.
    pub(super) fn collected(&self, scope: &mut Scope<'_, '_>) -> Result<Option<When>, Fault> {
        let Some(collection) = &self.collection else { return Ok(None) };
        let period = collection.collected_period.as_ref().and_then(|period| period.start.as_ref());
        let text = collection.collected_date_time.as_ref().or(period);
        scope.start(text, "collection.collectedDateTime")
    }
}
