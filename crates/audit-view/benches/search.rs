//! How fast a log of a million entries is searched. `cargo bench -p renkei-audit-view`; ends with an error where a search
//! takes a tenth of a second or more.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    missing_docs,
    dead_code,
    reason = "a program for the desk: it prints, and ends where something fails"
)]

#[path = "../tests/main/logs.rs"]
mod logs;

use std::time::{Duration, Instant};

use renkei_audit::entry::{Body, ClockState, Count, Heartbeat, State};
use renkei_audit::tree::Hash;
use renkei_audit_view::{Filter, Index, when};

use logs::*;

const PEOPLE: [&str; 7] = ["suzuki", "yamada", "sato", "tanaka", "ito", "kato", "abe"];
const TABLES: [&str; 5] = ["person", "measurement", "condition_occurrence", "drug_exposure", "visit_occurrence"];
const WORDS: [&str; 6] = ["糖尿病", "心不全", "腎機能", "高血圧", "脳梗塞", "肺炎"];

fn heartbeat() -> Body {
    Body::Heartbeat(Heartbeat { beat: Count::default(), clock: ClockState::Unknown, root: Hash::empty() })
}

/// What a search may take at most.
const LIMIT: Duration = Duration::from_millis(100);

/// A million entries: 200,000 questions of five entries each, with statements that differ.
fn main() {
    // Other arguments than a number are the runner's.
    let questions: usize = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(200_000);
    let folder = tempfile::tempdir().unwrap();
    let (log, file) = (folder.path().join("log"), folder.path().join("index.sqlite"));
    let begun = Instant::now();
    let mut writer = Writer::open(&log, GATEWAY, START);
    for n in 0..questions {
        let query = format!("q-{n:07}");
        let (table, word) = (TABLES[n % 5], WORDS[n / 3 % 6]);
        let sql = format!(
            "SELECT year_of_birth, count(*) FROM {table} WHERE concept_id IN ({}, {}) -- {word} {n}",
            n * 31 % 9_973,
            n * 17 % 7_919
        );
        let project = format!("p-{}", n % 40);
        // One person asked a handful of questions, once.
        let who = if n % 40_000 == 7 { "rare" } else { PEOPLE[n % 7] };
        let ask = Ask { query: &query, who, project: &project, table, sites: &["osaka", "tokyo"], sql: &sql };
        let intent = writer.intent_of(&ask);
        writer.later(intent);
        let osaka = if n.is_multiple_of(50) { State::Offline } else { State::Answered };
        writer.later(outcome_of(&query, osaka, Some("osaka")));
        writer.later(outcome_of(&query, State::Answered, Some("tokyo")));
        writer.later(outcome_of(&query, State::Answered, None));
        writer.later(heartbeat());
    }
    writer.settle();
    writer.close();
    println!("written in {:?}", begun.elapsed());
    let mut index = Index::open(&file).unwrap();
    let begun = Instant::now();
    let updated = index.update(&origin(GATEWAY), &reader(&log), &mut |_, _| {}).unwrap();
    println!("{} entries indexed in {:?}, {} MB", updated.size, begun.elapsed(), file.metadata().unwrap().len() >> 20);
    let text = |text: &str| Some(text.to_owned());
    let all = Filter { limit: 50, ..Filter::default() };
    let day = |text: &str| when::parse(text).unwrap();
    let cases = [
        ("newest", all.clone()),
        ("who", Filter { who: text("suzuki"), ..all.clone() }),
        ("rare person", Filter { who: text("rare"), ..all.clone() }),
        ("project", Filter { project: text("p-7"), ..all.clone() }),
        ("site and outcome", Filter { site: text("osaka"), outcome: text("partial"), ..all.clone() }),
        ("table and project", Filter { table: text("person"), project: text("p-10"), ..all.clone() }),
        ("nothing in common", Filter { table: text("person"), project: text("p-11"), ..all.clone() }),
        ("one day", Filter { since: Some(day("2026-09-25").0), until: Some(day("2026-09-25").1), ..all.clone() }),
        ("common words", Filter { text: text("select year_of_birth"), ..all.clone() }),
        ("a word", Filter { text: text("糖尿病"), ..all.clone() }),
        ("a number", Filter { text: text("123456"), ..all.clone() }),
        ("common word, rare person", Filter { text: text("心不全"), who: text("rare"), ..all.clone() }),
        ("a word that is not there", Filter { text: text("骨粗鬆症"), ..all.clone() }),
        (
            "two that never meet",
            Filter { who: text("suzuki"), table: text("drug_exposure"), project: text("p-1"), ..all.clone() },
        ),
        (
            "word that is in every statement, rare outcome",
            Filter { text: text("count"), outcome: text("open"), ..all.clone() },
        ),
        ("two common words", Filter { text: text("糖尿病 count"), ..all.clone() }),
        ("part of a word, one day", Filter { text: text("year"), since: Some(day("2026-09-25").0), ..all.clone() }),
        ("word and project", Filter { text: text("肺炎"), project: text("p-3"), ..all.clone() }),
    ];
    let mut slowest = Duration::ZERO;
    for (name, filter) in cases {
        let mut times: Vec<Duration> = (0..5)
            .map(|_| {
                let begun = Instant::now();
                index.search(&filter).unwrap();
                begun.elapsed()
            })
            .collect();
        times.sort();
        let hits = index.search(&filter).unwrap().hits.len();
        println!("{name:<28} {hits:>3} hits  median {:?}  worst {:?}", times[2], times[4]);
        slowest = slowest.max(times[2]);
    }
    println!("slowest median {slowest:?}");
    assert!(slowest < LIMIT, "a search takes {LIMIT:?} or more");
}
