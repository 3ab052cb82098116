//! The folder of receipts.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};

use renkei_audit::note::{Origin, VerifierKey};
use renkei_audit::receipt::{Given, Inclusion};
use renkei_audit::tree::Hash;
use renkei_types::{QueryId, Timestamp};
use serde::{Deserialize, Serialize};

use crate::answer::Account;

/// The form of the files; a reader refuses one that it does not know.
const VERSION: u32 = 1;

/// Bytes of one file that are read.
const MAX_FILE: u64 = 16 << 20;

const KEYS: &str = "keys.json";

/// One question with what was promised of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The form of this file.
    pub version: u32,
    /// The question.
    pub query_id: QueryId,
    /// When it was asked, by this machine's clock.
    pub asked_at: Timestamp,
    /// The gateway's address as it was given.
    pub gateway: String,
    /// The project.
    pub project: Option<String>,
    /// The statement.
    pub sql: String,
    /// Values of its parameters as they were written.
    pub parameters: Vec<String>,
    /// The version of this program.
    pub software: String,
    /// The rows that arrived; none where not all of them did.
    pub rows: Option<Rows>,
    /// The account as it came, without the receipts.
    pub answer: serde_json::Value,
    /// The receipts: the gateway's and those of the sites.
    pub receipts: Vec<Stored>,
}

/// The rows of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rows {
    /// How many.
    pub count: u64,
    /// Their hash (`renkei_proto::rows`).
    pub hash: Hash,
}

/// A receipt with what is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stored {
    /// The receipt.
    #[serde(flatten)]
    pub given: Given,
    /// What is wrong with it, found when it came or when a proof did not fit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub wrong: Option<String>,
    /// The proof that its log holds what it promised.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub proof: Option<Proof>,
}

/// A proof, with the signed head that it leads to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    /// When it came.
    pub at: Timestamp,
    /// The signed checkpoint.
    pub checkpoint: String,
    /// From the entry to its root.
    pub inclusion: Inclusion,
}

impl Kept {
    /// A question as it was answered.
    pub fn new(query_id: QueryId, asked_at: Timestamp, gateway: &str, sql: &str, account: &Account) -> Self {
        let mut answer = account.raw.clone();
        if let Some(object) = answer.as_object_mut() {
            object.remove("receipts");
        }
        let stored = |given: &Given| Stored { given: given.clone(), wrong: None, proof: None };
        Self {
            version: VERSION,
            query_id,
            asked_at,
            gateway: gateway.to_owned(),
            project: account.project.clone(),
            sql: sql.to_owned(),
            parameters: Vec::new(),
            software: concat!("renkei ", env!("CARGO_PKG_VERSION")).to_owned(),
            rows: None,
            answer,
            receipts: account.receipts.iter().map(stored).collect(),
        }
    }

    /// Whether every receipt is proven.
    pub fn is_proven(&self) -> bool {
        self.receipts.iter().all(|receipt| receipt.proof.is_some())
    }
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Store(PathBuf);

impl Store {
    /// The folder, which is made with the first receipt.
    pub fn new(folder: PathBuf) -> Self {
        Self(folder)
    }

    /// Where a question's file is.
    pub fn path(&self, query: &QueryId) -> PathBuf {
        self.0.join(format!("{query}.json"))
    }

    /// Puts a question's file in place.
    ///
    /// # Errors
    /// As the system reports.
    pub fn keep(&self, kept: &Kept) -> io::Result<()> {
        put(&self.path(&kept.query_id), &serde_json::to_vec_pretty(kept)?)
    }

