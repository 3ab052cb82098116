//! What a staging file tells.

use std::collections::{BTreeMap, HashMap};

use renkei_ingest::record::{Codes, Statement};
use renkei_ingest::{Coding, Dictionary, Reject, Rule};
use rusqlite::{Row, params};
use serde::de::DeserializeOwned;

use super::{Gone, Stage};
use crate::Error;
use crate::report::{FileCount, RemarkCount};

impl Stage {
    /// Files that were read to their end.
    pub(crate) fn files(&self) -> Result<u64, Error> {
        self.count("SELECT count(*) FROM file WHERE outcome IS NOT NULL")
    }

    /// Statements.
    pub(crate) fn statements(&self) -> Result<u64, Error> {
        self.count("SELECT coalesce(sum(count), 0) FROM statement")
    }

    /// Patients, as this source numbers them.
    pub(crate) fn patients(&self) -> Result<Vec<String>, Error> {
        self.all("SELECT DISTINCT patient FROM statement", |row| row.get(0))
    }

    /// Numbers of patients that differ within the source.
    pub(crate) fn aliases(&self) -> Result<HashMap<String, String>, Error> {
        let pairs = self.all("SELECT reference, patient FROM alias", |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(pairs.into_iter().collect())
    }

    /// Codes of things that statements name by a reference.
    pub(crate) fn shared(&self, gone: &Gone) -> Result<HashMap<String, Codes>, Error> {
        let rows: Vec<(String, i64, Vec<u8>)> = self
            .all("SELECT key, file, body FROM shared ORDER BY file", |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let rows = rows.into_iter().filter(|(key, file, _)| !gone.has(key, *file, None));
        rows.map(|(key, _, body)| Ok((key, self.decode(&body)?))).collect()
    }

    /// Codes that were seen, and their texts.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn dictionary(&self) -> Result<Dictionary, Error> {
        let mut dictionary = Dictionary::default();
        let rows: Vec<(Vec<u8>, Option<String>)> =
            self.all("SELECT body, display FROM code", |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (body, display) in rows {
            dictionary.see(&self.decode::<Coding>(&body)?, display.as_deref());
        }
        Ok(dictionary)
    }

    /// All statements about a patient that were not deleted, in the order of their files.
    pub(crate) fn about(&self, patient: &str, gone: &Gone) -> Result<Vec<Statement>, Error> {
        let mut select = self
            .database
            .prepare_cached("SELECT body, file FROM statement WHERE patient = ?1 ORDER BY file, rowid")
            .map_err(self.fault())?;
        let mut rows = select.query(params![patient]).map_err(self.fault())?;
        let mut statements = Vec::new();
        while let Some(row) = rows.next().map_err(self.fault())? {
            let body = row.get_ref(0).and_then(|body| Ok(body.as_blob()?)).map_err(self.fault())?;
            let file: i64 = row.get(1).map_err(self.fault())?;
            let said = self.decode::<Vec<Statement>>(body)?;
            statements.extend(said.into_iter().filter(|statement| !gone.takes(patient, file, statement)));
        }
        Ok(statements)
    }

    /// Hands out what could not be read.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn rejects(&self, each: &mut dyn FnMut(Reject)) -> Result<(), Error> {
        let sql = "SELECT name, line, rule, record, place FROM reject ORDER BY file, line";
        let mut select = self.database.prepare(sql).map_err(self.fault())?;
        let mut rows = select.query([]).map_err(self.fault())?;
        while let Some(row) = rows.next().map_err(self.fault())? {
            each(reject(row).map_err(self.fault())?);
        }
        Ok(())
    }

    /// Records in quarantine, by rule.
    pub(crate) fn rejected(&self) -> Result<BTreeMap<String, u64>, Error> {
        let sql = "SELECT rule, count(*) FROM reject GROUP BY rule";
        let counts = self.all(sql, |row| Ok((row.get(0)?, unsigned(row, 1)?)))?;
        Ok(counts.into_iter().collect())
    }

    /// Files by kind and outcome.
    pub(crate) fn kinds(&self) -> Result<Vec<FileCount>, Error> {
        let sql =
            "SELECT kind, outcome, count(*) FROM file WHERE outcome IS NOT NULL GROUP BY kind, outcome ORDER BY 1, 2";
        self.all(sql, |row| Ok(FileCount { kind: row.get(0)?, outcome: row.get(1)?, files: unsigned(row, 2)? }))
    }

    /// What was odd, over all files.
    pub(crate) fn remarks(&self) -> Result<Vec<RemarkCount>, Error> {
        // Files by the thousand say the same.
        let sql = "SELECT remarks, count(*) FROM file WHERE remarks IS NOT NULL GROUP BY remarks";
        let lines: Vec<(String, u64)> = self.all(sql, |row| Ok((row.get(0)?, unsigned(row, 1)?)))?;
        let mut counts = BTreeMap::<String, u64>::new();
        for (line, files) in &lines {
            for (id, count) in line.split(' ').filter_map(|one| one.split_once('=')) {
                *counts.entry(id.to_owned()).or_default() += files * count.parse::<u64>().unwrap_or(0);
            }
        }
        Ok(counts.into_iter().map(|(id, count)| RemarkCount { id, count }).collect())
    }

    /// SQLite has no checksums: a byte that changed shows here at the latest, or not at all.
    fn decode<T: DeserializeOwned>(&self, body: &[u8]) -> Result<T, Error> {
        postcard::from_bytes(body).map_err(|_| Error::Damaged { path: self.path.clone() })
    }

    fn count(&self, sql: &str) -> Result<u64, Error> {
        self.database.query_row(sql, [], |row| unsigned(row, 0)).map_err(self.fault())
    }

    pub(super) fn all<T>(&self, sql: &str, each: impl FnMut(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, Error> {
        let mut select = self.database.prepare(sql).map_err(self.fault())?;
        let rows = select.query_map([], each).map_err(self.fault())?;
        rows.collect::<Result<_, _>>().map_err(self.fault())
    }
}

fn unsigned(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(|count| u64::try_from(count).unwrap_or(0))
}

fn reject(row: &Row<'_>) -> rusqlite::Result<Reject> {
    let rule: String = row.get(2)?;
    Ok(Reject {
        table: "",
        file: row.get(0)?,
        line: unsigned(row, 1)?,
        rule: Rule::ALL.into_iter().find(|known| known.as_str() == rule).unwrap_or(Rule::Format),
        column: row.get(4)?,
        record: row.get(3)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_cannot_be_read_back_are_an_error_and_not_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x.sqlite");
        let stage = Stage::open(&path, "1").unwrap();
        stage.database.execute("INSERT INTO statement VALUES (1, '7', 1, X'FFFFFF')", []).unwrap();
        assert!(matches!(stage.about("7", &Gone::default()), Err(Error::Damaged { .. })));
        assert!(stage.about("8", &Gone::default()).unwrap().is_empty());
        stage.database.execute("INSERT INTO shared VALUES (1, 'Medication/1', X'FFFFFF')", []).unwrap();
        assert!(matches!(stage.shared(&Gone::default()), Err(Error::Damaged { .. })));
    }
}
