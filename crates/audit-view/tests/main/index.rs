//! The index finds what is there, follows the log, and gives way to it.

use renkei_audit::entry::State;
use renkei_audit_view::{Filter, Index, when};

use crate::logs::*;

fn ids(index: &Index, filter: &Filter) -> Vec<String> {
    let found = index.search(&Filter { limit: 100, ..filter.clone() }).unwrap();
    let name = |hit: &renkei_audit_view::Hit| {
        hit.event.query.as_ref().map_or_else(|| hit.event.act.map(|a| format!("{a:?}")).unwrap(), ToString::to_string)
    };
    found.hits.iter().map(name).collect()
}

#[test]
fn every_condition_finds_what_it_means_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let (gateway_log, tokyo_log) = (folder.path().join("g"), folder.path().join("t"));
    gateway(&gateway_log);
    tokyo(&tokyo_log);
    let mut index = Index::open(&folder.path().join("cache/index.sqlite")).unwrap();
    index.update(&origin(TOKYO), &reader(&tokyo_log), &mut |_, _| {}).unwrap();
    let updated = index.update(&origin(GATEWAY), &reader(&gateway_log), &mut |_, _| {}).unwrap();
    assert_eq!((updated.read, updated.unreadable, updated.anew), (11, 0, false));
    let text = |text: &str| Some(text.to_owned());
    let all = Filter::default();
    type Case<'a> = (Filter, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (all.clone(), &["q-4", "q-3", "q-2", "OptOut", "q-1", "Start"]),
        (Filter { who: text("suzu"), ..all.clone() }, &["q-4", "q-1"]),
        (Filter { who: text("大阪"), ..all.clone() }, &["q-3", "q-2"]),
        (Filter { who: text("%"), ..all.clone() }, &[]),
        (Filter { project: text("p-2"), ..all.clone() }, &["q-3", "q-2"]),
        (Filter { project: text("p"), ..all.clone() }, &[]),
        (Filter { site: text("osaka"), ..all.clone() }, &["q-2", "q-1"]),
        (Filter { table: text("person"), ..all.clone() }, &["q-4", "q-1"]),
        (Filter { table: text("measurement.person_id"), ..all.clone() }, &["q-2"]),
        (Filter { outcome: text("partial"), ..all.clone() }, &["q-2"]),
        (Filter { outcome: text("answered"), ..all.clone() }, &["q-2", "q-1"]),
        (Filter { outcome: text("open"), ..all.clone() }, &["q-4"]),
        (Filter { outcome: text("refused"), ..all.clone() }, &["q-3"]),
        (Filter { outcome: text("E-GRANT-TABLE"), ..all.clone() }, &["q-3"]),
        (Filter { kind: text("opt_out"), ..all.clone() }, &["OptOut"]),
        (Filter { kind: text("act"), ..all.clone() }, &["OptOut", "Start"]),
        (Filter { text: text("糖尿"), ..all.clone() }, &["q-1"]),
        (Filter { text: text("糖尿病 性別"), ..all.clone() }, &["q-1"]),
        (Filter { text: text("糖"), ..all.clone() }, &["q-1"]),
        (Filter { text: text("gender_con"), ..all.clone() }, &["q-1"]),
        (Filter { text: text("select person"), ..all.clone() }, &["q-4", "q-1"]),
        (Filter { text: text("名簿"), ..all.clone() }, &["OptOut"]),
        (Filter { text: text("\"*"), ..all.clone() }, &[]),
        (Filter { text: text("select"), project: text("p-2"), site: text("osaka"), ..all.clone() }, &["q-2"]),
        (Filter { since: when::parse("2026-09-22").map(|span| span.0), ..all.clone() }, &[]),
        (Filter { until: when::parse("2026-09-21 23:13:22").map(|span| span.0), ..all.clone() }, &["q-1", "Start"]),
    ];
    for (filter, wanted) in cases {
        assert_eq!(ids(&index, filter), *wanted, "{filter:?}");
    }
    // The gateway's account goes before the node's, and both logs are named.
    let found = index.search(&Filter { project: text("p-1"), limit: 2, ..all.clone() }).unwrap();
    assert_eq!(found.hits[1].log.as_str(), GATEWAY);
    assert_eq!(found.hits[1].logs.len(), 2);
    assert!(index.search(&Filter { limit: 2, ..all }).unwrap().more);
}

