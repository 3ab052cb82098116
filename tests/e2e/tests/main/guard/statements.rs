//! Statements from templates: every table, under every one and two of its keys, with and without filters.

use renkei_e2e::records::{Person, Test, VISITS, Visit};

/// One row of a table, with its person.
pub(super) struct Row<'a> {
    pub(super) site: &'a str,
    pub(super) number: usize,
    pub(super) person: &'a Person,
    pub(super) visit: Option<&'a Visit>,
    pub(super) test: Option<&'a Test>,
    pub(super) disease: Option<i32>,
}

impl Row<'_> {
    fn visit(&self) -> &Visit {
        self.visit.expect("a visit")
    }

    fn test(&self) -> &Test {
        self.test.expect("a test")
    }

    pub(super) fn value(&self) -> Option<f64> {
        self.test().value
    }
}

/// A condition in SQL, and by hand.
pub(super) type Condition = (&'static str, fn(&Row<'_>) -> bool);
/// A key in SQL, and by hand.
pub(super) type Key = (&'static str, fn(&Row<'_>) -> String);

/// An aggregate.
#[derive(Clone, Copy)]
pub(super) enum Aggregate {
    Rows,
    Persons,
    Known,
    Sum,
    Mean,
    Deviation,
    RowsWhere(Condition),
    PersonsWhere(Condition),
    SumWhere(Condition),
}

impl Aggregate {
    fn sql(self) -> String {
        match self {
            Self::Rows => "count(*)".into(),
            Self::Persons => "count(DISTINCT p.person_id)".into(),
            Self::Known => "count(m.value_as_number)".into(),
            Self::Sum => "sum(m.value_as_number)".into(),
            Self::Mean => "avg(m.value_as_number)".into(),
            Self::Deviation => "stddev_pop(m.value_as_number)".into(),
            Self::RowsWhere((condition, _)) => format!("count(*) FILTER (WHERE {condition})"),
            Self::PersonsWhere((condition, _)) => format!("count(DISTINCT p.person_id) FILTER (WHERE {condition})"),
            Self::SumWhere((condition, _)) => format!("sum(CASE WHEN {condition} THEN 1 ELSE 0 END)"),
        }
    }
}

/// A table with what can be asked of it.
pub(super) struct Table {
    pub(super) kind: Kind,
    from: &'static str,
    keys: Vec<Key>,
    filters: Vec<Condition>,
    aggregates: Vec<Aggregate>,
}

/// Which rows a table has.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Person,
    Visit,
    Test,
    Disease,
}

/// One statement.
pub(super) struct Statement {
    pub(super) kind: Kind,
    from: &'static str,
    pub(super) keys: Vec<Key>,
    pub(super) filter: Option<Condition>,
    pub(super) aggregates: Vec<Aggregate>,
}

impl Statement {
    pub(super) fn sql(&self) -> String {
        let keys = self.keys.iter().enumerate().map(|(i, (sql, _))| format!("{sql} AS k{i}"));
        let aggregates =
            self.aggregates.iter().enumerate().map(|(i, aggregate)| format!("{} AS a{i}", aggregate.sql()));
        let select = keys.chain(aggregates).collect::<Vec<_>>().join(", ");
        let filter = self.filter.map(|(sql, _)| format!(" WHERE {sql}")).unwrap_or_default();
        let group = match self.keys.len() {
            0 => String::new(),
            n => format!(" GROUP BY {}", (1..=n).map(|i| i.to_string()).collect::<Vec<_>>().join(", ")),
        };
        format!("SELECT {select} FROM {}{filter}{group}", self.from)
    }
}

const OLD: Condition = ("p.year_of_birth < 1960", |row| row.person.born < 1960);
const FEW: Condition = ("p.year_of_birth < 1936", |row| row.person.born < 1936);
const STAYED: Condition = ("v.visit_concept_id = 9201", |row| row.visit().kind == VISITS[0]);
const HIGH: Condition = ("m.value_as_number > 7", |row| row.value().is_some_and(|value| value > 7.0));
const VERY_HIGH: Condition = ("m.value_as_number > 9.4", |row| row.value().is_some_and(|value| value > 9.4));

