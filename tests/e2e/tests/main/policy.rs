//! What a hospital has granted, and the minimum that it applies.

use renkei_e2e::{Consortium, Records, Site};
use renkei_node::config::GrantedTables;
use renkei_node::store::Seal;
use renkei_types::Code;

use crate::BY_SEX;

#[test]
fn what_is_not_granted_is_not_answered() {
    let records = || Records::plain(20, 10);
    let only = |tables: &[&str]| GrantedTables::Only(tables.iter().map(|&table| table.to_owned()).collect());
    let consortium = Consortium::start([
        Site::with("good", records()),
        Site::with("nothing", records()).without_grants(),
        Site::with("other-project", records()).grant(|project| project.id = "another".parse().unwrap()),
        Site::with("other-roster", records()).grant(|p| p.members = Some(["hanako".parse().unwrap()].into())),
        Site::with("visits-only", records()).grant(|project| project.tables = only(&["visit_occurrence"])),
        Site::with("without-names", records()).grant(|project| project.tables = only(&["person"])),
    ]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 40 | 2 | 0", "8532 | 20 | 2 | 0"]);
    assert_eq!(
        answer.states(),
        [
            "good answered",
            "nothing not_approved E-PROJECT",
            "other-project not_approved E-PROJECT",
            "other-roster not_approved E-PROJECT",
            "visits-only not_approved E-GRANT-TABLE",
            "without-names answered",
        ]
    );
    let names = "SELECT c.concept_name, count(*) AS n FROM person p \
                 JOIN concept c ON c.concept_id = p.gender_concept_id GROUP BY 1 ORDER BY 1";
    let answer = consortium.ask(names);
    assert_eq!(answer.rows(), ["Gender 8507 | 20 | 1 | 0", "Gender 8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states()[5], "without-names not_approved E-GRANT-TABLE");
}

#[test]
fn a_table_that_the_gateways_project_lacks_is_refused_before_anybody_is_asked() {
    let consortium = Consortium::with([Site::with("good", Records::plain(20, 10))], |config| {
        config.projects[0].tables = renkei_gateway::config::Tables::Only(vec!["person".into()]);
    });
    assert_eq!(consortium.ask(BY_SEX).rows().len(), 2);
    assert_eq!(consortium.refused("SELECT count(*) AS n FROM measurement").code(), Code::TableGrant);
    let refused = consortium.client().header(renkei_gateway::PROJECT, "nowhere").ask(BY_SEX).unwrap_err();
    assert_eq!(refused.code(), Code::Project);
}

#[test]
fn a_minimum_below_the_floor_is_for_open_records_only() {
    let records = || Records::plain(20, 4);
    let one = |site: Site| site.grant(|project| project.minimum_persons = Some(1));
    let consortium = Consortium::open([
        one(Site::with("clinical", records())),
        one(Site::with("public", records()).seal(Seal::Public)),
        one(Site::with("synthetic", records()).seal(Seal::Synthetic)),
        Site::with("usual", records()),
    ]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows()[0], "8507 | 60 | 3 | 0");
    assert_eq!(answer.cells[1][..3], ["8532", "8", "2"]);
    assert_eq!(
        answer.states(),
        ["clinical refused E-MINIMUM", "public answered", "synthetic answered", "usual answered"]
    );
    assert_eq!(answer.site("synthetic").minimum_persons, Some(1));
    assert_eq!(answer.site("usual").minimum_persons, Some(10));
    let warnings = answer.metadata().warnings.join("; ");
    assert!(warnings.contains("public is sealed as public"), "the answer says so: {warnings}");
    assert!(warnings.contains("synthetic is sealed as synthetic"), "the answer says so: {warnings}");
}

#[test]
fn a_guarded_site_beside_open_ones_is_counted_as_holding() {
    let records = || Records::plain(20, 4);
    let consortium = Consortium::open([
        Site::open("open-1", records()),
        Site::open("open-2", records()),
        Site::with("usual", records()),
    ]);
    assert_eq!(consortium.ask(BY_SEX).rows(), ["8507 | 60 | 3 | 0", "8532 | 8 | 2 | 1"]);
}

#[test]
fn the_hospitals_own_minimum_holds_whatever_the_project_wants() {
    let records = || Records::plain(24, 14);
    let consortium = Consortium::open([
        Site::with("stricter", records()).grant(|project| project.minimum_persons = Some(20)),
        Site::with("weaker", records()).grant(|project| project.minimum_persons = Some(5)),
    ]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 48 | 2 | 0", "8532 | 14 | 1 | 1"]);
    assert_eq!(answer.site("stricter").minimum_persons, Some(20));
    assert_eq!(answer.site("weaker").minimum_persons, Some(10));
}

#[test]
fn a_site_that_applies_less_than_the_project_demands_is_left_out() {
    let consortium =
        Consortium::start([Site::with("good", Records::plain(20, 10)), Site::open("open", Records::plain(9, 9))]);
    let answer = consortium.ask(BY_SEX);
    assert_eq!(answer.rows(), ["8507 | 20 | 1 | 0", "8532 | 10 | 1 | 0"]);
    assert_eq!(answer.states(), ["good answered", "open failed E-UNAVAILABLE"]);
}
