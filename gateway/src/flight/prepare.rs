//! From a text to a planned question.

use std::sync::Arc;

use arrow_flight::sql::Command;
use bytes::Bytes;
use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::ScalarValue;
use renkei_plan::{strip_explain, strip_fetch};
use renkei_types::{Code, PersonId, QueryId, Refusal};
use tokio::runtime::Handle;
use tonic::Status;

use super::describe::{encode, only_asks};
use super::handles::Prepared;
use super::status;
use crate::audit::Refused;
use crate::explain;
use crate::federator::{Question, Text, resolve};
use crate::late::Kept;
use crate::options::Options;
use crate::state::State;

/// A question that a ticket stands for.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) question: Question,
    /// Whether it is to be explained rather than asked.
    pub(crate) explain: bool,
    /// A question that was asked before and goes on, whose answer is wanted.
    pub(crate) fetch: Option<Arc<Kept>>,
}

impl Planned {
    /// The schema of the stream.
    pub(crate) fn schema(&self) -> SchemaRef {
        Arc::clone(&self.question.schema)
    }
}

/// Plans the question of a command.
pub(crate) async fn planned(
    state: &Arc<State>,
    person: &PersonId,
    options: &Options,
    command: Command,
) -> Result<Planned, Status> {
    let prepared = text(state, person, command)?;
    let sql = prepared.sql.clone();
    match plan(state, person, options, prepared.sql, prepared.parameters).await {
        Ok(planned) => Ok(planned),
        Err(refusal) => Err(refuse(state, person, options, &sql, &refusal).await),
    }
}

/// Records a refusal, and says it.
pub(super) async fn refuse(
    state: &State,
    person: &PersonId,
    options: &Options,
    sql: &str,
    refusal: &Refusal,
) -> Status {
    let (proof, project) = (options.proof.as_str(), options.project.as_ref());
    state.audit.refused(Refused { person, proof, project, sql, refusal }).await;
    status::status(refusal)
}

/// The schema of the answer to a command, without values for its parameters.
pub(crate) async fn schema(
    state: &Arc<State>,
    person: &PersonId,
    options: &Options,
    command: Command,
) -> Result<Bytes, Status> {
    let (_, schema) = prepare(state, person, options, text(state, person, command)?.sql).await?;
    encode(&schema)
}

/// The text of a command, with what was bound to it.
fn text(state: &State, person: &PersonId, command: Command) -> Result<Prepared, Status> {
    match command {
        Command::CommandStatementQuery(query) if query.transaction_id.as_ref().is_none_or(Bytes::is_empty) => {
            Ok(Prepared { sql: query.query, types: Vec::new(), parameters: Vec::new() })
        }
        Command::CommandStatementQuery(_) => Err(only_asks("a transaction")),
        Command::CommandPreparedStatementQuery(query) => {
            let prepared = state.handles.prepared(person, &query.prepared_statement_handle);
            prepared.map_err(|refusal| status::status(&refusal))
        }
        other => Err(only_asks(other.type_url())),
    }
}

/// Plans a statement with its parameters and checks that the project may ask it.
async fn plan(
    state: &Arc<State>,
    person: &PersonId,
    options: &Options,
    sql: String,
    parameters: Vec<ScalarValue>,
) -> Result<Planned, Refusal> {
    if let Some(id) = fetched(&sql)? {
        return kept(state, person, &id);
    }
    // Planning takes the machine's time as much as asking does.
    let _place = state.admission.enter(person)?;
    let (planner, bound_at, view) = (Arc::clone(&state.planner), state.clock.now(), options.view());
    let (engine, vocabulary, runtime) = (Arc::clone(&state.engine), state.vocabulary.clone(), Handle::current());
    let planned = state
        .pool
        .run(move || {
            let inner = strip_explain(&sql);
            let explain = inner.is_some();
            let sql = inner.map_or_else(|| sql.clone(), str::to_owned);
            let text = Text { sql, parameters, bound_at };
            let question = resolve(&planner, &engine, vocabulary.as_deref(), text, &runtime)?;
            let split = Arc::unwrap_or_clone(question.split).viewed(view)?;
            let schema = if explain { explain::schema() } else { client_schema(&split.output_schema()) };
            let question = Question { schema, coded: Arc::new(split.coded()), split: Arc::new(split), ..question };
            Ok(Planned { question, explain, fetch: None })
        })
        .await?;
    state.authorise(person, options, &planned.question.split.facts)?;
    Ok(planned)
}

