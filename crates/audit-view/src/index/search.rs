//! Finding things.
//!
//! The rarest of what is asked for drives, newest first; the rest is looked up for each candidate. So neither a common
//! word nor a rare name makes a search read all events.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use renkei_audit::note::Origin;
use renkei_types::{QueryId, Timestamp};
use rusqlite::types::Value;
use rusqlite::{OptionalExtension as _, params_from_iter};

use super::{Index, IndexError, PLACES, number};
use crate::event::Event;
use crate::terms;

/// Below this many events a text is rare enough to drive.
const RARE: i64 = 2_000;

/// What is looked for: all of what is given.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Part of a person's name, of their institution, or on whose behalf.
    pub who: Option<String>,
    /// The project's id.
    pub project: Option<String>,
    /// A site that was asked.
    pub site: Option<String>,
    /// A table or a column that was read.
    pub table: Option<String>,
    /// How it ended, as [`Event::outcome_word`] says it; or a stable code.
    pub outcome: Option<String>,
    /// Kind of thing, or of act.
    pub kind: Option<String>,
    /// Not before.
    pub since: Option<Timestamp>,
    /// Before.
    pub until: Option<Timestamp>,
    /// Words of the statement, its parameters, the purpose, a reason, an act.
    pub text: Option<String>,
    /// How many at most.
    pub limit: usize,
}

/// One thing that was found.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The log that tells most of it: the gateway's before a node's.
    pub log: Origin,
    /// What it tells.
    pub event: Event,
    /// All logs that tell of the same question.
    pub logs: Vec<Origin>,
}

/// What was found, newest first.
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// The things.
    pub hits: Vec<Hit>,
    /// Whether there are more.
    pub more: bool,
}

impl Index {
    /// Finds things, newest first.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn search(&self, filter: &Filter) -> Result<Found, IndexError> {
        let logs = self.logs()?;
        let Some(plan) = self.plan(filter)? else { return Ok(Found::default()) };
        let mut found = Found::default();
        let mut places: HashMap<QueryId, usize> = HashMap::new();
        let mut statement = self.db.prepare(&plan.sql)?;
        let mut rows = statement.query(params_from_iter(plan.values))?;
        while let Some(row) = rows.next()? {
            let (log, doc): (i64, String) = (row.get(0)?, row.get(1)?);
            let event: Event = serde_json::from_str(&doc).map_err(IndexError::Damaged)?;
            let Some(log) = logs.get(&log).cloned() else { continue };
            if event.query.as_ref().is_some_and(|query| places.contains_key(query)) {
                continue;
            }
            if found.hits.len() == filter.limit {
                found.more = true;
                break;
            }
            if let Some(query) = &event.query {
                places.insert(query.clone(), found.hits.len());
            }
            found.hits.push(Hit { logs: vec![log.clone()], log, event });
        }
        for (query, place) in places {
            if let (Some(best), Some(hit)) = (self.question(&query)?, found.hits.get_mut(place)) {
                *hit = best;
            }
        }
        Ok(found)
    }

    /// What the logs tell of one question.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn question(&self, query: &QueryId) -> Result<Option<Hit>, IndexError> {
        let mut all = self.accounts(query)?;
        let logs: Vec<Origin> = all.iter().map(|(log, _)| log.clone()).collect();
        if all.is_empty() {
            return Ok(None);
        }
        let (log, event) = all.swap_remove(0);
        Ok(Some(Hit { log, event, logs }))
    }

    /// Each log's account of one question, the gateway's first.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn accounts(&self, query: &QueryId) -> Result<Vec<(Origin, Event)>, IndexError> {
        let logs = self.logs()?;
        let mut statement = self.db.prepare_cached("SELECT log, doc FROM event WHERE query = ?1")?;
        let mut rows = statement.query([query.as_str()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let (log, doc): (i64, String) = (row.get(0)?, row.get(1)?);
            let event: Event = serde_json::from_str(&doc).map_err(IndexError::Damaged)?;
            all.extend(logs.get(&log).map(|log| (log.clone(), event)));
        }
        all.sort_by_key(|(log, _)| (!log.as_str().contains("/gateway/"), log.clone()));
        Ok(all)
    }

    /// The names of a kind that the index knows, such as projects, for hints.
    ///
    /// # Errors
    /// [`IndexError`]
    pub fn names(&self, kind: &str) -> Result<Vec<String>, IndexError> {
        let mut statement =
            self.db.prepare_cached("SELECT text FROM name WHERE kind = ?1 AND uses > 0 ORDER BY text")?;
        let names = statement.query_map([kind], |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok(names)
    }

    fn logs(&self) -> Result<BTreeMap<i64, Origin>, IndexError> {
        let mut statement = self.db.prepare_cached("SELECT id, origin FROM log")?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?)))?;
        let mut logs = BTreeMap::new();
        for row in rows {
            let (id, origin) = row?;
            logs.extend(Origin::new(origin).ok().map(|origin| (id, origin)));
        }
        Ok(logs)
    }

    /// The names that one condition means, with how often they are used; `None` without the condition.
    fn set(&self, kinds: &[&str], text: Option<&String>, part: bool) -> Result<Option<Set>, IndexError> {
        let Some(text) = text else { return Ok(None) };
        let marks = kinds.iter().map(|kind| format!("'{kind}'")).collect::<Vec<_>>().join(", ");
        let sql = if part {
            format!("SELECT id, uses FROM name WHERE kind IN ({marks}) AND text LIKE ?1 ESCAPE '\\'")
        } else {
            format!("SELECT id, uses FROM name WHERE kind IN ({marks}) AND text = ?1")
        };
        let escaped = text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_");
        let value = if part { format!("%{escaped}%") } else { text.clone() };
        let mut statement = self.db.prepare_cached(&sql)?;
        let rows = statement.query_map([value], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?;
        let mut set = Set::default();
        for row in rows {
            let (id, uses) = row?;
            set.names.push(id);
            set.uses += uses;
        }
        Ok(Some(set))
    }

    /// `None` where nothing can be found.
    fn plan(&self, filter: &Filter) -> Result<Option<Plan>, IndexError> {
        let conditions = [
            self.set(&["who"], filter.who.as_ref(), true)?,
            self.set(&["project"], filter.project.as_ref(), false)?,
            self.set(&["site"], filter.site.as_ref(), false)?,
            self.set(&["table", "column"], filter.table.as_ref(), false)?,
            self.set(&["outcome", "code"], filter.outcome.as_ref(), false)?,
            self.set(&["kind", "act"], filter.kind.as_ref(), false)?,
        ];
        let mut sets: Vec<Set> = conditions.into_iter().flatten().collect();
        if sets.iter().any(|set| set.names.is_empty()) {
            return Ok(None);
        }
        sets.sort_by_key(|set| set.uses);
        let words = match &filter.text {
            Some(text) => match terms::wanted(text) {
                Some(words) => Some(words),
                None => return Ok(None),
            },
            None => None,
        };
        let from = filter.since.map_or(0, |since| number(since.0));
        // The limits of an event's number are whole milliseconds; the rest of them is of the same millisecond.
        let to = filter.until.map_or(i64::MAX, |until| number(until.0.saturating_sub(1)).saturating_add(PLACES - 1));
        let text_drives = match &words {
            Some(words) => sets.first().is_none_or(|set| set.uses > 10 * RARE) || self.rare(words, &sets)?,
            None => false,
        };
        Ok(Some(Plan::new(&sets, words, text_drives, from, to)))
    }

    /// Whether a text is rarer than the rarest name.
    fn rare(&self, words: &str, sets: &[Set]) -> Result<bool, IndexError> {
        let limit = sets.first().map_or(RARE, |set| set.uses.min(RARE));
        let mut statement =
            self.db.prepare_cached("SELECT count(*) FROM (SELECT 1 FROM words WHERE words MATCH ?1 LIMIT ?2)")?;
        let count: Option<i64> = statement.query_row(rusqlite::params![words, limit], |row| row.get(0)).optional()?;
        Ok(count.unwrap_or(0) < limit)
    }
}

