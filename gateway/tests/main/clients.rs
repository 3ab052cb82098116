//! A Flight SQL client over TLS, with or without a client certificate.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use arrow_flight::decode::{DecodedPayload, FlightDataDecoder};
use arrow_flight::error::FlightError;
use arrow_flight::sql::client::FlightSqlServiceClient;
use arrow_flight::{
    Action, CancelFlightInfoRequest, CancelFlightInfoResult, CancelStatus, FlightDescriptor, FlightInfo, PollInfo,
    Ticket,
};
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::util::display::{ArrayFormatter, FormatOptions};
use futures::{StreamExt, TryStreamExt};
use hyper_util::rt::TokioIo;
use prost::Message;
use renkei_gateway::{ANSWER_TRAILER, Answered, REFUSAL_TRAILER};
use renkei_types::Refusal;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tonic::Status;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};

pub struct Client {
    pub sql: FlightSqlServiceClient<Channel>,
    /// The wrapper's headers, which its raw client does not send.
    headers: Vec<(String, String)>,
}

/// What a question brought.
#[derive(Debug)]
pub struct Got {
    pub info_schema: Schema,
    pub stream_schema: SchemaRef,
    pub answered: Option<Answered>,
    pub batches: Vec<RecordBatch>,
}

impl Got {
    pub fn rows(&self) -> Vec<String> {
        rows(&self.batches)
    }

    pub fn states(&self) -> Vec<String> {
        states(self.answered.as_ref().unwrap())
    }
}

pub fn states(answered: &Answered) -> Vec<String> {
    let show = |outcome: &renkei_types::SiteOutcome| match outcome.code {
        Some(code) => format!("{} {} {code}", outcome.site, outcome.state),
        None => format!("{} {}", outcome.site, outcome.state),
    };
    answered.sites.iter().map(show).collect()
}

pub fn rows(batches: &[RecordBatch]) -> Vec<String> {
    let options = FormatOptions::default().with_null("NULL");
    let mut rows = Vec::new();
    for batch in batches {
        let columns: Vec<_> = batch.columns().iter().map(|c| ArrayFormatter::try_new(c, &options).unwrap()).collect();
        for row in 0..batch.num_rows() {
            rows.push(columns.iter().map(|column| column.value(row).to_string()).collect::<Vec<_>>().join(" | "));
        }
    }
    rows
}

/// The status beneath an error of the client.
pub fn status(error: FlightError) -> Status {
    match error {
        FlightError::Tonic(status) => *status,
        other => panic!("{other}"),
    }
}

pub fn refusal(status: &Status) -> Refusal {
    let bytes = status.metadata().get_bin(REFUSAL_TRAILER).unwrap_or_else(|| panic!("no refusal in {status:?}"));
    serde_json::from_slice(&bytes.to_bytes().unwrap()).unwrap()
}

pub fn answered(status: &Status) -> Answered {
    let bytes = status.metadata().get_bin(ANSWER_TRAILER).unwrap_or_else(|| panic!("no answer in {status:?}"));
    serde_json::from_slice(&bytes.to_bytes().unwrap()).unwrap()
}

/// A TLS configuration that trusts the authority and presents nothing.
pub fn anonymous(ca: &Path) -> Arc<rustls::ClientConfig> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    Arc::new(config)
}

