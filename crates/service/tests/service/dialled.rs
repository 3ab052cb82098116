use std::time::Duration;

use renkei_service::{Backoff, Dialler, Jitter, NodeSession, SessionState, Trouble};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;

use crate::echo::{Echo, call};
use crate::support::{Consortium, DAY, GATEWAY, Gateway, NOW, Node, TOKYO, clock, name, soon, until};

const CONNECTED: SessionState = SessionState::Connected { since: NOW };

#[tokio::test]
async fn a_node_dials_and_is_called_and_comes_back_after_a_cut() {
    let c = Consortium::new();
    let gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let (mut link, channel) = (gateway.link.state(), gateway.link.channel());
    assert!(!gateway.link.is_connected());
    let mut node = gateway.node(&c.credentials(TOKYO), Echo::default().routes());

    until(&mut node.state, |state| *state == CONNECTED).await;
    until(&mut link, |state| state.is_connected()).await;
    assert_eq!(call(channel.clone(), "say hello").await.unwrap(), "hello");
    assert_eq!(call(channel.clone(), "who").await.unwrap(), GATEWAY);

    for round in 0..3 {
        gateway.link.disconnect();
        until(&mut link, |state| !state.is_connected()).await;
        until(&mut link, |state| state.is_connected()).await;
        assert_eq!(call(channel.clone(), &format!("say {round}")).await.unwrap(), round.to_string());
    }
    assert_eq!(gateway.admitted.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn a_call_that_meets_a_blink_waits_for_the_re_dial() {
    let c = Consortium::new();
    let gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let node = gateway.node(&c.credentials(TOKYO), Echo::default().routes());
    let mut link = gateway.link.state();
    until(&mut link, |state| state.is_connected()).await;
    gateway.link.disconnect();
    until(&mut link, |state| !state.is_connected()).await;
    // Nothing is connected at this moment; the channel waits for the next stream.
    assert_eq!(call(gateway.link.channel(), "say still").await.unwrap(), "still");
    node.shutdown.cancel();
    soon(node.task).await.unwrap();
    until(&mut link, |state| !state.is_connected()).await;
}

/// Runs a node until it has waited four times, and returns the waits with the troubles behind them.
async fn failures(session: NodeSession) -> (Vec<Duration>, Vec<Trouble>) {
    let mut node = Node::start(session.with_backoff(Backoff::new(Duration::from_millis(8), Duration::from_secs(9))));
    let (mut waits, mut troubles) = (vec![], vec![]);
    let mut last = None;
    while waits.len() < 4 {
        let state = until(&mut node.state, |state| {
            assert!(!matches!(state, SessionState::Connected { .. }), "must never connect");
            matches!(state, SessionState::Waiting { .. }) && Some(state) != last.as_ref()
        })
        .await;
        if let SessionState::Waiting { until, trouble } = &state {
            waits.push(NOW.until(*until));
            troubles.push(trouble.clone());
        }
        last = Some(state);
    }
    node.shutdown.cancel();
    soon(node.task).await.unwrap();
    (waits, troubles)
}

fn assert_grows(waits: &[Duration]) {
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1]), "{waits:?}");
}

fn session(dialler: Dialler) -> NodeSession {
    NodeSession::new(dialler, Echo::default().routes(), clock(NOW), Jitter::seeded(3))
}

