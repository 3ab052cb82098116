//! The codes in use, and the rules of the language.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::arrow::array::Float64Array;
use renkei_plan::Question;
use renkei_types::{SiteId, Timestamp};

use super::declare;
use super::rows::{Rows, batch, integer, text, whole};
use crate::sites::{Code, Codes};
use crate::state::State;

/// What the sites say of one code together.
#[derive(Debug, Default)]
struct Sum {
    persons: u64,
    sites: usize,
    /// Percent of rows without concept, times persons.
    unmapped: u64,
}

impl Sum {
    #[expect(clippy::cast_precision_loss, reason = "a share needs no 53 bits")]
    fn share(&self) -> f64 {
        self.unmapped as f64 / 100.0 / self.persons.max(1) as f64
    }
}

pub(super) fn codes(state: &State, visible: &[SiteId]) -> Rows {
    let published: Vec<Arc<Codes>> =
        visible.iter().filter_map(|id| state.sites.get(id)).map(|site| site.codes()).collect();
    let mut sums: BTreeMap<(&str, &str, Option<&str>, &str), Sum> = BTreeMap::new();
    for Code { table, system, code, unit, persons, unmapped } in published.iter().flat_map(|codes| &codes.codes) {
        let sum = sums.entry((system, code, unit.as_deref(), table)).or_default();
        sum.persons = sum.persons.saturating_add(*persons);
        sum.sites += 1;
        sum.unmapped = sum.unmapped.saturating_add(persons.saturating_mul(u64::from(*unmapped)));
    }
    batch(
        &declare::CODES,
        vec![
            text(sums.keys().map(|key| Some(key.0))),
            text(sums.keys().map(|key| Some(key.1))),
            text(sums.keys().map(|key| key.2)),
            text(sums.keys().map(|key| Some(key.3))),
            integer(sums.values().map(|sum| whole(sum.persons))),
            integer(sums.values().map(|sum| whole(sum.sites))),
            Arc::new(sums.values().map(|sum| Some(sum.share())).collect::<Float64Array>()),
        ],
    )
}

/// The rules, each with the hint that the refused statement gets.
pub(super) fn rules(state: &State) -> Rows {
    let rules = renkei_plan::rules();
    let hint = |sql| {
        let refused = state.planner.split(&Question { sql, parameters: &[], bound_at: Timestamp(0) });
        refused.err().and_then(|refusal| refusal.hint)
    };
    batch(
        &declare::RULES,
        vec![
            text(rules.iter().map(|rule| Some(rule.rule))),
            text(rules.iter().map(|rule| Some(rule.rule_ja))),
            text(rules.iter().map(|rule| Some(rule.accepted))),
            text(rules.iter().map(|rule| Some(rule.refused))),
            text(rules.iter().map(|rule| Some(rule.code.as_str()))),
            text(rules.iter().map(|rule| hint(rule.refused))),
        ],
    )
}
