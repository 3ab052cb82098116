//! `sim-hospital`: writes a synthetic hospital into a folder.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Context;
use clap::{Parser, ValueEnum};
use renkei_sim_hospital::{Format, Hospital, Profile, Spec, write, write_concept_map};

/// Writes an invented hospital as files of the OMOP CDM, or as its own systems would hold it. The same arguments give
/// the same bytes.
#[derive(Debug, Parser)]
#[command(
    version,
    after_help = "Example:\n  sim-hospital --site tokyo --seed 1 --out data/tokyo\n  \
    sim-hospital --site nagano --profile regional --format tsv-v53 --dirt --out data/nagano\n  \
    sim-hospital --site kyoto --format ssmix2 --history --concept-map data/map.csv --out data/kyoto"
)]
struct Arguments {
    /// Name of the site; another name gives other patients under the same ids
    #[arg(long, default_value = "tokyo")]
    site: String,
    /// Seed of all randomness
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of patients
    #[arg(long, default_value_t = 3_000)]
    patients: u32,
    /// First year of the records
    #[arg(long, default_value_t = 2019, value_name = "YEAR")]
    first_year: i32,
    /// Last year of the records, included
    #[arg(long, default_value_t = 2025, value_name = "YEAR")]
    last_year: i32,
    /// Kind of hospital: whom it sees, how much it measures, how well it maps its codes
    #[arg(long, value_enum, default_value = "university")]
    profile: ProfileName,
    /// Shape of the files
    #[arg(long, value_enum, default_value = "csv-v54")]
    format: FormatName,
    /// Put flaws into tables of OMOP as real ones have them: doubled ids, unknown persons, visits and concepts,
    /// impossible dates
    #[arg(long)]
    dirt: bool,
    /// Put versions that were replaced or deleted into a storage (ssmix2)
    #[arg(long)]
    history: bool,
    /// Compress the files (fhir)
    #[arg(long)]
    gzip: bool,
    /// Write the map from all local codes to concepts as well, with the columns of source_to_concept_map
    #[arg(long, value_name = "FILE")]
    concept_map: Option<PathBuf>,
    /// Folder to write into; made if missing, files of the same name are replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ProfileName {
    /// All ages and departments, dense laboratory data
    University,
    /// Cancer and heart disease, older patients
    NationalCentre,
    /// Old patients with common diseases, many codes without a concept
    Regional,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum FormatName {
    /// CDM v5.4, comma-separated, columns in any order
    CsvV54,
    /// CDM v5.3, tab-separated without quoting, vocabulary as Athena writes it
    TsvV53,
    /// CDM v5.4, Parquet
    ParquetV54,
    /// SS-MIX2 standardized storage
    #[value(name = "ssmix2")]
    SsMix2,
    /// FHIR R4 after JP Core, newline-delimited JSON
    Fhir,
    /// DPC form 1 and EF file, stays only
    Dpc,
    /// A hospital's own tables in CP932 with Japanese headers
    CsvJa,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    let spec = Spec {
        patients: arguments.patients,
        first_year: arguments.first_year,
        last_year: arguments.last_year,
        dirt: arguments.dirt,
        ..Spec::new(&arguments.site, arguments.seed, profile(arguments.profile))
    };
    let hospital = Hospital::generate(&spec).context("this hospital cannot be made")?;
    let written = write(&hospital, format(&arguments), &arguments.out)?;
    if let Some(path) = &arguments.concept_map {
        write_concept_map(path)?;
    }

    let mut out = std::io::stdout().lock();
    writeln!(out, "{:>10}  table", "rows")?;
    for (table, _, rows) in &written.tables {
        writeln!(out, "{rows:>10}  {table}")?;
    }
    for ((table, flaw), rows) in &written.dirt.counts {
        writeln!(out, "{rows:>10}  {table}: {flaw:?}")?;
    }
    Ok(())
}

fn profile(name: ProfileName) -> Profile {
    match name {
        ProfileName::University => Profile::University,
        ProfileName::NationalCentre => Profile::NationalCentre,
        ProfileName::Regional => Profile::Regional,
    }
}

fn format(arguments: &Arguments) -> Format {
    match arguments.format {
        FormatName::CsvV54 => Format::CsvV54,
        FormatName::TsvV53 => Format::TsvV53,
        FormatName::ParquetV54 => Format::ParquetV54,
        FormatName::SsMix2 => Format::SsMix2 { history: arguments.history },
        FormatName::Fhir => Format::FhirNdjson { gzip: arguments.gzip },
        FormatName::Dpc => Format::Dpc,
        FormatName::CsvJa => Format::CsvJa,
    }
}
