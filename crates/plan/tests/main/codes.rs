//! What the vocabulary selects: at the gateway, if it has the tables, else inside each hospital.

use std::collections::BTreeSet;

use renkei_plan::{Catalogue, Planner, Question, Split};
use renkei_types::{Code, Refusal, Timestamp};

const DESCENDANTS: &str = "SELECT descendant_concept_id FROM concept_ancestor WHERE ancestor_concept_id = 201826";

fn tables(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn at(names: &[&str], sql: &str) -> Result<Split, Refusal> {
    let planner = Planner::new(Catalogue::cdm());
    planner.split_resolving(&Question { sql, parameters: &[], bound_at: Timestamp(0) }, &tables(names))
}

fn all(sql: &str) -> Split {
    let names = ["concept", "concept_ancestor", "concept_relationship", "vocabulary"];
    at(&names, sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"))
}

/// Columns that are compared with code sets, and the vocabulary tables that the sites still read.
#[track_caller]
fn check(sql: &str, columns: &[&str], read_at_sites: &[&str]) {
    let split = all(sql);
    let found: Vec<_> = split.code_sets().map(|(_, set)| set.column.as_deref().unwrap_or("?")).collect();
    assert_eq!(found, columns, "{sql}");
    assert_eq!(split.facts.reference_tables, tables(read_at_sites), "{sql}");
    assert_eq!(split.rounds(), 1, "a set is no round of its own: {sql}");
    for (feed, set) in split.code_sets() {
        assert!(feed.resolved_first() && feed.round == 0 && !feed.scalar, "{sql}");
        let held = set.held.as_ref().unwrap();
        assert_eq!((held.keys.len(), held.states.len(), held.index), (1, 0, feed.index), "{sql}");
    }
    // Without the gateway's tables the same statement runs as it did.
    let own = at(&[], sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
    assert!(own.feeds.iter().all(|feed| !feed.resolved_first()) && own.code_sets().next().is_none());
    assert_eq!(own.output_schema(), split.output_schema(), "{sql}");
    assert_eq!(own.digest == split.digest, columns.is_empty(), "{sql}");
}

#[test]
fn subqueries_select_codes() {
    let column = &["condition_occurrence.condition_concept_id"];
    for condition in [
        format!("condition_concept_id IN ({DESCENDANTS})"),
        format!("condition_concept_id NOT IN ({DESCENDANTS})"),
        format!("condition_status_concept_id = 1 OR condition_concept_id IN ({DESCENDANTS})"),
        "EXISTS (SELECT 1 FROM concept_ancestor a WHERE a.ancestor_concept_id = 201826
                 AND a.descendant_concept_id = condition_concept_id)"
            .to_owned(),
        "condition_concept_id IN (SELECT concept_id_2 FROM concept_relationship r JOIN concept c
                 ON c.concept_id = r.concept_id_1 WHERE r.relationship_id = 'Maps to' AND c.concept_code = 'E11')"
            .to_owned(),
        "condition_concept_id IN (SELECT max(concept_id) FROM concept WHERE domain_id = 'Condition' GROUP BY vocabulary_id)"
            .to_owned(),
    ] {
        let sql = format!("SELECT count(*) FROM condition_occurrence WHERE {condition}");
        match condition.contains("max(") {
            // An aggregate of the vocabulary is a released result like another.
            true => assert_eq!(all(&sql).feeds.iter().filter(|feed| feed.resolved_first()).count(), 1),
            false => check(&sql, column, &[]),
        }
    }
}

#[test]
fn joins_that_only_select_codes() {
    let column = &["drug_exposure.drug_concept_id"];
    for from in [
        "drug_exposure d JOIN concept_ancestor a ON a.descendant_concept_id = d.drug_concept_id WHERE a.ancestor_concept_id = 1",
        "drug_exposure d, concept_ancestor a WHERE a.descendant_concept_id = d.drug_concept_id AND a.ancestor_concept_id = 1",
        "concept_ancestor a JOIN drug_exposure d ON a.descendant_concept_id = d.drug_concept_id AND a.ancestor_concept_id = 1",
        "drug_exposure d LEFT JOIN concept_ancestor a ON a.descendant_concept_id = d.drug_concept_id AND a.ancestor_concept_id = 1 WHERE a.descendant_concept_id IS NULL",
        "drug_exposure d JOIN (SELECT descendant_concept_id AS code FROM concept_ancestor WHERE ancestor_concept_id = 1) s ON s.code = d.drug_concept_id",
    ] {
        check(&format!("SELECT count(*) FROM {from}"), column, &[]);
    }
    // The column that was equated may be used above.
    check(
        "SELECT a.descendant_concept_id, count(*) FROM drug_exposure d JOIN concept_ancestor a
         ON a.descendant_concept_id = d.drug_concept_id WHERE a.ancestor_concept_id = 1 GROUP BY 1",
        column,
        &[],
    );
}

#[test]
fn joins_that_read_more_stay_inside() {
    check(
        "SELECT c.concept_name, count(*) FROM drug_exposure d JOIN concept c ON c.concept_id = d.drug_concept_id GROUP BY 1",
        &[],
        &["concept"],
    );
    check(
        "SELECT c.concept_name, count(*) FROM drug_exposure d JOIN concept c ON c.concept_id = d.drug_concept_id
         JOIN concept_ancestor a ON a.descendant_concept_id = d.drug_concept_id WHERE a.ancestor_concept_id = 1 GROUP BY 1",
        &["drug_exposure.drug_concept_id"],
        &["concept"],
    );
    // What an alias renames is still a use.
    check(
        "SELECT x.ancestor_concept_id, count(*) FROM (drug_exposure d JOIN concept_ancestor a
         ON a.descendant_concept_id = d.drug_concept_id) AS x GROUP BY 1",
        &[],
        &["concept_ancestor"],
    );
}

