//! Deterministic synthetic hospitals, written in the formats that Renkei reads.
//!
//! Every patient here is invented: no record, text or distribution is taken from a real data set. Prevalences and
//! courses are rough, chosen so that a question about them has a believable answer and a wrong answer shows.
//!
//! Patients come first, formats second. [`Hospital::generate`] makes the model: people with illnesses, visits and what
//! was recorded at each visit, under the hospital's own codes ([`Code`]). [`omop_tables`] turns the model into the
//! tables of OMOP CDM v5.4; [`write`](write()) writes those in three shapes, and the model itself in the formats that
//! Japanese hospitals have: SS-MIX2, FHIR, DPC and tables of their own. All start from the same model, so that the same
//! patient can be followed through all of them, and [`carried`] counts what must arrive of it.
//!
//! What must stay true:
//! - The same [`Spec`] gives the same bytes. Each patient has a random stream of their own, so that a patient does not
//!   depend on how many others there are. Draws use arithmetic only; the few powers are rounded before they are kept.
//! - Ids start at 1 in every hospital. Two hospitals share all of their ids and none of their patients.
//! - Without [`Spec::dirt`] every reference resolves, no event lies outside its person's observation period, and nothing
//!   follows a death. Absent visit ids, absent values and concept 0 are normal and always there. With it, each flaw is
//!   counted in [`Dirt`].
//! - Concept ids are the ones that OMOP's standard vocabularies use, as integers. The names are plain words of our own
//!   and the vocabularies are called `SIM …`: nothing of a licensed vocabulary is shipped. Codes after `JLAC10:`,
//!   `HOT9:`, `YJ:` and `KCODE:` are like the real ones in shape only.

mod carry;
mod course;
mod draw;
mod hospital;
mod identity;
mod omop;
mod patient;
mod spec;
pub mod terms;
mod write;

pub use carry::{Carried, Tally, carried};
pub use hospital::{CareSite, Department, Hospital, Place, Provider};
pub use identity::{Identity, Name, doctor, identity};
pub use omop::{Dirt, Flaw, Omop, OmopError, omop_tables};
pub use patient::{
    Code, Death, Diagnosis, Lab, Observation, Patient, Prescription, Procedure, Sex, Smoking, Visit, VisitKind,
};
pub use spec::{Profile, Spec, SpecError};
pub use write::{Format, Mapping, WriteError, Written, concept_map, write, write_concept_map};
