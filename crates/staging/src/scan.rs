//! A run over one source: what is new or changed is read, what is gone is taken away.
//!
//! Files come from the walk in batches. What is as it was is passed over; the others are read by a few threads and
//! written by this one, which owns the database. A batch ends before the next begins, so that nothing waits for
//! anything but in one direction.

mod convert;
mod files;
mod walk;

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Instant;

use renkei_ingest::{Extract, Remarks, Rules};
use roaring::RoaringTreemap;

use crate::report::SourceReport;
use crate::settings::Source;
use crate::stage::{Entry, Stage};
use crate::{Error, Format};
use convert::Converter;
use walk::{Found, Item};

/// Files that are looked up, read and written together.
const BATCH: usize = 512;
/// Pieces of files that go from a reader to the writer together: waking it for each message costs more than the message.
const HANDFUL: usize = 32;
/// Of fewer files that are gone nobody is asked.
const FEW: u64 = 20;

/// How far a run may go.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Whether files may be gone in any number.
    pub accept_vanished: bool,
    /// Otherwise, of a hundred files, as many may be gone.
    pub vanished_percent: u64,
    /// Threads that read.
    pub threads: usize,
    /// Files to look at; then the rest is left alone, and nothing counts as gone.
    pub files: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { accept_vanished: false, vanished_percent: 10, threads: 2, files: None }
    }
}

/// How far a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Files that were looked at.
    pub files: u64,
    /// Files that the source had the last time; 0 the first time.
    pub known: u64,
    /// Files that were read.
    pub read: u64,
    /// Bytes that were read.
    pub bytes: u64,
}

/// Brings the staging file of `source` up to date.
///
/// # Errors
/// [`Error`]. What was read until then is kept, and the next run goes on from there.
pub fn scan(
    source: &Source,
    stage: &Stage,
    rules: &Rules,
    limits: &Limits,
    progress: &mut dyn FnMut(Progress),
) -> Result<SourceReport, Error> {
    let started = Instant::now();
    let converter = Converter::new(source, rules)?;
    let before = stage.files()?;
    let mut run = Run {
        stage,
        source,
        converter: &converter,
        threads: limits.threads.max(1),
        seen: RoaringTreemap::new(),
        report: SourceReport { afresh: stage.afresh(), ..SourceReport::default() },
        unreadable: 0,
        now: Progress { files: 0, known: before, read: 0, bytes: 0 },
        progress,
    };
    run.walk(limits.files)?;
    let Run { seen, mut report, unreadable, .. } = run;
    report.unreadable = unreadable;
    report.gone = gone(source, stage, limits, before, &seen, unreadable)?;
    report.seconds = started.elapsed().as_secs_f64();
    complete(source, stage, report)
}

/// Takes away what is gone, if that is believable.
fn gone(
    source: &Source,
    stage: &Stage,
    limits: &Limits,
    before: u64,
    seen: &RoaringTreemap,
    unreadable: u64,
) -> Result<u64, Error> {
    // What was not looked at is not gone.
    if limits.files.is_some() || unreadable > 0 {
        return Ok(0);
    }
    let gone = before.saturating_sub(seen.len());
    if !limits.accept_vanished && gone >= FEW && gone * 100 > before * limits.vanished_percent {
        return Err(Error::Vanished { source_name: source.name.clone(), known: before, gone });
    }
    stage.remove_unseen(seen)
}

fn complete(source: &Source, stage: &Stage, report: SourceReport) -> Result<SourceReport, Error> {
    Ok(SourceReport {
        name: source.name.clone(),
        format: source.format.as_str().to_owned(),
        files: stage.files()?,
        statements: stage.statements()?,
        patients: stage.patients()?.len() as u64,
        rejected: stage.rejected()?,
        kinds: stage.kinds()?,
        remarks: stage.remarks()?,
        ..report
    })
}

struct Run<'a> {
    stage: &'a Stage,
    source: &'a Source,
    converter: &'a Converter,
    threads: usize,
    seen: RoaringTreemap,
    report: SourceReport,
    unreadable: u64,
    now: Progress,
    progress: &'a mut dyn FnMut(Progress),
}

/// What a thread has read of the file at that place of the batch.
type Piece = (usize, Part);

enum Part {
    /// A piece of it.
    Extract(Box<Extract>),
    /// Its end, and whether the system let it be read to there.
    End(bool),
}

