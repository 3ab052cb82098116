//! One resource to one statement.

use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Fault, parse};
use super::model::{Head, Identifier, Meta, Reference};
use super::reference::{self, Index, Number};
use super::scope::Scope;
use super::time::Time;
use super::{administration, dispense, remarks, request, specimen};
use super::{allergy, condition, coverage, encounter, immunization, medication, observation, patient, procedure};
use crate::record::{Record, Statement};
use crate::{Deleted, Extract, Reject, Rule, Rules};

/// How much of a rejected piece is kept.
const KEPT: usize = 64 << 10;

/// Larger resources are none that become records: they carry documents or images. It also bounds the memory that a
/// list of empty objects takes, thirty times its text.
const LARGEST: usize = 16 << 20;

/// A resource, where it stands, and what its bundle calls it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece<'a> {
    pub(super) json: &'a str,
    pub(super) line: u64,
    pub(super) url: Option<&'a str>,
}

/// A type of resource about a patient.
pub(super) trait Event<'a>: Deserialize<'a> {
    /// What it says, in the terms of the CDM; nothing where its status says that it does not count.
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault>;
}

/// Fills an extract from resources.
pub(super) struct Converter<'r> {
    pub(super) file: &'r str,
    pub(super) rules: &'r Rules,
    pub(super) out: Extract,
    /// Whether the file lists what was deleted.
    deletions: bool,
}

/// Where an export keeps what was deleted.
const DELETIONS: &str = "deleted";

impl<'r> Converter<'r> {
    pub(super) fn new(file: &'r str, rules: &'r Rules) -> Self {
        let folder = Path::new(file).parent().and_then(Path::file_name);
        Self { file, rules, out: Extract::default(), deletions: folder.is_some_and(|name| name == DELETIONS) }
    }

    /// Notes that the resource at an address was deleted, at a time if one is stated.
    pub(super) fn delete(&mut self, url: Option<&str>, at: Option<&str>) {
        // A search in place of an address would have to be asked at the server.
        match url.and_then(|url| Index::default().normal(url, "")).filter(|key| !key.starts_with('/')) {
            Some(key) => {
                let until = at.and_then(Time::parse).and_then(Time::micros);
                self.deleted(key, until);
            }
            None => self.out.remark(&remarks::DELETED_UNREAD),
        }
    }

    fn deleted(&mut self, key: String, until: Option<i64>) {
        self.out.remark(&remarks::DELETED);
        self.out.deleted.push(Deleted { key, until });
    }

    /// Converts a resource that is no bundle, or rejects it.
    pub(super) fn take<'a>(&mut self, piece: Piece<'a>, head: &Head<'a>, index: &Index<'a>) {
        // Some servers write the resource, or what is left of it, instead of a bundle that deletes it.
        if self.deletions {
            match own_key(head, piece.url) {
                Some(key) => self.deleted(key, updated(head).and_then(Time::micros)),
                None => self.reject(piece, Fault::essential("id")),
            }
            return;
        }
        if let Err(fault) = self.convert(piece, head, index) {
            let fault = match head.resource_type.text() {
                Some(kind) if fault.path.is_some() => fault.below(kind),
                _ => fault,
            };
            self.reject(piece, fault);
        }
    }

    /// Puts a piece aside, or its beginning.
    pub(super) fn reject(&mut self, piece: Piece<'_>, fault: Fault) {
        let Fault { rule, path } = fault;
        let record = &piece.json[..piece.json.floor_char_boundary(KEPT)];
        if record.len() < piece.json.len() {
            self.out.remark(&remarks::CUT);
        }
        let (file, column, record) = (self.file.to_owned(), path.map(Into::into), record.to_owned());
        self.out.rejects.push(Reject { table: "", file, line: piece.line, rule, column, record });
    }

    fn convert<'a>(&mut self, piece: Piece<'a>, head: &Head<'a>, index: &Index<'a>) -> Result<(), Fault> {
        let Some(kind) = head.resource_type.text() else {
            return Err(Fault { rule: Rule::Format, path: Some("resourceType".into()) });
        };
        match kind {
            "Patient" => self.patient(piece, head),
            "Medication" => self.medication(piece, head),
            "Encounter" => self.event::<encounter::Encounter<'a>>(piece, head, index),
            "Condition" => self.event::<condition::Condition<'a>>(piece, head, index),
            "MedicationRequest" => self.event::<request::Request<'a>>(piece, head, index),
            "MedicationDispense" => self.event::<dispense::Dispense<'a>>(piece, head, index),
            "MedicationAdministration" => self.event::<administration::Administration<'a>>(piece, head, index),
            "Observation" => self.event::<observation::Observation<'a>>(piece, head, index),
            "AllergyIntolerance" => self.event::<allergy::Allergy<'a>>(piece, head, index),
            "Procedure" => self.event::<procedure::Procedure<'a>>(piece, head, index),
            "Immunization" => self.event::<immunization::Immunization<'a>>(piece, head, index),
            "Specimen" => self.event::<specimen::Specimen<'a>>(piece, head, index),
            "Coverage" => self.event::<coverage::Coverage<'a>>(piece, head, index),
            other => {
                self.out.remark(remarks::unconverted(other));
                Ok(())
            }
        }
    }

    fn patient(&mut self, piece: Piece<'_>, head: &Head<'_>) -> Result<(), Fault> {
        let key = own_key(head, piece.url).ok_or_else(|| Fault::essential("id"))?;
        let resource: patient::Patient<'_> = read(piece)?;
        let records = resource.records(&key, self.rules, &mut self.out);
        self.state(key.clone(), key, updated(head), records);
        Ok(())
    }

    fn medication(&mut self, piece: Piece<'_>, head: &Head<'_>) -> Result<(), Fault> {
        let key = own_key(head, piece.url).ok_or_else(|| Fault::essential("id"))?;
        let resource: medication::Medication<'_> = read(piece)?;
        if let Some(codes) = resource.shared(&mut self.out) {
            self.out.shared.push((key, codes));
        }
        Ok(())
    }

    fn event<'a, E: Event<'a>>(&mut self, piece: Piece<'a>, head: &Head<'a>, index: &Index<'a>) -> Result<(), Fault> {
        let key = own_key(head, piece.url).ok_or_else(|| Fault::essential("id"))?;
        let updated = updated(head);
        let contained = head.contained;
        let mut scope = Scope { out: &mut self.out, index, key: &key, updated, contained };
        let Some(patient) = subject(head, &mut scope)? else {
            self.out.remark(&remarks::NOT_PATIENT);
            return Ok(());
        };
        let resource: E = read(piece)?;
        let records = resource.records(&mut scope)?;
        self.state(patient, key, updated, records);
        Ok(())
    }

    fn state(&mut self, patient: String, key: String, updated: Option<Time>, records: Vec<Record>) {
        let version = updated.and_then(Time::micros).unwrap_or(0);
        self.out.statements.push((patient, Statement { key, version, records }));
    }
}

