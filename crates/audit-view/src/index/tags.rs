//! What a thing can be found by.

use rusqlite::{Transaction, params};

use crate::event::{Event, act_word};

/// A kind of name, and the name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    pub(super) kind: &'static str,
    pub(super) text: String,
}

impl Tag {
    /// All tags of a thing.
    pub(super) fn of(event: &Event) -> Vec<Self> {
        let mut tags = vec![Self::new("kind", event.kind.as_str()), Self::new("outcome", event.outcome_word())];
        if event.outcome_word() == "partial" {
            tags.push(Self::new("outcome", "answered"));
        }
        let mut add = |kind, text: Option<&str>| tags.extend(text.map(|text| Self::new(kind, text)));
        add("act", event.act.map(act_word));
        add("code", event.code.as_deref());
        add("project", event.project.as_ref().map(|project| project.as_str()));
        if let Some(who) = &event.who {
            add("who", Some(&who.subject));
            add("who", who.institution.as_deref());
            add("who", who.on_behalf.as_deref());
        }
        for site in &event.sites {
            add("site", Some(site.as_str()));
        }
        for table in &event.tables {
            add("table", Some(table.as_str()));
        }
        for column in &event.columns {
            add("column", Some(column.as_str()));
        }
        tags
    }

    fn new(kind: &'static str, text: &str) -> Self {
        Self { kind, text: text.to_owned() }
    }

    fn name(&self, tx: &Transaction<'_>) -> rusqlite::Result<i64> {
        tx.prepare_cached("INSERT OR IGNORE INTO name(kind, text) VALUES(?1, ?2)")?
            .execute(params![self.kind, self.text])?;
        tx.prepare_cached("SELECT id FROM name WHERE kind = ?1 AND text = ?2")?
            .query_row(params![self.kind, self.text], |row| row.get(0))
    }

    pub(super) fn add(&self, tx: &Transaction<'_>, event: i64) -> rusqlite::Result<()> {
        let name = self.name(tx)?;
        let added =
            tx.prepare_cached("INSERT OR IGNORE INTO tag(name, event) VALUES(?1, ?2)")?.execute([name, event])?;
        if added > 0 {
            tx.prepare_cached("UPDATE name SET uses = uses + 1 WHERE id = ?1")?.execute([name])?;
        }
        Ok(())
    }

    pub(super) fn remove(&self, tx: &Transaction<'_>, event: i64) -> rusqlite::Result<()> {
        let name = self.name(tx)?;
        let gone = tx.prepare_cached("DELETE FROM tag WHERE name = ?1 AND event = ?2")?.execute([name, event])?;
        if gone > 0 {
            tx.prepare_cached("UPDATE name SET uses = uses - 1 WHERE id = ?1")?.execute([name])?;
        }
        Ok(())
    }
}