impl Client {
    pub async fn connect(address: SocketAddr, tls: Arc<rustls::ClientConfig>) -> Self {
        let connector = tower::service_fn(move |_: tonic::codegen::http::Uri| {
            let tls = tokio_rustls::TlsConnector::from(Arc::clone(&tls));
            async move {
                let tcp = TcpStream::connect(address).await?;
                tcp.set_nodelay(true)?;
                tls.connect(ServerName::try_from("localhost").unwrap(), tcp).await.map(TokioIo::new)
            }
        });
        let channel = Endpoint::from_static("http://gateway.invalid").connect_with_connector(connector).await.unwrap();
        Self { sql: FlightSqlServiceClient::new(channel), headers: Vec::new() }
    }

    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.sql.set_header(name, value);
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sends a header from now on, instead of what it was before.
    pub fn set(&mut self, name: &str, value: &str) {
        self.sql.set_header(name, value);
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    /// One action of Flight itself: the body of its result, and the headers of the answer.
    pub async fn action(&mut self, kind: &str, body: Vec<u8>) -> Result<(Bytes, MetadataMap), Status> {
        let request = self.request(Action { r#type: kind.into(), body: body.into() });
        let response = self.sql.inner_mut().do_action(request).await?;
        let metadata = response.metadata().clone();
        let results: Vec<arrow_flight::Result> = response.into_inner().try_collect().await?;
        assert_eq!(results.len(), 1, "{kind}");
        Ok((results[0].body.clone(), metadata))
    }

    /// One poll with a descriptor's command.
    pub async fn poll(&mut self, command: Vec<u8>) -> Result<PollInfo, Status> {
        let request = self.request(FlightDescriptor::new_cmd(command));
        Ok(self.sql.inner_mut().poll_flight_info(request).await?.into_inner())
    }

    pub async fn cancel(&mut self, info: &FlightInfo) -> CancelStatus {
        let request = CancelFlightInfoRequest { info: Some(info.clone()) };
        let (body, _) = self.action("CancelFlightInfo", request.encode_to_vec()).await.unwrap();
        CancelFlightInfoResult::decode(body).unwrap().status()
    }

    pub fn token(mut self, token: &str) -> Self {
        self.sql.set_token(token.to_owned());
        self.headers.push(("authorization".to_owned(), format!("Bearer {token}")));
        self
    }

    /// Asks with FlightInfo and DoGet.
    pub async fn ask(&mut self, sql: &str) -> Result<Got, Status> {
        let info = self.sql.execute(sql.to_owned(), None).await.map_err(status)?;
        self.fetch(info).await
    }

    /// Fetches all endpoints of a FlightInfo.
    pub async fn fetch(&mut self, info: FlightInfo) -> Result<Got, Status> {
        let info_schema = info.clone().try_decode_schema().unwrap();
        assert_eq!(info.endpoint.len(), 1);
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let mut got = self.fetch_ticket(ticket).await?;
        got.info_schema = info_schema;
        Ok(got)
    }

    pub async fn fetch_ticket(&mut self, ticket: Ticket) -> Result<Got, Status> {
        let request = self.request(ticket);
        let stream = self.sql.inner_mut().do_get(request).await?.into_inner();
        let mut decoder = FlightDataDecoder::new(stream.map_err(FlightError::from));
        let (mut schema, mut answered, mut batches) = (None, None, Vec::new());
        while let Some(data) = decoder.next().await {
            let data = data.map_err(status)?;
            match data.payload {
                DecodedPayload::Schema(read) => {
                    schema = Some(read);
                    let json = &data.inner.app_metadata;
                    answered = (!json.is_empty()).then(|| serde_json::from_slice(json).unwrap());
                }
                DecodedPayload::RecordBatch(batch) => batches.push(batch),
                DecodedPayload::None => {}
            }
        }
        Ok(Got { info_schema: Schema::empty(), stream_schema: schema.unwrap(), answered, batches })
    }

    pub fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        for (name, value) in &self.headers {
            let name: tonic::metadata::MetadataKey<tonic::metadata::Ascii> = name.parse().unwrap();
            request.metadata_mut().insert(name, value.parse().unwrap());
        }
        request
    }

    pub async fn rows(&mut self, sql: &str) -> Vec<String> {
        match self.ask(sql).await {
            Ok(got) => got.rows(),
            Err(status) => panic!("{sql}: {status:?}"),
        }
    }

    /// The refusal of a question that must be refused.
    pub async fn refused(&mut self, sql: &str) -> (Status, Refusal) {
        match self.ask(sql).await {
            Ok(got) => panic!("{sql}: answered {:?}", got.rows()),
            Err(status) => {
                let refusal = refusal(&status);
                (status, refusal)
            }
        }
    }
}
