//! The rows `visit_occurrence` and `visit_detail`.

use std::io;

use super::super::periods::Days;
use super::super::{Assembler, Each, Who, mapped_row};
use super::{Stay, Stays};

impl Assembler<'_> {
    /// Writes the visits, and gives them their numbers.
    pub(in crate::assemble) fn visits(
        &mut self,
        who: &Who,
        stays: &mut Stays,
        days: &mut Days,
        each: Each<'_>,
    ) -> io::Result<()> {
        let mut before = None;
        for stay in &mut stays.all {
            stay.id = self.sheets.next_id("visit_occurrence");
            days.add(stay.start.day, Some(stay.end.day));
            self.visit(who, stay, before);
            self.parts(who, stay);
            before = Some(stay.id);
        }
        self.sheets.flush(each)
    }

    fn visit(&mut self, who: &Who, stay: &Stay, before: Option<i64>) {
        let site = stay.department.as_ref().map(|department| self.sites.department(department));
        let Some(mut row) = self.sheets.row("visit_occurrence") else { return };
        row.id("person_id", Some(who.person_id)).concept("visit_concept_id", stay.concept);
        row.day("visit_start_date", stay.start.day).time("visit_start_datetime", Some(stay.start));
        row.day("visit_end_date", stay.end.day).time("visit_end_datetime", Some(stay.end));
        row.concept("visit_type_concept_id", stay.provenance).id("care_site_id", site);
        row.code("admitted_from_source_value", stay.admitted_from.as_ref());
        row.code("discharged_to_source_value", stay.discharged_to.as_ref());
        row.id("preceding_visit_occurrence_id", before);
        if let Some(mapped) = &stay.row {
            mapped_row::fill(&mut row, mapped, self.concepts);
        }
        row.end();
    }

    fn parts(&mut self, who: &Who, stay: &Stay) {
        let mut before = None;
        for part in &stay.parts {
            let site = part.place.as_ref().map(|place| self.sites.department(place));
            let id = self.sheets.next_id("visit_detail");
            let Some(mut row) = self.sheets.row("visit_detail") else { return };
            row.id("person_id", Some(who.person_id)).concept("visit_detail_concept_id", stay.concept);
            row.day("visit_detail_start_date", part.start.day).time("visit_detail_start_datetime", Some(part.start));
            row.day("visit_detail_end_date", part.end.day).time("visit_detail_end_datetime", Some(part.end));
            row.concept("visit_detail_type_concept_id", part.provenance).id("care_site_id", site);
            row.id("preceding_visit_detail_id", before).id("visit_occurrence_id", Some(stay.id)).end();
            before = Some(id);
        }
    }
}
