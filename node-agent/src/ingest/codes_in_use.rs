//! The codes that the last ingest used, with their texts: kept so that maps can be judged without reading a source.
//! Like everything about sources it stays at the hospital.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use renkei_ingest::assemble::{Concepts as _, Known, Usage};
use renkei_ingest::codes::{self, Concepts, Coverage, MapFile, Masters, Seen};
use renkei_ingest::record::Codes as Alternatives;
use renkei_ingest::{Coding, Day, Dictionary};
use renkei_types::Timestamp;
use serde::{Deserialize, Serialize};

use super::{IngestError, sources_folder};
use crate::config::Codes;
use crate::maps::SignedMap;
use crate::store::{self, Error, Fault};

/// Codes, by table.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct CodesInUse(Vec<Used>);

#[derive(Debug, Serialize, Deserialize)]
struct Used {
    table: String,
    codes: Alternatives,
    text: Option<String>,
    rows: u64,
    persons: u64,
}

impl CodesInUse {
    /// What an ingest used.
    pub(super) fn of(usage: &Usage, dictionary: &Dictionary) -> Self {
        let used = usage.sorted().into_iter().map(|(table, codes, used)| Used {
            table: table.to_owned(),
            codes: codes.clone(),
            text: codes.iter().find_map(|code| dictionary.text(code)).map(str::to_owned),
            rows: used.rows,
            persons: used.persons,
        });
        Self(used.collect())
    }

    /// Keeps it in the state folder.
    pub(super) fn keep(&self, state: &Path) -> Result<(), Error> {
        store::replace(&file(state), &serde_json::to_vec(self).unwrap_or_default())
    }

    /// Reads it; `None` where no ingest has left one.
    ///
    /// # Errors
    /// [`Error::Io`]; [`Error::Damaged`].
    pub fn read(state: &Path) -> Result<Option<Self>, Error> {
        let path = file(state);
        match std::fs::read(&path) {
            Ok(bytes) => serde_json::from_slice(&bytes)
                .map(Some)
                .map_err(|_| Error::damaged(&path, Fault::Unreadable { what: "a list of codes" })),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("read", &path)(error)),
        }
    }

    /// How far these codes lead with the vocabularies, maps and masters `codes`, and the consortium's maps `signed`.
    ///
    /// # Errors
    /// [`IngestError::Codes`].
    pub fn coverage(&self, codes: &Codes, signed: &[SignedMap], now: Timestamp) -> Result<Coverage, IngestError> {
        let mut dictionary = Dictionary::default();
        for used in &self.0 {
            used.codes.iter().for_each(|code| dictionary.see(code, used.text.as_deref()));
        }
        let known = known(codes, signed, &dictionary, Day(now.days()), &mut |_| {})?;
        Ok(self.covered(&known, &dictionary))
    }

    /// How far these codes lead.
    pub(super) fn covered(&self, known: &Known, dictionary: &Dictionary) -> Coverage {
        let seen = self.0.iter().map(|used| {
            let mut codes = used.codes.clone();
            known.expand(&mut codes);
            Seen { codes, table: used.table.clone(), rows: used.rows, persons: used.persons }
        });
        Coverage::of(seen, dictionary, &known.concepts)
    }
}

fn file(state: &Path) -> PathBuf {
    sources_folder(state).join("codes.json")
}

/// What vocabularies, maps and masters know of the codes in `dictionary`.
pub(super) fn known(
    codes: &Codes,
    signed: &[SignedMap],
    dictionary: &Dictionary,
    today: Day,
    progress: &mut dyn FnMut(codes::Progress),
) -> Result<Known, IngestError> {
    let mut known = Known { masters: Masters::load(&codes.masters)?, ..Known::default() };
    let mut wanted = BTreeSet::<Coding>::new();
    for (coding, _) in dictionary.iter() {
        let mut alternatives = vec![coding.clone()];
        known.expand(&mut alternatives);
        wanted.extend(alternatives);
    }
    let folders = codes.vocabularies.clone();
    // The later one counts: the site's own before the consortium's.
    let maps = signed.iter().map(SignedMap::file).chain(codes.maps.iter().cloned().map(MapFile::from)).collect();
    known.concepts = Concepts::load(&codes::Sources { folders, maps, today }, &wanted, progress)?;
    Ok(known)
}
