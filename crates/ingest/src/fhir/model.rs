//! The datatypes of FHIR R4, as far as conversion reads them. Elements that are not named here are skipped unread.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::json::{List, Loose, Text};

/// What every resource has, read before its type is known.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Head<'a> {
    #[serde(borrow)]
    pub(super) resource_type: Loose<'a>,
    #[serde(borrow)]
    pub(super) id: Loose<'a>,
    #[serde(borrow)]
    pub(super) meta: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) contained: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) subject: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) patient: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) beneficiary: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Meta<'a> {
    #[serde(borrow)]
    pub(super) last_updated: Loose<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Coding<'a> {
    #[serde(borrow)]
    pub(super) system: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) code: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) display: Loose<'a>,
}

/// CodeableConcept.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Concept<'a> {
    #[serde(borrow)]
    pub(super) coding: List<Coding<'a>>,
    #[serde(borrow)]
    pub(super) text: Loose<'a>,
    #[serde(borrow)]
    pub(super) extension: List<Extension<'a>>,
}

impl Concept<'_> {
    /// The codes of its codings.
    pub(super) fn codes(&self) -> impl Iterator<Item = &str> {
        self.coding.iter().filter_map(|coding| coding.code.as_deref())
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Quantity<'a> {
    pub(super) value: Option<f64>,
    #[serde(borrow)]
    pub(super) comparator: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) unit: Loose<'a>,
    #[serde(borrow)]
    pub(super) system: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) code: Option<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Range<'a> {
    #[serde(borrow)]
    pub(super) low: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(super) high: Option<Quantity<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Ratio<'a> {
    #[serde(borrow)]
    pub(super) numerator: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(super) denominator: Option<Quantity<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Period<'a> {
    #[serde(borrow)]
    pub(super) start: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) end: Option<Text<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Reference<'a> {
    #[serde(borrow)]
    pub(super) reference: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) identifier: Option<Identifier<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Identifier<'a> {
    #[serde(borrow, rename = "use")]
    pub(super) usage: Loose<'a>,
    #[serde(borrow, rename = "type")]
    pub(super) kind: Option<Concept<'a>>,
    #[serde(borrow)]
    pub(super) system: Option<Text<'a>>,
    #[serde(borrow)]
    pub(super) value: Option<Text<'a>>,
}

/// An extension, of the kinds of value that some extension of JP Core or eCS has.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Extension<'a> {
    #[serde(borrow)]
    pub(super) url: Loose<'a>,
    #[serde(borrow)]
    pub(super) value_period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(super) value_duration: Option<Quantity<'a>>,
    #[serde(borrow)]
    pub(super) value_codeable_concept: Option<Concept<'a>>,
}

impl<'a> Extension<'a> {
    /// Those whose URL ends in a name: bases differ between releases of JP Core and drafts of eCS.
    pub(super) fn named<'x>(all: &'x [Self], name: &'x str) -> impl Iterator<Item = &'x Self> {
        all.iter().filter(move |one| one.url.text().is_some_and(|url| url.rsplit('/').next() == Some(name)))
    }
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Timing<'a> {
    #[serde(borrow)]
    pub(super) event: Vec<Text<'a>>,
    #[serde(borrow)]
    pub(super) repeat: Option<Repeat<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Repeat<'a> {
    #[serde(borrow)]
    pub(super) bounds_period: Option<Period<'a>>,
    #[serde(borrow)]
    pub(super) bounds_duration: Option<Quantity<'a>>,
}
