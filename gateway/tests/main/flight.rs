//! Flight SQL as stock drivers use it: prepared statements, parameters, metadata, handles.

use std::sync::Arc;

use arrow_flight::sql::{CommandGetDbSchemas, CommandGetTables, CommandGetXdbcTypeInfo, SqlInfo};
use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::DataType;
use renkei_proto::ipc;
use renkei_types::Code;
use tonic::Code as Grpc;

use crate::clients::{refusal, status};
use crate::nodes::{Counts, Key, Script};
use crate::support::{BY_GENDER, Consortium, genders};

const SINCE: &str = "SELECT count(*) AS n FROM person WHERE year_of_birth >= $1";

fn total(n: i64) -> Script {
    Script::Answer(Counts(vec![(Key::None, Some(n))]))
}

fn row(values: Vec<i64>) -> RecordBatch {
    let column: ArrayRef = Arc::new(Int64Array::from(values));
    RecordBatch::try_from_iter([("0", column)]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_statement_runs_with_each_bound_row() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    let mut prepared = client.sql.prepare(SINCE.into(), None).await.unwrap();
    assert_eq!(prepared.parameter_schema().unwrap().field(0).data_type(), &DataType::Int32);
    assert_eq!(prepared.parameter_schema().unwrap().field(0).name(), "$1");
    let dataset = prepared.dataset_schema().unwrap().clone();

    let unbound = refusal(&status(prepared.execute().await.unwrap_err()));
    assert_eq!(unbound.code, Code::Parameter);
    for year in [1950, 1960] {
        prepared.set_parameters(row(vec![year])).unwrap();
        let info = prepared.execute().await.unwrap();
        let got = client.fetch(info).await.unwrap();
        assert_eq!(got.rows(), ["12 | 1 | 0"]);
        assert_eq!((&got.info_schema, &*got.stream_schema), (&dataset, &dataset));
    }
    let asked = consortium.node("tokyo").asked.lock().unwrap().clone();
    let years: Vec<String> = asked
        .iter()
        .map(|asked| {
            let batch = ipc::decode(&asked.parameters).unwrap().remove(0);
            format!(
                "{} {:?}",
                batch.schema().field(0).name(),
                batch.column(0).as_any().downcast_ref::<datafusion::arrow::array::Int32Array>().unwrap().value(0)
            )
        })
        .collect();
    assert_eq!(years, ["$1 1950", "$1 1960"]);

    prepared.set_parameters(row(vec![1, 2])).unwrap();
    let several = refusal(&status(prepared.execute().await.unwrap_err()));
    assert_eq!(several.code, Code::Parameter);
    assert!(several.message.contains("2 rows"));
    let text: ArrayRef = Arc::new(StringArray::from(vec!["nineteen fifty"]));
    prepared.set_parameters(RecordBatch::try_from_iter([("0", text)]).unwrap()).unwrap();
    let typed = refusal(&status(prepared.execute().await.unwrap_err()));
    assert!(typed.code == Code::Parameter && !typed.to_string().contains("nineteen"), "{typed}");
    prepared.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_are_opaque_used_once_and_not_for_others() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let (mut sato, mut ito) =
        (consortium.person("sato").await, consortium.person("ito").await.header("renkei-project", "study"));
    let info = sato.sql.execute(BY_GENDER.into(), None).await.unwrap();
    let ticket = info.endpoint[0].ticket.clone().unwrap();
    assert!(!ticket.ticket.windows(6).any(|part| part.eq_ignore_ascii_case(b"select")));
    let foreign = ito.fetch_ticket(ticket.clone()).await.unwrap_err();
    assert_eq!(refusal(&foreign).code, Code::StatementKind);
    assert_eq!(sato.fetch_ticket(ticket.clone()).await.unwrap().rows().len(), 2);
    let again = sato.fetch_ticket(ticket).await.unwrap_err();
    assert_eq!(again.message(), foreign.message());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_schema_of_the_stream_is_the_one_announced() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;
    for sql in [
        "SELECT 1 AS one",
        "SELECT 'a' AS a, 1.5 AS b, DATE '2020-01-01' AS c, now() AS d, NULL AS e, true AS f",
        "SELECT concat_ws FROM (SELECT upper('x') AS concat_ws) t WHERE false",
        "SELECT * FROM renkei.sites",
        "SELECT * FROM renkei.columns WHERE table_name = 'person'",
        "EXPLAIN SELECT count(*) FROM person",
        BY_GENDER,
    ] {
        let prepared = client.sql.prepare(sql.into(), None).await.unwrap();
        let dataset = prepared.dataset_schema().unwrap().clone();
        let got = client.ask(sql).await.unwrap();
        assert_eq!(got.info_schema, *got.stream_schema, "{sql}");
        assert_eq!(dataset, *got.stream_schema, "{sql}");
        for field in dataset.fields() {
            assert!(!matches!(field.data_type(), DataType::Utf8View | DataType::LargeUtf8), "{sql}: {field}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_about_the_server_is_answered() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;

    let info =
        client.sql.get_sql_info(vec![SqlInfo::FlightSqlServerName, SqlInfo::FlightSqlServerReadOnly]).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().batches[0].num_rows(), 2);
    let info = client.sql.get_catalogs().await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows(), ["renkei"]);
    let info = client.sql.get_db_schemas(CommandGetDbSchemas::default()).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows(), ["renkei | cdm", "renkei | renkei"]);
    let info = client.sql.get_table_types().await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows(), ["SYSTEM TABLE", "TABLE"]);
    let tables = |schema: bool| CommandGetTables {
        table_name_filter_pattern: Some("person".into()),
        include_schema: schema,
        ..CommandGetTables::default()
    };
    let info = client.sql.get_tables(tables(false)).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows(), ["renkei | cdm | person | TABLE"]);
    let info = client.sql.get_tables(tables(true)).await.unwrap();
    let got = client.fetch(info).await.unwrap();
    assert_eq!((got.batches[0].num_rows(), got.batches[0].num_columns()), (1, 5));
    let info = client
        .sql
        .get_tables(CommandGetTables { db_schema_filter_pattern: Some("renkei".into()), ..CommandGetTables::default() })
        .await
        .unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows().len(), 6);
    let info = client.sql.get_xdbc_type_info(CommandGetXdbcTypeInfo::default()).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows().len(), 7);

    let anonymous = status(consortium.anonymous().await.sql.get_catalogs().await.unwrap_err());
    assert_eq!(anonymous.code(), Grpc::Unauthenticated);
}

#[tokio::test(flavor = "multi_thread")]
async fn only_questions_are_taken() {
    let consortium = Consortium::start(vec![("tokyo", Some(genders(20, 10)))]).await;
    let mut client = consortium.person("sato").await;
    let transaction = status(client.sql.begin_transaction().await.unwrap_err());
    assert_eq!(refusal(&transaction).code, Code::StatementKind);
    let update = status(client.sql.execute_update("DELETE FROM person".into(), None).await.unwrap_err());
    assert_eq!(refusal(&update).code, Code::StatementKind);
    let refused = client.sql.prepare("INSERT INTO person VALUES (1)".into(), None).await;
    assert_eq!(refusal(&status(refused.err().unwrap())).code, Code::StatementKind);
}
