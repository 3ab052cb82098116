//! Where things stand in a file, by fiscal year.
//!
//! Positions count from 1 as in the survey's documents, in flags too. The 31 columns of EF and the 17 of 様式1 have
//! kept their order since fiscal 2014. What changed in 2016 is the meaning of column 17 of EF, from one flag to twelve,
//! and of columns 3 and 4 of its outpatient edition. Of the twelve flags 持参薬区分 is the third (③), and the second
//! is 入院料包括項目区分; who counts from 0 calls the third one 2.

/// The layouts of the fiscal years from `year` on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    /// First fiscal year (April to March) for which it holds.
    pub year: i32,
    /// Columns of 様式1.
    pub form1: usize,
    /// Columns of EF, inpatient and outpatient.
    pub ef: usize,
    /// Position of 持参薬区分 among the flags of EF (column 17), where there is one.
    pub brought: Option<usize>,
    /// Column of the day of the visit in the outpatient EF.
    pub visit: usize,
    /// Columns of D.
    pub d: usize,
    /// Column of the case group in D.
    pub case_group: usize,
    /// Columns of H.
    pub h: usize,
}

/// The last fiscal year whose document was looked at.
pub(super) const LAST: i32 = 2026;

const LAYOUTS: [Layout; 2] = [
    Layout { year: 2014, form1: 17, ef: 31, brought: None, visit: 24, d: 30, case_group: 29, h: 29 },
    Layout { year: 2016, form1: 17, ef: 31, brought: Some(3), visit: 4, d: 30, case_group: 29, h: 29 },
];

impl Layout {
    /// The layout of a fiscal year, and whether it is known rather than the nearest.
    #[must_use]
    pub fn of(year: i32) -> (&'static Self, bool) {
        let layout = LAYOUTS.iter().rev().find(|layout| layout.year <= year).unwrap_or(&LAYOUTS[0]);
        (layout, (LAYOUTS[0].year..=LAST).contains(&year))
    }
}

/// Columns of EF.
pub(super) mod ef {
    pub(in crate::dpc) const FACILITY: usize = 1;
    pub(in crate::dpc) const PATIENT: usize = 2;
    pub(in crate::dpc) const DISCHARGE: usize = 3;
    pub(in crate::dpc) const ADMISSION: usize = 4;
    pub(in crate::dpc) const CLASS: usize = 5;
    pub(in crate::dpc) const ORDER: usize = 6;
    pub(in crate::dpc) const DETAIL: usize = 7;
    pub(in crate::dpc) const RECEIPT: usize = 9;
    pub(in crate::dpc) const NAME: usize = 11;
    pub(in crate::dpc) const AMOUNT: usize = 12;
    pub(in crate::dpc) const UNIT: usize = 13;
    pub(in crate::dpc) const FLAGS: usize = 17;
    pub(in crate::dpc) const COUNT: usize = 21;
    pub(in crate::dpc) const DATE: usize = 24;
    pub(in crate::dpc) const DEPARTMENT: usize = 26;
    pub(in crate::dpc) const WARD: usize = 28;
    pub(in crate::dpc) const IN_OUT: usize = 30;
}

/// Columns of 様式1: five that name the stay, what it is about, payloads 1 to 9.
pub(super) mod form1 {
    pub(in crate::dpc) const FACILITY: usize = 1;
    pub(in crate::dpc) const PATIENT: usize = 2;
    pub(in crate::dpc) const ADMISSION: usize = 3;
    pub(in crate::dpc) const STAY: usize = 4;
    pub(in crate::dpc) const SUMMARY: usize = 5;
    pub(in crate::dpc) const CODE: usize = 6;
    pub(in crate::dpc) const PAYLOAD: usize = 8;
}

/// Columns of D.
pub(super) mod d {
    pub(in crate::dpc) const FACILITY: usize = 1;
    pub(in crate::dpc) const PATIENT: usize = 2;
    pub(in crate::dpc) const ADMISSION: usize = 4;
    pub(in crate::dpc) const DATE: usize = 18;
    pub(in crate::dpc) const PERIOD_START: usize = 26;
}

/// Columns of H: seven that say whose and what, its version and number, payloads 1 to 20.
pub(super) mod h {
    pub(in crate::dpc) const FACILITY: usize = 1;
    pub(in crate::dpc) const PATIENT: usize = 3;
    pub(in crate::dpc) const ADMISSION: usize = 5;
    pub(in crate::dpc) const DATE: usize = 6;
    pub(in crate::dpc) const CODE: usize = 7;
    pub(in crate::dpc) const VERSION: usize = 8;
    pub(in crate::dpc) const NUMBER: usize = 9;
    pub(in crate::dpc) const PAYLOAD: usize = 9;
    pub(in crate::dpc) const PAYLOADS: usize = 20;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_year_has_the_layout_that_began_last() {
        for (year, brought, known) in [
            (2010, None, false),
            (2014, None, true),
            (2015, None, true),
            (2016, Some(3), true),
            (2026, Some(3), true),
            (2031, Some(3), false),
        ] {
            let (layout, is_known) = Layout::of(year);
            assert_eq!((layout.brought, is_known), (brought, known), "{year}");
        }
    }
}
