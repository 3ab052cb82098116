//! Every level of a grant, under every level of the site, in every mode, for every kind of question: the reviewed
//! table `decisions.txt`. Where this test fails it prints the table as it would be; review each line before it is taken.

use std::collections::BTreeSet;
use std::fmt::Write;

use renkei_types::{PersonId, ProjectId};

use super::*;
use crate::{OffGrid, Registry, Seal, Tables};

const REVIEWED: &str = include_str!("decisions.txt");

fn questions() -> [(&'static str, Exploration); 7] {
    let plain = || Exploration { dimensions: 3, release_points: 1, aggregates: 1, ..Exploration::default() };
    let off_grid = OffGrid {
        what: "2024 - year_of_birth".into(),
        literal: "67".into(),
        nearest: vec!["65".into(), "70".into()],
        position: None,
    };
    [
        ("persons", plain()),
        ("other aggregates", Exploration { other_aggregates: vec!["count(*)".into()], ..plain() }),
        ("continuous keys", Exploration { other_keys: vec!["x / 2".into()], ..plain() }),
        ("four keys", Exploration { dimensions: 4, ..plain() }),
        ("two numbers", Exploration { aggregates: 2, ..plain() }),
        ("two results", Exploration { release_points: 2, ..plain() }),
        ("off the grid", Exploration { off_grid: vec![off_grid], ..plain() }),
    ]
}

fn table() -> String {
    let (project, subject) = (ProjectId::new("dm").expect("id"), PersonId::new("taro").expect("id"));
    let none = BTreeSet::new();
    let modes = [None, Some(Mode::Substitute), Some(Mode::Flag), Some(Mode::Hold)];
    let mut table = String::from("# grant | site | mode | question | decision\n");
    for level in [Level::Feasibility, Level::Aggregate, Level::Row] {
        for cap in [Level::Feasibility, Level::Aggregate] {
            for mode in modes {
                for (question, exploration) in questions() {
                    let grant =
                        Grant { level, mode, budget: None, tables: Tables::All, members: None, minimum_persons: None };
                    let policy =
                        SitePolicy { minimum_persons: 10, level: cap, grants: [(project.clone(), grant)].into() };
                    let ask = Ask {
                        project: &project,
                        subject: &subject,
                        tables: &none,
                        reference_tables: &none,
                        seal: Seal::Clinical,
                        exploration: &exploration,
                        text: None,
                        registered: &Registry::default(),
                    };
                    let decision = match decide(&policy, &ask) {
                        Ok(permit) => {
                            let Budget { project_30_days, person_day } = permit.budget();
                            let number = |n: Option<u32>| n.map_or("-".to_owned(), |n| n.to_string());
                            format!(
                                "{} {} {}/{}",
                                permit.level().as_str(),
                                permit.mode().as_str(),
                                number(project_30_days),
                                number(person_day)
                            )
                        }
                        Err(denial) => format!("{} {}", denial.state, denial.refusal.code),
                    };
                    let mode = mode.map_or("-", Mode::as_str);
                    writeln!(table, "{} | {} | {mode} | {question} | {decision}", level.as_str(), cap.as_str())
                        .expect("a string");
                }
            }
        }
    }
    table
}

#[test]
fn every_decision_is_reviewed() {
    let table = table();
    assert!(table == REVIEWED, "decisions.txt does not say what is decided; reviewed, it would be:\n{table}");
}

#[test]
fn the_table_has_every_end() {
    for end in ["feasibility substitute 100/20", "aggregate flag -/-", "aggregate hold", "E-LEVEL", "E-GRID"] {
        assert!(REVIEWED.contains(end), "{end} is in no line");
    }
    assert!(!REVIEWED.lines().any(|line| line.contains("| feasibility flag")), "exploration is never flagged only");
    assert!(!REVIEWED.lines().any(|line| line.starts_with("row") && !line.ends_with("E-LEVEL")), "rows are refused");
}
