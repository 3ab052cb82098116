//! The service itself: who calls, and what every method of Flight SQL needs.

use std::sync::Arc;

use arrow_flight::error::FlightError;
use arrow_flight::sql::{ProstMessageExt, TicketStatementQuery};
use arrow_flight::{FlightDescriptor, FlightInfo, Ticket};
use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::Schema;
use renkei_service::PeerInfo;
use renkei_types::{Code, PersonId, Refusal};
use tonic::{Request, Response, Status};

use super::describe::describe;
use super::fetch::{Asking, Fetched, admitted, one};
use super::metadata::Fixed;
use super::prepare::{Planned, refuse};
use super::shared::Shared;
use super::status;
use crate::admission::Place;
use crate::audit;
use crate::options::Options;
use crate::sessions::Brought;
use crate::state::State;

/// The service. Cheap to share.
pub(crate) struct FlightSql {
    pub(super) state: Shared,
    fixed: Result<Fixed, FlightError>,
}

impl FlightSql {
    pub(super) fn new(state: Arc<State>) -> Self {
        Self { state: Shared::new(state), fixed: Fixed::new() }
    }

    /// Who calls, whatever they may do.
    pub(super) fn anybody<T>(&self, request: &Request<T>) -> Result<PersonId, Status> {
        let peer = request.extensions().get::<PeerInfo>();
        self.state.tokens.identify(peer, request.metadata()).map_err(|refusal| status::status(&refusal))
    }

    /// Who calls and may ask: an auditor may not.
    pub(super) fn person<T>(&self, request: &Request<T>) -> Result<PersonId, Status> {
        let person = self.anybody(request)?;
        if !self.state.auditors.contains(&person) {
            return Ok(person);
        }
        let refusal = Refusal::new(Code::Auditor, format!("`{person}` reads logs and asks nothing"));
        Err(status::status(&refusal.hint("`renkei audit pull` copies the logs")))
    }

    /// Who calls, with the options of the call over those of its session.
    pub(super) fn caller<T>(&self, request: &Request<T>) -> Result<(PersonId, Options), Status> {
        let person = self.person(request)?;
        let remote = request.extensions().get::<PeerInfo>().map(|peer| peer.remote);
        let session = self.state.sessions.options(&person, Brought::read(request.metadata()), remote);
        let options = session.and_then(|session| session.read(request.metadata()));
        let options = options.map_err(|refusal| status::status(&refusal))?;
        let proof = audit::proof(request.extensions().get::<PeerInfo>());
        Ok((person, Options { proof, ..options }))
    }

    /// What the server says of itself, made once.
    pub(super) fn fixed(&self) -> Result<&Fixed, Status> {
        self.fixed.as_ref().map_err(|_| Status::internal("the server's description could not be built"))
    }

    /// A ticket for a planned question, with its schema.
    pub(super) fn info(
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
    pub(super) fn about<M: ProstMessageExt>(
        &self,
        schema: &Schema,
        command: &M,
        request: Request<FlightDescriptor>,
    ) -> Result<Response<FlightInfo>, Status> {
        self.person(&request)?;
        describe(schema, command, request.into_inner())
    }

    /// One batch of a metadata command.
    pub(super) fn rows(
        &self,
        request: &Request<Ticket>,
        batch: Result<RecordBatch, FlightError>,
    ) -> Result<Fetched, Status> {
        self.person(request)?;
        Ok(one(batch?))
    }

    /// What the service shares.
    pub(super) fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// A place among the running questions, and the question that may take it.
    pub(super) async fn admit(
        &self,
        person: PersonId,
        options: &Options,
        planned: Planned,
        place: Place,
    ) -> Result<Asking, Status> {
        admitted(&self.state, person, options, planned, place).await
    }

    /// A place among the running questions.
    pub(super) async fn enter(&self, person: &PersonId, options: &Options) -> Result<Place, Status> {
        match self.state.admission.enter(person) {
            Ok(place) => Ok(place),
            Err(refusal) => Err(refuse(&self.state, person, options, "", &refusal).await),
        }
    }
}
