//! The `value[x]` of an observation or of one of its components.

use serde::Deserialize;

use super::json::{List, Text};
use super::literal::{self, Literal};
use super::model::{Concept, Quantity, Range, Ratio};
use super::{codes, remarks};
use crate::code::Coding as Code;
use crate::record::{Comparator, Grade, Value};
use crate::{Extract, System};

/// Declares a resource or element that has a `value[x]`: its own fields, those of the value, and a view on the latter.
macro_rules! answering {
    ($(#[$meta:meta])* $name:ident { $($(#[$attribute:meta])* $field:ident: $kind:ty,)* }) => {
        $(#[$meta])*
        #[derive(Debug, Default, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub(super) struct $name<'a> {
            $($(#[$attribute])* $field: $kind,)*
            #[serde(borrow)]
            value_quantity: Option<$crate::fhir::model::Quantity<'a>>,
            #[serde(borrow)]
            value_codeable_concept: Option<$crate::fhir::model::Concept<'a>>,
            #[serde(borrow)]
            value_string: Option<$crate::fhir::json::Text<'a>>,
            value_boolean: Option<bool>,
            value_integer: Option<f64>,
            #[serde(borrow)]
            value_range: Option<$crate::fhir::model::Range<'a>>,
            #[serde(borrow)]
            value_ratio: Option<$crate::fhir::model::Ratio<'a>>,
            value_sampled_data: Option<serde::de::IgnoredAny>,
            value_time: Option<serde::de::IgnoredAny>,
            value_date_time: Option<serde::de::IgnoredAny>,
            value_period: Option<serde::de::IgnoredAny>,
            #[serde(borrow)]
            data_absent_reason: Option<&'a serde_json::value::RawValue>,
            #[serde(borrow)]
            interpretation: $crate::fhir::json::List<$crate::fhir::model::Concept<'a>>,
            #[serde(borrow)]
            reference_range: $crate::fhir::json::List<$crate::fhir::answer::ReferenceRange<'a>>,
        }

        impl<'a> $name<'a> {
            fn answer(&self) -> $crate::fhir::answer::Answer<'_, 'a> {
                $crate::fhir::answer::Answer {
                    quantity: self.value_quantity.as_ref(),
                    concept: self.value_codeable_concept.as_ref(),
                    string: self.value_string.as_ref(),
                    boolean: self.value_boolean,
                    integer: self.value_integer,
                    range: self.value_range.as_ref(),
                    ratio: self.value_ratio.as_ref(),
                    other: self.value_sampled_data.is_some()
                        || self.value_time.is_some()
                        || self.value_date_time.is_some()
                        || self.value_period.is_some(),
                    absent: self.data_absent_reason.map(serde_json::value::RawValue::get),
                    interpretation: &self.interpretation,
                    normal: &self.reference_range,
                }
            }
        }
    };
}
pub(super) use answering;

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ReferenceRange<'a> {
    #[serde(borrow)]
    low: Option<Quantity<'a>>,
    #[serde(borrow)]
    high: Option<Quantity<'a>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Concept<'a>>,
}

/// A `value[x]` with what stands beside it.
#[derive(Debug)]
pub(super) struct Answer<'x, 'a> {
    pub(super) quantity: Option<&'x Quantity<'a>>,
    pub(super) concept: Option<&'x Concept<'a>>,
    pub(super) string: Option<&'x Text<'a>>,
    pub(super) boolean: Option<bool>,
    pub(super) integer: Option<f64>,
    pub(super) range: Option<&'x Range<'a>>,
    pub(super) ratio: Option<&'x Ratio<'a>>,
    pub(super) other: bool,
    /// Why there is no value, as it stands in the resource.
    pub(super) absent: Option<&'x str>,
    pub(super) interpretation: &'x List<Concept<'a>>,
    pub(super) normal: &'x List<ReferenceRange<'a>>,
}

impl Answer<'_, '_> {
    /// Whether there is a value of any kind.
    pub(super) fn is_given(&self) -> bool {
        self.quantity.is_some_and(|quantity| quantity.value.is_some())
            || self.concept.is_some()
            || self.string.is_some()
            || self.boolean.is_some()
            || self.integer.is_some()
            || self.range.is_some()
            || self.ratio.is_some()
            || self.other
    }

    /// The value, as far as it is a number, a grade or a code.
    pub(super) fn value(&self, out: &mut Extract) -> Value {
        let mut value = self.main(out);
        self.interpret(&mut value, out);
        if value.unread {
            out.remark(&remarks::VALUE_UNREAD);
        }
        self.limit(&mut value);
        value
    }

    fn main(&self, out: &mut Extract) -> Value {
        if let Some(quantity) = self.quantity {
            return measured(quantity, out);
        }
        if let Some(concept) = self.concept {
            let code = codes::first(concept, out);
            let text = concept.text.text().filter(|_| code.is_none());
            return Value { code, ..text.map(written).unwrap_or_default() };
        }
        if let Some(text) = self.string {
            return written(text);
        }
        if let Some(yes) = self.boolean {
            let code = Code::new(System::Hl7(136), if yes { "Y" } else { "N" });
            return Value { code: Some(out.code(code, None)), ..Value::default() };
        }
        if let Some(number) = self.integer {
            return Value { number: Some(number), ..Value::default() };
        }
        if let Some(range) = self.range {
            return spanned(range, out);
        }
        if let Some(ratio) = self.ratio {
            return divided(ratio, out);
        }
        Value { unread: self.other, ..Value::default() }
    }

    /// Where nothing else says the result, its interpretation does: positive or negative, or how an organism reacts.
    fn interpret(&self, value: &mut Value, out: &mut Extract) {
        if value.number.is_some() || value.grade.is_some() || value.code.is_some() {
            return;
        }
        for coding in self.interpretation.iter().flat_map(|concept| concept.coding.iter()) {
            match coding.code.as_deref() {
                Some("POS") => value.grade = Some(Grade::Positive),
                Some("NEG") => value.grade = Some(Grade::Negative),
                Some("S" | "I" | "R" | "SDD" | "NS") => value.code = codes::one(coding, None, out),
                _ => continue,
            }
            value.unread = false;
            return;
        }
    }

    /// The normal range, where it is in the unit of the value. Ranges of treatment and the like are none.
    fn limit(&self, value: &mut Value) {
        let normal = |range: &&ReferenceRange<'_>| {
            range.kind.as_ref().is_none_or(|kind| kind.coding.is_empty() || kind.codes().any(|code| code == "normal"))
        };
        let Some(range) = self.normal.iter().find(normal) else { return };
        let limit = |limit: &Option<Quantity<'_>>| {
            let limit = limit.as_ref()?;
            self.quantity.is_none_or(|own| same_unit(own, limit)).then_some(limit.value?)
        };
        (value.low, value.high) = (limit(&range.low), limit(&range.high));
    }
}

