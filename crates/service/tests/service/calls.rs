use std::time::{Duration, Instant};

use futures::StreamExt;
use renkei_service::{Failure, Jitter, NodeSession, SiteLink, classify};

use crate::echo::{Echo, call, call_within, open};
use crate::support::{Consortium, GATEWAY, Gateway, NOW, Node, TOKYO, clock, soon, until};

async fn connected(echo: &Echo) -> (Gateway, Node) {
    let c = Consortium::new();
    let gateway = Gateway::open(&c.credentials(GATEWAY)).await;
    let own = c.credentials(TOKYO);
    let session = NodeSession::new(gateway.dialler(&own), echo.routes(), clock(NOW), Jitter::seeded(1));
    let node = Node::start(session.with_drain(Duration::from_millis(500)));
    until(&mut gateway.link.state(), |state| state.is_connected()).await;
    (gateway, node)
}

#[tokio::test]
async fn a_dropped_call_cancels_its_handler_at_the_node() {
    let echo = Echo::default();
    let (gateway, _node) = connected(&echo).await;
    let asked = tokio::spawn(call(gateway.link.channel(), "sleep 600000"));
    soon(echo.begun.acquire()).await.unwrap().forget();
    assert_eq!(echo.ended.available_permits(), 0);
    asked.abort();
    soon(echo.ended.acquire()).await.unwrap().forget();

    let mut stream = open(gateway.link.channel()).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    assert_eq!(echo.ended.available_permits(), 0);
    drop(stream);
    soon(echo.ended.acquire()).await.unwrap().forget();
    assert_eq!(call(gateway.link.channel(), "say on").await.unwrap(), "on");
}

#[tokio::test]
async fn every_way_to_fail_is_told_apart() {
    let echo = Echo::default();
    let (gateway, node) = connected(&echo).await;
    let channel = gateway.link.channel();

    let answered = call(channel.clone(), "nonsense").await.unwrap_err();
    assert_eq!(classify(&answered), Failure::Answered, "{answered:?}");

    let late = call_within(channel.clone(), "sleep 60000", Some(Duration::from_millis(50))).await.unwrap_err();
    assert_eq!(classify(&late), Failure::Late, "{late:?}");

    let waiting = tokio::spawn(call(channel.clone(), "sleep 60000"));
    let mut stream = open(channel.clone()).await.unwrap();
    assert!(stream.next().await.unwrap().is_ok());
    tokio::time::sleep(Duration::from_millis(50)).await;
    gateway.link.disconnect();
    let lost = soon(waiting).await.unwrap().unwrap_err();
    assert_eq!(classify(&lost), Failure::Offline, "{lost:?}");
    let cut = soon(async {
        loop {
            if let Err(status) = stream.next().await.unwrap() {
                return status;
            }
        }
    });
    let cut = cut.await;
    assert_eq!(classify(&cut), Failure::Offline, "{cut:?}");

    node.shutdown.cancel();
    soon(node.task).await.unwrap();
    until(&mut gateway.link.state(), |state| !state.is_connected()).await;
    let link = SiteLink::with_wait("osaka".parse().unwrap(), clock(NOW), Duration::from_millis(100));
    let started = Instant::now();
    let absent = call(link.channel(), "say hello").await.unwrap_err();
    assert_eq!(classify(&absent), Failure::Offline, "{absent:?}");
    assert!(started.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn unread_results_do_not_stop_other_calls() {
    let echo = Echo::default();
    let (gateway, _node) = connected(&echo).await;
    let mut unread = Vec::new();
    for _ in 0..8 {
        unread.push(open(gateway.link.channel()).await.unwrap());
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(soon(call(gateway.link.channel(), "say through")).await.unwrap(), "through");
}

#[tokio::test]
async fn a_stopping_node_lets_a_short_call_end_and_cuts_a_long_one() {
    let echo = Echo::default();
    let (gateway, node) = connected(&echo).await;
    let short = tokio::spawn(call(gateway.link.channel(), "sleep 150"));
    let long = tokio::spawn(call(gateway.link.channel(), "sleep 600000"));
    soon(echo.begun.acquire_many(2)).await.unwrap().forget();

    let started = Instant::now();
    node.shutdown.cancel();
    assert_eq!(soon(short).await.unwrap().unwrap(), "slept");
    let cut = soon(long).await.unwrap().unwrap_err();
    assert_eq!(classify(&cut), Failure::Offline, "{cut:?}");
    soon(node.task).await.unwrap();
    assert!(started.elapsed() >= Duration::from_millis(400), "{:?}", started.elapsed());
    soon(echo.ended.acquire_many(2)).await.unwrap().forget();
}