#[tokio::test]
async fn an_expired_certificate_never_connects_and_backs_off() {
    let c = Consortium::new();
    // The gateway lives two days later than the node, whose certificate lasts for one.
    let gateway = Gateway::open(&c.credentials_at(GATEWAY, 30, NOW.after(2 * DAY))).await;
    let own = c.credentials_at(TOKYO, 1, NOW);
    let (waits, troubles) = failures(session(gateway.dialler(&own))).await;
    assert_grows(&waits);
    assert!(troubles.iter().all(|trouble| *trouble == Trouble::OwnExpired), "{troubles:?}");
    assert!(gateway.admitted.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_foreign_certificate_never_connects_and_backs_off() {
    let (ours, theirs) = (Consortium::new(), Consortium::new());
    let gateway = Gateway::open(&ours.credentials(GATEWAY)).await;

    // It trusts the gateway's authority, but its own certificate is another's.
    let both = format!("{}{}", ours.authority.cert_pem(), theirs.authority.cert_pem());
    let own = theirs.credentials_trusting(&both, TOKYO, 30, NOW);
    let (waits, troubles) = failures(session(gateway.dialler(&own))).await;
    assert_grows(&waits);
    assert!(troubles.iter().all(|trouble| matches!(trouble, Trouble::OwnRefused(_))), "{troubles:?}");
    assert!(gateway.admitted.lock().unwrap().is_empty());

    // It does not trust the gateway's authority.
    let (_, troubles) = failures(session(gateway.dialler(&theirs.credentials(TOKYO)))).await;
    assert!(troubles.iter().all(|trouble| matches!(trouble, Trouble::ForeignPeer(_))), "{troubles:?}");
}

#[tokio::test]
async fn a_gateway_of_another_name_is_refused_by_the_node() {
    let c = Consortium::new();
    for impostor in ["renkei://c/gateway/lead2", "renkei://c/site/lead"] {
        let gateway = Gateway::open(&c.credentials(impostor)).await;
        let (_, troubles) = failures(session(gateway.dialler(&c.credentials(TOKYO)))).await;
        for trouble in troubles {
            let Trouble::WrongPeer(error) = trouble else { panic!("{trouble:?}") };
            let (wanted, found) = (name(GATEWAY), name(impostor));
            assert_eq!(error, renkei_pki::PeerError::Other { expected: wanted, found });
        }
    }
}

#[tokio::test]
async fn an_unknown_site_of_the_consortium_is_let_go_without_greeting() {
    let c = Consortium::new();
    let gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let (waits, troubles) = failures(session(gateway.dialler(&c.credentials("renkei://c/site/unlisted")))).await;
    assert_grows(&waits);
    assert!(troubles.iter().all(|trouble| *trouble == Trouble::NoGreeting), "{troubles:?}");
    assert!(!gateway.link.is_connected());
}

#[tokio::test]
async fn what_is_dialled_in_vain_is_named() {
    let c = Consortium::new();
    let own = c.credentials(TOKYO);
    let dial = |target: &str| Dialler::to_gateway(target.parse().unwrap(), name(GATEWAY), &own).unwrap();

    let trouble = dial("no-such-host.invalid:7443").connect().await.unwrap_err();
    assert_eq!(trouble, Trouble::HostName("no-such-host.invalid".into()));

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let trouble = dial(&free.to_string()).connect().await.unwrap_err();
    assert_eq!(trouble, Trouble::ConnectionRefused(free.to_string()));

    let web = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = web.local_addr().unwrap();
    let serve = tokio::spawn(async move {
        let (mut tcp, _) = web.accept().await.unwrap();
        let mut hello = [0; 1024];
        let read = tcp.read(&mut hello).await.unwrap();
        assert!(read > 0);
        tokio::io::AsyncWriteExt::write_all(&mut tcp, b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
    });
    let trouble = dial(&address.to_string()).connect().await.unwrap_err();
    assert_eq!(trouble, Trouble::NotRenkei(address.to_string()));
    serve.await.unwrap();

    // The certificate is for `localhost`, not for its address.
    let gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let address = gateway.target.to_string().replace("localhost", "127.0.0.1");
    let trouble = dial(&address).connect().await.unwrap_err();
    assert_eq!(trouble, Trouble::OtherHost(address));
    assert!(!trouble.remedy().is_empty());
}

#[tokio::test]
async fn a_newer_connection_replaces_the_older() {
    let c = Consortium::new();
    let gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let dialler = gateway.dialler(&c.credentials(TOKYO));
    let mut older = dialler.connect().await.unwrap();
    let _newer = dialler.connect().await.unwrap();
    let mut bytes = Vec::new();
    // The gateway speaks on the older one until it ends it; then there is nothing more to read.
    let _ended = soon(older.read_to_end(&mut bytes)).await;
    assert_eq!(gateway.admitted.lock().unwrap().len(), 2);
}
