//! What a format carries of the model, and under which codes.
//!
//! Sites that hold one hospital in different formats must give the same answers, as far as the formats can hold the
//! same facts. [`carried`] says how many rows and persons each code and each concept must have after a faithful
//! conversion; what it does not count, a conversion cannot have.
//!
//! | of the model | OMOP | SS-MIX2 | FHIR | DPC | mapped CSV |
//! |---|---|---|---|---|---|
//! | persons | all | all | all | with a stay | all |
//! | deaths | all, with cause | in hospital, by PV1-36 | all | in hospital, by the outcome | all |
//! | stays | all | all | all | all, to the day | all |
//! | outpatient visits | all | start only | all | none | all |
//! | emergency visits | 9203 | as outpatient visits (9202) | 9203 | none | 9203 |
//! | diagnoses | all | all | all | of stays; the main one three times | all |
//! | visit of a diagnosis | all | none: by the day | all | all | all |
//! | prescriptions | all | all | all | of stays | all |
//! | injections | as prescriptions | order and one administration for the course | the same two | as prescriptions | as prescriptions |
//! | codes of drugs | HOT9 or YJ | the same | the same | the fee tables' | HOT9 or YJ |
//! | results | all | all; vital signs as physiology (OMG-13) | all; blood pressure as one panel | none | all |
//! | rows that do not know their visit | a share | by the time | none | | none |
//! | procedures | all | imaging only, JJ1017 or LENDO | all, the fee tables' codes | of stays, the fee tables' codes; surgery (K) also by its K-code | all |
//! | smoking | all | none | all | none | all |
//! | place | municipality | postal code | postal code | postal code | postal code |
//! | doctors | number | name | name | none | none |
//!
//! Beyond the model: SS-MIX2 has transfers between wards, specimens, insurance and an obsolete version here and there;
//! FHIR has insurance; DPC has the daily fee of the ward, and routes of admission and outcomes as answers. Rows of these
//! are in no count. An order of an injection and its administration are one event. Names, addresses, telephone and insurance
//! numbers ([`crate::identity`](crate::identity())) are in all but the OMOP formats, so that a conversion can prove to
//! lose them. [`crate::Spec::dirt`] concerns the OMOP formats only.

use std::collections::{BTreeMap, BTreeSet};

use crate::terms::{self, Domain, Term};
use crate::{Code, Format, Hospital, Patient, Visit, VisitKind};

/// Rows, and the persons that have one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Tally {
    /// Rows.
    pub rows: u64,
    /// Persons.
    pub persons: u64,
}

/// What a format carries of a hospital.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Carried {
    /// Persons.
    pub persons: u64,
    /// Deaths.
    pub deaths: u64,
    /// Visits by concept (9201, 9202, 9203).
    pub visits: BTreeMap<i32, u64>,
    /// Events by domain and canonical code (`JLAC10:…`). A diagnosis that has a number of MEDIS's master as well is
    /// counted under ICD-10 only.
    pub codes: BTreeMap<(Domain, String), Tally>,
    /// Events by domain and standard concept; 0 holds all codes without a mapping.
    pub concepts: BTreeMap<(Domain, i32), Tally>,
    /// Results that have a number, by standard concept. The others say that a sample could not be measured: a comment
    /// in SS-MIX2, a reason of absence in FHIR, an empty field elsewhere. A conversion may leave them out.
    pub valued: BTreeMap<i32, Tally>,
}

impl Carried {
    /// Rows of a domain.
    #[must_use]
    pub fn rows(&self, domain: Domain) -> u64 {
        self.concepts.iter().filter(|((of, _), _)| *of == domain).map(|(_, tally)| tally.rows).sum()
    }
}

/// Counts what a format carries of a hospital.
#[must_use]
pub fn carried(hospital: &Hospital, format: Format) -> Carried {
    let mut carried = Carried::default();
    for patient in &hospital.patients {
        let visits = || patient.visits.iter().filter(|visit| takes(format, visit));
        if visits().next().is_none() {
            continue;
        }
        carried.persons += 1;
        carried.deaths += u64::from(has_death(format, patient));
        let mut own = Own::default();
        for visit in visits() {
            *carried.visits.entry(visit_concept(format, visit.kind)).or_default() += 1;
            own.visit(format, hospital.spec.profile.drug_system(), visit);
        }
        own.add_to(&mut carried);
    }
    carried
}

/// Whether a format has a visit at all.
pub(crate) fn takes(format: Format, visit: &Visit) -> bool {
    format != Format::Dpc || visit.kind == VisitKind::Inpatient
}

