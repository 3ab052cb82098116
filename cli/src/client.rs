//! Flight SQL, as far as asking needs it.
//!
//! A statement without parameters is asked directly; one with parameters is prepared, its one row of values bound,
//! and asked by its handle. The account of the answer rides on the stream's first message, the schema.

use std::collections::VecDeque;
use std::time::Duration;

use arrow_array::RecordBatch;
use arrow_flight::decode::{DecodedPayload, FlightDataDecoder};
use arrow_flight::encode::FlightDataEncoderBuilder;
use arrow_flight::flight_service_client::FlightServiceClient;
use arrow_flight::sql::{
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    Any, CommandPreparedStatementQuery, CommandStatementQuery, DoPutPreparedStatementResult, ProstMessageExt,
};
use arrow_flight::{Action, CancelFlightInfoRequest, FlightDescriptor, FlightInfo, Ticket};
use arrow_schema::SchemaRef;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use prost::Message;
use renkei_audit::receipt::Inclusion;
use serde::Deserialize;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::transport::Channel;
use tonic::{Request, Status};

use crate::address::Address;
use crate::answer::Account;
use crate::connect::Wire;
use crate::failure::Failure;
use crate::param::{self, Param};
use crate::polling::{Running, Stage};
use crate::progress::Progress;

/// Gateways keep batches near 2 MiB; one very long text must still pass.
const MESSAGE_LIMIT: usize = 64 * 1024 * 1024;

/// The action that proves a receipt.
const PROVE: &str = "renkei.ProveReceipt";

/// Between two polls that told the same.
const PAUSE: Duration = Duration::from_millis(200);

/// A conversation with the gateway.
#[derive(Debug, Clone)]
pub struct Client {
    flight: FlightServiceClient<Channel>,
    headers: MetadataMap,
    address: Address,
    wire: Wire,
    sql: String,
}

/// What a log's keeper says to a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proven {
    /// A proof, to be checked.
    By {
        /// The signed head.
        checkpoint: String,
        /// From the entry to its root.
        inclusion: Inclusion,
    },
    /// The log has not signed a head over the entry yet.
    NotYet,
    /// There is no proof to be had here.
    No(String),
}

/// The answer to the action.
#[derive(Debug, Deserialize)]
struct Proof {
    checkpoint: String,
    #[serde(default)]
    inclusion: Option<Inclusion>,
}

/// An answer whose rows are still to come.
pub struct Answer {
    /// The columns.
    pub schema: SchemaRef,
    /// How the sites ended; `None` for a statement that asked no site.
    pub account: Option<Account>,
    client: Client,
    rows: FlightDataDecoder,
    tickets: VecDeque<Ticket>,
    prepared: Option<Bytes>,
}

impl Client {
    /// Talks on `channel`, which `wire` watches.
    pub fn new(channel: Channel, address: Address, wire: Wire) -> Self {
        let flight = FlightServiceClient::new(channel).max_decoding_message_size(MESSAGE_LIMIT);
        Self { flight, headers: MetadataMap::new(), address, wire, sql: String::new() }
    }

    /// Adds a header to every call; values that no header can carry are the caller's to refuse.
    ///
    /// # Errors
    /// [`Failure::Usage`] when `value` is not printable ASCII.
    pub fn header(&mut self, name: &'static str, value: &str) -> Result<(), Failure> {
        let mut value: AsciiMetadataValue =
            value.parse().map_err(|_| Failure::usage(format!("`{name}`: not printable ASCII")))?;
        value.set_sensitive(name == "authorization");
        self.headers.insert(name, value);
        Ok(())
    }

    /// Asks, and waits until the answer begins.
    ///
    /// # Errors
    /// [`Failure`], with the place in `sql` where one is known.
    pub async fn ask(self, sql: &str, params: &[Param]) -> Result<Answer, Failure> {
        self.ask_and_watch(sql, params, None).await
    }

