//! Certificates that are expired, foreign, or of somebody else.

use renkei_e2e::{Certificates, Consortium, OffsetClock, Pair, Records, Scripted, Site};
use renkei_service::{SessionState, Trouble};

use crate::BY_SEX;

/// A good site, and a place for one that is not let in.
fn beside() -> Consortium {
    Consortium::start([Site::with("good", Records::plain(20, 10)), Site::absent("odd")])
}

/// Waits until the odd site has failed to connect, and asks.
fn turned_away(consortium: &Consortium) -> Trouble {
    let state = consortium.node("odd").wait_for(|state| matches!(state, SessionState::Waiting { .. }));
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered", "odd offline E-OFFLINE"]);
    match state {
        SessionState::Waiting { trouble, .. } => trouble,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_expired_certificate() {
    let mut consortium = beside();
    let expired = consortium.certificates.expired("odd");
    let site = || Site::with("odd", Records::plain(20, 20)).identity(expired.clone());
    let error = consortium.try_join(site()).unwrap_err();
    assert!(error.contains("expired"), "a node with a good clock says so by itself: {error}");
    // The clock of the time when it was good.
    consortium.join(site().clock(OffsetClock(-Certificates::AGE + 3_600)));
    assert_eq!(turned_away(&consortium), Trouble::OwnExpired);
}

#[test]
fn a_certificate_of_a_foreign_authority() {
    let mut consortium = beside();
    let foreign = Certificates::make(&consortium.scratch().join("foreign"), &["odd".parse().unwrap()]);
    let own = foreign.site("odd");
    let site = |pair: &Pair| Site::with("odd", Records::plain(20, 20)).identity(pair.clone());
    consortium.join(site(&own));
    assert!(matches!(turned_away(&consortium), Trouble::ForeignPeer(_)), "it does not trust the gateway either");
    drop(consortium.take("odd"));
    consortium.join(site(&foreign.trusting(&own, &consortium.certificates)));
    assert!(matches!(turned_away(&consortium), Trouble::OwnRefused(_)));
    let person = foreign.trusting(&foreign.person(), &consortium.certificates);
    let client = consortium.client_of(&person);
    assert!(client.is_err() || client.unwrap().ask(BY_SEX).is_err(), "nor does a foreign person get in");
}

#[test]
fn a_node_of_another_consortium() {
    let mut consortium = beside();
    let other = Certificates::make_for("rival", &consortium.scratch().join("rival"), &["odd".parse().unwrap()]);
    let pair = other.trusting(&other.site("odd"), &consortium.certificates);
    consortium.join(Site::with("odd", Records::plain(20, 20)).identity(pair.clone()));
    assert!(matches!(turned_away(&consortium), Trouble::WrongPeer(_)), "the gateway is not its own");
    drop(consortium.take("odd"));
    consortium.join(Site::scripted(&Scripted::silent("odd")).identity(pair));
    assert!(matches!(turned_away(&consortium), Trouble::OwnRefused(_)), "and does not want it");
}

#[test]
fn roles_are_not_exchanged() {
    let mut consortium = beside();
    let (person, gateway) = (consortium.certificates.person(), consortium.certificates.gateway());
    let error = consortium.try_join(Site::with("odd", Records::plain(20, 20)).identity(person.clone())).unwrap_err();
    assert!(error.contains("is not a site's certificate"), "{error}");
    for pair in [person, gateway] {
        let pretender = Scripted::new("odd", |_| Vec::new());
        consortium.join(Site::scripted(&pretender).identity(pair));
        turned_away(&consortium);
        assert!(!pretender.arrived.is_cancelled());
        drop(consortium.take("odd"));
    }
    for pair in [consortium.certificates.site("good"), consortium.certificates.gateway()] {
        if let Ok(client) = consortium.client_of(&pair) {
            assert!(client.ask(BY_SEX).is_err(), "{pair:?} asked");
            assert!(client.ask("SELECT 1 AS one").is_err(), "{pair:?} asked");
        }
    }
}
