use renkei_pki::Credentials;
use renkei_service::{
    Dialler, Gate, Jitter, LinkState, Listener, NodeListener, SessionState, SiteDialler, SiteLink, Target, Trouble,
};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::echo::{Echo, call};
use crate::support::{Consortium, GATEWAY, NOW, QUICK, TOKYO, clock, name, soon, until};

struct Site {
    target: Target,
    state: watch::Receiver<SessionState>,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

async fn listen(own: &Credentials) -> Site {
    let gate = Gate::Site { gateway: name(GATEWAY) };
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), own, gate).await.unwrap();
    let target = listener.address().to_string().parse().unwrap();
    let node = NodeListener::new(listener, Echo::default().routes(), clock(NOW));
    let (state, shutdown) = (node.state(), CancellationToken::new());
    let task = tokio::spawn(node.run(shutdown.clone()));
    Site { target, state, shutdown, task }
}

fn dial(link: &SiteLink, target: &Target, expected: &str, own: &Credentials) -> CancellationToken {
    let dialler = Dialler::to_site(target.clone(), name(expected), own).unwrap();
    let shutdown = CancellationToken::new();
    let dialling = SiteDialler::new(link.clone(), dialler, Jitter::seeded(5)).with_backoff(QUICK);
    tokio::spawn(dialling.run(shutdown.clone()));
    shutdown
}

fn link() -> SiteLink {
    SiteLink::new("tokyo".parse().unwrap(), clock(NOW))
}

async fn trouble(link: &SiteLink) -> Trouble {
    let known = |state: &LinkState| matches!(state, LinkState::Offline { trouble: Some(_), .. });
    match until(&mut link.state(), known).await {
        LinkState::Offline { trouble: Some(trouble), .. } => trouble,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_site_that_listens_is_dialled_and_called_and_dialled_again() {
    let c = Consortium::new();
    let mut site = listen(&c.credentials(TOKYO)).await;
    assert_eq!(*site.state.borrow(), SessionState::Listening);
    let link = link();
    let stop = dial(&link, &site.target, TOKYO, &c.credentials(GATEWAY));

    until(&mut site.state, |state| matches!(state, SessionState::Connected { .. })).await;
    until(&mut link.state(), LinkState::is_connected).await;
    assert_eq!(call(link.channel(), "who").await.unwrap(), GATEWAY);

    link.disconnect();
    until(&mut link.state(), |state| !state.is_connected()).await;
    until(&mut link.state(), LinkState::is_connected).await;
    assert_eq!(call(link.channel(), "say again").await.unwrap(), "again");

    stop.cancel();
    site.shutdown.cancel();
    soon(site.task).await.unwrap();
    assert_eq!(*site.state.borrow(), SessionState::Stopped);
    until(&mut link.state(), |state| !state.is_connected()).await;
}

#[tokio::test]
async fn a_listening_site_takes_its_own_gateway_only() {
    let c = Consortium::new();
    let site = listen(&c.credentials(TOKYO)).await;
    for stranger in ["renkei://c/gateway/lead-evil", "renkei://c/site/osaka", "renkei://c/person/sato"] {
        let link = link();
        dial(&link, &site.target, TOKYO, &c.credentials(stranger));
        assert!(matches!(trouble(&link).await, Trouble::Lost | Trouble::NoGreeting), "{stranger}");
        assert_eq!(*site.state.borrow(), SessionState::Listening);
    }
}

#[tokio::test]
async fn the_gateway_takes_the_expected_site_only() {
    let (ours, theirs) = (Consortium::new(), Consortium::new());
    let own = ours.credentials(GATEWAY);

    let evil = listen(&ours.credentials("renkei://c/site/tokyo-evil")).await;
    let link_to_evil = link();
    dial(&link_to_evil, &evil.target, TOKYO, &own);
    assert!(matches!(trouble(&link_to_evil).await, Trouble::WrongPeer(_)));

    let forged = listen(&theirs.credentials(TOKYO)).await;
    let link_to_forged = link();
    dial(&link_to_forged, &forged.target, TOKYO, &own);
    assert!(matches!(trouble(&link_to_forged).await, Trouble::ForeignPeer(_)));

    // A stream of another site is not attached, even where somebody dialled it by its own name.
    let link_to_other = link();
    dial(&link_to_other, &evil.target, "renkei://c/site/tokyo-evil", &own);
    assert_eq!(trouble(&link_to_other).await, Trouble::NoGreeting);
}
