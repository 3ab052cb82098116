//! Session options, as drivers set them, and clients that do not keep cookies.

use std::collections::BTreeMap;

use prost::Message;
use renkei_gateway::{MIN_SITES, PROJECT};
use renkei_types::Code;
use tonic::Code as Grpc;
use tonic::metadata::MetadataMap;

use crate::clients::{Client, refusal};
use crate::support::{BY_GENDER, Consortium, genders};

/// Flight.proto, written down once more: what drivers put on the wire.
#[derive(Clone, PartialEq, Message)]
struct Value {
    #[prost(oneof = "OneOf", tags = "1, 2, 3, 4, 5")]
    value: Option<OneOf>,
}

#[derive(Clone, PartialEq, prost::Oneof)]
pub enum OneOf {
    #[prost(string, tag = "1")]
    Text(String),
    #[prost(bool, tag = "2")]
    Bool(bool),
    #[prost(sfixed64, tag = "3")]
    Number(i64),
    #[prost(double, tag = "4")]
    Double(f64),
    #[prost(message, tag = "5")]
    List(List),
}

#[derive(Clone, PartialEq, Message)]
pub struct List {
    #[prost(string, repeated, tag = "1")]
    pub values: Vec<String>,
}

#[derive(Clone, PartialEq, Message)]
struct Options {
    #[prost(btree_map = "string, message", tag = "1")]
    options: BTreeMap<String, Value>,
}

#[derive(Clone, PartialEq, Message)]
struct Errors {
    #[prost(btree_map = "string, message", tag = "1")]
    errors: BTreeMap<String, Error>,
}

#[derive(Clone, PartialEq, Message)]
struct Error {
    #[prost(int32, tag = "1")]
    value: i32,
}

#[derive(Clone, PartialEq, Message)]
struct Closed {
    #[prost(int32, tag = "1")]
    status: i32,
}

const INVALID_NAME: i32 = 1;
const INVALID_VALUE: i32 = 2;

pub fn text(text: &str) -> Option<OneOf> {
    Some(OneOf::Text(text.to_owned()))
}

/// Sets options; returns the errors by name and the cookie, if one came.
pub async fn set(client: &mut Client, pairs: Vec<(&str, Option<OneOf>)>) -> (Vec<(String, i32)>, Option<String>) {
    let options = pairs.into_iter().map(|(name, value)| (name.to_owned(), Value { value })).collect();
    let (body, metadata) = client.action("SetSessionOptions", Options { options }.encode_to_vec()).await.unwrap();
    let errors = Errors::decode(body).unwrap().errors.into_iter().map(|(name, error)| (name, error.value));
    (errors.collect(), cookie(&metadata))
}

/// The cookie as a jar sends it back.
fn cookie(metadata: &MetadataMap) -> Option<String> {
    let header = metadata.get("set-cookie")?.to_str().unwrap();
    assert!(header.starts_with("arrow_flight_session_id="), "{header}");
    Some(header.split(';').next().unwrap().to_owned())
}

/// Sets options and keeps the cookie, as the JDBC driver does.
pub async fn set_and_keep(client: &mut Client, pairs: Vec<(&str, &str)>) {
    let (errors, cookie) = set(client, pairs.into_iter().map(|(name, value)| (name, text(value))).collect()).await;
    assert!(errors.is_empty(), "{errors:?}");
    client.set("cookie", &cookie.expect("a session was made"));
}

async fn get(client: &mut Client) -> Vec<String> {
    let (body, _) = client.action("GetSessionOptions", Vec::new()).await.unwrap();
    let shown = |(name, value): (String, Value)| match value.value {
        Some(OneOf::Text(text)) => format!("{name}={text}"),
        other => panic!("{name}: {other:?}"),
    };
    Options::decode(body).unwrap().options.into_iter().map(shown).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_session_hold_until_it_is_closed_and_headers_win() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10))), ("gone", None)]).await;
    let mut ito = consortium.person("ito").await;
    assert_eq!(get(&mut ito).await, ["catalog=renkei", "schema=cdm"]);
    assert_eq!(ito.refused(BY_GENDER).await.1.code, Code::Project, "ito has two projects");

    set_and_keep(&mut ito, vec![("renkei.project", "study"), ("renkei.deadline", "2m"), ("renkei.explain", "json")])
        .await;
    assert_eq!(
        get(&mut ito).await,
        ["catalog=renkei", "renkei.deadline=120s", "renkei.explain=json", "renkei.project=study", "schema=cdm"]
    );
    assert_eq!(ito.ask(BY_GENDER).await.unwrap().answered.unwrap().project.as_str(), "study");
    let asked = consortium.node("tokyo").asked.lock().unwrap()[0].clone();
    assert!(asked.time_left_micros > 100_000_000, "{}", asked.time_left_micros);
    assert!(ito.rows("EXPLAIN SELECT count(*) FROM person").await[0].starts_with("json"));

    let (errors, cookie) =
        set(&mut ito, vec![("renkei.min_sites", Some(OneOf::Number(2))), ("renkei.explain", None)]).await;
    assert!(errors.is_empty() && cookie.is_none(), "it stays the same session");
    assert_eq!(ito.refused(BY_GENDER).await.1.code, Code::MinSites);
    assert!(ito.rows("EXPLAIN SELECT count(*) FROM person").await.len() > 1);
    ito.set(MIN_SITES, "1");
    assert_eq!(ito.rows(BY_GENDER).await.len(), 2);
    ito.set(PROJECT, "narrow");
    assert_eq!(ito.ask(BY_GENDER).await.unwrap().answered.unwrap().project.as_str(), "narrow");

    for _ in 0..2 {
        let (body, metadata) = ito.action("CloseSession", Vec::new()).await.unwrap();
        assert_eq!(Closed::decode(body).unwrap().status, 1);
        let header = metadata.get("set-cookie").unwrap().to_str().unwrap();
        assert!(header.ends_with("Max-Age=0"), "a jar drops it: {header}");
    }
    let (_, gone) = ito.refused(BY_GENDER).await;
    assert!(gone.code == Code::Parameter && gone.message.contains("closed or has expired"), "{gone}");
}

