//! The code systems, by address or by object identifier.

use serde_json::{Value, json};

use crate::{Code, Hospital, Profile};

pub(super) const ICD10: &str = "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full";
pub(super) const ACTS: &str = "http://jpfhir.jp/fhir/core/CodeSystem/JP_ProcedureCodesMedical_CS";
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// What the hospital calls the systems.
pub(super) struct Systems {
    pub hot9: &'static str,
    pub yj: &'static str,
    pub jlac10: &'static str,
    pub medis: &'static str,
    pub merit9: &'static str,
    pub usage: &'static str,
    pub route: &'static str,
    pub department: &'static str,
    /// The patients' numbers.
    pub patient: String,
    /// The hospital's own codes.
    pub local: String,
}

impl Systems {
    pub(super) fn of(hospital: &Hospital) -> Self {
        let local = format!("http://{}.example.jp/fhir/CodeSystem/local", hospital.spec.site.to_lowercase());
        let patient = "urn:oid:1.2.392.100495.20.3.51.19999999999".to_owned();
        if hospital.spec.profile == Profile::University {
            return Self {
                hot9: "http://medis.or.jp/CodeSystem/master-HOT9",
                yj: "http://capstandard.jp/iyaku.info/CodeSystem/YJ-code",
                jlac10: "http://medis.or.jp/CodeSystem/master-JLAC10-17digits",
                medis: "http://medis.or.jp/CodeSystem/master-disease-keyNumber",
                merit9: "http://jpfhir.jp/fhir/core/mhlw/CodeSystem/MedicationUnitMERIT9Code",
                usage: "http://jami.jp/CodeSystem/MedicationUsage",
                route: "http://jpfhir.jp/fhir/core/CodeSystem/route-codes",
                department: "http://jami.jp/SS-MIX2/CodeSystem/ClinicalDepartment",
                patient,
                local,
            };
        }
        Self {
            hot9: "urn:oid:1.2.392.200119.4.403.1",
            yj: "urn:oid:1.2.392.100495.20.2.73",
            jlac10: "urn:oid:1.2.392.200119.4.504",
            medis: "urn:oid:1.2.392.200119.4.101.2",
            merit9: "urn:oid:1.2.392.100495.20.2.101",
            usage: "urn:oid:1.2.392.200250.2.2.20.20",
            route: "urn:oid:1.2.392.100495.20.2.34",
            department: "urn:oid:1.2.392.200250.2.2.2",
            patient,
            local,
        }
    }

    /// The system of a canonical code's prefix.
    pub(super) fn address(&self, prefix: &str) -> &str {
        match prefix {
            "ICD10" => ICD10,
            "HOT9" => self.hot9,
            "YJ" => self.yj,
            "JLAC10" => self.jlac10,
            "RECEIPT" => ACTS,
            _ => &self.local,
        }
    }

    /// One coding for a code of the model, as this format has it.
    pub(super) fn coding(&self, drugs: &str, code: Code, display: &str) -> Option<Value> {
        let source = crate::carry::source(crate::Format::FhirNdjson { gzip: false }, drugs, code)?;
        let (prefix, code) = source.split_once(':')?;
        Some(json!({"system": self.address(prefix), "code": code, "display": display}))
    }
}
