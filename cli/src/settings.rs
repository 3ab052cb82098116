//! What is in effect, and where it comes from: flags, then environment, then the profile in the file, then defaults.

mod file;

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

use clap::ArgMatches;
use clap::parser::ValueSource;

use crate::args::Cli;
use crate::console::Console;
use crate::failure::Failure;
use crate::lang::Lang;

/// Name of a setting, and its environment variable where it has one.
const KEYS: [(&str, Option<&str>); 11] = [
    ("gateway", Some("RENKEI_GATEWAY")),
    ("ca", Some("RENKEI_CA")),
    ("cert", Some("RENKEI_CERT")),
    ("key", Some("RENKEI_KEY")),
    ("token_file", Some("RENKEI_TOKEN_FILE")),
    ("project", Some("RENKEI_PROJECT")),
    ("receipts", Some("RENKEI_RECEIPTS")),
    ("lang", Some("RENKEI_LANG")),
    ("deadline", None),
    ("min_sites", None),
    ("output", None),
];

/// Where a setting comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag,
    /// An environment variable.
    Environment(&'static str),
    /// A profile of the configuration file.
    Profile(String),
    /// Nobody said anything; the word says what decides.
    Default(&'static str),
}

/// A value and where it comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// The value as written.
    pub value: String,
    /// Where it comes from.
    pub source: Source,
}

/// What is in effect.
#[derive(Debug)]
pub struct Settings {
    /// The configuration file, where there is one.
    pub file: Option<PathBuf>,
    /// The name of the profile.
    pub profile: String,
    data_home: Option<PathBuf>,
    entries: BTreeMap<&'static str, Setting>,
}

impl Settings {
    /// Merges the command line (with what clap took from the environment) and the file.
    ///
    /// # Errors
    /// [`Failure::Usage`] for a file or profile that is named but not there, and for mistakes in the file.
    pub fn merge(cli: &Cli, matches: &ArgMatches, lang: Lang) -> Result<Self, Failure> {
        let named = cli.connection.config.clone().filter(|path| !path.as_os_str().is_empty());
        let wanted = cli.connection.profile.clone().filter(|name| !name.is_empty());
        let path = named.clone().or_else(|| default_file(cli));
        let document = match path {
            Some(path) if named.is_some() || path.exists() => Some((file::load(&path, lang)?, path)),
            _ => None,
        };
        let profile = wanted.clone().unwrap_or_else(|| "default".into());
        let mut entries = match &document {
            Some((document, path)) => {
                let values = document.profile(&profile, path, wanted.is_some(), lang)?;
                let source = Source::Profile(profile.clone());
                values.into_iter().map(|(key, value)| (key, Setting { value, source: source.clone() })).collect()
            }
            None if wanted.is_some() => {
                return Err(Failure::usage(say!(
                    lang,
                    "there is no configuration file with a profile `{profile}`",
                    "プロファイル `{profile}` のある設定ファイルがありません"
                )));
            }
            None => BTreeMap::new(),
        };
        overlay(&mut entries, leaf(matches));
        let data_home = data_home(cli);
        Ok(Self { file: document.map(|(_, path)| path), profile, data_home, entries })
    }

    /// A value, if anybody gave one.
    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(|setting| setting.value.as_str())
    }

    /// Every setting in a fixed order, with the defaults that `console` decides; `None` where there is no value.
    pub fn all(&self, console: &Console) -> Vec<(&'static str, Option<Setting>)> {
        let default = |key: &str| {
            let (value, by) = match key {
                "lang" => (console.lang.to_string(), "by the locale"),
                "output" if console.out_terminal => ("table".to_owned(), "on a terminal"),
                "output" => ("json".to_owned(), "in a pipe"),
                _ => return None,
            };
            Some(Setting { value, source: Source::Default(by) })
        };
        KEYS.iter().map(|(key, _)| (*key, self.entries.get(key).cloned().or_else(|| default(key)))).collect()
    }

    /// The folder of receipts; none where none are to be kept, or nobody knows where.
    pub fn receipts(&self) -> Option<PathBuf> {
        match self.get("receipts") {
            Some("off") => None,
            Some(folder) => Some(folder.into()),
            None => Some(self.data_home.as_ref()?.join("renkei").join("receipts")),
        }
    }

    /// The language, where one is set.
    pub fn lang(&self) -> Option<Lang> {
        self.get("lang").and_then(|text| clap::ValueEnum::from_str(text, true).ok())
    }
}

/// The innermost subcommand's matches, where global flags of any position are found.
fn leaf(matches: &ArgMatches) -> &ArgMatches {
    let mut leaf = matches;
    while let Some((_, inner)) = leaf.subcommand() {
        leaf = inner;
    }
    leaf
}

fn overlay(entries: &mut BTreeMap<&'static str, Setting>, matches: &ArgMatches) {
    for (key, variable) in KEYS {
        let Some(value) = matches.try_get_raw(key).ok().flatten().and_then(|mut values| values.next()) else {
            continue;
        };
        let source = match (matches.value_source(key), variable) {
            (Some(ValueSource::CommandLine), _) => Source::Flag,
            // An empty variable is the usual way to unset one for a single command.
            (Some(ValueSource::EnvVariable), Some(variable)) if !value.is_empty() => Source::Environment(variable),
            _ => continue,
        };
        entries.insert(key, Setting { value: value.to_string_lossy().into_owned(), source });
    }
}

/// Whether `text` is a time that a deadline can be: a whole number over zero with `ms`, `s`, `m` or `h`.
pub fn is_deadline(text: &str) -> bool {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    number.parse::<u64>().is_ok_and(|n| n > 0) && matches!(unit, "ms" | "s" | "m" | "h")
}

pub use file::nearest;

fn default_file(cli: &Cli) -> Option<PathBuf> {
    let folder = cli.surroundings.config_home.clone().filter(|path| path.is_absolute());
    let folder = folder.or_else(|| Some(std::env::home_dir()?.join(".config")))?;
    Some(folder.join("renkei").join("config.toml"))
}

fn data_home(cli: &Cli) -> Option<PathBuf> {
    let folder = cli.surroundings.data_home.clone().filter(|path| path.is_absolute());
    folder.or_else(|| Some(std::env::home_dir()?.join(".local").join("share")))
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => f.write_str("flag"),
            Self::Environment(variable) => write!(f, "environment {variable}"),
            Self::Profile(name) => write!(f, "file, profile {name}"),
            Self::Default(by) => write!(f, "default, {by}"),
        }
    }
}

#[cfg(test)]
mod tests;
