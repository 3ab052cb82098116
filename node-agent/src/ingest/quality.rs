//! Data-quality checks in the categories of OHDSI's DataQualityDashboard: conformance, completeness, plausibility.
//!
//! Names and thresholds are those of its version 2.8 for CDM v5.4, for the checks that counts of an ingest can answer.
//! A threshold of 0 is broken by any row; otherwise a check fails when more than that share of the rows violate it.
//! Each is compared with the snapshot before.

use serde::{Deserialize, Serialize};

use super::findings::Oddity;
use super::report::{Report, TableReport};

/// What a check is about (Kahn et al. 2016).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Whether values are what the model says.
    Conformance,
    /// Whether what should be there is.
    Completeness,
    /// Whether values can be true.
    Plausibility,
}

impl Category {
    /// Every category, in the order of reports.
    pub const ALL: [Self; 3] = [Self::Conformance, Self::Completeness, Self::Plausibility];

    /// In Japanese.
    #[must_use]
    pub fn japanese(self) -> &'static str {
        match self {
            Self::Conformance => "適合性",
            Self::Completeness => "完全性",
            Self::Plausibility => "妥当性",
        }
    }

    /// In English.
    #[must_use]
    pub fn english(self) -> &'static str {
        match self {
            Self::Conformance => "Conformance",
            Self::Completeness => "Completeness",
            Self::Plausibility => "Plausibility",
        }
    }
}

/// The outcome of one check.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Check {
    /// Category.
    pub category: Category,
    /// The dashboard's name of the check, such as `plausibleAfterBirth`.
    pub name: String,
    /// The table.
    pub table: String,
    /// The column; absent where it is the table as a whole.
    pub column: Option<String>,
    /// Rows, or persons, that violate it.
    pub violated: u64,
    /// Rows, or persons, that were looked at.
    pub of: u64,
    /// Share in per cent that is tolerated.
    pub threshold: f64,
}

impl Check {
    /// The share that violates it, in per cent.
    #[must_use]
    pub fn percent(&self) -> f64 {
        if self.of == 0 { 0.0 } else { 100.0 * self.violated as f64 / self.of as f64 }
    }

    /// Whether it is within its threshold.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.violated == 0 || (self.threshold > 0.0 && self.percent() <= self.threshold)
    }
}

/// Tables whose rows should have a standard concept: at most 5 % without.
const WITH_CONCEPT: [&str; 8] = [
    "visit_occurrence",
    "condition_occurrence",
    "drug_exposure",
    "procedure_occurrence",
    "device_exposure",
    "measurement",
    "observation",
    "specimen",
];

/// Tables in which persons should occur, and how many of a hundred may be missing.
const WITH_PERSONS: [(&str, f64); 5] = [
    ("observation_period", 0.0),
    ("visit_occurrence", 95.0),
    ("condition_occurrence", 95.0),
    ("drug_exposure", 95.0),
    ("measurement", 95.0),
];

/// The checks that the counts of an ingest answer, by category, table and name.
#[must_use]
pub fn checks(report: &Report) -> Vec<Check> {
    let mut checks = Vec::new();
    for table in &report.tables {
        let check = |category, name: &str, violated, of, threshold| Check {
            category,
            name: name.to_owned(),
            table: table.table.clone(),
            column: None,
            violated,
            of,
            threshold,
        };
        checks.push(check(Category::Conformance, "isRepresentable", table.quarantined(), table.read, 0.0));
        if WITH_CONCEPT.contains(&table.table.as_str()) {
            let name = "standardConceptRecordCompleteness";
            checks.push(check(Category::Completeness, name, table.unmapped, table.accepted, 5.0));
        }
        checks.extend(found(report, table));
    }
    checks.extend(persons(report));
    checks.sort_by(|a, b| (a.category, &a.table, &a.name, &a.column).cmp(&(b.category, &b.table, &b.name, &b.column)));
    checks
}

/// Checks on what was found odd; of those that found nothing there is no word.
fn found<'a>(report: &'a Report, table: &'a TableReport) -> impl Iterator<Item = Check> + 'a {
    report.findings.iter().filter(|finding| finding.table == table.table).map(|finding| {
        let (category, name, threshold) = match finding.oddity {
            Oddity::DuplicateKey => (Category::Conformance, "isPrimaryKey", 0.0),
            Oddity::UnknownVisit | Oddity::UnknownConcept => (Category::Conformance, "isForeignKey", 0.0),
            Oddity::TooLong => (Category::Conformance, "cdmDatatype", 0.0),
            Oddity::EndBeforeStart => (Category::Plausibility, "plausibleStartBeforeEnd", 1.0),
            Oddity::Before1900 => (Category::Plausibility, "plausibleValueLow", 1.0),
            Oddity::AfterSnapshot => (Category::Plausibility, "plausibleValueHigh", 1.0),
            Oddity::BeforeBirth => (Category::Plausibility, "plausibleAfterBirth", 1.0),
        };
        Check {
            category,
            name: name.to_owned(),
            table: finding.table.clone(),
            column: Some(finding.column.clone()),
            violated: finding.rows,
            of: table.accepted,
            threshold,
        }
    })
}

fn persons(report: &Report) -> impl Iterator<Item = Check> + '_ {
    WITH_PERSONS.into_iter().map(|(name, threshold)| {
        let present = report.tables.iter().find(|table| table.table == name).map_or(0, |table| table.persons);
        Check {
            category: Category::Completeness,
            name: "measurePersonCompleteness".to_owned(),
            table: name.to_owned(),
            column: None,
            violated: report.persons.present.saturating_sub(present),
            of: report.persons.present,
            threshold,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_check_fails_beyond_its_threshold_and_at_zero_by_any_row() {
        let check = |violated, of, threshold| {
            let (name, table) = (String::new(), String::new());
            Check { category: Category::Conformance, name, table, column: None, violated, of, threshold }.passes()
        };
        assert!(check(0, 0, 0.0) && check(0, 10, 0.0) && check(1, 100, 1.0) && check(5, 100, 5.0));
        assert!(!check(1, 1_000_000, 0.0) && !check(2, 100, 1.0) && !check(1, 1, 5.0));
    }
}
