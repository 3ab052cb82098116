//! An auditor copies the logs that the gateway keeps, and can do nothing else; nobody else can.

use renkei_audit::copy::Copying;
use renkei_audit::entry::{Act, Body, Entry};
use renkei_audit::note::{Note, VerifierKey};
use renkei_audit::store::Reader;
use renkei_audit::verify::{Trust, verify};
use renkei_e2e::{AUDITOR, Client, Consortium, PERSON, Records, Site};
use renkei_types::{Clock as _, Code, SystemClock};
use serde_json::{Value, json};

use crate::BY_SEX;

const LOGS: &str = "renkei.AuditLogs";
const READ: &str = "renkei.AuditRead";

fn note(text: &Value) -> Note {
    Note::parse(text.as_str().unwrap().as_bytes()).unwrap()
}

/// Copies what is new of the gateway's log; how many entries the copy has then.
fn pull(auditor: &Client, folder: &std::path::Path) -> (u64, VerifierKey) {
    let logs = auditor.action(LOGS, "").unwrap();
    let logs: Value = serde_json::from_slice(&logs[0]).unwrap();
    let (name, key) = (logs[0]["log"].as_str().unwrap(), logs[0]["key"].as_str().unwrap());
    assert!(name.ends_with("/gateway/gateway"), "{logs}");
    let key = VerifierKey::parse(key).unwrap();
    let mut copying = Copying::begin(folder, &key).unwrap();
    let parts = auditor.action(READ, &json!({ "log": name, "bundle": copying.next() }).to_string()).unwrap();
    let head: Value = serde_json::from_slice(&parts[0]).unwrap();
    parts[1..].iter().for_each(|bytes| copying.take(bytes).unwrap());
    copying.take_cosigned(head["cosigned"].as_array().unwrap().iter().map(note).collect()).unwrap();
    let now = copying.finish(&note(&head["checkpoint"])).unwrap();
    assert_eq!(head["size"], now.size);
    (now.size, key)
}

#[test]
fn an_auditor_copies_the_log_and_asks_nothing_and_it_is_recorded() {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10))]);
    let auditor = consortium.client_of(&consortium.certificates.auditor()).unwrap();
    assert_eq!(consortium.ask(BY_SEX).states(), ["good answered"]);
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("gateway");
    // A checkpoint is due ten seconds after an entry at the latest.
    let begun = std::time::Instant::now();
    let signed = || Reader::new(&consortium.gateway_state().join("audit")).checkpoint().unwrap().is_some();
    while !signed() && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(200));
    }
    let (size, key) = pull(&auditor, &root);
    assert!(size > 0);
    let report = verify(&Reader::new(&root), &Trust::new(key, SystemClock.now()));
    assert!(report.sound() && report.entries == size, "{:?}", report.sentences(false));
    assert!(!root.join("openings").exists(), "what is sealed stays where it is");
    // That it was read is in the log itself.
    let own = Reader::new(&consortium.gateway_state().join("audit"));
    let read = own.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap());
    let by: Vec<String> = read
        .filter_map(|entry| match entry.body {
            Body::Admin(admin) if admin.act == Act::LogRead => Some(admin.who.unwrap().subject.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(by.len(), 1);
    assert!(by[0].ends_with(&format!("/person/{AUDITOR}")), "{by:?}");

    // Nothing else: neither questions nor what is about questions.
    assert_eq!(auditor.ask(BY_SEX).unwrap_err().code(), Code::Auditor);
    assert_eq!(auditor.ask("SELECT * FROM renkei.sites").unwrap_err().code(), Code::Auditor);
    assert_eq!(auditor.ask(&format!("EXPLAIN {BY_SEX}")).unwrap_err().code(), Code::Auditor);
    for action in ["GetSessionOptions", "SetSessionOptions", "CloseSession", "CancelFlightInfo"] {
        assert_eq!(auditor.action(action, "").unwrap_err().code(), Code::Auditor, "{action}");
    }
    // And nobody else.
    for action in [LOGS, READ] {
        assert_eq!(consortium.client().action(action, "{}").unwrap_err().code(), Code::Auditor, "{PERSON}: {action}");
    }
    // What is asked for and is not here.
    for wanted in ["", "{}", "{\"log\":\"x\",\"bundle\":0}", "{\"log\":\"../x\",\"bundle\":1}"] {
        assert_eq!(auditor.action(READ, wanted).unwrap_err().code(), Code::Parameter, "{wanted}");
    }
}
