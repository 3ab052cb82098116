//! `renkei-node audit archive`: old entries of the node's own log into a sealed folder, and out of the log's.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use chrono::{NaiveDate, NaiveTime};
use renkei_service::signed_log::archive;
use renkei_types::{SystemClock, Timestamp};

use super::{Place, print};
use crate::ingest::Language;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,
    /// Entries before this day (UTC), in whole bundles of 256.
    #[arg(long, value_name = "YYYY-MM-DD")]
    before: Option<NaiveDate>,
    /// The archive's folder: a new one with --before, an archive with --remove.
    #[arg(long, value_name = "FOLDER")]
    out: PathBuf,
    /// Takes the archive's entries out of the log's folder, after reading the whole archive back. Refused as long as no
    /// witness has cosigned them. That it was done is recorded.
    #[arg(long, required_unless_present = "before", conflicts_with = "before")]
    remove: bool,
}

pub(super) fn run(args: &Args, language: Language) -> anyhow::Result<ExitCode> {
    let (state, out, japanese) = (args.place.dir()?, &args.out, language == Language::Japanese);
    print(&match args.before {
        Some(day) => {
            let before = Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
            let manifest = archive::export(&state, before, out, &SystemClock)?;
            archive::exported_words(manifest.as_ref(), &day.to_string(), out, "renkei-node", japanese)
        }
        None => {
            let gone = archive::remove(&state, out, &SystemClock);
            archive::removed_words(gone.context(archive::not_removed_words(japanese))?, japanese)
        }
    })?;
    Ok(ExitCode::SUCCESS)
}
