//! Clinical data: what happened to persons, when, and who recorded it.
//!
//! A source value is queryable where the site writes it as a canonical `SYSTEM:code`; where sources put names,
//! free text or numbers of persons and things into it, its role is `Never`.

use crate::Table;

pub(super) const PERSON: Table = table! {
    person, Local, Clinical, required,
    "One row per person: who can be in the denominator, with sex, year of birth and origin.";
    key person_id: Id, Key(person), "Number of the person, one per human being.";
    req gender_concept_id: Concept => concept, Coarse, "Sex at birth: 8507 male, 8532 female.";
    req year_of_birth: Integer, Coarse, "Year of birth, four digits; ages are computed from it.";
    opt month_of_birth: Integer, Never, "Month of birth, 1 to 12.";
    opt day_of_birth: Integer, Never, "Day of the month of birth, 1 to 31.";
    opt birth_datetime: Datetime, Never, "Date and time of birth.";
    req race_concept_id: Concept => concept, Coarse, "Race or ethnic background (domain Race).";
    req ethnicity_concept_id: Concept => concept, Coarse, "Hispanic or not, a US notion (domain Ethnicity).";
    opt location_id: Id => location, Key(location), "Last known home address.";
    opt provider_id: Id => provider, Key(provider), "Last known primary care provider.";
    opt care_site_id: Id => care_site, Key(care_site), "Where the primary care provider mostly works.";
    opt person_source_value: Text(50), Never, "The site's own patient number.";
    opt gender_source_value: Text(50), Code, "Sex as the source codes it.";
    opt gender_source_concept_id: Concept => concept, Code, "Concept of the source's code for sex, 0 if none.";
    opt race_source_value: Text(50), Code, "Race as the source codes it.";
    opt race_source_concept_id: Concept => concept, Code, "Concept of the source's code for race, 0 if none.";
    opt ethnicity_source_value: Text(50), Code, "Ethnicity as the source codes it.";
    opt ethnicity_source_concept_id: Concept => concept, Code, "Concept of the source's code for ethnicity, 0 if none.";
};

pub(super) const OBSERVATION_PERIOD: Table = table! {
    observation_period, Local, Clinical, required,
    "One row per span of time in which the site would have recorded the events of a person.";
    key observation_period_id: Id, Key(observation_period), "Number of the period.";
    req person_id: Id => person, Key(person), "Person under observation.";
    req observation_period_start_date: Date, Date, "First day on which events would have been recorded.";
    req observation_period_end_date: Date, Date, "Last day on which events would have been recorded.";
    req period_type_concept_id: Concept => concept, Code, "How the period was found, such as enrolment (Type Concept).";
};

pub(super) const VISIT_OCCURRENCE: Table = table! {
    visit_occurrence, Local, Clinical, optional,
    "One row per visit: an outpatient contact, an emergency visit or a stay in hospital.";
    key visit_occurrence_id: Id, Key(visit_occurrence), "Number of the visit.";
    req person_id: Id => person, Key(person), "Person who visited or stayed.";
    req visit_concept_id: Concept => concept, Code, "Setting: 9201 inpatient, 9202 outpatient, 9203 emergency (Visit).";
    req visit_start_date: Date, Date, "Day of the contact or of admission.";
    opt visit_start_datetime: Datetime, Date, "Day and time of the contact or of admission.";
    req visit_end_date: Date, Date, "Day of discharge; the start day for outpatients.";
    opt visit_end_datetime: Datetime, Date, "Day and time of discharge.";
    req visit_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt provider_id: Id => provider, Key(provider), "Provider who was in charge.";
    opt care_site_id: Id => care_site, Key(care_site), "Hospital or department visited.";
    opt visit_source_value: Text(50), Code, "Kind of visit as the source codes it.";
    opt visit_source_concept_id: Concept => concept, Code, "Concept of the source's code for the visit, 0 if none.";
    opt admitted_from_concept_id: Concept => concept, Code, "Where the person came from (Visit); 0 or empty for home.";
    opt admitted_from_source_value: Text(50), Code, "Where the person came from, as the source codes it.";
    opt discharged_to_concept_id: Concept => concept, Code, "Where the person went next (Visit); 0 or empty for home.";
    opt discharged_to_source_value: Text(50), Code, "Where the person went afterwards, as the source codes it.";
    opt preceding_visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "The visit before this one.";
};

