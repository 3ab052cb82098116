//! A researcher's Flight SQL client: mutual TLS, call headers, FlightInfo and DoGet.

use std::net::SocketAddr;
use std::sync::Arc;

use arrow_flight::decode::{DecodedPayload, FlightDataDecoder};
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{CommandStatementQuery, ProstMessageExt};
use arrow_flight::{Action, FlightDescriptor};
use futures::{StreamExt, TryStreamExt};
use hyper_util::rt::TokioIo;
use prost::Message;
use renkei_types::SystemClock;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tonic::codegen::http::Uri;
use tonic::metadata::{Ascii, MetadataKey};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::{Answer, LIMIT, Pair, Refused};

/// The largest message that is taken, as the stock driver has it.
const MESSAGE_BYTES: usize = 16 * 1024 * 1024;

/// A connection with call headers. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Client {
    flight: FlightServiceClient<Channel>,
    headers: Vec<(&'static str, String)>,
    runtime: Handle,
}

impl Client {
    /// Connects to a running gateway.
    ///
    /// # Errors
    /// When there is none, or it does not let the certificate in.
    pub async fn connect(address: SocketAddr, own: &Pair) -> Result<Self, tonic::transport::Error> {
        let own = own.load(Arc::new(SystemClock));
        let tls = TlsConnector::from(renkei_pki::client_config(&own, &["h2"]).unwrap());
        let connector = tower::service_fn(move |_: Uri| {
            let tls = tls.clone();
            async move {
                let tcp = TcpStream::connect(address).await?;
                tcp.set_nodelay(true)?;
                tls.connect(ServerName::try_from("localhost").unwrap(), tcp).await.map(TokioIo::new)
            }
        });
        let channel = Endpoint::from_static("http://gateway.invalid").connect_with_connector(connector).await?;
        let flight = FlightServiceClient::new(channel).max_decoding_message_size(MESSAGE_BYTES);
        Ok(Self { flight, headers: Vec::new(), runtime: Handle::current() })
    }

    /// The same connection with one more call header, in place of an older one of that name.
    #[must_use]
    pub fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.retain(|(known, _)| *known != name);
        self.headers.push((name, value.to_owned()));
        self
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// The gateway's refusal.
    pub fn ask(&self, sql: &str) -> Result<Answer, Refused> {
        self.start(sql).wait()
    }

    /// Asks without waiting.
    #[must_use]
    pub fn start(&self, sql: &str) -> Pending {
        let (client, sql) = (self.clone(), sql.to_owned());
        let task = self.runtime.spawn(async move { client.fetch(sql).await.map_err(Refused::new) });
        Pending { task, runtime: self.runtime.clone() }
    }

    async fn fetch(mut self, sql: String) -> Result<Answer, Status> {
        let command = CommandStatementQuery { query: sql, transaction_id: None }.as_any().encode_to_vec();
        let request = self.request(FlightDescriptor::new_cmd(command));
        let info = self.flight.get_flight_info(request).await?.into_inner();
        let ticket = info.endpoint.into_iter().next().and_then(|endpoint| endpoint.ticket).expect("a ticket");
        let request = self.request(ticket);
        let stream = self.flight.do_get(request).await?.into_inner();
        let mut decoder = FlightDataDecoder::new(stream.map_err(FlightError::from));
        let (mut columns, mut answered, mut batches) = (Vec::new(), None, Vec::new());
        while let Some(data) = decoder.next().await {
            let data = data.map_err(status)?;
            match data.payload {
                DecodedPayload::Schema(schema) => {
                    columns = schema.fields().iter().map(|field| field.name().clone()).collect();
                    let json = &data.inner.app_metadata;
                    answered = (!json.is_empty()).then(|| serde_json::from_slice(json).expect("metadata"));
                }
                DecodedPayload::RecordBatch(batch) => batches.push(batch),
                DecodedPayload::None => {}
            }
        }
        Ok(Answer::new(columns, &batches, answered))
    }

    /// Calls an action, and waits for all that it answers.
    ///
    /// # Errors
    /// The gateway's refusal.
    pub fn action(&self, kind: &str, body: &str) -> Result<Vec<Vec<u8>>, Refused> {
        let action = Action { r#type: kind.to_owned(), body: body.to_owned().into() };
        let (mut flight, request) = (self.flight.clone(), self.request(action));
        let parts = self.runtime.block_on(async move {
            let stream = flight.do_action(request).await?.into_inner();
            stream.map_ok(|part| part.body.to_vec()).try_collect::<Vec<_>>().await
        });
        parts.map_err(Refused::new)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        for (name, value) in &self.headers {
            let name: MetadataKey<Ascii> = name.parse().expect("a header's name");
            request.metadata_mut().insert(name, value.parse().expect("a header's value"));
        }
        request
    }
}

fn status(error: FlightError) -> Status {
    match error {
        FlightError::Tonic(status) => *status,
        other => panic!("the answer cannot be read: {other}"),
    }
}

/// A question that is being asked. Dropping it leaves it running.
pub struct Pending {
    task: JoinHandle<Result<Answer, Refused>>,
    runtime: Handle,
}

impl Pending {
    /// Waits for the answer.
    ///
    /// # Errors
    /// The gateway's refusal.
    pub fn wait(self) -> Result<Answer, Refused> {
        let ended = self.runtime.block_on(async { tokio::time::timeout(LIMIT, self.task).await });
        ended.expect("the question hangs").expect("the client's task")
    }

    /// Goes away without waiting, as a client does whose program ends.
    pub fn abandon(self) {
        self.task.abort();
    }
}
