//! Files of the DPC survey, from bytes to statements.

use std::collections::BTreeMap;

use encoding_rs::SHIFT_JIS;
use renkei_ingest::record::{Record, Statement};
use renkei_ingest::{Extract, Reject, Remarks, Rules, dpc};

mod bytes;
mod ef;
mod form1;
mod nursing;
mod outpatient;
mod sample;

/// All that a file says.
#[derive(Default)]
pub struct Said {
    pub statements: Vec<(String, Statement)>,
    pub rejects: Vec<Reject>,
    pub remarks: Remarks,
    pub seen: Vec<String>,
    pub pieces: usize,
}

impl Said {
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.statements.iter().flat_map(|(_, statement)| &statement.records)
    }

    /// The statement of that key, of whichever patient.
    #[track_caller]
    pub fn one(&self, key: &str) -> &Statement {
        let mut found = self.statements.iter().filter(|(_, statement)| statement.key == key);
        let (_, statement) = found.next().unwrap_or_else(|| panic!("{key} in {:#?}", self.keys()));
        assert!(found.next().is_none(), "{key} twice");
        statement
    }

    pub fn keys(&self) -> Vec<&str> {
        self.statements.iter().map(|(_, statement)| statement.key.as_str()).collect()
    }

    pub fn remark(&self, id: &str) -> u64 {
        self.remarks.iter().find(|(known, _)| *known == id).map_or(0, |(_, count)| count)
    }

    /// Statements by patient and key, as a store would keep them: the greatest version, of equal ones the last.
    pub fn store<'a>(files: impl IntoIterator<Item = &'a Self>) -> BTreeMap<(&'a str, &'a str), &'a Statement> {
        let mut kept: BTreeMap<_, &Statement> = BTreeMap::new();
        for (patient, statement) in files.into_iter().flat_map(|said| &said.statements) {
            let place = kept.entry((patient.as_str(), statement.key.as_str())).or_insert(statement);
            if statement.version >= place.version {
                *place = statement;
            }
        }
        kept
    }
}

pub fn read(file: &str, bytes: &[u8]) -> Said {
    let mut said = Said::default();
    let mut each = |extract: Extract| {
        said.pieces += 1;
        said.statements.extend(extract.statements);
        said.rejects.extend(extract.rejects);
        said.remarks.merge(&extract.remarks);
        said.seen.extend(extract.seen.iter().map(|(code, text)| format!("{code} {}", text.unwrap_or("-"))));
        true
    };
    dpc::read(bytes, file, &Rules::default(), &mut each).unwrap();
    said
}

/// Lines with columns between blanks (`_` is an empty one), as the survey writes them: CP932, tabs, CRLF.
pub fn file(lines: &[&str], columns: usize) -> Vec<u8> {
    let mut text = String::new();
    for line in lines {
        let mut fields: Vec<&str> = line.split(' ').map(|field| if field == "_" { "" } else { field }).collect();
        fields.resize(columns.max(fields.len()), "");
        text.push_str(&fields.join("\t"));
        text.push_str("\r\n");
    }
    SHIFT_JIS.encode(&text).0.into_owned()
}
