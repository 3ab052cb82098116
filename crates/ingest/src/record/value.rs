//! The result of a measurement or observation.

use serde::{Deserialize, Serialize};

use crate::code::Coding;

/// How a number is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words say it")]
pub enum Comparator {
    Less,
    AtMost,
    AtLeast,
    Greater,
}

/// A result in words, from negative to strongly positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Grade {
    /// −
    Negative,
    /// ±
    Trace,
    /// + without a number.
    Positive,
    /// 1+ to 9+.
    Plus(u8),
}

/// The result of a measurement or observation.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Value {
    /// The number.
    pub number: Option<f64>,
    /// How it is to be read; absent means equal.
    pub comparator: Option<Comparator>,
    /// The result in words.
    pub grade: Option<Grade>,
    /// The result as a code.
    pub code: Option<Coding>,
    /// Unit of the number and of the range.
    pub unit: Option<Coding>,
    /// Lower limit of the normal range.
    pub low: Option<f64>,
    /// Upper limit of the normal range.
    pub high: Option<f64>,
    /// Whether there was a text that says none of this. It is not kept.
    pub unread: bool,
}
