//! The processes that execute questions.

use renkei_service::config::Problems;
use serde::Deserialize;

/// The processes that execute questions.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Worker {
    /// Whether the node refuses to start on a system that cannot confine them in every way.
    pub require: bool,
    /// Questions after which a worker is replaced.
    pub questions: u32,
    /// Raw cells that a worker may hand over for a question, MiB.
    pub output_mib: u64,
}

impl Default for Worker {
    fn default() -> Self {
        Self { require: false, questions: 200, output_mib: 1024 }
    }
}

pub(super) fn check(worker: &Worker, problems: &mut Problems) {
    if worker.questions == 0 {
        problems.add("worker.questions", "must be at least 1");
    }
    if worker.output_mib == 0 {
        problems.add("worker.output_mib", "must be at least 1");
    }
}
