use renkei_audit::entry::{Body, Entry};
use renkei_audit::note::{Checkpoint, Head, Kind, Origin, SigningKey};
use renkei_audit::tree::Hash;
use renkei_service::signed_log::{self, reader};
use renkei_types::{FixedClock, Timestamp};

use super::allowance::AT_ONCE;
use super::*;

const NOW: Timestamp = Timestamp(1_795_375_920_000_000);

fn name(role: PeerRole, id: &str) -> PeerName {
    PeerName::new("trial".parse().unwrap(), role, id).unwrap()
}

/// The first checkpoint of a log of this name, as nobody can tell from that of a real one.
fn invented(name: &PeerName, seed: u8) -> Showing {
    let origin = Origin::new(name.to_string()).unwrap();
    let key = SigningKey::from_seed(origin.clone(), Kind::Log, &[seed; 32]).unwrap();
    let head = Head { size: 7, root: Hash::of(name.to_string().as_bytes()) };
    let note = Checkpoint { origin, head, extensions: Vec::new() }.sign(&key).unwrap();
    showing(key.verifier(), &Ask { old_size: 0, proof: Vec::new(), note })
}

fn others(from: usize) -> Vec<Showing> {
    (from..from + MOST).map(|i| invented(&name(PeerRole::Site, &format!("invented-{i}")), 3)).collect()
}

/// Entries of the log that tell of another.
fn recorded(state: &std::path::Path) -> usize {
    let reader = reader(state);
    let entries = reader.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap().body);
    entries.filter(|body| matches!(body, Body::Cosign(_) | Body::Admin(_))).count()
}

#[tokio::test]
async fn a_gateway_that_invents_sites_does_not_fill_the_log() {
    let state = tempfile::tempdir().unwrap();
    let at = |clock: Arc<dyn Clock>| {
        let opened =
            signed_log::open(state.path(), &name(PeerRole::Site, "good"), &Default::default(), Arc::clone(&clock));
        Exchange::new(opened.unwrap().parts().2, name(PeerRole::Gateway, "main"), clock)
    };
    let exchange = at(Arc::new(FixedClock(NOW)));
    for round in 0..8 {
        let request = ExchangeRequest { others: others(round * MOST), ..ExchangeRequest::default() };
        let _ = exchange.answer(request).await;
    }
    let flooded = recorded(state.path());
    assert!(flooded > 50 && flooded <= AT_ONCE as usize, "{flooded} entries of {} sites", 8 * MOST);
    let peers = std::fs::read_to_string(state.path().join("peers.keys")).unwrap();
    assert!(peers.lines().count() <= signed_log::MOST_PEERS, "{} names", peers.lines().count());

    // The gateway itself is witnessed nevertheless, and the same checkpoint again is no entry.
    let own = invented(&name(PeerRole::Gateway, "main"), 4);
    for again in [false, true, true] {
        let request = ExchangeRequest { own: Some(own.clone()), others: others(0), ..ExchangeRequest::default() };
        let said = exchange.answer(request).await.said;
        let known = matches!(said[0].what, Some(What::From(7)));
        assert!(if again { known } else { matches!(said[0].what, Some(What::Cosigned(_))) }, "{said:?}");
    }
    assert_eq!(recorded(state.path()), flooded + 1);
}
