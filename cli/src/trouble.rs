//! Why there is no connection to the gateway: the cause and the remedy, in both languages.

use std::io;

use renkei_pki::CredentialsError;
use rustls::{AlertDescription, CertificateError};

use crate::exit::Exit;
use crate::lang::Lang;

/// Why there is no connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// The host name has no address.
    HostName(String),
    /// Nobody listens there.
    NobodyListens(String),
    /// No answer in time.
    NoAnswer(String),
    /// The network does not lead there.
    Unreachable(String, String),
    /// The certificate is of another authority.
    ForeignGateway(String),
    /// The gateway's certificate is out of its dates.
    GatewayExpired(String),
    /// The certificate names other hosts.
    OtherHost(String, Vec<String>),
    /// The certificate is of this authority, but not a gateway's.
    NotGateway(String, String),
    /// What answers does not speak TLS, as a plain web server or a proxy does not.
    NotTls(String),
    /// What answers speaks TLS but not Flight SQL.
    NotFlight(String),
    /// Something between answered with a web page.
    WebPage(String),
    /// The gateway calls our certificate expired.
    OwnExpired,
    /// The gateway does not take our certificate.
    OwnRefused(String),
    /// The gateway hung up before its first word.
    HungUp(String),
    /// The connection ended in the middle of a question.
    Lost(String),
    /// TLS failed otherwise.
    Tls(String, String),
}

impl Trouble {
    /// What the command's exit is.
    pub fn exit(&self) -> Exit {
        match self {
            Self::OwnExpired | Self::OwnRefused(_) => Exit::Denied,
            _ => Exit::Unavailable,
        }
    }

