//! One TLS connection to the gateway, as a gRPC channel.
//!
//! The connection is made before the channel, so that what went wrong is known as it happened; the channel gets it
//! once and never dials again. With TLS 1.3 the gateway's opinion of our certificate comes only with the first read,
//! so the stream remembers what TLS said later ([`Wire`]).

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use renkei_pki::{PeerRole, peer_name};
use rustls::ClientConfig;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint};

use crate::address::Address;
use crate::failure::Failure;
use crate::trouble::Trouble;

/// The protocol of clients on the gateway's port.
pub const ALPN: &str = "h2";
/// Resolving and TCP together, and TLS, each have this long.
const STEP_LIMIT: Duration = Duration::from_secs(10);
const KEEPALIVE: Duration = Duration::from_secs(10);
const FRAME: u32 = 256 * 1024;

/// What the connection has seen.
#[derive(Debug, Clone, Default)]
pub struct Wire(Arc<Seen>);

#[derive(Debug, Default)]
struct Seen {
    fault: OnceLock<rustls::Error>,
    heard: AtomicBool,
}

impl Wire {
    /// Why a call without an answer failed.
    pub fn trouble(&self, address: &Address) -> Trouble {
        let at = address.to_string();
        match self.0.fault.get() {
            Some(fault) => Trouble::of_tls(&at, fault),
            None if self.0.heard.load(Ordering::Relaxed) => Trouble::Lost(at),
            None => Trouble::HungUp(at),
        }
    }
}

/// Dials the gateway.
///
/// # Errors
/// [`Failure::Trouble`] with its cause.
pub async fn connect(address: &Address, tls: Arc<ClientConfig>) -> Result<(Channel, Wire), Failure> {
    let at = address.to_string();
    let tcp = tcp(address, &at).await.map_err(Failure::Trouble)?;
    let handshake = TlsConnector::from(tls).connect(address.name(), tcp);
    let io = tokio::time::timeout(STEP_LIMIT, handshake)
        .await
        .map_err(|_| Failure::Trouble(Trouble::NoAnswer(at.clone())))?
        .map_err(|error| Failure::Trouble(Trouble::of_handshake(&at, &error)))?;
    check(&io, &at).map_err(Failure::Trouble)?;
    let wire = Wire::default();
    let channel = channel(address, Watched { io, wire: wire.clone() }).await;
    channel.map(|channel| (channel, wire.clone())).map_err(|_| Failure::Trouble(wire.trouble(address)))
}

async fn tcp(address: &Address, at: &str) -> Result<TcpStream, Trouble> {
    let attempt = async {
        let unknown = || Trouble::HostName(address.host().to_owned());
        let found = tokio::net::lookup_host((address.host(), address.port())).await.map_err(|_| unknown())?;
        let mut last = unknown();
        for candidate in found {
            match TcpStream::connect(candidate).await {
                Ok(tcp) => return Ok(tcp),
                Err(error) => last = Trouble::of_tcp(at, &error),
            }
        }
        Err(last)
    };
    let tcp = tokio::time::timeout(STEP_LIMIT, attempt).await.unwrap_or_else(|_| Err(Trouble::NoAnswer(at.into())))?;
    tcp.set_nodelay(true).map_err(|error| Trouble::of_tcp(at, &error))?;
    Ok(tcp)
}

/// The host name was verified with the chain; a site's certificate for the same host is still not the gateway's.
fn check(io: &TlsStream<TcpStream>, at: &str) -> Result<(), Trouble> {
    let session = io.get_ref().1;
    if session.alpn_protocol() != Some(ALPN.as_bytes()) {
        return Err(Trouble::NotFlight(at.into()));
    }
    let leaf = session.peer_certificates().and_then(<[_]>::first);
    let name = leaf.and_then(|leaf| peer_name(leaf).ok());
    match name {
        Some(name) if name.role() == PeerRole::Gateway => Ok(()),
        Some(name) => Err(Trouble::NotGateway(at.into(), name.to_string())),
        None => Err(Trouble::NotGateway(at.into(), "?".into())),
    }
}

async fn channel(address: &Address, io: Watched) -> Result<Channel, tonic::transport::Error> {
    let once = Arc::new(Mutex::new(Some(TokioIo::new(io))));
    let connector = tower::service_fn(move |_| {
        let io = once.lock().ok().and_then(|mut slot| slot.take());
        std::future::ready(io.ok_or_else(|| io::Error::from(io::ErrorKind::NotConnected)))
    });
    // TLS lies beneath, so that the scheme is the plain one.
    Endpoint::from_shared(format!("http://{address}"))?
        .user_agent(concat!("renkei/", env!("CARGO_PKG_VERSION")))?
        .http2_adaptive_window(true)
        .max_frame_size(FRAME)
        .http2_keep_alive_interval(KEEPALIVE)
        .keep_alive_timeout(KEEPALIVE)
        .keep_alive_while_idle(true)
        .connect_with_connector(connector)
        .await
}

/// A TLS stream that remembers what TLS said.
struct Watched {
    io: TlsStream<TcpStream>,
    wire: Wire,
}

impl Watched {
    fn note<T>(&self, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if let Poll::Ready(Err(error)) = &polled
            && let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>())
        {
            // The first error is the cause; later ones follow from it.
            let _first = self.wire.0.fault.set(tls.clone());
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.io).poll_read(cx, buffer);
        if buffer.filled().len() > before {
            self.wire.0.heard.store(true, Ordering::Relaxed);
        }
        self.note(polled)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.note(polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.note(polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(cx);
        self.note(polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(cx);
        self.note(polled)
    }
}