pub(super) const VISIT_DETAIL: Table = table! {
    visit_detail, Local, Clinical, optional,
    "One row per part of a visit, such as the days on one ward of a longer stay.";
    key visit_detail_id: Id, Key(visit_detail), "Number of the part of the visit.";
    req person_id: Id => person, Key(person), "Person who visited or stayed.";
    req visit_detail_concept_id: Concept => concept, Code, "Setting, such as intensive care (domain Visit).";
    req visit_detail_start_date: Date, Date, "First day of this part.";
    opt visit_detail_start_datetime: Datetime, Date, "Day and time when this part began.";
    req visit_detail_end_date: Date, Date, "Last day of this part.";
    opt visit_detail_end_datetime: Datetime, Date, "Day and time when this part ended.";
    req visit_detail_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt provider_id: Id => provider, Key(provider), "Provider who was in charge of this part.";
    opt care_site_id: Id => care_site, Key(care_site), "Ward or department of this part.";
    opt visit_detail_source_value: Text(50), Code, "Kind of this part as the source codes it.";
    opt visit_detail_source_concept_id: Concept => concept, Code, "Concept of the source's code, 0 if none.";
    opt admitted_from_concept_id: Concept => concept, Code, "Where the person came from (Visit); 0 or empty for home.";
    opt admitted_from_source_value: Text(50), Code, "Where the person came from, as the source codes it.";
    opt discharged_to_source_value: Text(50), Code, "Where the person went afterwards, as the source codes it.";
    opt discharged_to_concept_id: Concept => concept, Code, "Where the person went next (Visit); 0 or empty for home.";
    opt preceding_visit_detail_id: Id => visit_detail, Key(visit_detail), "The part before this one.";
    opt parent_visit_detail_id: Id => visit_detail, Key(visit_detail), "The larger part that contains this one.";
    req visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit that this is a part of.";
};

pub(super) const CONDITION_OCCURRENCE: Table = table! {
    condition_occurrence, Local, Clinical, optional,
    "One row per recorded diagnosis, sign or symptom.";
    key condition_occurrence_id: Id, Key(condition_occurrence), "Number of the recorded condition.";
    req person_id: Id => person, Key(person), "Person who had the condition.";
    req condition_concept_id: Concept => concept, Code, "The condition, mostly as SNOMED (domain Condition).";
    req condition_start_date: Date, Date, "Day on which the condition was found or began.";
    opt condition_start_datetime: Datetime, Date, "Day and time on which the condition was found or began.";
    opt condition_end_date: Date, Date, "Day on which the condition ended, where known.";
    opt condition_end_datetime: Datetime, Date, "Day and time on which the condition ended, where known.";
    req condition_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt condition_status_concept_id: Concept => concept, Code, "Admission, primary, final (domain Condition Status).";
    opt stop_reason: Text(20), Never, "Why the condition is no longer present, in the source's words.";
    opt provider_id: Id => provider, Key(provider), "Provider who ordered, did or recorded it.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt condition_source_value: Text(50), Code, "Diagnosis as the source codes it, such as an ICD-10 code.";
    opt condition_source_concept_id: Concept => concept, Code, "Concept of the source's diagnosis code, 0 if none.";
    opt condition_status_source_value: Text(50), Code, "Standing of the diagnosis as the source codes it.";
};

pub(super) const DRUG_EXPOSURE: Table = table! {
    drug_exposure, Local, Clinical, optional,
    "One row per prescription, dispensing or administration of a drug or vaccine.";
    key drug_exposure_id: Id, Key(drug_exposure), "Number of the exposure.";
    req person_id: Id => person, Key(person), "Person who was given the drug.";
    req drug_concept_id: Concept => concept, Code, "The drug, mostly as RxNorm (domain Drug).";
    req drug_exposure_start_date: Date, Date, "First day of use.";
    opt drug_exposure_start_datetime: Datetime, Date, "Day and time of first use.";
    req drug_exposure_end_date: Date, Date, "Last day of use, inferred from days of supply if need be.";
    opt drug_exposure_end_datetime: Datetime, Date, "Day and time of last use.";
    opt verbatim_end_date: Date, Date, "Last day of use as the source states it, never inferred.";
    req drug_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt stop_reason: Text(20), Never, "Why the drug was stopped, in the source's words.";
    opt refills: Integer, Amount, "Number of refills after the first dispensing.";
    opt quantity: Float, Amount, "Amount given, in the unit of the product: tablets, millilitres.";
    opt days_supply: Integer, Amount, "Days that the amount is meant to last.";
    opt sig: Text(max), Never, "Directions for use as written on the prescription.";
    opt route_concept_id: Concept => concept, Code, "How the drug enters the body (domain Route).";
    opt lot_number: Text(50), Never, "Maker's lot, for vaccines and biologicals.";
    opt provider_id: Id => provider, Key(provider), "Provider who ordered, did or recorded it.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt drug_source_value: Text(50), Code, "Drug as the source codes it, such as a YJ or HOT code.";
    opt drug_source_concept_id: Concept => concept, Code, "Concept of the source's drug code, 0 if none.";
    opt route_source_value: Text(50), Code, "Route as the source codes it.";
    opt dose_unit_source_value: Text(50), Code, "Unit of the dose as the source codes it.";
};

