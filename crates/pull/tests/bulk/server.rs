//! A small HTTP server whose answers a test decides, request by request, and which remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1::Builder;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    /// Method and target, as `GET /r4/$export`.
    pub(crate) line: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Reply {
    status: u16,
    headers: Vec<(&'static str, String)>,
    body: String,
    /// Bytes after which the connection breaks.
    cut: Option<usize>,
}

pub(crate) fn reply(status: u16) -> Reply {
    Reply { status, headers: Vec::new(), body: String::new(), cut: None }
}

impl Reply {
    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn body(mut self, kind: &str, body: impl Into<String>) -> Self {
        self.body = body.into();
        self.with("content-type", kind)
    }

    pub(crate) fn cut(mut self, bytes: usize) -> Self {
        self.cut = Some(bytes);
        self
    }
}

type Answers = Arc<Mutex<dyn FnMut(&Seen) -> Reply + Send>>;

/// A running server; dropped, it stops.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    stop: Option<oneshot::Sender<()>>,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop.take().map(|stop| stop.send(()));
    }
}

impl Server {
    pub(crate) fn start(answer: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        Self::with(None, answer)
    }

    pub(crate) fn with(tls: Option<ServerConfig>, answer: impl FnMut(&Seen) -> Reply + Send + 'static) -> Self {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let (answers, log): (Answers, _) = (Arc::new(Mutex::new(answer)), Arc::clone(&seen));
        let tls = tls.map(|tls| TlsAcceptor::from(Arc::new(tls)));
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! { _ = stopped => (), () = serve(listener, tls, answers, log) => () }
            });
        });
        Self { address: told.recv().unwrap(), seen, stop: Some(stop) }
    }

    /// The address by a name of this machine.
    pub(crate) fn url(&self, scheme: &str, host: &str) -> String {
        format!("{scheme}://{host}:{}", self.address.port())
    }

    /// The lines of all requests, in order.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.seen.lock().unwrap().iter().map(|seen| seen.line.clone()).collect()
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, answers: Answers, log: Arc<Mutex<Vec<Seen>>>) {
    loop {
        let (io, _) = listener.accept().await.unwrap();
        let (tls, answers, log) = (tls.clone(), Arc::clone(&answers), Arc::clone(&log));
        tokio::spawn(async move {
            match tls {
                None => talk(io, answers, log).await,
                Some(tls) => {
                    let Ok(io) = tls.accept(io).await else { return };
                    talk(io, answers, log).await;
                }
            }
        });
    }
}

async fn talk(io: impl AsyncRead + AsyncWrite + Unpin, answers: Answers, log: Arc<Mutex<Vec<Seen>>>) {
    let service = service_fn(move |request: Request<Incoming>| {
        let (answers, log) = (Arc::clone(&answers), Arc::clone(&log));
        async move {
            let (head, body) = request.into_parts();
            let body = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
            let seen = Seen { line: format!("{} {}", head.method, head.uri), headers: head.headers, body };
            log.lock().unwrap().push(seen.clone());
            let reply = (answers.lock().unwrap())(&seen);
            Ok::<_, Infallible>(response(reply))
        }
    });
    let _ = Builder::new().serve_connection(TokioIo::new(io), service).await;
}

fn response(reply: Reply) -> Response<impl hyper::body::Body<Data = Bytes, Error = std::io::Error>> {
    let mut response = Response::builder().status(StatusCode::from_u16(reply.status).unwrap());
    for (name, value) in reply.headers {
        response = response.header(name, value);
    }
    let whole = Bytes::from(reply.body);
    let mut frames = vec![Ok(Frame::data(whole.slice(..reply.cut.unwrap_or(whole.len()))))];
    if reply.cut.is_some() {
        frames.push(Err(std::io::Error::other("cut")));
    }
    // The bytes before the break must be on their way when it comes.
    let frames = futures::stream::iter(frames).then(|frame| async {
        if frame.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        frame
    });
    response.header("content-length", whole.len()).body(StreamBody::new(frames)).unwrap()
}
