//! The ingest job: an OMOP folder becomes a snapshot, or nothing changes.
//!
//! What must stay true: every source row is in the snapshot, or in its quarantine with table, line and rule; a person number
//! means one person for ever; memory does not grow with the tables, only with the number of persons and visits; what
//! is wrong with the source as a whole is found before the switch, and the snapshot before stays current.
//!
//! In this order:
//!
//! 1. The folder is opened: file names, headers, footers. A wrong file ends it here.
//! 2. The store's lock is taken; `person` is read for itself. Persons are numbered, a renumbered source is refused
//!    (`numbering`). Nothing has been written yet but the store's lineage, the first time.
//! 3. Table by table, `person` first: rows get their owner, odd ones are counted (`findings`), rejects go to the quarantine, a
//!    thread of its own sorts and writes (`sink`; the external sort is `engine`). Tables that name no person come last: rows
//!    that tell of somebody who opted out are known by then (`traces`).
//! 4. Keys, visits and concepts are checked over the written files.
//! 5. Person index, report and manifest are written; the snapshot is published, becomes current; old ones are deleted.
//!
//! A crash before step 5 leaves a folder that the next opening of the store removes; see [`crate::store`] for the rest.
//!
//! Rejected: checking keys with SQL joins, whose build side is not bounded; one thread per column or table, which multiplies
//! memory for a job that runs at night; dropping dirty rows, which changes answers in silence.

mod codes_in_use;
mod engine;
mod error;
mod findings;
mod job;
mod numbering;
mod people;
mod progress;
mod quality;
mod quarantine;
mod report;
mod sink;
mod sources;
mod traces;
mod window;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use rand::CryptoRng;
use renkei_ingest::Reject;
use renkei_ingest::omop::{Folder, TableFiles};

pub use codes_in_use::CodesInUse;
pub use error::IngestError;
pub use findings::{Finding, Oddity};
pub use numbering::{CHANGED_AT_LEAST, CHANGED_PERCENT, Continuity, Renumbered};
pub use people::DUPLICATE_PERSON;
pub use progress::{Phase, Progress};
pub use quality::{Category, Check, checks};
pub use quarantine::FILE as QUARANTINE_FILE;
pub use report::{FILE as REPORT_FILE, Ignored, Language, Report, TableReport};
pub use sources::{Mapping, Records, SourcesReport, folder as sources_folder, run_sources};

use crate::optout::{OptOuts, tokens};
use crate::profile;
use crate::store::{self, Contents, Draft, FORMAT, Identity, Lineage, Manifest, Person, Seal, Store, Token};
use engine::Engine;
use job::{Done, Job};
use numbering::Numbering;
use people::Roll;

/// What to ingest, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The source: an OMOP folder, and others that complete it, such as a vocabulary download.
    pub folders: Vec<PathBuf>,
    /// What the snapshot may be used for.
    pub seal: Seal,
    /// Whether to trust a source that seems to have renumbered its persons.
    pub accept_renumbering: bool,
    /// How many snapshots to keep.
    pub keep: usize,
    /// Memory for sorting, in bytes.
    pub sort_memory: usize,
    /// List of patients who opted out; their rows do not enter the snapshot. Rows of converted sources never had them.
    pub opt_out: Option<PathBuf>,
}

impl Options {
    /// Clinical records from `folders`; three snapshots kept, 256 MiB for sorting.
    pub fn new(folders: impl IntoIterator<Item = impl Into<PathBuf>>) -> Self {
        Self {
            folders: folders.into_iter().map(Into::into).collect(),
            seal: Seal::Clinical,
            accept_renumbering: false,
            keep: 3,
            sort_memory: 256 << 20,
            opt_out: None,
        }
    }
}

/// Makes a snapshot of the source and the current one of `store`.
///
/// Blocks for as long as it takes; an async program calls it from `spawn_blocking`. `entropy` makes the store's
/// secret the first time, and names of temporary folders.
///
/// # Errors
/// [`IngestError`]: then the snapshot before is still current. If only the clean-up of old snapshots fails, that is
/// [`IngestError::Store`] too, with the new snapshot current.
pub fn run(
    store: &Store,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    entropy: &mut dyn CryptoRng,
) -> Result<Report, IngestError> {
    run_fed(store, options, None, progress, entropy)
}

/// Hands out, one after the other, what could not be converted.
type Rejects<'a> = &'a mut dyn FnMut(&mut dyn FnMut(Reject)) -> Result<(), renkei_staging::Error>;

/// What converted sources add to the tables that were made of them.
struct Fed<'a> {
    /// Hands out the records that could not be converted.
    rejects: Rejects<'a>,
    /// What an earlier snapshot may call those who opted out.
    out: Vec<String>,
    report: SourcesReport,
}

