//! A Flight SQL server whose behaviour is asked for by the statement.

use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{io, thread};

use arrow_array::{Int64Array, RecordBatch, StringArray, UInt32Array};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::{FlightService, FlightServiceServer};
use arrow_flight::sql::server::{FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    CommandPreparedStatementQuery, CommandStatementQuery, DoPutPreparedStatementResult, ProstMessageExt, SqlInfo,
    TicketStatementQuery,
};
use arrow_flight::{Action, FlightDescriptor, FlightEndpoint, FlightInfo, Ticket};
use arrow_schema::{DataType, Field, Schema, SchemaRef};
use futures::stream::{self, BoxStream};
use futures::{StreamExt, TryStreamExt};
use prost::Message;
use renkei_pki::{ClientAuth, Credentials, server_config};
use renkei_types::{Code, Position, Refusal, SystemClock};
use serde_json::json;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tonic::metadata::{MetadataMap, MetadataValue};
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

/// What the server has seen, in order.
#[derive(Debug, Default, Clone)]
pub struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn add(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// Whether `line` appears within ten seconds.
    pub fn comes(&self, line: &str) -> bool {
        for _ in 0..1_000 {
            if self.lines().iter().any(|seen| seen == line) {
                return true;
            }
            thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

/// A running server; it ends with this value.
pub struct Server {
    port: u16,
    pub log: Log,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub fn start(pki: &Path, auth: ClientAuth) -> Self {
        Self::presenting(pki, "gateway", auth)
    }

    /// A server with somebody else's certificate of the same authority.
    pub fn presenting(pki: &Path, stem: &str, auth: ClientAuth) -> Self {
        let file = |suffix: &str| pki.join(format!("{stem}.{suffix}"));
        let own = Credentials::load(&pki.join("ca.pem"), &file("pem"), &file("key"), Arc::new(SystemClock)).unwrap();
        let acceptor = TlsAcceptor::from(server_config(&own, auth, &["h2"]).unwrap());
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("localhost:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        let log = Log::default();
        let service = FlightServiceServer::new(Gateway { log: log.clone() });
        let incoming = stream::unfold((listener, acceptor), |(listener, acceptor)| async move {
            loop {
                let Ok((tcp, _)) = listener.accept().await else { continue };
                tcp.set_nodelay(true).unwrap();
                if let Ok(io) = acceptor.accept(tcp).await {
                    return Some((Ok::<_, io::Error>(Io(io)), (listener, acceptor)));
                }
            }
        });
        runtime.spawn(tonic::transport::Server::builder().add_service(service).serve_with_incoming(incoming));
        Self { port, log, _runtime: runtime }
    }

    pub fn port(&self) -> u16 {
        self.port
    }
}

struct Io(TlsStream<TcpStream>);

impl Connected for Io {
    type ConnectInfo = ();
    fn connect_info(&self) {}
}

impl AsyncRead for Io {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Io {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

#[derive(Clone)]
struct Gateway {
    log: Log,
}

type Rows = Response<<Gateway as FlightService>::DoGetStream>;

fn site(id: &str, state: &str, more: serde_json::Value) -> serde_json::Value {
    let mut site = json!({ "site": id, "state": state, "elapsed_ms": 12 });
    let object = site.as_object_mut().unwrap();
    object.extend(more.as_object().cloned().unwrap());
    site
}

fn account(sites: &[serde_json::Value]) -> Vec<u8> {
    let answered = sites.iter().filter(|s| s["state"].as_str().unwrap().starts_with("answered")).count();
    let coverage = json!({ "sites_asked": sites.len(), "sites_answered": answered, "persons_share": 0.75 });
    json!({ "query_id": "q-1", "project": "p-1", "sites": sites, "coverage": coverage, "warnings": ["漢字 ok"] })
        .to_string()
        .into_bytes()
}

fn tokyo() -> serde_json::Value {
    site("tokyo", "answered", json!({ "snapshot": "s-tokyo", "minimum_persons": 10 }))
}

fn refuse(refusal: &Refusal, account: Option<Vec<u8>>) -> Status {
    let mut metadata = MetadataMap::new();
    metadata.insert_bin("renkei-refusal-bin", MetadataValue::from_bytes(&serde_json::to_vec(refusal).unwrap()));
    if let Some(account) = account {
        metadata.insert_bin("renkei-answer-bin", MetadataValue::from_bytes(&account));
    }
    Status::with_metadata(tonic::Code::InvalidArgument, refusal.to_string(), metadata)
}

fn counts() -> RecordBatch {
    let schema = Schema::new(vec![
        Field::new("病名", DataType::Utf8, true),
        Field::new("n", DataType::Int64, true),
        Field::new("renkei_held", DataType::UInt32, true),
    ]);
    let names = StringArray::from(vec![Some("糖尿病"), Some("喘息"), None]);
    let numbers = Int64Array::from(vec![Some(120), None, Some(30)]);
    let held = UInt32Array::from(vec![0, 1, 0]);
    RecordBatch::try_new(schema.into(), vec![Arc::new(names), Arc::new(numbers), Arc::new(held)]).unwrap()
}

fn texts(columns: &[&str], rows: &[Vec<String>]) -> RecordBatch {
    let fields: Vec<Field> = columns.iter().map(|name| Field::new(*name, DataType::Utf8, true)).collect();
    let column = |index: usize| {
        let values: Vec<&str> = rows.iter().map(|row| row[index].as_str()).collect();
        Arc::new(StringArray::from(values)) as arrow_array::ArrayRef
    };
    let arrays = (0..columns.len()).map(column).collect();
    RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays).unwrap()
}

fn rows(account: Vec<u8>, schema: SchemaRef, batches: BoxStream<'static, Result<RecordBatch, FlightError>>) -> Rows {
    let data = FlightDataEncoderBuilder::new().with_schema(schema).with_metadata(account.into()).build(batches);
    Response::new(Box::pin(data.map_err(Status::from)))
}

fn whole(account: Vec<u8>, batch: RecordBatch) -> Rows {
    rows(account, batch.schema(), stream::iter([Ok(batch)]).boxed())
}

/// Says so in the log when it is dropped before its time.
struct Watch(Log);

impl Drop for Watch {
    fn drop(&mut self) {
        self.0.add("dropped");
    }
}

impl Gateway {
    fn info(&self, sql: &str) -> Result<Response<FlightInfo>, Status> {
        let ticket = TicketStatementQuery { statement_handle: sql.as_bytes().to_vec().into() };
        let ticket = Ticket::new(ticket.as_any().encode_to_vec());
        Ok(Response::new(FlightInfo::new().with_endpoint(FlightEndpoint::new().with_ticket(ticket))))
    }

    async fn answer(&self, sql: &str, headers: &MetadataMap) -> Result<Rows, Status> {
        let late = site("osaka", "late", json!({ "code": "E-LATE", "message": "no answer in 30 s" }));
        let refusal = |code, message: &str| Refusal::new(code, message);
        Ok(match sql {
            "ok" => whole(account(&[tokyo()]), counts()),
            "bare" => whole(Vec::new(), counts()),
            "partial" => whole(account(&[tokyo(), late]), counts()),
            "silent" => whole(account(&[late]), counts()),
            "unreadable" => whole(br#"{"sites":[{"site":"a","state":"dancing"}]}"#.to_vec(), counts()),
            "few" => {
                let refusal =
                    refusal(Code::MinSites, "1 of 2 sites answered, 2 were asked for").hint("ask again later");
                return Err(refuse(&refusal, Some(account(&[tokyo(), late]))));
            }
            "denied" => return Err(refuse(&refusal(Code::TableGrant, "`note` is not granted"), None)),
            "fails" => return Err(Status::internal("boom")),
            "many" => {
                let batches = stream::repeat_with(|| Ok(counts())).take(20_000);
                rows(account(&[tokyo()]), counts().schema(), batches.boxed())
            }
            "breaks" => {
                let batches = stream::iter([Ok(counts()), Err(FlightError::Tonic(Box::new(Status::internal("boom"))))]);
                rows(account(&[tokyo()]), counts().schema(), batches.boxed())
            }
            "hangs" => {
                let watch = Watch(self.log.clone());
                self.log.add("hanging");
                let batches = stream::once(async move {
                    let _watch = watch;
                    futures::future::pending().await
                });
                rows(account(&[tokyo()]), counts().schema(), batches.boxed())
            }
            "headers" => {
                let seen = headers.iter().filter_map(|pair| match pair {
                    tonic::metadata::KeyAndValueRef::Ascii(key, value) => {
                        Some(vec![key.to_string(), value.to_str().ok()?.to_owned()])
                    }
                    tonic::metadata::KeyAndValueRef::Binary(..) => None,
                });
                whole(Vec::new(), texts(&["name", "value"], &seen.collect::<Vec<_>>()))
            }
            sql if sql.starts_with("EXPLAIN") && headers.contains_key("renkei-explain") => whole(
                Vec::new(),
                texts(&["part", "site_id", "detail"], &[vec!["json".into(), String::new(), r#"{"k":10}"#.into()]]),
            ),
            sql if sql.starts_with("EXPLAIN") => {
                let detail = sql.to_owned();
                whole(Vec::new(), texts(&["part", "site_id", "detail"], &[vec!["site".into(), "tokyo".into(), detail]]))
            }
            sql if sql.contains("renkei.tables") => {
                whole(Vec::new(), texts(&["table_schema", "table_name"], &[vec!["cdm".into(), "person".into()]]))
            }
            sql if sql.contains(" renkei.") => whole(Vec::new(), texts(&["asked"], &[vec![sql.to_owned()]])),
            sql if sql.starts_with("bound ") => whole(Vec::new(), texts(&["bound"], &[vec![sql.to_owned()]])),
            sql => {
                let refusal = refusal(Code::UnknownColumn, "SELECT: `foo` is not a column of person")
                    .hint("write `gender_concept_id`")
                    .at(Some(Position { line: 2, column: 9 }));
                self.log.add(format!("refused {sql}"));
                return Err(refuse(&refusal, None));
            }
        })
    }
}

#[tonic::async_trait]
impl FlightSqlService for Gateway {
    type FlightService = Self;

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.info(&query.query)
    }

    async fn do_get_statement(&self, ticket: TicketStatementQuery, request: Request<Ticket>) -> Result<Rows, Status> {
        let sql = String::from_utf8(ticket.statement_handle.to_vec()).unwrap();
        self.answer(&sql, request.metadata()).await
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        _: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        self.log.add(format!("prepared {}", query.query));
        let handle = query.query.into_bytes().into();
        Ok(ActionCreatePreparedStatementResult { prepared_statement_handle: handle, ..Default::default() })
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let data = request.into_inner().map_err(FlightError::from);
        let batches: Vec<RecordBatch> =
            arrow_flight::decode::FlightRecordBatchStream::new_from_flight_data(data).try_collect().await?;
        let mut text = format!("bound {}", String::from_utf8_lossy(&query.prepared_statement_handle));
        for (field, column) in batches[0].schema().fields().iter().zip(batches[0].columns()) {
            let value = arrow_cast::display::array_value_to_string(column, 0).unwrap();
            text.push_str(&format!(" {}:{}={value}", field.name(), field.data_type()));
        }
        Ok(DoPutPreparedStatementResult { prepared_statement_handle: Some(text.into_bytes().into()) })
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        _: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.info(&String::from_utf8_lossy(&query.prepared_statement_handle))
    }

    async fn do_action_close_prepared_statement(
        &self,
        _: ActionClosePreparedStatementRequest,
        _: Request<Action>,
    ) -> Result<(), Status> {
        self.log.add("closed");
        Ok(())
    }

    async fn register_sql_info(&self, _: i32, _: &SqlInfo) {}
}
