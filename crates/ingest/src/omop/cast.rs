//! Columns of a Parquet file to the types of the CDM.
//!
//! Texts, and numbers that a text says best (decimals and dates written as integers), go through the parsers that CSV
//! goes through, so that both formats have one meaning. Integers never pass through a float.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::timezone::Tz;
use arrow_array::types::{Float64Type, TimestampMicrosecondType};
use arrow_array::{Array, ArrayRef, new_null_array};
use arrow_cast::{CastOptions, cast_with_options};
use arrow_schema::{ArrowError, DataType, TimeUnit};
use renkei_cdm::ColumnType;

use super::builder::Builder;
use crate::Rule;

/// A converted column, with the rows whose values did not convert; these are null.
pub(super) type Converted = (ArrayRef, BTreeMap<usize, Rule>);

/// Doubles hold every integer up to here.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// Whether columns of this Arrow type can be read as the column of the CDM.
pub(super) fn convertible(from: &DataType, kind: ColumnType) -> bool {
    use DataType as D;
    let text = matches!(from, D::Utf8 | D::LargeUtf8 | D::Utf8View | D::Binary | D::LargeBinary | D::BinaryView);
    let zone = match from {
        D::Timestamp(_, Some(zone)) => zone.parse::<Tz>().is_ok(),
        _ => true,
    };
    let day = matches!(from, D::Date32 | D::Date64 | D::Timestamp(..));
    match from {
        D::Dictionary(_, value) => convertible(value, kind),
        D::Null => true,
        _ if text => true,
        _ => match kind {
            ColumnType::Text(_) => day || from.is_numeric() || *from == D::Boolean,
            ColumnType::Date => from.is_integer() || (day && zone),
            ColumnType::Datetime => from.is_integer() || day,
            _ => from.is_numeric(),
        },
    }
}

/// Converts a column for which [`convertible`] holds.
pub(super) fn convert(array: &ArrayRef, kind: ColumnType) -> Result<Converted, ArrowError> {
    use DataType as D;
    if let D::Dictionary(_, value) = array.data_type() {
        return convert(&safely(array, value)?, kind);
    }
    match (array.data_type(), kind) {
        (D::Null, _) => Ok((new_null_array(&kind.arrow(), array.len()), BTreeMap::new())),
        (D::Binary | D::LargeBinary | D::BinaryView, _) => {
            let text = safely(array, &D::Utf8)?;
            let mut broken = lost(array, &text, Rule::Encoding);
            let (converted, others) = convert(&text, kind)?;
            broken.extend(others);
            Ok((converted, broken))
        }
        (_, ColumnType::Text(_)) => cast(array, &D::Utf8, Rule::Type),
        (D::Utf8 | D::LargeUtf8 | D::Utf8View, _) => parsed(array, kind),
        (from, ColumnType::Float) if from.is_floating() => finite(array),
        (from, ColumnType::Id | ColumnType::Concept | ColumnType::Integer) if from.is_floating() => {
            integral(array, kind)
        }
        (from, ColumnType::Id | ColumnType::Concept | ColumnType::Integer) if !from.is_integer() => parsed(array, kind),
        (from, ColumnType::Date | ColumnType::Datetime) if from.is_integer() => parsed(array, kind),
        (D::Date64 | D::Timestamp(..), ColumnType::Date) => dates(array),
        _ => cast(array, &kind.arrow(), Rule::Range),
    }
}

fn safely(array: &ArrayRef, to: &DataType) -> Result<ArrayRef, ArrowError> {
    cast_with_options(array, to, &CastOptions { safe: true, ..CastOptions::default() })
}

fn cast(array: &ArrayRef, to: &DataType, rule: Rule) -> Result<Converted, ArrowError> {
    if array.data_type() == to {
        return Ok((Arc::clone(array), BTreeMap::new()));
    }
    let converted = safely(array, to)?;
    let broken = lost(array, &converted, rule);
    Ok((converted, broken))
}

/// The rows that held a value before the conversion and hold none after it.
fn lost(before: &ArrayRef, after: &ArrayRef, rule: Rule) -> BTreeMap<usize, Rule> {
    if before.logical_null_count() == after.null_count() {
        return BTreeMap::new();
    }
    let nulls = before.logical_nulls();
    let held = |row: usize| nulls.as_ref().is_none_or(|nulls| nulls.is_valid(row));
    (0..before.len()).filter(|row| held(*row) && after.is_null(*row)).map(|row| (row, rule)).collect()
}

/// By way of the text of each value and the parser of the column's type.
fn parsed(array: &ArrayRef, kind: ColumnType) -> Result<Converted, ArrowError> {
    let text = safely(array, &DataType::Utf8)?;
    let mut builder = Builder::new(kind, text.len());
    let mut broken = lost(array, &text, Rule::Type);
    for (row, value) in text.as_string::<i32>().iter().enumerate() {
        match value {
            None => builder.push_null(),
            Some(value) => {
                if let Err(rule) = builder.push(value.as_bytes()) {
                    broken.insert(row, rule);
                }
            }
        }
    }
    Ok((builder.finish(), broken))
}

fn finite(array: &ArrayRef) -> Result<Converted, ArrowError> {
    let (converted, mut broken) = cast(array, &DataType::Float64, Rule::Range)?;
    let values = converted.as_primitive::<Float64Type>();
    broken.extend(
        values.iter().enumerate().filter(|(_, v)| v.is_some_and(|v| !v.is_finite())).map(|(i, _)| (i, Rule::Type)),
    );
    Ok((converted, broken))
}

/// Integers that someone stored as doubles: whole numbers that a double holds exactly.
fn integral(array: &ArrayRef, kind: ColumnType) -> Result<Converted, ArrowError> {
    let doubles = safely(array, &DataType::Float64)?;
    let mut broken = BTreeMap::new();
    for (row, value) in doubles.as_primitive::<Float64Type>().iter().enumerate() {
        match value {
            Some(value) if value.fract() != 0.0 || !value.is_finite() => broken.insert(row, Rule::Type),
            Some(value) if value.abs() > EXACT => broken.insert(row, Rule::Range),
            _ => None,
        };
    }
    let (converted, others) = cast(&doubles, &kind.arrow(), Rule::Range)?;
    for (row, rule) in others {
        broken.entry(row).or_insert(rule);
    }
    Ok((converted, broken))
}

/// Days that someone stored as points in time: midnights in the column's own zone.
fn dates(array: &ArrayRef) -> Result<Converted, ArrowError> {
    let micros = |zone| DataType::Timestamp(TimeUnit::Microsecond, zone);
    let zone = match array.data_type() {
        DataType::Timestamp(_, zone) => zone.clone(),
        _ => None,
    };
    let (instants, mut broken) = cast(array, &micros(zone.clone()), Rule::Range)?;
    let days = safely(&instants, &DataType::Date32)?;
    let midnights = safely(&safely(&days, &micros(None))?, &micros(zone))?;
    let (instants, midnights) =
        (instants.as_primitive::<TimestampMicrosecondType>(), midnights.as_primitive::<TimestampMicrosecondType>());
    for row in (0..instants.len()).filter(|row| instants.is_valid(*row)) {
        let exact = midnights.is_valid(row) && midnights.value(row) == instants.value(row);
        if !exact {
            broken.insert(row, Rule::Type);
        }
    }
    Ok((days, broken))
}
