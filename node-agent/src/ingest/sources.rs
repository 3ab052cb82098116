//! Sources in the hospital's own formats, on their way into a snapshot: read what changed, put patients together, then
//! as any folder of CDM tables.

use std::fs;
use std::path::{Path, PathBuf};

use rand::CryptoRng;
use renkei_ingest::assemble::{LOCAL_UNNAMED, Usage};
use renkei_ingest::codes::{self, Coverage};
use renkei_ingest::namespace::is_own;
use renkei_ingest::{CONVERTERS, Coding, Day, Dictionary, Reject, Rules};
use renkei_staging::{Crosswalk, Limits, Plan, RemarkCount, Source, SourceReport, Stage, Staged, without_zeros};
use sha2::{Digest, Sha256};

use super::codes_in_use::{CodesInUse, known};
use super::{Fed, IngestError, Options, Phase, Progress, Report, run_fed};
use crate::config::Codes;
use crate::maps::{self, MapInForce};
use crate::optout::{OptOuts, without_record};
use crate::store::{self, Guard, Store};

/// Everything that makes up a hospital's records.
#[derive(Debug, Clone, Default)]
pub struct Records {
    /// The sources; of two that say the same the first counts.
    pub sources: Vec<Source>,
    /// Vocabularies, maps and masters of the site.
    pub codes: Codes,
    /// The consortium's rules.
    pub rules: Rules,
    /// List of patients who opted out.
    pub opt_out: Option<PathBuf>,
    /// How far a run may go.
    pub limits: Limits,
}

/// What the sources came to, beside rows.
#[derive(Debug, Clone, PartialEq, Default, serde::Serialize, serde::Deserialize)]
pub struct SourcesReport {
    /// Each source.
    pub sources: Vec<SourceReport>,
    /// What was odd when patients were put together.
    pub assembly: Vec<RemarkCount>,
    /// Patients who opted out.
    pub opted_out: u64,
    /// How far codes lead to concepts, by table.
    pub mapping: Vec<Mapping>,
    /// The maps that were in force, in the order in which they count.
    #[serde(default)]
    pub maps: Vec<MapInForce>,
}

/// How many rows and codes of a table have a concept.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Mapping {
    /// The table.
    pub table: String,
    /// Rows with a code.
    pub rows: u64,
    /// Of them, with a concept.
    pub mapped_rows: u64,
    /// Different codes.
    pub codes: u64,
    /// Of them, with a concept.
    pub mapped_codes: u64,
}

/// Folder of the staging files within the state folder.
#[must_use]
pub fn folder(state: &Path) -> PathBuf {
    state.join("sources")
}

