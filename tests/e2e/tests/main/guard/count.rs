//! The same by hand: loops over the records, the rule of the minimum as it is documented.

use std::collections::{BTreeMap, BTreeSet};

use renkei_e2e::records::Person;

use super::statements::{Aggregate, Kind, Row, Statement};

/// The minimum of persons.
const MINIMUM: usize = 10;

/// A row of the answer.
pub(super) struct Expected {
    /// The aggregates; none where every site holds it, and where nothing has a value.
    pub(super) values: Vec<Option<f64>>,
    /// Sites that list the cell.
    pub(super) sites: usize,
    /// Sites that hold it, or an aggregate of it.
    pub(super) held: usize,
}

type Cells<'a> = BTreeMap<Vec<String>, Vec<Row<'a>>>;

pub(super) fn expected(statement: &Statement, hospitals: &[(&str, &[Person])]) -> BTreeMap<Vec<String>, Expected> {
    let sites: Vec<Cells<'_>> = hospitals.iter().map(|(site, people)| cells(statement, site, people)).collect();
    let mut keys: BTreeSet<Vec<String>> = sites.iter().flat_map(|cells| cells.keys().cloned()).collect();
    if statement.keys.is_empty() {
        keys.insert(Vec::new());
    }
    let by_site = statement.keys.iter().any(|(sql, _)| *sql == "p.site_id");
    keys.into_iter()
        .map(|key| {
            let listing: Vec<&Vec<Row<'_>>> = sites.iter().filter_map(|cells| cells.get(&key)).collect();
            let row = merged(statement, &listing, if by_site { 1 } else { hospitals.len() });
            (key, row)
        })
        .collect()
}

/// A site's cells with enough persons.
fn cells<'a>(statement: &Statement, site: &'a str, people: &'a [Person]) -> Cells<'a> {
    let mut cells = Cells::new();
    for row in rows(statement.kind, site, people).into_iter().filter(|row| statement.filter.is_none_or(|(_, f)| f(row)))
    {
        let key = statement.keys.iter().map(|(_, key)| key(&row)).collect();
        cells.entry(key).or_default().push(row);
    }
    cells.retain(|_, rows| persons(rows.iter()) >= MINIMUM);
    cells
}

fn rows<'a>(kind: Kind, site: &'a str, people: &'a [Person]) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    for (number, person) in people.iter().enumerate() {
        let row = || Row { site, number, person, visit: None, test: None, disease: None };
        match kind {
            Kind::Person => rows.push(row()),
            Kind::Visit => rows.extend(person.visits.iter().map(|visit| Row { visit: Some(visit), ..row() })),
            Kind::Test => rows.extend(person.tests.iter().map(|test| Row { test: Some(test), ..row() })),
            Kind::Disease => rows.extend(person.diseases.iter().map(|d| Row { disease: Some(*d), ..row() })),
        }
    }
    rows
}

fn persons<'a>(rows: impl Iterator<Item = &'a Row<'a>>) -> usize {
    rows.map(|row| row.number).collect::<BTreeSet<_>>().len()
}