impl Run<'_> {
    fn walk(&mut self, limit: Option<u64>) -> Result<(), Error> {
        for folder in &self.source.folders {
            let looked = self.now.files;
            self.folder(folder, limit)?;
            if self.now.files == looked && limit.is_none() {
                return Err(Error::Empty { source_name: self.source.name.clone(), path: folder.clone() });
            }
        }
        Ok(())
    }

    fn folder(&mut self, folder: &Path, limit: Option<u64>) -> Result<(), Error> {
        if !folder.exists() {
            return Err(Error::Empty { source_name: self.source.name.clone(), path: folder.to_owned() });
        }
        let (sender, batches) = sync_channel(2);
        let (converter, format) = (self.converter, self.source.format);
        std::thread::scope(|scope| {
            scope.spawn(move || walk(folder, format, converter, &sender));
            self.batches(batches, limit)
        })
    }

    /// Takes the receiver with it: the walk ends when nobody takes its batches any more.
    fn batches(&mut self, batches: Receiver<Vec<Item>>, limit: Option<u64>) -> Result<(), Error> {
        for mut batch in batches {
            if let Some(limit) = limit {
                batch.truncate(usize::try_from(limit.saturating_sub(self.now.files)).unwrap_or(BATCH));
            }
            if batch.is_empty() {
                return Ok(());
            }
            self.stage.begin()?;
            match self.batch(batch) {
                Ok(()) => self.stage.commit()?,
                Err(error) => {
                    self.stage.roll_back();
                    return Err(error);
                }
            }
            (self.progress)(self.now);
        }
        Ok(())
    }

    fn batch(&mut self, items: Vec<Item>) -> Result<(), Error> {
        let mut work: Vec<(Found, i64)> = Vec::new();
        for item in items {
            match item {
                Item::Unreadable => self.unreadable += 1,
                Item::Aside { entry, extract } => {
                    self.now.files += 1;
                    if let Some(file) = self.start(&entry)? {
                        let remarks = extract.remarks.clone();
                        self.stage.add(file, extract, &self.source.patients)?;
                        self.stage.end(file, "rejected", &remarks)?;
                    }
                }
                Item::File(found) => {
                    self.now.files += 1;
                    if let Some(file) = self.start(&found.entry)? {
                        work.push((found, file));
                    }
                }
            }
        }
        self.read(&work)
    }

    /// Starts a file that is new or not as it was; `None` where there is nothing to do.
    fn start(&mut self, entry: &Entry) -> Result<Option<i64>, Error> {
        let known = self.stage.known(&entry.path)?;
        let same = known.filter(|known| known.whole && known.bytes == entry.bytes && known.modified == entry.modified);
        if let Some(known) = same {
            self.see(known.id);
            self.report.unchanged += 1;
            return Ok(None);
        }
        let file = self.stage.start(entry, known.map(|known| known.id))?;
        self.see(file);
        match known {
            Some(_) => self.report.changed += 1,
            None => self.report.new += 1,
        }
        self.now.read += 1;
        self.now.bytes += entry.bytes;
        self.report.bytes += entry.bytes;
        Ok(Some(file))
    }

    fn see(&mut self, file: i64) {
        if let Ok(file) = u64::try_from(file) {
            self.seen.insert(file);
        }
    }

    fn read(&mut self, work: &[(Found, i64)]) -> Result<(), Error> {
        let (next, converter) = (AtomicUsize::new(0), self.converter);
        let threads = self.threads.min(work.len());
        std::thread::scope(|scope| {
            let (sender, pieces) = sync_channel::<Vec<Piece>>(4);
            let readers: Vec<_> = (0..threads)
                .map(|_| {
                    let (sender, next) = (sender.clone(), &next);
                    scope.spawn(move || read(work, next, converter, &sender))
                })
                .collect();
            drop(sender);
            let written = self.write(work, &pieces);
            // Readers end when nobody takes their pieces any more.
            drop(pieces);
            let ended = readers.into_iter().all(|reader| reader.join().is_ok());
            written.and(if ended { Ok(()) } else { Err(Error::Lost) })
        })
    }

    fn write(&mut self, work: &[(Found, i64)], hands: &Receiver<Vec<Piece>>) -> Result<(), Error> {
        let mut states: Vec<State> = work.iter().map(|_| State::default()).collect();
        for (place, piece) in hands.iter().flatten() {
            let (Some((_, file)), Some(state)) = (work.get(place), states.get_mut(place)) else { continue };
            match piece {
                Part::Extract(extract) => {
                    state.note(&extract);
                    let large = extract.statements.len() > BATCH;
                    self.stage.add(*file, *extract, &self.source.patients)?;
                    // A large file is kept piece by piece; without its outcome it counts as not read.
                    if large {
                        self.stage.commit()?;
                        self.stage.begin()?;
                        (self.progress)(self.now);
                    }
                }
                Part::End(true) => self.stage.end(*file, state.outcome(), &state.remarks)?,
                // Without an outcome the next run reads it again, whether or not it has changed by then.
                Part::End(false) => self.unreadable += 1,
            }
        }
        Ok(())
    }
}

