//! A gateway with a vocabulary of its own: sets of codes are looked up there, once, and the same for every site.

use std::fs;
use std::path::Path;

use renkei_e2e::records::{DISEASE_GROUP, Person, SEXES, Table};
use renkei_e2e::{Consortium, Records, Site};
use renkei_gateway::config::{self as gateway};
use renkei_types::Code;

use crate::audit::values;

const HEADER: &str = "concept_id\tconcept_name\tdomain_id\tvocabulary_id\tconcept_class_id\tstandard_concept\t\
                      concept_code\tvalid_start_date\tvalid_end_date\tinvalid_reason\n";
/// A disease that no site's own vocabulary has.
const NEW: i32 = 4_000_001;

/// An Athena download: the group with two diseases, and one set that is larger than a question may carry.
fn download(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let row =
        |id: i32, name: &str| format!("{id}\t{name}\tCondition\tSNOMED\tDisorder\tS\tC{id}\t19700101\t20991231\t\n");
    let many = (1..=10_001).map(|i| row(5_000_000 + i, "One of many")).collect::<String>();
    let concepts =
        format!("{HEADER}{}{}{}{many}", row(201_826, "Type 2"), row(NEW, "A \"new\" disease"), row(8507, "MALE"));
    fs::write(folder.join("CONCEPT.csv"), concepts).unwrap();
    let ancestors = format!(
        "ancestor_concept_id\tdescendant_concept_id\tmin_levels_of_separation\tmax_levels_of_separation\n\
         {DISEASE_GROUP}\t201826\t1\t1\n{DISEASE_GROUP}\t{NEW}\t1\t1\n{DISEASE_GROUP}\t{DISEASE_GROUP}\t0\t0\n"
    );
    fs::write(folder.join("CONCEPT_ANCESTOR.csv"), ancestors).unwrap();
    let relations = "concept_id_1\tconcept_id_2\trelationship_id\tvalid_start_date\tvalid_end_date\tinvalid_reason\n\
                     201826\t201826\tMaps to\t19700101\t20991231\t\n";
    fs::write(folder.join("CONCEPT_RELATIONSHIP.csv"), relations).unwrap();
    let vocabularies = "vocabulary_id\tvocabulary_name\tvocabulary_reference\tvocabulary_version\tvocabulary_concept_id\n\
                        None\tOMOP\tx\tv9 of the gateway\t1\n";
    fs::write(folder.join("VOCABULARY.csv"), vocabularies).unwrap();
}

/// A consortium whose gateway has a vocabulary.
fn consortium(sites: impl IntoIterator<Item = Site>) -> (Consortium, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let (from, to) = (dir.path().join("athena"), dir.path().join("vocabulary"));
    download(&from);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(renkei_gateway::import_vocabulary(&from, &to, &mut |_| {})).unwrap();
    let consortium = Consortium::with(sites, |config| config.vocabulary = Some(gateway::Vocabulary { folder: to }));
    (consortium, dir)
}

fn ill(n: usize, disease: i32) -> Records {
    Records::of((0..n).map(|_| Person { diseases: vec![disease], ..Person::new(SEXES[0], 1950) }))
}

fn of_group(what: &str) -> String {
    format!(
        "SELECT {what} FROM condition_occurrence WHERE condition_concept_id IN
         (SELECT descendant_concept_id FROM concept_ancestor WHERE ancestor_concept_id = {DISEASE_GROUP})"
    )
}

