//! Coverage: an insurance. Numbers of insurer and insured are not read.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::Text;
use super::model::{Concept, Period};
use super::scope::Scope;
use super::{codes, remarks};
use crate::record::{Payer, Record};

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coverage<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Concept<'a>>,
    #[serde(borrow)]
    period: Option<Period<'a>>,
}

impl<'a> Event<'a> for Coverage<'a> {
    /// One that is cancelled counts for its period: that is how an insurance ends that another one followed.
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if matches!(self.status.as_deref(), Some("entered-in-error" | "draft")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let Some(plan) = self.kind.as_ref().and_then(|kind| codes::first(kind, scope.out)) else {
            scope.out.remark(&remarks::UNCODED);
            return Ok(Vec::new());
        };
        let period = self.period.as_ref();
        let start = scope.start(period.and_then(|period| period.start.as_ref()), "period.start")?;
        let end = scope.end(period.and_then(|period| period.end.as_ref()));
        Ok(vec![Record::Payer(Payer { plan, start: start.map(|at| at.day), end: end.map(|at| at.day) })])
    }
}