/// Names of which one is enough.
#[derive(Debug, Default)]
struct Set {
    names: Vec<i64>,
    uses: i64,
}

impl Set {
    fn list(&self) -> String {
        self.names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
    }
}

/// A statement over the index's tables.
struct Plan {
    sql: String,
    values: Vec<Value>,
}

impl Plan {
    fn new(sets: &[Set], words: Option<String>, text_drives: bool, from: i64, to: i64) -> Self {
        let mut sql = String::from("SELECT e.log, e.doc FROM ");
        let mut values = vec![Value::Integer(from), Value::Integer(to)];
        let mut rest = sets;
        let mut probe_words = None;
        let id = match (words, sets) {
            (Some(words), _) if text_drives => {
                values.push(Value::Text(words));
                sql.push_str(
                    "words w JOIN event e ON e.id = w.rowid WHERE words MATCH ?3 AND w.rowid BETWEEN ?1 AND ?2",
                );
                "w.rowid"
            }
            (words, [first, others @ ..]) => {
                rest = others;
                probe_words = words;
                if first.names.len() == 1 {
                    let _written = write!(sql, "tag d JOIN event e ON e.id = d.event WHERE d.name = {}", first.list());
                } else {
                    let list = first.list();
                    let _written = write!(
                        sql,
                        "(SELECT DISTINCT event FROM tag WHERE name IN ({list}) AND event BETWEEN ?1 AND ?2) d \
                         CROSS JOIN event e ON e.id = d.event WHERE 1"
                    );
                }
                sql.push_str(" AND d.event BETWEEN ?1 AND ?2");
                "d.event"
            }
            (words, []) => {
                probe_words = words;
                sql.push_str("event e WHERE e.id BETWEEN ?1 AND ?2");
                "e.id"
            }
        };
        for set in rest {
            let list = set.list();
            let _written = write!(sql, " AND EXISTS (SELECT 1 FROM tag p WHERE p.name IN ({list}) AND p.event = {id})");
        }
        if let Some(words) = probe_words {
            values.push(Value::Text(words));
            let _written = write!(sql, " AND {id} IN (SELECT rowid FROM words WHERE words MATCH ?3 AND rowid = {id})");
        }
        let _written = write!(sql, " ORDER BY {id} DESC");
        Self { sql, values }
    }
}