#[test]
fn every_site_compares_with_the_same_codes() {
    let no_vocabulary = |records: Records| {
        ["concept", "concept_ancestor", "vocabulary"].iter().fold(records, |r, t| r.but(t, Table::Absent))
    };
    let (consortium, _dir) = consortium([
        // Recorded with a code that no hospital's own vocabulary knows; a few with one of the group beside.
        Site::with("new", ill(30, NEW).and(ill(9, 201_826).people)),
        Site::with("bare", no_vocabulary(ill(20, 201_826))),
        // Under the group in the hospitals' vocabularies, and not in the gateway's.
        Site::with("other", ill(15, 443_238)),
    ]);
    let answer = consortium.ask(&of_group("count(*) AS n"));
    assert_eq!(answer.rows(), ["59 | 2 | 1"]);
    assert_eq!(answer.states(), ["bare answered", "new answered", "other answered"], "no site had to resolve anything");
    let [set] = answer.metadata().code_sets.as_slice() else { panic!("{:?}", answer.metadata()) };
    assert_eq!(set.column.as_deref(), Some("condition_occurrence.condition_concept_id"));
    assert_eq!((set.codes, set.vocabulary.as_str()), (3, "v9 of the gateway"));
    let held: Vec<_> = set.sites.iter().map(|(site, codes)| format!("{site} {codes}")).collect();
    assert_eq!(held, ["bare 1", "new 1", "other 0"], "a code with fewer persons than the minimum is none");
    let warnings = &answer.metadata().warnings;
    assert!(
        warnings.iter().any(|text| text.contains("v9 of the gateway") && text.contains("bare none")),
        "{warnings:?}"
    );

    let recorded = values(&consortium, "new");
    let [Some(codes)] = recorded.as_slice() else { panic!("{recorded:?}") };
    assert!(
        codes.contains("feed 0, 3 rows: ") && codes.contains("201826"),
        "the hospital's log has the codes: {codes}"
    );

    // The same as a join, and turned round.
    let joined = format!(
        "SELECT count(*) AS n FROM condition_occurrence o JOIN concept_ancestor a ON a.descendant_concept_id =
         o.condition_concept_id WHERE a.ancestor_concept_id = {DISEASE_GROUP}"
    );
    assert_eq!(consortium.ask(&joined).rows(), ["59 | 2 | 1"]);
    let not = of_group("count(*) AS n").replace(" IN", " NOT IN");
    assert_eq!(consortium.ask(&not).rows(), ["15 | 1 | 2"]);
}

#[test]
fn the_vocabulary_alone_asks_no_site() {
    let (consortium, _dir) = consortium([Site::with("a", ill(20, 201_826))]);
    let answer =
        consortium.ask("SELECT concept_name FROM concept WHERE concept_id < 5000000 ORDER BY concept_id DESC LIMIT 2");
    assert_eq!(answer.rows(), ["A \"new\" disease", "Type 2"]);
    assert!(answer.answered.is_none());
    let named = "WITH n AS (SELECT condition_concept_id AS code, count(*) AS n FROM condition_occurrence GROUP BY 1)
                 SELECT c.concept_name, n.n FROM n JOIN concept c ON c.concept_id = n.code";
    assert_eq!(consortium.ask(named).rows(), ["Type 2 | 20 | 1 | 0"]);
    let refused = consortium.refused("SELECT count(*) AS n FROM domain");
    assert_eq!(refused.code(), Code::ReferenceOnly);
}

#[test]
fn sets_that_are_too_large_or_empty_are_told() {
    let (consortium, _dir) = consortium([Site::with("a", ill(20, 201_826))]);
    let large =
        "SELECT count(*) AS n FROM condition_occurrence o JOIN concept c ON c.concept_id = o.condition_concept_id
                 WHERE c.domain_id = 'Condition'";
    let answer = consortium.ask(large);
    assert_eq!(answer.rows(), ["20 | 1 | 0"], "the site's own vocabulary was used");
    let warnings = &answer.metadata().warnings;
    assert!(warnings.iter().any(|text| text.contains("more than 10000 codes")), "{warnings:?}");
    assert!(answer.metadata().code_sets.is_empty());
    let nothing = of_group("count(*) AS n").replace("= 201820", "= 7");
    let warnings = consortium.ask(&nothing).answered.unwrap().warnings;
    assert!(warnings.iter().any(|text| text.starts_with("nothing is selected from concept_ancestor")), "{warnings:?}");
    let explained = consortium.ask(&format!("EXPLAIN {}", of_group("count(*) AS n"))).rows().join("\n");
    assert!(explained.contains("3 codes for condition_occurrence.condition_concept_id"), "{explained}");
}
