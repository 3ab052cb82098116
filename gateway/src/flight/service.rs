//! The Flight SQL methods: decode, identify, call, encode.

use std::pin::Pin;
use std::sync::Arc;

use arrow_flight::decode::FlightRecordBatchStream;
use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::metadata::GetTablesBuilder;
use arrow_flight::sql::server::{DoPutError, FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionBeginSavepointRequest, ActionBeginSavepointResult, ActionBeginTransactionRequest,
    ActionBeginTransactionResult, ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, ActionCreatePreparedSubstraitPlanRequest, Any, CommandGetCatalogs,
    CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementIngest, CommandStatementQuery,
    CommandStatementSubstraitPlan, CommandStatementUpdate, DoPutPreparedStatementResult, ProstMessageExt, SqlInfo,
    TicketStatementQuery,
};
use arrow_flight::{
    Action, FlightDescriptor, FlightEndpoint, FlightInfo, HandshakeRequest, HandshakeResponse, IpcMessage, SchemaAsIpc,
    Ticket,
};
use bytes::Bytes;
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::{Schema, SchemaRef};
use datafusion::arrow::ipc::writer::IpcWriteOptions;
use futures::{Stream, TryStreamExt};
use prost::Message;
use renkei_service::PeerInfo;
use renkei_types::{Code, PersonId, Refusal};
use tonic::{Request, Response, Status, Streaming};

use super::fetch::{Fetched, fetch, one};
use super::metadata::{self, Fixed};
use super::prepare::{Planned, plan, prepare};
use super::{parameters, status};
use crate::headers::Headers;
use crate::state::State;

/// The service. Cheap to share.
pub(crate) struct FlightSql {
    state: Arc<State>,
    fixed: Result<Fixed, FlightError>,
}

impl FlightSql {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state, fixed: Fixed::new() }
    }

    fn person<T>(&self, request: &Request<T>) -> Result<PersonId, Status> {
        let peer = request.extensions().get::<PeerInfo>();
        self.state.tokens.identify(peer, request.metadata()).map_err(|refusal| status::status(&refusal))
    }

    fn caller<T>(&self, request: &Request<T>) -> Result<(PersonId, Headers), Status> {
        let person = self.person(request)?;
        Ok((person, Headers::read(request.metadata()).map_err(|refusal| status::status(&refusal))?))
    }

    fn fixed(&self) -> Result<&Fixed, Status> {
        self.fixed.as_ref().map_err(|_| Status::internal("the server's description could not be built"))
    }

    /// A ticket for a planned question, with its schema.
    fn info(
        &self,
        person: &PersonId,
        planned: Planned,
        descriptor: FlightDescriptor,
    ) -> Result<Response<FlightInfo>, Status> {
        let schema = planned.schema();
        let ticket = TicketStatementQuery { statement_handle: self.state.handles.ticket(person, planned) };
        describe(&schema, &ticket, descriptor)
    }

    /// The FlightInfo of a metadata command, whose ticket is the command itself.
    fn about<M: ProstMessageExt>(
        &self,
        schema: &Schema,
        command: &M,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.person(&request)?;
        describe(schema, command, request.into_inner())
    }

    fn rows(&self, request: &Request<Ticket>, batch: Result<RecordBatch, FlightError>) -> Result<Fetched, Status> {
        self.person(request)?;
        Ok(one(batch?))
    }

    async fn prepared(
        &self,
        query: &CommandPreparedStatementQuery,
        person: &PersonId,
        headers: &Headers,
    ) -> Result<Planned, Status> {
        let refuse = |refusal: Refusal| status::status(&refusal);
        let prepared = self.state.handles.prepared(person, &query.prepared_statement_handle).map_err(refuse)?;
        plan(&self.state, person, headers, prepared.sql, prepared.parameters).await.map_err(refuse)
    }
}

