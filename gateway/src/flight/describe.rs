//! FlightInfos and schemas as messages, and the refusal of what has neither.

use arrow_flight::sql::metadata::GetTablesBuilder;
use arrow_flight::sql::{CommandGetTables, ProstMessageExt};
use arrow_flight::{FlightDescriptor, FlightEndpoint, FlightInfo, IpcMessage, SchemaAsIpc, Ticket};
use bytes::Bytes;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use prost::Message;
use renkei_types::{Code, Refusal};
use tonic::{Response, Status};

use super::status;

/// A FlightInfo with one endpoint.
pub(super) fn describe<M: ProstMessageExt>(
    schema: &Schema,
    ticket: &M,
    descriptor: FlightDescriptor,
) -> Result<Response<FlightInfo>, Status> {
    let ticket = Ticket::new(ticket.as_any().encode_to_vec());
    let info = FlightInfo::new()
        .try_with_schema(schema)
        .map_err(|_| Status::internal("the schema could not be encoded"))?
        .with_endpoint(FlightEndpoint::new().with_ticket(ticket))
        .with_descriptor(descriptor);
    Ok(Response::new(info))
}

/// A schema as a message of its own.
pub(super) fn encode(schema: &SchemaRef) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(schema, &options).try_into();
    message.map(|message| message.0).map_err(|_| Status::internal("the schema could not be encoded"))
}

/// The schema of the answer to GetTables.
pub(super) fn tables_schema(query: CommandGetTables) -> SchemaRef {
    let builder: GetTablesBuilder = query.into_builder();
    builder.schema()
}

/// The refusal of everything that is not a question.
pub(super) fn only_asks(what: &str) -> Status {
    let refusal = Refusal::new(Code::StatementKind, format!("{what}: this server only answers questions"));
    status::status(&refusal.hint("ask one SELECT; every question stands for itself"))
}
