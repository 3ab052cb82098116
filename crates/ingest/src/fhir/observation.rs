//! Observation: laboratory results and vital signs as measurements, habits and answers as observations.

use serde::de::IgnoredAny;

use super::answer::{Answer, answering};
use super::convert::Event;
use super::fault::Fault;
use super::json::{List, Text};
use super::model::{Concept, Period, Reference, Timing};
use super::scope::Scope;
use super::specimen::Specimen;
use super::{codes, remarks};
use crate::When;
use crate::record::{Codes, Link, Measurement, Observation as Finding, Provenance, Record};

answering! {
    Observation {
        #[serde(borrow)]
        status: Option<Text<'a>>,
        #[serde(borrow)]
        category: List<Concept<'a>>,
        #[serde(borrow)]
        code: Option<Concept<'a>>,
        #[serde(borrow)]
        encounter: Option<Reference<'a>>,
        #[serde(borrow)]
        effective_date_time: Option<Text<'a>>,
        #[serde(borrow)]
        effective_period: Option<Period<'a>>,
        #[serde(borrow)]
        effective_instant: Option<Text<'a>>,
        #[serde(borrow)]
        effective_timing: Option<Timing<'a>>,
        #[serde(borrow)]
        issued: Option<Text<'a>>,
        #[serde(borrow)]
        specimen: Option<Reference<'a>>,
        has_member: List<IgnoredAny>,
        #[serde(borrow)]
        component: List<Component<'a>>,
    }
}

answering! {
    Component {
        #[serde(borrow)]
        code: Option<Concept<'a>>,
    }
}

/// What a category says about the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Laboratory,
    Vital,
    Social,
    /// A number makes it a measurement.
    Open,
}

/// What the parts of one observation share.
struct Frame {
    kind: Kind,
    at: When,
    preliminary: bool,
    link: Link,
}

impl<'a> Event<'a> for Observation<'a> {
    fn records(&self, scope: &mut Scope<'_, 'a>) -> Result<Vec<Record>, Fault> {
        let status = self.status.as_deref();
        if !matches!(status, None | Some("final" | "amended" | "corrected" | "appended" | "preliminary")) {
            scope.out.remark(&remarks::STATUS);
            return Ok(Vec::new());
        }
        let at = self.at(scope)?.ok_or_else(|| Fault::essential("effectiveDateTime"))?;
        let link = scope.link(self.encounter.as_ref(), None);
        let frame = Frame { kind: self.kind(), at, preliminary: status == Some("preliminary"), link };
        let mut records = Vec::with_capacity(1 + self.component.len());
        let answer = self.answer();
        if answer.is_given() || (self.component.is_empty() && self.has_member.is_empty()) {
            records.extend(frame.record(self.code.as_ref(), &answer, scope));
        } else {
            scope.out.remark(&remarks::PANEL);
        }
        for component in self.component.iter() {
            records.extend(frame.record(component.code.as_ref(), &component.answer(), scope));
        }
        Ok(records)
    }
}

impl<'a> Observation<'a> {
    /// When it was observed or, of a specimen, when that was taken; failing that, when the result was issued.
    fn at(&self, scope: &mut Scope<'_, 'a>) -> Result<Option<When>, Fault> {
        let period = self.effective_period.as_ref();
        let period = period.and_then(|period| period.start.as_ref().or(period.end.as_ref()));
        let event = self.effective_timing.as_ref().and_then(|timing| timing.event.first());
        for (text, path) in [
            (self.effective_date_time.as_ref(), "effectiveDateTime"),
            (self.effective_instant.as_ref(), "effectiveInstant"),
            (period, "effectivePeriod.start"),
            (event, "effectiveTiming.event"),
        ] {
            if text.is_some() {
                return scope.start(text, path);
            }
        }
        if let Some(specimen) = scope.embedded_as::<Specimen<'a>>(self.specimen.as_ref())
            && let Ok(Some(taken)) = specimen.collected(scope)
        {
            return Ok(Some(taken));
        }
        scope.start(self.issued.as_ref(), "issued")
    }

    fn kind(&self) -> Kind {
        let mut codes = self.category.iter().flat_map(Concept::codes);
        let kind = codes.find_map(|code| match code {
            // The second line: sections of a laboratory in HL7's table 0074.
            "laboratory" => Some(Kind::Laboratory),
            "LAB" | "CH" | "HM" | "MB" | "IMM" | "SR" | "BLB" | "MCB" | "MYC" | "VR" | "TX" => Some(Kind::Laboratory),
            "vital-signs" => Some(Kind::Vital),
            "social-history" | "survey" => Some(Kind::Social),
            _ => None,
        });
        kind.unwrap_or(Kind::Open)
    }
}

impl Frame {
    fn record(&self, code: Option<&Concept<'_>>, answer: &Answer<'_, '_>, scope: &mut Scope<'_, '_>) -> Option<Record> {
        let codes = code.map(|code| codes::all(code, scope.out)).unwrap_or_default();
        if codes.is_empty() {
            scope.out.remark(&remarks::UNCODED);
            return None;
        }
        if let Some(reason) = answer.absent.filter(|_| !answer.is_given()) {
            scope.out.remark(&remarks::VALUE_ABSENT);
            // What was not done is no result. Otherwise the result stays without a value, as that of SS-MIX2 does.
            if ["\"not-performed\"", "\"not-applicable\""].iter().any(|code| reason.contains(code)) {
                return None;
            }
        }
        self.filled(codes, answer, scope)
    }

    fn filled(&self, codes: Codes, answer: &Answer<'_, '_>, scope: &mut Scope<'_, '_>) -> Option<Record> {
        let value = answer.value(scope.out);
        let (at, link) = (self.at, self.link.clone());
        let provenance = if self.kind == Kind::Laboratory { Provenance::Lab } else { Provenance::Ehr };
        let measured = match self.kind {
            Kind::Laboratory | Kind::Vital => true,
            Kind::Social => false,
            Kind::Open => value.number.is_some() || value.grade.is_some(),
        };
        if measured {
            let preliminary = self.preliminary;
            return Some(Record::Measurement(Measurement {
                codes,
                at,
                value,
                preliminary,
                part_of: None,
                provenance,
                link,
            }));
        }
        if self.preliminary {
            scope.out.remark(&remarks::STATUS);
            return None;
        }
        Some(Record::Observation(Finding { codes, at, value, provenance, link }))
    }
}
