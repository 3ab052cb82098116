//! Columns of a batch, by name and type.

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type};
use arrow_array::{Array, Date32Array, Int32Array, RecordBatch, StringArray};

use super::domain::Domain;

pub(super) fn text<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a StringArray> {
    batch.column_by_name(name)?.as_string_opt()
}

pub(super) fn integer<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a Int32Array> {
    batch.column_by_name(name)?.as_primitive_opt::<Int32Type>()
}

pub(super) fn date<'a>(batch: &'a RecordBatch, name: &str) -> Option<&'a Date32Array> {
    batch.column_by_name(name)?.as_primitive_opt::<Date32Type>()
}

/// The columns of CONCEPT that are looked at.
pub(super) struct ConceptRows<'a> {
    pub(super) id: &'a Int32Array,
    domain: &'a StringArray,
    pub(super) vocabulary: &'a StringArray,
    standard: &'a StringArray,
    class: &'a StringArray,
    pub(super) code: &'a StringArray,
    pub(super) name: &'a StringArray,
    reason: &'a StringArray,
}

impl<'a> ConceptRows<'a> {
    pub(super) fn of(batch: &'a RecordBatch) -> Option<Self> {
        Some(Self {
            id: integer(batch, "concept_id")?,
            domain: text(batch, "domain_id")?,
            vocabulary: text(batch, "vocabulary_id")?,
            standard: text(batch, "standard_concept")?,
            class: text(batch, "concept_class_id")?,
            code: text(batch, "concept_code")?,
            name: text(batch, "concept_name")?,
            reason: text(batch, "invalid_reason")?,
        })
    }

    pub(super) fn valid(&self, row: usize) -> bool {
        self.reason.is_null(row) || self.reason.value(row).trim().is_empty()
    }

    pub(super) fn standard(&self, row: usize) -> bool {
        self.standard.is_valid(row) && self.standard.value(row) == "S"
    }

    pub(super) fn class(&self, row: usize) -> &str {
        self.class.value(row)
    }

    pub(super) fn domain(&self, row: usize) -> Domain {
        Domain::of(self.domain.value(row))
    }
}
