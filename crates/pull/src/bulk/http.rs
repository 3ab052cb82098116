//! One request on one connection: TCP, the proxy where there is one, TLS, HTTP/1.1.
//!
//! Connections are not kept: requests are minutes apart or move gigabytes, and a connection that is dropped with its
//! answer cannot hand bytes of one answer to the next.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT_ENCODING, AUTHORIZATION, HOST, USER_AGENT};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{Builder, SendRequest, handshake};
use hyper_util::rt::TokioIo;
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use url::{Host, Position, Url};

use super::Config;
use super::trouble::Trouble;
use crate::secret::Secret;
use crate::{Error, Kind, tls};

/// The way to servers.
pub(super) struct Http {
    tls: Arc<ClientConfig>,
    proxy: Option<Url>,
    connect: Duration,
    idle: Duration,
}

/// An answer, of which only the head has come.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    /// What was asked, after redirects.
    pub(super) url: Url,
    body: Incoming,
    host: String,
    idle: Duration,
    _mover: Mover,
}

/// What is asked.
#[derive(Clone)]
pub(super) struct Ask {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// The task that moves a connection's bytes, ended with whoever reads them.
struct Mover(JoinHandle<()>);

impl Drop for Mover {
    fn drop(&mut self) {
        self.0.abort();
    }
}

trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Http {
    pub(super) fn new(config: &Config) -> Result<Self, Error> {
        // Where the server is this machine, it may have neither TLS nor authorities.
        let tls = tls::client(config.ca_file.as_deref(), config.identity());
        let tls = match tls {
            Err(_) if config.base.starts_with("http:") && config.ca_file.is_none() => tls::nobody()?,
            other => other?,
        };
        let (connect, idle) = (config.connect_timeout(), config.idle_timeout());
        Ok(Self { tls, proxy: config.proxy_url()?, connect, idle })
    }

    /// Sends, and waits for the head of the answer.
    pub(super) async fn send(&self, ask: &Ask, token: Option<&Secret>) -> Result<Answer, Trouble> {
        let host = host_of(&ask.url);
        let request = self.request(ask, token)?;
        let connected = timeout(self.connect, self.connect(&ask.url)).await;
        let io = connected.map_err(|_| Trouble::passing(silent(&host, "does not answer")))??;
        let started = timeout(self.connect, Builder::new().max_buf_size(256 << 10).handshake(TokioIo::new(io))).await;
        let (mut sender, connection): (SendRequest<Full<Bytes>>, _) = started
            .map_err(|_| Trouble::passing(silent(&host, "does not answer")))?
            .map_err(|error| broken(&host, &error))?;
        let mover = Mover(tokio::spawn(async move { drop(connection.await) }));
        let answer = timeout(self.idle, sender.send_request(request)).await;
        let answer = answer
            .map_err(|_| Trouble::passing(silent(&host, "took the request and does not answer")))?
            .map_err(|error| broken(&host, &error))?;
        let (head, body) = answer.into_parts();
        let url = ask.url.clone();
        Ok(Answer { status: head.status, headers: head.headers, url, body, host, idle: self.idle, _mover: mover })
    }

    fn request(&self, ask: &Ask, token: Option<&Secret>) -> Result<Request<Full<Bytes>>, Trouble> {
        let through = self.proxy.is_some() && ask.url.scheme() == "http";
        let target = if through {
            &ask.url[..Position::AfterQuery]
        } else {
            &ask.url[Position::BeforePath..Position::AfterQuery]
        };
        let bad = |_| Trouble::lasting(Error::new(Kind::Source, "an address cannot be sent", "check base"));
        let mut request = Request::builder()
            .method(ask.method.clone())
            .uri(target)
            .body(Full::new(ask.body.clone()))
            .map_err(|_| bad(()))?;
        let headers = request.headers_mut();
        headers.extend(ask.headers.clone());
        let host = &ask.url[Position::BeforeHost..Position::AfterPort];
        headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| bad(()))?);
        headers.insert(USER_AGENT, HeaderValue::from_static(concat!("renkei/", env!("CARGO_PKG_VERSION"))));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose())).map_err(|_| {
                let what = "the token has signs that no token has";
                Trouble::lasting(Error::new(Kind::Configuration, what, "write the token alone into the file"))
            })?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        Ok(request)
    }

    async fn connect(&self, url: &Url) -> Result<Box<dyn Stream>, Trouble> {
        let io = match &self.proxy {
            None => tcp(url).await?,
            Some(proxy) if url.scheme() == "http" => tcp(proxy).await?,
            Some(proxy) => return self.secure(url, tunnel(proxy, url).await?).await,
        };
        match url.scheme() {
            "http" => Ok(Box::new(io)),
            _ => self.secure(url, io).await,
        }
    }

    async fn secure(&self, url: &Url, io: impl Stream + 'static) -> Result<Box<dyn Stream>, Trouble> {
        let host = host_of(url);
        let name = match url.host() {
            Some(Host::Domain(name)) => ServerName::try_from(name.to_owned()).ok(),
            Some(Host::Ipv4(address)) => Some(ServerName::from(std::net::IpAddr::V4(address))),
            Some(Host::Ipv6(address)) => Some(ServerName::from(std::net::IpAddr::V6(address))),
            None => None,
        };
        let Some(name) = name else {
            let what = format!("{host} is not a name that a certificate can have");
            return Err(Trouble::lasting(Error::new(Kind::Configuration, what, "check the address")));
        };
        let connector = TlsConnector::from(Arc::clone(&self.tls));
        let secured = connector.connect(name, io).await.map_err(|error| failed(&host, &error))?;
        Ok(Box::new(secured))
    }
}

