//! Code systems, by the URIs that FHIR sources use for them: OIDs and URLs, the ones of JP Core and their predecessors.
//!
//! JP Core is moving from OIDs to URLs and still allows both (guide-urlmap); drafts used others. What is not known
//! here is a local code.

use crate::System;

/// What a system's URI stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// Codes of a system.
    Codes(System),
    /// Codes of HOT with package and distribution behind the nine digits that name the product.
    LongHot,
    /// No codes, but statements that there is none.
    Nothing,
}

/// The system of a URI; local where it is not known.
pub(super) fn of(uri: &str) -> Known {
    let uri = uri.split('|').next().unwrap_or_default().trim();
    if let Some(oid) = uri.strip_prefix("urn:oid:").or_else(|| is_oid(uri).then_some(uri)) {
        return by_oid(oid);
    }
    let Some((_, url)) = uri.split_once("://") else { return Known::Codes(System::Local) };
    by_url(url.trim_end_matches('/'))
}

fn is_oid(uri: &str) -> bool {
    uri.starts_with(|c: char| c.is_ascii_digit()) && uri.bytes().all(|b| b.is_ascii_digit() || b == b'.')
}

fn by_oid(oid: &str) -> Known {
    let system = match oid {
        "1.2.392.200119.4.101.2" => System::Medis,
        "1.2.392.200119.4.101.6" => System::MedisExchange,
        "1.2.392.200119.4.402.1" => return Known::LongHot,
        "1.2.392.200119.4.403.1" | "1.2.392.100495.20.2.74" | "1.2.392.100495.20.1.74" => System::Hot9,
        "1.2.392.200119.4.403.2" => System::Hot7,
        "1.2.392.100495.20.2.73" | "1.2.392.100495.20.1.73" => System::Yj,
        "1.2.392.100495.20.2.81" | "1.2.392.100495.20.1.81" => System::Generic,
        "1.2.392.200119.4.504" | "1.2.392.200119.4.1005" => System::Jlac10,
        "1.2.392.200119.4.1201" => System::Jj1017,
        "1.2.392.100495.20.2.101" => System::Merit9,
        "1.2.392.200250.2.2.20" | "1.2.392.200250.2.2.20.20" => System::Usage,
        "1.2.392.100495.20.2.34" => System::Hl7(162),
        "1.2.392.200250.2.2.2" => System::Department,
        "2.16.840.1.113883.6.1" => System::Loinc,
        "2.16.840.1.113883.6.96" => System::Snomed,
        "2.16.840.1.113883.6.88" => System::RxNorm,
        "2.16.840.1.113883.12.292" => System::Cvx,
        "2.16.840.1.113883.6.73" => System::Atc,
        "2.16.840.1.113883.6.3" => System::Icd10,
        "2.16.840.1.113883.6.90" => System::Icd10Cm,
        "2.16.840.1.113883.6.8" => System::Ucum,
        _ => match oid.split_once("2.16.840.1.113883.") {
            Some(("", rest)) if rest.starts_with("5.") => System::Fhir,
            Some(("", rest)) => table(rest.strip_prefix("12.")),
            _ => System::Local,
        },
    };
    Known::Codes(system)
}

/// A table of HL7 v2, by its number.
fn table(number: Option<&str>) -> System {
    number.and_then(|number| number.parse().ok()).map_or(System::Local, System::Hl7)
}

fn by_url(url: &str) -> Known {
    let name = url.rsplit('/').next().unwrap_or_default();
    let system = match url {
        "loinc.org" => System::Loinc,
        "snomed.info/sct" => System::Snomed,
        "www.nlm.nih.gov/research/umls/rxnorm" => System::RxNorm,
        "hl7.org/fhir/sid/cvx" => System::Cvx,
        "www.whocc.no/atc" => System::Atc,
        "unitsofmeasure.org" => System::Ucum,
        "hl7.org/fhir/sid/icd-10" => System::Icd10,
        "hl7.org/fhir/sid/icd-10-cm" => System::Icd10Cm,
        _ if url.starts_with("jpfhir.jp/") => return japanese(url, name),
        _ if url.starts_with("medis.or.jp/CodeSystem/") => return medis(name),
        _ if url.starts_with("capstandard.jp/") && name == "YJ-code" => System::Yj,
        _ if url.starts_with("snomed.info/sct/") => System::Snomed,
        _ => return international(url, name),
    };
    Known::Codes(system)
}

fn international(url: &str, name: &str) -> Known {
    let system = match url {
        "jami.jp/CodeSystem/MedicationUsage" => System::Usage,
        "jami.jp/SS-MIX2/CodeSystem/ClinicalDepartment" => System::Department,
        _ if url.starts_with("terminology.hl7.org/CodeSystem/") => match name.strip_prefix("v2-") {
            Some(number) => table(Some(number)),
            None => System::Fhir,
        },
        _ if url.starts_with("hl7.org/fhir/v2/") => table(Some(name)),
        _ if url.starts_with("hl7.org/fhir/") => System::Fhir,
        _ => System::Local,
    };
    Known::Codes(system)
}

fn medis(name: &str) -> Known {
    let system = match name {
        "master-disease-keyNumber" => System::Medis,
        "master-disease-exCode" => System::MedisExchange,
        "master-HOT13" => return Known::LongHot,
        "master-HOT9" => System::Hot9,
        "master-HOT7" => System::Hot7,
        "master-JLAC10-17digits" => System::Jlac10,
        "master-JLAC11-17digits" => System::Jlac11,
        _ => System::Local,
    };
    Known::Codes(system)
}

