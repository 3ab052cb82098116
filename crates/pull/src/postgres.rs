//! OMOP CDM v5.3 or v5.4 in PostgreSQL, into one Parquet file per table.
//!
//! # What must stay true
//! All tables are of one moment: one transaction, REPEATABLE READ and READ ONLY, sees them all. The account needs
//! CONNECT, USAGE of the schema and SELECT, and nothing is written, not even a temporary table. Only columns of the CDM
//! are asked for; what a hospital keeps beside them never leaves the server. A value is copied exactly, or becomes NULL
//! and is counted ([`Lost`]): infinite dates and numbers, years outside of 1 to 9999, decimals for ids that are no
//! 64-bit integers, text that is not UTF-8. Everything that can be found before the first row is: schema, permissions,
//! types. The folder becomes a data set at the end, or stays empty (see `folder`).
//!
//! # Pages
//! Rows come in pages, so that the limit of time holds for a page and not for a table. Where the table has a primary
//! key of one integer column, a page is what follows the last key, by the index, and files come out in the order of the
//! key; otherwise (views, tables without key) a cursor of the server gives one page after the other. Both see the same
//! moment. Memory is that of a page on the network, one batch and one row group, whatever the table's size.
//!
//! # Connection
//! TLS 1.2 or 1.3 with the server's certificate checked for authority and name, or no connection; in the clear only
//! through a unix socket or to this machine. The password comes from a file.
//!
//! # Rejected
//! COPY: it cannot be stopped and continued in one snapshot, and one statement would have to outlast the table.
//! Parallel connections on an exported snapshot: the hospital's server has other work. A password in `.pgpass`'s
//! format: one file for one password says the same without a search.

mod catalogue;
mod channel;
mod column;
mod config;
mod copy;
mod fault;
mod folder;
mod session;
mod value;

use std::path::Path;

use renkei_cdm::tables;
use renkei_types::Timestamp;
use tokio_postgres::Transaction;

use self::catalogue::{Catalogue, Relation};
pub use self::config::{Config, Tls};
use self::copy::TableCopy;
use self::folder::Filling;
use self::session::Session;
use crate::{Error, Kind};

/// How far a pull is; told after each page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The table.
    pub table: &'static str,
    /// Rows of it that were read.
    pub rows: u64,
    /// Rows that it has by the server's statistics, which may be old.
    pub estimate: Option<u64>,
    /// Whether that was all of it.
    pub done: bool,
}

/// What was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pulled {
    /// The moment that all tables are of, by the server's clock.
    pub as_of: Timestamp,
    /// Version of the server, such as `17.5`.
    pub server: String,
    /// Tables, in the specification's order.
    pub tables: Vec<PulledTable>,
    /// Tables of the CDM that the database does not have, without those that are skipped.
    pub absent: Vec<&'static str>,
    /// Whether the account could change one of the tables: it should not be able to.
    pub may_write: bool,
}

/// One table that was pulled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PulledTable {
    /// Its name; the file is `<name>.parquet`.
    pub table: &'static str,
    /// Rows.
    pub rows: u64,
    /// Bytes of the file.
    pub bytes: u64,
    /// Values that became NULL, by column; columns without any are not listed.
    pub lost: Vec<Lost>,
    /// Columns of the database that are none of the CDM, and were not read.
    pub skipped: Vec<Skipped>,
}

/// Values of a column that became NULL, as no file can hold them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lost {
    /// The column.
    pub column: String,
    /// How many.
    pub values: u64,
}

/// A column of the database that is none of the CDM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skipped {
    /// Its name.
    pub column: String,
    /// The CDM's column that may have been meant.
    pub nearest: Option<String>,
}

/// Pulls all CDM tables of a database into an empty folder, which is made where it is missing. Blocks; must not be
/// called from within an asynchronous runtime.
///
/// # Errors
/// The reason, with the remedy; the folder is then as empty as it was.
pub fn pull(config: &Config, out: &Path, progress: &mut dyn FnMut(Progress)) -> Result<Pulled, Error> {
    config.check()?;
    let mut filling = Filling::of(out)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime
        .map_err(|error| Error::new(Kind::Local, "no thread can be set up for the network", "report this").by(error))?;
    let pulled = runtime.block_on(fill(config, &mut filling, out, progress))?;
    filling.finish()?;
    Ok(pulled)
}

async fn fill(
    config: &Config,
    filling: &mut Filling,
    out: &Path,
    progress: &mut dyn FnMut(Progress),
) -> Result<Pulled, Error> {
    let mut session = Session::open(config).await?;
    let transaction = session.begin(config).await?;
    let (as_of, server) = moment(config, &transaction).await?;
    let relations = Catalogue { config, transaction: &transaction }.relations().await?;
    let may_write = may_write(config, &transaction, &relations).await?;
    let mut pulled = Vec::new();
    for relation in &relations {
        let copy = TableCopy::new(config, &transaction, relation, filling, out)?;
        pulled.push(copy.run(progress).await?);
    }
    let has = |name: &str| relations.iter().any(|relation| relation.table.name == name);
    let wanted = |name: &&str| !has(name) && !config.skip.iter().any(|skip| skip == name);
    let absent = tables().iter().map(|table| table.name).filter(wanted).collect();
    Ok(Pulled { as_of, server, tables: pulled, absent, may_write })
}

/// The transaction began with the snapshot.
async fn moment(config: &Config, transaction: &Transaction<'_>) -> Result<(Timestamp, String), Error> {
    let query = "SELECT (extract(epoch FROM now()) * 1000000)::int8, current_setting('server_version')";
    let row = transaction.query_one(query, &[]).await.map_err(|error| fault::reading(config, "the clock", &error))?;
    Ok((Timestamp(row.get(0)), row.get(1)))
}

async fn may_write(config: &Config, transaction: &Transaction<'_>, relations: &[Relation]) -> Result<bool, Error> {
    let query = "SELECT coalesce(bool_or(has_table_privilege(name, 'INSERT, UPDATE, DELETE, TRUNCATE')), false) \
        FROM unnest($1::text[]) AS name";
    let places: Vec<&str> = relations.iter().map(|relation| relation.place.as_str()).collect();
    let row = transaction.query_one(query, &[&places]).await;
    Ok(row.map_err(|error| fault::reading(config, "the catalogue", &error))?.get(0))
}