fn run_fed(
    store: &Store,
    options: &Options,
    mut fed: Option<Fed<'_>>,
    progress: &mut dyn FnMut(Progress),
    entropy: &mut dyn CryptoRng,
) -> Result<Report, IngestError> {
    let started = Instant::now();
    let folders: Vec<&Path> = options.folders.iter().map(PathBuf::as_path).collect();
    let opt_outs = OptOuts::read(options.opt_out.as_deref())?;
    let folder = Folder::open_many(&folders)?;
    let guard = store.lock()?;
    let newest = store.newest()?;
    let lineage = store.lineage(newest.as_ref(), entropy)?;
    let bytes_total = folder.tables().iter().map(|table| table.bytes()).sum();
    progress(Progress { table: "person", ..Progress::of(Phase::Persons, 0, bytes_total) });
    let mut out = opt_outs.tokens(&lineage);
    out.extend(fed.iter().flat_map(|fed| &fed.out).flat_map(|number| tokens(&lineage, number)));
    let (roll, identity, numbering) = number(store, options, &folder, &lineage, out, newest.as_ref())?;
    let made_at = store.clock().now();
    let draft = store.draft(guard, entropy)?;
    let engine = Engine::new(draft.staging(), options.sort_memory);
    let (index, owners) = (&numbering.index, &numbering.owners);
    let mut job = Job::new(draft.dir(), &roll, index, owners, engine, made_at, bytes_total, progress)?;
    if let Some(fed) = &mut fed {
        job.put_aside(fed.rejects)?;
    }
    let mut tables: Vec<_> = folder.tables().iter().collect();
    tables.sort_by_key(|files| traces::turn(files.table()));
    for table in tables {
        job.table(table)?;
    }
    job.check()?;
    let mut done = job.finish()?;
    let mut entries = std::mem::take(&mut done.entries);
    let profile = std::mem::take(&mut done.profile).finish();
    entries.push(draft.add(profile::FILE, &serde_json::to_vec(&profile).unwrap_or_default())?);
    let mut report = report(&folder, options, done, identity, &numbering, newest.as_ref(), made_at);
    report.opted_out = roll.opted_out();
    report.sources = fed.map(|fed| fed.report);
    report.seconds = started.elapsed().as_secs_f64();
    complete(&draft, &numbering.index, &report, &mut entries)?;
    let mut contents = contents(&report, &lineage, newest.as_ref(), index.len(), roll.len(), entries);
    contents.absent = absent(&folder);
    report.snapshot = Some(store.publish(draft, contents)?.id().clone());
    report.deleted = store.prune(options.keep)?;
    report.seconds = started.elapsed().as_secs_f64();
    Ok(report)
}

/// Who is in the source, and which numbers they get.
fn number(
    store: &Store,
    options: &Options,
    folder: &Folder,
    lineage: &Lineage,
    out: HashSet<Token>,
    newest: Option<&Manifest>,
) -> Result<(Roll, Identity, Numbering), IngestError> {
    let table = folder.tables().iter().find(|table| table.table().name == "person");
    let roll = Roll::read(table.ok_or(IngestError::NoPersonTable)?, lineage, out)?;
    let accept = options.accept_renumbering;
    let identity = roll.identity(newest.map(|newest| newest.contents.identity), accept)?;
    let before = newest.map_or(Ok(Vec::new()), |newest| store::read_persons(&store.dir(&newest.id)))?;
    let numbering = numbering::assign(&before, roll.candidates(identity, lineage), roll.out(), accept);
    Ok((roll, identity, numbering.map_err(IngestError::Renumbered)?))
}

/// Writes what is beside the tables, and puts all entries into the manifest's order.
fn complete(
    draft: &Draft,
    index: &[Person],
    report: &Report,
    entries: &mut Vec<store::FileEntry>,
) -> Result<(), IngestError> {
    entries.push(store::write_persons(draft.dir(), index)?);
    entries.push(draft.entry(QUARANTINE_FILE)?);
    entries.push(draft.add(REPORT_FILE, &serde_json::to_vec_pretty(report).unwrap_or_default())?);
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(())
}

fn report(
    folder: &Folder,
    options: &Options,
    done: Done,
    identity: Identity,
    numbering: &Numbering,
    newest: Option<&Manifest>,
    made_at: renkei_types::Timestamp,
) -> Report {
    let ignored = folder.ignored().iter().map(|ignored| Ignored {
        file: ignored.file.clone(),
        column: ignored.column.clone(),
        reason: ignored.reason.clone(),
    });
    Report {
        snapshot: None,
        parent: newest.map(|newest| newest.id.clone()),
        made_at,
        seal: options.seal,
        source_version: folder.version().as_str().to_owned(),
        vocabulary_version: done.vocabulary_version,
        identity,
        persons: numbering.continuity,
        tables: done.tables,
        findings: done.tally.finish(),
        ignored: ignored.collect(),
        opted_out: 0,
        sources: None,
        deleted: Vec::new(),
        seconds: 0.0,
    }
}

fn contents(
    report: &Report,
    lineage: &Lineage,
    newest: Option<&Manifest>,
    numbers: usize,
    persons: u64,
    files: Vec<store::FileEntry>,
) -> Contents {
    Contents {
        format: FORMAT,
        sequence: newest.map_or(0, |newest| newest.contents.sequence) + 1,
        made_at: report.made_at,
        seal: report.seal,
        cdm_version: renkei_cdm::CDM_VERSION.to_owned(),
        source_version: report.source_version.clone(),
        vocabulary_version: report.vocabulary_version.clone(),
        identity: report.identity,
        persons,
        numbers: u32::try_from(numbers).unwrap_or(u32::MAX),
        lineage: lineage.id().to_owned(),
        parent: report.parent.clone(),
        software: env!("CARGO_PKG_VERSION").to_owned(),
        absent: Vec::new(),
        files,
    }
}

/// The columns that the source does not have, but for those that have a stated default.
fn absent(folder: &Folder) -> Vec<String> {
    let of = |files: &TableFiles| {
        let table = files.table().name;
        let unknown = files.absent().filter(|column| !files.filled().iter().any(|filled| filled.column == *column));
        unknown.map(|column| format!("{table}.{column}")).collect::<Vec<_>>()
    };
    folder.tables().iter().flat_map(of).collect()
}
