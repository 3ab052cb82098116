//! The part of the configuration that names the hospital's records.

use std::collections::BTreeSet;
use std::path::Path;

use renkei_service::config::Problems;
use renkei_staging::{Format, Source};

/// Objects to sources that make no sense.
pub(super) fn check(sources: &[Source], problems: &mut Problems) {
    let mut names = BTreeSet::new();
    for (i, source) in sources.iter().enumerate() {
        let key = |name: &str| format!("sources.{i}.{name}");
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if source.name.is_empty() || source.name.len() > 40 || !source.name.chars().all(lower) {
            problems.add(&key("name"), "must be up to 40 lower-case letters, digits and hyphens");
        } else if source.name == "crosswalk" {
            problems.add(&key("name"), "is taken by the file of patient numbers; choose another");
        }
        if !names.insert(&source.name) {
            problems.add(&key("name"), format!("`{}` stands twice", source.name));
        }
        if source.folders.is_empty() {
            problems.add(&key("folders"), "names no folder");
        }
        match (source.format, source.mappings.is_empty()) {
            (Format::Csv, true) => {
                problems.add(
                    &key("mappings"),
                    "is needed for tables of the hospital's own: `renkei-node mapping sample` prints one",
                );
            }
            (Format::Csv, false) | (_, true) => {}
            (_, false) => problems.add(&key("mappings"), "is for the format \"csv\" only"),
        }
        tables(source, &key("tables"), problems);
    }
}

fn tables(source: &Source, key: &str, problems: &mut Problems) {
    for table in source.tables.iter().flatten().filter(|table| renkei_cdm::table(table).is_none()) {
        let near = renkei_cdm::nearest(table, renkei_cdm::tables().iter().map(|t| t.name)).join(" or ");
        let hint = if near.is_empty() { String::new() } else { format!("; did you mean {near}?") };
        problems.add(key, format!("names `{table}`, which is no table of the CDM{hint}"));
    }
}

/// Makes the paths of a source start at the configuration's folder.
pub(super) fn within(source: &mut Source, folder: &Path) {
    for path in source.folders.iter_mut().chain(&mut source.mappings).chain(&mut source.patients.crosswalk) {
        *path = folder.join(&*path);
    }
}
