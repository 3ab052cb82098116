//! FHIR, from bytes to statements, aliases, remarks and rejects.

mod condition;
mod document;
mod drug;
mod mutation;
mod observation;
mod other;
mod patient;
mod real;
mod speed;
mod stream;
mod visit;

use renkei_ingest::record::{Record, Statement};
use renkei_ingest::{Day, Extract, Reject, Remarks, Rules, When, fhir};
use serde_json::Value;

/// Everything that reading yields, in one.
pub fn read(bytes: &[u8]) -> Extract {
    let mut all = Extract::default();
    fhir::read(bytes, "f.ndjson", &Rules::default(), &mut |extract| {
        merge(&mut all, extract);
        true
    })
    .unwrap();
    all
}

pub fn merge(all: &mut Extract, extract: Extract) {
    all.statements.extend(extract.statements);
    all.aliases.extend(extract.aliases);
    all.shared.extend(extract.shared);
    all.deleted.extend(extract.deleted);
    all.rejects.extend(extract.rejects);
    all.seen.merge(extract.seen);
    all.remarks.merge(&extract.remarks);
}

/// A resource with some of its elements replaced; those that become `null` are taken out.
pub fn but(base: &Value, change: Value) -> String {
    let mut resource = base.clone();
    for (element, value) in change.as_object().unwrap() {
        resource.as_object_mut().unwrap().insert(element.clone(), value.clone());
    }
    resource.as_object_mut().unwrap().retain(|_, value| !value.is_null());
    resource.to_string()
}

/// The only statement about a patient, and who that is.
pub fn only(extract: &Extract) -> (&str, &Statement) {
    let [(patient, statement)] = extract.statements.as_slice() else {
        panic!("{} statements, rejects: {:?}", extract.statements.len(), extract.rejects)
    };
    (patient, statement)
}

/// The records of the only statement.
pub fn records(json: &str) -> Vec<Record> {
    only(&read(json.as_bytes())).1.records.clone()
}

/// The only reject: its rule and its path.
pub fn reject(json: &str) -> (String, String) {
    let extract = read(json.as_bytes());
    let [Reject { rule, column, .. }] = extract.rejects.as_slice() else {
        panic!("{} rejects, {} statements: {json}", extract.rejects.len(), extract.statements.len())
    };
    assert!(extract.statements.is_empty(), "{json}");
    (rule.to_string(), column.clone().unwrap_or_default())
}

/// Remarks of a resource that yields an empty statement.
pub fn taken_back(json: &str) -> Vec<(&'static str, u64)> {
    let extract = read(json.as_bytes());
    assert!(only(&extract).1.records.is_empty(), "{json}");
    remarked(&extract.remarks)
}

pub fn remarked(remarks: &Remarks) -> Vec<(&'static str, u64)> {
    remarks.iter().collect()
}

/// A day, or a time of it in seconds.
pub fn when(date: (i32, u32, u32), seconds: impl Into<Option<i64>>) -> When {
    let day = Day::of(date.0, date.1, date.2).unwrap();
    seconds.into().map_or(When::day(day), |seconds| When::at(day, seconds))
}

pub fn spelled(codes: &[renkei_ingest::Coding]) -> Vec<String> {
    codes.iter().map(ToString::to_string).collect()
}