#[test]
fn an_index_follows_its_log_and_begins_anew_with_another() {
    let folder = tempfile::tempdir().unwrap();
    let (log, file) = (folder.path().join("log"), folder.path().join("index.sqlite"));
    gateway(&log);
    let open = || Index::open(&file).unwrap();
    let update = |index: &mut Index| index.update(&origin(GATEWAY), &reader(&log), &mut |_, _| {}).unwrap();
    assert_eq!(update(&mut open()).read, 11);
    let writer = Writer::open(&log, GATEWAY, START + 100_000_000);
    writer.outcome("q-4", State::Failed, None);
    writer.close();
    let mut index = open();
    let updated = update(&mut index);
    assert_eq!((updated.read, updated.size, updated.anew), (1, 12, false));
    let by = |index: &Index, outcome: &str| ids(index, &Filter { outcome: Some(outcome.into()), ..Filter::default() });
    assert_eq!((by(&index, "failed"), by(&index, "open")), (vec!["q-4".to_owned()], vec![]));
    assert_eq!(update(&mut index).read, 0);
    // Another log under the same name: what the index knows is no longer what the log says.
    std::fs::remove_dir_all(&log).unwrap();
    let mut writer = Writer::open(&log, GATEWAY, START);
    writer.intent(&ASKS[1]);
    writer.close();
    let updated = update(&mut index);
    assert_eq!((updated.read, updated.anew), (1, true));
    assert_eq!(ids(&index, &Filter::default()), ["q-2"]);
    assert_eq!(ids(&index, &Filter { text: Some("gender".into()), ..Filter::default() }), Vec::<String>::new());
    // A file that is no index is one that can be thrown away.
    drop(index);
    std::fs::write(&file, b"no database at all, but long enough to look like something").unwrap();
    assert_eq!(update(&mut open()).read, 1);
}

#[test]
fn the_log_folder_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    tokyo(&log);
    let list = || {
        let mut names: Vec<_> = std::fs::read_dir(&log).unwrap().map(|file| file.unwrap().file_name()).collect();
        names.sort();
        names
    };
    let before = list();
    let mut index = Index::open(&folder.path().join("index.sqlite")).unwrap();
    index.update(&origin(TOKYO), &reader(&log), &mut |_, _| {}).unwrap();
    assert_eq!(list(), before);
    use std::os::unix::fs::PermissionsExt as _;
    let mode = folder.path().join("index.sqlite").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "it holds statements");
}

/// Whichever condition leads the search, the same things are found: those that a look at every question finds.
#[test]
fn whatever_leads_the_search_finds_what_a_look_at_everything_finds() {
    const PEOPLE: [&str; 3] = ["suzuki", "yamada", "sato"];
    const TABLES: [&str; 4] = ["person", "measurement", "death", "visit_occurrence"];
    const WORDS: [&str; 5] = ["糖尿病", "大腿骨骨折", "腎機能", "高血圧", "肺炎"];
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut writer = Writer::open(&log, GATEWAY, START);
    let of = |n: usize| {
        (PEOPLE[n % 3], TABLES[n / 2 % 4], WORDS[n / 7 % 5], format!("p-{}", n * n % 11), n.is_multiple_of(13))
    };
    for n in 0..600 {
        let (who, table, word, project, failed) = of(n);
        let (query, sql) = (format!("q-{n:04}"), format!("SELECT count(*) FROM {table} -- {word} {n}"));
        let ask = Ask { query: &query, who, project: &project, table, sites: &["tokyo"], sql: &sql };
        let intent = writer.intent_of(&ask);
        writer.later(intent);
        writer.later(outcome_of(&query, if failed { State::Failed } else { State::Answered }, None));
    }
    writer.settle();
    writer.close();
    let mut index = Index::in_memory().unwrap();
    index.update(&origin(GATEWAY), &reader(&log), &mut |_, _| {}).unwrap();
    for mask in 0..32_usize {
        for pick in [0, 5, 77, 260, 599] {
            let (who, table, word, project, failed) = of(pick);
            let outcome = if failed { "failed" } else { "answered" };
            let wanted = |on: usize, text: &str| (mask & on > 0).then(|| text.to_owned());
            let filter = Filter {
                who: wanted(1, who),
                table: wanted(2, table),
                text: wanted(4, word),
                project: wanted(8, &project),
                outcome: wanted(16, outcome),
                limit: 1_000,
                ..Filter::default()
            };
            let fits = |n: &usize| {
                let other = of(*n);
                (mask & 1 == 0 || other.0 == who)
                    && (mask & 2 == 0 || other.1 == table)
                    && (mask & 4 == 0 || other.2 == word)
                    && (mask & 8 == 0 || other.3 == project)
                    && (mask & 16 == 0 || other.4 == failed)
            };
            let expect: Vec<String> = (0..600).rev().filter(fits).map(|n| format!("q-{n:04}")).collect();
            let found = index.search(&filter).unwrap();
            let found: Vec<String> =
                found.hits.iter().map(|hit| hit.event.query.as_ref().unwrap().to_string()).collect();
            assert_eq!(found, expect, "{filter:?}");
        }
    }
}
