//! A TLS connection whose peer is known, as tonic takes it.

use std::future::Future;
use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};

use renkei_pki::{NameError, PeerName, peer_name};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsStream;
use tokio_util::sync::{CancellationToken, DropGuard, WaitForCancellationFutureOwned};
use tonic::transport::server::Connected;

use crate::{ALPN_CLIENT, ALPN_NODE};

/// What is spoken on a connection, agreed within the TLS handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// The node is the HTTP/2 server, whoever dialled.
    Node,
    /// An ordinary client of the gateway.
    Client,
}

/// Who is at the other end; every request on the connection carries it in its extensions.
#[derive(Debug, Clone)]
pub struct PeerInfo {
    /// The name in the peer's certificate; none where the peer presented no certificate.
    pub name: Option<PeerName>,
    /// The peer's certificate, DER.
    pub certificate: Option<Arc<[u8]>>,
    /// The peer's address.
    pub remote: SocketAddr,
    /// What is spoken.
    pub protocol: Protocol,
}

/// Why a stream that finished its TLS handshake is still not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StreamError {
    /// No protocol, or one that nobody offered.
    #[error("no protocol was agreed")]
    NoProtocol,
    /// The certificate names no peer.
    #[error("the certificate does not identify the peer")]
    Name(#[from] NameError),
    /// The connection is gone already.
    #[error("the connection was lost")]
    Io(#[from] io::Error),
}

/// A TLS connection to a known peer.
pub struct PeerStream {
    io: TlsStream<TcpStream>,
    info: PeerInfo,
    handle: StreamHandle,
    /// Cancels `handle.closed` when the stream is dropped, by whomever.
    _closed: DropGuard,
    // One future for each direction: they may be polled by different tasks.
    abort_read: Pin<Box<WaitForCancellationFutureOwned>>,
    abort_write: Pin<Box<WaitForCancellationFutureOwned>>,
}

/// Watches a stream from outside, and can end it. Cheap to clone.
#[derive(Debug, Clone)]
pub struct StreamHandle {
    closed: CancellationToken,
    abort: CancellationToken,
    fault: Arc<OnceLock<rustls::Error>>,
}

impl StreamHandle {
    /// Completes when the stream has been dropped: by its HTTP/2 connection after an end, an error or a missed
    /// keepalive, or by whoever let go of it.
    pub async fn closed(&self) {
        self.closed.cancelled().await;
    }

    /// Whether the stream has been dropped.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.closed.is_cancelled()
    }

    /// Makes every further read and write fail, which ends the HTTP/2 connection on the stream at once.
    pub fn abort(&self) {
        self.abort.cancel();
    }

    /// The TLS error that ended the stream, such as the peer's refusal of the certificate.
    #[must_use]
    pub fn fault(&self) -> Option<&rustls::Error> {
        self.fault.get()
    }
}

impl PeerStream {
    pub(crate) fn new(io: TlsStream<TcpStream>) -> Result<Self, StreamError> {
        let (tcp, tls) = io.get_ref();
        let remote = tcp.peer_addr()?;
        let protocol = match tls.alpn_protocol() {
            Some(alpn) if alpn == ALPN_NODE.as_bytes() => Protocol::Node,
            Some(alpn) if alpn == ALPN_CLIENT.as_bytes() => Protocol::Client,
            _ => return Err(StreamError::NoProtocol),
        };
        let leaf = tls.peer_certificates().and_then(<[_]>::first);
        let name = leaf.map(peer_name).transpose()?;
        let certificate = leaf.map(|leaf| Arc::from(leaf.as_ref()));
        let handle =
            StreamHandle { closed: CancellationToken::new(), abort: CancellationToken::new(), fault: Arc::default() };
        Ok(Self {
            io,
            info: PeerInfo { name, certificate, remote, protocol },
            _closed: handle.closed.clone().drop_guard(),
            abort_read: Box::pin(handle.abort.clone().cancelled_owned()),
            abort_write: Box::pin(handle.abort.clone().cancelled_owned()),
            handle,
        })
    }

    /// Who is at the other end.
    #[must_use]
    pub fn info(&self) -> &PeerInfo {
        &self.info
    }

    /// A handle that outlives the stream.
    #[must_use]
    pub fn handle(&self) -> StreamHandle {
        self.handle.clone()
    }

    fn note(&self, error: &io::Error) {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            // The first error is the cause; later ones follow from it.
            let _first = self.handle.fault.set(tls.clone());
        }
    }

    fn write_outcome<T>(&mut self, cx: &mut Context<'_>, polled: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        match polled {
            Poll::Pending if self.abort_write.as_mut().poll(cx).is_ready() => Poll::Ready(Err(aborted())),
            Poll::Ready(Err(error)) => {
                self.note(&error);
                Poll::Ready(Err(error))
            }
            other => other,
        }
    }
}

fn aborted() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "the connection was ended on this side")
}

impl std::fmt::Debug for PeerStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PeerStream").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Connected for PeerStream {
    type ConnectInfo = PeerInfo;

    fn connect_info(&self) -> PeerInfo {
        self.info.clone()
    }
}

impl AsyncRead for PeerStream {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.handle.abort.is_cancelled() {
            return Poll::Ready(Err(aborted()));
        }
        match Pin::new(&mut self.io).poll_read(cx, buffer) {
            Poll::Pending if self.abort_read.as_mut().poll(cx).is_ready() => Poll::Ready(Err(aborted())),
            Poll::Ready(Err(error)) => {
                self.note(&error);
                Poll::Ready(Err(error))
            }
            other => other,
        }
    }
}

impl AsyncWrite for PeerStream {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.handle.abort.is_cancelled() {
            return Poll::Ready(Err(aborted()));
        }
        let polled = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.write_outcome(cx, polled)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.handle.abort.is_cancelled() {
            return Poll::Ready(Err(aborted()));
        }
        let polled = Pin::new(&mut self.io).poll_write_vectored(cx, slices);
        self.write_outcome(cx, polled)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_flush(cx);
        self.write_outcome(cx, polled)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(cx);
        self.write_outcome(cx, polled)
    }
}