/// Brings the staging files up to date, and makes a snapshot of all sources.
///
/// # Errors
/// [`IngestError`]: then the snapshot before is still the current one. What was read is kept for the next run.
pub fn run_sources(
    store: &Store,
    records: &Records,
    options: &Options,
    progress: &mut dyn FnMut(Progress),
    entropy: &mut dyn CryptoRng,
) -> Result<Report, IngestError> {
    let folder = folder(store.root());
    store::create_dir(&folder)?;
    let _guard = Guard::take(&folder)?;
    let opt_outs = OptOuts::read(records.opt_out.as_deref())?;
    let signed = maps::verified(&records.codes, store.root())?;
    maps::remember(store.root(), &signed, store.clock())?;
    let (staged, reports) = scan(records, &folder, progress)?;
    let dictionary = dictionary(&staged)?;
    let today = Day(store.clock().now().days());
    progress(Progress::of(Phase::Vocabulary, 0, 0));
    let known = known(&records.codes, &signed, &dictionary, today, &mut |now| {
        progress(Progress { table: now.table, ..Progress::of(Phase::Vocabulary, now.bytes, now.of) });
    })?;
    let out = folder.join("cdm");
    store::remove(&out)?;
    store::create_dir(&out)?;
    let plan = Plan { rules: &records.rules, concepts: &known, as_of: today, opted_out: opt_outs.everything() };
    let mut crosswalk = Crosswalk::open(&folder.join("crosswalk.sqlite"))?;
    let built = renkei_staging::build(&staged, &plan, &mut crosswalk, &out, entropy, &mut |done, all| {
        progress(Progress::of(Phase::Patients, done, all));
    });
    // On a full disk the half-made tables are what fills it.
    let built = built.inspect_err(|_| drop(store::remove(&out)))?;
    let mut remarks = built.remarks;
    remarks.add_many(&LOCAL_UNNAMED, unnamed(&built.usage, &staged));
    let used = CodesInUse::of(&built.usage, &dictionary);
    used.keep(store.root())?;
    let report = SourcesReport {
        sources: reports,
        assembly: remarks.iter().map(|(id, count)| RemarkCount { id: id.to_owned(), count }).collect(),
        opted_out: built.opted_out,
        mapping: mapping(&used.covered(&known, &dictionary)),
        maps: maps::in_force(&records.codes, &signed)?,
    };
    let folders = std::iter::once(out.clone()).chain(records.codes.vocabularies.iter().cloned());
    let options = Options { folders: folders.collect(), ..options.clone() };
    let listed = opt_outs.bare_numbers();
    let mut rejects = |each: &mut dyn FnMut(Reject)| {
        let mut told = |reject| each(without_record(reject, &listed));
        staged.iter().try_for_each(|(_, stage)| stage.rejects(&mut told))
    };
    let mut gone = crosswalk.pseudonyms(|patient| listed.contains(without_zeros(patient)))?;
    gone.extend(opt_outs.everything().iter().cloned());
    let fed = Fed { rejects: &mut rejects, out: gone, report };
    let report = run_fed(store, &options, Some(fed), progress, entropy);
    let removed = store::remove(&out);
    let report = report?;
    removed?;
    Ok(report)
}

fn scan(
    records: &Records,
    folder: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Vec<Staged>, Vec<SourceReport>), IngestError> {
    let (mut staged, mut reports) = (Vec::new(), Vec::new());
    for source in &records.sources {
        let stage = Stage::open(&folder.join(format!("{}.sqlite", source.name)), &digest(source, &records.rules)?)?;
        let report = renkei_staging::scan(source, &stage, &records.rules, &records.limits, &mut |now| {
            progress(Progress::of(Phase::Scan, now.files, now.known));
        })?;
        staged.push((source.clone(), stage));
        reports.push(report);
    }
    Ok((staged, reports))
}

/// Everything that decides on how a file is converted: with another digest all files are read again.
fn digest(source: &Source, rules: &Rules) -> Result<String, IngestError> {
    let mut hash = Sha256::new();
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.update(CONVERTERS.to_le_bytes());
    hash.update(source.format.as_str());
    hash.update([u8::from(source.patients.strip_zeros)]);
    hash.update(format!("{:?}", (&rules.test_words, &rules.test_numbers, rules.strict_patient)));
    for mapping in &source.mappings {
        hash.update(fs::read(mapping).map_err(store::Error::io("read", mapping))?);
    }
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

/// Rows with a code of the hospital's own that another hospital may spell alike.
fn unnamed(usage: &Usage, staged: &[Staged]) -> u64 {
    let named =
        |code: &Coding| staged.iter().filter_map(|(source, _)| source.namespace.as_ref()).any(|ns| ns.has(code));
    let first = |codes: &[Coding]| codes.first().is_some_and(|code| is_own(code) && !named(code));
    usage.sorted().into_iter().filter(|(_, codes, _)| first(codes)).map(|(_, _, used)| used.rows).sum()
}

fn dictionary(staged: &[Staged]) -> Result<Dictionary, IngestError> {
    let mut all = Dictionary::default();
    for (source, stage) in staged {
        all.merge(source.named(stage.dictionary()?));
    }
    Ok(all)
}

fn mapping(coverage: &Coverage) -> Vec<Mapping> {
    let mapping = |(table, share): (&String, &codes::Share)| Mapping {
        table: table.clone(),
        rows: share.rows,
        mapped_rows: share.mapped_rows,
        codes: share.codes,
        mapped_codes: share.mapped_codes,
    };
    coverage.tables.iter().map(mapping).collect()
}