pub(super) const PROCEDURE_OCCURRENCE: Table = table! {
    procedure_occurrence, Local, Clinical, optional,
    "One row per act done to a person to diagnose or treat: surgery, imaging, therapy.";
    key procedure_occurrence_id: Id, Key(procedure_occurrence), "Number of the procedure.";
    req person_id: Id => person, Key(person), "Person who had the procedure.";
    req procedure_concept_id: Concept => concept, Code, "Standard concept of the procedure (domain Procedure).";
    req procedure_date: Date, Date, "Day on which the procedure was done or began.";
    opt procedure_datetime: Datetime, Date, "Day and time on which the procedure was done or began.";
    opt procedure_end_date: Date, Date, "Day on which the procedure ended.";
    opt procedure_end_datetime: Datetime, Date, "Day and time on which the procedure ended.";
    req procedure_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt modifier_concept_id: Concept => concept, Code, "What qualifies the procedure, such as the side of the body.";
    opt quantity: Integer, Amount, "How many times it was done; empty or 0 means once.";
    opt provider_id: Id => provider, Key(provider), "Provider who ordered, did or recorded it.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt procedure_source_value: Text(50), Code, "Procedure as the source codes it, such as a K code of the fee table.";
    opt procedure_source_concept_id: Concept => concept, Code, "Concept of the source's procedure code, 0 if none.";
    opt modifier_source_value: Text(50), Code, "What qualifies the procedure, as the source codes it.";
};

pub(super) const DEVICE_EXPOSURE: Table = table! {
    device_exposure, Local, Clinical, optional,
    "One row per use of a device or material: implants, catheters, bandages, blood.";
    key device_exposure_id: Id, Key(device_exposure), "Number of the exposure.";
    req person_id: Id => person, Key(person), "Person on whom the device was used.";
    req device_concept_id: Concept => concept, Code, "Standard concept of the device or material (domain Device).";
    req device_exposure_start_date: Date, Date, "First day of use.";
    opt device_exposure_start_datetime: Datetime, Date, "Day and time of first use.";
    opt device_exposure_end_date: Date, Date, "Last day of use, where known.";
    opt device_exposure_end_datetime: Datetime, Date, "Day and time of last use, where known.";
    req device_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt unique_device_id: Text(255), Never, "Device identifier printed on the device (UDI-DI).";
    opt production_id: Text(255), Never, "Lot, serial number and dates printed on the device (UDI-PI).";
    opt quantity: Integer, Amount, "How many were used.";
    opt provider_id: Id => provider, Key(provider), "Provider who ordered, did or recorded it.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt device_source_value: Text(50), Code, "Device as the source codes it.";
    opt device_source_concept_id: Concept => concept, Code, "Concept of the source's device code, 0 if none.";
    opt unit_concept_id: Concept => concept, Code, "Unit of the quantity, such as a unit of blood (domain Unit).";
    opt unit_source_value: Text(50), Code, "Unit as the source codes it.";
    opt unit_source_concept_id: Concept => concept, Code, "Concept of the source's unit code, 0 if none.";
};