fn same_unit(own: &Quantity<'_>, limit: &Quantity<'_>) -> bool {
    match (own.code.as_deref(), limit.code.as_deref()) {
        (Some(own), Some(limit)) => own == limit,
        _ => own.unit.text().is_none() || limit.unit.text().is_none() || own.unit.text() == limit.unit.text(),
    }
}

fn measured(quantity: &Quantity<'_>, out: &mut Extract) -> Value {
    let comparator = match quantity.comparator.as_deref() {
        None => None,
        Some("<") => Some(Comparator::Less),
        Some("<=") => Some(Comparator::AtMost),
        Some(">=") => Some(Comparator::AtLeast),
        Some(">") => Some(Comparator::Greater),
        Some(_) => {
            out.remark(&remarks::COMPARATOR);
            return Value { unread: true, ..Value::default() };
        }
    };
    Value { number: quantity.value, comparator, unit: codes::unit(quantity, out), ..Value::default() }
}

fn written(text: &str) -> Value {
    match literal::read(text) {
        Some(Literal::Number(number, comparator)) => Value { number: Some(number), comparator, ..Value::default() },
        Some(Literal::Grade(grade)) => Value { grade: Some(grade), ..Value::default() },
        None => Value { unread: true, ..Value::default() },
    }
}

/// A range with one end is a comparison; one with two is no single number.
fn spanned(range: &Range<'_>, out: &mut Extract) -> Value {
    let number = |end: &Option<Quantity<'_>>| end.as_ref().and_then(|end| end.value);
    let (end, comparator) = match (number(&range.low), number(&range.high)) {
        (Some(_), None) => (&range.low, Some(Comparator::AtLeast)),
        (None, Some(_)) => (&range.high, Some(Comparator::AtMost)),
        (Some(low), Some(high)) if low == high => (&range.low, None),
        _ => return Value { unread: true, ..Value::default() },
    };
    let unit = end.as_ref().and_then(|end| codes::unit(end, out));
    Value { number: number(end), comparator, unit, ..Value::default() }
}

/// A ratio over one is its numerator. Others are no number that all hospitals would write alike: a titre of 1:64 is 64
/// here and 0.0156 there.
fn divided(ratio: &Ratio<'_>, out: &mut Extract) -> Value {
    let unread = Value { unread: true, ..Value::default() };
    let Some(numerator) = &ratio.numerator else { return unread };
    match &ratio.denominator {
        Some(one) if one.value != Some(1.0) || one.code.is_some() || one.unit.text().is_some() => unread,
        _ => measured(numerator, out),
    }
}
