//! The rows of the gateway's tables.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, StringArray, TimestampMicrosecondArray};
use datafusion::arrow::error::ArrowError;
use datafusion::arrow::record_batch::RecordBatch;
use renkei_plan::CatalogueTable;
use renkei_service::LinkState;
use renkei_types::{SiteId, Timestamp};

use super::client_name;
use super::declare::{self, ALL, Table};
use crate::answers::Entry;
use crate::sites::{Profile, Site};
use crate::state::State;

pub(super) type Rows = Result<RecordBatch, ArrowError>;

pub(super) fn text<T: AsRef<str>>(values: impl Iterator<Item = Option<T>>) -> ArrayRef {
    Arc::new(values.collect::<StringArray>())
}

pub(super) fn integer(values: impl Iterator<Item = Option<i64>>) -> ArrayRef {
    Arc::new(values.collect::<Int64Array>())
}

fn time(values: impl Iterator<Item = Option<Timestamp>>) -> ArrayRef {
    Arc::new(values.map(|at| at.map(|at| at.0)).collect::<TimestampMicrosecondArray>())
}

pub(super) fn whole(number: impl TryInto<i64>) -> Option<i64> {
    number.try_into().ok()
}

pub(super) fn batch(table: &Table, columns: Vec<ArrayRef>) -> Rows {
    RecordBatch::try_new(table.schema(), columns)
}

pub(super) fn sites(state: &State, visible: &[SiteId]) -> Rows {
    let sites: Vec<&Arc<Site>> = visible.iter().filter_map(|id| state.sites.get(id)).collect();
    let links: Vec<LinkState> = sites.iter().map(|site| site.state()).collect();
    let profiles: Vec<Option<Arc<Profile>>> = sites.iter().map(|site| site.profile()).collect();
    let profile = || profiles.iter().map(Option::as_deref);
    let of = |get: fn(&Profile) -> Option<&str>| text(profile().map(|p| p.and_then(get)));
    let number = |get: fn(&Profile) -> Option<i64>| integer(profile().map(|p| p.and_then(get)));
    let at = |get: fn(&Profile) -> Option<Timestamp>| time(profile().map(|p| p.and_then(get)));
    let state_name = |link: &LinkState| if link.is_connected() { "connected" } else { "offline" };
    let since = |link: &LinkState| match link {
        LinkState::Offline { since, .. } | LinkState::Connected { since, .. } => *since,
    };
    batch(
        &declare::SITES,
        vec![
            text(sites.iter().map(|site| Some(site.id.as_str()))),
            text(sites.iter().map(|site| Some(&site.name).filter(|name| !name.is_empty()))),
            text(links.iter().map(|link| Some(state_name(link)))),
            time(links.iter().map(|link| Some(since(link)))),
            of(|p| p.snapshot.as_ref().map(|id| id.as_str())),
            at(|p| p.snapshot_made),
            number(|p| whole(p.persons)),
            number(|p| whole(p.persons_bin)),
            number(|p| Some(p.minimum_persons.into())),
            of(|p| p.snapshot.as_ref().map(|_| p.seal.as_str())),
            of(|p| Some(&p.cdm_version)),
            of(|p| p.vocabulary.as_deref()),
            of(|p| Some(&p.software_version)),
            number(|p| Some(p.plan_version.into())),
            number(|p| Some(p.clock_ahead / 1_000)),
            at(|p| Some(p.at)),
            text(sites.iter().map(|site| Some(site.log().as_str()))),
            of(|p| p.confinement.as_deref()),
        ],
    )
}

fn kind(table: &CatalogueTable) -> &'static str {
    match renkei_cdm::table(table.name()).map(|table| table.kind) {
        Some(renkei_cdm::Kind::Local) => "person",
        Some(renkei_cdm::Kind::SiteOwned) => "site",
        Some(renkei_cdm::Kind::Reference) => "vocabulary",
        Some(renkei_cdm::Kind::Metadata) | None => "gateway",
    }
}

