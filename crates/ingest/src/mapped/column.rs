//! How one column of the CDM gets its value from a row.

use std::borrow::Cow;
use std::collections::BTreeMap;

use renkei_cdm::ColumnType;

use super::date::{Format, when};
use super::fold::fold;
use super::number::{integer, number};
use crate::code::System;
use crate::codes::canonical;
use crate::record::{Cell, Codes, Comparator};
use crate::{Extract, Rule};

/// A column of the CDM's table, and where its value comes from. Source columns are positions in the list of those that
/// the mapping uses.
#[derive(Debug, Clone)]
pub(super) struct Column {
    pub(super) name: &'static str,
    /// Position in the table.
    pub(super) position: u16,
    pub(super) kind: ColumnType,
    /// Joined with a blank.
    pub(super) from: Vec<usize>,
    /// Taken where `from` has nothing.
    pub(super) otherwise: Vec<usize>,
    pub(super) constant: Option<String>,
    /// Folded texts that mean nothing.
    pub(super) empty: Vec<String>,
    /// By folded text; `*` is any other.
    pub(super) map: BTreeMap<String, String>,
    pub(super) default: Option<String>,
    pub(super) system: Option<System>,
    /// Further codes for the same thing.
    pub(super) also: Vec<(usize, System)>,
    /// What the source shows for the code.
    pub(super) display: Option<usize>,
    pub(super) formats: Vec<Format>,
    /// Whether what cannot be read is left empty, and counted, rather than putting the row aside.
    pub(super) lenient: bool,
}

/// What a column has in a row.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Content {
    Cell(Cell),
    /// A number, as its comparator says.
    Compared(f64, Comparator),
    Codes(Codes),
}

impl Column {
    /// The text that is to be converted; nothing where the row has none.
    pub(super) fn text<'a>(&'a self, values: &'a [Cow<'_, str>]) -> Result<Option<Cow<'a, str>>, Rule> {
        if let Some(constant) = &self.constant {
            return Ok(Some(Cow::Borrowed(constant)));
        }
        let joined = [&self.from, &self.otherwise].into_iter().find_map(|columns| {
            let text = joined(columns, values);
            (!text.is_empty() && !self.empty.contains(&fold(&text))).then_some(text)
        });
        let Some(text) = joined else { return Ok(self.default.as_deref().map(Cow::Borrowed)) };
        if self.map.is_empty() {
            return Ok(Some(text));
        }
        match self.map.get(&fold(&text)).or_else(|| self.map.get("*")).or(self.default.as_ref()) {
            Some(mapped) => Ok(Some(Cow::Borrowed(mapped))),
            None => Err(Rule::Type),
        }
    }

    /// The value of the column in a row.
    pub(super) fn content(&self, values: &[Cow<'_, str>], out: &mut Extract) -> Result<Option<Content>, Rule> {
        let Some(text) = self.text(values)? else {
            return Ok(self.codes(None, values, out));
        };
        match self.system {
            Some(_) => Ok(self.codes(Some(&text), values, out)),
            None => self.read(&text).map(Some),
        }
    }

    /// A text as a value of the column's type.
    pub(super) fn read(&self, text: &str) -> Result<Content, Rule> {
        let cell = match self.kind {
            ColumnType::Id => integer(text).map(Cell::Integer).ok_or(Rule::Type)?,
            ColumnType::Concept | ColumnType::Integer => {
                let number = integer(text).ok_or(Rule::Type)?;
                Cell::Integer(i32::try_from(number).map(i64::from).map_err(|_| Rule::Range)?)
            }
            ColumnType::Float => match number(text).ok_or(Rule::Type)? {
                (number, None) => Cell::Float(number),
                (number, Some(comparator)) => return Ok(Content::Compared(number, comparator)),
            },
            ColumnType::Date => Cell::Day(when(text, &self.formats).ok_or(Rule::Type)?.day),
            ColumnType::Datetime => {
                let when = when(text, &self.formats).ok_or(Rule::Type)?;
                // A day without a time is a day, which another column holds.
                when.micros().map_or(Cell::Day(when.day), Cell::Time)
            }
            ColumnType::Text(_) => return Err(Rule::Type),
        };
        Ok(Content::Cell(cell))
    }

    fn codes(&self, text: Option<&str>, values: &[Cow<'_, str>], out: &mut Extract) -> Option<Content> {
        let own = text.into_iter().filter_map(|text| Some((text.trim(), self.system?)));
        let also = self.also.iter().map(|(column, system)| (value(*column, values), *system));
        let mut codes = Codes::new();
        for (text, system) in own.chain(also).filter(|(text, _)| !text.is_empty()) {
            if let Some(code) = canonical(system, text, &mut out.remarks) {
                let display = self.display.map(|column| value(column, values));
                codes.push(out.code(code, display));
            }
        }
        (!codes.is_empty()).then_some(Content::Codes(codes))
    }
}

/// A source column's text, without blanks around it.
pub(super) fn value<'a>(column: usize, values: &'a [Cow<'_, str>]) -> &'a str {
    values.get(column).map_or("", |text| text.trim())
}

fn joined<'a>(columns: &[usize], values: &'a [Cow<'_, str>]) -> Cow<'a, str> {
    match columns {
        [] => Cow::Borrowed(""),
        [column] => Cow::Borrowed(value(*column, values)),
        // The first says whether there is anything: a time of day without its day is nothing.
        [first, ..] if value(*first, values).is_empty() => Cow::Borrowed(""),
        columns => {
            let texts: Vec<&str> =
                columns.iter().map(|column| value(*column, values)).filter(|text| !text.is_empty()).collect();
            Cow::Owned(texts.join(" "))
        }
    }
}
