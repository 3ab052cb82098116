//! What the source says it has deleted: resources that an incremental export does not merely leave out.

use std::collections::HashMap;

use renkei_ingest::record::Statement;

use super::Stage;
use crate::Error;

/// Deletions by key: the file that tells, and the version until which it holds.
#[derive(Debug, Default)]
pub(crate) struct Gone(HashMap<String, Vec<(i64, Option<i64>)>>);

impl Stage {
    /// All deletions.
    pub(crate) fn gone(&self) -> Result<Gone, Error> {
        let mut gone = Gone::default();
        let rows = self.all("SELECT key, file, until FROM gone", |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        for (key, file, until) in rows {
            let key: String = key;
            gone.0.entry(key).or_default().push((file, until));
        }
        Ok(gone)
    }
}

impl Gone {
    /// Whether a statement about a patient, read from a file, was deleted: by itself or with the patient.
    pub(crate) fn takes(&self, patient: &str, file: i64, statement: &Statement) -> bool {
        !self.0.is_empty()
            && [patient, &statement.key].into_iter().any(|key| self.has(key, file, Some(statement.version)))
    }

    /// Whether what stands under a key in a file was deleted. By versions, where both have one: what comes later was
    /// made again. Otherwise what is told by later files counts; their order is that of an export's runs.
    pub(crate) fn has(&self, key: &str, file: i64, version: Option<i64>) -> bool {
        let version = version.filter(|version| *version != 0);
        let after = |&(told, until): &(i64, Option<i64>)| match (until, version) {
            (Some(until), Some(version)) => version <= until,
            _ => told > file,
        };
        self.0.get(key).is_some_and(|deletions| deletions.iter().any(after))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_made_again_counts_again() {
        let statement = |version| Statement { key: "Observation/1".into(), version, records: Vec::new() };
        let gone = |file, until| Gone(HashMap::from([("Observation/1".into(), vec![(file, until)])]));
        for (deletion, file, version, expect) in [
            (gone(2, Some(10)), 1, 9, true),
            (gone(2, Some(10)), 1, 10, true),
            (gone(2, Some(10)), 1, 11, false),
            // Without a version on either side the later file counts.
            (gone(2, None), 1, 11, true),
            (gone(2, None), 2, 11, false),
            (gone(2, None), 3, 11, false),
            (gone(2, Some(10)), 1, 0, true),
            (gone(2, Some(10)), 3, 0, false),
        ] {
            assert_eq!(deletion.takes("Patient/1", file, &statement(version)), expect, "{deletion:?} {file} {version}");
        }
        let patient = Gone(HashMap::from([("Patient/1".into(), vec![(2, None)])]));
        assert!(patient.takes("Patient/1", 1, &statement(11)) && !patient.takes("Patient/2", 1, &statement(11)));
        assert!(!Gone::default().takes("Patient/1", 1, &statement(1)));
    }
}
