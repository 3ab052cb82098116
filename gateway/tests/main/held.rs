//! What sites hold back: columns and bounds by option, undecided rows, and shares without concept.

use renkei_gateway::{BOUNDS, COLUMNS};
use renkei_types::Code;

use crate::nodes::{Counts, Key, Script};
use crate::sessions::set_and_keep;
use crate::support::{BY_GENDER, Consortium, genders};

/// One site lists both genders, the other one only.
async fn consortium() -> Consortium {
    let one = Script::Answer(Counts(vec![(Key::Number(8532), Some(30))]));
    Consortium::start(vec![("tokyo", Some(genders(20, 15))), ("osaka", Some(one))]).await
}

#[tokio::test(flavor = "multi_thread")]
async fn columns_and_bounds_are_chosen_by_header_and_session() {
    let consortium = consortium().await;
    let names = |got: &crate::clients::Got| {
        assert_eq!(got.info_schema, *got.stream_schema);
        got.stream_schema.fields().iter().map(|field| field.name().clone()).collect::<Vec<_>>().join(" ")
    };
    let got = consortium.person("sato").await.header(BOUNDS, "on").ask(BY_GENDER).await.unwrap();
    assert_eq!(names(&got), "gender_concept_id n n_low n_high renkei_sites renkei_held");
    assert_eq!(got.rows(), ["8507 | 15 | 15 | 24 | 1 | 1", "8532 | 50 | 50 | 50 | 2 | 0"]);
    let got = consortium.person("sato").await.header(COLUMNS, "off").ask(BY_GENDER).await.unwrap();
    assert_eq!(names(&got), "gender_concept_id n");
    assert_eq!(got.rows(), ["8507 | NULL", "8532 | 50"]);

    let mut client = consortium.person("sato").await;
    set_and_keep(&mut client, vec![("renkei.columns", "off"), ("renkei.bounds", "on")]).await;
    let got = client.ask(BY_GENDER).await.unwrap();
    assert_eq!(names(&got), "gender_concept_id n n_low n_high");
    assert_eq!(got.rows(), ["8507 | NULL | 15 | 24", "8532 | 50 | 50 | 50"]);
    let prepared = client.sql.prepare(BY_GENDER.to_owned(), None).await.unwrap();
    assert_eq!(prepared.dataset_schema().unwrap().fields().len(), 4);
    // A header is good for its call.
    let mut client = client.header(COLUMNS, "on").header(BOUNDS, "off");
    assert_eq!(names(&client.ask(BY_GENDER).await.unwrap()), "gender_concept_id n renkei_sites renkei_held");
    let (_, refusal) = consortium.person("sato").await.header(BOUNDS, "maybe").refused(BY_GENDER).await;
    assert_eq!(refusal.code, Code::Parameter);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_that_bounds_would_take_are_refused() {
    let consortium = consortium().await;
    let sql = "SELECT count(*) AS n, count(*) + 1 AS n_low FROM person";
    let (_, refusal) = consortium.person("sato").await.header(BOUNDS, "on").refused(sql).await;
    assert_eq!(refusal.code, Code::NotSupported);
    assert!(refusal.hint.unwrap().contains("aliases"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_could_be_in_or_out_are_told_by_clause() {
    let consortium = consortium().await;
    let mut client = consortium.person("sato").await;
    let having =
        |n: i64| format!("SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 HAVING count(*) >= {n}");
    for (sql, expected) in [
        (having(20), vec![("HAVING", 1)]),
        (having(25), vec![]),
        (format!("{} ORDER BY n LIMIT 1", having(1)), vec![]),
        ("SELECT gender_concept_id, count(*) AS n FROM person GROUP BY 1 ORDER BY n DESC LIMIT 1".to_owned(), vec![]),
        (format!("SELECT * FROM ({}) x WHERE n > 20", having(20)), vec![("HAVING", 1)]),
    ] {
        let got = client.ask(&sql).await.unwrap();
        let answered = got.answered.unwrap();
        let told: Vec<_> = answered.undecided.iter().map(|u| (u.clause.as_str(), u.rows)).collect();
        assert_eq!(told, expected, "{sql}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_share_without_concept_is_told_of_columns_that_are_read() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 15))), ("gone", None)]).await;
    let mut client = consortium.person("sato").await;
    let answered = client.ask(BY_GENDER).await.unwrap().answered.unwrap();
    let told: Vec<_> = answered.unmapped.iter().map(|u| format!("{} {} {}", u.site, u.column, u.percent)).collect();
    assert_eq!(told, ["tokyo person.gender_concept_id 7"]);
    *consortium.node("tokyo").script.lock().unwrap() = Script::Answer(Counts(vec![(Key::None, Some(40))]));
    let answered =
        client.ask("SELECT count(*) FROM person WHERE year_of_birth > 1950").await.unwrap().answered.unwrap();
    assert!(answered.unmapped.is_empty(), "{:?}", answered.unmapped);
}
