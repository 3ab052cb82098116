//! TQ1: when a drug is to be taken, how long, how often.

use super::draft::{Draft, amount};
use super::order::Order;
use super::time;
use crate::hl7::Field;
use crate::{System, When};

/// No prescription lasts longer.
const MAX_DAYS: f64 = 3660.0;

/// What all TQ1 of an order say together.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(super) struct Timing {
    /// The earliest start.
    pub(super) start: Option<When>,
    /// The latest end that is stated.
    until: Option<When>,
    /// From the first day to the last.
    pub(super) days: Option<i32>,
    /// How many times in all, of drugs that are taken as needed and have no duration.
    pub(super) as_needed: Option<f64>,
}

impl Timing {
    /// Steps of a dose that changes follow one another, so the days of the order span all of them.
    pub(super) fn of(draft: &mut Draft<'_>, order: &Order<'_>) -> Self {
        let mut timing = Self::default();
        let mut last = None;
        for tq1 in order.named("TQ1") {
            let usage = tq1.field(3).first().component(1);
            if usage.subcomponent(3).raw() == "JAMISDP01" {
                // Kept in the dictionary of codes only.
                let _ = draft.coding(System::Usage, None, &usage.subcomponent(1).text(), &usage.subcomponent(2).text());
            }
            let start = time::when(tq1.value(7));
            let days = days(tq1.field(6));
            timing.start = earlier(timing.start, start);
            timing.until = timing.until.max(time::when(tq1.value(8)));
            timing.days = timing.days.max(days);
            last = last.max(start.zip(days).map(|(start, days)| start.day.plus(days - 1)));
            if days.is_none() && timing.as_needed.is_none() {
                timing.as_needed = amount(tq1.field(14)).filter(|count| *count > 0.0);
            }
        }
        if let (Some(start), Some(last)) = (timing.start, last) {
            timing.days = timing.days.max(Some(last.0 - start.day.0 + 1));
        }
        timing
    }

    /// The end that is stated, or else the last of the days.
    pub(super) fn end(&self, start: When) -> Option<When> {
        self.until.or_else(|| self.days.map(|days| When::day(start.day.plus(days - 1))))
    }
}

fn earlier(a: Option<When>, b: Option<When>) -> Option<When> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// `5^d`, `2^wk`, and the older `D5`.
fn days(field: Field<'_>) -> Option<i32> {
    let field = field.first();
    let (number, unit) = (field.component(1).text(), field.component(2).subcomponent(1).raw());
    let (number, unit) = match number.strip_prefix(['D', 'W']) {
        Some(rest) if unit.is_empty() => (rest, number.get(..1).unwrap_or_default()),
        _ => (number.as_ref(), unit),
    };
    let factor = match unit {
        "" | "d" | "D" | "day" | "DAY" | "日" | "日分" => 1.0,
        "w" | "W" | "wk" | "WK" | "週" => 7.0,
        _ => return None,
    };
    let days = number.trim().parse::<f64>().ok()? * factor;
    #[expect(clippy::cast_possible_truncation, reason = "the range was checked")]
    (1.0..=MAX_DAYS).contains(&days).then_some(days.ceil() as i32)
}
