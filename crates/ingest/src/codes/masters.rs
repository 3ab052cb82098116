//! Masters: public tables of code pairs that a site gets itself and that may not be passed on.
//!
//! They turn MEDIS's disease numbers into ICD-10, and the drug codes of every kind of source into one: YJ. Without
//! them hospitals with SS-MIX2, FHIR and DPC share no code of a drug at all.
//!
//! The price code of the fee tables has YJ's shape and is taken for it where HOT's master knows no product: of generics
//! that share a price it names the group.
//!
//! A key with several targets is no pair: nothing is guessed, and the key is counted.

mod columns;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;

use serde::Deserialize;

use super::error::CodesError;
use super::remarks::{MASTER_AMBIGUOUS, MASTER_ROW};
use super::table;
use crate::code::{Coding, System};
use crate::record::Codes;
use crate::remark::Remarks;

/// Which master a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MasterKind {
    /// MEDIS's master of diseases, basic table (病名基本テーブル): management number, exchange code, ICD-10.
    MedisDisease,
    /// MEDIS's master of HOT codes, of 13 digits or of 9: HOT, receipt code, YJ.
    MedisHot,
    /// The master of drugs of the fee tables (医薬品マスター): receipt code and price code.
    ReceiptDrug,
}

/// A column, by its number from 1 or by its name in the header.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum Column {
    /// From 1.
    Number(usize),
    /// As the header has it; width and case of letters do not matter.
    Name(String),
}

/// A file of the site.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Master {
    /// What it is.
    pub kind: MasterKind,
    /// The CSV file, in CP932 or UTF-8, with or without a header.
    pub file: PathBuf,
    /// The column of the key (management number, HOT, receipt code), where it is not where the publisher has it.
    pub key_column: Option<Column>,
    /// The column of the target (ICD-10, YJ, price code), likewise.
    pub target_column: Option<Column>,
}

/// The pairs of all masters of a site.
#[derive(Debug, Default)]
pub struct Masters {
    pairs: HashMap<Coding, Coding>,
    remarks: Remarks,
}

impl Masters {
    /// Reads the masters. Of two that know one key, the one that stands first counts.
    ///
    /// # Errors
    /// A file that cannot be read, or whose columns are not found.
    pub fn load(masters: &[Master]) -> Result<Self, CodesError> {
        let mut all = Self::default();
        for master in masters {
            for (key, target) in all.read(master)? {
                all.pairs.entry(key).or_insert(target);
            }
        }
        Ok(all)
    }

    fn read(&mut self, master: &Master) -> Result<HashMap<Coding, Coding>, CodesError> {
        let content = table::read(&master.file)?;
        let (table, pairs) = columns::find(master, &content)?;
        let mut found = HashMap::new();
        let mut ambiguous = BTreeSet::new();
        for record in table.records() {
            let mut read = false;
            for pair in &pairs {
                let Some((key, target)) = pair.of(&record) else { continue };
                read = true;
                if found.get(&key).is_some_and(|known| *known != target) {
                    ambiguous.insert(key);
                } else {
                    found.insert(key, target);
                }
            }
            if !read {
                self.remarks.add(&MASTER_ROW);
            }
        }
        self.remarks.add_many(&MASTER_AMBIGUOUS, ambiguous.len() as u64);
        found.retain(|key, _| !ambiguous.contains(key));
        Ok(found)
    }

    /// Adds the codes that the masters know for those of a source. They stand behind the source's own; but of drugs YJ
    /// stands first, and of diseases ICD-10, so that one thing has one source value whatever its source calls it.
    pub fn expand(&self, codes: &mut Codes) {
        let mut next = 0;
        while let Some(coding) = codes.get(next) {
            let target = self.pairs.get(coding).cloned();
            let known = |target: &Coding| {
                codes.iter().any(|own| own == target || (own.system == System::Yj && target.system == System::Yj))
            };
            if let Some(target) = target.filter(|target| !known(target)) {
                codes.push(target);
            }
            next += 1;
        }
        let common = |coding: &Coding| matches!(coding.system, System::Yj | System::Icd10);
        if let Some(common) = codes.iter().position(common) {
            codes[..=common].rotate_right(1);
        }
    }

    /// How many keys are known.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pairs.len()
    }

    /// Whether none is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }

    /// What was odd in the masters.
    #[must_use]
    pub fn remarks(&self) -> &Remarks {
        &self.remarks
    }
}

#[cfg(test)]
mod tests;