fn describe<M: ProstMessageExt>(
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

fn encode(schema: &SchemaRef) -> Result<Bytes, Status> {
    let options = IpcWriteOptions::default();
    let message: Result<IpcMessage, _> = SchemaAsIpc::new(schema, &options).try_into();
    message.map(|message| message.0).map_err(|_| Status::internal("the schema could not be encoded"))
}

fn tables_schema(query: CommandGetTables) -> SchemaRef {
    let builder: GetTablesBuilder = query.into_builder();
    builder.schema()
}

fn only_asks(what: &str) -> Status {
    let refusal = Refusal::new(Code::StatementKind, format!("{what}: this server only answers questions"));
    status::status(&refusal.hint("ask one SELECT; every question stands for itself"))
}

type Handshakes = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;
type Info = Result<Response<FlightInfo>, Status>;

#[tonic::async_trait]
impl FlightSqlService for FlightSql {
    type FlightService = FlightSql;

    /// Logging in would make a session; each call identifies itself instead. Says who is recognised, if anybody is.
    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Handshakes>, Status> {
        self.person(&request)?;
        let refusal = Refusal::new(Code::Unauthenticated, "there is no login: each call identifies itself")
            .hint("leave user name and password out; your certificate or token is enough");
        Err(status::status(&refusal))
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let (person, headers) = self.caller(&request)?;
        if query.transaction_id.is_some() {
            return Err(only_asks("a transaction"));
        }
        let planned = plan(&self.state, &person, &headers, query.query, Vec::new()).await;
        self.info(&person, planned.map_err(|refusal| status::status(&refusal))?, request.into_inner())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let (person, headers) = self.caller(&request)?;
        let planned = self.prepared(&query, &person, &headers).await?;
        self.info(&person, planned, request.into_inner())
    }

    async fn get_flight_info_substrait_plan(
        &self,
        _query: CommandStatementSubstraitPlan,
        _request: Request<FlightDescriptor>,
    ) -> Info {
        Err(only_asks("a Substrait plan"))
    }

    async fn get_flight_info_catalogs(&self, query: CommandGetCatalogs, request: Request<FlightDescriptor>) -> Info {
        self.about(&query.into_builder().schema(), &query, request)
    }

    async fn get_flight_info_schemas(&self, query: CommandGetDbSchemas, request: Request<FlightDescriptor>) -> Info {
        self.about(&query.clone().into_builder().schema(), &query, request)
    }

    async fn get_flight_info_tables(&self, query: CommandGetTables, request: Request<FlightDescriptor>) -> Info {
        self.about(&tables_schema(query.clone()), &query, request)
    }

    async fn get_flight_info_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&query.into_builder().schema(), &query, request)
    }

    async fn get_flight_info_sql_info(&self, query: CommandGetSqlInfo, request: Request<FlightDescriptor>) -> Info {
        self.about(&self.fixed()?.sql_info.schema(), &query, request)
    }

    async fn get_flight_info_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&metadata::primary_keys().schema(), &query, request)
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&metadata::foreign_keys().schema(), &query, request)
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&metadata::foreign_keys().schema(), &query, request)
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&metadata::foreign_keys().schema(), &query, request)
    }

    async fn get_flight_info_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&self.fixed()?.types.schema(), &query, request)
    }

    async fn do_get_statement(
        &self,
        ticket: TicketStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        let (person, headers) = self.caller(&request)?;
        let planned = self.state.handles.redeem(&person, &ticket.statement_handle);
        fetch(&self.state, person, &headers, planned.map_err(|refusal| status::status(&refusal))?).await
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        let (person, headers) = self.caller(&request)?;
        let planned = self.prepared(&query, &person, &headers).await?;
        fetch(&self.state, person, &headers, planned).await
    }

    async fn do_get_catalogs(&self, query: CommandGetCatalogs, request: Request<Ticket>) -> Result<Fetched, Status> {
        self.rows(&request, metadata::catalogs(query))
    }

    async fn do_get_schemas(&self, query: CommandGetDbSchemas, request: Request<Ticket>) -> Result<Fetched, Status> {
        self.rows(&request, metadata::schemas(query))
    }

    async fn do_get_tables(&self, query: CommandGetTables, request: Request<Ticket>) -> Result<Fetched, Status> {
        self.rows(&request, metadata::tables(query, &self.state.planner))
    }

    async fn do_get_table_types(
        &self,
        query: CommandGetTableTypes,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, metadata::table_types(query))
    }

    async fn do_get_sql_info(&self, query: CommandGetSqlInfo, request: Request<Ticket>) -> Result<Fetched, Status> {
        self.rows(&request, query.into_builder(&self.fixed()?.sql_info).build())
    }

    async fn do_get_primary_keys(&self, _: CommandGetPrimaryKeys, request: Request<Ticket>) -> Result<Fetched, Status> {
        self.rows(&request, Ok(metadata::primary_keys()))
    }

    async fn do_get_exported_keys(
        &self,
        _: CommandGetExportedKeys,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, Ok(metadata::foreign_keys()))
    }

    async fn do_get_imported_keys(
        &self,
        _: CommandGetImportedKeys,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, Ok(metadata::foreign_keys()))
    }

    async fn do_get_cross_reference(
        &self,
        _: CommandGetCrossReference,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, Ok(metadata::foreign_keys()))
    }

    async fn do_get_xdbc_type_info(
        &self,
        query: CommandGetXdbcTypeInfo,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, query.into_builder(&self.fixed()?.types).build())
    }

    async fn do_put_prepared_statement_query(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<PeekableFlightDataStream>,
    ) -> Result<DoPutPreparedStatementResult, Status> {
        let person = self.person(&request)?;
        let refuse = |refusal: Refusal| status::status(&refusal);
        let handle = query.prepared_statement_handle;
        let prepared = self.state.handles.prepared(&person, &handle).map_err(refuse)?;
        let batches = bound(request.into_inner()).await?;
        let row = parameters::row(&batches, &prepared.types).map_err(refuse)?;
        self.state.handles.bind(&person, &handle, row).map_err(refuse)?;
        // The tickets of earlier executions keep their own row, so the handle may stay the same.
        Ok(DoPutPreparedStatementResult { prepared_statement_handle: Some(handle) })
    }

    async fn do_put_statement_update(
        &self,
        _: CommandStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(only_asks("an update"))
    }

    async fn do_put_statement_ingest(
        &self,
        _: CommandStatementIngest,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(only_asks("an ingest"))
    }

    async fn do_put_prepared_statement_update(
        &self,
        _: CommandPreparedStatementUpdate,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(only_asks("an update"))
    }

    async fn do_put_substrait_plan(
        &self,
        _: CommandStatementSubstraitPlan,
        _: Request<PeekableFlightDataStream>,
    ) -> Result<i64, Status> {
        Err(only_asks("a Substrait plan"))
    }

    async fn do_put_fallback(
        &self,
        _: Request<PeekableFlightDataStream>,
        _: Any,
    ) -> Result<Response<<Self as FlightService>::DoPutStream>, Status> {
        Err(only_asks("an upload"))
    }

    async fn do_put_error_callback(
        &self,
        _: Request<PeekableFlightDataStream>,
        error: DoPutError,
    ) -> Result<Response<<Self as FlightService>::DoPutStream>, Status> {
        Err(Status::invalid_argument(error.to_string()))
    }

    async fn do_action_create_prepared_statement(
        &self,
        query: ActionCreatePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        let person = self.person(&request)?;
        if query.transaction_id.is_some() {
            return Err(only_asks("a transaction"));
        }
        let prepared = prepare(&self.state, &person, query.query).await;
        let (prepared, schema) = prepared.map_err(|refusal| status::status(&refusal))?;
        let parameter_schema = encode(&parameters::schema(&prepared.types))?;
        Ok(ActionCreatePreparedStatementResult {
            prepared_statement_handle: self.state.handles.prepare(&person, prepared),
            dataset_schema: encode(&schema)?,
            parameter_schema,
        })
    }

    async fn do_action_close_prepared_statement(
        &self,
        query: ActionClosePreparedStatementRequest,
        request: Request<Action>,
    ) -> Result<(), Status> {
        let person = self.person(&request)?;
        self.state.handles.close(&person, &query.prepared_statement_handle);
        Ok(())
    }

    async fn do_action_create_prepared_substrait_plan(
        &self,
        _: ActionCreatePreparedSubstraitPlanRequest,
        _: Request<Action>,
    ) -> Result<ActionCreatePreparedStatementResult, Status> {
        Err(only_asks("a Substrait plan"))
    }

    async fn do_action_begin_transaction(
        &self,
        _: ActionBeginTransactionRequest,
        _: Request<Action>,
    ) -> Result<ActionBeginTransactionResult, Status> {
        Err(only_asks("a transaction"))
    }

    async fn do_action_begin_savepoint(
        &self,
        _: ActionBeginSavepointRequest,
        _: Request<Action>,
    ) -> Result<ActionBeginSavepointResult, Status> {
        Err(only_asks("a savepoint"))
    }

    /// Session and cancel actions of newer clients, which go on without them when told that they are not implemented.
    async fn do_action_fallback(
        &self,
        request: Request<Action>,
    ) -> Result<Response<<Self as FlightService>::DoActionStream>, Status> {
        self.person(&request)?;
        Err(Status::unimplemented("this action is not implemented"))
    }

    async fn register_sql_info(&self, _id: i32, _result: &SqlInfo) {}
}

/// The bound batches, read until it is clear that they are too many.
async fn bound(stream: PeekableFlightDataStream) -> Result<Vec<RecordBatch>, Status> {
    let data = stream.map_err(|status| FlightError::Tonic(Box::new(status)));
    let mut batches = FlightRecordBatchStream::new_from_flight_data(data);
    let (mut read, mut rows) = (Vec::new(), 0);
    while let Some(batch) = batches.try_next().await? {
        rows += batch.num_rows();
        read.push(batch);
        if rows > 1 || read.len() > 16 {
            break;
        }
    }
    Ok(read)
}
