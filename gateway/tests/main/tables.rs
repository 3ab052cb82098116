//! The gateway's own tables, and EXPLAIN.

use renkei_gateway::EXPLAIN;
use renkei_proto::v1::State;

use crate::nodes::{FakeNode, Script};
use crate::support::{BY_GENDER, Consortium, genders};

#[tokio::test(flavor = "multi_thread")]
async fn sites_and_their_profiles_are_listed() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10))), ("osaka", None)]).await;
    let mut client = consortium.person("sato").await;
    let sql =
        "SELECT site_id, state, snapshot_id, persons, seal, minimum_persons, plan_version FROM renkei.sites ORDER BY 1";
    let version = renkei_plan::PLAN_VERSION;
    assert_eq!(
        client.rows(sql).await,
        [
            "osaka | offline | NULL | NULL | NULL | NULL | NULL".to_owned(),
            format!("tokyo | connected | snapshot-tokyo | 1000 | synthetic | 10 | {version}"),
        ]
    );
    assert!(consortium.person("outsider").await.rows("SELECT site_id FROM renkei.sites").await.is_empty());
    assert_eq!(consortium.person("outsider").await.rows("SELECT 1 + 1 AS two").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_and_columns_are_listed() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;
    let sql = "SELECT table_schema, kind, sites FROM renkei.tables WHERE table_name IN ('person', 'measurement', 'concept', 'care_site', 'sites') ORDER BY table_name";
    assert_eq!(
        client.rows(sql).await,
        ["cdm | site | 0", "cdm | vocabulary | 0", "cdm | person | 0", "cdm | person | 1", "renkei | gateway | NULL"]
    );
    let sql = "SELECT column_name, data_type, role FROM renkei.columns \
               WHERE table_name = 'person' AND column_name IN ('person_id', 'year_of_birth', 'site_id') ORDER BY position";
    assert_eq!(
        client.rows(sql).await,
        ["person_id | integer | key(person)", "year_of_birth | integer | coarse", "site_id | varchar | site"]
    );
    let missing = client
        .rows("SELECT table_name, column_name FROM renkei.columns WHERE description IS NULL OR description = ''")
        .await;
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn ones_own_answers_can_be_read() {
    let no = Script::Refuse(State::Refused, "E-GRANT-TABLE", "not here");
    let consortium =
        Consortium::start(vec![("tokyo", Some(genders(20, 10))), ("osaka", Some(no)), ("kobe", None)]).await;
    let mut client = consortium.person("sato").await;
    let asked = client.ask(BY_GENDER).await.unwrap().answered.unwrap();
    let sql = "SELECT project, site_id, state, code, message, snapshot_id, minimum_persons FROM renkei.answers ORDER BY site_id";
    assert_eq!(
        client.rows(sql).await,
        [
            "study | kobe | offline | E-OFFLINE | the site has no connection | NULL | NULL",
            "study | osaka | refused | E-GRANT-TABLE | not here | NULL | NULL",
            "study | tokyo | answered | NULL | NULL | snapshot-tokyo | 10",
        ]
    );
    assert_eq!(client.rows("SELECT DISTINCT query_id FROM renkei.answers").await, [asked.query_id.as_str()]);
    assert!(consortium.person("ito").await.rows("SELECT * FROM renkei.answers").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_what_leaves_and_asks_nobody() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10))), ("osaka", None)]).await;
    let mut client = consortium.person("sato").await;
    let sql = "EXPLAIN SELECT gender_concept_id, count(*) FROM person JOIN measurement USING (person_id) GROUP BY 1";
    let rows = client.rows(sql).await;
    let part = |name: &str| {
        let found: Vec<&String> = rows.iter().filter(|row| row.starts_with(&format!("{name} | "))).collect();
        assert!(!found.is_empty(), "{name}: {rows:#?}");
        found.into_iter().cloned().collect::<Vec<_>>().join("\n")
    };
    assert_eq!(part("project"), "project | NULL | study");
    assert_eq!(part("tables"), "tables | NULL | measurement, person");
    assert!(part("leaves").contains("by person.gender_concept_id: Int32; each carries count"), "{}", part("leaves"));
    assert!(part("reads").contains("person.gender_concept_id"), "{}", part("reads"));
    assert!(!part("reads").contains("year_of_birth"), "what is only carried along is not read: {}", part("reads"));
    assert!(part("runs at each site").contains("measurement"));
    assert!(part("runs at the gateway").contains("__release_0"));
    let sites = part("site");
    assert!(
        sites.contains("site | tokyo | connected; snapshot snapshot-tokyo; sealed as synthetic; at least 1000 persons"),
        "{sites}"
    );
    assert!(sites.contains("no rows in measurement"), "{sites}");
    assert!(sites.contains("site | osaka | offline; never described"), "{sites}");

    let json = consortium.person("sato").await.header(EXPLAIN, "json").rows(sql).await;
    assert_eq!(json.len(), 1);
    let whole: serde_json::Value = serde_json::from_str(json[0].strip_prefix("json | NULL | ").unwrap()).unwrap();
    assert_eq!(whole["project"], "study");
    assert_eq!(whole["sites"][1]["missing_tables"][0], "measurement");
    assert_eq!(whole["release_points"][0]["keys"][0], "person.gender_concept_id: Int32");
    assert!(consortium.node("tokyo").asked.lock().unwrap().is_empty());

    assert_eq!(part("verdict"), "verdict | osaka | did not say: offline\nverdict | tokyo | would be permitted");
    assert!(part("estimate").contains("2 sites, 1 of them connected; 1 rounds"), "{}", part("estimate"));
    assert!(part("estimate").contains("is not known before"), "{}", part("estimate"));
    assert_eq!(whole["verdicts"][1]["permitted"], true);
    assert_eq!(whole["estimate"]["most_cells"][0], serde_json::Value::Null);

    let (_, refusal) = client.refused("EXPLAIN SELECT person_id FROM person").await;
    assert_eq!(refusal.code, renkei_types::Code::Rows);
}

