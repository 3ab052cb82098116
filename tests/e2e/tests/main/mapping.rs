//! Tables that a site does not have, as against tables without rows.

use renkei_e2e::records::Table;
use renkei_e2e::{Consortium, Records, Site};

#[test]
fn an_absent_table_is_not_zero_and_an_empty_one_is() {
    let visits = |records: &Records| records.people.iter().map(|person| person.visits.len()).sum::<usize>();
    let good = Records::drawn(3, 40);
    let total = visits(&good);
    let consortium = Consortium::open([
        Site::open("absent", Records::plain(20, 20).but("visit_occurrence", Table::Absent)),
        Site::open("empty", Records::plain(20, 20).but("visit_occurrence", Table::Empty)),
        Site::open("good", good),
    ]);
    let answer = consortium.ask("SELECT count(*) AS n FROM visit_occurrence");
    assert_eq!(answer.rows(), [format!("{total} | 2 | 0")]);
    assert_eq!(answer.states(), ["absent not_mapped E-NOT-MAPPED", "empty answered", "good answered"]);
    assert!(answer.site("absent").message.as_deref().unwrap().contains("visit_occurrence"));

    let by_site = consortium.ask("SELECT site_id, count(*) AS n FROM visit_occurrence GROUP BY 1");
    assert_eq!(by_site.rows(), [format!("good | {total} | 1 | 0")]);
    assert_eq!(consortium.ask("SELECT count(*) AS n FROM person").states().len(), 3);
    assert_eq!(consortium.ask("SELECT count(*) AS n FROM person").rows(), ["120 | 3 | 0"]);
}

#[test]
fn an_empty_table_under_a_minimum_is_held() {
    let consortium = Consortium::start([Site::with("empty", Records::plain(20, 20))]);
    let answer = consortium.ask("SELECT count(*) AS n FROM death");
    assert_eq!(answer.rows(), ["NULL | 0 | 1"], "none and few are one class");
}

#[test]
fn without_a_vocabulary_concepts_are_not_resolved_to_nothing() {
    let consortium = Consortium::start([
        Site::with("absent", Records::plain(20, 20).but("concept", Table::Absent).but("vocabulary", Table::Absent)),
        Site::with("empty", Records::plain(20, 20).but("concept", Table::Empty).but("vocabulary", Table::Empty)),
        Site::with("good", Records::plain(15, 20)),
    ]);
    let names = "SELECT c.concept_name, count(*) AS n FROM person p \
                 JOIN concept c ON c.concept_id = p.gender_concept_id GROUP BY 1 ORDER BY 1";
    let answer = consortium.ask(names);
    assert_eq!(answer.rows(), ["Gender 8507 | 15 | 1 | 0", "Gender 8532 | 20 | 1 | 0"]);
    assert_eq!(answer.states(), ["absent not_mapped E-NOT-MAPPED", "empty not_mapped E-NOT-MAPPED", "good answered"]);

    let answer = consortium.ask(crate::BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 55 | 3 | 0", "8532 | 60 | 3 | 0"], "codes need no vocabulary");
    assert!(answer.metadata().warnings.iter().any(|warning| warning.contains("vocabulary versions differ")));
}
