//! Copies of the sites' logs, so that whoever compares logs has all of them in one place.
//!
//! ```text
//! peers/<site>/        the copy, as `renkei_audit::copy` writes it; no openings
//! peers/<site>.pub     the key under which it was checked
//! peers-before/…       copies of logs whose key was replaced
//! ```
//!
//! What must stay true: nothing is kept that does not lead to a head which the gateway has cosigned; what a site hands
//! out otherwise is an alarm, and the copy stays as it was. A site cannot fill the disk faster than
//! [`ROUND_BYTES`] each [`EVERY`], and not below [`ROOM`], which the gateway's own log needs.
//!
//! A copy is continued every ten seconds, a few bundles at a time: one that is days behind catches up within minutes, and
//! one that has come to the head asks for what is new alone.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use renkei_audit::copy::{CopyError, Copying};
use renkei_audit::note::{Head, Note, NoteError, VerifierKey};
use renkei_audit::store::{Disk as _, Folder, ReadError, Reader};
use renkei_audit::tree::WIDTH;
use renkei_proto::cosigning::{read_hashes, read_note};
use renkei_proto::v1::{ReadLogRequest, ReadLogResponse};
use renkei_service::chain;
use renkei_service::signed_log::{self, Cosigner};
use renkei_types::SiteId;
use tokio_util::sync::CancellationToken;

use super::{Cosigning, Site};

const ENTRIES: u64 = WIDTH as u64;
const EVERY: Duration = Duration::from_secs(10);
const SOON: Duration = Duration::from_secs(1);
/// After an alarm, or where there is nothing to be had.
const SELDOM: Duration = Duration::from_secs(60);
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes behind which a round asks for no more.
const ROUND_BYTES: usize = 8 << 20;
/// Answers in one round at most.
const IN_A_ROW: usize = 4;
/// Bundles and cosigned checkpoints in one answer at most.
const BUNDLES: usize = 16;
const NOTES: usize = 256;
/// Bytes of the disk that copies leave free.
const ROOM: u64 = 1 << 30;

/// What a log handed out is not what it signed.
const FORGED: &str = "the entries that it hands out are not those that it signed; nothing of them was kept";
/// A checkpoint that it signed and others cosigned is of other entries.
const TWO_HISTORIES: &str = "a checkpoint that others cosigned is of other entries than those that it hands out";

/// Keeps the copies.
#[derive(Debug)]
pub(crate) struct Copies {
    cosigning: Arc<Cosigning>,
    cosigner: Arc<Cosigner>,
    state_dir: PathBuf,
}

/// A copy in progress, with the key that it is checked under.
type Progress = Option<(VerifierKey, Copying)>;

