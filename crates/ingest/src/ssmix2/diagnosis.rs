//! PPR-01: the history of diagnoses, one or many to a file.

use std::collections::BTreeSet;

use super::draft::{Draft, inpatient};
use super::remarks::ENTERED_IN_ERROR;
use super::time;
use crate::hl7::{Message, Segment};
use crate::record::{Condition, Link, Provenance, Record, Standing};
use crate::{Rule, System};

/// PRB with the segments that follow up to the next one.
pub(super) fn diagnoses(draft: &mut Draft<'_>, message: &Message<'_>) {
    let segments: Vec<_> = message.segments().collect();
    let starts: Vec<_> = (0..segments.len()).filter(|at| segments[*at].id() == "PRB").collect();
    let erroneous: BTreeSet<&str> =
        starts.iter().map(|at| segments[*at]).filter(is_error).map(|prb| prb.value(4)).collect();
    for (place, at) in starts.iter().enumerate() {
        let end = starts.get(place + 1).copied().unwrap_or(segments.len());
        let group = &segments[*at..end];
        let Some((prb, rest)) = group.split_first() else { continue };
        let instance = prb.value(4);
        if is_error(prb) || (!instance.is_empty() && erroneous.contains(instance)) {
            draft.remark(&ENTERED_IN_ERROR);
        } else {
            diagnosis(draft, *prb, rest);
        }
    }
}

fn is_error(prb: &Segment<'_>) -> bool {
    prb.value(1) == "DE"
}

fn diagnosis(draft: &mut Draft<'_>, prb: Segment<'_>, rest: &[Segment<'_>]) {
    let damaged = |number| prb.value(number).contains(char::REPLACEMENT_CHARACTER);
    if damaged(3) || damaged(10) {
        return draft.reject(prb, Rule::Encoding);
    }
    let mut codes = draft.codes(prb.field(3), System::Local);
    // PRB-10 holds ICD-10 in the first three components; the next three are the kind of diagnosis.
    let icd = prb.field(10).first();
    let text = icd.component(2).text();
    if !icd.component(1).is_empty() {
        let icd = draft.coding(System::Icd10, None, &icd.component(1).text(), &text);
        codes.extend(icd.filter(|icd| !codes.contains(icd)));
    }
    // The hospital's own code comes after both.
    codes.sort_by_key(|coding| coding.system == System::Local);
    if codes.is_empty() {
        return draft.reject(prb, Rule::Essential);
    }
    let Some(start) = draft.about(&[prb.value(16), prb.value(7), prb.value(2)]).or_else(|| draft.moment(&[])) else {
        return draft.reject(prb, Rule::Essential);
    };
    let orc = rest.iter().find(|segment| segment.id() == "ORC");
    draft.push(Record::Condition(Condition {
        codes,
        start,
        end: time::when(prb.value(9)),
        standing: standing(prb),
        suspected: is_suspected(prb, rest),
        provenance: Provenance::EhrProblemList,
        link: Link { visit: None, inpatient: orc.and_then(|orc| inpatient(orc.value(29))).or(draft.inpatient) },
    }));
}

/// By the kind of diagnosis (JHSD0004), or else by its rank (JHSD0007).
fn standing(prb: Segment<'_>) -> Option<Standing> {
    match prb.field(10).first().component(4).raw() {
        "H" => Some(Standing::Admission),
        "L" => Some(Standing::Discharge),
        "B" => Some(Standing::Preoperative),
        "A" => Some(Standing::Postoperative),
        "F" => Some(Standing::Final),
        _ => (prb.value(18) == "1").then_some(Standing::Primary),
    }
}

/// By PRB-13 (JHSD0005), or by a name or a modifier that ends in words for it.
fn is_suspected(prb: Segment<'_>, rest: &[Segment<'_>]) -> bool {
    let says_so = |segment: Segment<'_>, number: usize, part: usize| {
        let text = segment.field(number).first().component(part).text();
        let text = text.trim_end_matches([' ', '\u{3000}', '）', ')']);
        ["の疑い", "の疑", "疑い", "うたがい"].iter().any(|word| text.ends_with(word))
    };
    let modified = |zpr: Segment<'_>| (1..=6).any(|number| says_so(zpr, number, 2));
    prb.value(13) == "1"
        || [(3, 2), (3, 5), (10, 2), (17, 1)].iter().any(|(number, part)| says_so(prb, *number, *part))
        || rest.iter().filter(|segment| segment.id() == "ZPR").any(|zpr| modified(*zpr))
}
