//! What the command line, or the configuration, says is to be ingested.

use std::path::PathBuf;

use renkei_staging::{Detected, Format, Limits, Patients, Source, detect};

use super::{Args, FormatArg};
use crate::config::Config;
use crate::ingest::Records;

/// What is to be done.
pub(super) enum Work {
    /// Tables of the CDM as they are.
    Tables(Vec<PathBuf>),
    /// Records in other formats.
    Records(Box<Records>),
}

pub(super) fn work(args: &Args, config: Option<&Config>) -> anyhow::Result<Work> {
    let limits = Limits { accept_vanished: args.accept_vanished, files: args.limit, ..Limits::default() };
    let mut records = config.map(Config::records).unwrap_or_default();
    records.limits = limits;
    records.codes.maps.extend(args.map.iter().cloned());
    if args.folders.is_empty() {
        anyhow::ensure!(
            !records.sources.is_empty(),
            "{} names no sources: give a folder, or add [[sources]] (`renkei-node config sample` shows how)",
            args.file.config.display()
        );
        return Ok(Work::Records(Box::new(records)));
    }
    records.sources.clear();
    let mut tables = Vec::new();
    for folder in &args.folders {
        match kind(args, folder)? {
            Detected::Omop => tables.push(folder.clone()),
            Detected::Vocabulary => records.codes.vocabularies.push(folder.clone()),
            Detected::Records(format) => add(&mut records.sources, format, folder.clone(), args),
        }
    }
    if records.sources.is_empty() {
        tables.append(&mut records.codes.vocabularies);
        return Ok(Work::Tables(tables));
    }
    anyhow::ensure!(
        tables.is_empty(),
        "{} holds tables of OMOP CDM, which cannot be put together with records in other formats: ingest one or the other",
        tables.iter().map(|folder| folder.display().to_string()).collect::<Vec<_>>().join(", ")
    );
    Ok(Work::Records(Box::new(records)))
}

fn kind(args: &Args, folder: &std::path::Path) -> anyhow::Result<Detected> {
    let stated = match args.format {
        FormatArg::Auto if args.mapping.is_empty() => return Ok(detect(folder)?),
        FormatArg::Omop => return Ok(Detected::Omop),
        FormatArg::Auto | FormatArg::Csv => Format::Csv,
        FormatArg::Ssmix2 => Format::Ssmix2,
        FormatArg::Fhir => Format::Fhir,
        FormatArg::Dpc => Format::Dpc,
    };
    // A vocabulary beside the records is one, whatever the records are.
    match detect(folder) {
        Ok(Detected::Vocabulary) => Ok(Detected::Vocabulary),
        _ => Ok(Detected::Records(stated)),
    }
}

/// Folders of one format are one source.
fn add(sources: &mut Vec<Source>, format: Format, folder: PathBuf, args: &Args) {
    match sources.iter_mut().find(|source| source.format == format) {
        Some(source) => source.folders.push(folder),
        None => sources.push(Source {
            name: format.as_str().to_owned(),
            format,
            folders: vec![folder],
            mappings: args.mapping.clone(),
            patients: Patients::default(),
            tables: None,
            namespace: args.namespace.clone(),
        }),
    }
}
