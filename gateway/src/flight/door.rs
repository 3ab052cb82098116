//! The Flight methods, some of which the Flight SQL library does not leave open: polling, schemas, the list of actions.
//!
//! Everything else passes to [`FlightSql`]. Tickets and descriptors are looked at before, so that bytes that mean
//! nothing are refused like everything that a caller gets wrong.

use std::pin::Pin;
use std::sync::Arc;

use arrow_flight::flight_service_server::FlightService;
use arrow_flight::sql::{Any, Command, TicketStatementQuery};
use arrow_flight::{
    Action, ActionType, Criteria, Empty, FlightData, FlightDescriptor, FlightInfo, HandshakeRequest, PollInfo,
    SchemaResult, Ticket,
};
use futures::{Stream, stream};
use prost::Message;
use renkei_types::{Code, Refusal};
use tonic::{Request, Response, Status, Streaming};

use super::sql::FlightSql;
use super::{actions, poll, prepare, status};
use crate::state::State;

/// The service.
pub(crate) struct Door(FlightSql);

impl Door {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self(FlightSql::new(state))
    }
}

/// The command in a ticket or a descriptor.
fn read(bytes: &[u8], what: &str) -> Result<Command, Status> {
    // No bytes at all are a message without a name.
    let any = Any::decode(bytes).ok().filter(|any| !any.type_url.is_empty());
    let command = any.and_then(|any| Command::try_from(any).ok());
    command.ok_or_else(|| {
        let refusal = Refusal::new(Code::StatementKind, format!("the {what} cannot be read"));
        status::status(&refusal.hint("send a Flight SQL command, or what this server returned"))
    })
}

#[tonic::async_trait]
impl FlightService for Door {
    type HandshakeStream = <FlightSql as FlightService>::HandshakeStream;
    type ListFlightsStream = <FlightSql as FlightService>::ListFlightsStream;
    type DoGetStream = <FlightSql as FlightService>::DoGetStream;
    type DoPutStream = <FlightSql as FlightService>::DoPutStream;
    type DoActionStream = <FlightSql as FlightService>::DoActionStream;
    type ListActionsStream = Pin<Box<dyn Stream<Item = Result<ActionType, Status>> + Send + 'static>>;
    type DoExchangeStream = <FlightSql as FlightService>::DoExchangeStream;

    async fn handshake(
        &self,
        request: Request<Streaming<HandshakeRequest>>,
    ) -> Result<Response<Self::HandshakeStream>, Status> {
        self.0.handshake(request).await
    }

    async fn list_flights(&self, request: Request<Criteria>) -> Result<Response<Self::ListFlightsStream>, Status> {
        self.0.person(&request)?;
        Err(Status::unimplemented("this server has no list of flights: ask GetTables, or send a statement"))
    }

    async fn get_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<FlightInfo>, Status> {
        read(&request.get_ref().cmd, "descriptor")?;
        self.0.get_flight_info(request).await
    }

    async fn poll_flight_info(&self, request: Request<FlightDescriptor>) -> Result<Response<PollInfo>, Status> {
        match read(&request.get_ref().cmd, "descriptor")? {
            command @ (Command::CommandStatementQuery(_) | Command::CommandPreparedStatementQuery(_)) => {
                let (person, options) = self.0.caller(&request)?;
                let planned = prepare::planned(self.0.state(), &person, &options, command).await?;
                poll::start(self.0.state(), person, &options, planned).await.map(Response::new)
            }
            Command::TicketStatementQuery(TicketStatementQuery { statement_handle }) => {
                let person = self.0.person(&request)?;
                poll::again(self.0.state(), &person, &statement_handle).await.map(Response::new)
            }
            // What is about the server is known at once.
            _ => Ok(Response::new(poll::known(self.0.get_flight_info(request).await?.into_inner()))),
        }
    }

    async fn get_schema(&self, request: Request<FlightDescriptor>) -> Result<Response<SchemaResult>, Status> {
        let schema = match read(&request.get_ref().cmd, "descriptor")? {
            // The schema alone needs no ticket, and parameters need no values.
            command @ (Command::CommandStatementQuery(_) | Command::CommandPreparedStatementQuery(_)) => {
                let (person, options) = self.0.caller(&request)?;
                prepare::schema(self.0.state(), &person, &options, command).await?
            }
            _ => self.0.get_flight_info(request).await?.into_inner().schema,
        };
        Ok(Response::new(SchemaResult { schema }))
    }

    async fn do_get(&self, request: Request<Ticket>) -> Result<Response<Self::DoGetStream>, Status> {
        read(&request.get_ref().ticket, "ticket")?;
        self.0.do_get(request).await
    }

    async fn do_put(&self, request: Request<Streaming<FlightData>>) -> Result<Response<Self::DoPutStream>, Status> {
        self.0.do_put(request).await
    }

    async fn do_action(&self, request: Request<Action>) -> Result<Response<Self::DoActionStream>, Status> {
        self.0.do_action(request).await
    }

    async fn list_actions(&self, request: Request<Empty>) -> Result<Response<Self::ListActionsStream>, Status> {
        self.0.anybody(&request)?;
        Ok(Response::new(Box::pin(stream::iter(actions::list().into_iter().map(Ok)))))
    }

    async fn do_exchange(
        &self,
        request: Request<Streaming<FlightData>>,
    ) -> Result<Response<Self::DoExchangeStream>, Status> {
        self.0.person(&request)?;
        Err(Status::unimplemented("this server exchanges nothing: it only answers questions"))
    }
}
