//! The log of a scripted node: a real one under a key of its own, handed out as a test says.

use std::path::Path;
use std::sync::{Arc, Mutex};

use renkei_audit::entry::{Act, Admin, Body, Line, Private};
use renkei_audit::note::Note;
use renkei_audit::store::Log;
use renkei_audit::tree::bundle;
use renkei_pki::PeerName;
use renkei_proto::cosigning::{read_cosigned, showing};
use renkei_proto::v1::{ExchangeRequest, ExchangeResponse, ReadLogRequest, ReadLogResponse};
use renkei_service::signed_log::{self, Cosigner, Settings};
use renkei_types::SystemClock;
use tempfile::TempDir;

use crate::CONSORTIUM;

/// What a test does with what is handed out.
type Spoil = Box<dyn Fn(&mut ReadLogResponse) + Send + Sync>;

/// The log.
pub struct ScriptedLog {
    site: String,
    dir: TempDir,
    log: Log,
    cosigner: Arc<Cosigner>,
    spoil: Mutex<Spoil>,
}

fn open(dir: &Path, site: &str) -> (Log, Arc<Cosigner>) {
    let name = PeerName::site(CONSORTIUM.parse().unwrap(), &site.parse().unwrap());
    let opened = signed_log::open(dir, &name, &Settings::default(), Arc::new(SystemClock)).unwrap();
    let (log, _, cosigner) = opened.parts();
    (log, cosigner)
}

fn grow(log: &Log, entries: usize, detail: &str) -> Note {
    let act = || Admin {
        act: Act::LogRead,
        detail: Line::lossy(detail),
        digest: None,
        private: Private::default(),
        subject: Line::lossy("log"),
        who: None,
    };
    let all: Vec<_> = (0..entries).map(|_| log.append(Body::Admin(act()))).collect();
    all.into_iter().for_each(|pending| _ = pending.wait().unwrap());
    log.checkpoint().wait().unwrap()
}

impl ScriptedLog {
    /// A log of so many entries, all of them signed, handed out as it is.
    #[must_use]
    pub fn new(site: &str, entries: usize) -> Arc<Self> {
        let dir = tempfile::tempdir().unwrap();
        let (log, cosigner) = open(dir.path(), site);
        grow(&log, entries, "read");
        Arc::new(Self { site: site.to_owned(), dir, log, cosigner, spoil: Mutex::new(Box::new(|_| {})) })
    }

    /// Adds entries and signs.
    pub fn grow(&self, entries: usize) {
        grow(&self.log, entries, "read again");
    }

    /// Hands out what `how` makes of it.
    pub fn spoil(&self, how: impl Fn(&mut ReadLogResponse) + Send + Sync + 'static) {
        *self.spoil.lock().unwrap() = Box::new(how);
    }

    /// A checkpoint of other entries under the same key.
    #[must_use]
    pub fn of_another_history(&self, entries: usize) -> Note {
        let other = tempfile::tempdir().unwrap();
        std::fs::copy(self.dir.path().join("audit.key"), other.path().join("audit.key")).unwrap();
        let (log, _) = open(other.path(), &self.site);
        let note = grow(&log, entries, "never happened");
        log.close();
        note
    }

    pub(crate) fn exchange(&self, request: &ExchangeRequest) -> ExchangeResponse {
        for sent in &request.cosigned {
            let (key, note) = read_cosigned(sent).unwrap();
            // The writer carries it out whether or not anybody waits.
            drop(self.log.cosigned(note, key));
        }
        let ask = self.cosigner.show(request.seen).unwrap();
        let own = ask.map(|ask| showing(self.cosigner.key(), &ask));
        ExchangeResponse { own, proofs: Vec::new(), said: Vec::new() }
    }

    pub(crate) fn read(&self, request: &ReadLogRequest) -> ReadLogResponse {
        let (reader, size) = (self.log.reader(), request.size);
        let last = size.div_ceil(256).min(request.bundle + 2);
        let bundles = (request.bundle..last).map(|number| {
            let mut entries = reader.bundle(number).unwrap();
            entries.truncate(usize::try_from(size - number * 256).unwrap());
            bundle(&entries).unwrap()
        });
        let bundles: Vec<Vec<u8>> = bundles.collect();
        let proof =
            if bundles.is_empty() { Vec::new() } else { reader.consistency((last * 256).min(size), size).unwrap() };
        let cosigned = reader.cosigned_from(request.cosigned_from, 1 << 20).unwrap();
        let mut response = ReadLogResponse {
            shared: true,
            first: 0,
            bundles,
            proof: proof.iter().map(|hash| hash.0.to_vec()).collect(),
            cosigned: cosigned.iter().map(ToString::to_string).collect(),
        };
        (self.spoil.lock().unwrap())(&mut response);
        response
    }
}

impl Drop for ScriptedLog {
    fn drop(&mut self) {
        self.log.close();
    }
}
