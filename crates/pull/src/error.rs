//! What can go wrong, said to whoever runs the hospital's node.
//!
//! An error names host, table, column or file, and what to do. It never holds a value of a record, a password or a
//! token: servers put values into their messages, so of those only codes are passed on.

use std::error::Error as StdError;
use std::fmt;

/// Who can do something about an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The configuration, or a file that it names.
    Configuration,
    /// Network or server: the same attempt may work later.
    Unreachable,
    /// The server knows the node and does not let it: credentials, certificate, permissions.
    Refused,
    /// What the server has is not what was expected: no such schema, a type that cannot be read.
    Source,
    /// The local folder: it is not empty, the disk is full.
    Local,
}

/// Why nothing was pulled.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    what: String,
    remedy: String,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    pub(crate) fn new(kind: Kind, what: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { kind, what: what.into(), remedy: remedy.into(), source: None }
    }

    pub(crate) fn by(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// Who can do something about it.
    #[must_use]
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// What is wrong, without the remedy.
    #[must_use]
    pub fn what(&self) -> &str {
        &self.what
    }

    /// What to do.
    #[must_use]
    pub fn remedy(&self) -> &str {
        &self.remedy
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.remedy)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}
