//! MedicationAdministration: a drug that was given.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::{List, Text};
use super::medication::{Medicine, medicines};
use super::model::{Concept, Period, Quantity, Reference};
use super::scope::{Scope, inpatient};
use super::{codes, remarks};
use crate::record::{Drug, Provenance, Record};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Administration<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    category: List<Concept<'a>>,
    #[serde(borrow)]
    medication_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow)]
    medication_reference: Option<Reference<'a>>,
    #[serde(borrow)]
    context: Option<Reference<'a>>,
    #[serde(borrow)]
    request: Option<Reference<'a>>,
    #[serde(borrow)]
    effective_date_time: Option<Text<'a>>,
    #[serde(borrow)]
    effective_period: Option<Period<'a>>,
    #[serde(borrow)]
    dosage: Option<Dosage<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dosage<'a> {
    #[serde(borrow)]
    route: Option<Concept<'a>>,
    #[serde(borrow)]
    dose: Option<Quantity<'a>>,
}

impl<'a> Event<'a> for Administration<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if !matches!(self.status.as_deref(), Some("completed")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let medicines =
            medicines(self.medication_codeable_concept.as_ref(), self.medication_reference.as_ref(), scope)?;
        let period = self.effective_period.as_ref();
        let start = match scope.start(self.effective_date_time.as_ref(), "effectiveDateTime")? {
            None => scope.start(period.and_then(|period| period.start.as_ref()), "effectivePeriod.start")?,
            found => found,
        };
        let start = start.ok_or_else(|| Fault::essential("effectiveDateTime"))?;
        let end = scope.end(period.and_then(|period| period.end.as_ref()));
        let dosage = self.dosage.as_ref();
        let dose = dosage.and_then(|dosage| dosage.dose.as_ref());
        let dose = dose.and_then(|dose| Some((dose.value?, codes::unit(dose, scope.out))));
        let route = dosage.and_then(|dosage| dosage.route.as_ref());
        let route = route.and_then(|route| codes::first(route, scope.out));
        let order = self.request.as_ref().and_then(|order| order.reference.as_deref());
        let order = order.and_then(|order| scope.named(order, "MedicationRequest"));
        let category = inpatient(self.category.iter().flat_map(Concept::codes));
        let link = scope.link(self.context.as_ref(), category);
        let drug = |medicine: Medicine| {
            let (quantity, unit) = medicine.amount.or_else(|| dose.clone()).unzip();
            Record::Drug(Drug {
                codes: medicine.codes,
                start,
                end,
                days: None,
                quantity,
                unit: unit.flatten(),
                route: route.clone(),
                provenance: Provenance::EhrAdministration,
                order: order.clone(),
                link: link.clone(),
                reference: medicine.reference,
            })
        };
        Ok(medicines.into_iter().map(drug).collect())
    }
}
