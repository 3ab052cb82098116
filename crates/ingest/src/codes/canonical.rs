//! One spelling for one code.

use super::fold::fold;
use super::remarks::{CHECK_DIGIT, CUT, JLAC10_ANALYTE, JLAC10_SHORT, RECEIPT_AS_HOT, RELABELLED, UNSHAPED};
use super::shape::{self, Jlac10};
use crate::code::{Coding, System};
use crate::remark::{Remark, Remarks};

/// Characters that are kept of a code without a shape.
const LONGEST: usize = 80;

/// A code of a system as a source labels it, in its canonical spelling. Labels lie: what does not have the shape of its
/// system becomes a code of the system whose shape it has, where that can be no other, or else a local one, and is
/// remarked upon. Nothing for a code that is empty.
///
/// The canonical spelling of a canonical code is itself. JLAC10 and JLAC11 have no hyphens, DPC a small `x`, HOT nine
/// digits or seven; a JLAC10 code that stops after the analyte stays one, for a site's map can still name it.
#[must_use]
pub fn canonical(system: System, raw: &str, remarks: &mut Remarks) -> Option<Coding> {
    let code = fold(raw);
    if code.is_empty() {
        return None;
    }
    if let Some((spelt, remark)) = spell(system, &code) {
        if let Some(remark) = remark {
            remarks.add(&remark);
        }
        return Some(Coding::new(system, spelt));
    }
    if has_no_shape(system) {
        return Some(Coding::new(system, bounded(&code, remarks)));
    }
    if let Some((other, spelt)) = other(system, &code) {
        let hot = matches!(system, System::Hot7 | System::Hot9) && other == System::Receipt;
        remarks.add(if hot { &RECEIPT_AS_HOT } else { &RELABELLED });
        return Some(Coding::new(other, spelt));
    }
    let checked = matches!(system, System::Loinc if shape::loinc(&code).is_some())
        || matches!(system, System::Snomed if shape::snomed(&code).is_some());
    remarks.add(if checked { &CHECK_DIGIT } else { &UNSHAPED });
    Some(Coding::new(System::Local, bounded(&code, remarks)))
}

/// Whether any text may be a code of the system.
fn has_no_shape(system: System) -> bool {
    use System::{Department, Fhir, Hl7, Janis, Jfagy, Jj1017, Lendo, Local, Merit9, Ssmix2, Ucum};
    matches!(system, Department | Fhir | Hl7(_) | Janis | Jfagy | Jj1017 | Lendo | Local | Merit9 | Ssmix2 | Ucum)
}

fn bounded(code: &str, remarks: &mut Remarks) -> String {
    match code.char_indices().nth(LONGEST) {
        None => code.to_owned(),
        Some((end, _)) => {
            remarks.add(&CUT);
            code[..end].trim_end().to_owned()
        }
    }
}

/// The code as its system spells it, and what deserves a remark about it.
fn spell(system: System, code: &str) -> Option<(String, Option<Remark>)> {
    let checked = |(spelt, right): (String, bool)| right.then_some(spelt);
    let spelt = match system {
        System::Icd10 => shape::icd10(code),
        System::Icd10Cm => shape::icd10_cm(code),
        System::Medis => shape::medis(code),
        System::MedisExchange => shape::medis_exchange(code),
        System::Hot9 => shape::hot9(code).filter(|code| shape::receipt_drug(code).is_none()),
        System::Hot7 => shape::hot7(code),
        System::Yj => shape::yj(code),
        System::Generic => shape::generic(code),
        System::Receipt => shape::receipt(code),
        System::Jlac10 => {
            let (spelt, extent) = shape::jlac10(code)?;
            let remark = match extent {
                Jlac10::Whole => None,
                Jlac10::Short => Some(JLAC10_SHORT),
                Jlac10::Analyte => Some(JLAC10_ANALYTE),
            };
            return Some((spelt, remark));
        }
        System::Jlac11 => shape::jlac11(code),
        System::Kcode => shape::kcode(code),
        System::Dpc => shape::dpc(code),
        System::Usage => shape::usage(code),
        System::Loinc => shape::loinc(code).and_then(checked),
        System::Snomed => shape::snomed(code).and_then(checked),
        System::RxNorm => shape::rxnorm(code),
        System::Cvx => shape::cvx(code),
        System::Atc => shape::atc(code),
        _ => None,
    };
    spelt.map(|spelt| (spelt, None))
}

/// The system of the same field of medicine whose shape the code has, where it can be of no other.
fn other(system: System, code: &str) -> Option<(System, String)> {
    match system {
        System::Icd10 | System::Icd10Cm | System::Medis | System::MedisExchange => disease(system, code),
        System::Hot9 | System::Hot7 | System::Yj | System::Generic | System::Receipt => drug(system, code),
        System::Jlac10 | System::Jlac11 | System::Loinc => test(code),
        System::Snomed => loinc(code),
        _ => None,
    }
}

/// Four characters can be an exchange code or an ICD-10 code without its dot: the label of neither decides.
fn disease(system: System, code: &str) -> Option<(System, String)> {
    if let Some(code) = shape::medis(code) {
        return Some((System::Medis, code));
    }
    let icd = shape::icd10(code);
    if system == System::Medis
        && let Some(code) = shape::medis_exchange(code)
    {
        return icd.is_none().then_some((System::MedisExchange, code));
    }
    if let Some(icd) = icd {
        return Some((System::Icd10, icd));
    }
    shape::icd10_cm(code).filter(|code| code.len() > 6).map(|code| (System::Icd10Cm, code))
}

/// Nine digits under the label of the fee tables that they do not know are no HOT code either.
fn drug(system: System, code: &str) -> Option<(System, String)> {
    let of = |system: System, code: Option<String>| code.map(|code| (system, code));
    of(System::Yj, shape::yj(code))
        .or_else(|| of(System::Generic, shape::generic(code)))
        .or_else(|| of(System::Receipt, shape::receipt_drug(code)))
        .or_else(|| {
            let hot9 = shape::hot9(code).filter(|hot9| shape::receipt_drug(hot9).is_none());
            of(System::Hot9, hot9).filter(|_| system != System::Receipt || code.len() > 9)
        })
        .or_else(|| of(System::Hot7, shape::hot7(code)).filter(|_| system == System::Hot9))
}

fn test(code: &str) -> Option<(System, String)> {
    let whole = shape::jlac10(code).filter(|(code, extent)| *extent == Jlac10::Whole && code.len() > 3);
    whole
        .map(|(code, _)| (System::Jlac10, code))
        .or_else(|| shape::jlac11(code).map(|code| (System::Jlac11, code)))
        .or_else(|| loinc(code))
}

fn loinc(code: &str) -> Option<(System, String)> {
    shape::loinc(code).filter(|(_, right)| *right).map(|(code, _)| (System::Loinc, code))
}

#[cfg(test)]
mod tests;