pub(super) const MEASUREMENT: Table = table! {
    measurement, Local, Clinical, optional,
    "One row per result of a laboratory test, vital sign or other structured examination.";
    key measurement_id: Id, Key(measurement), "Number of the measurement.";
    req person_id: Id => person, Key(person), "Person who was measured.";
    req measurement_concept_id: Concept => concept, Code, "What was measured, mostly LOINC (domain Measurement).";
    req measurement_date: Date, Date, "Day of the measurement, or of taking the sample.";
    opt measurement_datetime: Datetime, Date, "Day and time of the measurement, or of taking the sample.";
    opt measurement_time: Text(10), Never, "Time of day as text; kept for older tools.";
    req measurement_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt operator_concept_id: Concept => concept, Code, "How the number is to be read: =, <, <=, >, >=; empty means =.";
    opt value_as_number: Float, Amount, "The result as a number, in the row's unit.";
    opt value_as_concept_id: Concept => concept, Code, "The result as a concept, such as positive or negative.";
    opt unit_concept_id: Concept => concept, Code, "Unit of the result and its range, mostly UCUM (domain Unit).";
    opt range_low: Float, Amount, "Lower limit of the normal range, in the unit of the result.";
    opt range_high: Float, Amount, "Upper limit of the normal range, in the unit of the result.";
    opt provider_id: Id => provider, Key(provider), "Provider who ordered, did or recorded it.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt measurement_source_value: Text(50), Code, "Test as the source codes it, such as a JLAC10 code.";
    opt measurement_source_concept_id: Concept => concept, Code, "Concept of the source's test code, 0 if none.";
    opt unit_source_value: Text(50), Code, "Unit as the source codes it.";
    opt unit_source_concept_id: Concept => concept, Code, "Concept of the source's unit code, 0 if none.";
    opt value_source_value: Text(50), Never, "The result as the source writes it.";
    opt measurement_event_id: Id, Never, "Row of another table that the result belongs to, such as a specimen.";
    opt meas_event_field_concept_id: Concept => concept, Code, "Which table and column the linked row is of.";
};

pub(super) const OBSERVATION: Table = table! {
    observation, Local, Clinical, optional,
    "One row per clinical fact that fits no other table: history, habits, social facts, answers to questionnaires.";
    key observation_id: Id, Key(observation), "Number of the observation.";
    req person_id: Id => person, Key(person), "Person who was observed.";
    req observation_concept_id: Concept => concept, Code, "What was observed or asked.";
    req observation_date: Date, Date, "Day of the observation.";
    opt observation_datetime: Datetime, Date, "Day and time of the observation.";
    req observation_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt value_as_number: Float, Amount, "The answer as a number, in the row's unit.";
    opt value_as_string: Text(60), Never, "The answer as text.";
    opt value_as_concept_id: Concept => concept, Code, "The answer as a concept.";
    opt qualifier_concept_id: Concept => concept, Code, "What qualifies the fact, such as its severity.";
    opt unit_concept_id: Concept => concept, Code, "Unit of the number (domain Unit).";
    opt provider_id: Id => provider, Key(provider), "Provider who ordered, did or recorded it.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt observation_source_value: Text(50), Code, "Fact as the source codes it.";
    opt observation_source_concept_id: Concept => concept, Code, "Concept of the source's code, 0 if none.";
    opt unit_source_value: Text(50), Code, "Unit as the source codes it.";
    opt qualifier_source_value: Text(50), Code, "What qualifies the fact, as the source codes it.";
    opt value_source_value: Text(50), Never, "The answer as the source writes it.";
    opt observation_event_id: Id, Never, "Row of another table that the fact belongs to.";
    opt obs_event_field_concept_id: Concept => concept, Code, "Which table and column the linked row is of.";
};

pub(super) const DEATH: Table = table! {
    death, Local, Clinical, optional,
    "At most one row per person: when and of what the person died.";
    req person_id: Id => person, Key(person), "Person who died.";
    req death_date: Date, Date, "Day of death.";
    opt death_datetime: Datetime, Date, "Day and time of death.";
    opt death_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    opt cause_concept_id: Concept => concept, Code, "Cause of death (domain Condition or Observation).";
    opt cause_source_value: Text(50), Code, "Cause of death as the source codes it, such as an ICD-10 code.";
    opt cause_source_concept_id: Concept => concept, Code, "Concept of the source's code for the cause, 0 if none.";
};

