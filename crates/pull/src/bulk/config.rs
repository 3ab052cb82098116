//! Which server, which patients, and how the node shows who it is.

use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use url::{Host, Url};

use crate::tls::Identity;
use crate::{Error, Kind};

/// A FHIR server with Bulk Data export. Tokens and keys are in files, never here.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The server's base, such as `https://fhir.example.org/r4`; plain `http` only to this machine.
    pub base: String,
    /// What is exported.
    #[serde(default)]
    pub scope: Scope,
    /// Resource types to ask for; all that the server has unless said.
    #[serde(default)]
    pub types: Vec<String>,
    /// Whether a later run asks only for what has changed since the last one; yes unless said.
    #[serde(default = "yes")]
    pub incremental: bool,
    /// How the node shows who it is; not at all unless said.
    #[serde(default)]
    pub auth: Auth,
    /// Other hosts that the token may be shown to, such as one that serves the files.
    #[serde(default)]
    pub token_hosts: Vec<String>,
    /// Certificates (PEM) of the authorities that may sign the server's; the system's unless said.
    pub ca_file: Option<PathBuf>,
    /// Certificate (PEM) that the node shows, with [`Config::client_key_file`].
    pub client_certificate_file: Option<PathBuf>,
    /// Its key (PEM).
    pub client_key_file: Option<PathBuf>,
    /// HTTP proxy that leads to the server, such as `http://gate.example.org:3128`.
    pub proxy: Option<String>,
    /// Longest time to connect, in seconds; 15 unless said.
    #[serde(default = "connect_timeout")]
    pub connect_timeout_seconds: u32,
    /// Longest time without a byte from the server, in seconds; 120 unless said.
    #[serde(default = "idle_timeout")]
    pub idle_timeout_seconds: u32,
    /// Longest time for the server to prepare the files, in seconds; a day unless said.
    #[serde(default = "job_timeout")]
    pub job_timeout_seconds: u32,
    /// How often a request is repeated that failed for the moment; 5 unless said.
    #[serde(default = "retries")]
    pub retries: u32,
    /// Largest file, in bytes; 64 GiB unless said.
    #[serde(default = "largest")]
    pub max_file_bytes: u64,
}

/// What is exported.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Scope {
    /// Everything about all patients: `Patient/$export`.
    #[default]
    Patients,
    /// Everything: `$export`.
    System,
    /// Everything about the patients of the group with this id: `Group/[id]/$export`.
    Group(String),
}

/// How the node shows who it is.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase", deny_unknown_fields)]
pub enum Auth {
    /// Not at all, or by the client certificate.
    #[default]
    None,
    /// By a token that does not change.
    Bearer {
        /// File whose first line is the token.
        token_file: PathBuf,
    },
    /// By SMART Backend Services: a signed assertion for a token that lives for minutes.
    Smart {
        /// The id under which the server knows the node.
        client_id: String,
        /// Where tokens are had.
        token_url: String,
        /// Private key (PEM, PKCS#8): P-384 (ES384), or RSA of 2048 bits or more (RS384).
        key_file: PathBuf,
        /// Id of the key in the set that was registered with the server.
        key_id: String,
        /// What may be read; `system/*.read` unless said.
        #[serde(default = "scopes")]
        scopes: String,
    },
}

fn yes() -> bool {
    true
}

fn connect_timeout() -> u32 {
    15
}

fn idle_timeout() -> u32 {
    120
}

fn job_timeout() -> u32 {
    86_400
}

fn retries() -> u32 {
    5
}

fn largest() -> u64 {
    64 << 30
}

fn scopes() -> String {
    "system/*.read".into()
}

fn wrong(what: impl Into<String>, remedy: &str) -> Error {
    Error::new(Kind::Configuration, what, remedy)
}

/// An id or a type in an address.
fn is_id(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.');
    (1..=64).contains(&text.len()) && text.chars().all(plain)
}

/// An address that a token may be sent to.
pub(super) fn address(name: &str, text: &str) -> Result<Url, Error> {
    let url = Url::parse(text).map_err(|_| wrong(format!("{name} is not an address"), "write https://host/path"))?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err(wrong(format!("{name} has a user or password in it"), "use auth, which reads them from a file"));
    }
    match url.scheme() {
        "https" if url.host().is_some() => Ok(url),
        "http" if is_local(&url) => Ok(url),
        "http" => Err(wrong(
            format!("{name} is plain http to another machine"),
            "use https: records and tokens must not cross a network in the clear",
        )),
        _ => Err(wrong(format!("{name} is not an https address"), "write https://host/path")),
    }
}

