//! One file, in as many attempts as it takes.
//!
//! An attempt continues where the one before it ended, if the server named the content (a strong ETag, or else a date)
//! and still has that one; otherwise it begins anew. A file counts as whole when its connection ended as HTTP says it
//! must, each of its lines is an object, and their number is what the manifest says.

use std::fs::{self, File, OpenOptions};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use http::header::{ACCEPT, CONTENT_ENCODING, CONTENT_RANGE, ETAG, IF_RANGE, LAST_MODIFIED, RANGE};
use http::{HeaderMap, HeaderValue, Method};

use super::asking::Asking;
use super::http::{Answer, host_of};
use super::job::plain;
use super::lines::resources;
use super::manifest::Listed;
use super::state::Store;
use super::trouble::Trouble;
use super::{Config, Progress};
use crate::disk::local;
use crate::{Error, Kind};

/// Progress is told each time that so many bytes came.
const STEP: u64 = 8 << 20;

/// Fetches the file of that number, which is not here yet.
pub(super) async fn fetch(
    config: &Config,
    asking: &mut Asking,
    store: &mut Store,
    index: usize,
    progress: &mut dyn FnMut(Progress),
) -> Result<(), Trouble> {
    let mut tries = 0;
    let mut reached = 0;
    loop {
        let mut attempt = Attempt { config, store: &mut *store, index, progress: &mut *progress };
        let trouble = match attempt.run(asking).await {
            Ok(()) => return Ok(()),
            Err(trouble) => trouble,
        };
        // Slow progress is progress.
        let size = attempt.size();
        if size > reached {
            (tries, reached) = (0, size);
        }
        asking.rest(&mut tries, trouble).await?;
    }
}

struct Attempt<'a> {
    config: &'a Config,
    store: &'a mut Store,
    index: usize,
    progress: &'a mut dyn FnMut(Progress),
}

