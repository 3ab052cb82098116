//! Rows of a real server, read back by ingest.

use std::fs::File;
use std::path::Path;

use arrow_array::RecordBatch;
use arrow_cast::display::array_value_to_string;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use renkei_ingest::omop::{Folder, SourceVersion};
use renkei_pull::postgres::{Lost, Pulled, pull};

use super::{Cluster, names, quietly};

/// Types as hospitals have them: what the specification's own script makes, and what others made of it.
const V54: &str = "CREATE SCHEMA cdm; CREATE SCHEMA vocab; SET search_path = cdm;
    CREATE DOMAIN person_key AS bigint;
    CREATE TABLE \"PERSON\" (person_id person_key PRIMARY KEY,
        gender_concept_id integer NOT NULL, \"YEAR_OF_BIRTH\" numeric,
        month_of_birth smallint, birth_datetime timestamptz, race_concept_id bigint, ethnicity_concept_id text,
        gender_source_value char(5), person_source_value varchar(50), patient_name text, location_idd int);
    INSERT INTO \"PERSON\" VALUES (-9223372036854775808, 8507, 1960, 2, '1960-02-29 09:00+09', 0, '0', 'M',
            'x', 'Hanako', 1),
        (2, 8532, 1999, NULL, 'infinity', 0, '0', NULL, E'\\u5c71', 'Taro', 1),
        (9223372036854775807, 8532, 2001, 12, '20000-01-01', 0, '0', '', '', 'Jiro', 1);
    CREATE TYPE unit AS ENUM ('mg/dL', 'mmol/L');
    CREATE TABLE measurement (measurement_id integer, person_id numeric, measurement_concept_id integer,
        measurement_date timestamptz, measurement_datetime timestamp, measurement_type_concept_id integer,
        value_as_number numeric, range_low real, range_high double precision, unit_source_value unit,
        value_source_value numeric, measurement_source_value text);
    INSERT INTO measurement VALUES
        (1, 2, 3004249, '2024-02-29 15:00Z', '2024-03-01 10:11:12.345678', 32856, 5.10, 0.5, 1e300, 'mg/dL', 5.10, 'LOCAL:1'),
        (2, 2, 3004249, '2024-03-01 00:00+09', '-infinity', 32856, 'NaN', 'NaN', 'Infinity', 'mmol/L', NULL, ''),
        (3, 2, 3004249, '2024-03-01 00:00+09', NULL, 32856, 1e400, NULL, NULL, NULL, NULL, NULL),
        (4, 2.5, 3004249, '2024-03-01 00:00+09', NULL, 32856, -0.1, NULL, NULL, NULL, NULL, NULL);
    CREATE VIEW death AS SELECT 2::bigint AS person_id, DATE '2024-05-06' AS death_date;
    CREATE TABLE vocab.vocabulary (vocabulary_id varchar(20) PRIMARY KEY, vocabulary_name text,
        vocabulary_reference text, vocabulary_version text, vocabulary_concept_id int);
    INSERT INTO vocab.vocabulary VALUES ('None', 'OMOP', 'x', 'v5.0 22-JUN-22', 44819096);
    CREATE TABLE vocabulary (vocabulary_id int);
    CREATE TABLE note (note_id int);
    CREATE TABLE invoices (person_id int, amount numeric);
    GRANT USAGE ON SCHEMA cdm, vocab TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA cdm, vocab TO reader;
    REVOKE SELECT ON note, invoices FROM reader";

fn rows(folder: &Path, table: &str) -> RecordBatch {
    let file = File::open(folder.join(format!("{table}.parquet"))).unwrap();
    ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap().next().unwrap().unwrap()
}

/// The values of a column as text, `None` for NULL.
fn texts(batch: &RecordBatch, column: &str) -> Vec<Option<String>> {
    let array = batch.column_by_name(column).unwrap();
    (0..array.len()).map(|row| array.is_valid(row).then(|| array_value_to_string(array, row).unwrap())).collect()
}

fn check(batch: &RecordBatch, column: &str, expected: &[Option<&str>]) {
    assert_eq!(texts(batch, column).iter().map(Option::as_deref).collect::<Vec<_>>(), expected, "{column}");
}

fn lost(pulled: &Pulled, table: &str) -> Vec<(String, u64)> {
    let table = pulled.tables.iter().find(|pulled| pulled.table == table).unwrap();
    table.lost.iter().map(|Lost { column, values }| (column.clone(), *values)).collect()
}

