//! What gateway and node compare before anything is merged.
//!
//! It covers the statement, its parameters, the version of the rules and the shape of every release point (key types,
//! states). It leaves out the text of plans, since engine versions may differ between sites.

use std::fmt;

use datafusion::logical_expr::GroupingSet;
use sha2::{Digest as _, Sha256};

use crate::split::{Question, Split};

/// SHA-256 over the canonical description of a split.
#[derive(Clone, Copy, PartialEq, Eq, Default, Hash)]
pub struct Digest(pub [u8; 32]);

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

struct Hasher(Sha256);

impl Hasher {
    /// Length before content, so that no two sequences of parts read the same.
    fn part(&mut self, bytes: &[u8]) {
        self.0.update((bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn number(&mut self, n: usize) {
        self.0.update((n as u64).to_le_bytes());
    }
}

/// The digest under some version of the rules.
pub(crate) fn of(split: &Split, question: &Question<'_>, version: u32) -> Digest {
    let mut h = Hasher(Sha256::new());
    h.part(b"renkei-split");
    h.number(version as usize);
    h.part(question.sql.as_bytes());
    h.number(question.parameters.len());
    for parameter in question.parameters {
        h.part(format!("{:?}:{parameter:?}", parameter.data_type()).as_bytes());
    }
    h.0.update(question.bound_at.0.to_le_bytes());
    h.number(split.feeds.len());
    for feed in &split.feeds {
        h.number(feed.round);
        h.number(usize::from(feed.scalar));
        h.number(usize::from(feed.codes.is_some()));
        h.number(feed.vocabulary.len());
        feed.vocabulary.iter().for_each(|table| h.part(table.as_bytes()));
        h.number(feed.schema.fields().len());
        for field in feed.schema.fields() {
            h.part(field.data_type().to_string().as_bytes());
        }
    }
    h.number(split.release_points.len());
    for point in &split.release_points {
        h.number(point.round);
        h.part(
            point
                .sets
                .as_ref()
                .map_or("", |sets| match sets {
                    GroupingSet::Rollup(_) => "rollup",
                    GroupingSet::Cube(_) => "cube",
                    GroupingSet::GroupingSets(_) => "sets",
                })
                .as_bytes(),
        );
        h.number(point.keys.len());
        for key in &point.keys {
            h.part(key.data_type.to_string().as_bytes());
            h.number(usize::from(key.by_site));
        }
        h.number(point.states.len());
        for state in &point.states {
            h.part(state.kind.name().as_bytes());
            h.number(usize::from(state.conditional));
            h.number(usize::from(state.second.is_some()));
            h.number(usize::from(state.free.is_some()));
        }
        h.number(point.outputs.len());
        for output in &point.outputs {
            h.part(format!("{:?} {} {}", output.kind, output.state, output.data_type).as_bytes());
        }
    }
    Digest(h.0.finalize().into())
}
