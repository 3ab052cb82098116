//! What stock drivers send, in their order: the JDBC driver, the ADBC driver, and R's adbi on top of it.
//!
//! Each sequence was read off the driver's own source. A driver stops at the first error that it does not expect, so
//! every call here has to succeed or fail exactly as written.

use std::sync::Arc;

use arrow_flight::sql::{
    ActionBeginSavepointRequest, ActionClosePreparedStatementRequest, ActionCreatePreparedStatementRequest,
    ActionCreatePreparedStatementResult, ActionEndSavepointRequest, ActionEndTransactionRequest, Any, Command,
    CommandGetCatalogs, CommandGetCrossReference, CommandGetDbSchemas, CommandGetExportedKeys, CommandGetImportedKeys,
    CommandGetPrimaryKeys, CommandGetSqlInfo, CommandGetTableTypes, CommandGetTables, CommandGetXdbcTypeInfo,
    CommandPreparedStatementQuery, CommandStatementQuery, CommandStatementSubstraitPlan, ProstMessageExt,
    SubstraitPlan,
};
use arrow_flight::{FlightDescriptor, FlightInfo, HandshakeRequest, IpcMessage};
use datafusion::arrow::array::{
    Array, ArrayRef, BinaryArray, Float64Array, Int32Array, Int64Array, RecordBatch, StringArray,
};
use datafusion::arrow::datatypes::{DataType, Schema};
use futures::{TryStreamExt, stream};
use prost::Message;
use renkei_types::Code;
use tonic::{Code as Grpc, Status};

use crate::clients::{Client, Got, refusal, status};
use crate::nodes::{Counts, Key, Script};
use crate::sessions::set_and_keep;
use crate::support::{BY_GENDER, Consortium, TOKEN, genders};

const SINCE: &str = "SELECT count(*) AS n FROM person WHERE year_of_birth >= ?";

fn total(n: i64) -> Script {
    Script::Answer(Counts(vec![(Key::None, Some(n))]))
}