#[tokio::test(flavor = "multi_thread")]
async fn options_that_cannot_be_set_are_named_and_the_others_are_set() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut sato = consortium.person("sato").await;
    let list = || Some(OneOf::List(List { values: vec!["study".into()] }));
    let (errors, cookie) = set(
        &mut sato,
        vec![
            ("catalog", text("hive")),
            ("renkei-project", text("study")),
            ("renkei.deadline", text("soon")),
            ("renkei.explain", Some(OneOf::Bool(true))),
            ("renkei.min_sites", Some(OneOf::Double(1.0))),
            ("renkei.project", text("narrow")),
            ("timezone", None),
        ],
    )
    .await;
    let expected = [
        ("catalog", INVALID_VALUE),
        ("renkei-project", INVALID_NAME),
        ("renkei.deadline", INVALID_VALUE),
        ("renkei.explain", INVALID_VALUE),
        ("renkei.min_sites", INVALID_VALUE),
        ("renkei.project", INVALID_VALUE),
        ("timezone", INVALID_NAME),
    ];
    assert_eq!(errors, expected.map(|(name, error)| (name.to_owned(), error)));
    assert_eq!(cookie, None, "nothing was set, so there is no session");
    let (errors, _) = set(&mut sato, vec![("renkei.project", list())]).await;
    assert_eq!(errors, [("renkei.project".to_owned(), INVALID_VALUE)]);

    let (errors, cookie) =
        set(&mut sato, vec![("renkei.min_sites", text("1")), ("renkei.deadline", text("")), ("schema", text("cdm"))])
            .await;
    assert_eq!(errors, [("renkei.deadline".to_owned(), INVALID_VALUE)]);
    sato.set("cookie", &cookie.unwrap());
    assert_eq!(get(&mut sato).await, ["catalog=renkei", "renkei.min_sites=1", "schema=cdm"]);

    let garbage = sato.action("SetSessionOptions", b"\xff\xff\xff".to_vec()).await.unwrap_err();
    assert_eq!((garbage.code(), refusal(&garbage).code), (Grpc::InvalidArgument, Code::Parameter));
    for kind in ["SetSessionOptions", "GetSessionOptions", "CloseSession"] {
        let anonymous = consortium.anonymous().await.action(kind, Vec::new()).await.unwrap_err();
        assert_eq!(anonymous.code(), Grpc::Unauthenticated, "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_its_persons_and_a_lost_one_is_noticed() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10))), ("gone", None)]).await;
    let mut sato = consortium.person("sato").await;
    let (_, cookie) = set(&mut sato, vec![("renkei.min_sites", text("2"))]).await;
    let cookie = cookie.unwrap();

    // A driver without a cookie jar would be answered as if nothing had been set.
    let (status, lost) = sato.refused(BY_GENDER).await;
    assert_eq!((status.code(), lost.code), (Grpc::InvalidArgument, Code::Parameter));
    assert!(lost.hint.unwrap().contains("with_cookie_middleware"));
    let mut other = consortium.person("sato").await;
    assert_eq!(other.rows(BY_GENDER).await.len(), 2, "another connection set nothing");

    let mut ito = consortium.person("ito").await.header(PROJECT, "study").header("cookie", &cookie);
    let (_, foreign) = ito.refused(BY_GENDER).await;
    let (_, garbage) =
        consortium.person("ito").await.header("cookie", "arrow_flight_session_id=x").refused("SELECT 1").await;
    assert_eq!(foreign, garbage);
    ito.action("CloseSession", Vec::new()).await.unwrap();

    other.set("cookie", &format!("theme=dark; {cookie}"));
    assert_eq!(
        other.refused(BY_GENDER).await.1.code,
        Code::MinSites,
        "the session is the person's, not the connection's"
    );
}
