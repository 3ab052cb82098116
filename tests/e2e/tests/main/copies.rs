//! The gateway's copies of the sites' logs: they follow, they verify, and whoever hands out another log than it signed
//! is found, with nothing of it kept.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use renkei_audit::entry::{Act, Body, Entry};
use renkei_audit::note::{Head, Note};
use renkei_audit::store::Reader;
use renkei_audit::verify::{Class, Trust, reconcile, verify};
use renkei_e2e::{Consortium, LIMIT, Records, Scripted, ScriptedLog, Site};
use renkei_proto::v1::ReadLogResponse;
use renkei_service::signed_log::{head, reader, verifier};
use renkei_types::{Clock as _, SystemClock};
use serde_json::{Value, json};

use crate::BY_SEX;

fn copy_of(consortium: &Consortium, site: &str) -> PathBuf {
    consortium.gateway_state().join("peers").join(site)
}

fn copied(root: &Path) -> Option<Head> {
    Reader::new(root).checkpoint().unwrap().and_then(|note| head(&note))
}

fn wait_for(what: &str, done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < LIMIT, "{what}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

fn entries(reader: &Reader) -> Vec<Entry> {
    reader.entries(0).unwrap().map(|entry| Entry::decode(&entry.unwrap().1).unwrap()).collect()
}

/// Who read the site's log, by the log itself.
fn read_by(reader: &Reader) -> Vec<String> {
    let by = entries(reader).into_iter().filter_map(|entry| match entry.body {
        Body::Admin(admin) if admin.act == Act::LogRead => admin.who.map(|who| who.subject.to_string()),
        _ => None,
    });
    by.collect()
}

fn alarms(state: &Path) -> Vec<String> {
    let alarms = entries(&reader(state)).into_iter().filter_map(|entry| match entry.body {
        Body::Admin(admin) if admin.act == Act::Alarm => Some(format!("{}: {}", admin.subject, admin.detail)),
        _ => None,
    });
    alarms.collect()
}

fn files(folder: &Path) -> usize {
    let Ok(list) = std::fs::read_dir(folder) else { return 0 };
    list.map(|entry| entry.unwrap().path()).map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[test]
fn copies_follow_the_sites_logs_and_agree_with_the_gateways() {
    let private = Site::with("b", Records::plain(30, 12)).private_log();
    let mut consortium = Consortium::start([Site::with("a", Records::plain(20, 10)), private]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["a answered", "b answered"]);
    let (state, root) = (consortium.state_dir("a"), copy_of(&consortium, "a"));
    let outcomes =
        |reader: &Reader| entries(reader).iter().filter(|entry| matches!(&entry.body, Body::Outcome(_))).count();
    wait_for("the copy has the question", || copied(&root).is_some() && outcomes(&Reader::new(&root)) == 1);
    let (copy, own) = (Reader::new(&root), reader(&state));
    for index in 0..copy.size().unwrap() {
        assert_eq!(copy.entry(index).unwrap(), own.entry(index).unwrap());
    }
    assert!(!root.join("openings").exists(), "what is sealed stays at the site");
    let gateway = verifier(&consortium.gateway_state()).unwrap().name().to_string();
    assert_eq!(read_by(&own), std::slice::from_ref(&gateway), "recorded once");

    // While the site is away its log grows: it is behind when it comes back.
    consortium.take("a").stop();
    consortium.join(Site::new("a"));
    consortium.wait_connected(&["a"]);
    assert_eq!(consortium.ask(BY_SEX).states(), ["a answered", "b answered"]);
    wait_for("the copy has both questions", || outcomes(&Reader::new(&root)) == 2);
    assert_eq!(read_by(&reader(&state)), [gateway.clone(), gateway], "once for each run");
    let trust = Trust::new(verifier(&state).unwrap(), SystemClock.now());
    let report = verify(&Reader::new(&root), &trust);
    assert!(report.sound(), "{:?}", report.sentences(false));
    wait_for("cosignatures are copied too", || !Reader::new(&root).cosigned().unwrap().is_empty());
    let (left, right) = (entries(&reader(&consortium.gateway_state())), entries(&Reader::new(&root)));
    let whole = |entries: Vec<Entry>| entries.into_iter().map(Ok::<_, std::convert::Infallible>);
    let minute = Duration::from_secs(60);
    let found = reconcile(whole(left), whole(right), &"a".parse().unwrap(), minute, minute).unwrap();
    assert_eq!(found.counts.keys().copied().collect::<Vec<_>>(), [Class::Matched], "{found:?}");

    // A site that does not share has no copy, and no alarm.
    assert_eq!(files(&copy_of(&consortium, "b")), 0);
    assert_eq!(alarms(&consortium.gateway_state()), [""; 0]);

    // An auditor gets the copy from the gateway, which records it.
    let auditor = consortium.client_of(&consortium.certificates.auditor()).unwrap();
    let logs: Value = serde_json::from_slice(&auditor.action("renkei.AuditLogs", "").unwrap()[0]).unwrap();
    let names: Vec<&str> = logs.as_array().unwrap().iter().map(|log| log["log"].as_str().unwrap()).collect();
    assert_eq!(names.len(), 2, "{logs}");
    assert!(names[1].ends_with("/site/a"), "{logs}");
    let parts = auditor.action("renkei.AuditRead", &json!({ "log": names[1], "bundle": 0 }).to_string()).unwrap();
    let top: Value = serde_json::from_slice(&parts[0]).unwrap();
    assert!(top["copied_micros"].as_i64().unwrap() > 0 && top["bundles"] == 1, "{top}");
    let note = Note::parse(top["checkpoint"].as_str().unwrap().as_bytes()).unwrap();
    note.verify(&verifier(&state).unwrap()).unwrap();
    let read: Vec<String> = entries(&reader(&consortium.gateway_state()))
        .into_iter()
        .filter_map(|entry| match entry.body {
            Body::Admin(admin) if admin.act == Act::LogRead => Some(admin.subject.to_string()),
            _ => None,
        })
        .collect();
    assert_eq!(read, [names[1]]);
}

/// What a site makes of what it hands out.
type Lie = fn(&mut ReadLogResponse);

const LIES: &[(&str, Lie)] = &[
    ("a-changed", |response| {
        if let Some(last) = response.bundles.first_mut().and_then(|bytes| bytes.last_mut()) {
            *last ^= 1;
        }
    }),
    ("b-fewer", |response| drop(response.bundles.pop())),
    ("c-swapped", |response| response.bundles.reverse()),
    ("d-no-proof", |response| response.proof.clear()),
    ("e-other-proof", |response| response.proof.iter_mut().for_each(|hash| hash[7] ^= 1)),
    ("f-short-hash", |response| response.proof.iter_mut().for_each(|hash| hash.truncate(31))),
    ("g-nothing", |response| response.bundles.clear()),
    ("h-many", |response| response.bundles = vec![response.bundles.first().cloned().unwrap_or_default(); 17]),
    ("i-garbage", |response| response.bundles = vec![vec![0xff; 5_000]]),
    ("j-empty-bundle", |response| response.bundles = vec![Vec::new()]),
    ("k-no-notes", |response| response.cosigned.push("no note\n".into())),
    ("l-many-notes", |response| response.cosigned = vec![String::new(); 300]),
    ("m-huge", |response| response.bundles = vec![vec![0; 15 << 20]]),
];

#[test]
fn what_a_site_did_not_sign_is_an_alarm_and_is_not_kept() {
    let scripted: Vec<_> = LIES
        .iter()
        .map(|(site, lie)| {
            let log = ScriptedLog::new(site, 700);
            log.spoil(*lie);
            Scripted::with_log(site, &log)
        })
        .collect();
    let honest = ScriptedLog::new("honest", 700);
    let sites = scripted.iter().map(Site::scripted).chain([Site::scripted(&Scripted::with_log("honest", &honest))]);
    let consortium = Consortium::start(sites);
    let state = consortium.gateway_state();
    wait_for("an honest log is copied", || {
        copied(&copy_of(&consortium, "honest")).is_some_and(|head| head.size >= 700)
    });
    let told = |site: &str| {
        let alarms = alarms(&state);
        alarms.iter().any(|alarm| alarm.contains(&format!("/site/{site}: the entries that it hands out are not")))
    };
    wait_for("every lie is an alarm", || LIES.iter().all(|(site, _)| told(site)));
    for (site, _) in LIES {
        assert_eq!(files(&copy_of(&consortium, site)), 0, "{site}: something was kept");
    }
    assert_eq!(alarms(&state).len(), LIES.len(), "one for each");
}

#[test]
fn a_copy_stays_as_it_was_and_a_second_history_is_found() {
    let (changed, twin) = (ScriptedLog::new("changed", 300), ScriptedLog::new("twin", 300));
    let sites = [("changed", &changed), ("twin", &twin)];
    let consortium = Consortium::start(sites.map(|(site, log)| Site::scripted(&Scripted::with_log(site, log))));
    let state = consortium.gateway_state();
    for (site, _) in sites {
        wait_for("it is copied", || copied(&copy_of(&consortium, site)).is_some());
    }
    let before = copied(&copy_of(&consortium, "changed")).unwrap();
    let count = files(&copy_of(&consortium, "changed"));
    changed.spoil(|response| {
        if let Some(last) = response.bundles.last_mut().and_then(|bytes| bytes.last_mut()) {
            *last ^= 1;
        }
    });
    changed.grow(300);
    let other = twin.of_another_history(40).to_string();
    twin.spoil(move |response| response.cosigned.push(other.clone()));
    twin.grow(300);
    let found = |what: &str| alarms(&state).iter().any(|alarm| alarm.contains(what));
    wait_for("the change is an alarm", || found("/site/changed: the entries that it hands out are not"));
    wait_for("the twin is an alarm", || found("/site/twin: a checkpoint that others cosigned is of other entries"));
    let root = copy_of(&consortium, "changed");
    assert_eq!(copied(&root), Some(before));
    // One file more at most: cosignatures of what it has may have come before the change.
    assert!(files(&root) <= count + 1, "{} files, {count} before", files(&root));
}