impl Client {
    /// GetFlightInfo for a command as it is on the wire.
    async fn info(&mut self, command: &(impl ProstMessageExt + std::fmt::Debug)) -> Result<FlightInfo, Status> {
        let request = self.request(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
        Ok(self.sql.inner_mut().get_flight_info(request).await?.into_inner())
    }

    /// GetFlightInfo, DoGet and GetSchema of a metadata command, which agree on the schema.
    async fn about(&mut self, command: &(impl ProstMessageExt + std::fmt::Debug)) -> Got {
        let info = self.info(command).await.unwrap();
        let got = self.fetch(info).await.unwrap();
        assert_eq!(got.info_schema, *got.stream_schema, "{command:?}");
        assert_eq!(self.schema(command).await.unwrap(), *got.stream_schema, "{command:?}");
        for batch in &got.batches {
            assert_eq!(batch.schema(), got.stream_schema, "{command:?}");
        }
        got
    }

    async fn schema(&mut self, command: &(impl ProstMessageExt + std::fmt::Debug)) -> Result<Schema, Status> {
        let request = self.request(FlightDescriptor::new_cmd(command.as_any().encode_to_vec()));
        let result = self.sql.inner_mut().get_schema(request).await?.into_inner();
        Ok(Schema::try_from(IpcMessage(result.schema)).unwrap())
    }

    async fn create(&mut self, sql: &str) -> Result<ActionCreatePreparedStatementResult, Status> {
        let request = ActionCreatePreparedStatementRequest { query: sql.into(), transaction_id: None };
        let (body, _) = self.action("CreatePreparedStatement", request.as_any().encode_to_vec()).await?;
        Ok(Any::decode(body).unwrap().unpack().unwrap().unwrap())
    }

    /// DoPut of one batch for a prepared statement.
    async fn bind(&mut self, handle: &[u8], batch: RecordBatch) -> Result<(), Status> {
        let command = CommandPreparedStatementQuery { prepared_statement_handle: handle.to_vec().into() };
        let data = arrow_flight::encode::FlightDataEncoderBuilder::new()
            .with_flight_descriptor(Some(FlightDescriptor::new_cmd(command.as_any().encode_to_vec())))
            .with_schema(batch.schema())
            .build(stream::iter([Ok(batch)]));
        let data: Vec<_> = data.try_collect().await.unwrap();
        let request = self.request(stream::iter(data));
        let results = self.sql.inner_mut().do_put(request).await?.into_inner();
        results.try_collect::<Vec<_>>().await.map(drop)
    }

    /// DoAction without any result, as closing a statement is.
    async fn act(&mut self, kind: &str, body: &(impl ProstMessageExt + std::fmt::Debug)) -> Result<(), Status> {
        let action = arrow_flight::Action { r#type: kind.into(), body: body.as_any().encode_to_vec().into() };
        let request = self.request(action);
        let results = self.sql.inner_mut().do_action(request).await?.into_inner();
        results.try_collect::<Vec<_>>().await.map(drop)
    }

    async fn close(&mut self, handle: &[u8]) {
        let close = ActionClosePreparedStatementRequest { prepared_statement_handle: handle.to_vec().into() };
        self.act("ClosePreparedStatement", &close).await.unwrap();
    }

    async fn handshake(&mut self) -> Result<usize, Status> {
        let request = self.request(stream::empty::<HandshakeRequest>());
        let results = self.sql.inner_mut().handshake(request).await?.into_inner();
        Ok(results.try_collect::<Vec<_>>().await?.len())
    }
}

fn schema(bytes: &[u8]) -> Schema {
    Schema::try_from(IpcMessage(bytes.to_vec().into())).unwrap()
}

fn shown(schema: &Schema) -> Vec<String> {
    schema.fields().iter().map(|field| format!("{} {}", field.name(), field.data_type())).collect()
}

fn row(column: ArrayRef) -> RecordBatch {
    RecordBatch::try_from_iter([("", column)]).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn jdbc_connects_asks_and_closes() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    // A token makes a handshake, a certificate none; a name with a password would be for nothing.
    assert_eq!(consortium.anonymous().await.token(TOKEN).handshake().await.unwrap(), 0);
    assert_eq!(consortium.person("sato").await.handshake().await.unwrap(), 0);
    let mut basic = consortium.person("sato").await.header("authorization", "Basic c2F0bzpwYXNzd29yZA==");
    assert_eq!(basic.handshake().await.unwrap_err().code(), Grpc::Unauthenticated);
    assert_eq!(consortium.anonymous().await.handshake().await.unwrap_err().code(), Grpc::Unauthenticated);

    // `?catalog=renkei` in the URL, and an option beside it.
    let mut client = consortium.anonymous().await.token(TOKEN);
    let (errors, cookie) = crate::sessions::set(&mut client, vec![("catalog", crate::sessions::text("renkei"))]).await;
    assert!(errors.is_empty() && cookie.is_none(), "the only catalogue needs no session");
    set_and_keep(&mut client, vec![("renkei.deadline", "30s")]).await;
    assert!(client.about(&CommandGetSqlInfo::default()).await.batches[0].num_rows() > 20);

    // PreparedStatement.executeQuery
    let prepared = client.create(SINCE).await.unwrap();
    let handle = prepared.prepared_statement_handle.clone();
    assert_eq!(shown(&schema(&prepared.parameter_schema)), ["$1 Int32"]);
    assert!(!schema(&prepared.dataset_schema).fields().is_empty(), "else it would be an update");
    client.bind(&handle, row(Arc::new(Int32Array::from(vec![1950])))).await.unwrap();
    let query = CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() };
    let info = client.info(&query).await.unwrap();
    let got = client.fetch(info).await.unwrap();
    assert_eq!(got.rows(), ["12 | 1 | 0"]);
    assert_eq!(*got.stream_schema, schema(&prepared.dataset_schema));
    assert_eq!(client.schema(&query).await.unwrap(), *got.stream_schema);
    client.close(&handle).await;
    client.close(&handle).await;
    assert_eq!(refusal(&client.info(&query).await.unwrap_err()).code, Code::StatementKind);

    // Statement.execute
    let query = CommandStatementQuery { query: BY_GENDER.into(), transaction_id: None };
    *consortium.node("tokyo").script.lock().unwrap() = genders(20, 10);
    let info = client.info(&query).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows().len(), 2);
    client.action("CloseSession", Vec::new()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn jdbc_reads_the_metadata() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    assert_eq!(client.about(&CommandGetCatalogs {}).await.rows(), ["renkei"]);
    let schemas = CommandGetDbSchemas { catalog: Some("renkei".into()), db_schema_filter_pattern: Some("%".into()) };
    assert_eq!(client.about(&schemas).await.rows(), ["renkei | cdm", "renkei | renkei"]);
    assert_eq!(client.about(&CommandGetTableTypes {}).await.rows(), ["SYSTEM TABLE", "TABLE"]);

    let tables = |include_schema, types: &[&str]| CommandGetTables {
        catalog: Some("renkei".into()),
        db_schema_filter_pattern: Some("%".into()),
        table_name_filter_pattern: Some("person".into()),
        table_types: types.iter().map(|kind| (*kind).to_owned()).collect(),
        include_schema,
    };
    assert_eq!(client.about(&tables(false, &["TABLE"])).await.rows(), ["renkei | cdm | person | TABLE"]);
    assert!(client.about(&tables(false, &["VIEW"])).await.rows().is_empty());
    let got = client.about(&tables(true, &[])).await;
    let schemas = got.batches[0].column_by_name("table_schema").unwrap();
    let columns = schema(schemas.as_any().downcast_ref::<BinaryArray>().unwrap().value(0));
    assert_eq!(columns.field(0).name(), "person_id");

    let info = client.about(&CommandGetSqlInfo { info: vec![504, 8, 9] }).await;
    assert_eq!(info.batches[0].num_rows(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn types_are_described_for_odbc_and_jdbc() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    let got = client.about(&CommandGetXdbcTypeInfo { data_type: None }).await;
    let batch = &got.batches[0];
    let int = |name: &str| batch.column_by_name(name).unwrap().as_any().downcast_ref::<Int32Array>().unwrap().clone();
    let text = |name: &str| batch.column_by_name(name).unwrap().as_any().downcast_ref::<StringArray>().unwrap().clone();
    let show = |i: usize| {
        let or = |array: &Int32Array| if array.is_null(i) { "-".to_owned() } else { array.value(i).to_string() };
        let columns = ["data_type", "column_size", "sql_data_type", "datetime_subcode", "num_prec_radix", "searchable"];
        let numbers: Vec<String> = columns.iter().map(|name| or(&int(name))).collect();
        let prefix = text("literal_prefix");
        let prefix = if prefix.is_null(i) { "-" } else { prefix.value(i) };
        format!("{} {} {prefix}", text("type_name").value(i), numbers.join(" "))
    };
    let max = i32::MAX;
    assert_eq!(
        (0..batch.num_rows()).map(show).collect::<Vec<_>>(),
        [
            "boolean -7 1 -7 - - 2 -".to_owned(),
            "bigint -5 19 -5 - 10 2 -".to_owned(),
            "integer 4 10 4 - 10 2 -".to_owned(),
            "double precision 8 53 8 - 2 2 -".to_owned(),
            format!("varchar 12 {max} 12 - - 3 '"),
            "date 91 10 9 1 - 2 DATE '".to_owned(),
            "timestamp 93 26 9 3 - 2 TIMESTAMP '".to_owned(),
        ]
    );
    let one = client.about(&CommandGetXdbcTypeInfo { data_type: Some(91) }).await;
    assert!(one.rows().len() == 1 && one.rows()[0].starts_with("date | 91"));
    assert!(client.about(&CommandGetXdbcTypeInfo { data_type: Some(2003) }).await.rows().is_empty());
    // The literals that are announced are taken.
    assert_eq!(
        client.rows("SELECT DATE '2020-02-29' AS d, TIMESTAMP '2020-02-29 01:02:03' AS t, 'a' AS v").await.len(),
        1
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_are_those_of_the_cdm() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    let table = |table: &str| (Some("renkei".to_owned()), Some("cdm".to_owned()), table.to_owned());
    let primary = |name: &str| {
        let (catalog, db_schema, table) = table(name);
        CommandGetPrimaryKeys { catalog, db_schema, table }
    };
    assert_eq!(client.about(&primary("person")).await.rows(), ["renkei | cdm | person | person_id | pk_person | 1"]);
    for none in ["sites", "nowhere", "", "%"] {
        assert!(client.about(&primary(none)).await.rows().is_empty(), "{none}");
    }
    let (catalog, db_schema, visits) = table("visit_occurrence");
    let imported = client.about(&CommandGetImportedKeys { catalog, db_schema, table: visits }).await.rows();
    let person = "renkei | cdm | person | person_id | renkei | cdm | visit_occurrence | person_id | 1 | \
                  fk_visit_occurrence_person_id | pk_person | 3 | 3";
    assert!(imported.iter().any(|row| row == person), "{imported:#?}");
    assert!(imported.is_sorted_by_key(|row| row.split(" | ").nth(2).unwrap().to_owned()), "{imported:#?}");
    let (catalog, db_schema, people) = table("person");
    let exported = client.about(&CommandGetExportedKeys { catalog, db_schema, table: people }).await.rows();
    assert!(exported.len() > 10 && exported.iter().all(|row| row.starts_with("renkei | cdm | person | person_id | ")));
    assert!(exported.iter().any(|row| row == person));
    let cross = CommandGetCrossReference {
        pk_catalog: Some("renkei".into()),
        pk_db_schema: Some("cdm".into()),
        pk_table: "person".into(),
        fk_catalog: None,
        fk_db_schema: None,
        fk_table: "visit_occurrence".into(),
    };
    assert_eq!(client.about(&cross).await.rows(), [person]);
    let nothing = client.about(&CommandGetCrossReference::default()).await;
    assert_eq!((nothing.rows().len(), nothing.stream_schema.fields().len()), (0, 13));
}

#[tokio::test(flavor = "multi_thread")]
async fn adbc_prepares_before_it_asks_and_looks_ahead() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    // Opening a connection asks whether there are transactions; `current_catalog` asks the session.
    let info = client.about(&CommandGetSqlInfo { info: vec![8] }).await;
    assert_eq!(info.batches[0].num_rows(), 1);
    client.action("GetSessionOptions", Vec::new()).await.unwrap();
    // Cursor.execute
    let prepared = client.create(SINCE).await.unwrap();
    let handle = prepared.prepared_statement_handle.clone();
    client.bind(&handle, row(Arc::new(Int64Array::from(vec![1950])))).await.unwrap();
    let query = CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() };
    let info = client.info(&query).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows(), ["12 | 1 | 0"]);
    // Cursor.adbc_execute_partitions with incremental execution
    let mut poll = client.poll(query.as_any().encode_to_vec()).await.unwrap();
    while let Some(descriptor) = poll.flight_descriptor.clone() {
        poll = client.poll(descriptor.cmd.to_vec()).await.unwrap();
    }
    assert_eq!(client.fetch(poll.info.unwrap()).await.unwrap().rows(), ["12 | 1 | 0"]);
    client.close(&handle).await;
    // Statement.execute_schema without preparing
    let plain = CommandStatementQuery { query: SINCE.into(), transaction_id: None };
    assert_eq!(shown(&client.schema(&plain).await.unwrap()), ["n Int64", "renkei_sites Int64", "renkei_held Int64"]);
    assert_eq!(consortium.node("tokyo").asked.lock().unwrap().len(), 2);
    // Connection.adbc_get_objects
    client.about(&CommandGetCatalogs {}).await;
    client.about(&CommandGetDbSchemas::default()).await;
    client.about(&CommandGetTables { include_schema: true, ..CommandGetTables::default() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn adbi_matches_parameters_by_order() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    for (sql, parameters) in [
        ("SELECT count(*) FROM person", vec![]),
        ("SELECT count(*) FROM person WHERE year_of_birth > ? AND gender_concept_id = ?", vec!["$1 Int32", "$2 Int32"]),
        ("SELECT count(*) FROM condition_occurrence WHERE condition_start_date >= $1", vec!["$1 Date32"]),
        ("SELECT count(*) FROM person WHERE year_of_birth BETWEEN $1 AND $2", vec!["$1 Int32", "$2 Int32"]),
        ("SELECT avg(value_as_number) AS a FROM measurement WHERE value_as_number < $1", vec!["$1 Float64"]),
        ("SELECT $1 AS said", vec!["$1 Utf8"]),
        // A cast says what is bound.
        ("SELECT count(*) FROM person WHERE year_of_birth > CAST($1 AS INTEGER)", vec!["$1 Int32"]),
    ] {
        let prepared = client.create(sql).await.unwrap();
        assert_eq!(shown(&schema(&prepared.parameter_schema)), parameters, "{sql}");
        client.close(&prepared.prepared_statement_handle).await;
    }
    // R's numbers are doubles, and its columns have no names.
    let prepared = client.create(SINCE).await.unwrap();
    let handle = prepared.prepared_statement_handle;
    client.bind(&handle, row(Arc::new(Float64Array::from(vec![1950.0])))).await.unwrap();
    let info = client.info(&CommandPreparedStatementQuery { prepared_statement_handle: handle }).await.unwrap();
    assert_eq!(client.fetch(info).await.unwrap().rows(), ["12 | 1 | 0"]);
    // A parameter of a type that the text does not tell takes whatever is bound.
    let prepared = client.create("SELECT $1 AS said").await.unwrap();
    let handle = prepared.prepared_statement_handle;
    for (column, said) in [
        (Arc::new(StringArray::from(vec!["x"])) as ArrayRef, DataType::Utf8),
        (Arc::new(Int64Array::from(vec![7])), DataType::Int64),
    ] {
        client.bind(&handle, row(column)).await.unwrap();
        let query = CommandPreparedStatementQuery { prepared_statement_handle: handle.clone() };
        let info = client.info(&query).await.unwrap();
        let got = client.fetch(info).await.unwrap();
        assert_eq!(got.stream_schema.field(0).data_type(), &said);
        assert_eq!(got.info_schema, *got.stream_schema);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_question_is_refused_with_a_hint() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    let savepoint = ActionBeginSavepointRequest { transaction_id: b"t".as_slice().into(), name: "s".into() };
    let end = ActionEndTransactionRequest { transaction_id: b"t".as_slice().into(), action: 1 };
    let release = ActionEndSavepointRequest { savepoint_id: b"s".as_slice().into(), action: 1 };
    let within = |sql: &str| CommandStatementQuery { query: sql.into(), transaction_id: Some(b"t".as_slice().into()) };
    let substrait = CommandStatementSubstraitPlan { plan: Some(SubstraitPlan::default()), transaction_id: None };
    let prepare = ActionCreatePreparedStatementRequest { query: "SELECT 1".into(), transaction_id: Some("t".into()) };
    let refusals = [
        status(client.sql.begin_transaction().await.unwrap_err()),
        client.act("BeginSavepoint", &savepoint).await.unwrap_err(),
        client.act("EndTransaction", &end).await.unwrap_err(),
        client.act("EndSavepoint", &release).await.unwrap_err(),
        client.act("CreatePreparedStatement", &prepare).await.unwrap_err(),
        client.info(&within("SELECT 1")).await.unwrap_err(),
        client.poll(within("SELECT 1").as_any().encode_to_vec()).await.unwrap_err(),
        client.info(&substrait).await.unwrap_err(),
        status(client.sql.execute_update("DELETE FROM person".into(), None).await.unwrap_err()),
    ];
    for refused in refusals {
        let refusal = refusal(&refused);
        assert_eq!((refused.code(), refusal.code), (Grpc::InvalidArgument, Code::StatementKind), "{refusal}");
        assert!(refusal.hint.unwrap().contains("one SELECT"));
    }
    // A client that leaves the transaction empty asks without one.
    let empty = CommandStatementQuery { query: "SELECT 1 AS one".into(), transaction_id: Some(Default::default()) };
    assert!(client.info(&empty).await.is_ok());
    for unknown in ["RenewFlightEndpoint", "nonsense", ""] {
        assert_eq!(client.action(unknown, Vec::new()).await.unwrap_err().code(), Grpc::Unimplemented, "{unknown}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn garbage_is_refused_at_every_door() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    // An Any whose content is not what its name says.
    let broken = Any { type_url: CommandStatementQuery::type_url().into(), value: b"\xff\xff".as_slice().into() };
    let unknown = Any { type_url: "type.googleapis.com/other.Command".into(), value: Default::default() };
    assert!(matches!(Command::try_from(unknown.clone()), Ok(Command::Unknown(_))));
    for bytes in
        [b"".to_vec(), b"garbage".to_vec(), b"\xff\xff\xff".to_vec(), broken.encode_to_vec(), unknown.encode_to_vec()]
    {
        let descriptor = || FlightDescriptor::new_cmd(bytes.clone());
        let (info, schema) = (client.request(descriptor()), client.request(descriptor()));
        for status in [
            client.sql.inner_mut().get_flight_info(info).await.unwrap_err(),
            client.sql.inner_mut().get_schema(schema).await.unwrap_err(),
            client.poll(bytes.clone()).await.unwrap_err(),
            client.fetch_ticket(arrow_flight::Ticket::new(bytes.clone())).await.unwrap_err(),
        ] {
            assert!(matches!(status.code(), Grpc::InvalidArgument | Grpc::Unimplemented), "{bytes:?}: {status:?}");
        }
    }
    for kind in ["CreatePreparedStatement", "ClosePreparedStatement", "CancelQuery", "BeginTransaction"] {
        let status = client.action(kind, b"\xff\xff\xff".to_vec()).await.unwrap_err();
        assert!(matches!(status.code(), Grpc::InvalidArgument | Grpc::Internal), "{kind}: {status:?}");
    }
    assert_eq!(client.rows("SELECT 1 AS one").await, ["1"], "the connection is none the worse");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_list_of_actions_is_what_is_answered() {
    let consortium = Consortium::start(vec![("tokyo", Some(total(12)))]).await;
    let mut client = consortium.person("sato").await;
    let request = client.request(arrow_flight::Empty {});
    let listed = client.sql.inner_mut().list_actions(request).await.unwrap().into_inner();
    let listed: Vec<_> = listed.try_collect().await.unwrap();
    assert!(listed.iter().any(|action| action.r#type == "CancelFlightInfo"));
    for action in listed {
        let answer = client.action(&action.r#type, b"\xff\xff\xff".to_vec()).await;
        assert!(answer.err().is_none_or(|status| status.code() != Grpc::Unimplemented), "{}", action.r#type);
    }
    let request = client.request(arrow_flight::Criteria::default());
    assert_eq!(client.sql.inner_mut().list_flights(request).await.err().unwrap().code(), Grpc::Unimplemented);
    let request = consortium.anonymous().await;
    let empty = request.request(arrow_flight::Empty {});
    let mut request = request;
    assert_eq!(request.sql.inner_mut().list_actions(empty).await.err().unwrap().code(), Grpc::Unauthenticated);
}