    /// Asks, and tells whoever watches how far the question has come.
    ///
    /// # Errors
    /// [`Failure`], with the place in `sql` where one is known.
    pub async fn ask_and_watch(
        mut self,
        sql: &str,
        params: &[Param],
        watch: Option<(&Progress, &Running)>,
    ) -> Result<Answer, Failure> {
        self.sql = sql.to_owned();
        let (command, prepared) = if params.is_empty() {
            (CommandStatementQuery { query: sql.to_owned(), transaction_id: None }.as_any(), None)
        } else {
            let handle = self.prepare(params).await?;
            (CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() }.as_any(), Some(handle))
        };
        let command = FlightDescriptor::new_cmd(command.encode_to_vec());
        let polled = match watch {
            Some((progress, running)) => self.poll(command.clone(), progress, running).await?,
            None => None,
        };
        let info = match polled {
            Some(info) => info,
            None => self.info(command).await?,
        };
        let mut tickets: VecDeque<Ticket> = info.endpoint.into_iter().filter_map(|endpoint| endpoint.ticket).collect();
        let first = tickets.pop_front().ok_or_else(|| Failure::Answer("it has no endpoint".into()))?;
        let (rows, schema, account) = self.open(first).await?;
        Ok(Answer { schema, account, client: self, rows, tickets, prepared })
    }

    async fn prepare(&mut self, params: &[Param]) -> Result<Bytes, Failure> {
        let create = ActionCreatePreparedStatementRequest { query: self.sql.clone(), transaction_id: None };
        let body = self.action("CreatePreparedStatement", create.as_any()).await?;
        let created =
            Any::decode(body).ok().and_then(|any| any.unpack::<ActionCreatePreparedStatementResult>().ok()?);
        let created = created.ok_or_else(|| Failure::Answer("the prepared statement cannot be read".into()))?;
        let handle = created.prepared_statement_handle;

        let batch = param::batch(params).map_err(|error| Failure::Answer(error.to_string()))?;
        let command = CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() };
        let descriptor = FlightDescriptor::new_cmd(command.as_any().encode_to_vec());
        let messages: Vec<_> = FlightDataEncoderBuilder::new()
            .with_flight_descriptor(Some(descriptor))
            .with_schema(batch.schema())
            .build(stream::iter([Ok(batch)]))
            .try_collect()
            .await
            .map_err(|error| Failure::of_stream(&error, &self.sql))?;
        let request = self.request(stream::iter(messages));
        let put = self.flight.do_put(request).await.map_err(|status| self.failure(&status))?;
        let result = put.into_inner().message().await.map_err(|status| self.failure(&status))?;
        // A gateway without state puts the values into a new handle.
        let updated = result.and_then(|result| DoPutPreparedStatementResult::decode(result.app_metadata).ok());
        Ok(updated.and_then(|updated| updated.prepared_statement_handle).unwrap_or(handle))
    }

    /// Polls to the end of the question; nothing where the gateway cannot be polled.
    async fn poll(
        &mut self,
        command: FlightDescriptor,
        progress: &Progress,
        running: &Running,
    ) -> Result<Option<FlightInfo>, Failure> {
        let mut descriptor = command;
        loop {
            let request = self.request(descriptor.clone());
            let polled = self.flight.poll_flight_info(request).await;
            // Whatever comes next says anew whether the question goes on.
            running.clear();
            let poll = match polled {
                Ok(poll) => poll.into_inner(),
                Err(status) if status.code() == tonic::Code::Unimplemented => return Ok(None),
                Err(status) => return Err(self.failure(&status)),
            };
            let info = poll.info.ok_or_else(|| Failure::Answer("a poll told nothing".into()))?;
            let Some(next) = poll.flight_descriptor else { return Ok(Some(info)) };
            progress.stage(&Stage::read(&info.app_metadata));
            running.set(self.clone(), info);
            if next == descriptor {
                // A gateway that does not wait for a change must not be asked in a circle.
                tokio::time::sleep(PAUSE).await;
            }
            descriptor = next;
        }
    }

    /// Asks for the proof that a log holds the entry of an index.
    ///
    /// # Errors
    /// [`Failure`]; that the gateway does not have the log is none.
    pub async fn prove(&mut self, log: &str, index: u64) -> Result<Proven, Failure> {
        let body = serde_json::json!({ "log": log, "index": index }).to_string();
        let request = self.request(Action { r#type: PROVE.to_owned(), body: body.into() });
        let results = match self.flight.do_action(request).await {
            Ok(results) => results,
            Err(status) if std::error::Error::source(&status).is_none() => {
                return Ok(Proven::No(status.message().to_owned()));
            }
            Err(status) => return Err(self.failure(&status)),
        };
        let result = results.into_inner().message().await.map_err(|status| self.failure(&status))?;
        let proof: Proof = serde_json::from_slice(&result.map(|result| result.body).unwrap_or_default())
            .map_err(|_| Failure::Answer("the proof cannot be read".into()))?;
        let Proof { checkpoint, inclusion } = proof;
        Ok(inclusion.map_or(Proven::NotYet, |inclusion| Proven::By { checkpoint, inclusion }))
    }

    /// Asks for something of the logs that the gateway keeps; what comes back, part by part.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn audit(&mut self, action: &str, body: Vec<u8>) -> Result<Vec<Vec<u8>>, Failure> {
        let request = self.request(Action { r#type: action.to_owned(), body: body.into() });
        let results = self.flight.do_action(request).await.map_err(|status| self.failure(&status))?;
        let (mut results, mut parts) = (results.into_inner(), Vec::new());
        while let Some(part) = results.message().await.map_err(|status| self.failure(&status))? {
            parts.push(part.body.to_vec());
        }
        Ok(parts)
    }

    /// Cancels a question. Whoever interrupts waits for nothing more, so that a failure means nothing.
    pub async fn cancel(&mut self, info: FlightInfo) {
        let body = CancelFlightInfoRequest { info: Some(info) }.encode_to_vec();
        let request = self.request(Action { r#type: "CancelFlightInfo".to_owned(), body: body.into() });
        if let Ok(results) = self.flight.do_action(request).await {
            let _told = results.into_inner().message().await;
        }
    }

    async fn info(&mut self, command: FlightDescriptor) -> Result<FlightInfo, Failure> {
        let request = self.request(command);
        let answer = self.flight.get_flight_info(request).await.map_err(|status| self.failure(&status))?;
        Ok(answer.into_inner())
    }

    async fn action(&mut self, kind: &str, body: Any) -> Result<Bytes, Failure> {
        let request = self.request(Action { r#type: kind.to_owned(), body: body.encode_to_vec().into() });
        let results = self.flight.do_action(request).await.map_err(|status| self.failure(&status))?;
        let result = results.into_inner().message().await.map_err(|status| self.failure(&status))?;
        Ok(result.map(|result| result.body).unwrap_or_default())
    }

    async fn open(&mut self, ticket: Ticket) -> Result<(FlightDataDecoder, SchemaRef, Option<Account>), Failure> {
        let request = self.request(ticket);
        let stream = self.flight.do_get(request).await.map_err(|status| self.failure(&status))?;
        let mut rows = FlightDataDecoder::new(stream.into_inner().map_err(Into::into));
        let first = rows.next().await.ok_or_else(|| Failure::Answer("it is empty".into()))?;
        let first = first.map_err(|error| self.stream_failure(&error))?;
        let metadata = first.app_metadata();
        let DecodedPayload::Schema(schema) = first.payload else {
            return Err(Failure::Answer("it does not begin with its columns".into()));
        };
        // An account that cannot be read might hide that sites are missing, so nothing is printed without it.
        let account = Account::read(&metadata).map_err(|error| Failure::Answer(error.to_string()))?;
        Ok((rows, schema, account))
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.headers.clone();
        request
    }

    fn failure(&self, status: &Status) -> Failure {
        // What the other side said is in the status; a status with a source is the transport's own.
        if std::error::Error::source(status).is_some() {
            return Failure::Trouble(self.wire.trouble(&self.address));
        }
        Failure::of_status(status, &self.sql)
    }

    fn stream_failure(&self, error: &arrow_flight::error::FlightError) -> Failure {
        match error {
            arrow_flight::error::FlightError::Tonic(status) => self.failure(status),
            other => Failure::of_stream(other, &self.sql),
        }
    }
}

impl Answer {
    /// The next rows; `None` when there are no more.
    ///
    /// # Errors
    /// [`Failure`]; the rows so far are not the whole answer.
    pub async fn next(&mut self) -> Result<Option<RecordBatch>, Failure> {
        loop {
            match self.rows.next().await {
                Some(Ok(message)) => match message.payload {
                    DecodedPayload::RecordBatch(batch) => return Ok(Some(batch)),
                    DecodedPayload::Schema(_) | DecodedPayload::None => {}
                },
                Some(Err(error)) => return Err(self.client.stream_failure(&error)),
                None => match self.tickets.pop_front() {
                    Some(ticket) => self.rows = self.client.open(ticket).await?.0,
                    None => return Ok(None),
                },
            }
        }
    }

    /// Lets the gateway forget the prepared statement. The answer is whole already, so that a failure means nothing.
    pub async fn close(mut self) {
        if let Some(handle) = self.prepared.take() {
            let request = ActionClosePreparedStatementRequest { prepared_statement_handle: handle };
            let _forgotten = self.client.action("ClosePreparedStatement", request.as_any()).await;
        }
    }
}
