//! Cancelling by FlightInfo, in both forms, and what cannot be cancelled.

use std::time::Duration;

use arrow_flight::sql::{ActionCancelQueryRequest, ActionCancelQueryResult, Any, ProstMessageExt};
use arrow_flight::{CancelStatus, FlightDescriptor, FlightEndpoint, FlightInfo, Ticket};
use prost::Message;
use renkei_gateway::PROJECT;
use renkei_types::Code;
use tonic::Code as Grpc;

use crate::clients::{Client, refusal};
use crate::nodes::Script;
use crate::support::{BY_GENDER, Consortium, genders};

/// A question that hangs at its site, fetched by a task of its own.
async fn hanging(
    consortium: &Consortium,
    script: Script,
) -> (FlightInfo, tokio::task::JoinHandle<Result<(), tonic::Status>>) {
    *consortium.node("tokyo").script.lock().unwrap() = script;
    let mut client = consortium.person("sato").await;
    let info = client.sql.execute(BY_GENDER.into(), None).await.unwrap();
    let fetched = info.clone();
    let fetching = tokio::spawn(async move { client.fetch(fetched).await.map(|_| ()) });
    consortium.node("tokyo").arrived.cancelled().await;
    (info, fetching)
}

async fn cancel_query(client: &mut Client, info: &FlightInfo) -> i32 {
    let query = ActionCancelQueryRequest { info: info.encode_to_vec().into() };
    let (body, _) = client.action("CancelQuery", query.as_any().encode_to_vec()).await.unwrap();
    Any::decode(body).unwrap().unpack::<ActionCancelQueryResult>().unwrap().unwrap().result
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelling_reaches_the_hospital_and_the_one_who_waits() {
    for older in [false, true] {
        for script in [Script::Hang, Script::HangMidStream] {
            let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
            let (info, fetching) = hanging(&consortium, script).await;
            let mut second = consortium.person("sato").await;
            match older {
                false => assert_eq!(second.cancel(&info).await, CancelStatus::Cancelled),
                true => assert_eq!(cancel_query(&mut second, &info).await, 1),
            }
            let dropped = consortium.node("tokyo").dropped.cancelled();
            tokio::time::timeout(Duration::from_secs(5), dropped).await.expect("the node's call is dropped");
            let status = fetching.await.unwrap().unwrap_err();
            assert_eq!((status.code(), refusal(&status).code), (Grpc::Cancelled, Code::Cancelled));

            assert_eq!(second.cancel(&info).await, CancelStatus::Cancelled, "it is cancelled already");
            *consortium.node("tokyo").script.lock().unwrap() = genders(20, 10);
            for _ in 0..20 {
                assert_eq!(second.rows(BY_GENDER).await.len(), 2, "its place was given back");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_elses_question_goes_on() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let (info, fetching) = hanging(&consortium, Script::Hang).await;
    let mut ito = consortium.person("ito").await.header(PROJECT, "study");
    assert_eq!(ito.cancel(&info).await, CancelStatus::NotCancellable);
    assert_eq!(cancel_query(&mut ito, &info).await, 3);
    assert!(!consortium.node("tokyo").dropped.is_cancelled() && !fetching.is_finished());
    let anonymous = consortium.anonymous().await.action("CancelFlightInfo", Vec::new()).await.unwrap_err();
    assert_eq!(anonymous.code(), Grpc::Unauthenticated);
    assert_eq!(consortium.person("sato").await.cancel(&info).await, CancelStatus::Cancelled);
    assert!(fetching.await.unwrap().is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_ended_or_never_was_cannot_be_cancelled() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;
    let info = client.sql.execute(BY_GENDER.into(), None).await.unwrap();
    assert_eq!(client.fetch(info.clone()).await.unwrap().rows().len(), 2);
    assert_eq!(client.cancel(&info).await, CancelStatus::NotCancellable);

    let about = client.sql.get_catalogs().await.unwrap();
    assert_eq!(client.cancel(&about).await, CancelStatus::NotCancellable);
    let ticket =
        |bytes: &[u8]| FlightInfo::new().with_endpoint(FlightEndpoint::new().with_ticket(Ticket::new(bytes.to_vec())));
    for info in [
        FlightInfo::new(),
        ticket(b""),
        ticket(b"\xff\xfe garbage"),
        FlightInfo::new().with_descriptor(FlightDescriptor::new_cmd(b"garbage".to_vec())),
    ] {
        assert_eq!(client.cancel(&info).await, CancelStatus::NotCancellable);
    }
    for (kind, body) in [
        ("CancelFlightInfo", b"\xff\xff\xff".to_vec()),
        ("CancelQuery", ActionCancelQueryRequest { info: b"\xff\xff".as_slice().into() }.as_any().encode_to_vec()),
    ] {
        let status = client.action(kind, body).await.unwrap_err();
        assert_eq!((status.code(), refusal(&status).code), (Grpc::InvalidArgument, Code::Parameter), "{kind}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_that_was_cancelled_is_not_asked() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;
    let info = client.sql.execute(BY_GENDER.into(), None).await.unwrap();
    assert_eq!(client.cancel(&info).await, CancelStatus::Cancelled);
    let status = client.fetch(info).await.unwrap_err();
    assert_eq!((status.code(), refusal(&status).code), (Grpc::Cancelled, Code::Cancelled));
    assert!(consortium.node("tokyo").asked.lock().unwrap().is_empty());
}
