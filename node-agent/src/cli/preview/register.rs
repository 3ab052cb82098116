//! Whether a statement that was previewed can be registered.

use renkei_disclosure::{Reason, Released};
use renkei_plan::Question;
use renkei_policy::Permit;

use crate::query::Pipeline;
use crate::registered::present;

/// A name of at most 64 letters, digits, spaces and `-_.`.
pub(super) fn name(text: &str) -> Result<String, String> {
    let plain = text.chars().all(|c| c.is_alphanumeric() || " -_.".contains(c));
    if plain && !text.trim().is_empty() && text.chars().count() <= 64 {
        Ok(text.to_owned())
    } else {
        Err("write at most 64 letters, digits, spaces and -_.".to_owned())
    }
}

/// Why it cannot.
pub(super) fn hindrance(question: &Question<'_>, permit: &Permit, cells: &[(usize, Released)]) -> Option<String> {
    if !permit.remembered() {
        return Some("with a minimum below 5 no answer is compared with earlier ones".to_owned());
    }
    if let Some(word) = present(question.sql) {
        return Some(format!("`{word}` means another time with each question; write the date out"));
    }
    let vocabulary = renkei_cdm::tables().iter().filter(|table| table.kind == renkei_cdm::Kind::Reference);
    let vocabulary = vocabulary.map(|table| table.name.to_owned()).collect();
    if Pipeline::planner().split_resolving(question, &vocabulary).is_ok_and(|split| !split.feeds.is_empty()) {
        return Some("its codes are resolved by the gateway, which may bring others; write them out".to_owned());
    }
    let findings = cells.iter().map(|(_, released)| released.findings());
    let reasons = findings.flat_map(|found| found.unlisted.iter().chain(found.held.iter().flatten()));
    let held = reasons.flatten().filter(|reason| **reason != Reason::Ledger).count();
    (held > 0).then(|| {
        format!("{held} of its cells and aggregates do not leave; leave out keys, or take wider bands, until all do")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for (text, fits) in
            [("primary endpoint", true), ("主要評価項目 1", true), ("", false), (" ", false), ("a\nb", false)]
        {
            assert_eq!(name(text).is_ok(), fits, "{text:?}");
        }
        assert!(name(&"x".repeat(65)).is_err());
    }
}