pub(super) fn tables(state: &State, visible: &[SiteId]) -> Rows {
    let tables: Vec<&Arc<CatalogueTable>> = state.planner.catalogue().tables().collect();
    let profiles: Vec<Arc<Profile>> =
        visible.iter().filter_map(|id| state.sites.get(id)).filter_map(|site| site.profile()).collect();
    let having = |table: &CatalogueTable| {
        let count = profiles.iter().filter(|profile| profile.tables.contains(table.name())).count();
        if table.is_gateway() { None } else { whole(count) }
    };
    let doc = |table: &CatalogueTable| {
        let own = ALL.iter().find(|own| own.name == table.name()).map(|own| own.doc);
        own.or_else(|| renkei_cdm::table(table.name()).map(|table| table.doc))
    };
    batch(
        &declare::TABLES,
        vec![
            text(tables.iter().map(|table| Some(client_name(table).0))),
            text(tables.iter().map(|table| Some(client_name(table).1))),
            text(tables.iter().map(|table| Some(kind(table)))),
            integer(tables.iter().map(|table| having(table))),
            text(tables.iter().map(|table| doc(table))),
        ],
    )
}

/// One row of `renkei.columns`.
struct Shown<'a> {
    table: &'a CatalogueTable,
    name: &'a str,
    position: usize,
    data_type: String,
    role: String,
    doc: &'static str,
}

fn shown<'a>(table: &'a CatalogueTable, index: usize, name: &'a str) -> Shown<'a> {
    let position = index + 1;
    let cdm = renkei_cdm::table(table.name()).and_then(|table| table.column(name));
    if let Some(column) = cdm {
        let (data_type, role) = (column.kind.sql(), column.role.to_string());
        return Shown { table, name, position, data_type, role, doc: column.doc };
    }
    let own = ALL.iter().find(|own| own.name == table.name()).and_then(|own| own.columns.get(index));
    match own {
        Some((_, kind, doc)) => {
            Shown { table, name, position, data_type: kind.sql().into(), role: "released".into(), doc }
        }
        None => Shown {
            table,
            name,
            position,
            data_type: "varchar".into(),
            role: "site".into(),
            doc: "The site that owns the row.",
        },
    }
}

pub(super) fn columns(state: &State) -> Rows {
    let tables = state.planner.catalogue().tables();
    let rows: Vec<Shown<'_>> = tables
        .flat_map(|table| {
            let fields = table.columns().fields().iter().enumerate();
            fields.map(|(index, field)| shown(table, index, field.name()))
        })
        .collect();
    batch(
        &declare::COLUMNS,
        vec![
            text(rows.iter().map(|row| Some(client_name(row.table).0))),
            text(rows.iter().map(|row| Some(client_name(row.table).1))),
            text(rows.iter().map(|row| Some(row.name))),
            integer(rows.iter().map(|row| whole(row.position))),
            text(rows.iter().map(|row| Some(&row.data_type))),
            text(rows.iter().map(|row| Some(&row.role))),
            text(rows.iter().map(|row| Some(row.doc))),
        ],
    )
}

pub(super) fn answers(entries: &[Entry]) -> Rows {
    let rows: Vec<_> =
        entries.iter().flat_map(|entry| entry.answered.sites.iter().map(move |outcome| (entry, outcome))).collect();
    batch(
        &declare::ANSWERS,
        vec![
            text(rows.iter().map(|(entry, _)| Some(entry.answered.query_id.as_str()))),
            time(rows.iter().map(|(entry, _)| Some(entry.asked_at))),
            text(rows.iter().map(|(entry, _)| Some(entry.answered.project.as_str()))),
            text(rows.iter().map(|(_, outcome)| Some(outcome.site.as_str()))),
            text(rows.iter().map(|(_, outcome)| Some(outcome.state.as_str()))),
            text(rows.iter().map(|(_, outcome)| outcome.code.map(|code| code.as_str()))),
            text(rows.iter().map(|(_, outcome)| outcome.message.as_deref())),
            text(rows.iter().map(|(_, outcome)| outcome.snapshot.as_ref().map(|id| id.as_str()))),
            text(rows.iter().map(|(_, outcome)| outcome.vocabulary.as_deref())),
            integer(rows.iter().map(|(_, outcome)| outcome.minimum_persons.map(i64::from))),
            integer(rows.iter().map(|(_, outcome)| whole(outcome.elapsed_ms))),
        ],
    )
}