pub(super) const NOTE: Table = table! {
    note, Local, Clinical, optional,
    "One row per document that a clinician wrote about a person.";
    key note_id: Id, Key(note), "Number of the note.";
    req person_id: Id => person, Key(person), "Person the note is about.";
    req note_date: Date, Date, "Day on which the note was written.";
    opt note_datetime: Datetime, Date, "Day and time on which the note was written.";
    req note_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    req note_class_concept_id: Concept => concept, Code, "Sort of document, such as discharge summary (LOINC).";
    opt note_title: Text(250), Never, "Title that the author gave.";
    req note_text: Text(max), Never, "The document itself.";
    req encoding_concept_id: Concept => concept, Code, "Character encoding of the text, such as UTF-8.";
    req language_concept_id: Concept => concept, Code, "Language of the text.";
    opt provider_id: Id => provider, Key(provider), "Provider who wrote the note.";
    opt visit_occurrence_id: Id => visit_occurrence, Key(visit_occurrence), "Visit during which it was recorded.";
    opt visit_detail_id: Id => visit_detail, Key(visit_detail), "Part of the visit during which it was recorded.";
    opt note_source_value: Text(50), Never, "Where in the source the note is from.";
    opt note_event_id: Id, Never, "Row of another table that the note is about.";
    opt note_event_field_concept_id: Concept => concept, Code, "Which table and column the linked row is of.";
};

pub(super) const NOTE_NLP: Table = table! {
    note_nlp, Metadata, Clinical, optional,
    "One row per term that text mining found in a note; has no person of its own, so it is not queryable.";
    key note_nlp_id: Id, Key(note_nlp), "Number of the found term.";
    req note_id: Id, Key(note), "Note in which the term was found.";
    opt section_concept_id: Concept => concept, Code, "Section of the document, such as family history.";
    opt snippet: Text(250), Never, "Words around the term.";
    opt offset: Text(50), Never, "Position of the term in the text, in characters.";
    req lexical_variant: Text(250), Never, "The term as written in the note.";
    opt note_nlp_concept_id: Concept => concept, Code, "Standard concept of the term.";
    opt note_nlp_source_concept_id: Concept => concept, Code, "Concept that the text mining chose, 0 if none.";
    opt nlp_system: Text(250), Never, "Name and version of the text mining system.";
    req nlp_date: Date, Date, "Day on which the note was processed.";
    opt nlp_datetime: Datetime, Date, "Day and time on which the note was processed.";
    opt term_exists: Text(1), Never, "Y if the patient has it, N if it is negated, doubtful or about someone else.";
    opt term_temporal: Text(50), Never, "Whether the term is about the present or the past.";
    opt term_modifiers: Text(2000), Never, "Whatever else qualifies the term, as text.";
};

pub(super) const SPECIMEN: Table = table! {
    specimen, Local, Clinical, optional,
    "One row per biological sample taken from a person.";
    key specimen_id: Id, Key(specimen), "Number of the specimen.";
    req person_id: Id => person, Key(person), "Person from whom the specimen was taken.";
    req specimen_concept_id: Concept => concept, Code, "Sort of sample, such as serum (domain Specimen).";
    req specimen_type_concept_id: Concept => concept, Code, "Provenance: chart, claim, registry (Type Concept).";
    req specimen_date: Date, Date, "Day of collection.";
    opt specimen_datetime: Datetime, Date, "Day and time of collection.";
    opt quantity: Float, Amount, "Amount collected, in the row's unit.";
    opt unit_concept_id: Concept => concept, Code, "Unit of the amount (domain Unit).";
    opt anatomic_site_concept_id: Concept => concept, Code, "Part of the body it was taken from.";
    opt disease_status_concept_id: Concept => concept, Code, "Whether the tissue is diseased or healthy.";
    opt specimen_source_id: Text(50), Never, "Number of the specimen in the source.";
    opt specimen_source_value: Text(50), Code, "Sort of sample as the source codes it.";
    opt unit_source_value: Text(50), Code, "Unit as the source codes it.";
    opt anatomic_site_source_value: Text(50), Code, "Part of the body as the source codes it.";
    opt disease_status_source_value: Text(50), Code, "Disease status as the source codes it.";
};

pub(super) const FACT_RELATIONSHIP: Table = table! {
    fact_relationship, Metadata, Clinical, optional,
    "One row per directed link between two rows of any tables; has no person of its own, so it is not queryable.";
    req domain_concept_id_1: Concept => concept, Code, "Table that the first fact is in, as a concept.";
    req fact_id_1: Id, Never, "Primary key of the first fact.";
    req domain_concept_id_2: Concept => concept, Code, "Table that the second fact is in, as a concept.";
    req fact_id_2: Id, Never, "Primary key of the second fact.";
    req relationship_concept_id: Concept => concept, Code, "How the first fact relates to the second.";
};
