//! The first request on a node's connection, which proves to the node that it was admitted.
//!
//! The gateway sends it as soon as it has the connection, so that a node learns at once whether its certificate was
//! taken, and the gateway that a gRPC server answers at the other end. It carries nothing.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{HeaderValue, Request, Response};
use tokio_util::sync::CancellationToken;
use tonic::body::Body;
use tower::{Layer, Service};

/// Where the greeting goes; a gRPC method without a message.
pub const GREETING_PATH: &str = "/renkei.link.Link/Greet";

/// Answers greetings, and notes that a request has arrived.
#[derive(Debug, Clone)]
pub(crate) struct GreetingLayer(pub(crate) CancellationToken);

impl<S> Layer<S> for GreetingLayer {
    type Service = Greeting<S>;

    fn layer(&self, inner: S) -> Greeting<S> {
        Greeting { inner, arrived: self.0.clone() }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct Greeting<S> {
    inner: S,
    arrived: CancellationToken,
}

impl<S> Service<Request<Body>> for Greeting<S>
where
    S: Service<Request<Body>, Response = Response<Body>>,
    S::Future: Send + 'static,
    S::Error: Send + 'static,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, S::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.arrived.cancel();
        if request.uri().path() == GREETING_PATH {
            return Box::pin(async { Ok(grpc_ok()) });
        }
        Box::pin(self.inner.call(request))
    }
}

fn grpc_ok() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("0"));
    response
}

/// The greeting as a client sends it.
pub(crate) fn greeting() -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.method_mut() = http::Method::POST;
    *request.uri_mut() = http::Uri::from_static(GREETING_PATH);
    let headers = request.headers_mut();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert(http::header::TE, HeaderValue::from_static("trailers"));
    request
}