fn merged(statement: &Statement, listing: &[&Vec<Row<'_>>], sites: usize) -> Expected {
    let holding: Vec<Vec<bool>> = listing.iter().map(|rows| held(&statement.aggregates, rows)).collect();
    let value = |(i, aggregate): (usize, &Aggregate)| {
        let leaves = listing.iter().zip(&holding).filter(|(_, held)| !held[i]);
        let released: Vec<&Vec<Row<'_>>> = leaves.map(|(rows, _)| *rows).collect();
        if released.is_empty() { None } else { evaluate(*aggregate, &released) }
    };
    Expected {
        values: statement.aggregates.iter().enumerate().map(value).collect(),
        sites: listing.len(),
        held: sites - listing.len() + holding.iter().filter(|held| held.contains(&true)).count(),
    }
}

/// Whether a row contributes to an aggregate, and whether that depends on a condition.
fn contributes(aggregate: Aggregate, row: &Row<'_>) -> (bool, bool) {
    match aggregate {
        Aggregate::Rows | Aggregate::Persons => (true, false),
        Aggregate::Known => (row.value().is_some(), false),
        Aggregate::Sum | Aggregate::Mean | Aggregate::Deviation => (row.value().is_some_and(|v| v != 0.0), false),
        Aggregate::RowsWhere((_, f)) | Aggregate::PersonsWhere((_, f)) | Aggregate::SumWhere((_, f)) => (f(row), true),
    }
}

/// Which aggregates of a cell are held.
fn held(aggregates: &[Aggregate], rows: &[Row<'_>]) -> Vec<bool> {
    let few = |n: usize| n != 0 && n < MINIMUM;
    let contributors = |aggregate: Aggregate| -> BTreeSet<usize> {
        rows.iter().filter(|row| contributes(aggregate, row).0).map(|row| row.number).collect()
    };
    let conditional = |aggregate: Aggregate| rows.iter().any(|row| contributes(aggregate, row).1);
    let whole = |aggregate: Aggregate| matches!(aggregate, Aggregate::Rows | Aggregate::Persons);
    let mut held: Vec<bool> = Vec::new();
    for (i, aggregate) in aggregates.iter().copied().enumerate() {
        let contributing = contributors(aggregate);
        // What lies between two aggregates of which a condition chooses one.
        let close = aggregates.iter().take(i).zip(&held).any(|(earlier, held)| {
            let apart = contributing.symmetric_difference(&contributors(*earlier)).count();
            !held && !whole(*earlier) && (conditional(*earlier) || conditional(aggregate)) && few(apart)
        });
        held.push(
            contributing.len() < MINIMUM
                || conditional(aggregate) && persons(rows.iter()) - contributing.len() < MINIMUM
                || !whole(aggregate) && close
                || dominated(aggregate, rows),
        );
    }
    held
}

/// Whether one or two persons make up nearly all of a sum.
fn dominated(aggregate: Aggregate, rows: &[Row<'_>]) -> bool {
    let mut amounts: BTreeMap<usize, f64> = BTreeMap::new();
    for row in rows.iter().filter(|row| contributes(aggregate, row).0) {
        *amounts.entry(row.number).or_default() += match aggregate {
            Aggregate::Sum | Aggregate::Mean | Aggregate::Deviation => row.value().unwrap_or_default().abs(),
            Aggregate::SumWhere(_) => 1.0,
            _ => return false,
        };
    }
    let mut amounts: Vec<f64> = amounts.into_values().collect();
    amounts.sort_by(|a, b| b.total_cmp(a));
    let [first, second, rest @ ..] = amounts.as_slice() else { return false };
    let rest: f64 = rest.iter().sum();
    rest < first * 0.1 || first + second > (first + second + rest) * 0.9
}

#[expect(clippy::cast_precision_loss, reason = "a few hundred rows")]
fn evaluate(aggregate: Aggregate, sites: &[&Vec<Row<'_>>]) -> Option<f64> {
    let rows = || sites.iter().flat_map(|rows| rows.iter());
    let values: Vec<f64> = match aggregate {
        Aggregate::Sum | Aggregate::Mean | Aggregate::Deviation => rows().filter_map(Row::value).collect(),
        _ => Vec::new(),
    };
    let (n, sum) = (values.len() as f64, values.iter().sum::<f64>());
    let some = |value: f64| (!values.is_empty()).then_some(value);
    let contributing = |row: &&Row<'_>| contributes(aggregate, row).0;
    match aggregate {
        Aggregate::Persons | Aggregate::PersonsWhere(_) => {
            Some(sites.iter().map(|rows| persons(rows.iter().filter(contributing))).sum::<usize>() as f64)
        }
        Aggregate::Rows | Aggregate::Known | Aggregate::RowsWhere(_) | Aggregate::SumWhere(_) => {
            Some(rows().filter(contributing).count() as f64)
        }
        Aggregate::Sum => some(sum),
        Aggregate::Mean => some(sum / n),
        Aggregate::Deviation => some((values.iter().map(|v| (v - sum / n).powi(2)).sum::<f64>() / n).sqrt()),
    }
}
