//! The reference documentation of the tables, as Markdown made from the declarations.
//!
//! `docs/reference/cdm.md` holds the output; a test refuses a stale copy.

use std::fmt::Write as _;

use crate::{CDM_VERSION, Category, Column, Kind, Role, Table, tables};

/// The reference documentation: what roles and types mean, then one section per table.
#[must_use]
pub fn reference_markdown() -> String {
    let mut page = preamble();
    for table in tables() {
        page.push_str(&section(table));
    }
    page
}

fn preamble() -> String {
    let mut page = format!(
        "<!-- Generated from crates/cdm/src/tables by the test `regenerate_reference`; edit there. -->\n\n\
         # Tables of OMOP CDM v{CDM_VERSION}\n\n\
         Every table and column, as Renkei stores it and as its language rules treat it.\n\n\
         An arrow in the column *Type* leads to the table that the column points to, by that table's identifier.\n\n\
         | Role | What a question may do with the column |\n|---|---|\n"
    );
    for (role, meaning) in roles() {
        let _ = writeln!(page, "| {role} | {meaning} |");
    }
    page.push_str("\n| Rows | Where they are |\n|---|---|\n");
    for kind in [Kind::Local, Kind::SiteOwned, Kind::Reference, Kind::Metadata] {
        let _ = writeln!(page, "| {} | {} |", kind_name(kind), kind_meaning(kind));
    }
    page
}

fn section(table: &Table) -> String {
    let required = if table.required { "; required" } else { "" };
    let mut text = format!(
        "\n## {name}\n\n{doc}\n\n*{category}; {kind}{required}.*\n\n\
         | Column | Type | Arrow | Required | Role | Meaning |\n|---|---|---|---|---|---|\n",
        name = table.name,
        doc = table.doc,
        category = category_name(table.category),
        kind = kind_name(table.kind),
    );
    for column in table.columns {
        let _ = writeln!(text, "{}", row(column));
    }
    text
}

fn row(column: &Column) -> String {
    let target = column.foreign_key.map(|key| format!(" → [{0}](#{0})", key.table)).unwrap_or_default();
    let required = match (column.primary_key, column.required) {
        (true, _) => "primary key",
        (false, true) => "yes",
        (false, false) => "",
    };
    format!(
        "| `{}` | {}{target} | {} | {required} | {} | {} |",
        column.name,
        column.kind.sql(),
        column.kind.arrow(),
        column.role,
        column.doc.replace('|', "\\|"),
    )
}

fn roles() -> [(String, &'static str); 7] {
    [
        ("key(*table*)".into(), "Join by equality on keys of the same table, group below the release, count distinct."),
        (Role::Code.to_string(), "Compare with literals, match a literal prefix, group."),
        (Role::Date.to_string(), "Compare, take intervals within one person, group by ISO week, month or coarser."),
        (Role::Amount.to_string(), "Compare, compute with, aggregate."),
        (Role::Coarse.to_string(), "Compare, group, average."),
        (Role::Never.to_string(), "Nothing: the column is not in the researchers' catalogue."),
        (Role::Reference.to_string(), "Public vocabulary, never about a person."),
    ]
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Local => "rows of persons",
        Kind::SiteOwned => "rows of the site",
        Kind::Reference => "vocabulary",
        Kind::Metadata => "about the data set",
    }
}

fn kind_meaning(kind: Kind) -> &'static str {
    match kind {
        Kind::Local => "Only at the site; every row has one person, who is what release rules count.",
        Kind::SiteOwned => "Only at the site; about its places and staff.",
        Kind::Reference => "Loaded by each site itself; the same for everybody.",
        Kind::Metadata => "In the snapshot only; not in the researchers' catalogue.",
    }
}

fn category_name(category: Category) -> &'static str {
    match category {
        Category::Clinical => "Clinical data",
        Category::HealthSystem => "Health system data",
        Category::HealthEconomics => "Health economics data",
        Category::Derived => "Standardized derived elements",
        Category::Metadata => "Metadata",
        Category::Vocabulary => "Vocabularies",
        Category::Results => "Results schema",
    }
}
