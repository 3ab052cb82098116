//! Actions of Flight itself, beside those of Flight SQL: cancelling and sessions.

use std::pin::Pin;

use arrow_flight::{Action, ActionType, CancelFlightInfoRequest, CancelFlightInfoResult};
use bytes::Bytes;
use futures::{Stream, stream};
use prost::Message;
use renkei_service::PeerInfo;
use renkei_types::{Code, PersonId, Refusal};
use tonic::metadata::MetadataValue;
use tonic::{Request, Response, Status};

use super::session::{self, Caller};
use super::{auditing, cancel, prove, status};
use crate::sessions::Brought;
use crate::state::State;

/// Every action that is answered, for whoever lists them.
const ALL: [(&str, &str); 10] = [
    ("CreatePreparedStatement", "Prepares a statement; its parameters may be bound."),
    ("ClosePreparedStatement", "Forgets a prepared statement."),
    ("CancelQuery", "Cancels a question, in the older form of CancelFlightInfo."),
    ("CancelFlightInfo", "Cancels a question, down into the hospitals."),
    ("SetSessionOptions", "Sets options for the questions of a session."),
    ("GetSessionOptions", "Tells the options of a session."),
    ("CloseSession", "Forgets the options of a session."),
    (auditing::LOGS, "For auditors: lists the logs that are kept here."),
    (auditing::READ, "For auditors: the checkpoint of a log, then bundles of its entries."),
    (prove::ACTION, "Proves that an audit log holds what its receipt promised."),
];

pub(super) type Results = Pin<Box<dyn Stream<Item = Result<arrow_flight::Result, Status>> + Send + 'static>>;

/// What ListActions answers.
pub(super) fn list() -> Vec<ActionType> {
    let one = |(kind, description): (&str, &str)| ActionType { r#type: kind.into(), description: description.into() };
    ALL.into_iter().map(one).collect()
}

/// Does what a person asks for.
pub(super) fn answer(state: &State, person: PersonId, request: &Request<Action>) -> Result<Response<Results>, Status> {
    let refuse = |refusal: Refusal| status::status(&refusal);
    let action = request.get_ref();
    let caller = Caller {
        person,
        brought: Brought::read(request.metadata()),
        remote: request.extensions().get::<PeerInfo>().map(|peer| peer.remote),
    };
    let reply = match action.r#type.as_str() {
        "CancelFlightInfo" => {
            let request = CancelFlightInfoRequest::decode(&*action.body).map_err(|_| refuse(unreadable()))?;
            let status = cancel::cancel(&state.handles, &caller.person, &request.info.unwrap_or_default());
            let result = CancelFlightInfoResult { status: status.into() };
            session::Reply { body: result.encode_to_vec().into(), cookie: None }
        }
        "SetSessionOptions" => session::set(state, &caller, &action.body).map_err(refuse)?,
        "GetSessionOptions" => session::get(state, &caller).map_err(refuse)?,
        "CloseSession" => session::close(state, &caller),
        _ => return Err(Status::unimplemented("this server does not know the action")),
    };
    let mut response = one(reply.body);
    let cookie = reply.cookie.and_then(|cookie| MetadataValue::try_from(cookie).ok());
    if let Some(cookie) = cookie {
        response.metadata_mut().insert("set-cookie", cookie);
    }
    Ok(response)
}

pub(super) fn one(body: Bytes) -> Response<Results> {
    Response::new(Box::pin(stream::iter([Ok(arrow_flight::Result { body })])))
}

/// A request to cancel that is none.
pub(super) fn unreadable() -> Refusal {
    Refusal::new(Code::Parameter, "the request to cancel cannot be read").hint("send the question's FlightInfo")
}
