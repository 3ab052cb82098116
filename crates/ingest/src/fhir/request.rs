//! MedicationRequest: a prescription.

use serde::Deserialize;

use super::convert::Event;
use super::fault::Fault;
use super::json::{List, Text};
use super::medication::{days, medicines};
use super::model::{Concept, Extension, Period, Quantity, Reference, Timing};
use super::scope::{Scope, inpatient};
use super::{codes, remarks};
use crate::When;
use crate::record::{Drug, Provenance, Record};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Request<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    intent: Option<Text<'a>>,
    do_not_perform: Option<bool>,
    #[serde(borrow)]
    category: List<Concept<'a>>,
    #[serde(borrow)]
    medication_codeable_concept: Option<Concept<'a>>,
    #[serde(borrow)]
    medication_reference: Option<Reference<'a>>,
    #[serde(borrow)]
    encounter: Option<Reference<'a>>,
    #[serde(borrow)]
    authored_on: Option<Text<'a>>,
    #[serde(borrow)]
    dosage_instruction: List<Dosage<'a>>,
    #[serde(borrow)]
    dispense_request: Option<Supply<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Dosage<'a> {
    #[serde(borrow)]
    extension: List<Extension<'a>>,
    #[serde(borrow)]
    timing: Option<Timing<'a>>,
    #[serde(borrow)]
    route: Option<Concept<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Supply<'a> {
    #[serde(borrow)]
    quantity: Option<Quantity<'a>>,
    #[serde(borrow)]
    expected_supply_duration: Option<Quantity<'a>>,
    #[serde(borrow)]
    validity_period: Option<Period<'a>>,
}

impl<'a> Event<'a> for Request<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if matches!(self.status.as_deref(), Some("cancelled" | "entered-in-error" | "draft")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        if matches!(self.intent.as_deref(), Some("proposal" | "plan" | "option")) || self.do_not_perform == Some(true) {
            scope.out.remark(&remarks::INTENT);
            return Ok(Vec::new());
        }
        let medicines =
            medicines(self.medication_codeable_concept.as_ref(), self.medication_reference.as_ref(), scope)?;
        let start = self.start(scope)?.ok_or_else(|| Fault::essential("authoredOn"))?;
        let end = self.dosage_instruction.iter().find_map(|dosage| dosage.period().and_then(|p| p.end.as_ref()));
        let end = scope.end(end);
        let supply = self.dispense_request.as_ref().and_then(|supply| supply.quantity.as_ref());
        let supply = supply.and_then(|supply| Some((supply.value?, codes::unit(supply, scope.out))));
        let route = self.dosage_instruction.iter().find_map(|dosage| dosage.route.as_ref());
        let route = route.and_then(|route| codes::first(route, scope.out));
        let category = inpatient(self.category.iter().flat_map(Concept::codes));
        let link = scope.link(self.encounter.as_ref(), category);
        let drug = |medicine: super::medication::Medicine| {
            let (quantity, unit) = medicine.amount.or_else(|| supply.clone()).unzip();
            Record::Drug(Drug {
                codes: medicine.codes,
                start,
                end,
                days: self.days(),
                quantity,
                unit: unit.flatten(),
                route: route.clone(),
                provenance: Provenance::EhrPrescription,
                order: Some(scope.key.to_owned()),
                link: link.clone(),
                reference: medicine.reference,
            })
        };
        Ok(medicines.into_iter().map(drug).collect())
    }
}

impl Request<'_> {
    /// The first day of use as JP Core and FHIR have it, or else the day of the prescription.
    fn start(&self, scope: &mut Scope<'_, '_>) -> Result<Option<When>, Fault> {
        let period = self.dosage_instruction.iter().find_map(|dosage| dosage.period().and_then(|p| p.start.as_ref()));
        if period.is_some() {
            return scope.start(period, "dosageInstruction");
        }
        let timings = self.dosage_instruction.iter().filter_map(|dosage| dosage.timing.as_ref());
        let event = timings.filter_map(|timing| timing.event.first()).next();
        if event.is_some() {
            return scope.start(event, "dosageInstruction.timing.event");
        }
        let valid = self.dispense_request.as_ref().and_then(|supply| supply.validity_period.as_ref());
        let valid = valid.and_then(|period| period.start.as_ref());
        scope.start(self.authored_on.as_ref().or(valid), "authoredOn")
    }

    /// Days of use: those that JP Core counts, those that are supplied, those that the timing spans. Instructions that
    /// follow each other share one supply, so the longest counts.
    fn days(&self) -> Option<i32> {
        let usage = self.dosage_instruction.iter().filter_map(|dosage| {
            let usage = Extension::named(&dosage.extension, "JP_MedicationDosage_UsageDuration").next()?;
            days(usage.value_duration.as_ref()?)
        });
        let supplied = || days(self.dispense_request.as_ref()?.expected_supply_duration.as_ref()?);
        let spanned = self.dosage_instruction.iter().filter_map(|dosage| {
            let repeat = dosage.timing.as_ref()?.repeat.as_ref()?;
            days(repeat.bounds_duration.as_ref()?)
        });
        usage.max().or_else(supplied).or_else(|| spanned.max())
    }
}

impl<'a> Dosage<'a> {
    fn period(&self) -> Option<&Period<'a>> {
        let extension = Extension::named(&self.extension, "JP_MedicationDosage_PeriodOfUse").next();
        let own = extension.and_then(|extension| extension.value_period.as_ref());
        own.or_else(|| self.timing.as_ref()?.repeat.as_ref()?.bounds_period.as_ref())
    }
}
