//! One table: its columns, who owns its rows.

use std::sync::Arc;

use arrow_schema::{Schema, SchemaRef};

use crate::Column;

/// Who owns the rows, and so where they may be (FEDERATED_QUERY §1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Rows of persons: every row has one owner, through `person_id` (`subject_id` in `cohort`).
    Local,
    /// Rows of the site: care sites, providers, locations.
    SiteOwned,
    /// Vocabulary: the same for everybody.
    Reference,
    /// About the data set itself; kept in the snapshot, not in the researchers' catalogue.
    Metadata,
}

/// The specification's own grouping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Category {
    /// Clinical data.
    Clinical,
    /// Health system data.
    HealthSystem,
    /// Health economics data.
    HealthEconomics,
    /// Standardized derived elements.
    Derived,
    /// Metadata.
    Metadata,
    /// Vocabularies.
    Vocabulary,
    /// Results schema: cohorts.
    Results,
}

/// One table of the CDM.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Table {
    /// Name, in lower case.
    pub name: &'static str,
    /// Who owns its rows.
    pub kind: Kind,
    /// The specification's grouping.
    pub category: Category,
    /// Whether a CDM instance must have rows in it.
    pub required: bool,
    /// What one row is, in a line.
    pub doc: &'static str,
    /// Columns in the specification's order.
    pub columns: &'static [Column],
}

impl Table {
    /// The Arrow schema: one field per column, nullable unless required.
    #[must_use]
    pub fn arrow_schema(&self) -> SchemaRef {
        Arc::new(Schema::new(self.columns.iter().map(Column::field).collect::<Vec<_>>()))
    }

    /// The column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The primary key, where the specification names one.
    #[must_use]
    pub fn primary_key(&self) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.primary_key)
    }

    /// The column that names the row's person: `person_id`, or `subject_id` in `cohort`. `None` unless Local.
    #[must_use]
    pub fn person_column(&self) -> Option<&'static Column> {
        if self.kind != Kind::Local {
            return None;
        }
        self.column("person_id").or_else(|| self.column("subject_id"))
    }
}
