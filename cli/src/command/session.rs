//! A conversation with the gateway, made of the settings.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use renkei_pki::{Credentials, client_config};
use renkei_types::{Clock, ProjectId, SystemClock};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::time_provider::TimeProvider;
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore};

use crate::address::Address;
use crate::client::Client;
use crate::connect::{self, ALPN};
use crate::failure::Failure;
use crate::lang::Lang;
use crate::settings::Settings;

/// Connects as the settings say.
///
/// # Errors
/// [`Failure`]: a setting that is missing or of no use, or no connection.
pub async fn connect(settings: &Settings, lang: Lang) -> Result<Client, Failure> {
    let gateway = settings.get("gateway").ok_or_else(|| missing("gateway", lang))?;
    let address = Address::parse(gateway).map_err(Failure::Address)?;
    let token = settings.get("token_file").map(|path| token(path, lang)).transpose()?;
    let project = settings.get("project").map(ProjectId::new).transpose();
    let project = project.map_err(|error| Failure::usage(error.to_string()))?;
    let tls = tls(settings, token.is_some(), lang)?;
    let (channel, wire) = connect::connect(&address, tls).await?;
    let mut client = Client::new(channel, address, wire);
    if let Some(token) = token {
        client.header("authorization", &format!("Bearer {token}"))?;
    }
    if let Some(project) = project {
        client.header("renkei-project", project.as_str())?;
    }
    Ok(client)
}

fn missing(setting: &str, lang: Lang) -> Failure {
    let flag = setting.replace('_', "-");
    let variable = setting.to_ascii_uppercase();
    Failure::Usage(
        say!(lang, "no `{setting}` is set", "`{setting}` が設定されていません"),
        Some(say!(
            lang,
            "give --{flag}, set RENKEI_{variable}, or write it into a profile of ~/.config/renkei/config.toml",
            "--{flag}、RENKEI_{variable}、または ~/.config/renkei/config.toml のプロファイルで指定してください"
        )),
    )
}

fn token(path: &str, lang: Lang) -> Result<String, Failure> {
    let text = fs::read_to_string(path).map_err(|error| Failure::io(path, error))?;
    let token = text.trim();
    if token.is_empty() || !token.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(Failure::usage(say!(lang, "`{path}` holds no token", "`{path}` にトークンがありません")));
    }
    Ok(token.to_owned())
}

/// A certificate where there is one; without it a token must do.
fn tls(settings: &Settings, has_token: bool, lang: Lang) -> Result<Arc<ClientConfig>, Failure> {
    let ca = settings.get("ca").ok_or_else(|| missing("ca", lang))?;
    let unusable = |error: rustls::Error| Failure::usage(error.to_string());
    match (settings.get("cert"), settings.get("key")) {
        (Some(cert), Some(key)) => {
            let clock = Arc::new(SystemClock);
            let own = Credentials::load(Path::new(ca), Path::new(cert), Path::new(key), clock);
            client_config(&own.map_err(Failure::Credentials)?, &[ALPN]).map_err(unusable)
        }
        (None, None) if has_token => anonymous(ca, lang),
        (None, _) => Err(missing("cert", lang)),
        (_, None) => Err(missing("key", lang)),
    }
}

/// The same rules as with a certificate (TLS 1.3, the consortium's root alone), for who identifies by a token.
fn anonymous(ca: &str, lang: Lang) -> Result<Arc<ClientConfig>, Failure> {
    let pem = fs::read(ca).map_err(|error| Failure::io(ca, error))?;
    let not_pem =
        || Failure::usage(say!(lang, "`{ca}` holds no certificate in PEM", "`{ca}` に PEM 形式の証明書がありません"));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(&pem) {
        roots.add(certificate.map_err(|_| not_pem())?).map_err(|_| not_pem())?;
    }
    if roots.is_empty() {
        return Err(not_pem());
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_details(provider, Arc::new(TimeSource))
        .with_protocol_versions(&[&TLS13])
        .map_err(|error| Failure::usage(error.to_string()))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![ALPN.into()];
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct TimeSource;

impl TimeProvider for TimeSource {
    fn current_time(&self) -> Option<UnixTime> {
        let micros = u64::try_from(SystemClock.now().0).ok()?;
        Some(UnixTime::since_unix_epoch(Duration::from_micros(micros)))
    }
}
