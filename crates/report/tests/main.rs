//! Reports of a small log, in their three forms.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that cannot go on fails, and helpers of tests are tests"
)]

use std::time::Instant;

use renkei_audit::entry::{
    Body, Cells, Count, Entry, Intent, Line, List, Name, Outcome, Private, Question, Shown, State, Text, Version, Who,
};
use renkei_audit::note::{Head, Origin};
use renkei_audit::tree::Hash;
use renkei_audit_view::{Event, Roster};
use renkei_report::{Cell, Document, Language, Life, Source, Tally, activity, html, pdf, project, xlsx};
use renkei_types::{ProjectId, QueryId, SiteId, Timestamp};

const MINUTE: i64 = 60_000_000;

fn origin() -> Origin {
    Origin::new("renkei://c/gateway/lead").unwrap()
}

fn site(id: &str) -> SiteId {
    SiteId::new(id).unwrap()
}

/// One question to two sites; osaka is offline in every third.
fn question(n: i64, who: &str, project: &str) -> Event {
    let query = QueryId::new(format!("q-{n}")).unwrap();
    let sql = format!("SELECT count(*) FROM person WHERE '<script>alert({n})</script>' = \"#eval(1)\" -- 心不全");
    let intent = Body::Intent(Box::new(Intent {
        budget: None,
        columns: List::default(),
        opt_out: None,
        part: 0,
        policy: Line::lossy("3"),
        private: Private::default(),
        query: query.clone(),
        question: Question {
            ethics: Some(Line::lossy("2026-0123")),
            level: Line::lossy("aggregate"),
            parameters: None,
            project: ProjectId::new(project).unwrap(),
            purpose: Line::lossy("疫学"),
            sequence: None,
            sites: List::new(vec![site("osaka"), site("tokyo")]).unwrap(),
            statement: Hash::of(sql.as_bytes()),
            sql: Shown::Text(Text::new(sql).unwrap()),
        },
        snapshots: List::default(),
        software: Line::lossy("0.1.0"),
        tables: List::new(vec![Name::new("person").unwrap()]).unwrap(),
        who: Who {
            institution: Line::lossy("-"),
            key: Line::lossy("-"),
            on_behalf: None,
            subject: Line::lossy(&format!("renkei://c/person/{who}")),
        },
    }));
    let outcome = |state, of: Option<&str>| {
        Body::Outcome(Box::new(Outcome {
            cells: Cells { asked: Count::saturating(1), released: Count::saturating(if of.is_some() { 3 } else { 6 }) },
            code: None,
            micros: Count::saturating(250_000),
            part: 0,
            private: Private::default(),
            query: query.clone(),
            result: None,
            site: of.map(site),
            state,
        }))
    };
    let osaka = if n % 3 == 0 { State::Offline } else { State::Answered };
    let bodies = [
        intent,
        outcome(osaka, Some("osaka")),
        outcome(State::Answered, Some("tokyo")),
        outcome(State::Answered, None),
    ];
    let mut event: Option<Event> = None;
    for (seq, body) in (0..).zip(bodies) {
        let at = Timestamp(1_790_000_000_000_000 + n * 1_000 * MINUTE);
        let entry = Entry { at, body, log: origin(), seq, v: Version };
        match &mut event {
            Some(event) => event.add(&entry),
            None => event = Event::begin(&entry),
        }
    }
    event.unwrap()
}

fn roster() -> Roster {
    Roster::parse(
        "consortium = '循環器コンソーシアム'\n[people.suzuki]\nname = '鈴木 花子'\ninstitution = '東京大学'\n\
         field = '統計学'\nmedicine = false\nyoung = true\nbackground = 'phd'\n[people.yamada]\ninstitution = '大阪大学'\n\
         medicine = true\n[sites.osaka]\nname = '大阪病院'\n[projects.p-1]\ntitle = '心不全の疫学'\nlead = '鈴木 花子'\n",
    )
    .unwrap()
}

fn sources() -> Vec<Source> {
    let head = Head { root: Hash::of(b"root"), size: 40 };
    vec![Source { origin: origin(), entries: 40, head: Some(head), sound: Some(true), life: Life::default() }]
}

