//! Two logs that cosign each other.

use std::path::Path;
use std::sync::Arc;

use renkei_audit::entry::{Act, Admin, Body, Cosign, Entry, Given, Line, Private};
use renkei_audit::note::{Checkpoint, Head, Kind, Note, NoteError, SigningKey, VerifierKey};
use renkei_audit::store::{Config, Log, Reader, StoreError, key_digest};
use renkei_audit::tree::ProofError;
use renkei_audit::verify::{Check, Trust, verify};
use renkei_audit::witness::{Ask, Denied};
use renkei_types::Clock as _;

use crate::common::*;

fn log(root: &Path, gateway: bool, clock: &Hand) -> Log {
    let key = if gateway { gateway_key() } else { node_key() };
    let config = Config { reserve: 1_024, ..Config::new(root.to_owned(), key, Arc::new(clock.clone())) };
    Log::open(config).unwrap().0
}

fn grow(log: &Log, count: usize) -> Note {
    let all: Vec<_> = (0..count).map(|_| log.append(admin(Act::LogRead))).collect();
    all.into_iter().for_each(|pending| _ = pending.wait().unwrap());
    log.checkpoint().wait().unwrap()
}

fn head(note: &Note) -> Head {
    Checkpoint::open(note, node_key().verifier()).unwrap().head
}

/// One exchange: the node asks, the gateway cosigns, the node takes it up.
fn exchange(node: &Log, gateway: &Log, old_size: u64, note: &Note) -> Result<Note, StoreError> {
    let proof = node.reader().consistency(old_size, head(note).size).unwrap();
    let ask = Ask { old_size, proof, note: note.clone() };
    let signature = gateway.witness(ask, node_key().verifier().clone(), witness_key()).wait()?;
    let mut signed = note.clone();
    signed.add(signature).map_err(StoreError::Note)?;
    node.cosigned(signed.clone(), witness_key().verifier().clone()).wait()?;
    Ok(signed)
}

#[test]
fn checkpoints_are_cosigned_remembered_and_proven() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (at_node, at_gateway) = (folder.path().join("node"), folder.path().join("gateway"));
    let (node, gateway) = (log(&at_node, false, &clock), log(&at_gateway, true, &clock));
    let first = grow(&node, 5);
    exchange(&node, &gateway, 0, &first).unwrap();
    let second = grow(&node, 300);
    assert_eq!(exchange(&node, &gateway, 0, &second), Err(StoreError::Denied(Denied::Stale(5))));
    let signed = exchange(&node, &gateway, 5, &second).unwrap();
    assert_eq!(node.reader().checkpoint().unwrap(), Some(signed));
    assert_eq!(node.reader().cosigned().unwrap().len(), 2);

    gateway.close();
    let gateway = log(&at_gateway, true, &clock);
    let same = exchange(&node, &gateway, 305, &second);
    assert!(same.is_ok(), "the same head may be cosigned again, also after a restart: {same:?}");
    let last = Entry::decode(&gateway.reader().entry(1).unwrap()).unwrap().body;
    let cosigner = witness_key().verifier().name().clone();
    let origin = node_key().verifier().name().clone();
    assert_eq!(last, Body::Cosign(Cosign { cosigner, given: Given::Given, head: head(&second), origin }));
    assert_eq!(gateway.reader().size().unwrap(), 2);

    let witnesses = vec![witness_key().verifier().clone()];
    let own = Trust::new(node_key().verifier().clone(), clock.now());
    let trust = Trust { witnesses, quorum: 1, ..own };
    let report = verify(&Reader::new(&at_node), &trust);
    assert!(report.findings.is_empty(), "{:?}", report.sentences(false));
    assert_eq!(report.cosignatures, 4);
    clock.turn(601_000_000);
    grow(&node, 1);
    let late = Trust { as_of: clock.now(), ..trust.clone() };
    assert!(!verify(&Reader::new(&at_node), &late).has(Check::Unwitnessed), "the new entry is fresh");
    clock.turn(601_000_000);
    let late = Trust { as_of: clock.now(), ..trust };
    assert!(verify(&Reader::new(&at_node), &late).has(Check::Unwitnessed));
}

#[test]
fn an_older_copy_is_known_by_what_the_other_side_remembers() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let (at_node, at_copy) = (folder.path().join("node"), folder.path().join("copy"));
    let gateway = log(&folder.path().join("gateway"), true, &clock);
    let node = log(&at_node, false, &clock);
    let first = grow(&node, 5);
    exchange(&node, &gateway, 0, &first).unwrap();
    let second = grow(&node, 6);
    exchange(&node, &gateway, 5, &second).unwrap();
    node.close();
    for (path, bytes) in files(&at_node) {
        std::fs::create_dir_all(at_copy.join(&path).parent().unwrap()).unwrap();
        std::fs::write(at_copy.join(&path), bytes).unwrap();
    }
    let node = log(&at_node, false, &clock);
    exchange(&node, &gateway, 11, &grow(&node, 7)).unwrap();
    let memories = gateway.reader().memories().unwrap();
    let known = memories[node_key().verifier().name()].under(node_key().verifier());
    let known: Vec<Head> = known.iter().map(|seen| seen.head).collect();
    assert_eq!(known.iter().map(|head| head.size).collect::<Vec<_>>(), [5, 11, 18]);
    let trust = Trust { known, ..Trust::new(node_key().verifier().clone(), clock.now()) };
    assert!(verify(&Reader::new(&at_node), &trust).sound());
    let report = verify(&Reader::new(&at_copy), &trust);
    assert_eq!(report.counts.keys().collect::<Vec<_>>(), [&Check::Rollback]);
    // Continued, the copy is a fork; the gateway does not cosign it, and the verifier says so.
    let copy = log(&at_copy, false, &clock);
    clock.turn(1_000_000);
    let note = grow(&copy, 9);
    let denied = exchange(&copy, &gateway, 18, &note);
    assert_eq!(denied, Err(StoreError::Denied(Denied::Forked(ProofError::Root))));
    let trust = Trust { as_of: clock.now(), ..trust };
    assert_eq!(verify(&Reader::new(&at_copy), &trust).counts.keys().collect::<Vec<_>>(), [&Check::Fork]);
}

