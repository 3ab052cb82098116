//! Everything that is not clinical: sexes, visits, units, record types, and answers.

use super::{Domain, Term, terms};

/// `concept_id` of "no concept".
pub const NO_CONCEPT: i32 = 0;

terms! {
    /// Concepts about concepts.
    METADATA, Domain::Metadata;
    NOTHING = 0, "no matching concept", "", [];
    CDM_V5_4 = 756265, "OMOP CDM version 5.4", "", [];
    CONDITION_DOMAIN = 19, "domain of diseases", "", [];
    DRUG_DOMAIN = 13, "domain of drugs", "", [];
    MEASUREMENT_DOMAIN = 21, "domain of measurements", "", [];
    PROCEDURE_DOMAIN = 10, "domain of procedures", "", [];
    OBSERVATION_DOMAIN = 27, "domain of other facts", "", [];
    ANSWER_DOMAIN = 18, "domain of answers", "", [];
    GENDER_DOMAIN = 2, "domain of sexes", "", [];
    RACE_DOMAIN = 3, "domain of races", "", [];
    VISIT_DOMAIN = 8, "domain of visits", "", [];
    UNIT_DOMAIN = 16, "domain of units", "", [];
    TYPE_DOMAIN = 58, "domain of record types", "", [];
    PROVIDER_DOMAIN = 33, "domain of specialties", "", [];
    METADATA_DOMAIN = 7, "domain of the vocabulary itself", "", [];
}

terms! {
    /// Sexes.
    GENDERS, Domain::Gender;
    MALE = 8507, "male", "", [];
    FEMALE = 8532, "female", "", [];
}

terms! {
    /// Races.
    RACES, Domain::Race;
    JAPANESE = 38003584, "Japanese", "", [];
}

terms! {
    /// Visits and places of care.
    VISITS, Domain::Visit;
    INPATIENT = 9201, "stay in hospital", "", [];
    OUTPATIENT = 9202, "outpatient visit", "", [];
    EMERGENCY = 9203, "visit to the emergency department", "", [];
    HOSPITAL_WARD = 8717, "inpatient hospital", "", [];
    HOSPITAL_CLINIC = 8756, "outpatient hospital", "", [];
    HOSPITAL_EMERGENCY = 8870, "emergency department of a hospital", "", [];
}

terms! {
    /// Units, named by their UCUM codes.
    UNITS, Domain::Unit;
    PERCENT = 8554, "%", "", [];
    MG_PER_DL = 8840, "mg/dL", "", [];
    G_PER_DL = 8713, "g/dL", "", [];
    MMOL_PER_L = 8753, "mmol/L", "", [];
    U_PER_L = 8645, "U/L", "", [];
    THOUSAND_PER_UL = 8848, "10*3/uL", "", [];
    PG_PER_ML = 8845, "pg/mL", "", [];
    ML_PER_MIN_NORMALISED = 720870, "mL/min/{1.73_m2}", "", [];
    MM_HG = 8876, "mm[Hg]", "", [];
    PER_MIN = 8541, "/min", "", [];
    KG = 9529, "kg", "", [];
    CM = 8582, "cm", "", [];
    CELSIUS = 586323, "Cel", "", [];
}

terms! {
    /// Where records come from, and the rank of a diagnosis.
    TYPES, Domain::Type;
    FROM_RECORD = 32817, "from the health record", "", [];
    FROM_ENCOUNTER = 32827, "from the record of an encounter", "", [];
    FROM_PRESCRIPTION = 32838, "from a prescription", "", [];
    FROM_PROBLEM_LIST = 32840, "from the list of problems", "", [];
    FROM_LABORATORY = 32856, "from the laboratory", "", [];
    BY_ALGORITHM = 32880, "by an algorithm", "", [];
    MAIN_DIAGNOSIS = 32902, "main diagnosis", "", [];
    OTHER_DIAGNOSIS = 32908, "other diagnosis", "", [];
}

terms! {
    /// Specialties of doctors.
    SPECIALTIES, Domain::Provider;
    GENERAL_PHYSICIAN = 38004456, "general physician", "", [];
    CARDIOLOGIST = 38004451, "physician for the heart", "", [];
    DIABETOLOGIST = 38004485, "physician for diabetes", "", [];
    NEPHROLOGIST = 38004479, "physician for the kidneys", "", [];
    PULMONOLOGIST = 38004472, "physician for the lungs", "", [];
    ONCOLOGIST = 38004507, "physician for cancer", "", [];
    NEUROLOGIST = 38004458, "physician for the nerves", "", [];
    EMERGENCY_PHYSICIAN = 38004510, "emergency physician", "", [];
}

terms! {
    /// Facts that are neither disease nor measurement.
    FACTS, Domain::Observation;
    SMOKING = 4275495, "smoking, \"as told by the patient\"", "", [];
    PATIENT_DIED = 4216643, "the patient died", "", [];
}

terms! {
    /// Answers.
    ANSWERS, Domain::Answer;
    NEVER_SMOKED = 4144272, "never smoked", "", [];
    STOPPED_SMOKING = 4310250, "stopped smoking", "", [];
    SMOKES = 4298794, "smokes", "", [];
}

/// All terms that are not clinical.
pub static GENERAL: [&[&Term]; 9] = [METADATA, GENDERS, RACES, VISITS, UNITS, TYPES, SPECIALTIES, FACTS, ANSWERS];

/// The concept of a domain itself.
#[must_use]
pub fn of_domain(domain: Domain) -> &'static Term {
    match domain {
        Domain::Condition => &CONDITION_DOMAIN,
        Domain::Drug => &DRUG_DOMAIN,
        Domain::Measurement => &MEASUREMENT_DOMAIN,
        Domain::Procedure => &PROCEDURE_DOMAIN,
        Domain::Observation => &OBSERVATION_DOMAIN,
        Domain::Answer => &ANSWER_DOMAIN,
        Domain::Gender => &GENDER_DOMAIN,
        Domain::Race => &RACE_DOMAIN,
        Domain::Visit => &VISIT_DOMAIN,
        Domain::Unit => &UNIT_DOMAIN,
        Domain::Type => &TYPE_DOMAIN,
        Domain::Provider => &PROVIDER_DOMAIN,
        Domain::Metadata => &METADATA_DOMAIN,
    }
}