#[test]
fn values_are_exact_or_counted() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql("omop", V54);
    let mut config = cluster.config();
    config.vocabulary_schema = Some("vocab".into());
    config.skip = vec!["note".into()];
    let out = cluster.path("out");
    let pulled = quietly(&config, &out).unwrap();
    assert_eq!(names(&out), ["death.parquet", "measurement.parquet", "person.parquet", "vocabulary.parquet"]);
    assert_eq!(pulled.tables.iter().map(|table| table.rows).collect::<Vec<_>>(), [3, 4, 1, 1]);
    assert!(!pulled.may_write && pulled.as_of.0 > 1_700_000_000_000_000 && pulled.absent.contains(&"specimen"));
    assert!(!pulled.absent.contains(&"note"), "skipped");
    let skipped: Vec<_> = pulled.tables[0].skipped.iter().map(|s| (s.column.as_str(), s.nearest.as_deref())).collect();
    assert_eq!(skipped, [("patient_name", None), ("location_idd", Some("location_id"))]);

    let person = rows(&out, "person");
    check(&person, "person_id", &[Some("-9223372036854775808"), Some("2"), Some("9223372036854775807")]);
    check(&person, "year_of_birth", &[Some("1960"), Some("1999"), Some("2001")]);
    check(&person, "birth_datetime", &[Some("1960-02-29T09:00:00"), None, None]);
    check(&person, "gender_source_value", &[Some("M"), None, Some("")]);
    check(&person, "person_source_value", &[Some("x"), Some("山"), Some("")]);
    assert_eq!(lost(&pulled, "person"), [("birth_datetime".to_owned(), 2)]);
    let measured = rows(&out, "measurement");
    check(&measured, "person_id", &[Some("2"), Some("2"), Some("2"), None]);
    // Midnight of the hospital's zone, whatever the server's is.
    check(&measured, "measurement_date", &[Some("2024-03-01T00:00:00"); 4]);
    check(&measured, "measurement_datetime", &[Some("2024-03-01T10:11:12.345678"), None, None, None]);
    check(&measured, "value_as_number", &[Some("5.1"), None, None, Some("-0.1")]);
    check(&measured, "range_low", &[Some("0.5"), None, None, None]);
    check(&measured, "range_high", &[Some("1e300"), None, None, None]);
    check(&measured, "unit_source_value", &[Some("mg/dL"), Some("mmol/L"), None, None]);
    check(&measured, "value_source_value", &[Some("5.10"), None, None, None]);
    let counted = ["person_id", "measurement_datetime", "value_as_number", "range_low", "range_high"];
    let counted: Vec<_> = counted.iter().zip([1, 1, 2, 1, 1]).map(|(name, n)| ((*name).to_owned(), n)).collect();
    assert_eq!(lost(&pulled, "measurement"), counted);

    let folder = Folder::open(&out).unwrap();
    assert_eq!(folder.tables().len(), 4);
    for (table, kept) in folder.tables().iter().zip([3, 3, 1, 1]) {
        let chunks: Vec<_> = table.read(None).map(Result::unwrap).collect();
        assert_eq!(chunks.iter().map(|chunk| chunk.batch.num_rows()).sum::<usize>(), kept, "{}", table.table().name);
    }
}

#[test]
fn pages_leave_nothing_out_and_see_one_moment() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql(
        "omop",
        "CREATE SCHEMA cdm; SET search_path = cdm;
         CREATE TABLE person (person_id integer PRIMARY KEY, gender_concept_id integer NOT NULL,
            year_of_birth integer NOT NULL, race_concept_id integer NOT NULL, ethnicity_concept_id integer NOT NULL);
         INSERT INTO person SELECT i * 3 - 500, 8507, 1900 + i % 100, 0, 0 FROM generate_series(1, 1000) i
            ORDER BY random();
         CREATE VIEW death AS SELECT person_id, DATE '2024-05-06' AS death_date FROM person;
         GRANT USAGE ON SCHEMA cdm TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA cdm TO reader; ANALYZE",
    );
    for page in [1, 7, 100, 500, 999, 1000, 1001, 20_000] {
        let mut config = cluster.config();
        config.rows_per_page = page;
        let out = cluster.path(&format!("pages{page}"));
        let (mut seen, mut first) = (Vec::new(), true);
        let pulled = pull(&config, &out, &mut |progress| {
            if std::mem::take(&mut first) {
                cluster.sql("omop", "INSERT INTO cdm.person SELECT max(person_id) + 1, 1, 1, 0, 0 FROM cdm.person");
            }
            seen.push(progress);
        })
        .unwrap();
        cluster.sql("omop", "DELETE FROM cdm.person WHERE year_of_birth = 1");
        assert_eq!(pulled.tables.iter().map(|table| table.rows).collect::<Vec<_>>(), [1000, 1000], "pages of {page}");
        let ids = |table| -> Vec<i32> {
            texts(&rows(&out, table), "person_id").iter().flatten().map(|id| id.parse().unwrap()).collect()
        };
        let expected: Vec<i32> = (1..=1000).map(|i| i * 3 - 500).collect();
        assert_eq!(ids("person"), expected, "in the order of the key, pages of {page}");
        let mut by_cursor = ids("death");
        by_cursor.sort_unstable();
        assert_eq!(by_cursor, expected, "pages of {page}");
        assert!(seen.iter().filter(|progress| progress.done).count() == 2, "{seen:?}");
        assert_eq!(seen[0].estimate, Some(1000));
    }
}

