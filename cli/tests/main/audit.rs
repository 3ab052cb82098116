//! `renkei audit` over logs that the real writer made.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use renkei_audit::archive::{self, ArchiveError};
use renkei_audit::entry::{
    Act, Admin, Body, Cells, ClockState, Count, Intent, Line, List, Name, Outcome, Private, Question, Seal, Shown,
    State, Text, Who,
};
use renkei_audit::note::{Kind, Origin, SigningKey};
use renkei_audit::store::{Config, Log, Reader};
use renkei_audit::tree::Hash;
use renkei_types::{Clock, ProjectId, QueryId, SiteId, Timestamp};

use crate::shell::{Desk, exists};

const SQL: &str = "SELECT gender_concept_id, count(*) FROM person GROUP BY 1";

#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(10_000, Ordering::SeqCst))
    }
}

fn intent(query: &str) -> Body {
    let site = SiteId::new("tokyo").unwrap();
    Body::Intent(Box::new(Intent {
        budget: None,
        columns: List::default(),
        opt_out: None,
        part: 0,
        policy: Line::lossy("3"),
        private: Private::default(),
        query: QueryId::new(query).unwrap(),
        question: Question {
            ethics: None,
            level: Line::lossy("aggregate"),
            parameters: None,
            project: ProjectId::new("p-1").unwrap(),
            purpose: Line::lossy(""),
            sequence: None,
            sites: List::new(vec![site]).unwrap(),
            sql: Shown::Text(Text::new(SQL).unwrap()),
            statement: Hash::of(SQL.as_bytes()),
        },
        snapshots: List::default(),
        software: Line::lossy("0.1.0"),
        tables: List::new(vec![Name::new("person").unwrap()]).unwrap(),
        who: Who {
            institution: Line::lossy("東京大学"),
            key: Line::lossy("-"),
            on_behalf: None,
            subject: Line::lossy("renkei://c/person/suzuki"),
        },
    }))
}

fn outcome(query: &str, site: Option<&str>) -> Body {
    Body::Outcome(Box::new(Outcome {
        cells: Cells { asked: Count::saturating(2), released: Count::saturating(2) },
        code: None,
        micros: Count::saturating(5_000),
        part: 0,
        private: Private::default(),
        query: QueryId::new(query).unwrap(),
        result: Some(Seal(Hash::of(query.as_bytes()))),
        site: site.map(|site| SiteId::new(site).unwrap()),
        state: State::Answered,
    }))
}

/// A log under `root/audit`, its key beside it.
fn log(root: &Path, name: &str, bodies: Vec<Body>) {
    fs::create_dir_all(root).unwrap();
    let key = Arc::new(SigningKey::from_seed(Origin::new(name).unwrap(), Kind::Log, &[9; 32]).unwrap());
    fs::write(root.join("audit.pub"), format!("{}\n", key.verifier())).unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(1_790_000_000_000_000)));
    let log = Log::open(Config::new(root.join("audit"), key, clock)).unwrap().0;
    for body in bodies {
        log.append(body).wait().unwrap();
    }
    let stop = Admin {
        act: Act::Stop,
        detail: Line::lossy("in order"),
        digest: None,
        private: Private::default(),
        subject: Line::lossy(name),
        who: None,
    };
    log.append(Body::Admin(stop)).wait().unwrap();
    log.checkpoint().wait().unwrap();
    log.close();
}

fn desk(lost_at_node: bool) -> Desk {
    let desk = Desk::new();
    let both = |query: &str| vec![intent(query), outcome(query, Some("tokyo")), outcome(query, None)];
    log(&desk.path("lead"), "renkei://c/gateway/lead", [both("q-1"), both("q-2")].concat());
    let mut node = vec![intent("q-2"), outcome("q-2", None)];
    if !lost_at_node {
        node.splice(0..0, [intent("q-1"), outcome("q-1", None)]);
    }
    log(&desk.path("tokyo"), "renkei://c/site/tokyo", node);
    desk
}

const BOTH: [&str; 4] = ["--log", "lead", "--log", "tokyo"];