/// How a round ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    /// Nothing of the log is cosigned yet.
    NotYet,
    /// The copy has the head, or goes on with the next round.
    Well,
    /// There is nothing to be had, for this reason.
    Nothing(&'static str),
    /// What was handed out is believed in nothing.
    Alarm(&'static str),
}

impl Copies {
    pub(crate) fn new(cosigning: Arc<Cosigning>, cosigner: Arc<Cosigner>, state_dir: PathBuf) -> Self {
        Self { cosigning, cosigner, state_dir }
    }

    /// Continues the copy of a site's log while the site is connected, until `shutdown`.
    pub(crate) async fn run(self: Arc<Self>, site: Arc<Site>, shutdown: CancellationToken) {
        shutdown.run_until_cancelled(self.for_ever(&site)).await;
    }

    async fn for_ever(&self, site: &Site) {
        let (mut link, mut progress, mut told, mut proven) = (site.link.state(), None, None, false);
        // The sender lives in the link, which `site` holds.
        while link.wait_for(renkei_service::LinkState::is_connected).await.is_ok() {
            let ended = self.round(site, &mut progress).await;
            let mut wait = EVERY;
            match ended {
                // Two signed heads that contradict each other stay a proof, whatever is handed out after them.
                Ended::Well if !proven => site.set_forged(false),
                Ended::Well => {}
                Ended::NotYet => wait = SOON,
                Ended::Nothing(why) => {
                    wait = SELDOM;
                    if told != Some(ended) {
                        tracing::info!(site = %site.id, why, "the site's log is not copied");
                    }
                }
                Ended::Alarm(what) => {
                    wait = SELDOM;
                    // From the copy's own checkpoint again, as it lies on the disk.
                    progress = None;
                    proven |= what == TWO_HISTORIES;
                    site.set_forged(true);
                    if let Some(origin) = self.cosigning.origin(&site.id) {
                        self.cosigner.alarm(&origin, what).await;
                    }
                }
            }
            told = Some(ended);
            drop(tokio::time::timeout(wait, link.changed()).await);
        }
    }

    async fn round(&self, site: &Site, progress: &mut Progress) -> Ended {
        let Some((key, note)) = self.cosigning.shown(site) else { return Ended::NotYet };
        let Some(head) = signed_log::head(&note) else { return Ended::NotYet };
        let folder = folder(&self.state_dir, &site.id);
        let mut copying = match progress.take().filter(|(under, _)| *under == key) {
            Some((_, copying)) => copying,
            None => {
                let (state_dir, id, under) = (self.state_dir.clone(), site.id.clone(), key.clone());
                match blocking(move || begin(&state_dir, &id, &under)).await {
                    Ok(copying) => copying,
                    Err(trouble) => return trouble.ended(&site.id),
                }
            }
        };
        let mut bytes = 0;
        for _ in 0..IN_A_ROW {
            let response = match self.ask(site, &copying, head).await {
                Ok(response) => response,
                Err(why) => {
                    *progress = Some((key, copying));
                    return Ended::Nothing(why);
                }
            };
            bytes += response.bundles.iter().map(Vec::len).sum::<usize>();
            let answer = Answer { response, note: note.clone(), head, folder: folder.clone() };
            let taken = blocking(move || answer.take(&mut copying).map(|done| (done, copying))).await;
            match taken {
                Ok((done, back)) => {
                    copying = back;
                    if done || bytes >= ROUND_BYTES {
                        break;
                    }
                }
                Err(trouble) => return trouble.ended(&site.id),
            }
        }
        *progress = Some((key, copying));
        Ended::Well
    }

    async fn ask(&self, site: &Site, copying: &Copying, head: Head) -> Result<ReadLogResponse, &'static str> {
        let whole = copying.before().size == head.size;
        // A copy that has the head wants what was cosigned of it since.
        let bundle = if whole { head.size.div_ceil(ENTRIES) } else { copying.next() };
        let request = ReadLogRequest { size: head.size, bundle, cosigned_from: copying.cosigned() };
        let response = match tokio::time::timeout(PATIENCE, site.client().read_log(request)).await {
            Ok(Ok(response)) => response.into_inner(),
            Ok(Err(status)) if status.code() == tonic::Code::Unimplemented => {
                return Err("its node is of a version that hands out no log");
            }
            Ok(Err(_)) | Err(_) => return Err("its node does not hand it out at present"),
        };
        if !response.shared {
            return Err("the site does not share it");
        }
        if !whole && response.first > bundle * ENTRIES {
            return Err("its next entries are in an archive at the site");
        }
        Ok(response)
    }
}

/// What a site handed out, with what it is checked against.
struct Answer {
    response: ReadLogResponse,
    note: Note,
    head: Head,
    folder: PathBuf,
}

impl Answer {
    /// Checks it and writes what is in order; whether the copy has everything that there is.
    fn take(&self, copying: &mut Copying) -> Result<bool, Trouble> {
        let ReadLogResponse { bundles, proof, cosigned, .. } = &self.response;
        let next = copying.next();
        if bundles.len() > BUNDLES || cosigned.len() > NOTES || bundles.is_empty() && copying.size() < self.head.size {
            return Err(CopyError::Bundle(next).into());
        }
        if !bundles.is_empty() {
            let above = self.folder.parent().unwrap_or(&self.folder);
            if Folder.free(above).is_ok_and(|free| free < ROOM) {
                return Err(Trouble::NoRoom);
            }
            bundles.iter().try_for_each(|bytes| copying.take(bytes))?;
            copying.check(self.head, &read_hashes(proof).map_err(|_| CopyError::Root)?)?;
        }
        let notes = cosigned.iter().map(|text| read_note(text)).collect::<Result<Vec<_>, _>>();
        let notes = notes.map_err(|_| CopyError::Signature(NoteError::Malformed))?;
        let heads: Vec<Head> = notes.iter().filter_map(signed_log::head).collect();
        copying.take_cosigned(notes)?;
        copying.write()?;
        if copying.size() < self.head.size {
            return Ok(false);
        }
        copying.finish(&self.note)?;
        self.compare(&heads)?;
        Ok(heads.is_empty())
    }

