//! A site that waits for the gateway instead of dialling it.

use renkei_e2e::{Consortium, Records, Site};

use crate::BY_SEX;

#[test]
fn a_site_that_listens_answers_and_is_dialled_again() {
    let mut consortium = Consortium::start([
        Site::with("dials", Records::plain(20, 10)),
        Site::with("listens", Records::plain(30, 30)).listening(),
    ]);
    let whole = ["8507 | 50 | 2 | 0", "8532 | 40 | 2 | 0"];
    assert_eq!(consortium.ask(BY_SEX).rows(), whole);
    drop(consortium.take("listens"));
    consortium.wait_state(&["listens"], "offline");
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["dials answered", "listens offline E-OFFLINE"]);
    consortium.join(Site::new("listens").listening());
    consortium.wait_connected(&["listens"]);
    assert_eq!(consortium.ask(BY_SEX).rows(), whole);
}

#[test]
fn another_site_at_its_port_is_not_taken_for_it() {
    let mut consortium = Consortium::start([
        Site::with("dials", Records::plain(20, 10)),
        Site::with("listens", Records::plain(30, 30)).listening(),
    ]);
    drop(consortium.take("listens"));
    consortium.wait_state(&["listens"], "offline");
    let other = consortium.certificates.site("dials");
    consortium.join(Site::new("listens").listening().identity(other));
    // The gateway dials again within half a second; the good site answers meanwhile and after.
    for _ in 0..20 {
        let answer = consortium.ask(BY_SEX);
        assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
        assert_eq!(answer.states(), ["dials answered", "listens offline E-OFFLINE"]);
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
}
