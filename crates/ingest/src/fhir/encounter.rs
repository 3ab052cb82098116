//! Encounter: a visit, or a part of one.

use serde::Deserialize;

use super::convert::Event;
use super::fault::{Fault, parse};
use super::json::{List, Text};
use super::model::{Coding, Concept, Extension, Period, Reference};
use super::scope::Scope;
use super::{codes, remarks};
use crate::System;
use crate::code::Coding as Code;
use crate::record::{Death, Provenance, Record, Setting, Visit};

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Encounter<'a> {
    #[serde(borrow)]
    status: Option<Text<'a>>,
    #[serde(borrow)]
    class: Option<Coding<'a>>,
    #[serde(borrow)]
    period: Option<Period<'a>>,
    #[serde(borrow)]
    class_history: List<Past<'a>>,
    #[serde(borrow)]
    part_of: Option<Reference<'a>>,
    #[serde(borrow)]
    service_type: Option<Concept<'a>>,
    #[serde(borrow)]
    hospitalization: Option<Hospitalization<'a>>,
    #[serde(borrow)]
    extension: List<Extension<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Hospitalization<'a> {
    #[serde(borrow)]
    admit_source: Option<Concept<'a>>,
    #[serde(borrow)]
    discharge_disposition: Option<Concept<'a>>,
}

/// A class that the visit had for a time. Referrals of JP-CLINS date their visit by it alone.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Past<'a> {
    #[serde(borrow)]
    period: Option<Period<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Class<'a> {
    #[serde(borrow)]
    class: Option<Coding<'a>>,
}

/// The setting of an Encounter, from its JSON.
pub(super) fn setting_of(json: &str) -> Option<Setting> {
    let resource: Class<'_> = parse(json).ok()?;
    setting(resource.class?.code.as_deref()?)
}

/// The setting of a class: v3-ActCode, which JP Core asks for, and HL7's table 0004, which SS-MIX2 has.
fn setting(class: &str) -> Option<Setting> {
    match class.trim() {
        "IMP" | "ACUTE" | "NONAC" | "SS" | "I" | "B" => Some(Setting::Inpatient),
        "AMB" | "VR" | "FLD" | "OBSENC" | "PRENC" | "O" | "R" | "P" => Some(Setting::Outpatient),
        "EMER" | "E" => Some(Setting::Emergency),
        "HH" => Some(Setting::Home),
        _ => None,
    }
}

impl<'a> Event<'a> for Encounter<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        if matches!(self.status.as_deref(), Some("planned" | "cancelled" | "entered-in-error" | "discontinued")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let class = self.class.as_ref().and_then(|class| class.code.as_deref());
        let setting = class.and_then(setting).ok_or_else(|| Fault::essential("class"))?;
        let period = self.period.as_ref();
        let first = self.class_history.iter().find_map(|past| past.period.as_ref()?.start.as_ref());
        let start = scope.start(period.and_then(|period| period.start.as_ref()).or(first), "period.start")?;
        let start = start.ok_or_else(|| Fault::essential("period.start"))?;
        let end = scope.end(period.and_then(|period| period.end.as_ref()));
        let part_of = self.part_of.as_ref().and_then(|parent| parent.reference.as_deref());
        let part_of = part_of.and_then(|parent| scope.named(parent, "Encounter"));
        let stay = self.hospitalization.as_ref();
        let admitted_from = stay.and_then(|stay| stay.admit_source.as_ref());
        let admitted_from = admitted_from.and_then(|source| codes::first(source, scope.out));
        let discharged_to = stay.and_then(|stay| stay.discharge_disposition.as_ref());
        let discharged_to = discharged_to.and_then(|disposition| codes::first(disposition, scope.out));
        let died = discharged_to.as_ref().is_some_and(|code| self.says_died(code));
        let visit = Visit {
            key: Some(scope.key.to_owned()),
            part_of,
            setting,
            start,
            end,
            department: self.department(scope),
            admitted_from,
            discharged_to,
            provenance: Provenance::EhrEncounter,
        };
        let death = end.filter(|_| died).map(|at| Record::Death(Death { at, provenance: Provenance::Ehr }));
        Ok(std::iter::once(Record::Visit(visit)).chain(death).collect())
    }
}

impl Encounter<'_> {
    /// Died in hospital: `exp` of FHIR, 20-29 and 40-42 of HL7's table 0112 (the codes of NUBC, too, say so).
    fn says_died(&self, code: &Code) -> bool {
        match code.system {
            System::Fhir => &*code.code == "exp",
            System::Hl7(112) => matches!(code.code.as_bytes(), [b'2', b'0'..=b'9'] | [b'4', b'0'..=b'2']),
            _ => self.is_nubc() && matches!(&*code.code, "20" | "40" | "41" | "42"),
        }
    }

    fn is_nubc(&self) -> bool {
        let disposition = self.hospitalization.as_ref().and_then(|stay| stay.discharge_disposition.as_ref());
        let systems = disposition.into_iter().flat_map(|concept| concept.coding.iter());
        systems
            .filter_map(|coding| coding.system.as_deref())
            .any(|system| system.contains("nubc.org/patient-discharge"))
    }

    /// The department that serves, or the one that eCS names.
    fn department(&self, scope: &mut Scope<'_, '_>) -> Option<Code> {
        let named = Extension::named(&self.extension, "JP_eCS_Department").next();
        let named = named.and_then(|extension| extension.value_codeable_concept.as_ref());
        self.service_type.iter().chain(named).find_map(|concept| codes::first(concept, scope.out))
    }
}