#[test]
fn a_log_that_goes_back_or_forks_is_not_cosigned() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let gateway = log(&folder.path().join("gateway"), true, &clock);
    let (node, copy) = (log(&folder.path().join("a"), false, &clock), log(&folder.path().join("b"), false, &clock));
    exchange(&node, &gateway, 0, &grow(&node, 20)).unwrap();
    // The copy has as many entries and more, but recorded a second later.
    clock.turn(1_000_000);
    let forked = |error| Err(StoreError::Denied(Denied::Forked(error)));
    assert_eq!(exchange(&copy, &gateway, 20, &grow(&copy, 19)), forked(ProofError::Range));
    assert_eq!(exchange(&copy, &gateway, 20, &grow(&copy, 1)), forked(ProofError::Root));
    assert_eq!(exchange(&copy, &gateway, 20, &grow(&copy, 7)), forked(ProofError::Root));
    let foreign = Ask { old_size: 0, proof: Vec::new(), note: gateway.checkpoint().wait().unwrap() };
    let denied = gateway.witness(foreign, node_key().verifier().clone(), witness_key()).wait();
    assert_eq!(denied, Err(StoreError::Denied(Denied::Signature(NoteError::Unsigned))));
    assert_eq!(gateway.reader().seen().unwrap().values().map(|head| head.size).collect::<Vec<_>>(), [20]);
}

#[test]
fn a_signature_that_is_none_is_not_taken_up() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let node = log(folder.path(), false, &clock);
    let mut note = grow(&node, 3);
    let stranger = key("renkei.example/witness/other", Kind::Witness, 9);
    note.cosign(&stranger, 1).unwrap();
    let taken = node.cosigned(note, witness_key().verifier().clone()).wait();
    assert_eq!(taken, Err(StoreError::Note(NoteError::Unsigned)));
    assert_eq!(node.reader().cosigned().unwrap(), []);
}

#[test]
fn heads_that_were_cosigned_belong_to_the_key_that_the_log_had() {
    let (folder, clock) = (tempfile::tempdir().unwrap(), Hand::new());
    let root = |name: &str| folder.path().join(name);
    let (node, gateway) = (log(&root("node"), false, &clock), log(&root("gateway"), true, &clock));
    exchange(&node, &gateway, 0, &grow(&node, 30)).unwrap();
    node.close();
    gateway.close();
    // The key is lost: another one, told on another way, and what was seen of the log is closed.
    let name = node_key().verifier().name().clone();
    let key = Arc::new(SigningKey::from_seed(name.clone(), Kind::Log, &[77; 32]).unwrap());
    std::fs::remove_file(root("gateway").join("seen")).unwrap();
    let gateway = log(&root("gateway"), true, &clock);
    let ceremony = Admin {
        act: Act::Ceremony,
        detail: Line::lossy("another key"),
        digest: Some(key_digest(key.verifier())),
        private: Private::default(),
        subject: Line::lossy(name.as_str()),
        who: None,
    };
    gateway.append(Body::Admin(ceremony)).wait().unwrap();
    let config = Config { reserve: 1_024, ..Config::new(root("anew"), Arc::clone(&key), Arc::new(clock.clone())) };
    let anew = Log::open(config).unwrap().0;
    let note = grow(&anew, 4);
    let ask = Ask { old_size: 0, proof: Vec::new(), note };
    gateway.witness(ask, key.verifier().clone(), witness_key()).wait().unwrap();

    let memory = &gateway.reader().memories().unwrap()[&name];
    let under = |key: &VerifierKey| memory.under(key).iter().map(|seen| seen.head).collect::<Vec<_>>();
    let sizes = |heads: &[Head]| heads.iter().map(|head| head.size).collect::<Vec<_>>();
    let (old, new) = (under(node_key().verifier()), under(key.verifier()));
    assert_eq!((sizes(&old), sizes(&new)), (vec![30], vec![4]));
    let report = |name: &str, key: &VerifierKey, known: &[Head]| {
        let trust = Trust { known: known.to_vec(), ..Trust::new(key.clone(), clock.now()) };
        verify(&Reader::new(&root(name)), &trust)
    };
    assert!(report("anew", key.verifier(), &new).sound());
    assert!(report("node", node_key().verifier(), &old).sound());
    assert!(!report("anew", key.verifier(), &old).sound(), "they are heads of another log");
    [anew, gateway].iter().for_each(Log::close);
}
