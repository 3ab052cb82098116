//! Which columns of a master hold what: as the site names them, by the header, by the publisher's order, by shape.

use std::path::Path;

use csv::StringRecord;

use super::{Column, Master, MasterKind};
use crate::code::{Coding, System};
use crate::codes::canonical;
use crate::codes::error::CodesError;
use crate::codes::table::{Table, plain};
use crate::remark::Remarks;

/// Records that are looked at to find columns.
const SAMPLE: usize = 200;

const REMEDY: &str = "check the file and its kind, or name its columns by key_column and target_column";

/// What is known of a column beforehand.
struct Known {
    system: System,
    /// Beginnings of its name in a header.
    names: &'static [&'static str],
    /// Its number from 1 in the publisher's order.
    number: usize,
}

/// MEDIS's basic table of diseases: the publisher's list of fields (byomei.org).
const NUMBER: Known = Known { system: System::Medis, names: &["病名管理番号"], number: 2 };
const EXCHANGE: Known = Known { system: System::MedisExchange, names: &["病名交換用コード"], number: 6 };
const ICD10: Known =
    Known { system: System::Icd10, names: &["icd10", "icd10コード", "icd-10", "icd-10コード"], number: 7 };

/// MEDIS's HOT master: 24 columns under a header, the same for 13 and for 9 digits.
const HOT: Known = Known { system: System::Hot9, names: &["基準番号(hotコード)", "基準番号"], number: 1 };
const YJ: Known = Known { system: System::Yj, names: &["個別医薬品コード"], number: 8 };
const RECEIPT_1: Known =
    Known { system: System::Receipt, names: &["レセプト電算処理システムコード(1)"], number: 9 };
const RECEIPT_2: Known =
    Known { system: System::Receipt, names: &["レセプト電算処理システムコード(2)"], number: 10 };

/// The drug master of the fee tables: no header; the price code is the 32nd column.
const DRUG: Known = Known { system: System::Receipt, names: &["医薬品コード"], number: 3 };
const PRICE: Known =
    Known { system: System::Yj, names: &["薬価基準コード", "薬価基準収載医薬品コード"], number: 32 };

/// The pairs of a master: the first is the one that a site's own columns stand for; the others are taken where their
/// columns are found.
fn pairs(kind: MasterKind) -> &'static [(Known, Known)] {
    match kind {
        MasterKind::MedisDisease => &[(NUMBER, ICD10), (EXCHANGE, NUMBER)],
        MasterKind::MedisHot => &[(HOT, YJ), (RECEIPT_1, YJ), (RECEIPT_2, YJ)],
        MasterKind::ReceiptDrug => &[(DRUG, PRICE)],
    }
}

/// A pair of columns, found.
pub(super) struct Pair {
    key: (usize, System),
    target: (usize, System),
}

impl Pair {
    /// The codes of a record, where both have the shape of their system.
    pub(super) fn of(&self, record: &StringRecord) -> Option<(Coding, Coding)> {
        let code = |(at, system): (usize, System)| coding(system, record.get(at)?);
        Some((code(self.key)?, code(self.target)?))
    }
}

fn coding(system: System, text: &str) -> Option<Coding> {
    canonical(system, text, &mut Remarks::default()).filter(|coding| coding.system == system)
}

/// Finds the columns of a master.
pub(super) fn find<'a>(master: &Master, content: &'a str) -> Result<(Table<'a>, Vec<Pair>), CodesError> {
    let known = pairs(master.kind);
    let first = Table::of(content, false).records().next().unwrap_or_default();
    let headless = known.iter().any(|(key, _)| first.iter().any(|cell| coding(key.system, cell).is_some()));
    let table = Table::of(content, !headless);
    let sample: Vec<StringRecord> = table.records().take(SAMPLE).collect();
    let mut found = Vec::new();
    for (index, (key, target)) in known.iter().enumerate() {
        let main = index == 0;
        let at = |own: &Option<Column>, known: &Known| match own.as_ref().filter(|_| main) {
            Some(column) => named(&table, column).ok_or_else(|| missing(&master.file, &describe(column))),
            None => guess(&table, &sample, known, main).ok_or_else(|| missing(&master.file, known.names[0])),
        };
        match (at(&master.key_column, key), at(&master.target_column, target)) {
            (Ok(key_at), Ok(target_at)) => {
                found.push(Pair { key: (key_at, key.system), target: (target_at, target.system) });
            }
            (Err(error), _) | (_, Err(error)) if main => return Err(error),
            _ => {}
        }
    }
    Ok((table, found))
}

fn named(table: &Table<'_>, column: &Column) -> Option<usize> {
    match column {
        Column::Number(number) => number.checked_sub(1).filter(|at| *at < table.width),
        Column::Name(name) => table.position(&[&plain(name)]),
    }
}

/// By the header; by the publisher's order if the column holds such codes; by what the columns hold.
fn guess(table: &Table<'_>, sample: &[StringRecord], known: &Known, main: bool) -> Option<usize> {
    if let Some(at) = table.position(known.names) {
        return Some(at);
    }
    let place = known.number - 1;
    if holds(sample, place, known.system) {
        return Some(place);
    }
    (0..table.width).find(|at| main && holds(sample, *at, known.system))
}

/// Whether most of a column's cells that are not empty have the shape of a system.
fn holds(sample: &[StringRecord], at: usize, system: System) -> bool {
    let cells = sample.iter().filter_map(|record| record.get(at)).filter(|cell| !cell.trim().is_empty());
    let (mut all, mut fit) = (0, 0);
    for cell in cells {
        all += 1;
        fit += usize::from(coding(system, cell).is_some());
    }
    fit > 0 && fit * 10 >= all * 8
}

fn describe(column: &Column) -> String {
    match column {
        Column::Number(number) => format!("column {number}"),
        Column::Name(name) => format!("column {name}"),
    }
}

fn missing(file: &Path, what: &str) -> CodesError {
    CodesError::Columns { file: file.to_owned(), what: format!("{what} is not found in it"), remedy: REMEDY }
}
