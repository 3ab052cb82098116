//! Snapshots that are missing, new or damaged.

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use renkei_e2e::{Consortium, Records, Site};
use renkei_node::store::{Seal, Store};
use renkei_types::SystemClock;

use crate::BY_SEX;

/// A good site, and one whose node is not yet running.
fn beside() -> Consortium {
    Consortium::start([Site::with("good", Records::plain(20, 10)), Site::absent("other")])
}

#[test]
fn an_ingest_is_seen_by_the_next_question() {
    let consortium = Consortium::start([Site::with("good", Records::plain(20, 10)), Site::new("other")]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered", "other failed E-SNAPSHOT"]);

    let first = consortium.ingest("other", &Records::plain(100, 100), Seal::Clinical);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 120 | 2 | 0", "8532 | 110 | 2 | 0"]);
    assert_eq!(answer.site("other").snapshot, first.snapshot);

    let second = consortium.ingest("other", &Records::plain(100, 100).and(Records::plain(1, 0).people), Seal::Clinical);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 121 | 2 | 0", "8532 | 110 | 2 | 0"]);
    assert_eq!(answer.site("other").snapshot, second.snapshot);

    let store = Store::open(consortium.state_dir("other"), Arc::new(SystemClock)).unwrap();
    let owners = |id: &Option<_>| -> BTreeMap<Option<i64>, u32> {
        let index = store.get(id.as_ref().unwrap()).unwrap().person_index().unwrap();
        index.iter().map(|person| (person.person_id, person.owner)).collect()
    };
    let (before, after) = (owners(&first.snapshot), owners(&second.snapshot));
    assert_eq!((before.len(), after.len()), (200, 201));
    assert!(before.iter().all(|(person, owner)| after[person] == *owner), "a person keeps their number");
}

#[test]
fn a_half_written_file_is_the_sites_own_trouble() {
    let mut consortium = beside();
    consortium.ingest("other", &Records::plain(50, 50), Seal::Clinical);
    let file = consortium.snapshot_file("other", "person.parquet");
    let whole = fs::read(&file).unwrap();
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    consortium.join(Site::new("other"));
    consortium.wait_connected(&["other"]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered", "other failed E-SNAPSHOT"]);

    fs::write(&file, &whole).unwrap();
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 70 | 2 | 0", "8532 | 60 | 2 | 0"], "no restart is needed");
}

/// A file that was whole when the node opened it: only the engine can notice.
fn damaged_while_open(code: &str, damage: impl FnOnce(&mut Vec<u8>)) {
    let mut consortium = beside();
    let records = Records::drawn(5, 3_000);
    let tests: usize = records.people.iter().map(|person| person.tests.len()).sum();
    consortium.join(Site::with("other", records));
    consortium.wait_connected(&["other"]);
    assert_eq!(consortium.ask("SELECT count(*) AS n FROM measurement").cells[0][0], tests.to_string());
    let file = consortium.snapshot_file("other", "measurement.parquet");
    let mut bytes = fs::read(&file).unwrap();
    damage(&mut bytes);
    fs::write(&file, &bytes).unwrap();

    let sql = "SELECT avg(value_as_number) AS mean, count(*) AS n FROM measurement WHERE value_as_number > 1";
    let refused = consortium.client().header(renkei_gateway::MIN_SITES, "2").ask(sql).unwrap_err();
    assert_eq!(refused.states(), ["good answered".to_owned(), format!("other failed {code}")]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.states(), ["good answered", "other answered"], "a table that is whole still answers");
}

#[test]
fn a_file_cut_short_under_a_running_node_is_noticed() {
    damaged_while_open("E-SNAPSHOT", |bytes| bytes.truncate(bytes.len() / 2));
}

#[test]
fn a_file_zeroed_under_a_running_node_is_noticed() {
    damaged_while_open("E-UNAVAILABLE", |bytes| {
        let end = bytes.len();
        bytes[4..end / 2].fill(0);
    });
}

#[test]
fn a_snapshot_that_vanished_is_the_sites_own_trouble() {
    let consortium =
        Consortium::start([Site::with("good", Records::plain(20, 10)), Site::with("other", Records::plain(50, 50))]);
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 70 | 2 | 0", "8532 | 60 | 2 | 0"]);
    fs::remove_file(consortium.snapshot_file("other", "person.parquet")).unwrap();
    let answer = consortium.ask(BY_SEX);
    assert!(answer.states()[1].starts_with("other failed "), "{:?}", answer.states());
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
}

#[test]
fn a_question_is_answered_from_the_snapshots_that_it_names() {
    let consortium = beside_each_other();
    let (first, second) = (Records::plain(100, 100), Records::plain(100, 100).and(Records::plain(1, 0).people));
    let older = consortium.ingest("other", &first, Seal::Clinical).snapshot.unwrap();
    let newer = consortium.ingest("other", &second, Seal::Clinical).snapshot.unwrap();
    let naming = |snapshots: &str| consortium.client().header(renkei_gateway::SNAPSHOTS, snapshots);
    let again = naming(&format!("other={older}")).ask(BY_SEX).unwrap();
    assert_eq!(again.rows(), ["8507 | 120 | 2 | 0", "8532 | 110 | 2 | 0"]);
    assert_eq!(again.site("other").snapshot.as_ref(), Some(&older));
    assert_eq!(again.site("good").snapshot, consortium.ask(BY_SEX).site("good").snapshot, "the current one");
    assert_eq!(consortium.ask(BY_SEX).site("other").snapshot, Some(newer));
    // One that is gone is told as such, and a site that is not asked is a mistake.
    let gone = naming("other=20200101t000000z-000000000000").ask(BY_SEX).unwrap();
    assert_eq!(gone.states(), ["good answered", "other failed E-SNAPSHOT-GONE"]);
    let refusal = naming(&format!("osaka={older}")).ask(BY_SEX).unwrap_err().refusal.unwrap();
    assert_eq!(refusal.code.as_str(), "E-PARAMETER");
}

fn beside_each_other() -> Consortium {
    Consortium::start([Site::with("good", Records::plain(20, 10)), Site::new("other")])
}
