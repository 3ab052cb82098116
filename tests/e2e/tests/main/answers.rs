//! Everybody answers: cells are merged, and the answer says of how many sites.

use renkei_e2e::records::DISEASE_GROUP;
use renkei_e2e::{Consortium, Records, Site};

use crate::BY_SEX;

fn three() -> Consortium {
    Consortium::start([
        Site::with("kobe", Records::plain(30, 9)),
        Site::with("osaka", Records::plain(20, 11)),
        Site::with("tokyo", Records::plain(15, 10)),
    ])
}

#[test]
fn cells_are_merged_and_held_ones_counted() {
    let consortium = three();
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.columns, ["gender_concept_id", "n", "renkei_sites", "renkei_held"]);
    assert_eq!(answer.rows(), ["8507 | 65 | 3 | 0", "8532 | 21 | 2 | 1"]);
    assert_eq!(answer.states(), ["kobe answered", "osaka answered", "tokyo answered"]);
    let coverage = answer.metadata().coverage;
    assert_eq!((coverage.sites_asked, coverage.sites_answered, coverage.persons_share), (3, 3, Some(1.0)));
    assert!(answer.metadata().warnings.is_empty());
    for site in ["kobe", "osaka", "tokyo"] {
        let outcome = answer.site(site);
        assert_eq!((outcome.minimum_persons, outcome.vocabulary.as_deref()), (Some(10), Some("trial 1")));
        assert!(outcome.snapshot.is_some());
    }

    let by_site = consortium.ask("SELECT site_id, count(*) AS n FROM person GROUP BY site_id ORDER BY site_id");
    assert_eq!(by_site.rows(), ["kobe | 39 | 1 | 0", "osaka | 31 | 1 | 0", "tokyo | 25 | 1 | 0"]);

    let one = consortium.ask("SELECT count(*) AS n FROM person WHERE site_id = 'osaka'");
    assert_eq!(one.rows(), ["31 | 1 | 2"], "a site without such persons cannot be told from one with few");

    let names = "SELECT c.concept_name AS sex, count(*) AS n FROM person p \
                 JOIN concept c ON c.concept_id = p.gender_concept_id GROUP BY 1 ORDER BY 1";
    assert_eq!(consortium.ask(names).rows(), ["Gender 8507 | 65 | 3 | 0", "Gender 8532 | 21 | 2 | 1"]);

    let ratio = "WITH women AS (SELECT count(*) AS n FROM person WHERE gender_concept_id = 8532), \
                 everybody AS (SELECT count(*) AS n FROM person) \
                 SELECT w.n, e.n, 100.0 * w.n / e.n AS percent FROM women w CROSS JOIN everybody e";
    let ratio = consortium.ask(ratio);
    assert_eq!(ratio.cells[0][..2], ["21", "95"]);
    assert!((ratio.cells[0][2].parse::<f64>().unwrap() - 2_100.0 / 95.0).abs() < 1e-9);
    assert_eq!(ratio.cells[0][3..], ["2", "1"], "no better than its worse half");
}

#[test]
fn descendants_are_resolved_at_every_site() {
    let (a, b) = (Records::drawn(1, 90), Records::drawn(2, 70));
    let ill = |records: &Records| records.people.iter().filter(|person| !person.diseases.is_empty()).count();
    let expected = [ill(&a), ill(&b)];
    assert!(expected.iter().all(|n| *n >= 10));
    let consortium = Consortium::start([Site::with("a", a), Site::with("b", b)]);
    let sql = format!(
        "SELECT count(DISTINCT o.person_id) AS n FROM condition_occurrence o \
         JOIN concept_ancestor a ON a.descendant_concept_id = o.condition_concept_id \
         WHERE a.ancestor_concept_id = {DISEASE_GROUP}"
    );
    assert_eq!(consortium.ask(&sql).rows(), [format!("{} | 2 | 0", expected[0] + expected[1])]);
}

#[test]
fn what_the_gateway_was_told_is_in_its_tables() {
    let consortium = three();
    let sites = consortium.ask("SELECT site_id, state, persons, seal, minimum_persons FROM renkei.sites ORDER BY 1");
    assert_eq!(
        sites.rows(),
        [
            "kobe | connected | 30 | clinical | 10",
            "osaka | connected | 30 | clinical | 10",
            "tokyo | connected | 20 | clinical | 10"
        ]
    );
    assert!(sites.answered.is_none(), "no site was asked");
    let confined = consortium.ask("SELECT DISTINCT confinement FROM renkei.sites").rows();
    assert!(matches!(&confined[..], [word] if word == "full" || word.starts_with("without ")), "{confined:?}");
    let query = consortium.ask(BY_SEX).metadata().query_id.clone();
    let sql = format!("SELECT site_id, state FROM renkei.answers WHERE query_id = '{query}' ORDER BY 1");
    assert_eq!(consortium.ask(&sql).rows(), ["kobe | answered", "osaka | answered", "tokyo | answered"]);
}