fn japanese(url: &str, name: &str) -> Known {
    let system = match name {
        "MedicationCodeNocoded_CS" => return Known::Nothing,
        "ICD10-2013-full" | "ICD10-2013-3digits" | "JP_ConditionDiseaseCodeICD10_CS" => System::Icd10,
        "MedicationGeneralOrderCode" => System::Generic,
        "JP_ProcedureCodesMedical_CS" => System::Receipt,
        "MedicationUnitMERIT9Code" => System::Merit9,
        "MedicationUsage_ePrescription" => System::Usage,
        "route-codes" => System::Hl7(162),
        "JP_CLINS_ObsLabResult_CoreLabo_CS" | "JP_CLINS_ObsLabResult_InfectionLabo_CS" => System::Jlac10,
        _ if name.contains("Jfagy") => System::Jfagy,
        _ if url.starts_with("jpfhir.jp/fhir/clins/CodeSystem/JLAC10/") => System::Jlac10,
        _ => System::Local,
    };
    Known::Codes(system)
}

/// Where a system stands among codes for one thing. The national code of Japan comes first, since it is what a
/// consortium's sites share; then come the systems whose codes are standard concepts or lead straight to them.
pub(super) fn rank(system: System) -> u8 {
    match system {
        System::Jlac10 | System::Icd10 | System::Hot9 => 0,
        System::Jlac11 | System::Yj => 1,
        System::Hot7 | System::Medis | System::Kcode => 2,
        System::MedisExchange | System::Generic | System::Receipt | System::Jj1017 | System::Lendo | System::Janis => 3,
        System::Jfagy | System::Usage | System::Merit9 | System::Department | System::Dpc | System::Ssmix2 => 4,
        System::Loinc | System::Snomed | System::RxNorm | System::Cvx | System::Ucum => 5,
        System::Icd10Cm | System::Atc => 6,
        System::Hl7(_) | System::Fhir => 7,
        System::Local => 9,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn systems_are_known_by_oid_and_by_url() {
        for (uri, system) in [
            ("urn:oid:1.2.392.200119.4.504", System::Jlac10),
            ("http://medis.or.jp/CodeSystem/master-JLAC10-17digits", System::Jlac10),
            ("http://jpfhir.jp/fhir/clins/CodeSystem/JLAC10/JP_CLINS_ObsLabResult_CoreLabo_CS", System::Jlac10),
            ("http://jpfhir.jp/fhir/clins/CodeSystem/JP_CLINS_ObsLabResult_LocalCode_CS", System::Local),
            ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-full|1.2", System::Icd10),
            ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/ICD10-2013-3digits", System::Icd10),
            ("http://hl7.org/fhir/sid/icd-10-cm", System::Icd10Cm),
            ("1.2.392.200119.4.101.2", System::Medis),
            ("http://medis.or.jp/CodeSystem/master-disease-exCode", System::MedisExchange),
            ("urn:oid:1.2.392.100495.20.2.74", System::Hot9),
            ("http://medis.or.jp/CodeSystem/master-HOT7", System::Hot7),
            ("http://capstandard.jp/iyaku.info/CodeSystem/YJ-code", System::Yj),
            ("http://jpfhir.jp/fhir/core/mhlw/CodeSystem/MedicationGeneralOrderCode", System::Generic),
            ("urn:oid:1.2.392.100495.20.2.101", System::Merit9),
            ("http://jami.jp/CodeSystem/MedicationUsage", System::Usage),
            ("http://jpfhir.jp/fhir/core/CodeSystem/route-codes", System::Hl7(162)),
            ("http://terminology.hl7.org/CodeSystem/v2-0112", System::Hl7(112)),
            ("http://hl7.org/fhir/v2/0112", System::Hl7(112)),
            ("urn:oid:2.16.840.1.113883.12.112", System::Hl7(112)),
            ("http://terminology.hl7.org/CodeSystem/v3-ActCode", System::Fhir),
            ("urn:oid:2.16.840.1.113883.5.4", System::Fhir),
            ("http://jpfhir.jp/fhir/core/CodeSystem/YCM/JP_JfagyMedicationAllergen_CS", System::Jfagy),
            ("http://jami.jp/SS-MIX2/CodeSystem/ClinicalDepartment", System::Department),
            ("https://loinc.org/", System::Loinc),
            ("http://snomed.info/sct|http://snomed.info/sct/900000000000207008", System::Snomed),
            ("urn:oid:2.16.840.1.113883.6.96", System::Snomed),
            ("http://www.nlm.nih.gov/research/umls/rxnorm", System::RxNorm),
            ("urn:oid:2.16.840.1.113883.12.292", System::Cvx),
            ("http://unitsofmeasure.org", System::Ucum),
            ("http://www.whocc.no/atc", System::Atc),
            ("urn:oid:1.2.392.200119.4.1005", System::Jlac10),
            ("urn:oid:1.2.392.200119.4.1201", System::Jj1017),
            ("http://jpfhir.jp/fhir/core/CodeSystem/JP_ProcedureCodesMedical_CS", System::Receipt),
            ("http://hospital.example/codes", System::Local),
            ("", System::Local),
        ] {
            assert_eq!(of(uri), Known::Codes(system), "{uri}");
        }
    }

    #[test]
    fn hot13_is_cut_to_its_product_and_nocoded_is_no_code() {
        assert_eq!(of("urn:oid:1.2.392.200119.4.402.1"), Known::LongHot);
        assert_eq!(of("http://jpfhir.jp/fhir/eCS/CodeSystem/MedicationCodeNocoded_CS"), Known::Nothing);
    }
}
