//! What a run adds and takes away.

use renkei_ingest::record::Statement;
use renkei_ingest::{Coding, Extract, Remarks};
use roaring::RoaringTreemap;
use rusqlite::params;

use super::Stage;
use crate::Error;
use crate::settings::Patients;

/// A file as the scan found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Path within the source, in the bytes of the file system.
    pub(crate) path: Vec<u8>,
    pub(crate) bytes: u64,
    pub(crate) modified: i64,
    pub(crate) kind: String,
}

impl Stage {
    /// Starts a transaction.
    pub(crate) fn begin(&self) -> Result<(), Error> {
        self.database.execute_batch("BEGIN IMMEDIATE").map_err(self.fault())
    }

    /// Ends it; everything since is on the disk.
    pub(crate) fn commit(&self) -> Result<(), Error> {
        self.database.execute_batch("COMMIT").map_err(self.fault())
    }

    /// Gives up what was begun.
    pub(crate) fn roll_back(&self) {
        // Without a transaction there is nothing to give up.
        let _ = self.database.execute_batch("ROLLBACK");
    }

    /// Starts a file: what it said before is gone. Gives its number.
    pub(crate) fn start(&self, entry: &Entry, before: Option<i64>) -> Result<i64, Error> {
        let bytes = i64::try_from(entry.bytes).unwrap_or(i64::MAX);
        if let Some(id) = before {
            self.clear(id)?;
            let update =
                "UPDATE file SET bytes = ?2, modified = ?3, kind = ?4, outcome = NULL, remarks = NULL WHERE id = ?1";
            self.run(update, params![id, bytes, entry.modified, entry.kind])?;
            return Ok(id);
        }
        let insert = "INSERT INTO file(path, bytes, modified, kind) VALUES (?1, ?2, ?3, ?4)";
        self.run(insert, params![entry.path, bytes, entry.modified, entry.kind])?;
        Ok(self.database.last_insert_rowid())
    }

    /// Adds what a piece of a file says.
    pub(crate) fn add(&self, file: i64, extract: Extract, patients: &Patients) -> Result<(), Error> {
        for (patient, statements) in by_patient(extract.statements) {
            let count = i64::try_from(statements.len()).unwrap_or(0);
            // Encoding into memory does not fail.
            let body = postcard::to_stdvec(&statements).unwrap_or_default();
            let insert = "INSERT INTO statement(file, patient, count, body) VALUES (?1, ?2, ?3, ?4)";
            self.run(insert, params![file, patients.spelled(&patient), count, body])?;
        }
        for (reference, patient) in &extract.aliases {
            self.run("INSERT INTO alias VALUES (?1, ?2, ?3)", params![file, reference, patients.spelled(patient)])?;
        }
        for (key, codes) in &extract.shared {
            let body = postcard::to_stdvec(codes).unwrap_or_default();
            self.run("INSERT INTO shared VALUES (?1, ?2, ?3)", params![file, key, body])?;
        }
        for deleted in &extract.deleted {
            self.run("INSERT INTO gone VALUES (?1, ?2, ?3)", params![file, deleted.key, deleted.until])?;
        }
        for (coding, display) in extract.seen.iter() {
            if !self.news(coding, display.is_some()) {
                continue;
            }
            let body = postcard::to_stdvec(coding).unwrap_or_default();
            let insert = "INSERT INTO code VALUES (?1, ?2, ?3)
                ON CONFLICT(coding) DO UPDATE SET display = excluded.display WHERE display IS NULL";
            self.run(insert, params![coding.to_string(), body, display])?;
        }
        for reject in &extract.rejects {
            let line = i64::try_from(reject.line).unwrap_or(i64::MAX);
            let insert = "INSERT INTO reject VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let rule = reject.rule.as_str();
            self.run(insert, params![file, reject.file, line, rule, reject.column, reject.record])?;
        }
        Ok(())
    }

    /// Ends a file.
    pub(crate) fn end(&self, file: i64, outcome: &str, remarks: &Remarks) -> Result<(), Error> {
        let remarks = (!remarks.is_empty()).then(|| {
            let each = remarks.iter().map(|(id, count)| format!("{id}={count}"));
            each.collect::<Vec<_>>().join(" ")
        });
        self.run("UPDATE file SET outcome = ?2, remarks = ?3 WHERE id = ?1", params![file, outcome, remarks])
    }

    /// Removes the files that are not among `seen`, with all that they say. Gives how many.
    pub(crate) fn remove_unseen(&self, seen: &RoaringTreemap) -> Result<u64, Error> {
        let mut gone = Vec::new();
        let mut select = self.database.prepare("SELECT id FROM file").map_err(self.fault())?;
        let mut rows = select.query([]).map_err(self.fault())?;
        while let Some(row) = rows.next().map_err(self.fault())? {
            let id: i64 = row.get(0).map_err(self.fault())?;
            if !u64::try_from(id).is_ok_and(|id| seen.contains(id)) {
                gone.push(id);
            }
        }
        self.begin()?;
        for id in &gone {
            self.clear(*id)?;
            self.run("DELETE FROM file WHERE id = ?1", params![id])?;
        }
        self.commit()?;
        Ok(gone.len() as u64)
    }

    /// Whether a code, or its text, was not written before in this run.
    fn news(&self, coding: &Coding, text: bool) -> bool {
        let mut written = self.written.borrow_mut();
        match written.get_mut(coding) {
            Some(has_text) if *has_text || !text => false,
            Some(has_text) => {
                *has_text = true;
                true
            }
            None => written.insert(coding.clone(), text).is_none(),
        }
    }

    fn clear(&self, file: i64) -> Result<(), Error> {
        for table in ["statement", "alias", "shared", "gone", "reject"] {
            self.run(&format!("DELETE FROM {table} WHERE file = ?1"), params![file])?;
        }
        Ok(())
    }

    fn run(&self, sql: &str, values: impl rusqlite::Params) -> Result<(), Error> {
        let mut statement = self.database.prepare_cached(sql).map_err(self.fault())?;
        statement.execute(values).map(|_| ()).map_err(self.fault())
    }
}

/// The statements of each patient, in the order in which patients came first.
fn by_patient(statements: Vec<(String, Statement)>) -> Vec<(String, Vec<Statement>)> {
    let mut grouped: Vec<(String, Vec<Statement>)> = Vec::new();
    let mut places = std::collections::HashMap::<String, usize>::new();
    for (patient, statement) in statements {
        match grouped.last_mut() {
            Some((last, group)) if *last == patient => group.push(statement),
            _ => match places.get(&patient) {
                Some(&place) => {
                    if let Some((_, group)) = grouped.get_mut(place) {
                        group.push(statement);
                    }
                }
                None => {
                    places.insert(patient.clone(), grouped.len());
                    grouped.push((patient, vec![statement]));
                }
            },
        }
    }
    grouped
}