#[test]
fn version_5_3_through_a_socket() {
    let Some(cluster) = Cluster::start(false) else { return };
    cluster.sql(
        "omop",
        "CREATE SCHEMA cdm; SET search_path = cdm;
         CREATE TABLE person (person_id integer PRIMARY KEY, gender_concept_id integer, year_of_birth integer,
            race_concept_id integer, ethnicity_concept_id integer);
         INSERT INTO person VALUES (1, 8507, 1960, 0, 0);
         CREATE TABLE visit_occurrence (visit_occurrence_id integer PRIMARY KEY, person_id integer,
            visit_concept_id integer,
            visit_start_date date, visit_end_date date, visit_type_concept_id integer,
            admitting_source_concept_id integer, discharge_to_source_value varchar(50));
         INSERT INTO visit_occurrence VALUES (10, 1, 9201, '2024-01-01', '2024-01-05', 32827, 8844, 'home');
         CREATE TABLE attribute_definition (attribute_definition_id integer)",
    );
    let mut config = cluster.config();
    (config.host, config.user, config.password_file) = (cluster.path("run").display().to_string(), "boss".into(), None);
    let out = cluster.path("out");
    let pulled = quietly(&config, &out).unwrap();
    assert!(pulled.may_write, "the owner may");
    let folder = Folder::open(&out).unwrap();
    assert_eq!(folder.version(), SourceVersion::V5_3);
    let visits = &folder.tables()[1];
    let chunk = visits.read(None).next().unwrap().unwrap();
    check(&chunk.batch, "admitted_from_concept_id", &[Some("8844")]);
    check(&chunk.batch, "discharged_to_source_value", &[Some("home")]);
}

#[test]
fn a_database_without_encoding() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql("postgres", "CREATE DATABASE old ENCODING 'SQL_ASCII' TEMPLATE template0");
    cluster.sql(
        "old",
        "CREATE SCHEMA cdm; CREATE TABLE cdm.person (person_id integer PRIMARY KEY, gender_concept_id integer,
            year_of_birth integer, race_concept_id integer, ethnicity_concept_id integer, person_source_value text);
         INSERT INTO cdm.person VALUES (1, 0, 0, 0, 0, E'\\xE5\\xB1\\xB1'), 
            (2, 0, 0, 0, 0, E'\\x8E\\x52'), (3, 0, 0, 0, 0, 'x');
         GRANT USAGE ON SCHEMA cdm TO reader; GRANT SELECT ON cdm.person TO reader",
    );
    let mut config = cluster.config();
    config.database = "old".into();
    let out = cluster.path("out");
    let pulled = quietly(&config, &out).unwrap();
    check(&rows(&out, "person"), "person_source_value", &[Some("山"), None, Some("x")]);
    assert_eq!(lost(&pulled, "person"), [("person_source_value".to_owned(), 1)]);
}

#[test]
fn long_texts_and_many_rows_stay_whole() {
    let Some(cluster) = Cluster::start(true) else { return };
    cluster.sql(
        "omop",
        "CREATE SCHEMA cdm; SET search_path = cdm;
         CREATE TABLE person (person_id bigint PRIMARY KEY, gender_concept_id integer, year_of_birth integer,
            race_concept_id integer, ethnicity_concept_id integer);
         INSERT INTO person SELECT i, 8507, 1960, 0, 0 FROM generate_series(1, 300000) i;
         CREATE TABLE note (note_id bigint PRIMARY KEY, person_id bigint, note_date date, note_text text);
         INSERT INTO note SELECT i, 1, '2024-01-01', repeat(md5(i::text), 40000) FROM generate_series(1, 40) i;
         GRANT USAGE ON SCHEMA cdm TO reader; GRANT SELECT ON ALL TABLES IN SCHEMA cdm TO reader",
    );
    let out = cluster.path("out");
    let pulled = quietly(&cluster.config(), &out).unwrap();
    let counts: Vec<_> = pulled.tables.iter().map(|table| (table.table, table.rows)).collect();
    assert_eq!(counts, [("person", 300_000), ("note", 40)]);
    let file = File::open(out.join("note.parquet")).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let lengths: Vec<usize> =
        reader.flat_map(|batch| texts(&batch.unwrap(), "note_text")).flatten().map(|text| text.len()).collect();
    assert_eq!(lengths, [1_280_000; 40]);
    let file = File::open(out.join("person.parquet")).unwrap();
    let builder = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
    assert_eq!(builder.metadata().file_metadata().num_rows(), 300_000);
    assert!(builder.metadata().num_row_groups() > 1, "row groups end by rows");
}
