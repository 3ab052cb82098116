//! What a conversion sees around the resource: where results go, what the resource contains, what its bundle holds.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::fault::{Fault, parse};
use super::json::Text;
use super::model::{Head, Reference};
use super::reference::Index;
use super::time::Time;
use super::{encounter, remarks};
use crate::record::{Link, Setting};
use crate::{Extract, When};

/// Around one resource.
pub(super) struct Scope<'x, 'a> {
    pub(super) out: &'x mut Extract,
    pub(super) index: &'x Index<'a>,
    /// `Type/id`.
    pub(super) key: &'x str,
    /// When it was last updated, by its server.
    pub(super) updated: Option<Time>,
    pub(super) contained: Option<&'a RawValue>,
}

impl<'a> Scope<'_, 'a> {
    /// The JSON of a resource that a reference such as `#x` names within this one.
    pub(super) fn contained(&self, reference: &str) -> Option<&'a str> {
        let id = reference.strip_prefix('#')?;
        let all: Vec<&RawValue> = serde_json::from_str(self.contained?.get()).ok()?;
        all.into_iter().map(RawValue::get).find(|json| {
            let head = serde_json::from_str::<Head<'_>>(json);
            head.is_ok_and(|head| head.id.text().is_some_and(|own| own.trim_start_matches('#') == id))
        })
    }

    /// What a reference leads to without leaving the resource and its bundle.
    pub(super) fn embedded(&self, reference: &str) -> Option<&'a str> {
        self.contained(reference).or_else(|| self.index.get(reference).map(|entry| entry.json))
    }

    /// The same, read.
    pub(super) fn embedded_as<T: Deserialize<'a>>(&self, reference: Option<&Reference<'_>>) -> Option<T> {
        parse(self.embedded(reference?.reference.as_deref()?)?).ok()
    }

    /// Where a time says that something began.
    pub(super) fn start(&mut self, text: Option<&Text<'_>>, path: &'static str) -> Result<Option<When>, Fault> {
        let Some(text) = text else { return Ok(None) };
        let time = Time::parse(text).ok_or_else(|| Fault::essential(path))?;
        note(time, self.out);
        Ok(time.start())
    }

    /// Where a time says that something ended. One that cannot be read is not worth the record.
    pub(super) fn end(&mut self, text: Option<&Text<'_>>) -> Option<When> {
        let text = text?;
        let Some(time) = Time::parse(text) else {
            self.out.remark(&remarks::DATE_UNREAD);
            return None;
        };
        note(time, self.out);
        time.end()
    }

    /// The visit that a resource names. One that is contained is none that others could name, but has a setting.
    pub(super) fn link(&mut self, encounter: Option<&Reference<'_>>, inpatient: Option<bool>) -> Link {
        let Some(reference) = encounter.and_then(|encounter| encounter.reference.as_deref()) else {
            return Link { visit: None, inpatient };
        };
        if reference.starts_with('#') {
            let setting = self.contained(reference).and_then(encounter::setting_of);
            return Link { visit: None, inpatient: inpatient.or(setting.map(|setting| setting == Setting::Inpatient)) };
        }
        Link { visit: self.named(reference, "Encounter"), inpatient }
    }

    /// What a reference names, in its normal form.
    pub(super) fn named(&mut self, reference: &str, expected: &str) -> Option<String> {
        let normal = self.index.normal(reference, expected);
        if normal.is_none() {
            self.out.remark(&remarks::LINK_UNREAD);
        }
        normal
    }
}

/// Whether one of a resource's categories says that it belongs to a stay: FHIR's words, and the codes of MERIT-9.
pub(super) fn inpatient<'x>(mut codes: impl Iterator<Item = &'x str>) -> Option<bool> {
    codes.find_map(|code| match code {
        "inpatient" | "discharge" | "IHP" | "DCG" => Some(true),
        "outpatient" | "community" | "OHP" | "OHI" | "OHO" => Some(false),
        _ => None,
    })
}

/// Remarks on how a time is written.
pub(super) fn note(time: Time, out: &mut Extract) {
    if time.is_partial() {
        out.remark(&remarks::PARTIAL_DATE);
    }
    if time.is_utc() {
        out.remark(&remarks::UTC);
    }
}