/// The question that a statement `FETCH '<query id>'` names; none where it is another statement.
fn fetched(sql: &str) -> Result<Option<QueryId>, Refusal> {
    let Some(rest) = strip_fetch(sql) else { return Ok(None) };
    let id = rest.trim_end().trim_end_matches(';').trim_end();
    let id = id.strip_prefix('\'').and_then(|id| id.strip_suffix('\'')).unwrap_or(id);
    QueryId::new(id).map(Some).map_err(|_| {
        Refusal::new(Code::StatementKind, "FETCH: what follows is not the id of a question")
            .hint("write FETCH and the query id of the answer, such as FETCH 'q-…'")
    })
}

/// What waits under a query id, if its project is still the person's.
fn kept(state: &State, person: &PersonId, id: &QueryId) -> Result<Planned, Refusal> {
    let kept = state.late.get(person, id)?;
    let options = Options { project: Some(kept.project.id.clone()), ..Options::default() };
    state.authorise(person, &options, &kept.question.split.facts)?;
    Ok(Planned { question: kept.question.clone(), explain: false, fetch: Some(kept) })
}

/// Plans a statement before its parameters have values. Returns it with the schema of its answer.
pub(crate) async fn prepare(
    state: &Arc<State>,
    person: &PersonId,
    options: &Options,
    sql: String,
) -> Result<(Prepared, SchemaRef), Status> {
    match unbound(state, person, options, sql.clone()).await {
        Ok(prepared) => Ok(prepared),
        Err(refusal) => Err(refuse(state, person, options, &sql, &refusal).await),
    }
}

async fn unbound(
    state: &Arc<State>,
    person: &PersonId,
    options: &Options,
    sql: String,
) -> Result<(Prepared, SchemaRef), Refusal> {
    if let Some(id) = fetched(&sql)? {
        let schema = kept(state, person, &id)?.schema();
        return Ok((Prepared { sql, types: Vec::new(), parameters: Vec::new() }, schema));
    }
    let _place = state.admission.enter(person)?;
    let (planner, view) = (Arc::clone(&state.planner), options.view());
    state
        .pool
        .run(move || {
            let inner = strip_explain(&sql);
            let text = inner.unwrap_or(&sql);
            let types = planner.parameters(text)?;
            let schema = planner.prepare_viewed(text, view)?;
            let schema = if inner.is_some() { explain::schema() } else { client_schema(&schema) };
            Ok((Prepared { sql, types, parameters: Vec::new() }, schema))
        })
        .await
}

/// The types in which an answer leaves. Strings are plain for the sake of older clients, and everything is nullable:
/// what may be held may be absent, and a schema must not depend on a parameter's value.
fn client_schema(schema: &SchemaRef) -> SchemaRef {
    let field = |field: &Arc<Field>| Field::new(field.name(), client_type(field.data_type()), true);
    Arc::new(Schema::new(schema.fields().iter().map(field).collect::<Vec<_>>()))
}

pub(super) fn client_type(data_type: &DataType) -> DataType {
    match data_type {
        DataType::Utf8View | DataType::LargeUtf8 => DataType::Utf8,
        DataType::BinaryView | DataType::LargeBinary => DataType::Binary,
        DataType::Dictionary(_, values) => client_type(values),
        other => other.clone(),
    }
}