    /// A question; none where nothing is kept of it.
    ///
    /// # Errors
    /// When the file cannot be read or understood.
    pub fn read(&self, query: &QueryId) -> io::Result<Option<Kept>> {
        let Some(bytes) = get(&self.path(query))? else { return Ok(None) };
        let kept: Kept = serde_json::from_slice(&bytes)?;
        if kept.version != VERSION || kept.query_id != *query {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "not a receipt of this question in a known form"));
        }
        Ok(Some(kept))
    }

    /// The questions of which something is kept, the oldest first.
    ///
    /// # Errors
    /// When the folder is there and cannot be read.
    pub fn list(&self) -> io::Result<Vec<QueryId>> {
        let files = match fs::read_dir(&self.0) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            files => files?,
        };
        let mut queries = Vec::new();
        for file in files {
            let name = file?.file_name();
            let id = name.to_str().and_then(|name| name.strip_suffix(".json")).filter(|id| *id != "keys");
            queries.extend(id.and_then(|id| QueryId::new(id).ok()));
        }
        // Ids begin with their time.
        queries.sort();
        Ok(queries)
    }

    /// The key of a log as it was first seen; the given one is remembered where there is none.
    ///
    /// # Errors
    /// When the file cannot be read or written.
    pub fn key(&self, log: &Origin, seen: &VerifierKey) -> io::Result<VerifierKey> {
        let path = self.0.join(KEYS);
        let mut keys: BTreeMap<String, String> = match get(&path)? {
            Some(bytes) => serde_json::from_slice(&bytes)?,
            None => BTreeMap::new(),
        };
        let known = keys.get(log.as_str()).and_then(|text| VerifierKey::parse(text).ok());
        if let Some(known) = known {
            return Ok(known);
        }
        keys.insert(log.to_string(), seen.to_string());
        put(&path, &serde_json::to_vec_pretty(&keys)?)?;
        Ok(seen.clone())
    }
}

fn get(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match path.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
        Ok(file) if file.len() > MAX_FILE => Err(io::ErrorKind::FileTooLarge.into()),
        Ok(_) => fs::read(path).map(Some),
    }
}

/// Statements and answers are the person's own: nobody else reads the folder.
fn put(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let mut builder = tempfile::Builder::new();
    let builder = builder.prefix(".receipt-").permissions(Permissions::from_mode(0o600));
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

#[cfg(test)]
mod tests {
    use renkei_audit::note::{Kind, SigningKey};
    use tempfile::TempDir;

    use super::*;

    fn kept(id: &str) -> Kept {
        let account = Account::read(
            br#"{"query_id":"q","project":"p","sites":[{"site":"tokyo","state":"answered","snapshot":"s1","elapsed_ms":3}],
            "receipts":[{"key":"k","note":"n","part":0,"site":"tokyo"}]}"#,
        )
        .unwrap()
        .unwrap();
        let mut kept = Kept::new(id.parse().unwrap(), Timestamp(7), "localhost:1", "SELECT 1", &account);
        kept.rows = Some(Rows { count: 3, hash: Hash::of(b"rows") });
        kept
    }

    #[test]
    fn what_is_kept_is_read_back_and_listed_by_age() {
        let folder = TempDir::new().unwrap();
        let store = Store::new(folder.path().join("a/b"));
        assert_eq!(store.list().unwrap(), []);
        assert_eq!(store.read(&"q-1".parse().unwrap()).unwrap(), None);
        for id in ["q-2", "q-1"] {
            store.keep(&kept(id)).unwrap();
            assert_eq!(store.read(&id.parse().unwrap()).unwrap(), Some(kept(id)));
        }
        assert_eq!(store.list().unwrap(), ["q-1".parse().unwrap(), "q-2".parse().unwrap()]);
        let one = kept("q-1");
        assert!(one.answer.get("receipts").is_none(), "they are there once");
        assert_eq!((one.receipts.len(), one.is_proven()), (1, false));
        let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&store.0), mode(&store.path(&one.query_id))), (0o700, 0o600));
    }

    #[test]
    fn another_form_or_another_question_is_refused() {
        let folder = TempDir::new().unwrap();
        let store = Store::new(folder.path().to_owned());
        for text in ["{", "{}", &serde_json::to_string(&Kept { version: 2, ..kept("q-1") }).unwrap()] {
            fs::write(store.path(&"q-1".parse().unwrap()), text).unwrap();
            assert!(store.read(&"q-1".parse().unwrap()).is_err(), "{text}");
        }
        fs::write(store.path(&"q-1".parse().unwrap()), serde_json::to_vec(&kept("q-2")).unwrap()).unwrap();
        assert!(store.read(&"q-1".parse().unwrap()).is_err());
    }

    #[test]
    fn the_first_key_of_a_log_stays_its_key() {
        let folder = TempDir::new().unwrap();
        let store = Store::new(folder.path().to_owned());
        let log = Origin::new("renkei://c/site/tokyo").unwrap();
        let key = |seed| SigningKey::from_seed(log.clone(), Kind::Log, &[seed; 32]).unwrap().verifier().clone();
        assert_eq!(store.key(&log, &key(1)).unwrap(), key(1));
        assert_eq!(store.key(&log, &key(2)).unwrap(), key(1));
        assert_eq!(store.list().unwrap(), [], "the keys are no question");
    }
}