impl Answer {
    /// The next piece of the body; `None` at its end.
    pub(super) async fn piece(&mut self) -> Result<Option<Bytes>, Trouble> {
        loop {
            let frame = timeout(self.idle, self.body.frame()).await;
            let frame =
                frame.map_err(|_| Trouble::passing(silent(&self.host, "stopped in the middle of an answer")))?;
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(broken(&self.host, &error)),
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => return Ok(Some(data)),
                    Err(_) => continue,
                },
            }
        }
    }

    /// The whole body, if it is no longer than that.
    pub(super) async fn whole(&mut self, limit: usize) -> Result<Vec<u8>, Trouble> {
        let mut whole = Vec::new();
        while let Some(piece) = self.piece().await? {
            if whole.len() + piece.len() > limit {
                let what = format!("{} answers with more than {} MiB where less was expected", self.host, limit >> 20);
                return Err(Trouble::lasting(Error::new(Kind::Source, what, "check base")));
            }
            whole.extend_from_slice(&piece);
        }
        Ok(whole)
    }

    /// A header, where it is text.
    pub(super) fn header(&self, name: impl http::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The media type, in lower case and without parameters.
    pub(super) fn media_type(&self) -> Option<String> {
        let value = self.header(http::header::CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }
}

/// Host and port, as errors name a server.
pub(super) fn host_of(url: &Url) -> String {
    url[Position::BeforeHost..Position::AfterPort].to_owned()
}

async fn tcp(url: &Url) -> Result<TcpStream, Trouble> {
    let (host, port) = (url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let io = TcpStream::connect((host, port)).await.map_err(|error| failed(&format!("{host}:{port}"), &error))?;
    let _ = io.set_nodelay(true);
    Ok(io)
}

/// A connection to the server that the proxy made.
async fn tunnel(proxy: &Url, url: &Url) -> Result<impl Stream + use<>, Trouble> {
    let host = host_of(proxy);
    let io = TokioIo::new(tcp(proxy).await?);
    let (mut sender, connection) = handshake(io).await.map_err(|error| broken(&host, &error))?;
    tokio::spawn(async move { drop(connection.with_upgrades().await) });
    let target = format!("{}:{}", url.host_str().unwrap_or_default(), url.port_or_known_default().unwrap_or(443));
    let refused = |what: String| {
        Trouble::passing(Error::new(Kind::Unreachable, what, "check proxy, and whether it lets the node through"))
    };
    let request =
        Request::builder().method(Method::CONNECT).uri(&target).header(HOST, &target).body(Empty::<Bytes>::new());
    let request = request.map_err(|_| refused(format!("the proxy {host} cannot be asked for {target}")))?;
    let answer = sender.send_request(request).await.map_err(|error| broken(&host, &error))?;
    if answer.status() != StatusCode::OK {
        return Err(refused(format!("the proxy {host} answers {} for {target}", answer.status().as_u16())));
    }
    let upgraded = hyper::upgrade::on(answer).await.map_err(|error| broken(&host, &error))?;
    Ok(TokioIo::new(upgraded))
}

fn silent(host: &str, what: &str) -> Error {
    Error::new(Kind::Unreachable, format!("{host} {what}"), "check that the server is up, and the network")
}

/// Why there is no connection.
fn failed(host: &str, error: &io::Error) -> Trouble {
    if let Some(objection) = tls::objection(host, error) {
        return Trouble::lasting(objection);
    }
    let what = match error.kind() {
        io::ErrorKind::ConnectionRefused => format!("nothing listens at {host}"),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset => {
            format!("{host} closed the connection at once")
        }
        _ => format!("{host} cannot be reached ({error})"),
    };
    Trouble::passing(Error::new(Kind::Unreachable, what, "check the address, the network and the firewalls"))
}

/// Why a connection broke. What a server sent in place of HTTP is not repeated.
fn broken(host: &str, error: &hyper::Error) -> Trouble {
    let io = error.source().and_then(|source| source.downcast_ref::<io::Error>());
    if let Some(objection) = io.and_then(|io| tls::objection(host, io)) {
        return Trouble::lasting(objection);
    }
    let (what, remedy) = match error.is_parse() {
        true => (format!("what answers at {host} does not speak HTTP"), "check host and port"),
        false => (format!("{host} broke the connection off"), "start again: what has come is kept"),
    };
    Trouble::passing(Error::new(Kind::Unreachable, what, remedy))
}
