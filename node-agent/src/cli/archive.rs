//! `renkei-node audit archive`: old entries of the node's own log into a sealed folder, and out of the log's.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use chrono::{NaiveDate, NaiveTime};
use renkei_audit::archive;
use renkei_audit::note::{Kind, SigningKey, VerifierKey};
use renkei_types::{Clock, SystemClock, Timestamp};

use super::{Place, print};
use crate::acts::{self, Done};
use crate::audit;
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
    let state = args.place.dir()?;
    let said = match args.before {
        Some(day) => export(&state, day, &args.out, language)?,
        None => remove(&state, &args.out, language)?,
    };
    print(&said)?;
    Ok(ExitCode::SUCCESS)
}

fn export(state: &Path, day: NaiveDate, out: &Path, language: Language) -> anyhow::Result<String> {
    let reader = audit::reader(state);
    let before = Timestamp(day.and_time(NaiveTime::MIN).and_utc().timestamp_micros());
    let Some(range) = archive::due(&reader, before)? else {
        return Ok(match language {
            Language::English => format!("no whole bundle of entries is older than {day}; nothing was written\n"),
            Language::Japanese => format!("{day} より前の記録でまとまったものはありません。何も書き出していません\n"),
        });
    };
    let manifest = archive::export(&reader, &range, out, &key(state)?, SystemClock.now())?;
    let (from, until, place) = (manifest.from, manifest.until, out.display());
    Ok(match language {
        Language::English => format!(
            "entries {from} to {until} are in `{place}`, signed; they are in the log's folder too, until \
             `renkei-node audit archive --remove --out {place}`\n"
        ),
        Language::Japanese => format!(
            "記録 {from}〜{until} を `{place}` に署名付きで書き出しました。ログのフォルダーからは \
             `renkei-node audit archive --remove --out {place}` を実行するまで削除されません\n"
        ),
    })
}

fn remove(state: &Path, out: &Path, language: Language) -> anyhow::Result<String> {
    let reader = audit::reader(state);
    let record = |manifest: &archive::Manifest, hash| -> anyhow::Result<()> {
        let done = Done::LogArchived { until: manifest.until, manifest: hash };
        Ok(acts::leave(state, &SystemClock, done)?)
    };
    let witnesses = witnesses(state)?;
    let gone = archive::remove(&reader, out, &audit::verifier(state)?, &witnesses, record);
    let gone = gone.with_context(|| match language {
        Language::English => "nothing was removed",
        Language::Japanese => "何も削除していません",
    })?;
    Ok(match language {
        Language::English => format!("{gone} entries are in the archive only; the agent records this\n"),
        Language::Japanese => format!("{gone} 件の記録は保管フォルダーだけにあります。この操作は記録されます\n"),
    })
}

/// The log's key.
fn key(state: &Path) -> anyhow::Result<SigningKey> {
    let path = state.join("audit.key");
    let what = || format!("the key of the audit log, `{}`", path.display());
    let bytes = std::fs::read(&path).with_context(what)?;
    let seed = bytes.try_into().map_err(|_| anyhow::anyhow!("{} is damaged", what()))?;
    Ok(SigningKey::from_seed(audit::verifier(state)?.name().clone(), Kind::Log, &seed)?)
}

/// Keys of those whose cosignatures this node has taken.
fn witnesses(state: &Path) -> anyhow::Result<Vec<VerifierKey>> {
    let path = state.join("peers.keys");
    let text = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.with_context(|| format!("`{}` cannot be read", path.display()))?,
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Result<Vec<VerifierKey>, _> = lines.map(VerifierKey::parse).collect();
    let keys = keys.with_context(|| format!("`{}` holds something that is no key", path.display()))?;
    Ok(keys.into_iter().filter(|key| key.kind() == Kind::Witness).collect())
}