#[test]
fn a_set_that_is_asked_for_twice_is_looked_up_once() {
    let split = all(&format!(
        "SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN ({DESCENDANTS})
         UNION ALL SELECT count(DISTINCT person_id) FROM condition_occurrence WHERE condition_concept_id IN ({DESCENDANTS})"
    ));
    assert_eq!((split.feeds.len(), split.release_points.len()), (1, 2));
}

/// A list has each code once; a join has a code as often as the vocabulary names it, as it would inside a hospital.
#[test]
fn lists_have_each_code_once_and_joins_as_often_as_the_vocabulary() {
    let list = all(&format!("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN ({DESCENDANTS})"));
    assert!(list.feeds[0].text().contains("Distinct"), "{}", list.feeds[0].text());
    let join = all("SELECT count(*) FROM condition_occurrence JOIN concept_ancestor ON descendant_concept_id = condition_concept_id
                    WHERE ancestor_concept_id IN (1, 2)");
    assert!(!join.feeds[0].text().contains("Distinct"), "{}", join.feeds[0].text());
}

#[test]
fn a_gateway_without_the_table_leaves_it_to_the_sites() {
    let sql = format!("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN ({DESCENDANTS})");
    let split = at(&["concept", "vocabulary"], &sql).unwrap();
    assert!(split.feeds.is_empty());
    assert_eq!(split.facts.reference_tables, tables(&["concept_ancestor"]));
}

#[test]
fn the_vocabulary_alone_runs_at_the_gateway() {
    for sql in [
        "SELECT concept_id, concept_name FROM concept WHERE concept_code = 'E11' ORDER BY concept_id LIMIT 10",
        "SELECT vocabulary_id, count(*) FROM concept GROUP BY 1 HAVING count(*) > 10 ORDER BY 2 DESC",
        "SELECT DISTINCT domain_id FROM concept",
        "SELECT concept_id FROM concept WHERE concept_id IN (SELECT descendant_concept_id FROM concept_ancestor)",
        "SELECT concept_name FROM concept UNION SELECT vocabulary_name FROM vocabulary",
    ] {
        let split = all(sql);
        assert!(split.release_points.is_empty() && split.feeds.is_empty(), "{sql}");
        assert!(!split.facts.gateway_vocabulary.is_empty(), "{sql}");
        assert_eq!(at(&[], sql).expect_err("no vocabulary").code, Code::ReferenceOnly, "{sql}");
    }
    let refusal = at(&["concept"], "SELECT count(*) FROM concept_ancestor").expect_err("not that table");
    assert!(refusal.message.contains("concept_ancestor"), "{refusal}");
}

#[test]
fn cells_meet_the_vocabulary_at_the_gateway() {
    let sql = "WITH n AS (SELECT condition_concept_id AS code, count(*) AS n FROM condition_occurrence GROUP BY 1)
               SELECT c.concept_name, n.n FROM n LEFT JOIN concept c ON c.concept_id = n.code ORDER BY 2 DESC";
    let split = all(sql);
    assert_eq!((split.release_points.len(), split.feeds.len()), (1, 0));
    assert!(split.facts.reference_tables.is_empty() && split.facts.gateway_vocabulary == tables(&["concept"]));
    assert_eq!(at(&[], sql).expect_err("no vocabulary").code, Code::ReferenceOnly);
}

/// A set is no way round the rules for keys.
#[test]
fn keys_never_meet_code_sets() {
    for sql in [
        "SELECT count(*) FROM person WHERE person_id IN (SELECT concept_id FROM concept)",
        "SELECT count(*) FROM person p JOIN concept c ON c.concept_id = p.person_id",
        "SELECT count(*) FROM person p JOIN concept c ON c.concept_id = p.gender_concept_id AND c.concept_id = p.person_id",
    ] {
        let refusal = at(&["concept"], sql).expect_err(sql);
        assert_eq!(refusal.code, Code::JoinReference, "{sql}\n{refusal}");
    }
    let kept = "SELECT count(*) FROM concept c LEFT JOIN person p ON c.concept_id = p.gender_concept_id";
    assert_eq!(at(&["concept"], kept).expect_err("kept").code, Code::JoinReference);
}

/// What a site that looks codes up by itself must have, as `column code …`.
#[track_caller]
fn looked_up(condition: &str, expected: &[&str]) {
    let from = "condition_occurrence o JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id
                JOIN concept c ON c.concept_id = o.condition_concept_id";
    let sql = format!("SELECT c.concept_name, count(*) FROM {from} WHERE {condition} GROUP BY 1");
    let split = at(&[], &sql).unwrap_or_else(|refusal| panic!("{sql}\n{refusal}"));
    let lookups = split.release_points[0].lookups().unwrap();
    let shown = lookups.iter().map(|lookup| {
        let codes: Vec<_> = lookup.codes.iter().map(ToString::to_string).collect();
        assert!(lookup.codes.iter().all(|code| code.data_type() == lookup.codes[0].data_type()), "{lookup:?}");
        format!("{}.{} {}", lookup.table, lookup.column, codes.join(" "))
    });
    assert_eq!(shown.collect::<Vec<_>>(), expected, "{condition}");
}

#[test]
fn codes_that_a_site_must_have() {
    let ancestor = "concept_ancestor.ancestor_concept_id";
    looked_up("a.ancestor_concept_id = 1", &[&format!("{ancestor} 1")]);
    looked_up("1 = a.ancestor_concept_id OR a.ancestor_concept_id IN (2, 1)", &[&format!("{ancestor} 1 2")]);
    looked_up("CAST(a.ancestor_concept_id AS BIGINT) = CAST('7' AS BIGINT)", &[&format!("{ancestor} 7")]);
    looked_up(
        "c.concept_code = 'E11' AND a.ancestor_concept_id = 1",
        &["concept.concept_code E11", &format!("{ancestor} 1")],
    );
    // These name no code of the vocabulary, or select without one.
    for condition in [
        "a.ancestor_concept_id > 1",
        "a.ancestor_concept_id NOT IN (1, 2)",
        "a.ancestor_concept_id = 1 OR c.domain_id = 'Drug'",
        "a.ancestor_concept_id IS NULL OR a.ancestor_concept_id = 1",
        "c.domain_id = 'Condition' AND a.min_levels_of_separation = 1",
        "o.condition_concept_id = 201826",
    ] {
        looked_up(condition, &[]);
    }
    // What the gateway has looked up, no site does.
    let sql = format!("SELECT count(*) FROM condition_occurrence WHERE condition_concept_id IN ({DESCENDANTS})");
    assert!(all(&sql).release_points[0].lookups().unwrap().is_empty());
    let own = at(&[], &sql).unwrap();
    assert_eq!(own.release_points[0].lookups().unwrap().len(), 1);
}