/// Whether the address is this machine.
pub(super) fn is_local(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Config {
    /// Checks what can be checked without the server.
    ///
    /// # Errors
    /// The first thing that is wrong, with the remedy.
    pub fn check(&self) -> Result<(), Error> {
        let base = self.base_url()?;
        if base.query().is_some() || base.fragment().is_some() {
            return Err(wrong("base has a ? or # in it", "leave out all that follows the server's base"));
        }
        if let Scope::Group(id) = &self.scope
            && !is_id(id)
        {
            return Err(wrong("the id of the group is not an id", "write the id that Group/[id] has on the server"));
        }
        if let Some(unknown) = self.types.iter().find(|name| !name.chars().all(|c| c.is_ascii_alphabetic())) {
            return Err(wrong(format!("types names {unknown}, which is no type"), "write types such as Patient"));
        }
        if self.client_certificate_file.is_some() != self.client_key_file.is_some() {
            return Err(wrong("of client certificate and key only one is given", "set both files, or none"));
        }
        if let Auth::Smart { client_id, token_url, key_id, .. } = &self.auth {
            address("token_url", token_url)?;
            if client_id.is_empty() || key_id.is_empty() {
                return Err(wrong("client_id or key_id is empty", "write what was registered with the server"));
            }
        }
        self.proxy_url()?;
        self.limits()
    }

    fn limits(&self) -> Result<(), Error> {
        let (connect, idle, job) = (self.connect_timeout_seconds, self.idle_timeout_seconds, self.job_timeout_seconds);
        if !(1..=3_600).contains(&connect) || !(1..=3_600).contains(&idle) || !(1..=2_592_000).contains(&job) {
            return Err(wrong("a timeout is out of range", "take the default by leaving it out"));
        }
        if self.retries > 100 || self.max_file_bytes == 0 {
            return Err(wrong("retries or max_file_bytes is out of range", "take the default by leaving it out"));
        }
        Ok(())
    }

    /// The base, with a slash at its end, so that paths are joined below it.
    pub(super) fn base_url(&self) -> Result<Url, Error> {
        let mut url = address("base", &self.base)?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        Ok(url)
    }

    pub(super) fn proxy_url(&self) -> Result<Option<Url>, Error> {
        let Some(text) = &self.proxy else { return Ok(None) };
        let remedy = "write http://host:port; a password for it is not supported";
        match Url::parse(text) {
            Ok(url) if url.scheme() == "http" && url.host().is_some() && url.username().is_empty() => Ok(Some(url)),
            _ => Err(wrong("proxy is not an address of an HTTP proxy", remedy)),
        }
    }

    pub(super) fn identity(&self) -> Option<Identity<'_>> {
        let (certificate, key) = (self.client_certificate_file.as_deref()?, self.client_key_file.as_deref()?);
        Some(Identity { certificate, key })
    }

    /// The part of the kick-off request that decides which resources come: runs with another one do not continue.
    pub(super) fn query(&self) -> String {
        let path = match &self.scope {
            Scope::Patients => "Patient/$export".to_owned(),
            Scope::System => "$export".to_owned(),
            Scope::Group(id) => format!("Group/{id}/$export"),
        };
        let mut types = self.types.clone();
        types.sort_unstable();
        types.dedup();
        match types.is_empty() {
            true => format!("{path}?_outputFormat=application%2Ffhir%2Bndjson"),
            false => format!("{path}?_outputFormat=application%2Ffhir%2Bndjson&_type={}", types.join(",")),
        }
    }

    pub(super) fn connect_timeout(&self) -> Duration {
        Duration::from_secs(self.connect_timeout_seconds.into())
    }

    pub(super) fn idle_timeout(&self) -> Duration {
        Duration::from_secs(self.idle_timeout_seconds.into())
    }

    pub(super) fn job_timeout(&self) -> Duration {
        Duration::from_secs(self.job_timeout_seconds.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(text: &str) -> Result<Config, toml::de::Error> {
        toml::from_str(text)
    }

    #[test]
    fn samples() {
        let least = config("base = 'https://fhir.example.org/r4'").unwrap();
        least.check().unwrap();
        assert_eq!(least.base_url().unwrap().as_str(), "https://fhir.example.org/r4/");
        assert_eq!(least.query(), "Patient/$export?_outputFormat=application%2Ffhir%2Bndjson");
        let most = "base = 'https://fhir.example.org/r4/'\nscope = { group = 'cohort-1' }\n\
            types = ['Observation', 'Patient', 'Patient']\nincremental = false\ntoken_hosts = ['files.example.org']\n\
            proxy = 'http://gate.example.org:3128'\n[auth]\nkind = 'smart'\nclient_id = 'renkei'\n\
            token_url = 'https://auth.example.org/token'\nkey_file = 'smart.key'\nkey_id = 'k1'\n";
        let most = config(most).unwrap();
        most.check().unwrap();
        let query = "Group/cohort-1/$export?_outputFormat=application%2Ffhir%2Bndjson&_type=Observation,Patient";
        assert_eq!(most.query(), query);
        config("base = 'https://f.example.org'\nscope = 'system'\n[auth]\nkind = 'bearer'\ntoken_file = 't'").unwrap();
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("base = 'http://fhir.example.org/r4'", "in the clear"),
            ("base = 'ftp://fhir.example.org/r4'", "https"),
            ("base = 'fhir.example.org'", "https"),
            ("base = 'https://a:b@fhir.example.org'", "user or password"),
            ("base = 'https://fhir.example.org/?x=1'", "? or #"),
            ("base = 'https://f.example.org'\nscope = { group = '../x' }", "group"),
            ("base = 'https://f.example.org'\ntypes = ['Patient&x=y']", "types"),
            ("base = 'https://f.example.org'\nclient_key_file = 'x'", "only one"),
            ("base = 'https://f.example.org'\nproxy = 'gate:3128'", "HTTP proxy"),
            ("base = 'https://f.example.org'\nidle_timeout_seconds = 0", "timeout"),
        ] {
            let error = config(text).unwrap().check().unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
        }
        for text in ["base = 'https://f.example.org'\ntoken = 'x'", "", "base = 'https://f.example.org'\nscope = 'all'"]
        {
            assert!(config(text).is_err(), "{text}");
        }
        for local in ["http://localhost:8080/fhir", "http://127.0.0.1/", "http://[::1]:1/"] {
            config(&format!("base = '{local}'")).unwrap().check().unwrap();
        }
    }
}
