//! Which relations of the schemas are CDM tables, and which of their columns are read; everything that keeps them from
//! being read is found before the first row is.

use std::collections::BTreeMap;

use renkei_cdm::{Category, ColumnType, Table, nearest, table, v53_rename};
use tokio_postgres::Transaction;

use super::column::Shape;
use super::fault::{self, quote};
use super::{Config, Skipped};
use crate::{Error, Kind};

/// A table to be read.
pub(super) struct Relation {
    pub(super) table: &'static Table,
    /// Schema and name, as SQL writes them.
    pub(super) place: String,
    pub(super) columns: Vec<Asked>,
    /// Position of the column by which pages follow each other; a cursor where there is none.
    pub(super) key: Option<usize>,
    /// What the server's statistics say about the number of rows.
    pub(super) estimate: Option<u64>,
    pub(super) skipped: Vec<Skipped>,
}

/// A column that is asked for.
pub(super) struct Asked {
    /// Name in the file: that of CDM v5.4 or v5.3, in lower case.
    pub(super) name: String,
    /// As SQL writes it, with its cast.
    pub(super) expression: String,
    /// As SQL writes it.
    pub(super) quoted: String,
    pub(super) shape: Shape,
}

/// What the catalogue says of one column.
struct Attribute {
    name: String,
    kind: String,
    readable: bool,
    key: bool,
}

const RELATIONS: &str = "SELECT c.oid, c.relname::text, c.reltuples::float8, \
    format('%I.%I', n.nspname, c.relname) FROM pg_class c \
    JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relkind IN ('r', 'p', 'v', 'm', 'f')";

const ATTRIBUTES: &str = "SELECT a.attname::text, format_type(a.atttypid, a.atttypmod), \
    coalesce(has_column_privilege(a.attrelid, a.attnum, 'SELECT'), false), EXISTS (SELECT FROM pg_index i \
    WHERE i.indrelid = a.attrelid AND i.indisprimary AND i.indnatts = 1 AND i.indkey[0] = a.attnum) \
    FROM pg_attribute a WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum";

const WITH_PERSONS: &str = "SELECT DISTINCT n.nspname::text FROM pg_class c JOIN pg_namespace n \
    ON n.oid = c.relnamespace WHERE lower(c.relname) = 'person' AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
    ORDER BY 1 LIMIT 10";

/// The catalogue of one database, in the transaction that will read the rows.
pub(super) struct Catalogue<'a> {
    pub(super) config: &'a Config,
    pub(super) transaction: &'a Transaction<'a>,
}

