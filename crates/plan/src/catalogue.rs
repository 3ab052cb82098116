//! What a researcher sees: the CDM's tables without the columns that never leave, with `site_id`.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::logical_expr::{LogicalPlan, TableSource};
use renkei_cdm::{Kind, OWNER_COLUMN, Role, SITE_COLUMN, Table};

use crate::meaning::{Class, Meaning};

/// Who owns the rows of a catalogue table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    Person,
    Site,
    Nobody,
    /// A table of the gateway's own, such as `renkei.sites`: already released.
    Gateway,
}

/// One table as the planner sees it: a schema without data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogueTable {
    name: String,
    pub(crate) owner: Owner,
    schema: SchemaRef,
    pub(crate) meanings: Vec<Meaning>,
}

impl CatalogueTable {
    fn cdm(table: &'static Table) -> Option<Self> {
        let owner = match table.kind {
            Kind::Local => Owner::Person,
            Kind::SiteOwned => Owner::Site,
            Kind::Reference => Owner::Nobody,
            Kind::Metadata => return None,
        };
        let visible = || table.columns.iter().filter(|column| column.role != Role::Never);
        let mut fields: Vec<Field> = visible().map(renkei_cdm::Column::field).collect();
        let mut meanings: Vec<Meaning> = visible().map(Meaning::of_column).collect();
        if owner != Owner::Nobody {
            fields.push(Field::new(SITE_COLUMN, DataType::Utf8, false));
            meanings.push(Meaning::plain(Class::Site));
        }
        Some(Self { name: table.name.to_owned(), owner, schema: Arc::new(Schema::new(fields)), meanings })
    }

    /// The table's name; gateway tables are `schema.name`.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The columns that researchers see.
    #[must_use]
    pub fn columns(&self) -> &SchemaRef {
        &self.schema
    }

    /// Whether the gateway itself answers this table.
    #[must_use]
    pub fn is_gateway(&self) -> bool {
        self.owner == Owner::Gateway
    }

    /// The same table with the hidden owner column last, for scans inside a hospital.
    pub(crate) fn with_owner(&self) -> Self {
        let mut fields: Vec<_> = self.schema.fields().iter().cloned().collect();
        fields.push(Arc::new(Field::new(OWNER_COLUMN, DataType::UInt32, false)));
        Self { schema: Arc::new(Schema::new(fields)), ..self.clone() }
    }
}

impl TableSource for CatalogueTable {
    fn schema(&self) -> SchemaRef {
        Arc::clone(&self.schema)
    }
}

/// Whether the plan node is a scan of a catalogue table that has to be bound to data before it can run.
#[must_use]
pub fn is_catalogue_scan(plan: &LogicalPlan) -> Option<&CatalogueTable> {
    match plan {
        LogicalPlan::TableScan(scan) => scan.source.downcast_ref::<CatalogueTable>(),
        _ => None,
    }
}

/// Every table that a statement may name.
#[derive(Debug, Clone)]
pub struct Catalogue {
    tables: BTreeMap<String, Arc<CatalogueTable>>,
}

impl Catalogue {
    /// The CDM's tables.
    #[must_use]
    pub fn cdm() -> Self {
        let tables = renkei_cdm::tables().iter().filter_map(CatalogueTable::cdm);
        Self { tables: tables.map(|table| (table.name.clone(), Arc::new(table))).collect() }
    }

    /// Adds a table that the gateway answers itself, named `schema.name`.
    #[must_use]
    pub fn with_gateway_table(mut self, name: &str, schema: SchemaRef) -> Self {
        let meanings = vec![Meaning::RELEASED; schema.fields().len()];
        let table = CatalogueTable { name: name.to_owned(), owner: Owner::Gateway, schema, meanings };
        self.tables.insert(name.to_owned(), Arc::new(table));
        self
    }

    /// The table of that name.
    #[must_use]
    pub fn table(&self, name: &str) -> Option<&Arc<CatalogueTable>> {
        self.tables.get(name)
    }

    /// Every table, by name.
    pub fn tables(&self) -> impl Iterator<Item = &Arc<CatalogueTable>> {
        self.tables.values()
    }
}
