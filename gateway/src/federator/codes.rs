//! Code sets: what the vocabulary selects, resolved at the gateway before any site is asked.
//!
//! A set that is larger than a question may carry is left to the sites: the statement is split again without the tables
//! that it was looked up in, and the reader is told. So a join such as `concept.domain_id = 'Drug'`, which selects
//! millions of codes, runs where it always did.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::arrow::datatypes::Schema;
use datafusion::common::ScalarValue;
use datafusion::logical_expr::LogicalPlanBuilder;
use datafusion::physical_plan::collect;
use renkei_plan::{Feed, MAX_CODES, Planner, Split};
use renkei_proto::v1;
use renkei_types::{Refusal, Timestamp};
use tokio::runtime::Handle;

use super::answered::{Answered, CodeSet};
use super::merge::{self, Engine};
use super::rounds::CodesHeld;
use super::{Question, feeds};
use crate::state::State;
use crate::vocabulary::Vocabulary;

/// A statement with everything that its meaning depends on.
#[derive(Debug, Clone)]
pub(crate) struct Text {
    pub(crate) sql: String,
    pub(crate) parameters: Vec<ScalarValue>,
    pub(crate) bound_at: Timestamp,
}

/// What the vocabulary selects for one feed, ready to travel.
#[derive(Debug, Clone)]
pub(crate) struct Resolved {
    pub(crate) index: usize,
    pub(crate) feed: v1::Feed,
    /// Rows of it: codes, where it is a code set.
    pub(crate) rows: usize,
    warning: Option<String>,
}

/// Splits a statement and resolves its code sets. Takes the calling thread's time.
pub(crate) fn resolve(
    planner: &Planner,
    engine: &Engine,
    vocabulary: Option<&Vocabulary>,
    text: Text,
    runtime: &Handle,
) -> Result<Question, Refusal> {
    let mut tables = planner.vocabulary().clone();
    let mut left_to_sites = Vec::new();
    loop {
        let question = renkei_plan::Question { sql: &text.sql, parameters: &text.parameters, bound_at: text.bound_at };
        let split = planner.split_resolving(&question, &tables)?;
        let sets: Result<Vec<Resolved>, Stopped> = split
            .feeds
            .iter()
            .filter(|feed| feed.resolved_first())
            .map(|feed| one(engine, vocabulary, feed, runtime))
            .collect();
        match sets {
            Ok(resolved) => return Ok(question_of(text, split, tables, resolved, left_to_sites)),
            Err(Stopped::TooMany(looked_up)) => {
                let names = looked_up.iter().cloned().collect::<Vec<_>>().join(" and ");
                left_to_sites.push(format!(
                    "what is selected from {names} is more than {MAX_CODES} codes; each site looked it up in its own \
                     vocabulary"
                ));
                tables.retain(|table| !looked_up.contains(table));
            }
            Err(Stopped::Refused(refusal)) => return Err(refusal),
        }
    }
}

fn question_of(
    text: Text,
    split: Split,
    vocabulary: BTreeSet<String>,
    resolved: Vec<Resolved>,
    mut warnings: Vec<String>,
) -> Question {
    let Text { sql, parameters, bound_at } = text;
    let schema = Arc::new(Schema::empty());
    warnings.extend(resolved.iter().filter_map(|made| made.warning.clone()));
    let (split, coded) = (Arc::new(split), Arc::default());
    Question { sql, parameters, bound_at, split, vocabulary, resolved, warnings, coded, schema }
}

/// Why a set is not resolved here.
enum Stopped {
    /// It has too many rows; with the tables that it was looked up in.
    TooMany(BTreeSet<String>),
    Refused(Refusal),
}

fn one(engine: &Engine, vocabulary: Option<&Vocabulary>, feed: &Feed, runtime: &Handle) -> Result<Resolved, Stopped> {
    let refused = |error| Stopped::Refused(merge::refusal(&error));
    let source = |name: &str| vocabulary?.source(name);
    let plan = feed.plan(&[], &source).map_err(refused)?;
    let bounded = LogicalPlanBuilder::from(plan).limit(0, Some(MAX_CODES + 1)).and_then(LogicalPlanBuilder::build);
    let plan = engine.plan(&bounded.map_err(refused)?, runtime).map_err(refused)?;
    let work = async { tokio::time::timeout(merge::BATCH_LIMIT, collect(plan, engine.task())).await };
    let batches = runtime.block_on(work).map_err(|_| Stopped::Refused(merge::too_long()))?.map_err(refused)?;
    let rows = batches.iter().map(|batch| batch.num_rows()).sum();
    if rows > MAX_CODES {
        return Err(Stopped::TooMany(feed.vocabulary.clone()));
    }
    let made = feeds::made(feed, &batches, false).map_err(Stopped::Refused)?;
    let version = vocabulary.map_or("", Vocabulary::version);
    let names = feed.vocabulary.iter().cloned().collect::<Vec<_>>().join(" and ");
    let empty = (rows == 0 && !feed.scalar).then(|| {
        format!("nothing is selected from {names} in the gateway's vocabulary ({version}); look at the concept ids")
    });
    Ok(Resolved { index: feed.index, feed: made.feed, rows, warning: empty })
}

/// Adds what the code sets were to an answer, and where the vocabularies differ.
pub(super) fn tell(state: &State, question: &Question, held: &CodesHeld, answered: &mut Answered) {
    let Some(vocabulary) = &state.vocabulary else { return };
    if question.resolved.is_empty() {
        return;
    }
    let version = vocabulary.version();
    for (feed, set) in question.split.code_sets() {
        let resolved = question.resolved.iter().find(|resolved| resolved.index == feed.index);
        let sites = held.iter().filter_map(|(site, sets)| Some((site.clone(), *sets.get(&feed.index)?)));
        answered.code_sets.push(CodeSet {
            column: set.column.clone(),
            tables: feed.vocabulary.clone(),
            vocabulary: version.to_owned(),
            codes: resolved.map_or(0, |resolved| resolved.rows as u64),
            sites: sites.collect(),
        });
    }
    let others = answered.sites.iter().filter(|outcome| outcome.state.contributes());
    let others: Vec<String> = others
        .filter(|outcome| outcome.vocabulary.as_deref() != Some(version))
        .map(|outcome| format!("{} {}", outcome.site, outcome.vocabulary.as_deref().unwrap_or("none")))
        .collect();
    if !others.is_empty() {
        answered.warnings.push(format!(
            "codes were looked up in the gateway's vocabulary ({version}), and these sites have another: {}",
            others.join(", ")
        ));
    }
}