const SITE: Key = ("p.site_id", |row| row.site.to_owned());
const SEX: Key = ("p.gender_concept_id", |row| row.person.sex.to_string());
const BAND: Key =
    ("CASE WHEN p.year_of_birth < 1940 THEN 'oldest' WHEN p.year_of_birth < 1975 THEN 'old' ELSE 'young' END", |row| {
        match row.person.born {
            ..1940 => "oldest".into(),
            1940..1975 => "old".into(),
            _ => "young".into(),
        }
    });

const OLDEST: Key = ("CASE WHEN p.year_of_birth < 1936 THEN 1 END", |row| match FEW.1(row) {
    true => "1".into(),
    false => "NULL".into(),
});

fn tables() -> [Table; 4] {
    use Aggregate::{Deviation, Known, Mean, Persons, PersonsWhere, Rows, RowsWhere, Sum, SumWhere};
    [
        Table {
            kind: Kind::Person,
            from: "person p",
            keys: vec![SITE, SEX, BAND, OLDEST, ("p.race_concept_id", |_| "0".into())],
            filters: vec![OLD, FEW],
            aggregates: vec![Rows, Persons, RowsWhere(OLD), SumWhere(FEW)],
        },
        Table {
            kind: Kind::Visit,
            from: "visit_occurrence v JOIN person p ON p.person_id = v.person_id",
            keys: vec![
                SITE,
                SEX,
                BAND,
                ("v.visit_concept_id", |row| row.visit().kind.to_string()),
                ("date_part('year', v.visit_start_date)", |row| row.visit().year.to_string()),
            ],
            filters: vec![OLD, STAYED],
            aggregates: vec![Rows, Persons, PersonsWhere(STAYED), SumWhere(STAYED), RowsWhere(FEW)],
        },
        Table {
            kind: Kind::Test,
            from: "measurement m JOIN person p ON p.person_id = m.person_id",
            keys: vec![
                SITE,
                SEX,
                BAND,
                ("m.measurement_concept_id", |row| row.test().concept.to_string()),
                ("date_part('year', m.measurement_date)", |row| row.test().year.to_string()),
            ],
            filters: vec![OLD, HIGH],
            aggregates: vec![
                Rows,
                Known,
                Sum,
                Mean,
                Deviation,
                PersonsWhere(HIGH),
                RowsWhere(VERY_HIGH),
                SumWhere(HIGH),
            ],
        },
        Table {
            kind: Kind::Disease,
            from: "condition_occurrence c JOIN person p ON p.person_id = c.person_id",
            keys: vec![
                SITE,
                SEX,
                BAND,
                ("c.condition_concept_id", |row| row.disease.expect("a disease").to_string()),
                OLDEST,
            ],
            filters: vec![OLD, FEW],
            aggregates: vec![Rows, Persons, PersonsWhere(OLD), RowsWhere(FEW)],
        },
    ]
}

/// Every statement.
pub(super) fn all() -> Vec<Statement> {
    tables().iter().flat_map(of).collect()
}

fn of(table: &Table) -> Vec<Statement> {
    let n = table.keys.len();
    let pairs = (0..n).flat_map(|i| (i + 1..n).map(move |j| vec![i, j]));
    let sets: Vec<Vec<usize>> = std::iter::once(Vec::new()).chain((0..n).map(|i| vec![i])).chain(pairs).collect();
    let filters = || std::iter::once(None).chain(table.filters.iter().copied().map(Some));
    let statement = |keys: &Vec<usize>, filter| Statement {
        kind: table.kind,
        from: table.from,
        keys: keys.iter().map(|i| table.keys[*i]).collect(),
        filter,
        aggregates: table.aggregates.clone(),
    };
    sets.iter().flat_map(|keys| filters().map(move |filter| statement(keys, filter))).collect()
}