fn read<'a, T: Deserialize<'a>>(piece: Piece<'a>) -> Result<T, Fault> {
    if piece.json.len() > LARGEST {
        return Err(Fault::whole(Rule::Size));
    }
    parse(piece.json)
}

/// `Type/id`; in a bundle a resource may have no id but the one that the bundle gives it.
pub(super) fn own_key(head: &Head<'_>, url: Option<&str>) -> Option<String> {
    let kind = head.resource_type.text()?;
    let named = || url.and_then(|url| reference::name_of(url).or_else(|| url.rsplit('/').next()));
    let id = head.id.text().or_else(named).filter(|id| !id.is_empty())?;
    Some(format!("{kind}/{id}"))
}

fn updated(head: &Head<'_>) -> Option<Time> {
    let meta: Meta<'_> = serde_json::from_str(head.meta?.get()).ok()?;
    Time::parse(meta.last_updated.text()?)
}

/// The patient whom a resource is about, by reference, contained, or else by number; `None` where it is about something
/// else.
fn subject<'a>(head: &Head<'a>, scope: &mut Scope<'_, 'a>) -> Result<Option<String>, Fault> {
    let (json, path): (&RawValue, _) = match (head.subject, head.patient, head.beneficiary) {
        (Some(json), ..) => (json, "subject"),
        (_, Some(json), _) => (json, "patient"),
        (.., Some(json)) => (json, "beneficiary"),
        (None, None, None) => {
            let patient = scope.index.patient.clone();
            return patient.map(Some).ok_or_else(|| Fault::essential("subject"));
        }
    };
    let subject: Reference<'_> = parse(json.get()).map_err(|fault| fault.below(path))?;
    let text = subject.reference.as_deref().unwrap_or_default();
    if let Some(normal) = scope.index.normal(text, "Patient") {
        return Ok(normal.starts_with("Patient/").then_some(normal));
    }
    let mut contained = || {
        let patient = scope.embedded_as::<patient::Patient<'_>>(Some(&subject))?;
        patient.number().or_else(|| patient.insured(scope.out))
    };
    let identifier = subject.identifier.as_ref();
    let named = if text.starts_with('#') { contained() } else { None };
    let named = named.or_else(|| by_identifier(identifier?, scope.out));
    named.map(Some).ok_or_else(|| Fault::essential(path))
}

/// A patient who is named by a number instead of a reference.
fn by_identifier(identifier: &Identifier<'_>, out: &mut Extract) -> Option<String> {
    let value = identifier.value.as_deref().map(str::trim).filter(|value| !value.is_empty())?;
    match reference::number(identifier) {
        Number::Hospital(_) => Some(value.to_owned()),
        Number::Insured => {
            out.remark(&remarks::INSURER);
            Some(reference::insured(value))
        }
        Number::Other => None,
    }
}
