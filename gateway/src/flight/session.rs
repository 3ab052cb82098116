//! The session actions: options that are set, told and forgotten.
//!
//! Beside the options of a question there are the two that drivers set when they connect: `catalog` and `schema`. A
//! gateway has one catalogue, and its tables have names of their own in either schema, so these take only what is so
//! anyway and make no session.

mod messages;

use std::net::SocketAddr;

use bytes::Bytes;
use prost::Message;
use renkei_types::{Code, PersonId, Refusal};

use self::messages::{
    CloseSessionResult, CloseStatus, ErrorValue, OptionValue, SessionOptionValue, SessionOptions, SetError,
    SetSessionOptionsResult,
};
use super::metadata::CATALOG;
use crate::options::{self, Declared, Options};
use crate::sessions::Brought;
use crate::state::State;
use crate::tables::CDM_SCHEMA;

/// What drivers set when they connect, and the one value of each.
const FIXED: [(&str, &str); 2] = [("catalog", CATALOG), ("schema", CDM_SCHEMA)];

/// Who calls, and which session the call brought.
pub(super) struct Caller {
    pub(super) person: PersonId,
    pub(super) brought: Brought,
    pub(super) remote: Option<SocketAddr>,
}

/// An action's result, and the cookie that goes with it.
pub(super) struct Reply {
    pub(super) body: Bytes,
    pub(super) cookie: Option<String>,
}

/// Sets each option that can be set, and says of the others why not.
pub(super) fn set(state: &State, caller: &Caller, body: &[u8]) -> Result<Reply, Refusal> {
    let request = SessionOptions::decode(body).map_err(|_| {
        Refusal::new(Code::Parameter, "the session options cannot be read").hint("send a SetSessionOptionsRequest")
    })?;
    let before = state.sessions.present(&caller.person, caller.brought);
    let (mut options, mut result) = (before.clone(), SetSessionOptionsResult::default());
    for (name, value) in request.session_options {
        if let Err(error) = change(state, &caller.person, &mut options, &name, value) {
            result.errors.insert(name, SetError { value: error.into() });
        }
    }
    let cookie = match options == before {
        true => None,
        false => state.sessions.keep(&caller.person, caller.brought, caller.remote, options),
    };
    Ok(Reply { body: result.encode_to_vec().into(), cookie })
}

/// Tells the options that are set.
pub(super) fn get(state: &State, caller: &Caller) -> Result<Reply, Refusal> {
    let options = state.sessions.options(&caller.person, caller.brought, caller.remote)?;
    let own = options::ALL.iter().filter_map(|declared| Some((declared.name, declared.show(&options)?)));
    let fixed = FIXED.into_iter().map(|(name, value)| (name, value.to_owned()));
    let text = |(name, text): (&str, String)| {
        (name.to_owned(), SessionOptionValue { option_value: Some(OptionValue::String(text)) })
    };
    let result = SessionOptions { session_options: own.chain(fixed).map(text).collect() };
    Ok(Reply { body: result.encode_to_vec().into(), cookie: None })
}

/// Forgets the session. Where there is none, nothing is left to be closed, which is what was asked for.
pub(super) fn close(state: &State, caller: &Caller) -> Reply {
    let cookie = state.sessions.close(&caller.person, caller.brought, caller.remote);
    let result = CloseSessionResult { status: CloseStatus::Closed.into() };
    Reply { body: result.encode_to_vec().into(), cookie: Some(cookie) }
}

fn change(
    state: &State,
    person: &PersonId,
    options: &mut Options,
    name: &str,
    value: SessionOptionValue,
) -> Result<(), ErrorValue> {
    let text = match value.option_value {
        None => None,
        Some(OptionValue::String(text)) => Some(text),
        Some(OptionValue::Bool(on)) => Some(if on { "on" } else { "off" }.to_owned()),
        Some(OptionValue::Int64(number)) => Some(number.to_string()),
        Some(OptionValue::Double(_) | OptionValue::StringList(_)) => Some(String::new()),
    };
    if let Some((_, only)) = FIXED.iter().find(|(fixed, _)| *fixed == name) {
        let same = text.is_none_or(|text| text.eq_ignore_ascii_case(only));
        return if same { Ok(()) } else { Err(ErrorValue::InvalidValue) };
    }
    let declared = Declared::named(name).ok_or(ErrorValue::InvalidName)?;
    let mut changed = options.clone();
    declared.set(&mut changed, text.as_deref()).map_err(|_| ErrorValue::InvalidValue)?;
    // A project that is not the person's would only be refused later, at each question.
    if changed.project != options.project && changed.project.is_some() {
        let known = state.projects.choose(person, changed.project.as_ref());
        known.map_err(|_| ErrorValue::InvalidValue)?;
    }
    *options = changed;
    Ok(())
}
