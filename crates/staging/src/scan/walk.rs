//! What lies in a folder, one item after the other.

use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use renkei_ingest::ssmix2::{self, Reason, Trouble};
use renkei_ingest::{Extract, Reject, Rule};

use super::convert::{Converter, What};
use super::files;
use crate::Format;
use crate::stage::Entry;

/// A file to be read.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) entry: Entry,
    pub(super) path: PathBuf,
    pub(super) what: What,
}

/// What a walk comes across.
#[derive(Debug)]
pub(super) enum Item {
    /// A file to be read.
    File(Found),
    /// One that is put aside unread.
    Aside { entry: Entry, extract: Extract },
    /// A folder or file that cannot be looked at.
    Unreadable,
}

/// Hands out what is in `folder`, until `each` has enough.
pub(super) fn items(folder: &Path, format: Format, converter: &Converter, each: &mut dyn FnMut(Item) -> bool) {
    match format {
        Format::Ssmix2 => messages(folder, each),
        Format::Fhir | Format::Dpc | Format::Csv => {
            files::under(folder, &mut |file| {
                let item = match file {
                    Ok((path, metadata)) => match converter.what(&path) {
                        Some((kind, what)) => {
                            let modified = metadata.mtime().saturating_mul(1_000_000_000) + metadata.mtime_nsec();
                            let entry = entry(folder, &path, metadata.len(), modified, kind);
                            Item::File(Found { entry, path, what })
                        }
                        None => return true,
                    },
                    Err(()) => Item::Unreadable,
                };
                each(item)
            });
        }
    }
}

fn messages(folder: &Path, each: &mut dyn FnMut(Item) -> bool) {
    for found in ssmix2::Walk::new(folder) {
        let item = match found {
            Ok(found) => {
                let kind = found.name.kind.as_str().to_owned();
                let entry = entry(folder, &found.path, found.bytes, found.modified, kind);
                Item::File(Found { entry, path: found.path, what: What::Message(found.name) })
            }
            Err(trouble) => match aside(&trouble) {
                Some(extract) => Item::Aside { entry: entry(folder, &trouble.path, 0, 0, "-".to_owned()), extract },
                None => Item::Unreadable,
            },
        };
        if !each(item) {
            return;
        }
    }
}

/// What does not belong where it is, for the quarantine; `None` where nobody can tell what it is.
fn aside(trouble: &Trouble) -> Option<Extract> {
    let reason = match trouble.reason {
        Reason::Unreadable(_) => return None,
        Reason::Link => "link",
        Reason::Special => "no file",
        Reason::Name => "name",
        Reason::Misplaced => "place",
        Reason::Deep => "depth",
    };
    let file = trouble.path.to_string_lossy().into_owned();
    let (column, record) = (Some(reason.to_owned()), String::new());
    let rejects = vec![Reject { table: "", file, line: 0, rule: Rule::Format, column, record }];
    Some(Extract { rejects, ..Extract::default() })
}

fn entry(folder: &Path, path: &Path, bytes: u64, modified: i64, kind: String) -> Entry {
    let within = path.strip_prefix(folder).unwrap_or(path);
    // Two folders of one source may hold the same names.
    let mut name = folder.as_os_str().as_bytes().to_vec();
    name.push(0);
    name.extend_from_slice(within.as_os_str().as_bytes());
    Entry { path: name, bytes, modified, kind }
}