/// What a file has said so far.
#[derive(Default)]
struct State {
    statements: usize,
    rejects: usize,
    remarks: Remarks,
}

impl State {
    fn note(&mut self, extract: &Extract) {
        self.statements += extract.statements.len() + extract.shared.len() + extract.deleted.len();
        self.rejects += extract.rejects.len();
        self.remarks.merge(&extract.remarks);
    }

    fn outcome(&self) -> &'static str {
        match (self.statements, self.rejects) {
            (0, 0) => "nothing",
            (0, _) => "rejected",
            (_, 0) => "converted",
            _ => "partly",
        }
    }
}

fn walk(folder: &Path, format: Format, converter: &Converter, batches: &SyncSender<Vec<Item>>) {
    let (mut batch, mut wanted) = (Vec::with_capacity(BATCH), true);
    walk::items(folder, format, converter, &mut |item| {
        batch.push(item);
        if batch.len() == BATCH {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            // Nobody takes the rest when a limit is reached.
            wanted = batches.send(full).is_ok();
        }
        wanted
    });
    if wanted {
        let _ = batches.send(batch);
    }
}

fn read(work: &[(Found, i64)], next: &AtomicUsize, converter: &Converter, pieces: &SyncSender<Vec<Piece>>) {
    let (mut hand, mut wanted) = (Vec::with_capacity(HANDFUL), true);
    while wanted {
        let place = next.fetch_add(1, Ordering::Relaxed);
        let Some((found, _)) = work.get(place) else { break };
        let whole = converter.read(found, &mut |extract| {
            let large = extract.statements.len() > HANDFUL;
            hand.push((place, Part::Extract(Box::new(extract))));
            if large || hand.len() >= HANDFUL {
                wanted = pieces.send(std::mem::take(&mut hand)).is_ok();
            }
            wanted
        });
        hand.push((place, Part::End(whole)));
    }
    if wanted {
        let _ = pieces.send(hand);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::settings::Patients;

    #[test]
    fn a_file_that_cannot_be_read_is_told_and_read_when_it_can_be() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("source");
        std::fs::create_dir(&folder).unwrap();
        let source = Source {
            name: "x".into(),
            format: Format::Dpc,
            folders: vec![folder.clone()],
            mappings: Vec::new(),
            patients: Patients::default(),
            tables: None,
            namespace: None,
        };
        let stage = Stage::open(&dir.path().join("x.sqlite"), "1").unwrap();
        let (rules, limits) = (Rules::default(), Limits::default());
        let converter = Converter::new(&source, &rules).unwrap();
        let entry = Entry { path: b"gone".to_vec(), bytes: 1, modified: 7, kind: "-".into() };
        let run = || {
            let mut run = Run {
                stage: &stage,
                source: &source,
                converter: &converter,
                threads: limits.threads,
                seen: RoaringTreemap::new(),
                report: SourceReport::default(),
                unreadable: 0,
                now: Progress { files: 0, known: 0, read: 0, bytes: 0 },
                progress: &mut |_| {},
            };
            let found = Found { entry: entry.clone(), path: folder.join("FF1.txt"), what: convert::What::Dpc };
            run.batch(vec![Item::File(found)]).unwrap();
            (run.unreadable, run.report.new + run.report.changed, run.report.unchanged)
        };
        assert_eq!(run(), (1, 1, 0));
        // Nothing about the entry has changed, and it is tried again.
        assert_eq!(run(), (1, 1, 0));
        std::fs::write(folder.join("FF1.txt"), "x").unwrap();
        assert_eq!(run(), (0, 1, 0));
        assert_eq!(run(), (0, 0, 1));
    }
}
