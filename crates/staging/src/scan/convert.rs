//! A file to what it says, by the format of its source.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use renkei_ingest::{Extract, Rule, Rules, dpc, fhir, mapped, ssmix2};

use super::walk::Found;
use crate::settings::Source;
use crate::{Error, Format};

/// No message is larger; one that is was written into by something else.
const MAX_MESSAGE: u64 = 64 << 20;

/// What a file is, as far as its name tells.
#[derive(Debug)]
pub(super) enum What {
    /// A message of SS-MIX2.
    Message(ssmix2::Name),
    /// FHIR.
    Resources,
    /// A DPC file.
    Dpc,
    /// A table of the hospital's own, by the positions of its mappings.
    Table(Vec<usize>),
}

/// Everything that converting needs.
pub(super) struct Converter {
    format: Format,
    rules: Rules,
    mappings: Vec<mapped::Mapping>,
}

impl Converter {
    /// Reads the source's mapping files.
    pub(super) fn new(source: &Source, rules: &Rules) -> Result<Self, Error> {
        let (mut mappings, mut mistakes) = (Vec::new(), Vec::new());
        for path in &source.mappings {
            let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
            match mapped::Mapping::parse(&text) {
                Ok(mapping) => mappings.push(mapping),
                Err(wrong) => mistakes.extend(wrong.iter().map(|wrong| format!("{}:{wrong}", path.display()))),
            }
        }
        if mistakes.is_empty() {
            Ok(Self { format: source.format, rules: rules.clone(), mappings })
        } else {
            Err(Error::Mapping { mistakes })
        }
    }

    /// What a file is, and the kind under which it is counted; `None` where the source has no use for it.
    pub(super) fn what(&self, path: &Path) -> Option<(String, What)> {
        let extension = || {
            let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
            name.split_once('.').map_or("-".to_owned(), |(_, extension)| extension.to_owned())
        };
        match self.format {
            Format::Ssmix2 => None,
            Format::Fhir => fhir::looks_like(path).is_ok_and(|is| is).then(|| (extension(), What::Resources)),
            Format::Dpc => {
                // A name that says nothing is no reason to pass over a file: its columns tell.
                let kind = dpc::FileKind::by_name(&path.to_string_lossy()).map_or("-", dpc_kind);
                Some((kind.to_owned(), What::Dpc))
            }
            Format::Csv => {
                let name = path.file_name()?.to_string_lossy();
                let reads = self.mappings.iter().enumerate().filter(|(_, mapping)| mapping.reads(&name));
                let (places, tables): (Vec<usize>, Vec<&str>) =
                    reads.map(|(place, mapping)| (place, mapping.table().name)).unzip();
                (!places.is_empty()).then(|| (tables.join("+"), What::Table(places)))
            }
        }
    }

    /// Reads a file and hands out what it says, piece by piece, until `each` has enough. False where the system did not
    /// let it be read to its end; what was read until then stands.
    pub(super) fn read(&self, found: &Found, each: &mut dyn FnMut(Extract) -> bool) -> bool {
        let name = found.path.to_string_lossy();
        let done = match &found.what {
            What::Message(of) => self.message(found, of, &name, each),
            What::Resources => open(found).and_then(|file| fhir::read(file, &name, &self.rules, each)),
            What::Dpc => open(found).and_then(|file| dpc::read(file, &name, &self.rules, each)),
            What::Table(places) => places
                .iter()
                .filter_map(|place| self.mappings.get(*place))
                .try_for_each(|mapping| open(found).and_then(|file| mapping.read(file, &name, &self.rules, each))),
        };
        done.is_ok()
    }

    fn message(
        &self,
        found: &Found,
        of: &ssmix2::Name,
        name: &str,
        each: &mut dyn FnMut(Extract) -> bool,
    ) -> io::Result<()> {
        let mut extract = Extract::default();
        if found.entry.bytes > MAX_MESSAGE {
            extract.reject(name, 0, Rule::Size, "");
        } else {
            let mut bytes = Vec::with_capacity(usize::try_from(found.entry.bytes).unwrap_or(0) + 1);
            File::open(&found.path)?.take(MAX_MESSAGE).read_to_end(&mut bytes)?;
            ssmix2::convert(of, name, &bytes, &self.rules, &mut extract);
        }
        each(extract);
        Ok(())
    }
}

/// The survey's own word for a kind of file.
fn dpc_kind(kind: dpc::FileKind) -> &'static str {
    match kind {
        dpc::FileKind::Form1 => "FF1",
        dpc::FileKind::Inpatient => "EFn",
        dpc::FileKind::Outpatient => "EFg",
        dpc::FileKind::CaseGroup => "Dn",
        dpc::FileKind::Act => "En",
        dpc::FileKind::Detail => "Fn",
        dpc::FileKind::Nursing => "Hn",
        dpc::FileKind::Common => "Kn",
        dpc::FileKind::Other => "FF3",
        dpc::FileKind::Unknown => "-",
    }
}

fn open(found: &Found) -> io::Result<BufReader<File>> {
    Ok(BufReader::with_capacity(1 << 18, File::open(&found.path)?))
}
