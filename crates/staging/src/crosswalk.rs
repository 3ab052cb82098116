//! The hospital's patient numbers, and the persons that they stand for: kept here and nowhere else.
//!
//! A person gets a number of the CDM and a pseudonym when they are first seen, for ever. The pseudonym is drawn at
//! random, so nothing leads from it to the patient but this file.

use std::path::{Path, PathBuf};

use rand::CryptoRng;
use renkei_ingest::assemble::Who;
use rusqlite::{Connection, OptionalExtension, params};

use crate::Error;

const SCHEMA: &str = "
    CREATE TABLE IF NOT EXISTS person(person_id INTEGER PRIMARY KEY, patient TEXT NOT NULL UNIQUE,
        pseudonym TEXT NOT NULL UNIQUE);
";

/// The crosswalk of one hospital.
pub struct Crosswalk {
    path: PathBuf,
    database: Connection,
}

impl Crosswalk {
    /// Opens it, or makes it where there is none.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn open(path: &Path) -> Result<Self, Error> {
        let fault = || Error::database(path);
        let database = Connection::open(path).map_err(fault())?;
        crate::stage::restrict(path)?;
        database.pragma_update(None, "journal_mode", "wal").map_err(fault())?;
        // Losing a pseudonym that a snapshot has is worse than waiting for the disk.
        database.pragma_update(None, "synchronous", "full").map_err(fault())?;
        database.execute_batch(SCHEMA).map_err(fault())?;
        Ok(Self { path: path.to_owned(), database })
    }

    /// The persons of `patients`, in the order of their numbers; who is new gets the next one.
    ///
    /// # Errors
    /// [`Error::Database`]; then nobody is new.
    pub fn persons<'a>(
        &mut self,
        patients: impl Iterator<Item = &'a str>,
        entropy: &mut dyn CryptoRng,
    ) -> Result<Vec<(Who, &'a str)>, Error> {
        let transaction = self.database.transaction().map_err(Error::database(&self.path))?;
        let mut persons = Vec::new();
        for patient in patients {
            let who = known_or_new(&transaction, patient, entropy).map_err(Error::database(&self.path))?;
            persons.push((who, patient));
        }
        transaction.commit().map_err(Error::database(&self.path))?;
        persons.sort_by_key(|(who, _)| who.person_id);
        Ok(persons)
    }

    /// The pseudonyms of the patients whose number `wanted` accepts.
    ///
    /// # Errors
    /// [`Error::Database`].
    pub fn pseudonyms(&self, wanted: impl Fn(&str) -> bool) -> Result<Vec<String>, Error> {
        let fault = || Error::database(&self.path);
        let mut select = self.database.prepare("SELECT patient, pseudonym FROM person").map_err(fault())?;
        let rows = select.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get(1)?))).map_err(fault())?;
        let rows: Vec<(String, String)> = rows.collect::<Result<_, _>>().map_err(fault())?;
        Ok(rows.into_iter().filter(|(patient, _)| wanted(patient)).map(|(_, pseudonym)| pseudonym).collect())
    }
}

fn known_or_new(database: &Connection, patient: &str, entropy: &mut dyn CryptoRng) -> rusqlite::Result<Who> {
    let mut select = database.prepare_cached("SELECT person_id, pseudonym FROM person WHERE patient = ?1")?;
    let known = select.query_row(params![patient], |row| Ok(Who { person_id: row.get(0)?, pseudonym: row.get(1)? }));
    if let Some(who) = known.optional()? {
        return Ok(who);
    }
    let mut bytes = [0; 16];
    entropy.fill_bytes(&mut bytes);
    let pseudonym: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut insert = database.prepare_cached("INSERT INTO person(patient, pseudonym) VALUES (?1, ?2)")?;
    insert.execute(params![patient, pseudonym])?;
    Ok(Who { person_id: database.last_insert_rowid(), pseudonym })
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    #[test]
    fn a_person_keeps_number_and_pseudonym_and_the_new_come_last() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("crosswalk.sqlite");
        let first =
            Crosswalk::open(&path).unwrap().persons(["b", "a"].into_iter(), &mut ChaCha8Rng::seed_from_u64(1)).unwrap();
        let mut again = Crosswalk::open(&path).unwrap();
        let second = again.persons(["0", "a", "b"].into_iter(), &mut ChaCha8Rng::seed_from_u64(2)).unwrap();
        assert_eq!(second[..2], first[..]);
        assert_eq!(second.iter().map(|(_, patient)| *patient).collect::<Vec<_>>(), ["b", "a", "0"]);
        assert_eq!(second[0].0.pseudonym.len(), 32);
        assert_eq!(again.pseudonyms(|patient| patient == "a").unwrap(), [second[1].0.pseudonym.as_str()]);
        assert!(again.pseudonyms(|patient| patient == "nobody").unwrap().is_empty());
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
