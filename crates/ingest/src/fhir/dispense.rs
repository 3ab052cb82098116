//! MedicationDispense: a drug that was handed out.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::{List, Text};
use super::medication::{Medicine, days, medicines};
use super::model::{Concept, Quantity, Reference};
use super::scope::{Scope, inpatient};
use super::{codes, remarks};
use crate::record::{Drug, Provenance, Record};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Dispense<'a> {
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
    authorizing_prescription: List<Reference<'a>>,
    #[serde(borrow)]
    quantity: Option<Quantity<'a>>,
    #[serde(borrow)]
    days_supply: Option<Quantity<'a>>,
    #[serde(borrow)]
    when_prepared: Option<Text<'a>>,
    #[serde(borrow)]
    when_handed_over: Option<Text<'a>>,
    #[serde(borrow)]
    dosage_instruction: List<Dosage<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dosage<'a> {
    #[serde(borrow)]
    route: Option<Concept<'a>>,
}

impl<'a> Event<'a> for Dispense<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if !matches!(self.status.as_deref(), Some("completed")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let medicines =
            medicines(self.medication_codeable_concept.as_ref(), self.medication_reference.as_ref(), scope)?;
        let start = match scope.start(self.when_handed_over.as_ref(), "whenHandedOver")? {
            None => scope.start(self.when_prepared.as_ref(), "whenPrepared")?,
            found => found,
        };
        let start = start.ok_or_else(|| Fault::essential("whenHandedOver"))?;
        let supply = self.quantity.as_ref();
        let supply = supply.and_then(|supply| Some((supply.value?, codes::unit(supply, scope.out))));
        let route = self.dosage_instruction.iter().find_map(|dosage| dosage.route.as_ref());
        let route = route.and_then(|route| codes::first(route, scope.out));
        let order = self.authorizing_prescription.iter().find_map(|order| order.reference.as_deref());
        let order = order.and_then(|order| scope.named(order, "MedicationRequest"));
        let category = inpatient(self.category.iter().flat_map(Concept::codes));
        let link = scope.link(self.context.as_ref(), category);
        let drug = |medicine: Medicine| {
            let (quantity, unit) = medicine.amount.or_else(|| supply.clone()).unzip();
            Record::Drug(Drug {
                codes: medicine.codes,
                start,
                end: None,
                days: self.days_supply.as_ref().and_then(days),
                quantity,
                unit: unit.flatten(),
                route: route.clone(),
                provenance: Provenance::EhrDispensing,
                order: order.clone(),
                link: link.clone(),
                reference: medicine.reference,
            })
        };
        Ok(medicines.into_iter().map(drug).collect())
    }
}
