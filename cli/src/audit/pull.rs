//! `renkei audit pull`: copies of the logs that the gateway keeps, each checked as it arrives.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

use renkei_audit::copy::Copying;
use renkei_audit::note::{Kind, Note, VerifierKey};
use renkei_audit_view::when;
use renkei_types::Timestamp;
use serde::Deserialize;
use serde_json::json;

use super::{broken, logs, print};
use crate::args::audit::AuditPull;
use crate::client::Client;
use crate::command::session;
use crate::console::Console;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::settings::Settings;

/// A log as the gateway lists it.
#[derive(Debug, Deserialize)]
struct Listed {
    log: String,
    key: String,
    first: u64,
}

/// What comes before the bundles.
#[derive(Debug, Deserialize)]
struct Head {
    checkpoint: String,
    cosigned: Vec<String>,
    size: u64,
    bundles: u64,
    more: bool,
    copied_micros: Option<i64>,
}

/// Runs the command.
///
/// # Errors
/// [`Failure`]; status 6 where something that was handed out cannot be believed. What was copied before stays.
pub async fn run(args: &AuditPull, settings: &Settings, console: Console) -> Result<Exit, Failure> {
    let lang = console.lang;
    let given = args.keys.as_deref().map(|path| logs::keys(path, lang)).transpose()?;
    let mut client = session::connect(settings, lang).await?;
    let listed = client.audit("renkei.AuditLogs", Vec::new()).await?;
    let listed: Vec<Listed> = parse(listed.first().map_or(&b""[..], Vec::as_slice))?;
    fs::create_dir_all(&args.out).map_err(|error| Failure::io(args.out.display().to_string(), error))?;
    let mut sound = true;
    for one in listed {
        let folder = args.out.join(name(&one.log));
        let said = match key(&one, &folder, given.as_deref(), lang) {
            Ok(key) => copy(&mut client, &one, &key, &folder, &console).await?,
            Err(why) => Err(why),
        };
        let log = renkei_audit_view::text::line(&one.log);
        match said {
            Ok(Copied { before, now, at }) => {
                let place = folder.display();
                // Of a site's log the gateway has a copy, which may be of some time ago.
                let at = at.map(when::japan).map_or_else(String::new, |at| {
                    say!(lang, ", as the gateway copied it until {at} JST", "、ゲートウェイによる複製は{at}まで")
                });
                print(&say!(
                    lang,
                    "{log}: {now} entries, {} of them new{at}, in {place}\n",
                    "{log}: {now}件(うち新規 {}件{at}) {place}\n",
                    now - before
                ))?;
            }
            Err(why) => {
                sound = false;
                print(&say!(lang, "{log}: NOT COPIED: {why}\n", "{log}: 複製できません: {why}\n"))?;
            }
        }
    }
    Ok(if sound { Exit::Ok } else { Exit::Checks })
}

/// The key to believe: given, or the one that was told the first time.
fn key(one: &Listed, folder: &Path, given: Option<&[VerifierKey]>, lang: Lang) -> Result<VerifierKey, String> {
    let told = VerifierKey::parse(&one.key).ok().filter(|key| key.name().as_str() == one.log);
    let told =
        told.ok_or_else(|| say!(lang, "the gateway names no key of it", "ゲートウェイがこのログの鍵を示していません"))?;
    if let Some(given) = given {
        let known = given.iter().find(|key| key.kind() == Kind::Log && key.name().as_str() == one.log);
        return known.cloned().ok_or_else(|| {
            say!(lang, "there is no key of it in the file of --keys", "--keys のファイルにこのログの鍵がありません")
        });
    }
    let beside = beside(folder);
    match fs::read_to_string(&beside) {
        Ok(text) => VerifierKey::parse(text.trim()).map_err(|_| format!("`{}`", beside.display())),
        Err(_) => fs::write(&beside, format!("{told}\n")).map(|()| told).map_err(|error| error.to_string()),
    }
}

fn beside(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(".pub");
    PathBuf::from(name)
}

/// What a copy has.
struct Copied {
    before: u64,
    now: u64,
    /// When the gateway's own copy got its checkpoint.
    at: Option<Timestamp>,
}

/// Copies what is new; inside, why it is not believed.
async fn copy(
    client: &mut Client,
    one: &Listed,
    key: &VerifierKey,
    folder: &Path,
    console: &Console,
) -> Result<Result<Copied, String>, Failure> {
    let lang = console.lang;
    let why = |error: &dyn std::error::Error| crate::trouble::chain(error);
    let mut copying = match Copying::begin(folder, key) {
        Ok(copying) => copying,
        Err(error) => return Ok(Err(why(&error))),
    };
    let before = copying.before().size;
    if one.first > copying.next() * 256 {
        let first = one.first;
        return Ok(Err(say!(
            lang,
            "its entries before {first} are in an archive of its owner; get that, or an older copy",
            "記録 {first} より前は所有者の保管フォルダーにあります。それか以前の複製を入手してください"
        )));
    }
    let bar = logs::bar(console);
    loop {
        let request = json!({ "log": one.log, "bundle": copying.next(), "cosigned": copying.cosigned() });
        let parts = client.audit("renkei.AuditRead", request.to_string().into_bytes()).await?;
        let Some((head, bundles)) = parts.split_first() else {
            return Err(Failure::Answer("no answer to renkei.AuditRead".into()));
        };
        let head: Head = parse(head)?;
        if bundles.len() as u64 != head.bundles {
            return Err(Failure::Answer("renkei.AuditRead: another number of bundles than was told".into()));
        }
        let nothing = bundles.is_empty() && head.cosigned.is_empty();
        let note = |text: &String| Note::parse(text.as_bytes()).map_err(|error| why(&error));
        let taken = head.cosigned.iter().map(note).collect::<Result<Vec<_>, _>>().and_then(|notes| {
            bundles.iter().try_for_each(|bundle| copying.take(bundle)).map_err(|error| why(&error))?;
            copying.take_cosigned(notes).and_then(|()| copying.write()).map_err(|error| why(&error))
        });
        if let Err(why) = taken {
            return Ok(Err(why));
        }
        if let Some(bar) = &bar {
            let (log, done, all) = (&one.log, copying.size(), head.size);
            bar.set_message(say!(lang, "{log}: {done} of {all}", "{log}: {all}件中{done}件"));
        }
        // The end, or an owner whose log has no more than the copy.
        if !head.more || nothing {
            let finished = note(&head.checkpoint).and_then(|note| copying.finish(&note).map_err(|error| why(&error)));
            if let Some(bar) = bar {
                bar.finish_and_clear();
            }
            let at = head.copied_micros.map(Timestamp);
            if let (Ok(_), Some(at)) = (&finished, at) {
                // A checker takes it for the time at which the files were taken.
                let set = fs::File::options().append(true).open(folder.join("checkpoint"));
                let set = set.and_then(|file| {
                    file.set_modified(UNIX_EPOCH + Duration::from_micros(u64::try_from(at.0).unwrap_or(0)))
                });
                set.map_err(|error| Failure::io(folder.display().to_string(), error))?;
            }
            return Ok(finished.map(|now| Copied { before, now: now.size, at }));
        }
    }
}

fn parse<T: for<'de> Deserialize<'de>>(bytes: &[u8]) -> Result<T, Failure> {
    serde_json::from_slice(bytes).map_err(|error| broken(&error))
}

/// A folder's name of a log's: its last two parts.
fn name(log: &str) -> String {
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' };
    let parts: Vec<&str> = log.rsplit('/').take(2).collect();
    parts.into_iter().rev().collect::<Vec<_>>().join("-").chars().map(plain).collect()
}
