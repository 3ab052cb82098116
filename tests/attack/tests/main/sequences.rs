//! Attacks of several questions whose answers are compared by hand.

use renkei_attack::fixture::{CROWD, CROWD_YEAR, FLU, Hospital, has};
use renkei_attack::tracker::persons;
use renkei_attack::{Seen, Target};
use renkei_e2e::{Consortium, PROJECT, Site};
use renkei_ledger::Ledger;
use renkei_node::config::{Budget, Level, Mode};
use renkei_node::registered;
use renkei_node::store::Seal;
use renkei_policy::Registration;
use renkei_types::Timestamp;

fn site(records: Hospital, mode: Mode, level: Level, questions: u32) -> Site {
    Site::with("tokyo", records).grant(|project| {
        (project.ledger, project.level) = (Some(mode), level);
        project.budget = Some(Budget { project_30_days: Some(questions), person_day: None });
    })
}

fn not_old() -> String {
    format!("p.year_of_birth <> {CROWD_YEAR}")
}

/// The same text is one question, however often and by whatever client; other words for it are charged and say the same.
#[test]
fn repetition_and_other_words_bring_nothing() {
    let consortium = Consortium::start([site(Hospital::crowds(5, 3), Mode::Flag, Level::Aggregate, 4)]);
    let target = Target::of(&consortium);
    let (crowd, flu) = (has(CROWD), has(FLU));
    let sql = persons(&[&crowd, &flu]);
    let first = target.ask(&sql);
    assert!(first.number(0, "n").is_some(), "{first:?}");
    for _ in 0..20 {
        assert_eq!(target.ask(&sql).cells, first.cells);
    }
    let again = Target::of(&consortium);
    assert_eq!(again.ask(&sql.to_lowercase()).cells, first.cells, "RT-10: another client");
    // Three more questions are left of four; each other wording is one of them.
    for other in [
        persons(&[&flu, &crowd]),
        persons(&[&crowd, &flu, "p.year_of_birth > 0"]),
        format!("SELECT count(*) AS n FROM person p WHERE {flu} AND {crowd}"),
    ] {
        assert_eq!(target.ask(&other).cells[0][0], first.cells[0][0], "RT-11: {other}");
    }
    let over = target.ask(&persons(&[&crowd, "p.year_of_birth > 1"]));
    assert_eq!(over.code, Some(renkei_types::Code::Budget), "{over:?}");
    assert_eq!(target.ask(&sql).cells, first.cells, "a repetition is free");
}

/// A cohort and the same without one person, by a key and by what is known of that person.
#[test]
fn a_cohort_and_the_same_without_one() {
    let crowd = has(CROWD);
    let ask = |target: &Target| -> [Seen; 3] {
        let number = "p.person_id <> 12";
        [persons(&[&crowd]), persons(&[&crowd, number]), persons(&[&crowd, &not_old()])].map(|sql| target.ask(&sql))
    };
    let records = || Hospital::crowds(5, 3);
    let open = Consortium::open([Site::open("tokyo", records())]);
    let [all, _, but] = ask(&Target::of(&open));
    assert_eq!(all.number(0, "n").unwrap() - but.number(0, "n").unwrap(), 1.0, "RT-06 proves nothing");
    for level in [Level::Aggregate, Level::Feasibility] {
        let consortium = Consortium::start([site(records(), Mode::Substitute, level, 1_000)]);
        let [all, by_key, but] = ask(&Target::of(&consortium));
        assert_eq!(by_key.code, Some(renkei_types::Code::KeyUse), "RT-05: {by_key:?}");
        assert!(all.number(0, "n").is_some());
        assert_eq!(all.cells, but.cells, "RT-06: the earlier value");
    }
}

