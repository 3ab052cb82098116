//! Tables that a site does not have, as against tables without rows.

use renkei_e2e::records::{DISEASE_GROUP, DISEASES, Person, SEXES, Table};
use renkei_e2e::{Consortium, Records, Site};
use renkei_types::Code;

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

/// A column that a site's source never had is NULL in each of its rows, which says nothing about its patients.
#[test]
fn a_column_that_one_site_has_not_mapped_is_not_zero() {
    let tested = |n| Records::of((0..n).map(|_| Person::new(SEXES[0], 1950).tested(Some(7.0))));
    let absent = tested(20).but("measurement", Table::WithoutColumn("value_as_number"));
    let consortium = Consortium::start([Site::with("absent", absent), Site::with("good", tested(30))]);
    for (what, row) in [
        ("avg(value_as_number) AS n FROM measurement", "7.0 | 1 | 0"),
        ("count(*) AS n FROM measurement WHERE value_as_number > 6", "30 | 1 | 0"),
        (
            "count(*) AS n FROM measurement m JOIN person p ON p.person_id = m.person_id AND m.value_as_number > 6",
            "30 | 1 | 0",
        ),
        (
            "count(*) AS n FROM person p WHERE (SELECT max(value_as_number) FROM measurement m
             WHERE m.person_id = p.person_id) > 6",
            "30 | 1 | 0",
        ),
    ] {
        let answer = consortium.ask(&format!("SELECT {what}"));
        assert_eq!(answer.rows(), [row], "{what}");
        assert_eq!(answer.states(), ["absent not_mapped E-NOT-MAPPED", "good answered"], "{what}");
        let said = answer.site("absent").message.as_deref().unwrap();
        assert!(said.contains("column `measurement.value_as_number` is not mapped at this site"), "{said}");
    }
    // What does not read it is answered by both.
    let answer = consortium.ask("SELECT count(*) AS n FROM measurement");
    assert_eq!(answer.rows(), ["50 | 2 | 0"]);
    assert_eq!(answer.states(), ["absent answered", "good answered"]);
    // Before anything is asked, EXPLAIN tells which site could not answer.
    let explained = consortium.ask("EXPLAIN SELECT avg(value_as_number) AS n FROM measurement").rows().join("\n");
    assert!(explained.contains("value_as_number` is not mapped"), "{explained}");
}

#[test]
fn where_no_site_has_it_the_answer_says_so() {
    let tested = Records::of((0..20).map(|_| Person::new(SEXES[0], 1950).tested(Some(7.0))));
    let site = |id| Site::with(id, tested.clone().but("measurement", Table::WithoutColumn("value_as_number")));
    let consortium = Consortium::start([site("a"), site("b")]);
    let refused = consortium.refused("SELECT avg(value_as_number) AS n FROM measurement");
    assert_eq!(refused.code(), Code::NotMapped);
    let said = refused.refusal.unwrap().to_string();
    assert!(said.contains("measurement.value_as_number"), "{said}");
    let refused = consortium.refused("SELECT count(*) AS n FROM drug_exposure");
    assert_eq!(refused.code(), Code::NotMapped);
    let said = refused.refusal.unwrap().to_string();
    assert!(said.contains("table `drug_exposure` is not mapped"), "{said}");
}

/// A site that looks a code up by itself and does not have it knows nothing of what is below it.
#[test]
fn a_code_that_a_sites_vocabulary_does_not_have_is_not_zero() {
    let ill = |n| Records::of((0..n).map(|_| Person { diseases: vec![DISEASES[0]], ..Person::new(SEXES[0], 1950) }));
    let poor = ill(20).but("concept_ancestor", Table::WithoutRows(DISEASE_GROUP));
    let consortium = Consortium::start([Site::with("poor", poor), Site::with("good", ill(30))]);
    let (group, own) = (DISEASE_GROUP, DISEASES[0]);
    let below = |condition: &str| {
        format!(
            "SELECT count(*) AS n FROM condition_occurrence WHERE condition_concept_id IN
             (SELECT descendant_concept_id FROM concept_ancestor WHERE {condition})"
        )
    };
    let joined = |condition: &str| {
        format!(
            "SELECT count(*) AS n FROM condition_occurrence o JOIN concept_ancestor a
             ON a.descendant_concept_id = o.condition_concept_id AND {condition}"
        )
    };
    for sql in [
        below(&format!("ancestor_concept_id = {group}")),
        below(&format!("{group} = ancestor_concept_id AND min_levels_of_separation < 9")),
        below(&format!("ancestor_concept_id IN ({own}, {group})")),
        below(&format!("ancestor_concept_id = {own} OR ancestor_concept_id = {group}")),
        joined(&format!("a.ancestor_concept_id = {group}")),
    ] {
        let answer = consortium.ask(&sql);
        assert_eq!(answer.rows(), ["30 | 1 | 0"], "{sql}");
        assert_eq!(answer.states(), ["good answered", "poor not_mapped E-NOT-MAPPED"], "{sql}");
        let said = answer.site("poor").message.as_deref().unwrap();
        assert!(said.starts_with(&format!("ancestor_concept_id {group} is not in table `concept_ancestor`")), "{said}");
    }
    // The same where those below are left out: nothing would be.
    let not = below(&format!("ancestor_concept_id = {group}")).replace(" IN", " NOT IN");
    let answer = consortium.ask(&not);
    assert_eq!(answer.rows(), ["NULL | 0 | 1"]);
    assert_eq!(answer.states(), ["good answered", "poor not_mapped E-NOT-MAPPED"]);
    // What both have is answered by both, also where a condition that names no code selects nothing.
    let all = ["good answered", "poor answered"];
    for (sql, row) in [
        (below(&format!("ancestor_concept_id = {own}")), "50 | 2 | 0"),
        (below(&format!("ancestor_concept_id = {own} AND min_levels_of_separation > 9")), "NULL | 0 | 2"),
        (below("min_levels_of_separation = 0"), "50 | 2 | 0"),
    ] {
        let answer = consortium.ask(&sql);
        assert_eq!((answer.rows(), answer.states()), (vec![row.to_owned()], all.map(str::to_owned).to_vec()), "{sql}");
    }
    // A worker that does not know a code is none the worse for it.
    let code = "SELECT count(*) AS n FROM person p JOIN concept c ON c.concept_id = p.gender_concept_id
                WHERE c.concept_code = 'C1'";
    let refused = consortium.refused(code);
    assert_eq!(refused.code(), Code::NotMapped);
    let said = refused.refusal.unwrap().to_string();
    assert!(said.contains("concept_code C1 is not in table `concept`"), "{said}");
    assert_eq!(consortium.ask(&code.replace("'C1'", "'C8507'")).rows(), ["50 | 2 | 0"]);
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
