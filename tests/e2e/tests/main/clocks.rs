//! Clocks that are off.

use renkei_e2e::{Consortium, OffsetClock, Records, Site};

use crate::BY_SEX;

#[test]
fn a_node_whose_clock_is_an_hour_off_refuses() {
    let records = || Records::plain(20, 10);
    let consortium = Consortium::start([
        Site::with("ahead", records()).clock(OffsetClock(3_600)),
        Site::with("behind", records()).clock(OffsetClock(-3_600)),
        Site::with("good", records()),
        Site::with("nearly", records()).clock(OffsetClock(-200)),
    ]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 40 | 2 | 0", "8532 | 20 | 2 | 0"]);
    assert_eq!(
        answer.states(),
        ["ahead refused E-CLOCK", "behind refused E-CLOCK", "good answered", "nearly answered"]
    );
    let warnings = &answer.metadata().warnings;
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("the clock of nearly is off by -"), "{warnings:?}");
}