fn tally() -> Tally {
    let people = ["suzuki", "yamada", "sato"];
    let events = (0..10_i64)
        .map(|n| question(n, people[usize::try_from(n % 3).unwrap()], if n < 7 { "p-1" } else { "p-2" }))
        .collect::<Vec<_>>();
    // The node's own account of the same questions counts nothing twice.
    let node = Origin::new("renkei://c/site/tokyo").unwrap();
    Tally::of(vec![(node, events.clone()), (origin(), events)])
}

fn report(language: Language) -> Document {
    activity::activity(&tally(), &roster(), &sources(), (None, None), language)
}

fn of_project(language: Language) -> Document {
    let id = ProjectId::new("p-1").unwrap();
    project::project(&id, &tally(), &roster(), &sources(), (None, None), language)
}

#[test]
fn what_is_counted_is_what_happened_and_unknown_stays_unknown() {
    let document = report(Language::English);
    let indicators = &document.sections[0].table.rows;
    let value = |name: &str| {
        let row = indicators.iter().find(|row| row[0] == Cell::text(name)).unwrap();
        match row[1] {
            Cell::Number(number) => number,
            Cell::Text(_) => panic!("{name}"),
        }
    };
    assert_eq!((value("questions"), value("answered by every site"), value("answered without some site")), (10, 6, 4));
    assert_eq!((value("people who asked"), value("of them young researchers")), (3, 1));
    assert_eq!((value("of them not young"), value("of them unknown whether young")), (0, 2));
    assert_eq!((value("of them of a field other than medicine"), value("of them of an unknown field")), (1, 1));
    assert_eq!(value("cells that left"), 6 * 6 + 4 * 3);
    assert_eq!(value("median time to an answer (ms)"), 250);
    let sites = &document.sections.iter().find(|section| section.title == "By site").unwrap().table.rows;
    assert_eq!(sites[0][..3], [Cell::text("大阪病院"), Cell::Number(10), Cell::Number(6)]);
    let institutions = &document.sections.iter().find(|s| s.title == "By institution").unwrap().table.rows;
    let named: Vec<_> = institutions.iter().map(|row| row[0].shown()).collect();
    assert_eq!(named, ["東京大学", "大阪大学", "unknown"], "who asked most first, what is not known last");
    assert_eq!(institutions[2][1], Cell::Number(3));
    let project = of_project(Language::English);
    let questions = project.sections.iter().find(|section| section.title == "Questions").unwrap();
    assert_eq!(questions.table.rows.len(), 7, "of this project alone");
}

#[test]
fn the_page_needs_nothing_and_runs_nothing() {
    for document in [report(Language::Japanese), of_project(Language::Japanese)] {
        let page = html::html(&document);
        assert!(page.contains("<html lang=\"ja\">") && page.contains("default-src 'none'"));
        assert!(!page.contains("<script") && !page.contains("src=") && !page.contains("url("), "{page}");
        assert!(page.contains(&Hash::of(b"root").to_string()), "the head's hash");
    }
    let page = html::html(&of_project(Language::English));
    assert!(page.contains("&lt;script&gt;alert(1)"), "{page}");
}

#[test]
fn pages_and_workbook_are_made_of_the_same_report() {
    for language in [Language::English, Language::Japanese] {
        for document in [report(language), of_project(language)] {
            let pages = pdf::pdf(&document).unwrap();
            assert!(pages.starts_with(b"%PDF-") && pages.len() > 10_000);
            assert_eq!(pages, pdf::pdf(&document).unwrap(), "the same report is the same file");
            let book = xlsx::xlsx(&document).unwrap();
            assert!(book.starts_with(b"PK"));
        }
    }
}

/// Writes the reports where somebody can look at them.
#[test]
#[ignore = "for looking at: writes into target/reports"]
fn reports_to_look_at() {
    let folder = std::path::PathBuf::from("../../target/reports");
    std::fs::create_dir_all(&folder).unwrap();
    for (name, language) in [("en", Language::English), ("ja", Language::Japanese)] {
        for (kind, document) in [("activity", report(language)), ("project", of_project(language))] {
            let begun = Instant::now();
            std::fs::write(folder.join(format!("{kind}-{name}.pdf")), pdf::pdf(&document).unwrap()).unwrap();
            println!("{kind}-{name}.pdf in {:?}", begun.elapsed());
            std::fs::write(folder.join(format!("{kind}-{name}.html")), html::html(&document)).unwrap();
            std::fs::write(folder.join(format!("{kind}-{name}.xlsx")), xlsx::xlsx(&document).unwrap()).unwrap();
        }
    }
}
