//! Old entries of a program's own log into a sealed folder, and out of the log's: what `audit archive` does on both
//! sides, and what it says.

use std::fs;
use std::io;
use std::path::Path;

use renkei_audit::archive::{self, Manifest};
use renkei_audit::note::{Kind, SigningKey, VerifierKey};
use renkei_types::{Clock, Timestamp};

use super::acts::{self, Deed};
use super::{SignedLogError, reader, verifier};

/// Writes the entries before a time, in whole bundles, into a new folder; `None` where there are none.
///
/// # Errors
/// [`SignedLogError`]
pub fn export(
    state: &Path,
    before: Timestamp,
    out: &Path,
    clock: &dyn Clock,
) -> Result<Option<Manifest>, SignedLogError> {
    let reader = reader(state);
    let Some(range) = archive::due(&reader, before)? else { return Ok(None) };
    Ok(Some(archive::export(&reader, &range, out, &key(state)?, clock.now())?))
}

/// Takes an archive's entries out of the log's folder, after leaving the act for the program that writes the log. How
/// many are gone.
///
/// # Errors
/// [`SignedLogError`]; then nothing was removed.
pub fn remove(state: &Path, out: &Path, clock: &dyn Clock) -> Result<u64, SignedLogError> {
    let record = |manifest: &Manifest, hash| {
        let path = acts::folder(state);
        let left = acts::leave(state, clock, Deed::log_archived(manifest.until, hash));
        left.map_err(|source| SignedLogError::File { path, source })
    };
    archive::remove(&reader(state), out, &verifier(state)?, &witnesses(state)?, record)
}

/// What a command line says of an export of the entries before a day.
#[must_use]
pub fn exported_words(manifest: Option<&Manifest>, day: &str, out: &Path, program: &str, japanese: bool) -> String {
    let place = out.display();
    match (manifest, japanese) {
        (None, false) => format!("no whole bundle of entries is older than {day}; nothing was written\n"),
        (None, true) => format!("{day} より前の記録でまとまったものはありません。何も書き出していません\n"),
        (Some(Manifest { from, until, .. }), false) => format!(
            "entries {from} to {until} are in `{place}`, signed; they are in the log's folder too, until \
             `{program} audit archive --remove --out {place}`\n"
        ),
        (Some(Manifest { from, until, .. }), true) => format!(
            "記録 {from}〜{until} を `{place}` に署名付きで書き出しました。ログのフォルダーからは \
             `{program} audit archive --remove --out {place}` を実行するまで削除されません\n"
        ),
    }
}

/// What a command line says of entries that were removed.
#[must_use]
pub fn removed_words(gone: u64, japanese: bool) -> String {
    match japanese {
        false => format!("{gone} entries are in the archive only; this is recorded in the log\n"),
        true => format!("{gone} 件の記録は保管フォルダーだけにあります。この操作は記録されます\n"),
    }
}

/// What goes before the reason where nothing was removed.
#[must_use]
pub fn not_removed_words(japanese: bool) -> &'static str {
    if japanese { "何も削除していません" } else { "nothing was removed" }
}

/// The log's key.
fn key(state: &Path) -> Result<SigningKey, SignedLogError> {
    let path = state.join("audit.key");
    let seed = match fs::read(&path) {
        Ok(bytes) => bytes.try_into().map_err(|_| SignedLogError::Damaged(path))?,
        Err(source) => return Err(SignedLogError::File { path, source }),
    };
    SigningKey::from_seed(verifier(state)?.name().clone(), Kind::Log, &seed).map_err(SignedLogError::Name)
}

/// Keys of those whose cosignatures the log has taken.
fn witnesses(state: &Path) -> Result<Vec<VerifierKey>, SignedLogError> {
    let path = state.join("peers.keys");
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        text => text.map_err(|source| SignedLogError::File { path: path.clone(), source })?,
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let keys: Result<Vec<VerifierKey>, _> = lines.map(VerifierKey::parse).collect();
    let keys = keys.map_err(|_| SignedLogError::NoKey(path))?;
    Ok(keys.into_iter().filter(|key| key.kind() == Kind::Witness).collect())
}
