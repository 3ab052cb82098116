//! The synthetic survey of 100 patients and 113 stays, where this machine has it.

use std::collections::{BTreeMap, BTreeSet};

use renkei_ingest::record::{Record, Standing};

use super::{Said, read};
use crate::support::shared;

fn sample(name: &str) -> Option<Said> {
    let folder = shared("../jp/dpc-jpomop-synth")?;
    Some(read(name, &std::fs::read(folder.join(name)).unwrap()))
}

#[test]
fn form_1() {
    let Some(said) = sample("yoshiki1.txt") else { return };
    assert!(said.rejects.is_empty(), "{:?}", said.rejects);
    assert!(said.remarks.iter().all(|(id, _)| !id.starts_with("dpc-")), "{:?}", said.remarks);
    let patients: BTreeSet<_> = said.statements.iter().map(|(patient, _)| patient).collect();
    assert_eq!(patients.len(), 100);
    let mut standings: BTreeMap<String, usize> = BTreeMap::new();
    let (mut stays, mut suspected, mut surgery, mut deaths) = (0, 0, 0, 0);
    for record in said.records() {
        match record {
            Record::Visit(visit) => {
                stays += 1;
                assert!(visit.end.is_some_and(|end| end >= visit.start));
            }
            Record::Condition(condition) => {
                *standings.entry(format!("{:?}", condition.standing.unwrap())).or_default() += 1;
                suspected += usize::from(condition.suspected);
                assert_ne!(condition.standing, Some(Standing::Complication));
            }
            Record::Procedure(_) => surgery += 1,
            Record::Death(_) => deaths += 1,
            _ => {}
        }
    }
    assert_eq!((stays, suspected, surgery, deaths), (113, 27, 34, 5));
    let expect = [("Comorbidity", 109), ("Primary", 113), ("Resource", 113), ("Trigger", 113)];
    assert_eq!(standings, expect.map(|(name, count)| (name.to_owned(), count)).into());
}

#[test]
fn ef() {
    let Some(said) = sample("ef.txt") else { return };
    assert!(said.rejects.is_empty(), "{:?}", said.rejects);
    let (mut stays, mut parts, mut drugs, mut acts, mut given) = (0, 0, 0, 0, 0.0);
    for record in said.records() {
        match record {
            Record::Visit(visit) if visit.part_of.is_none() => stays += 1,
            Record::Visit(_) => parts += 1,
            Record::Drug(drug) => {
                drugs += 1;
                given += drug.quantity.unwrap();
            }
            Record::Procedure(_) => acts += 1,
            other => panic!("{other:?}"),
        }
    }
    // 1,707 lines: 692 drugs of 900 units, and 1,015 acts of which 690 are bed fees.
    assert_eq!((stays, drugs, acts, said.remark("dpc-fee-line")), (113, 692, 325, 690));
    assert!((given - 900.0).abs() < 1e-9 && parts >= 113, "{given} {parts}");
}

#[test]
fn both_files_speak_of_the_same_stays() {
    let (Some(form1), Some(ef)) = (sample("yoshiki1.txt"), sample("ef.txt")) else { return };
    let store = Said::store([&ef, &form1]);
    let stays = store.keys().filter(|(_, key)| key.starts_with("dpc/visit/")).count();
    assert_eq!(stays, 113);
    let mut periods = store.values().flat_map(|statement| &statement.records).filter_map(|record| match record {
        Record::Visit(visit) if visit.part_of.is_none() => Some(visit),
        _ => None,
    });
    assert!(periods.all(|visit| visit.admitted_from.is_some()), "the visit of form 1 counts");
}
