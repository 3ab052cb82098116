//! The Flight SQL methods: decode, call, encode.

use std::pin::Pin;

use arrow_flight::error::FlightError;
use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::server::{DoPutError, FlightSqlService, PeekableFlightDataStream};
use arrow_flight::sql::{
    ActionBeginSavepointRequest, ActionBeginSavepointResult, ActionBeginTransactionRequest,
    ActionBeginTransactionResult, ActionCancelQueryRequest, ActionCancelQueryResult,
    ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest, ActionCreatePreparedStatementResult,
    ActionCreatePreparedSubstraitPlanRequest, ActionEndSavepointRequest, ActionEndTransactionRequest, Any, Command,
    CommandGetCatalogs, CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandPreparedStatementUpdate, CommandStatementIngest, CommandStatementQuery,
    CommandStatementSubstraitPlan, CommandStatementUpdate, DoPutPreparedStatementResult, SqlInfo, TicketStatementQuery,
};
use arrow_flight::{Action, FlightDescriptor, FlightInfo, HandshakeRequest, HandshakeResponse, Ticket};
use futures::{Stream, stream};
use prost::Message;
use renkei_types::{Code, Refusal};
use tonic::{Request, Response, Status, Streaming};

use super::describe::{encode, only_asks, tables_schema};
use super::fetch::{Fetched, Run, fetch};
use super::handles::Redeemed;
use super::metadata;
use super::prepare::{planned, prepare};
use super::sql::FlightSql;
use super::{actions, auditing, cancel, keys, parameters, prove, status};
use crate::identity;

type Handshakes = Pin<Box<dyn Stream<Item = Result<HandshakeResponse, Status>> + Send>>;
type Info = Result<Response<FlightInfo>, Status>;

#[tonic::async_trait]
impl FlightSqlService for FlightSql {
    type FlightService = FlightSql;

    /// Each call identifies itself, and nothing is remembered of a handshake. It succeeds for who is recognised anyway,
    /// since the JDBC driver makes one before it uses a token; a user name and password would be for nothing.
    async fn do_handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Handshakes>, Status> {
        self.person(&request)?;
        if !identity::is_login(request.metadata()) {
            return Ok(Response::new(Box::pin(stream::empty())));
        }
        let refusal = Refusal::new(Code::Unauthenticated, "there is no login: each call identifies itself")
            .hint("leave user name and password out; your certificate or token is enough");
        Err(status::status(&refusal))
    }

    async fn get_flight_info_statement(
        &self,
        query: CommandStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let (person, options) = self.caller(&request)?;
        let planned = planned(&self.state, &person, &options, Command::CommandStatementQuery(query)).await?;
        self.info(&person, planned, request.into_inner())
    }

    async fn get_flight_info_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<FlightDescriptor>,
    ) -> Info {
        let (person, options) = self.caller(&request)?;
        let planned = planned(&self.state, &person, &options, Command::CommandPreparedStatementQuery(query)).await?;
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
        self.about(&keys::primary_schema(), &query, request)
    }

    async fn get_flight_info_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&keys::foreign_schema(), &query, request)
    }

    async fn get_flight_info_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&keys::foreign_schema(), &query, request)
    }

    async fn get_flight_info_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<FlightDescriptor>,
    ) -> Info {
        self.about(&keys::foreign_schema(), &query, request)
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
        let (person, options) = self.caller(&request)?;
        let told = |refusal: Refusal| status::status(&refusal);
        // The place comes first: a ticket is good once, and being refused for want of one should not use it up.
        let place = self.enter(&person, &options).await?;
        let (redeemed, cancel) = self.state.handles.redeem(&person, &ticket.statement_handle).map_err(told)?;
        let run = Run::new(&self.state, ticket.statement_handle, cancel);
        match redeemed {
            Redeemed::Ask(planned) => {
                let asking = self.admit(person, &options, *planned, place).await?;
                fetch(&self.state, asking, run).await
            }
            Redeemed::Take(polled) => Ok(polled.take()?.resumed(place).send(run)),
        }
    }

    async fn do_get_prepared_statement(
        &self,
        query: CommandPreparedStatementQuery,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        let (person, options) = self.caller(&request)?;
        let planned = planned(&self.state, &person, &options, Command::CommandPreparedStatementQuery(query)).await?;
        let place = self.enter(&person, &options).await?;
        let asking = self.admit(person, &options, planned, place).await?;
        fetch(&self.state, asking, Run::without_handle(&self.state)).await
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

    async fn do_get_primary_keys(
        &self,
        query: CommandGetPrimaryKeys,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, keys::primary(&query, self.state.planner.catalogue()).map_err(FlightError::Arrow))
    }

    async fn do_get_exported_keys(
        &self,
        query: CommandGetExportedKeys,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, keys::exported(&query, self.state.planner.catalogue()).map_err(FlightError::Arrow))
    }

    async fn do_get_imported_keys(
        &self,
        query: CommandGetImportedKeys,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, keys::imported(&query, self.state.planner.catalogue()).map_err(FlightError::Arrow))
    }

    async fn do_get_cross_reference(
        &self,
        query: CommandGetCrossReference,
        request: Request<Ticket>,
    ) -> Result<Fetched, Status> {
        self.rows(&request, keys::cross(&query, self.state.planner.catalogue()).map_err(FlightError::Arrow))
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
        let batches = parameters::bound(request.into_inner()).await?;
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
        let (person, options) = self.caller(&request)?;
        if query.transaction_id.is_some_and(|id| !id.is_empty()) {
            return Err(only_asks("a transaction"));
        }
        let (prepared, schema) = prepare(&self.state, &person, &options, query.query).await?;
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

    async fn do_action_end_transaction(
        &self,
        _: ActionEndTransactionRequest,
        _: Request<Action>,
    ) -> Result<(), Status> {
        Err(only_asks("a transaction"))
    }

    async fn do_action_end_savepoint(&self, _: ActionEndSavepointRequest, _: Request<Action>) -> Result<(), Status> {
        Err(only_asks("a savepoint"))
    }

    async fn do_action_cancel_query(
        &self,
        query: ActionCancelQueryRequest,
        request: Request<Action>,
    ) -> Result<ActionCancelQueryResult, Status> {
        let person = self.person(&request)?;
        let info = FlightInfo::decode(query.info).map_err(|_| status::status(&actions::unreadable()))?;
        let result = cancel::cancel(&self.state.handles, &person, &info);
        // The library keeps this message's own enumeration to itself; its numbers are those of CancelFlightInfo.
        Ok(ActionCancelQueryResult { result: result.into() })
    }

    async fn do_action_fallback(
        &self,
        request: Request<Action>,
    ) -> Result<Response<<Self as FlightService>::DoActionStream>, Status> {
        if auditing::is_audit(request.get_ref()) {
            return auditing::respond(&self.state, &self.anybody(&request)?, &request).await;
        }
        let person = self.person(&request)?;
        if request.get_ref().r#type == prove::ACTION {
            return Ok(actions::one(prove::answer(&self.state, &request.get_ref().body).await?));
        }
        actions::answer(&self.state, person, &request)
    }

    async fn register_sql_info(&self, _id: i32, _result: &SqlInfo) {}
}