#[tokio::test(flavor = "multi_thread")]
async fn explain_tells_each_sites_verdict_and_bounds_the_cells() {
    let no = Script::Refuse(State::Refused, "E-GRANT-TABLE", "measurement is not granted");
    let other = FakeNode { plan_version: 1, ..FakeNode::new("old", genders(20, 10)) };
    let node = |site: &str, node| (site.to_owned(), node);
    let nodes = vec![
        node("tokyo", Some(FakeNode::new("tokyo", genders(20, 10)))),
        node("osaka", Some(FakeNode::new("osaka", no))),
        node("old", Some(other)),
    ];
    let consortium = Consortium::with(nodes, |_| {}).await;
    let mut client = consortium.person("sato").await;
    let sql =
        "EXPLAIN SELECT year_of_birth < 1950 AS old, count(*) FROM person WHERE gender_concept_id = 8507 GROUP BY 1";
    let rows = client.rows(sql).await;
    let has = |text: &str| assert!(rows.iter().any(|row| row.contains(text)), "{text}: {rows:#?}");
    has(
        "verdict | osaka | would not be answered: refused (E-GRANT-TABLE); measurement is not granted (hint: ask there)",
    );
    has("verdict | tokyo | would be permitted");
    has("codes | NULL | person.gender_concept_id: 8507");
    // True, false and NULL at each of three sites.
    has("estimate | NULL | at most 9 cells from all sites together");
    has("site | old | connected; snapshot snapshot-old");
    has("splits statements by other rules: its answer would not be merged");
    assert!(consortium.nodes.iter().all(|node| node.asked.lock().unwrap().is_empty()), "nobody is asked");
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_are_listed_from_sites_that_publish_theirs() {
    let silent = FakeNode { publishes: false, ..FakeNode::new("kobe", genders(20, 10)) };
    let nodes = vec![
        ("tokyo".to_owned(), Some(FakeNode::new("tokyo", genders(20, 10)))),
        ("osaka".to_owned(), Some(FakeNode::new("osaka", genders(20, 10)))),
        ("kobe".to_owned(), Some(silent)),
    ];
    let consortium = Consortium::with(nodes, |_| {}).await;
    let mut client = consortium.person("sato").await;
    let sql = "SELECT system, code, unit, table_name, persons, sites, unmapped_share FROM renkei.codes ORDER BY persons DESC, code";
    let expected = [
        "JLAC10 | 3D0450000019 | % | measurement | 240 | 2 | 0.25",
        "JLAC10 | own-osaka | % | measurement | 10 | 1 | 0.25",
        "JLAC10 | own-tokyo | % | measurement | 10 | 1 | 0.25",
    ];
    let started = std::time::Instant::now();
    while client.rows(sql).await != expected {
        assert!(started.elapsed().as_secs() < 20, "{:?}", client.rows(sql).await);
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let like = "SELECT code FROM renkei.codes WHERE system = 'JLAC10' AND code LIKE '3D0%'";
    assert_eq!(client.rows(like).await, ["3D0450000019"]);
    assert!(consortium.person("outsider").await.rows(sql).await.is_empty(), "whose sites they are not");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rules_are_a_table() {
    let consortium = Consortium::start(vec![("gone", None)]).await;
    let mut client = consortium.person("outsider").await;
    assert_eq!(
        client.rows("SELECT count(*) AS n, count(hint) AS hints FROM renkei.rules").await,
        [format!("{n} | {n}", n = renkei_plan::rules().len())]
    );
    let sql = "SELECT refused, code FROM renkei.rules WHERE code = 'E-KEY-USE'";
    assert_eq!(client.rows(sql).await, ["SELECT count(*) FROM person WHERE person_id = 7 | E-KEY-USE"]);
}
