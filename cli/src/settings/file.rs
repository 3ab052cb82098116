//! The configuration file: named profiles.
//!
//! ```toml
//! [profile.default]
//! gateway = "gateway.example.org:7443"
//! ca = "ca.pem"            # relative to this file; `~/` is the home folder
//! cert = "taro.pem"
//! key = "taro.key"
//! project = "glucose-2026"
//! lang = "ja"
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use clap::ValueEnum;
use renkei_service::config::{self, ConfigError, Problems};
use serde::Deserialize;

use crate::address::Address;
use crate::failure::Failure;
use crate::lang::Lang;
use crate::output::Format;

/// The whole file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    #[serde(default)]
    profile: BTreeMap<String, Profile>,
}

/// One profile.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Profile {
    gateway: Option<String>,
    ca: Option<String>,
    cert: Option<String>,
    key: Option<String>,
    token_file: Option<String>,
    project: Option<String>,
    receipts: Option<String>,
    lang: Option<String>,
    deadline: Option<String>,
    min_sites: Option<u32>,
    output: Option<String>,
}

impl config::Settings for Document {
    fn check(&self, problems: &mut Problems) {
        for (name, profile) in &self.profile {
            let key = |key: &str| format!("profile.{name}.{key}");
            if let Some(Err(error)) = profile.gateway.as_deref().map(Address::parse) {
                problems.add(&key("gateway"), format!("is wrong: {error}"));
            }
            if profile.lang.as_deref().is_some_and(|text| Lang::from_str(text, true).is_err()) {
                problems.add(&key("lang"), "is `en` or `ja`");
            }
            if profile.output.as_deref().is_some_and(|text| Format::from_str(text, true).is_err()) {
                problems.add(&key("output"), "is `table`, `csv`, `json`, `parquet` or `arrow`");
            }
            if profile.deadline.as_deref().is_some_and(|text| !super::is_deadline(text)) {
                problems.add(&key("deadline"), "is a time such as `30s` or `2m`");
            }
        }
    }
}

/// Reads the file.
pub fn load(path: &Path, lang: Lang) -> Result<Document, Failure> {
    config::load(path).map_err(|error: ConfigError| {
        let detail = crate::trouble::chain(&error);
        Failure::usage(say!(lang, "{detail}", "設定ファイルを使えません: {detail}"))
    })
}

impl Document {
    /// The values of one profile. A default profile that is not there is an empty one.
    pub fn profile(
        &self,
        name: &str,
        path: &Path,
        wanted: bool,
        lang: Lang,
    ) -> Result<Vec<(&'static str, String)>, Failure> {
        let Some(profile) = self.profile.get(name) else {
            return if wanted { Err(self.unknown(name, path, lang)) } else { Ok(Vec::new()) };
        };
        let beside = |value: &Option<String>| value.as_deref().map(|value| resolve(path, value));
        let values = [
            ("gateway", profile.gateway.clone()),
            ("ca", beside(&profile.ca)),
            ("cert", beside(&profile.cert)),
            ("key", beside(&profile.key)),
            ("token_file", beside(&profile.token_file)),
            ("project", profile.project.clone()),
            ("receipts", profile.receipts.as_deref().map(|value| folder(path, value))),
            ("lang", profile.lang.clone()),
            ("deadline", profile.deadline.clone()),
            ("min_sites", profile.min_sites.map(|n| n.to_string())),
            ("output", profile.output.clone()),
        ];
        Ok(values.into_iter().filter_map(|(key, value)| Some((key, value?))).collect())
    }

    fn unknown(&self, name: &str, path: &Path, lang: Lang) -> Failure {
        let path = path.display();
        let near = nearest(name, self.profile.keys().map(String::as_str));
        let hint = near.map(|near| say!(lang, "did you mean `{near}`?", "`{near}` ではありませんか"));
        Failure::Usage(
            say!(lang, "`{path}` has no profile `{name}`", "`{path}` にプロファイル `{name}` がありません"),
            hint,
        )
    }
}

/// The name that `text` was probably meant to be.
pub fn nearest<'a>(text: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|name| (strsim::damerau_levenshtein(name, text), name))
        .min()
        .filter(|(distance, name)| *distance <= (name.chars().count().max(text.chars().count()) / 2).max(1))
        .map(|(_, name)| name)
}

/// A folder, or the word that stands for none.
fn folder(file: &Path, value: &str) -> String {
    if value == "off" { value.to_owned() } else { resolve(file, value) }
}

fn resolve(file: &Path, value: &str) -> String {
    let path = match value.strip_prefix("~/") {
        Some(rest) => std::env::home_dir().unwrap_or_default().join(rest),
        None => file.parent().unwrap_or(Path::new("")).join(value),
    };
    path.to_string_lossy().into_owned()
}
