//! Logs in folders, with their names and keys.

use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use renkei_audit::archive;
use renkei_audit::note::{Checkpoint, Kind, Origin, VerifierKey};
use renkei_audit::store::Reader;
use renkei_audit::tree::Hash;
use renkei_audit_view::{Index, Roster};
use renkei_types::SiteId;

use super::broken;
use crate::args::audit::Logs;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::trouble::chain;

/// Folders below a given one that are looked into.
const DEPTH: usize = 3;

/// One log.
#[derive(Debug)]
pub struct OpenLog {
    /// Its folder.
    pub folder: PathBuf,
    /// Its files.
    pub reader: Reader,
    /// Its name.
    pub origin: Origin,
    /// The keys that are believed; none where none was found.
    pub keys: Vec<VerifierKey>,
    /// Whether somebody gave the keys; else they lay beside the log.
    pub pinned: bool,
    /// Archives of its oldest entries.
    pub archives: Vec<PathBuf>,
}

impl OpenLog {
    /// Whether it is the gateway's.
    pub fn is_gateway(&self) -> bool {
        self.origin.as_str().contains("/gateway/")
    }

    /// The site whose log it is.
    pub fn site(&self) -> Option<SiteId> {
        let (_, id) = self.origin.as_str().split_once("/site/")?;
        SiteId::new(id).ok()
    }

    /// Whether its owner's files are all here, with what is written next.
    pub fn live(&self) -> bool {
        self.folder.join("journal").is_dir()
    }
}

/// Opens all logs, the gateway's first.
///
/// # Errors
/// [`Failure::Usage`] where a folder holds no log.
pub fn open(args: &Logs, lang: Lang) -> Result<Vec<OpenLog>, Failure> {
    let given = args.keys.as_deref().map(|path| keys(path, lang)).transpose()?;
    let mut folders = Vec::new();
    for folder in &args.logs {
        let before = folders.len();
        find(folder, DEPTH, &mut folders).map_err(|error| Failure::io(folder.display().to_string(), error))?;
        if folders.len() == before {
            let folder = folder.display();
            return Err(Failure::Usage(
                say!(lang, "there is no log in `{folder}`", "`{folder}` にログがありません"),
                Some(say!(
                    lang,
                    "a log's folder holds `checkpoint` and `tile`; a node's is `audit` in its state folder",
                    "ログのフォルダーには `checkpoint` と `tile` があります。ノードでは状態フォルダーの `audit` です"
                )),
            ));
        }
    }
    let mut logs = Vec::new();
    for folder in folders {
        let log = one(&folder, given.as_deref(), lang)?;
        if logs.iter().all(|other: &OpenLog| other.folder != log.folder) {
            logs.push(log);
        }
    }
    attach(&args.archives, &mut logs, lang)?;
    logs.sort_by_key(|log| (!log.is_gateway(), log.origin.clone()));
    Ok(logs)
}

/// Gives each archive to the log that signed it.
fn attach(archives: &[PathBuf], logs: &mut [OpenLog], lang: Lang) -> Result<(), Failure> {
    let mut all: Vec<Vec<(PathBuf, Range<u64>)>> = logs.iter().map(|_| Vec::new()).collect();
    for folder in archives {
        let place = folder.display();
        let mut why = None;
        let found = logs.iter().position(|log| match archive::manifest(folder, &log.keys) {
            Ok((manifest, _)) => manifest.log == log.origin,
            Err(error) => {
                why = Some(chain(&error));
                false
            }
        });
        let Some(at) = found else {
            let why = why.unwrap_or_default();
            return Err(Failure::Log(say!(
                lang,
                "`{place}` is no archive of one of these logs, or its log's key is missing: {why}",
                "`{place}` は指定したログの保管フォルダーではないか、そのログの鍵がありません: {why}"
            )));
        };
        let (manifest, _) = archive::manifest(folder, &logs[at].keys).map_err(|error| broken(&error))?;
        all[at].push((folder.clone(), manifest.from..manifest.until));
    }
    for (log, archives) in logs.iter_mut().zip(all).filter(|(_, archives)| !archives.is_empty()) {
        log.archives = archives.iter().map(|(folder, _)| folder.clone()).collect();
        log.reader = Reader::with_archives(&log.folder, archives);
    }
    Ok(())
}

fn find(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if folder.join("checkpoint").is_file() || folder.join("journal").is_dir() {
        found.push(folder.to_owned());
        return Ok(());
    }
    let mut below = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            below.push(entry.path());
        }
    }
    below.sort();
    if depth > 0 {
        // A folder below that may not be read belongs to somebody else.
        below.iter().for_each(|folder| _ = find(folder, depth - 1, found));
    }
    Ok(())
}

