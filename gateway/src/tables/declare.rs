//! The declaration of the gateway's tables: schema and documentation at once.

use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef, TimeUnit};

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Integer,
    Number,
    Time,
}

impl Kind {
    fn arrow(self) -> DataType {
        match self {
            Self::Text => DataType::Utf8,
            Self::Integer => DataType::Int64,
            Self::Number => DataType::Float64,
            Self::Time => DataType::Timestamp(TimeUnit::Microsecond, None),
        }
    }

    /// As `renkei.columns` shows it.
    pub(crate) fn sql(self) -> &'static str {
        match self {
            Self::Text => "varchar",
            Self::Integer => "bigint",
            Self::Number => "double precision",
            Self::Time => "timestamp",
        }
    }
}

/// A column: name, type, meaning. All are nullable.
pub(crate) type Column = (&'static str, Kind, &'static str);

/// A table.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    pub(crate) doc: &'static str,
    pub(crate) columns: &'static [Column],
}

impl Table {
    pub(crate) fn schema(&self) -> SchemaRef {
        let field = |(name, kind, _): &Column| Field::new(*name, kind.arrow(), true);
        Arc::new(Schema::new(self.columns.iter().map(field).collect::<Vec<_>>()))
    }
}

use Kind::{Integer, Number, Text, Time};

/// The sites.
pub(crate) const SITES: Table = Table {
    name: "renkei.sites",
    doc: "The sites of the caller's project, or of all of the caller's projects where none is named.",
    columns: &[
        ("site_id", Text, "The site."),
        ("name", Text, "Its name for people."),
        ("state", Text, "connected or offline."),
        ("since", Time, "Since when, UTC."),
        ("snapshot_id", Text, "The snapshot that would answer."),
        ("snapshot_made_at", Time, "When it was made, UTC."),
        ("persons", Integer, "Persons in it, rounded down to a multiple of persons_bin."),
        ("persons_bin", Integer, "Width of the rounding."),
        ("minimum_persons", Integer, "Fewest persons per cell that the site releases."),
        ("seal", Text, "What the snapshot was sealed as: clinical, synthetic or public."),
        ("cdm_version", Text, "Version of the OMOP CDM."),
        ("vocabulary", Text, "Version of the vocabulary."),
        ("software_version", Text, "Version of the node."),
        ("plan_version", Integer, "Version of the split rules; answers of other versions are not merged."),
        ("clock_ahead_ms", Integer, "Milliseconds by which the node's clock is ahead of the gateway's."),
        ("described_at", Time, "When the node last said so, UTC."),
        (
            "log",
            Text,
            "ok: site and gateway have cosigned each other's audit log; unwitnessed: not since the gateway started; \
             alarm: one of the logs contradicts what was seen of it.",
        ),
        (
            "confinement",
            Text,
            "What the node's system keeps the processes that read records from: full; or without files, network, processes \
             or limits, where its kernel cannot; NULL where the node does not say.",
        ),
    ],
};

/// The tables.
pub(crate) const TABLES: Table = Table {
    name: "renkei.tables",
    doc: "Every table that a statement may name.",
    columns: &[
        ("table_schema", Text, "cdm or renkei."),
        ("table_name", Text, "The table."),
        ("kind", Text, "person: rows of persons; site: rows of the site; vocabulary; gateway."),
        ("sites", Integer, "How many of the visible sites have rows in it, as they last said."),
        ("description", Text, "What one row is."),
    ],
};

/// The columns.
pub(crate) const COLUMNS: Table = Table {
    name: "renkei.columns",
    doc: "Every column that a statement may name.",
    columns: &[
        ("table_schema", Text, "cdm or renkei."),
        ("table_name", Text, "The table."),
        ("column_name", Text, "The column."),
        ("position", Integer, "From 1."),
        ("data_type", Text, "Its type."),
        ("role", Text, "What it may be used for: key(…), code, date, amount, coarse, reference, site, released."),
        ("description", Text, "What it means."),
    ],
};

/// The answers.
pub(crate) const ANSWERS: Table = Table {
    name: "renkei.answers",
    doc: "How each site ended in the caller's own last 100 questions since the gateway started, latest first.",
    columns: &[
        ("query_id", Text, "The question."),
        ("asked_at", Time, "When, UTC."),
        ("project", Text, "Under which project."),
        ("site_id", Text, "The site."),
        ("state", Text, "answered, answered_held, refused, offline, late, not_mapped, not_approved or failed."),
        ("code", Text, "The code behind any state but answered."),
        ("message", Text, "A sentence for the reader."),
        ("snapshot_id", Text, "The snapshot that answered."),
        ("vocabulary", Text, "Version of the vocabulary."),
        ("minimum_persons", Integer, "Fewest persons per cell that the site applied."),
        ("elapsed_ms", Integer, "Milliseconds to the site's answer."),
    ],
};

/// The codes.
pub(crate) const CODES: Table = Table {
    name: "renkei.codes",
    doc: "Codes in use at the visible sites that publish theirs, each with at least the site's minimum of persons.",
    columns: &[
        ("system", Text, "The code's system, as in source values; OMOP for a concept of rows without a source code."),
        ("code", Text, "The code: SYSTEM:code is what a source value is compared with."),
        ("unit", Text, "The unit in the source; NULL without one."),
        ("table_name", Text, "The table of the CDM."),
        ("persons", Integer, "Persons at these sites, the sum of numbers that were rounded down."),
        ("sites", Integer, "Sites that list it; another may have it for fewer persons, or not publish."),
        ("unmapped_share", Number, "Share of its rows with concept 0, 0 to 1, weighted by persons."),
    ],
};

/// The rules of the language.
pub(crate) const RULES: Table = Table {
    name: "renkei.rules",
    doc: "What the language allows and refuses, with an example of each.",
    columns: &[
        ("rule", Text, "The rule."),
        ("rule_ja", Text, "The rule in Japanese."),
        ("accepted", Text, "A statement that is taken."),
        ("refused", Text, "A statement that is refused."),
        ("code", Text, "The code of the refusal."),
        ("hint", Text, "What to write instead."),
    ],
};

/// Every table.
pub(crate) const ALL: &[Table] = &[ANSWERS, CODES, COLUMNS, RULES, SITES, TABLES];