/// The same cohort one snapshot later, from which one person is gone; and two projects that share a tracker.
#[test]
fn later_snapshots_and_other_projects_are_remembered_too() {
    const OTHER: &str = "another";
    let records = Hospital::crowds(5, 3);
    let (crowd, flu) = (has(CROWD), has(FLU));
    let sql = persons(&[&crowd, &flu]);
    let victim = records.victims().remove(0);
    let mut later = records.clone();
    // Somebody of the crowd who has flu gets well; the others stay the same persons.
    let well = later.people.iter_mut().find(|person| person.diseases == [FLU, CROWD]).unwrap();
    well.diseases.retain(|disease| *disease != FLU);
    let mut consortium =
        Consortium::with([site(records, Mode::Substitute, Level::Aggregate, 1_000).two_projects(OTHER)], |config| {
            let other = renkei_gateway::config::Project { id: OTHER.parse().unwrap(), ..config.projects[0].clone() };
            config.projects.push(other);
        });
    let first = Target::of(&consortium).ask(&sql);
    let shown = first.number(0, "n").unwrap();
    // Another project, without the victim: the earlier value.
    let other = Target::of(&consortium).in_project(OTHER);
    let but = other.ask(&persons(&[&crowd, &flu, &not_old()]));
    assert_eq!(but.number(0, "n"), Some(shown), "RT-35: {victim:?}");
    consortium.ingest("tokyo", &later, Seal::Clinical);
    let node = consortium.take("tokyo");
    node.stop();
    consortium.join(Site::new("tokyo").grant(|project| project.ledger = Some(Mode::Substitute)));
    consortium.wait_connected(&["tokyo"]);
    let again = Target::of(&consortium).ask(&format!("{sql} AND p.year_of_birth > 0"));
    assert_eq!(again.number(0, "n"), Some(shown), "RT-34: a person fewer shows as the earlier value");
    let open = Consortium::open([Site::open("tokyo", later)]);
    assert_eq!(Target::of(&open).count(&sql), Some(shown - 1.0), "RT-34 proves nothing");
}

/// A total after its two parts, in statements of their own, where a third, small part is held.
#[test]
fn a_total_after_its_parts_is_flagged_and_substituted() {
    let crowd = has(CROWD);
    // Those of the crowd by sex; the one of 1900 is in neither part.
    let parts = ["p.gender_concept_id = 8507", "p.gender_concept_id = 8532"];
    let records = || Hospital::crowds(5, 3);
    let play = |target: &Target| -> Option<f64> {
        let parts: Option<f64> = parts.iter().map(|sex| target.count(&persons(&[&crowd, sex, &not_old()]))).sum();
        Some(target.count(&persons(&[&crowd]))? - parts?)
    };
    let open = Consortium::open([Site::open("tokyo", records())]);
    assert_eq!(play(&Target::of(&open)), Some(1.0), "RT-48 proves nothing");
    for mode in [Mode::Substitute, Mode::Hold] {
        let consortium = Consortium::start([site(records(), mode, Level::Aggregate, 1_000)]);
        let rest = play(&Target::of(&consortium));
        assert_ne!(rest, Some(1.0), "RT-48 leaks: {mode:?}");
    }
    let consortium = Consortium::start([site(records(), Mode::Flag, Level::Aggregate, 1_000)]);
    let before = crate::trackers::alarms(&consortium);
    assert_eq!(play(&Target::of(&consortium)), Some(1.0));
    assert!(crate::trackers::alarms(&consortium) > before, "RT-48: no alarm");
}

