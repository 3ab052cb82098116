//! FHIR R4 with the profiles of JP Core and JP-CLINS, to records.
//!
//! # What is read
//! NDJSON as Bulk Data writes it, single resources, and bundles of any type, plain or in gzip ([`read`]); what a file
//! is shows in its first bytes ([`looks_like`]), not in its name. A JSON array is none of these.
//!
//! # What must stay true
//! Every resource of a type that is converted becomes one [`Statement`](crate::record::Statement) under its
//! `Type/id`, or a reject with the path of the element that is to blame. Where its status says that it does not count
//! (planned, refuted, entered in error), or what it is about has no code, the statement is empty, so that it takes back
//! an older version. Resources of other types are counted by type, and so are those about a group or a device. Elements that conversion has no use for are never looked at: a name in the wrong
//! form costs no diagnosis.
//!
//! Memory is that of one line or one bundle. Limits are [`LINE_LIMIT`] and [`DOCUMENT_LIMIT`].
//!
//! # Patients
//! A statement names its patient as `Patient/id`; [`aliases`](crate::Extract::aliases) lead from there to the
//! hospital's own number, where the Patient has one: an identifier under `urn:oid:1.2.392.100495.20.3.51.`, that of
//! eCS, or one of type MR. A reference without a target but with such an identifier names the patient by that number.
//! JP-CLINS names patients by their insurance number; that becomes a digest, which the Patient has as a further alias.
//!
//! # Drugs
//! A Medication that is contained, or in the same bundle, gives its codes to the record. For others the record has a
//! [`reference`](crate::record::Drug::reference) into [`shared`](crate::Extract::shared). An order, and what was
//! dispensed or given for it, have the order's `MedicationRequest/id` in common.
//!
//! # Times
//! The clock stays as it is written, whatever the zone: it is the one of the hospital's wall. Dates of a year or month
//! are their first day, or their last where they end something; both are remarked upon.
//!
//! # Rejected
//! A model generated from the specification: it would hold names and addresses, and fail on the first element that a
//! vendor writes in its own way. Trees of `serde_json::Value`: they copy every text before it can be skipped.

mod administration;
mod allergy;
mod answer;
mod codes;
mod condition;
mod convert;
mod coverage;
mod dispense;
mod document;
mod encounter;
mod fault;
mod immunization;
mod json;
mod literal;
mod medication;
mod model;
mod observation;
mod patient;
mod procedure;
mod read;
mod reference;
mod remarks;
mod request;
mod scope;
mod specimen;
mod systems;
mod time;

pub use read::{DOCUMENT_LIMIT, LINE_LIMIT, looks_like, read};
pub use remarks::REMARKS;