fn has_death(format: Format, patient: &Patient) -> bool {
    match format {
        Format::SsMix2 { .. } | Format::Dpc => patient.visits.iter().any(|visit| visit.died),
        _ => patient.death.is_some(),
    }
}

fn visit_concept(format: Format, kind: VisitKind) -> i32 {
    match (kind, format) {
        (VisitKind::Inpatient, _) => terms::INPATIENT.concept,
        (VisitKind::Emergency, Format::SsMix2 { .. }) | (VisitKind::Outpatient, _) => terms::OUTPATIENT.concept,
        (VisitKind::Emergency, _) => terms::EMERGENCY.concept,
    }
}

/// One patient's rows.
#[derive(Default)]
struct Own {
    codes: BTreeMap<(Domain, String), u64>,
    concepts: BTreeMap<(Domain, i32), u64>,
    valued: BTreeMap<i32, u64>,
}

impl Own {
    fn visit(&mut self, format: Format, drugs: &str, visit: &Visit) {
        for diagnosis in &visit.diagnoses {
            let times = if format == Format::Dpc && diagnosis.main { 3 } else { 1 };
            self.code(format, drugs, diagnosis.code, times);
        }
        visit.prescriptions.iter().for_each(|item| self.code(format, drugs, item.code, 1));
        for lab in visit.labs.iter().filter(|_| format != Format::Dpc) {
            self.code(format, drugs, lab.code, 1);
            if lab.value.is_some() {
                *self.valued.entry(lab.code.concept()).or_default() += 1;
            }
        }
        for item in &visit.procedures {
            self.code(format, drugs, item.code, 1);
            if format == Format::Dpc && is_surgery(item.code.term) {
                self.add(Domain::Procedure, format!("KCODE:{}", k_code(item.code)), item.code.concept(), 1);
            }
        }
        if let Some(code) = smoking(format) {
            for item in &visit.observations {
                self.add(Domain::Observation, code.into(), item.term.concept, 1);
            }
        }
    }

    fn code(&mut self, format: Format, drugs: &str, code: Code, times: u64) {
        if let Some(source) = source(format, drugs, code) {
            self.add(code.term.domain, source, code.concept(), times);
        }
    }

    fn add(&mut self, domain: Domain, source: String, concept: i32, times: u64) {
        *self.codes.entry((domain, source)).or_default() += times;
        *self.concepts.entry((domain, concept)).or_default() += times;
    }

    fn add_to(self, all: &mut Carried) {
        add(self.codes, &mut all.codes);
        add(self.concepts, &mut all.concepts);
        add(self.valued, &mut all.valued);
    }
}

/// Adds one person's rows.
fn add<K: Ord>(own: BTreeMap<K, u64>, all: &mut BTreeMap<K, Tally>) {
    for (key, rows) in own {
        let tally = all.entry(key).or_default();
        *tally = Tally { rows: tally.rows + rows, persons: tally.persons + 1 };
    }
}

/// The canonical code of the question about smoking; nothing where a format does not ask it.
pub(crate) fn smoking(format: Format) -> Option<&'static str> {
    match format {
        Format::Dpc | Format::SsMix2 { .. } => None,
        Format::FhirNdjson { .. } => Some("LOINC:72166-2"),
        _ => Some("LOCAL:SMOKING"),
    }
}

/// The local code of an answer about smoking.
pub(crate) fn answer(term: &Term) -> &'static str {
    match term.concept {
        concept if concept == terms::NEVER_SMOKED.concept => "SMOKING-0",
        concept if concept == terms::STOPPED_SMOKING.concept => "SMOKING-1",
        _ => "SMOKING-2",
    }
}

/// The canonical code that a format has for a code of the model; nothing where it has no place for it.
pub(crate) fn source(format: Format, drugs: &str, code: Code) -> Option<String> {
    let own = || code.source(drugs);
    match (format, code.term.domain) {
        (Format::Dpc, Domain::Drug) => Some(format!("RECEIPT:{}", receipt_drug(code))),
        (Format::Dpc | Format::FhirNdjson { .. }, Domain::Procedure) => Some(match (format, code.mapped) {
            (Format::FhirNdjson { .. }, false) => own(),
            _ => format!("RECEIPT:{}", receipt_act(code)),
        }),
        (Format::Dpc, Domain::Measurement) => None,
        (Format::SsMix2 { .. }, Domain::Procedure) => {
            let (_, system, image) = imaging(code.term)?;
            // A local code of SS-MIX2 means something only together with its table.
            Some(match code.mapped {
                true => format!("{system}:{image}"),
                false => format!("LOCAL:{IMAGES}:{}", code.term.stem),
            })
        }
        _ => Some(own()),
    }
}