    /// Heads that the log signed and others cosigned must be heads of these entries. They are kept in either case: two
    /// signed heads that contradict each other are the proof.
    fn compare(&self, heads: &[Head]) -> Result<(), Trouble> {
        let reader = Reader::new(&self.folder);
        for head in heads.iter().filter(|head| head.size <= self.head.size) {
            if reader.head(head.size).map_err(CopyError::Read)? != *head {
                return Err(Trouble::TwoHistories);
            }
        }
        Ok(())
    }
}

/// Why a round brought nothing.
#[derive(Debug)]
enum Trouble {
    Copy(CopyError),
    TwoHistories,
    NoRoom,
    /// The gateway is ending.
    Interrupted,
}

impl From<CopyError> for Trouble {
    fn from(error: CopyError) -> Self {
        Self::Copy(error)
    }
}

impl Trouble {
    fn ended(&self, site: &SiteId) -> Ended {
        match self {
            Self::Copy(error @ (CopyError::Read(_) | CopyError::System(..))) => {
                tracing::error!(site = %site, error = chain(error), "the copy of the site's log cannot be continued");
                Ended::Nothing("the copy cannot be continued")
            }
            Self::Copy(error) => {
                tracing::error!(site = %site, error = chain(error), "the site's log is not copied");
                Ended::Alarm(FORGED)
            }
            Self::TwoHistories => Ended::Alarm(TWO_HISTORIES),
            Self::NoRoom => Ended::Nothing("the gateway's disk has too little room"),
            Self::Interrupted => Ended::Nothing("the gateway ends"),
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T, Trouble> + Send + 'static) -> Result<T, Trouble> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Trouble::Interrupted))
}

/// The folder of the copy of a site's log.
pub(crate) fn folder(state_dir: &Path, site: &SiteId) -> PathBuf {
    state_dir.join("peers").join(site.as_str())
}

/// Goes on where the copy ends. One that was checked under another key is of a log that is no more.
fn begin(state_dir: &Path, site: &SiteId, key: &VerifierKey) -> Result<Copying, Trouble> {
    let root = folder(state_dir, site);
    let beside = root.with_file_name(format!("{site}.pub"));
    let system = |error| CopyError::System(beside.clone(), error);
    let line = format!("{key}\n");
    match fs::read_to_string(&beside) {
        Ok(known) if known == line => {}
        Ok(_) => {
            put_aside(state_dir, site, &root, &beside).map_err(system)?;
            Folder.put(&beside, line.as_bytes()).map_err(system)?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            Folder.put(&beside, line.as_bytes()).map_err(system)?;
        }
        Err(error) => return Err(system(error).into()),
    }
    Copying::begin(&root, key).map_err(|error| match error {
        // Its own key signed what the copy has.
        CopyError::Signature(_) => CopyError::Read(ReadError::Damaged("the copy's checkpoint".into())).into(),
        error => error.into(),
    })
}

fn put_aside(state_dir: &Path, site: &SiteId, root: &Path, beside: &Path) -> io::Result<()> {
    let before = state_dir.join("peers-before");
    fs::create_dir_all(&before)?;
    let free = (1_u32..).map(|n| before.join(format!("{site}-{n}"))).find(|path| !path.exists());
    let Some(target) = free else { return Err(io::ErrorKind::StorageFull.into()) };
    tracing::warn!(site = %site, to = %target.display(), "the site's log has another key; the copy of the old one was moved");
    match fs::rename(root, &target) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut key = target.into_os_string();
    key.push(".pub");
    fs::rename(beside, key)
}