impl Catalogue<'_> {
    /// The tables to read, in the specification's order: person comes first.
    pub(super) async fn relations(&self) -> Result<Vec<Relation>, Error> {
        let mut found = self.schema(&self.config.schema, |_| true).await?;
        if !found.contains_key("person") {
            return Err(self.without_persons(&self.config.schema).await?);
        }
        if let Some(schema) = &self.config.vocabulary_schema {
            let vocabulary = |table: &Table| table.category == Category::Vocabulary;
            let theirs = self.schema(schema, vocabulary).await?;
            if theirs.is_empty() {
                let what = format!("the schema {schema} has no vocabulary tables");
                return Err(Error::new(Kind::Source, what, "set vocabulary_schema to the one with concept in it"));
            }
            found.extend(theirs);
        }
        self.allowed(&found)?;
        let mut relations = Vec::new();
        for table in renkei_cdm::tables() {
            if let Some(found) = found.remove(table.name) {
                relations.push(self.relation(table, found).await?);
            }
        }
        Ok(relations)
    }

    async fn schema(
        &self,
        schema: &str,
        wanted: impl Fn(&Table) -> bool,
    ) -> Result<BTreeMap<&'static str, Found>, Error> {
        let failed = |error| fault::reading(self.config, &format!("the catalogue of {schema}"), &error);
        self.usage(schema).await?;
        let mut found: BTreeMap<&'static str, Found> = BTreeMap::new();
        for row in self.transaction.query(RELATIONS, &[&schema]).await.map_err(failed)? {
            let (oid, name, tuples, place): (u32, String, f64, String) =
                (row.get(0), row.get(1), row.get(2), row.get(3));
            let Some(table) = table(&name.to_lowercase()) else { continue };
            if !wanted(table) || self.config.skip.iter().any(|skip| skip == table.name) {
                continue;
            }
            if let Some(other) = found.get(table.name) {
                let what = format!("{place} and {} are both the table {}", other.place, table.name);
                return Err(Error::new(
                    Kind::Source,
                    what,
                    "leave one of them, or make a schema of views for the node",
                ));
            }
            let attributes = self.attributes(oid).await.map_err(failed)?;
            // A table of another meaning that happens to have the name.
            if !attributes.iter().any(|attribute| meaning(table.name, &attribute.name).is_some()) {
                continue;
            }
            let schema = schema.to_owned();
            found.insert(table.name, Found { schema, place, tuples, attributes });
        }
        Ok(found)
    }

    async fn attributes(&self, oid: u32) -> Result<Vec<Attribute>, tokio_postgres::Error> {
        let rows = self.transaction.query(ATTRIBUTES, &[&oid]).await?;
        let attribute = |row: &tokio_postgres::Row| Attribute {
            name: row.get(0),
            kind: row.get(1),
            readable: row.get(2),
            key: row.get(3),
        };
        Ok(rows.iter().map(attribute).collect())
    }

    /// Whether the schema is there and may be looked into.
    async fn usage(&self, schema: &str) -> Result<(), Error> {
        let failed = |error| fault::reading(self.config, &format!("the catalogue of {schema}"), &error);
        let query = "SELECT coalesce(has_schema_privilege(oid, 'USAGE'), false) FROM pg_namespace WHERE nspname = $1";
        match self.transaction.query_opt(query, &[&schema]).await.map_err(failed)?.map(|row| row.get(0)) {
            Some(true) => Ok(()),
            Some(false) => {
                let what = format!("{} may not look into the schema {schema}", self.config.user);
                let grant = format!("GRANT USAGE ON SCHEMA {} TO {}", quote(schema), quote(&self.config.user));
                Err(Error::new(Kind::Refused, what, format!("let its owner run: {grant}")))
            }
            None => Err(self.without_persons(schema).await?),
        }
    }

    /// The schema is not there, or has no person table: which ones have?
    async fn without_persons(&self, schema: &str) -> Result<Error, Error> {
        let failed = |error| fault::reading(self.config, "the catalogue", &error);
        let rows = self.transaction.query(WITH_PERSONS, &[]).await.map_err(failed)?;
        let others: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
        let what = format!("the database {} has no table person in a schema {schema}", self.config.database);
        let remedy = match others.is_empty() {
            true => "name the database with the OMOP CDM tables; this one has none".to_owned(),
            false => format!("set schema to one that has it: {}", others.join(", ")),
        };
        Ok(Error::new(Kind::Source, what, remedy))
    }

    /// All that may not be read, in one error.
    fn allowed(&self, found: &BTreeMap<&'static str, Found>) -> Result<(), Error> {
        let mut closed: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for (name, found) in found {
            let mut wanted = found.attributes.iter().filter(|attribute| meaning(name, &attribute.name).is_some());
            if wanted.any(|attribute| !attribute.readable) {
                closed.entry(&found.schema).or_default().push(&found.place);
            }
        }
        if closed.is_empty() {
            return Ok(());
        }
        let tables = closed.values().flatten().copied().collect::<Vec<_>>().join(", ");
        let what = format!("{} may not read {tables}", self.config.user);
        let remedy = format!("let the owner run: GRANT SELECT ON {tables} TO {}", quote(&self.config.user));
        Err(Error::new(Kind::Refused, what, remedy))
    }

    async fn relation(&self, table: &'static Table, found: Found) -> Result<Relation, Error> {
        let (mut wanted, mut skipped) = (Vec::new(), Vec::new());
        for attribute in &found.attributes {
            match meaning(table.name, &attribute.name) {
                Some((name, kind)) => wanted.push((name, kind, attribute)),
                None => skipped.push(stranger(table, &attribute.name)),
            }
        }
        let mut names: Vec<&str> = wanted.iter().map(|(name, ..)| name.as_str()).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            let what = format!("{} has the column {} twice, in different case", found.place, twice[0]);
            return Err(Error::new(Kind::Source, what, "give the node a view with one of them"));
        }
        let quoted: Vec<String> = wanted.iter().map(|(.., attribute)| quoted(&attribute.name)).collect();
        // The types that the server will send, domains resolved.
        let probe = format!("SELECT {} FROM {}", quoted.join(", "), found.place);
        let failed = |error| fault::reading(self.config, &found.place, &error);
        let statement = self.transaction.prepare(&probe).await.map_err(failed)?;
        let mut columns = Vec::new();
        for (((name, kind, attribute), quoted), sent) in wanted.iter().zip(quoted).zip(statement.columns()) {
            let Some((cast, shape)) = Shape::of(sent.type_(), *kind) else {
                return Err(foreign(&found.place, attribute, *kind));
            };
            columns.push(Asked { name: name.clone(), expression: format!("{quoted}{cast}"), quoted, shape });
        }
        let key =
            wanted.iter().zip(&columns).position(|((.., attribute), asked)| attribute.key && asked.shape.is_key());
        let estimate = (found.tuples >= 0.0).then_some(found.tuples as u64).filter(|rows| *rows > 0);
        Ok(Relation { table, place: found.place, columns, key, estimate, skipped })
    }
}

/// A relation, found by its name.
struct Found {
    schema: String,
    place: String,
    tuples: f64,
    attributes: Vec<Attribute>,
}

/// The name and type in the CDM of a column of the database.
fn meaning(table_name: &str, column: &str) -> Option<(String, ColumnType)> {
    let name = column.to_lowercase();
    let table = table(table_name)?;
    let target = v53_rename(table_name, &name).unwrap_or(&name);
    let kind = table.column(target)?.kind;
    Some((name, kind))
}

fn stranger(table: &Table, column: &str) -> Skipped {
    let near = nearest(&column.to_lowercase(), table.columns.iter().map(|column| column.name));
    Skipped { column: column.to_owned(), nearest: near.first().map(|name| (*name).to_owned()) }
}

fn foreign(place: &str, attribute: &Attribute, kind: ColumnType) -> Error {
    let what = format!(
        "the column {} of {place} has the type {}, and the CDM's is {}",
        attribute.name,
        attribute.kind,
        kind.sql()
    );
    Error::new(Kind::Source, what, "give the node a view that casts it, or have the table mended")
}

/// Always in quotes, as a column may be called by a word of SQL (`offset`).
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