/// The fee tables' code of a drug: invented, of their shape.
pub(crate) fn receipt_drug(code: Code) -> String {
    format!("6{}{}", if code.mapped { 2 } else { 1 }, code.term.stem)
}

/// The fee tables' code of an act: invented, of their shape.
pub(crate) fn receipt_act(code: Code) -> String {
    let (chapter, number) = code.term.stem.split_at(1);
    let section = match chapter {
        "D" => 160,
        "E" => 170,
        "G" => 130,
        "J" => 140,
        "K" => 150,
        _ => 180,
    };
    format!("{section}{number}{}", if code.mapped { "010" } else { "020" })
}

/// The K-code under which form 1 has a surgery: one that is not mapped has a branch that nobody mapped.
pub(crate) fn k_code(code: Code) -> String {
    format!("{}{}", code.term.stem, if code.mapped { "" } else { "9" })
}

/// Whether a procedure is surgery in the sense of the fee table's chapter K.
pub(crate) fn is_surgery(term: &Term) -> bool {
    term.domain == Domain::Procedure && term.stem.starts_with('K')
}

/// The hospital's own table of examinations, as SS-MIX2 names it.
pub(crate) const IMAGES: &str = "99IMG";

/// The SS-MIX2 kind, the code system and the code of imaging; invented, of the systems' shapes.
pub(crate) fn imaging(term: &Term) -> Option<(&'static str, &'static str, &'static str)> {
    match term.stem {
        "E001" => Some(("OMG-11", "JJ1017", "10000010020010000000000000000000")),
        "D215" => Some(("OMG-11", "JJ1017", "99000020030020000000000000000000")),
        "D313" => Some(("OMG-12", "LENDO", "12000010000")),
        _ => None,
    }
}

/// The number of a disease in a master of diseases: invented, of the shape of MEDIS's.
pub(crate) fn medis(code: Code) -> String {
    let place = terms::CONDITIONS.iter().position(|term| *term == code.term).unwrap_or_default();
    format!("2099{:03}{}", place, u8::from(!code.mapped))
}

/// Every code that any of the formats has, in canonical spelling, with its term and concept.
pub(crate) fn every_code() -> BTreeMap<String, (&'static Term, i32)> {
    let formats = [
        Format::CsvV54,
        Format::SsMix2 { history: false },
        Format::FhirNdjson { gzip: false },
        Format::Dpc,
        Format::CsvJa,
    ];
    let mut codes = BTreeMap::new();
    for term in terms::all().filter(|term| term.is_coded()) {
        for code in [true, false].map(|mapped| Code { term, mapped }) {
            let mut sources: BTreeSet<String> = BTreeSet::new();
            for format in formats {
                sources.extend(["HOT9", "YJ"].iter().filter_map(|drugs| source(format, drugs, code)));
            }
            if term.domain == Domain::Condition {
                sources.insert(format!("MEDIS:{}", medis(code)));
            }
            if is_surgery(term) {
                sources.insert(format!("KCODE:{}", k_code(code)));
            }
            codes.extend(sources.into_iter().map(|source| (source, (term, code.concept()))));
        }
    }
    for term in terms::UNITS {
        codes.insert(format!("UCUM:{}", term.name), (*term, term.concept));
    }
    for term in terms::ANSWERS {
        codes.insert(format!("LOCAL:{}", answer(term)), (*term, term.concept));
    }
    for code in ["LOCAL:SMOKING", "LOINC:72166-2"] {
        codes.insert(code.into(), (&terms::SMOKING, terms::SMOKING.concept));
    }
    codes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_of_any_format_means_two_things() {
        let mut seen: BTreeMap<String, (&str, i32)> = BTreeMap::new();
        for format in [Format::SsMix2 { history: false }, Format::FhirNdjson { gzip: false }, Format::Dpc] {
            for term in terms::all().filter(|term| term.is_coded()) {
                for code in [true, false].map(|mapped| Code { term, mapped }) {
                    if let Some(source) = source(format, "HOT9", code) {
                        let meaning = (term.name, code.concept());
                        assert_eq!(*seen.entry(source.clone()).or_insert(meaning), meaning, "{source}");
                    }
                }
            }
        }
    }

    #[test]
    fn codes_have_the_shape_of_their_system() {
        let lengths = [("RECEIPT", 9), ("JJ1017", 32), ("LENDO", 11), ("MEDIS", 8), ("HOT9", 9), ("YJ", 12)];
        for code in every_code().keys() {
            let (system, code) = code.split_once(':').unwrap();
            if let Some((_, length)) = lengths.iter().find(|(of, _)| *of == system) {
                assert_eq!(code.len(), *length, "{system}:{code}");
            }
        }
    }
}
