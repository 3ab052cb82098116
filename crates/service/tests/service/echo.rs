//! A small gRPC service with the ways in which a call can end.

use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::stream::{BoxStream, StreamExt};
use renkei_service::PeerInfo;
use tokio::sync::Semaphore;
use tonic::body::Body;
use tonic::codegen::http;
use tonic::server::{Grpc, NamedService, ServerStreamingService, UnaryService};
use tonic::service::Routes;
use tonic::transport::Channel;
use tonic::{Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;

type Reply<T> = Pin<Box<dyn Future<Output = Result<Response<T>, Status>> + Send>>;
type Codec = ProstCodec<String, String>;

/// What a test can see of the handlers.
#[derive(Debug, Clone)]
pub struct Echo {
    /// A permit for each handler that began.
    pub begun: Arc<Semaphore>,
    /// A permit for each handler that was dropped or returned.
    pub ended: Arc<Semaphore>,
}

impl Default for Echo {
    fn default() -> Self {
        Self { begun: Arc::new(Semaphore::new(0)), ended: Arc::new(Semaphore::new(0)) }
    }
}

impl Echo {
    pub fn routes(&self) -> Routes {
        Routes::new(self.clone())
    }
}

struct Ended(Arc<Semaphore>);

impl Drop for Ended {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

impl NamedService for Echo {
    const NAME: &'static str = "renkei.test.Echo";
}

impl UnaryService<String> for Echo {
    type Response = String;
    type Future = Reply<String>;

    fn call(&mut self, request: Request<String>) -> Reply<String> {
        self.begun.add_permits(1);
        let ended = Ended(Arc::clone(&self.ended));
        Box::pin(async move {
            let _ended = ended;
            let peer = request.extensions().get::<PeerInfo>().and_then(|info| info.name.clone());
            let text = request.into_inner();
            match text.split_once(' ').unwrap_or((&text, "")) {
                ("say", text) => Ok(Response::new(text.to_owned())),
                ("who", _) => Ok(Response::new(peer.map(|name| name.to_string()).unwrap_or_default())),
                ("sleep", millis) => {
                    tokio::time::sleep(Duration::from_millis(millis.parse().unwrap())).await;
                    Ok(Response::new("slept".into()))
                }
                _ => Err(Status::invalid_argument("no such command")),
            }
        })
    }
}

impl ServerStreamingService<String> for Echo {
    type Response = String;
    type ResponseStream = BoxStream<'static, Result<String, Status>>;
    type Future = Reply<Self::ResponseStream>;

    /// Sends blocks of 64 KiB as long as anybody takes them.
    fn call(&mut self, _: Request<String>) -> Self::Future {
        let ended = Ended(Arc::clone(&self.ended));
        let block = "x".repeat(64 * 1024);
        let stream = futures::stream::repeat(block).map(move |block| {
            let _ended = &ended;
            Ok(block)
        });
        Box::pin(async move { Ok(Response::new(stream.boxed())) })
    }
}

impl tower::Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let echo = self.clone();
        Box::pin(async move {
            let mut grpc = Grpc::new(Codec::default());
            Ok(match request.uri().path() {
                "/renkei.test.Echo/Do" => grpc.unary(echo, request).await,
                _ => grpc.server_streaming(echo, request).await,
            })
        })
    }
}

/// Calls the unary method.
pub async fn call(channel: Channel, text: &str) -> Result<String, Status> {
    call_within(channel, text, None).await
}

/// Calls the unary method with a deadline.
pub async fn call_within(channel: Channel, text: &str, limit: Option<Duration>) -> Result<String, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let mut request = Request::new(text.to_owned());
    if let Some(limit) = limit {
        request.set_timeout(limit);
    }
    let path = http::uri::PathAndQuery::from_static("/renkei.test.Echo/Do");
    client.unary(request, path, Codec::default()).await.map(Response::into_inner)
}

/// Opens the endless stream.
pub async fn open(channel: Channel) -> Result<Streaming<String>, Status> {
    let mut client = tonic::client::Grpc::new(channel);
    client.ready().await.map_err(|error| Status::from_error(error.into()))?;
    let path = http::uri::PathAndQuery::from_static("/renkei.test.Echo/Flow");
    client.server_streaming(Request::new(String::new()), path, Codec::default()).await.map(Response::into_inner)
}