#[test]
fn questions_are_found_shown_and_exported() {
    let desk = desk(false);
    let run = |args: &[&str]| desk.run(&[&["audit"][..], args, &BOTH[..]].concat());
    let found = run(&["search", "gender", "--who", "suz", "--output", "sentences", "--lang", "ja"]);
    assert_eq!(found.status, 0, "{found:?}");
    assert_eq!(found.out.lines().count(), 2);
    assert!(
        found
            .out
            .starts_with("2026年9月21日 23:13、東京大学のsuzukiが課題「p-1」で1施設に person の集計を質問し、1施設")
    );
    let none = run(&["search", "--in-project", "p-2"]);
    assert!(none.out.is_empty() && none.err.contains("Did you mean `p-1`?"), "{none:?}");
    let shown = run(&["show", "q-2"]);
    assert_eq!(shown.status, 0, "{shown:?}");
    assert!(shown.out.contains("# renkei://c/gateway/lead") && shown.out.contains("# renkei://c/site/tokyo"));
    assert_eq!(shown.out.matches("signed by the key beside the log").count(), 5, "{}", shown.out);
    let exported = run(&["export", "-o", "log.csv"]);
    assert_eq!(exported.status, 0, "{exported:?}");
    let csv = fs::read_to_string(desk.path("log.csv")).unwrap();
    assert!(csv.starts_with("\u{feff}at_utc,") && csv.contains(",q-1,") && csv.ends_with("\r\n"), "{csv}");
    let fhir = run(&["export", "--output", "fhir", "--kind", "question"]);
    assert_eq!(fhir.out.matches("IHE.BasicAudit.Query").count(), 2, "{}", fhir.out);
    assert!(exists(&desk.path(".cache/renkei")) && !exists(&desk.path("lead/audit/renkei")));
    let wrong = run(&["search", "--since", "yesterday"]);
    assert!(wrong.status == 2 && wrong.err.contains("--since"), "{wrong:?}");
    assert_eq!(desk.run(&["audit", "verify", "--log", "pki"]).status, 2, "no log there");
}

#[test]
fn a_log_that_was_touched_is_not_believed() {
    let desk = desk(false);
    let verify = |args: &[&str]| desk.run(&[&["audit", "verify"][..], args, &BOTH[..]].concat());
    let sound = verify(&["--output", "json"]);
    assert_eq!(sound.status, 0, "{sound:?}");
    let report: serde_json::Value = serde_json::from_str(&sound.out).unwrap();
    assert_eq!((&report["sound"], report["logs"].as_array().unwrap().len()), (&true.into(), 2));
    // With a key that is another's, nothing is believed.
    let key = SigningKey::from_seed(Origin::new("renkei://c/gateway/lead").unwrap(), Kind::Log, &[8; 32]).unwrap();
    fs::write(desk.path("keys"), format!("# keys\n{}\n", key.verifier())).unwrap();
    let other = verify(&["--keys", "keys"]);
    assert_eq!(other.status, 6);
    assert!(other.out.contains("A-CHECKPOINT") && other.out.contains("NOT VERIFIED"), "{}", other.out);
    // One letter of the statement in the journal or the bundle.
    let journal = desk.path("tokyo/audit/journal/0");
    let mut bytes = fs::read(&journal).unwrap();
    let at = bytes.windows(6).position(|window| window == b"gender").unwrap();
    bytes[at] ^= 1;
    fs::write(&journal, bytes).unwrap();
    let touched = verify(&[]);
    assert_eq!(touched.status, 6, "{touched:?}");
    assert!(touched.out.contains("NOT TO BE BELIEVED"), "{}", touched.out);
}

#[test]
fn what_one_side_lost_the_other_tells() {
    let reconcile = |desk: &Desk| desk.run(&[&["audit", "reconcile"][..], &BOTH[..]].concat());
    let same = reconcile(&desk(false));
    assert_eq!(same.status, 0, "{same:?}");
    let lost = reconcile(&desk(true));
    assert_eq!(lost.status, 6, "{lost:?}");
    assert!(lost.out.contains("gateway only") && lost.out.contains("q-1"), "{}", lost.out);
    let alone = desk(false).run(&["audit", "reconcile", "--log", "tokyo"]);
    assert_eq!(alone.status, 2);
}