impl Attempt<'_> {
    fn listed(&self) -> &Listed {
        &self.store.files()[self.index]
    }

    fn path(&self) -> PathBuf {
        self.store.part().join(&self.listed().name)
    }

    fn size(&self) -> u64 {
        fs::metadata(self.path()).map_or(0, |metadata| metadata.len())
    }

    async fn run(&mut self, asking: &mut Asking) -> Result<(), Trouble> {
        let (url, path) = (self.listed().url.clone(), self.path());
        let host = host_of(&url);
        let open =
            self.store.state.job.as_ref().and_then(|job| job.listing.as_ref()).is_none_or(|listing| !listing.token);
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static("application/fhir+ndjson"));
        let have = self.size();
        if let (Some(validator), true) = (self.listed().validator.clone(), have > 0)
            && let (Ok(range), Ok(validator)) =
                (HeaderValue::try_from(format!("bytes={have}-")), HeaderValue::try_from(validator))
        {
            headers.insert(RANGE, range);
            headers.insert(IF_RANGE, validator);
        }
        let answer = asking.once(Method::GET, &url, &headers, open).await?;
        let start = match answer.status.as_u16() {
            206 if from(&answer) == Some(have) => have,
            200 => 0,
            206 | 416 => {
                self.change(|file| file.validator = None)?;
                let what = format!("{host} cannot continue a file where it was broken off");
                return Err(Trouble::passing(Error::new(Kind::Unreachable, what, "start again")));
            }
            _ => return Err(Trouble::answered(answer, &host, &format!("the request for {}", self.listed().name)).await),
        };
        self.suits(&answer, &host)?;
        if start == 0 {
            let found = validator(&answer);
            self.change(|file| file.validator = found)?;
        }
        self.receive(answer, &path, start).await?;
        self.judge(&path, &host)
    }

    fn change(&mut self, change: impl FnOnce(&mut Listed)) -> Result<(), Trouble> {
        self.store.change(self.index, change).map_err(Trouble::lasting)
    }

    /// Whether the answer can be NDJSON at all.
    fn suits(&self, answer: &Answer, host: &str) -> Result<(), Trouble> {
        const TYPES: &[&str] = &[
            "application/fhir+ndjson",
            "application/ndjson",
            "application/x-ndjson",
            "application/octet-stream",
            "binary/octet-stream",
            "text/plain",
        ];
        let kind = answer.media_type().unwrap_or_default();
        if !kind.is_empty() && !TYPES.contains(&kind.as_str()) {
            return Err(self.unsuited(format!("{host} sends {} where {} should be", plain(&kind), self.listed().name)));
        }
        match answer.header(CONTENT_ENCODING) {
            None | Some("identity") => Ok(()),
            Some(_) => Err(self.unsuited(format!("{host} compresses {}, which was not asked for", self.listed().name))),
        }
    }

    fn unsuited(&self, what: String) -> Trouble {
        Trouble::lasting(Error::new(Kind::Source, what, "the server, or a proxy before it, is at fault"))
    }

    async fn receive(&mut self, mut answer: Answer, path: &Path, start: u64) -> Result<(), Trouble> {
        let failed = |error| Trouble::lasting(local(path, "cannot be written", error));
        let file = open(path, start).map_err(failed)?;
        let mut writer = BufWriter::with_capacity(1 << 18, file);
        let (mut bytes, mut told) = (start, start);
        let ended = loop {
            match answer.piece().await {
                Ok(None) => break Ok(()),
                Ok(Some(piece)) => {
                    bytes += piece.len() as u64;
                    if bytes > self.config.max_file_bytes {
                        let what = format!("{} is larger than max_file_bytes", self.listed().name);
                        break Err(Trouble::lasting(Error::new(Kind::Source, what, "raise it, or ask for less")));
                    }
                    writer.write_all(&piece).map_err(failed)?;
                    if bytes - told >= STEP {
                        told = bytes;
                        self.tell(bytes);
                    }
                }
                // What came is kept, and continued.
                Err(trouble) => break Err(trouble),
            }
        };
        writer.flush().map_err(failed)?;
        writer.get_ref().sync_all().map_err(failed)?;
        ended
    }

    /// Whether the file is whole.
    fn judge(&mut self, path: &Path, host: &str) -> Result<(), Trouble> {
        let found = resources(path).map_err(|error| Trouble::lasting(local(path, "cannot be read", error)))?;
        let (listed, bytes) = (self.listed(), self.size());
        let what = match (found, listed.count) {
            (Some(found), Some(count)) if found != count => {
                format!("{} of {host} has {found} resources, and its manifest says {count}", listed.name)
            }
            (Some(found), _) => {
                self.change(|file| file.complete = Some((found, bytes)))?;
                self.tell(bytes);
                return Ok(());
            }
            (None, _) => format!("{} of {host} is cut off, or is no NDJSON", listed.name),
        };
        let _ = fs::remove_file(path);
        self.change(|file| file.validator = None)?;
        Err(Trouble::passing(Error::new(Kind::Source, what, "the server, or a proxy before it, is at fault")))
    }

    fn tell(&mut self, bytes: u64) {
        let files = self.store.files();
        let done = files.iter().filter(|file| file.complete.is_some()).count();
        let progress = Progress::Fetching { file: self.listed().name.clone(), bytes, done, of: files.len() };
        (self.progress)(progress);
    }
}

fn open(path: &Path, start: u64) -> std::io::Result<File> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    match start {
        0 => options.write(true).create(true).truncate(true),
        _ => options.append(true),
    };
    options.open(path)
}

/// Where a partial answer begins.
fn from(answer: &Answer) -> Option<u64> {
    answer.header(CONTENT_RANGE)?.strip_prefix("bytes ")?.split('-').next()?.parse().ok()
}

/// What distinguishes the content, for `If-Range` (RFC 9110, 13.1.5): a weak ETag does not.
fn validator(answer: &Answer) -> Option<String> {
    let strong = answer.header(ETAG).filter(|tag| tag.starts_with('"'));
    strong.or_else(|| answer.header(LAST_MODIFIED)).map(str::to_owned)
}
