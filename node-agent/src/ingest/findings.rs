//! What is dirty but can be represented: kept, counted, reported. Counts only; no value leaves the table.

mod keys;
mod rows;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

pub(super) use keys::Keys;
pub(super) use rows::RowChecks;

/// What is odd about a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Oddity {
    /// Another row has the same primary key; all rows but one of each key are counted.
    DuplicateKey,
    /// The person has no visit, or part of a visit, of that number.
    UnknownVisit,
    /// The concept is not in the table `concept`; concept 0 is always known.
    UnknownConcept,
    /// It ends before it starts.
    EndBeforeStart,
    /// A date before 1900.
    Before1900,
    /// A date after the day of the snapshot, wherever on Earth.
    AfterSnapshot,
    /// A date before the year in which the person was born.
    BeforeBirth,
    /// A text longer than the specification allows, in characters.
    TooLong,
}

impl Oddity {
    /// Every kind, in the order of the reports.
    pub const ALL: [Self; 8] = [
        Self::DuplicateKey,
        Self::UnknownVisit,
        Self::UnknownConcept,
        Self::EndBeforeStart,
        Self::Before1900,
        Self::AfterSnapshot,
        Self::BeforeBirth,
        Self::TooLong,
    ];

    /// In English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::DuplicateKey => "rows repeat a primary key",
            Self::UnknownVisit => "rows name a visit that the person does not have",
            Self::UnknownConcept => "rows name a concept that is not in the vocabulary",
            Self::EndBeforeStart => "rows end before they start",
            Self::Before1900 => "dates are before 1900",
            Self::AfterSnapshot => "dates are in the future",
            Self::BeforeBirth => "dates are before the year of birth",
            Self::TooLong => "texts are longer than the specification allows",
        }
    }

    /// In Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        match self {
            Self::DuplicateKey => "行で主キーが重複しています",
            Self::UnknownVisit => "行が、その患者に存在しない受診を参照しています",
            Self::UnknownConcept => "行が、語彙にないコンセプトを参照しています",
            Self::EndBeforeStart => "行で終了が開始より前です",
            Self::Before1900 => "件の日付が 1900 年より前です",
            Self::AfterSnapshot => "件の日付が未来です",
            Self::BeforeBirth => "件の日付が出生年より前です",
            Self::TooLong => "件の文字列が仕様の長さを超えています",
        }
    }
}

impl fmt::Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.english())
    }
}

/// Rows that are odd in one way, in one column.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// In what way.
    pub oddity: Oddity,
    /// How many rows.
    pub rows: u64,
}

/// Findings while they are counted.
#[derive(Debug, Default)]
pub(super) struct Tally(BTreeMap<(&'static str, &'static str, Oddity), u64>);

impl Tally {
    /// Counts rows.
    pub(super) fn add(&mut self, table: &'static str, column: &'static str, oddity: Oddity, rows: u64) {
        if rows > 0 {
            *self.0.entry((table, column, oddity)).or_default() += rows;
        }
    }

    /// The findings, by table, column and kind.
    pub(super) fn finish(self) -> Vec<Finding> {
        let finding = |((table, column, oddity), rows): ((&str, &str, Oddity), u64)| Finding {
            table: table.to_owned(),
            column: column.to_owned(),
            oddity,
            rows,
        };
        self.0.into_iter().map(finding).collect()
    }
}