/// The same after three parts, in statements of their own.
#[test]
fn a_total_after_three_parts_is_flagged_and_substituted() {
    let records = || Hospital::crowds(7, 8);
    const MEN: &str = "p.gender_concept_id = 8507";
    let parts = [
        format!("{MEN} AND {}", not_old()),
        format!("NOT ({MEN}) AND {} AND p.year_of_birth < 1962", not_old()),
        format!("NOT ({MEN}) AND {} AND p.year_of_birth >= 1962", not_old()),
    ];
    // In some crowds a part is below the minimum.
    let play = |target: &Target, crowd: i32| -> Option<f64> {
        let crowd = has(CROWD + crowd);
        let parts: Option<f64> = parts.iter().map(|part| target.count(&persons(&[&crowd, part]))).sum();
        Some(target.count(&persons(&[&crowd]))? - parts?)
    };
    let open = Consortium::open([Site::open("tokyo", records())]);
    let target = Target::of(&open);
    assert!((0..8).all(|crowd| play(&target, crowd) == Some(1.0)), "RT-48 proves nothing");
    for mode in [Mode::Substitute, Mode::Hold, Mode::Flag] {
        let consortium = Consortium::start([site(records(), mode, Level::Aggregate, 1_000)]);
        let target = Target::of(&consortium);
        let before = crate::trackers::alarms(&consortium);
        let told = (0..8).filter_map(|crowd| play(&target, crowd)).collect::<Vec<_>>();
        let alarms = crate::trackers::alarms(&consortium) - before;
        println!("{mode:?}: {told:?}, {alarms} alarms");
        match mode {
            Mode::Flag => assert!(told.len() >= 3 && alarms >= told.len(), "RT-48: {alarms} alarms for {told:?}"),
            // The sum of the parts, or of two of them where the third is small.
            Mode::Substitute => {
                assert!(told.len() >= 3 && told.iter().all(|rest| *rest <= 0.0), "RT-48 leaks: {told:?}")
            }
            Mode::Hold => assert!(told.is_empty() && alarms >= 3, "RT-48: {told:?}"),
        }
    }
}

/// As `renkei-node preview --register` does, after somebody saw what would leave.
fn register(consortium: &Consortium, name: &str, sql: &str) {
    let state = consortium.state_dir("tokyo");
    let ledger = Ledger::look(&state).unwrap();
    let registration = Registration {
        name: name.to_owned(),
        project: PROJECT.parse().unwrap(),
        statement: registered::statement(sql),
        snapshot: ledger.entries().unwrap()[0].0.snapshot.clone(),
        ledger: ledger.identity(),
        known: ledger.anchors() as u64,
        at: Timestamp(0),
    };
    registered::keep(&state, &registration).unwrap();
}

/// A registered statement leaves as it is, uncharged. No other does: not with other words, not around it, not one that was
/// asked in time to be subtracted from it.
#[test]
fn a_registered_statement_covers_no_other() {
    let (first, second) = (has(CROWD), has(CROWD + 1));
    let helper = "p.year_of_birth <> 1901";
    let but = persons(&[&first, &not_old()]);
    let records = || Hospital::crowds(5, 3);
    let bare = Consortium::open([Site::open("tokyo", records())]);
    let open = Target::of(&bare);
    let all = open.count(&persons(&[&first])).unwrap();
    assert_eq!(open.count(&but), Some(all - 1.0), "proves nothing");

    let consortium = Consortium::start([site(records(), Mode::Hold, Level::Aggregate, 8)]);
    let target = Target::of(&consortium);
    assert_eq!(target.count(&persons(&[&first])), Some(all));
    assert_eq!(target.count(&but), None, "near the first");
    register(&consortium, "but one", &but);
    assert_eq!(target.count(&but), Some(all - 1.0), "the hospital has seen that it is near");

    let other = persons(&[&first, helper]);
    let covers = [
        other.clone(),
        persons(&[&first, &not_old(), helper]),
        format!("{but} AND p.year_of_birth <> 1902 -- {but}"),
        format!("WITH a AS ({but}), b AS ({other}) SELECT b.n AS n, a.n AS m FROM a CROSS JOIN b"),
    ];
    for sql in covers {
        assert_eq!(target.count(&sql), None, "under its cover: {sql}");
    }
    // Registered in advance; whoever asks for nearly the same before it is asked gains nothing.
    let total = persons(&[&second]);
    register(&consortium, "total", &total);
    assert!(target.count(&persons(&[&second, &not_old()])).is_some());
    assert_eq!(target.count(&total), None, "compared with what left after it was registered");
    // Seven of eight questions were charged: the first, what was asked before it was registered, the covers, and one
    // of the second crowd.
    let (third, flu) = (has(CROWD + 2), has(FLU));
    assert!(target.count(&persons(&[&third])).is_some());
    let fresh = persons(&[&third, &flu]);
    assert_eq!(target.ask(&fresh).code, Some(renkei_types::Code::Budget));
    register(&consortium, "with flu", &fresh);
    assert!(target.count(&fresh).is_some(), "it is not charged");
}