    /// A TCP connection that could not be made.
    pub fn of_tcp(address: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::ConnectionRefused => Self::NobodyListens(address.into()),
            io::ErrorKind::TimedOut => Self::NoAnswer(address.into()),
            _ => Self::Unreachable(address.into(), error.to_string()),
        }
    }

    /// A handshake that failed.
    pub fn of_handshake(address: &str, error: &io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(tls) => Self::of_tls(address, tls),
            None if matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset) => {
                Self::NotTls(address.into())
            }
            None => Self::Tls(address.into(), error.to_string()),
        }
    }

    /// What TLS objected to, on either side.
    pub fn of_tls(address: &str, error: &rustls::Error) -> Self {
        use rustls::Error;
        let at = || address.to_owned();
        match error {
            Error::InvalidCertificate(error) => Self::of_certificate(at(), error),
            Error::AlertReceived(AlertDescription::CertificateExpired) => Self::OwnExpired,
            Error::AlertReceived(
                alert @ (AlertDescription::UnknownCA
                | AlertDescription::BadCertificate
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::CertificateRequired
                | AlertDescription::DecryptError
                | AlertDescription::AccessDenied
                | AlertDescription::UnsupportedCertificate),
            ) => Self::OwnRefused(format!("{alert:?}")),
            Error::AlertReceived(AlertDescription::NoApplicationProtocol) => Self::NotFlight(at()),
            Error::InvalidMessage(_) => Self::NotTls(at()),
            other => Self::Tls(at(), other.to_string()),
        }
    }

    fn of_certificate(at: String, error: &CertificateError) -> Self {
        match error {
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Self::ForeignGateway(at),
            CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. } => Self::GatewayExpired(at),
            CertificateError::NotValidForName => Self::OtherHost(at, Vec::new()),
            CertificateError::NotValidForNameContext { presented, .. } => Self::OtherHost(at, presented.clone()),
            other => Self::Tls(at, format!("{other:?}")),
        }
    }

    /// The cause and, on a second line, the remedy.
    pub fn text(&self, lang: Lang) -> (String, String) {
        (self.cause(lang), self.remedy(lang).to_owned())
    }

    fn cause(&self, lang: Lang) -> String {
        match self {
            Self::HostName(host) => {
                say!(lang, "the host name `{host}` cannot be resolved", "ホスト名 `{host}` を解決できません")
            }
            Self::NobodyListens(at) => {
                say!(lang, "nobody listens at `{at}`", "`{at}` で待ち受けているプログラムがありません")
            }
            Self::NoAnswer(at) => say!(lang, "`{at}` does not answer", "`{at}` から応答がありません"),
            Self::Unreachable(at, why) => {
                say!(lang, "`{at}` cannot be reached ({why})", "`{at}` に到達できません({why})")
            }
            Self::ForeignGateway(at) => say!(
                lang,
                "`{at}` presents a certificate that this consortium's authority did not issue",
                "`{at}` の証明書は、このコンソーシアムの認証局が発行したものではありません"
            ),
            Self::GatewayExpired(at) => say!(
                lang,
                "`{at}` presents a certificate that is expired or not valid yet",
                "`{at}` の証明書は有効期間外です"
            ),
            Self::OtherHost(at, names) if names.is_empty() => say!(
                lang,
                "`{at}` presents a certificate for another host name",
                "`{at}` の証明書は別のホスト名のものです"
            ),
            Self::OtherHost(at, names) => {
                let names = names.join(", ");
                say!(
                    lang,
                    "`{at}` presents a certificate for other names: {names}",
                    "`{at}` の証明書は別の名前のものです: {names}"
                )
            }
            Self::NotGateway(at, found) => {
                say!(
                    lang,
                    "`{at}` is `{found}`, not a gateway",
                    "`{at}` は `{found}` であり、ゲートウェイではありません"
                )
            }
            Self::NotTls(at) => say!(
                lang,
                "what answers at `{at}` does not speak TLS (a web server or an HTTP proxy?)",
                "`{at}` の応答は TLS ではありません(Web サーバーか HTTP プロキシの可能性があります)"
            ),
            Self::NotFlight(at) => say!(
                lang,
                "what answers at `{at}` speaks TLS, but not Flight SQL",
                "`{at}` の応答は TLS ですが、Flight SQL ではありません"
            ),
            Self::WebPage(what) => say!(
                lang,
                "something on the way answered in the gateway's place ({what})",
                "経路上の別の装置がゲートウェイの代わりに応答しました({what})"
            ),
            Self::OwnExpired => {
                say!(lang, "the gateway refuses your certificate as expired", "証明書が期限切れとして拒否されました")
            }
            Self::OwnRefused(why) => {
                say!(lang, "the gateway refuses your certificate ({why})", "証明書が拒否されました({why})")
            }
            Self::HungUp(at) => say!(
                lang,
                "`{at}` hung up before its first word; it may not take this certificate",
                "`{at}` が最初の応答の前に切断しました。証明書が受け入れられなかった可能性があります"
            ),
            Self::Lost(at) => say!(lang, "the connection to `{at}` was lost", "`{at}` との接続が失われました"),
            Self::Tls(at, why) => {
                say!(lang, "the TLS handshake with `{at}` failed ({why})", "`{at}` との TLS 接続に失敗しました({why})")
            }
        }
    }

    fn remedy(&self, lang: Lang) -> &'static str {
        match self {
            Self::HostName(_) => {
                lang.pick("check --gateway and this machine's DNS", "--gateway とこの端末の DNS を確認してください")
            }
            Self::NobodyListens(_) => lang.pick(
                "check host and port of --gateway, and that the gateway is running",
                "--gateway のホストとポート、ゲートウェイの稼働を確認してください",
            ),
            Self::NoAnswer(_) | Self::Unreachable(..) => lang.pick(
                "check --gateway, and that the firewall lets this connection out",
                "--gateway と、ファイアウォールがこの接続を通すことを確認してください",
            ),
            Self::ForeignGateway(_) => lang.pick(
                "check that --ca is this consortium's; a proxy that opens TLS must let this host through",
                "--ca がこのコンソーシアムのものか確認してください。TLS を検査するプロキシではこのホストを除外してください",
            ),
            Self::GatewayExpired(_) => lang.pick(
                "tell the coordinator; check this machine's clock too",
                "事務局に連絡してください。この端末の時計も確認してください",
            ),
            Self::OtherHost(..) => lang.pick(
                "use one of these names in --gateway, or ask the coordinator for a certificate with this name",
                "--gateway に証明書の名前を使うか、この名前の証明書を事務局に依頼してください",
            ),
            Self::NotGateway(..) => {
                lang.pick("check host and port of --gateway", "--gateway のホストとポートを確認してください")
            }
            Self::NotTls(_) | Self::NotFlight(_) | Self::WebPage(_) | Self::Tls(..) => lang.pick(
                "check host and port of --gateway; a proxy on the way must let this host through unopened",
                "--gateway のホストとポートを確認してください。経路上のプロキシではこのホストを素通しにしてください",
            ),
            Self::OwnExpired => lang.pick(
                "have a new certificate issued; check this machine's clock too",
                "新しい証明書の発行を依頼し、この端末の時計も確認してください",
            ),
            Self::OwnRefused(_) | Self::HungUp(_) => lang.pick(
                "use the certificate that this consortium's authority issued to you (--cert, --key)",
                "このコンソーシアムの認証局が発行した証明書を使ってください(--cert, --key)",
            ),
            Self::Lost(_) => lang.pick(
                "ask again; if it stays so, give the time to the coordinator",
                "もう一度実行してください。続くときは時刻を事務局に伝えてください",
            ),
        }
    }
}

/// What is wrong with one's own files, in the reader's language.
pub fn credentials(error: &CredentialsError, lang: Lang) -> String {
    if lang == Lang::En {
        return chain(error);
    }
    use CredentialsError as E;
    match error {
        E::Read { path, source } => {
            format!("`{}` を読めません({source})。パスと読み取り権限を確認してください", path.display())
        }
        E::NotPem { path, .. } => {
            format!("`{}` は PEM 形式ではありません。`-----BEGIN` で始まる必要があります", path.display())
        }
        E::Name { path, .. } => format!("`{}` はコンソーシアムの参加者の証明書ではありません", path.display()),
        E::KeyMismatch { cert, key } => format!("`{}` は `{}` の秘密鍵ではありません", key.display(), cert.display()),
        E::Expired { path, .. } => {
            format!("`{}` は期限切れです。新しい証明書の発行を依頼してください(この端末の時計も確認)", path.display())
        }
        E::NotYetValid { path, .. } => {
            format!("`{}` はまだ有効ではありません。この端末の時計を直してください", path.display())
        }
        E::ForeignIssuer { cert, ca } => {
            format!("`{}` は `{}` の認証局が発行したものではありません", cert.display(), ca.display())
        }
        E::Unusable { path, source } => format!("`{}` は TLS に使えません({source})", path.display()),
    }
}

/// An error with its causes.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        next = cause.source();
    }
    text
}