/// A node's log of 400 questions, the first 512 entries of which are in an archive only.
fn archived(desk: &Desk) {
    let key = SigningKey::from_seed(Origin::new("renkei://c/site/tokyo").unwrap(), Kind::Log, &[9; 32]).unwrap();
    let witness =
        SigningKey::from_seed(Origin::new("renkei://c/witness/lead").unwrap(), Kind::Witness, &[8; 32]).unwrap();
    let (root, key) = (desk.path("tokyo"), Arc::new(key));
    fs::create_dir_all(&root).unwrap();
    fs::write(root.join("audit.pub"), format!("{}\n", key.verifier())).unwrap();
    let clock = Arc::new(Hand(AtomicI64::new(1_790_000_000_000_000)));
    let log = Log::open(Config::new(root.join("audit"), Arc::clone(&key), Arc::clone(&clock) as _)).unwrap().0;
    let all: Vec<_> = (0..400)
        .flat_map(|n| [intent(&format!("q-{n}")), outcome(&format!("q-{n}"), None)])
        .map(|body| log.append(body))
        .collect();
    let limit = all.into_iter().map(|pending| pending.wait().unwrap().at).nth(600).unwrap();
    let act = |act| {
        let (detail, subject) = (Line::lossy("in order"), Line::lossy("tokyo"));
        Body::Admin(Admin { act, detail, digest: None, private: Private::default(), subject, who: None })
    };
    log.append(act(Act::Start)).wait().unwrap();
    clock.0.fetch_add(61_000_000, Ordering::SeqCst);
    log.tick(ClockState::Free).wait().unwrap();
    log.append(act(Act::Stop)).wait().unwrap();
    let mut note = log.checkpoint().wait().unwrap();
    note.cosign(&witness, 1_790_000_100).unwrap();
    log.cosigned(note, witness.verifier().clone()).wait().unwrap();
    log.close();
    let reader = Reader::new(&root.join("audit"));
    let due = archive::due(&reader, limit).unwrap().unwrap();
    assert_eq!(due, 0..512);
    let out = desk.path("old");
    archive::export(&reader, &due, &out, &key, limit).unwrap();
    let witnesses = [witness.verifier().clone()];
    archive::remove(&reader, &out, key.verifier(), &witnesses, |_, _| Ok::<_, ArchiveError>(())).unwrap();
}

#[test]
fn an_archive_is_read_with_its_log() {
    let desk = Desk::new();
    archived(&desk);
    let run = |args: &[&str]| desk.run(&[&["audit"][..], args, &["--log", "tokyo"]].concat());
    let alone = run(&["verify"]);
    assert!(alone.status == 0 && alone.out.contains("A-ARCHIVED"), "{alone:?}");
    let both = run(&["verify", "--archive", "old", "--output", "json"]);
    assert_eq!(both.status, 0, "{both:?}");
    let report: serde_json::Value = serde_json::from_str(&both.out).unwrap();
    assert_eq!(report["logs"][0]["report"]["entries"], 803);
    assert!(!both.out.contains("A-ARCHIVED") && both.out.contains("\"archives\":[\"old\"]"), "{}", both.out);
    // Searching needs all entries the first time, and says which are missing.
    let missing = run(&["search", "--index", "other.sqlite"]);
    assert!(missing.status != 0 && missing.err.contains("before 512"), "{missing:?}");
    let found = run(&["show", "q-3", "--archive", "old"]);
    assert!(found.status == 0 && found.out.contains("entry 6"), "{found:?}");
    let counted = run(&["report", "-o", "r.html", "--archive", "old"]);
    assert_eq!(counted.status, 0, "{counted:?}");
    assert!(fs::read_to_string(desk.path("r.html")).unwrap().contains("803"));
    let partly = run(&["report", "-o", "s.html"]);
    assert!(partly.status != 0 && !exists(&desk.path("s.html")), "nothing is counted in part: {partly:?}");
    // A changed archive, and one that is none.
    let tile = desk.path("old/tile/entries/000");
    let mut bytes = fs::read(&tile).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&tile, bytes).unwrap();
    let changed = run(&["verify", "--archive", "old"]);
    assert!(changed.status == 6 && changed.out.contains("tile/entries/000"), "{changed:?}");
    let none = run(&["verify", "--archive", "tokyo"]);
    assert!(none.status != 0 && none.err.contains("archive"), "{none:?}");
}
