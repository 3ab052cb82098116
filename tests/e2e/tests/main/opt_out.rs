//! Patients who opted out are in no answer from the moment the hospital's list says so.

use std::collections::BTreeSet;
use std::fs;

use renkei_audit::entry::{Body, Entry};
use renkei_e2e::{Consortium, Records, Site};
use renkei_types::Code;

use crate::BY_SEX;

#[test]
fn the_list_holds_from_the_moment_it_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("opt-out.csv");
    fs::write(&list, "patient,scope\n").unwrap();
    let consortium = Consortium::open([Site::open("good", Records::plain(20, 10)).opt_out(list.clone())]);
    let rows = || consortium.ask(BY_SEX).rows();
    assert_eq!(rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    // Persons P1 and P2 are men; the list may write their numbers with zeros.
    fs::write(&list, "patient,scope,since\nP1,,2026-04-01\n000P2,all,\nP3,another-project,\n").unwrap();
    assert_eq!(rows(), ["8507 | 18 | 1 | 0", "8532 | 10 | 1 | 0"]);
    let joined = "SELECT count(*) AS n, count(DISTINCT p.person_id) AS persons \
                  FROM person p LEFT JOIN visit_occurrence v ON v.person_id = p.person_id";
    assert_eq!(consortium.ask(joined).rows().len(), 1);
    // Which list it was stands in the hospital's log.
    let versions = || {
        let reader = renkei_node::audit::reader(&consortium.state_dir("good"));
        let entries =
            (0..reader.size().unwrap()).map(|index| Entry::decode(&reader.entry(index).unwrap()).unwrap().body);
        let lists = entries.filter_map(|body| match body {
            Body::Intent(intent) => Some(intent.opt_out.unwrap().as_str().to_owned()),
            _ => None,
        });
        lists.collect::<BTreeSet<_>>().len()
    };
    assert_eq!(versions(), 2);
    // Withdrawn again.
    fs::write(&list, "patient,scope,since\n000P2,all,\n").unwrap();
    assert_eq!(rows(), ["8507 | 19 | 1 | 0", "8532 | 10 | 1 | 0"]);
}

#[test]
fn without_a_readable_list_no_question_is_answered() {
    let dir = tempfile::tempdir().unwrap();
    let list = dir.path().join("opt-out.csv");
    fs::write(&list, "patient\n").unwrap();
    let site = Site::open("strict", Records::plain(20, 10)).opt_out(list.clone());
    let consortium = Consortium::open([site, Site::open("other", Records::plain(20, 10))]);
    fs::write(&list, "who\n471\n").unwrap();
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["other answered", format!("strict failed {}", Code::NoSnapshot).as_str()]);
    fs::remove_file(&list).unwrap();
    assert_eq!(consortium.ask(BY_SEX).states()[1], format!("strict failed {}", Code::NoSnapshot));
    fs::write(&list, "patient\n").unwrap();
    assert_eq!(consortium.ask(BY_SEX).states()[1], "strict answered");
}
