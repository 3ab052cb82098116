//! Groups of segments that belong to one order.

use super::draft::Draft;
use super::remarks::ORDER_CANCELLED;
use crate::hl7::{Message, Segment};

/// Order number of kinds that have none.
const NONE: char = '9';

/// ORC with the segments that follow up to the next one.
pub(super) struct Order<'m> {
    pub(super) orc: Option<Segment<'m>>,
    pub(super) segments: Vec<Segment<'m>>,
    /// The first RXR.
    pub(super) rxr: Option<Segment<'m>>,
}

impl<'m> Order<'m> {
    /// The orders of a message; orders that were cancelled are left out. Where no ORC comes first, `opens` begins one.
    pub(super) fn all(draft: &mut Draft<'_>, message: &'m Message<'_>, opens: &str) -> Vec<Self> {
        let mut orders: Vec<Self> = Vec::new();
        for segment in message.segments() {
            if segment.id() == "ORC" {
                orders.push(Self { orc: Some(segment), segments: Vec::new(), rxr: None });
                continue;
            }
            if orders.is_empty() && segment.id() == opens {
                orders.push(Self { orc: None, segments: Vec::new(), rxr: None });
            }
            if let Some(order) = orders.last_mut() {
                order.segments.push(segment);
                order.rxr = order.rxr.or(Some(segment).filter(|segment| segment.id() == "RXR"));
            }
        }
        let all = orders.len();
        orders.retain(|order| !matches!(order.control(), "CA" | "OC" | "CR"));
        draft.extract.remarks.add_many(&ORDER_CANCELLED, (all - orders.len()) as u64);
        orders
    }

    /// ORC-1.
    pub(super) fn control(&self) -> &'m str {
        self.orc.map_or("", |orc| orc.value(1))
    }

    /// ORC-9.
    pub(super) fn time(&self) -> &'m str {
        self.orc.map_or("", |orc| orc.value(9))
    }

    /// ORC-2, or else the number in the name of the file.
    pub(super) fn number(&self, draft: &Draft<'_>) -> Option<String> {
        let stated = self.orc.map_or("", |orc| orc.value(2));
        let named = draft.name.order.as_str();
        let number = if stated.is_empty() { named } else { stated };
        (!number.trim_matches(NONE).is_empty() && number.len() <= 64).then(|| number.to_owned())
    }

    pub(super) fn named(&self, id: &'static str) -> impl Iterator<Item = Segment<'m>> {
        self.segments.iter().copied().filter(move |segment| segment.id() == id)
    }

    pub(super) fn first(&self, id: &'static str) -> Option<Segment<'m>> {
        self.named(id).next()
    }
}