/// Keys of a file, one a line; empty lines and those that begin with `#` are passed over.
pub fn keys(path: &Path, lang: Lang) -> Result<Vec<VerifierKey>, Failure> {
    let place = path.display();
    let text = fs::read_to_string(path).map_err(|error| Failure::io(place.to_string(), error))?;
    let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty() && !line.starts_with('#'));
    let parse = |(number, line): (usize, &str)| {
        let number = number + 1;
        VerifierKey::parse(line).map_err(|_| {
            Failure::usage(say!(
                lang,
                "`{place}`, line {number}: not a key such as `renkei-node audit key` prints",
                "`{place}` {number}行目: `renkei-node audit key` が出力する形式の鍵ではありません"
            ))
        })
    };
    lines.map(parse).collect()
}

fn one(folder: &Path, given: Option<&[VerifierKey]>, lang: Lang) -> Result<OpenLog, Failure> {
    let reader = Reader::new(folder);
    // Who the log says it is; that it is so, its key shows.
    let says = reader.checkpoint().ok().flatten().and_then(|note| Checkpoint::parse(note.text()).ok());
    let beside = || {
        let whole = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        let mut sibling = whole.clone().into_os_string();
        sibling.push(".pub");
        // A log's own key; a copy's is among those that the owner of the copy has seen of others.
        let seen = whole.parent().and_then(Path::parent).map(|state| state.join("peers.keys"));
        [Some(PathBuf::from(sibling)), seen].into_iter().flatten().find(|path| path.is_file())
    };
    let own: Vec<VerifierKey> = match beside() {
        Some(path) => keys(&path, lang)?,
        None => Vec::new(),
    };
    let only = own.first().filter(|_| own.len() == 1);
    let origin = says.map(|checkpoint| checkpoint.origin).or_else(|| only.map(|key| key.name().clone()));
    let place = folder.display();
    let origin = origin.ok_or_else(|| {
        Failure::Log(say!(
            lang,
            "`{place}` has neither a readable checkpoint nor a key beside it",
            "`{place}` には読み取れるチェックポイントも、隣に置かれた鍵もありません"
        ))
    })?;
    let of = |keys: &[VerifierKey]| {
        let own = |key: &&VerifierKey| key.kind() == Kind::Log && *key.name() == origin;
        keys.iter().filter(own).cloned().collect::<Vec<_>>()
    };
    let (keys, pinned) = match given {
        Some(given) => (of(given), true),
        None => (of(&own), false),
    };
    Ok(OpenLog { folder: folder.to_owned(), reader, origin, keys, pinned, archives: Vec::new() })
}

/// The roster, where one was given.
///
/// # Errors
/// [`Failure::Usage`] with the place of the mistake.
pub fn roster(args: &Logs) -> Result<Roster, Failure> {
    let Some(path) = &args.roster else { return Ok(Roster::default()) };
    let place = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| Failure::io(place.clone(), error))?;
    Roster::parse(&text).map_err(|error| Failure::usage(format!("`{place}`: {error}")))
}

/// The index of these logs, brought up to date.
///
/// # Errors
/// [`Failure`]
pub fn index(args: &Logs, logs: &[OpenLog], cache: Option<PathBuf>, console: &Console) -> Result<Index, Failure> {
    let path = match (&args.index, cache) {
        (Some(path), _) => Some(path.clone()),
        (None, Some(cache)) => {
            let whole = |log: &OpenLog| fs::canonicalize(&log.folder).unwrap_or_else(|_| log.folder.clone());
            let places: Vec<String> = logs.iter().map(|log| whole(log).display().to_string()).collect();
            let name: String =
                Hash::of(places.join("\n").as_bytes()).0[..8].iter().map(|b| format!("{b:02x}")).collect();
            Some(cache.join("renkei").join(format!("audit-{name}.sqlite")))
        }
        (None, None) => None,
    };
    let index = path.as_deref().map_or_else(Index::in_memory, Index::open);
    let mut index = index.map_err(|error| broken(&error))?;
    let lang = console.lang;
    for log in logs {
        let bar = bar(console);
        let updated = index.update(&log.origin, &log.reader, &mut |done, all| {
            if let Some(bar) = &bar {
                let origin = &log.origin;
                bar.set_message(say!(
                    lang,
                    "indexing {origin}: {done} of {all}",
                    "{origin} を索引中: {all}件中{done}件"
                ));
            }
        });
        if let Some(bar) = bar {
            bar.finish_and_clear();
        }
        let updated = updated.map_err(|error| broken(&error))?;
        let (origin, count) = (&log.origin, updated.unreadable);
        if count > 0 {
            console.tell(&say!(
                lang,
                "{origin}: {count} entries cannot be read and are not found; run `renkei audit verify`",
                "{origin}: {count}件の記録を読み取れず、検索に含まれません。`renkei audit verify` を実行してください"
            ));
        }
    }
    Ok(index)
}

/// A sign of life on a terminal.
pub fn bar(console: &Console) -> Option<indicatif::ProgressBar> {
    if !console.err_terminal || console.quiet {
        return None;
    }
    let bar = indicatif::ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(120));
    Some(bar)
}
