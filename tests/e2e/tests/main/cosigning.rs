//! Gateway and sites cosign each other's logs, answers carry receipts, and whoever goes back is found.

use std::path::Path;
use std::time::{Duration, Instant};

use renkei_audit::entry::{Act, Body, Entry};
use renkei_audit::note::{Note, VerifierKey};
use renkei_audit::receipt::Inclusion;
use renkei_audit::verify::{Check, Trust, verify};
use renkei_e2e::{Consortium, LIMIT, Records, Site};
use renkei_service::signed_log::{reader, verifier, witness_verifier};
use renkei_types::{Clock, SystemClock};

use crate::BY_SEX;

fn bodies(state: &Path) -> Vec<Body> {
    let reader = reader(state);
    reader.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap().body).collect()
}

fn alarms(state: &Path) -> Vec<String> {
    let alarm = |body: Body| match body {
        Body::Admin(admin) if admin.act == Act::Alarm => Some(format!("{}: {}", admin.subject, admin.detail)),
        _ => None,
    };
    bodies(state).into_iter().filter_map(alarm).collect()
}

/// Waits until a log's checkpoint is cosigned by all of these.
fn wait_cosigned(state: &Path, by: &[VerifierKey]) -> Note {
    let started = Instant::now();
    loop {
        let note = reader(state).checkpoint().unwrap();
        if let Some(note) = note.filter(|note| by.iter().all(|key| note.verify(key).is_ok())) {
            return note;
        }
        assert!(started.elapsed() < LIMIT, "the log in {} is not cosigned", state.display());
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn wait_log(consortium: &Consortium, wanted: &[&str]) {
    let started = Instant::now();
    loop {
        let rows = consortium.ask("SELECT site_id, log FROM renkei.sites ORDER BY 1").rows();
        if rows == wanted {
            return;
        }
        assert!(started.elapsed() < LIMIT, "{rows:?}, not {wanted:?}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() { copy(&entry.path(), &to) } else { _ = std::fs::copy(entry.path(), to) }
    }
}

#[test]
fn logs_are_cosigned_and_receipts_are_proven() {
    let mut consortium =
        Consortium::start([Site::with("a", Records::plain(20, 10)), Site::with("b", Records::plain(30, 12))]);
    let answer = consortium.ask(BY_SEX);
    let receipts = &answer.metadata().receipts;
    let sites: Vec<_> =
        receipts.iter().map(|given| given.site.as_ref().map_or("gateway", |site| site.as_str())).collect();
    assert_eq!(sites, ["a", "b", "gateway"]);
    for given in receipts {
        assert_eq!(given.open().unwrap().0.query, answer.metadata().query_id);
    }
    wait_log(&consortium, &["a | ok", "b | ok"]);
    let (gateway, a, b) = (consortium.gateway_state(), consortium.state_dir("a"), consortium.state_dir("b"));
    let witness = |state: &Path| witness_verifier(state).unwrap();
    wait_cosigned(&gateway, &[witness(&a), witness(&b)]);
    // Each site is a witness of the other, although they have no connection.
    wait_cosigned(&a, &[witness(&gateway), witness(&b)]);
    wait_cosigned(&b, &[witness(&gateway), witness(&a)]);

    for given in receipts {
        let (receipt, key) = given.open().unwrap();
        let asked = serde_json::json!({ "log": receipt.origin, "index": receipt.index }).to_string();
        let proof = consortium.client().action("renkei.ProveReceipt", &asked).unwrap();
        let proof: serde_json::Value = serde_json::from_slice(&proof[0]).unwrap();
        let checkpoint = Note::parse(proof["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
        let inclusion: Inclusion = serde_json::from_value(proof["inclusion"].clone()).unwrap();
        receipt.prove(&inclusion, &checkpoint, &key).unwrap();
    }
    let unknown = consortium.client().action("renkei.ProveReceipt", r#"{"log":"renkei://x/site/y","index":1}"#);
    assert!(unknown.is_err());

    for site in ["a", "b"] {
        consortium.take(site).stop();
    }
    for (state, witnesses) in [(&gateway, [&a, &b]), (&a, [&gateway, &b]), (&b, [&gateway, &a])] {
        let trust = Trust {
            witnesses: witnesses.map(|state| witness(state)).to_vec(),
            quorum: 2,
            openings: true,
            ..Trust::new(verifier(state).unwrap(), SystemClock.now())
        };
        let report = verify(&reader(state), &trust);
        assert!(report.sound() && report.cosignatures >= 2, "{:?}", report.sentences(false));
        assert!(alarms(state).is_empty(), "{:?}", alarms(state));
    }
}

#[test]
fn an_older_copy_of_a_log_is_found_by_its_witnesses() {
    let mut consortium =
        Consortium::start([Site::with("a", Records::plain(20, 10)), Site::with("b", Records::plain(30, 12))]);
    let (gateway, a, b) = (consortium.gateway_state(), consortium.state_dir("a"), consortium.state_dir("b"));
    consortium.take("a").stop();
    let backup = consortium.scratch().join("backup");
    copy(&a.join("audit"), &backup);
    consortium.join(Site::new("a"));
    consortium.wait_connected(&["a"]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["a answered", "b answered"]);
    wait_cosigned(&a, &[witness_verifier(&gateway).unwrap(), witness_verifier(&b).unwrap()]);
    consortium.take("a").stop();
    std::fs::remove_dir_all(a.join("audit")).unwrap();
    copy(&backup, &a.join("audit"));

    // The node cannot know: it starts. Whoever saw more does.
    consortium.join(Site::new("a"));
    consortium.wait_connected(&["a"]);
    wait_log(&consortium, &["a | alarm", "b | ok"]);
    let found = alarms(&gateway);
    assert!(found.len() == 1 && found[0].contains("/site/a: it does not continue"), "{found:?}");
    std::thread::sleep(Duration::from_secs(1));
    consortium.take("a").stop();
    let own = alarms(&a);
    assert!(own.iter().any(|alarm| alarm.contains("the gateway does not cosign this log")), "{own:?}");
    // And it cannot be hidden from who compares the files.
    let key = verifier(&a).unwrap();
    let known = reader(&gateway).memories().unwrap()[key.name()].under(&key);
    let known = known.iter().map(|seen| seen.head).collect();
    let report = verify(&reader(&a), &Trust { known, ..Trust::new(verifier(&a).unwrap(), SystemClock.now()) });
    assert!(report.has(Check::Rollback) || report.has(Check::Fork), "{:?}", report.sentences(false));
}

#[test]
fn another_key_of_a_known_log_is_an_alarm() {
    let mut consortium = Consortium::start([Site::with("a", Records::plain(20, 10))]);
    wait_log(&consortium, &["a | ok"]);
    consortium.take("a").stop();
    let a = consortium.state_dir("a");
    for name in ["audit.key", "audit.pub", "witness.pub"] {
        std::fs::remove_file(a.join(name)).unwrap();
    }
    std::fs::rename(a.join("audit"), a.join("old")).unwrap();
    consortium.join(Site::new("a"));
    consortium.wait_connected(&["a"]);
    wait_log(&consortium, &["a | alarm"]);
    let found = alarms(&consortium.gateway_state());
    assert!(found.iter().any(|alarm| alarm.contains("/site/a: it signs with another key")), "{found:?}");
    // What its log promises is nothing that the gateway can rely on.
    let refused = consortium.refused(BY_SEX);
    assert!(format!("{refused:?}").contains("another key"), "{refused:?}");
}
