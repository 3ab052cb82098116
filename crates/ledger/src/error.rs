//! Why the ledger cannot be used.

use std::io;
use std::path::{Path, PathBuf};

/// Why the ledger cannot be used. Nothing is answered then.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Another process has it open.
    #[error("the ledger in `{folder}` is in use by another process; two agents must not share a state folder")]
    Busy {
        /// The folder.
        folder: PathBuf,
    },
    /// A file is gone, cut, changed, or older than it was.
    #[error(
        "the ledger in `{folder}` {what}; it has forgotten what was released. Restore the whole folder as it was last, \
         or run `renkei-node ledger recover`, which continues with what is left and records it"
    )]
    Damaged {
        /// The folder.
        folder: PathBuf,
        /// What is wrong.
        what: &'static str,
    },
    /// There is none yet.
    #[error("there is no ledger in `{folder}`; it begins when the agent first runs")]
    None {
        /// The folder.
        folder: PathBuf,
    },
    /// An earlier write failed; what is on the disk is not known.
    #[error("the ledger could not be written before; restart the agent once the disk has room")]
    Stopped,
    /// The operating system said no.
    #[error("the ledger's file `{path}` cannot be {what}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What was tried.
        what: &'static str,
        /// Its reason.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(path: &Path, what: &'static str) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { path, what, source }
    }
}
