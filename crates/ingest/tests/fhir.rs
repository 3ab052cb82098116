//! FHIR, from bytes to statements, aliases, remarks and rejects.

mod kinds;
mod mutation;
mod real;
mod stream;

use renkei_ingest::record::{Record, Statement};
use renkei_ingest::{Extract, Reject, Remarks, Rules, fhir};

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
    all.rejects.extend(extract.rejects);
    all.seen.merge(extract.seen);
    all.remarks.merge(&extract.remarks);
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
pub fn reject(json: &str) -> (String, Option<String>) {
    let extract = read(json.as_bytes());
    let [Reject { rule, column, .. }] = extract.rejects.as_slice() else {
        panic!("{} rejects, {} statements: {json}", extract.rejects.len(), extract.statements.len())
    };
    (rule.to_string(), column.clone())
}

pub fn remarked(remarks: &Remarks) -> Vec<(&'static str, u64)> {
    remarks.iter().collect()
}
