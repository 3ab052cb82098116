//! Too few sites, or none.

use std::time::{Duration, Instant};

use renkei_e2e::{Consortium, Records, Scripted, Site};
use renkei_gateway::{DEADLINE, MIN_SITES};
use renkei_types::Code;

use crate::{BY_SEX, HEAVY, busy, calm};

#[test]
fn fewer_sites_than_asked_for_are_an_error_with_every_state() {
    let silent = Scripted::silent("silent");
    let consortium = Consortium::start([
        Site::absent("absent"),
        Site::with("good", Records::plain(20, 10)),
        Site::scripted(&silent),
    ]);
    let client = consortium.client().header(DEADLINE, "500ms");
    let refused = client.clone().header(MIN_SITES, "2").ask(BY_SEX).unwrap_err();
    assert_eq!(refused.code(), Code::MinSites);
    assert_eq!(refused.states(), ["absent offline E-OFFLINE", "good answered", "silent late E-LATE"]);
    assert_eq!(client.clone().header(MIN_SITES, "4").ask(BY_SEX).unwrap_err().code(), Code::MinSites);
    let answer = client.header(MIN_SITES, "1").ask(BY_SEX).unwrap();
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    let coverage = answer.metadata().coverage;
    assert_eq!((coverage.sites_asked, coverage.sites_answered), (3, 1));
    assert_eq!(coverage.persons_share, None, "nobody knows how many are at the absent site");
    assert!(silent.released.is_cancelled(), "the late node was told to stop");
}

#[test]
fn nobody_there_is_told_at_once() {
    let consortium = Consortium::start([Site::absent("a"), Site::absent("b")]);
    let started = Instant::now();
    let refused = consortium.refused(BY_SEX);
    assert_eq!(refused.code(), Code::Offline);
    assert_eq!(refused.states(), ["a offline E-OFFLINE", "b offline E-OFFLINE"]);
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
    assert_eq!(consortium.ask("SELECT 1 AS one").rows(), ["1"], "what needs no site is answered");
}

#[test]
fn a_late_site_stops_working_on_it() {
    let consortium = Consortium::start([Site::with("calm", calm(30)), Site::with("busy", busy(30)).one_at_a_time()]);
    let answer = consortium.client().header(DEADLINE, "2s").ask(HEAVY).unwrap();
    assert_eq!(answer.rows(), ["30 | 1 | 0"]);
    assert_eq!(answer.states(), ["busy late E-LATE", "calm answered"]);
    // The site has one place, and it is free again.
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.states(), ["busy answered", "calm answered"]);
}
