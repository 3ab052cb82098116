//! Each form from the same rows.

use std::fs;
use std::sync::Arc;

use arrow_array::{
    BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array, StringArray, StringViewArray, UInt32Array,
};
use arrow_schema::{DataType, Field, Schema};
use tempfile::TempDir;

use super::table::HELD;
use super::*;
use crate::args::StatusForm;
use crate::lang::Lang;

fn schema() -> SchemaRef {
    let nullable = |name: &str, data_type| Field::new(name, data_type, true);
    Arc::new(Schema::new(vec![
        nullable("病名", DataType::Utf8),
        nullable("note", DataType::Utf8View),
        nullable("n", DataType::Int64),
        nullable("mean", DataType::Float64),
        nullable("total", DataType::Decimal128(20, 2)),
        nullable("since", DataType::Date32),
        nullable("ok", DataType::Boolean),
        nullable(HELD, DataType::UInt32),
    ]))
}

fn rows() -> RecordBatch {
    RecordBatch::try_new(
        schema(),
        vec![
            Arc::new(StringArray::from(vec![Some("糖尿病"), Some("a,\"b\"\nc"), None])),
            Arc::new(StringViewArray::from(vec![Some(""), None, Some("\u{1b}[31m")])),
            Arc::new(Int64Array::from(vec![Some(1200), Some(-7), None])),
            Arc::new(Float64Array::from(vec![Some(6.5), Some(f64::NAN), None])),
            Arc::new(Decimal128Array::from(vec![Some(12345), None, Some(-5)]).with_precision_and_scale(20, 2).unwrap()),
            Arc::new(Date32Array::from(vec![Some(19_723), None, Some(-1)])),
            Arc::new(BooleanArray::from(vec![Some(true), Some(false), None])),
            Arc::new(UInt32Array::from(vec![0, 2, 1])),
        ],
    )
    .unwrap()
}

fn print(folder: &TempDir, name: &str) -> Print {
    Print { output: None, out: Some(folder.path().join(name)), csv_bom: false, max_rows: 10_000 }
}

fn write(format: Format, print: &Print, batches: &[RecordBatch]) -> (Vec<u8>, Closing) {
    let provenance = vec![("renkei.query_id".to_owned(), "q-1".to_owned())];
    let mut output = Output::begin(format, print, &schema(), provenance).unwrap();
    for batch in batches {
        if output.write(batch).unwrap() == Flow::Enough {
            break;
        }
    }
    let closing = output.finish().unwrap();
    (fs::read(print.out.as_ref().unwrap()).unwrap(), closing)
}

fn text(format: Format, name: &str) -> String {
    let folder = TempDir::new().unwrap();
    String::from_utf8(write(format, &print(&folder, name), &[rows()]).0).unwrap()
}

#[test]
fn table() {
    assert_eq!(
        text(Format::Table, "a.txt"),
        " 病名     │ note       │    n │ mean │  total │ since      │ ok    │ renkei_held │
──────────┼────────────┼──────┼──────┼────────┼────────────┼───────┼─────────────┼───
 糖尿病   │            │ 1200 │  6.5 │ 123.45 │ 2024-01-01 │ true  │           0 │
 a,\"b\"\\nc │ –          │   -7 │  NaN │      – │ –          │ false │           2 │ *
 –        │ \\u{1b}[31m │    – │    – │  -0.05 │ 1969-12-31 │ –     │           1 │ *
"
    );
}

#[test]
fn csv_tells_null_from_empty() {
    assert_eq!(
        text(Format::Csv, "a.csv"),
        "病名,note,n,mean,total,since,ok,renkei_held\n糖尿病,\"\",1200,6.5,123.45,2024-01-01,true,0\n\
         \"a,\"\"b\"\"\nc\",,-7,NaN,,,false,2\n,\u{1b}[31m,,,-0.05,1969-12-31,,1\n"
    );
}

#[test]
fn csv_begins_with_a_mark_for_excel_on_request() {
    let folder = TempDir::new().unwrap();
    let print = Print { csv_bom: true, ..print(&folder, "a.csv") };
    assert!(write(Format::Csv, &print, &[]).0.starts_with("\u{feff}病名,".as_bytes()));
}

#[test]
fn json_is_one_object_a_line() {
    assert_eq!(
        text(Format::Json, "a.json"),
        "{\"病名\":\"糖尿病\",\"note\":\"\",\"n\":1200,\"mean\":6.5,\"total\":123.45,\"since\":\"2024-01-01\",\"ok\":true,\"renkei_held\":0}
{\"病名\":\"a,\\\"b\\\"\\nc\",\"note\":null,\"n\":-7,\"mean\":null,\"total\":null,\"since\":null,\"ok\":false,\"renkei_held\":2}
{\"病名\":null,\"note\":\"\\u001b[31m\",\"n\":null,\"mean\":null,\"total\":-0.05,\"since\":\"1969-12-31\",\"ok\":null,\"renkei_held\":1}
"
    );
}

#[test]
fn parquet_keeps_rows_and_question() {
    use ::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
    let folder = TempDir::new().unwrap();
    let bytes = write(Format::Parquet, &print(&folder, "a.parquet"), &[rows(), rows()]).0;
    let reader = ParquetRecordBatchReaderBuilder::try_new(bytes::Bytes::from(bytes)).unwrap();
    let pairs = reader.metadata().file_metadata().key_value_metadata().unwrap();
    assert!(pairs.iter().any(|kv| kv.key == "renkei.query_id" && kv.value.as_deref() == Some("q-1")));
    let batches: Vec<RecordBatch> = reader.build().unwrap().map(Result::unwrap).collect();
    assert_eq!(batches.iter().map(RecordBatch::num_rows).sum::<usize>(), 6);
    let numbers: &Int64Array = batches[0].column_by_name("n").unwrap().as_any().downcast_ref().unwrap();
    let expected = [Some(1200), Some(-7), None, Some(1200), Some(-7), None];
    assert_eq!(numbers.iter().collect::<Vec<_>>(), expected);
}

#[test]
fn arrow_files_and_streams_keep_rows_and_question() {
    let folder = TempDir::new().unwrap();
    let file = write(Format::Arrow, &print(&folder, "a.arrow"), &[rows()]).0;
    let file = ::arrow_ipc::reader::FileReader::try_new(std::io::Cursor::new(file), None).unwrap();
    let stream = write(Format::Arrow, &print(&folder, "a.arrows"), &[rows()]).0;
    let stream = ::arrow_ipc::reader::StreamReader::try_new(std::io::Cursor::new(stream), None).unwrap();
    for (schema, batches) in [
        (file.schema(), file.map(Result::unwrap).collect::<Vec<_>>()),
        (stream.schema(), stream.map(Result::unwrap).collect()),
    ] {
        assert_eq!(schema.metadata()["renkei.query_id"], "q-1");
        assert_eq!(batches[0].columns()[..3], rows().columns()[..3]);
    }
}

#[test]
fn a_table_that_stops_says_so() {
    let folder = TempDir::new().unwrap();
    let print = Print { max_rows: 3, ..print(&folder, "a.txt") };
    assert_eq!(write(Format::Table, &print, &[rows()]).1.cut, None);
    let (text, closing) = write(Format::Table, &print, &[rows(), rows()]);
    assert_eq!(closing.cut, Some(3));
    assert_eq!(closing.held, Some(table::Held { rows: 2, fewest: 1, most: 2 }));
    assert_eq!(String::from_utf8(text).unwrap().lines().count(), 5);
    let all = Print { max_rows: 0, ..print };
    assert_eq!(write(Format::Table, &all, &[rows(), rows()]).1.cut, None);
}

#[test]
fn an_answer_that_breaks_off_leaves_the_earlier_file() {
    let folder = TempDir::new().unwrap();
    let print = print(&folder, "a.csv");
    let path = print.out.clone().unwrap();
    fs::write(&path, "earlier").unwrap();
    let mut output = Output::begin(Format::Csv, &print, &schema(), vec![]).unwrap();
    output.write(&rows()).unwrap();
    drop(output);
    assert_eq!(fs::read_to_string(&path).unwrap(), "earlier");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn the_form_is_chosen() {
    let console = |out_terminal| Console {
        lang: Lang::En,
        out_terminal,
        err_terminal: false,
        colour: false,
        quiet: false,
        form: StatusForm::Text,
    };
    let print = |output, out: Option<&str>| Print { output, out: out.map(Into::into), csv_bom: false, max_rows: 0 };
    use Format::*;
    for (output, out, profile, terminal, expected) in [
        (None, None, None, true, Some(Table)),
        (None, None, None, false, Some(Json)),
        (None, None, Some(Csv), true, Some(Csv)),
        (Some(Json), Some("a.csv"), Some(Table), true, Some(Json)),
        (None, Some("a.csv"), Some(Table), true, Some(Csv)),
        (None, Some("a.PARQUET"), None, true, Some(Parquet)),
        (None, Some("a.arrows"), None, true, Some(Arrow)),
        (None, Some("a.unknown"), None, true, Some(Json)),
        (Some(Parquet), None, None, false, Some(Parquet)),
        (Some(Parquet), None, None, true, None),
        (None, None, Some(Arrow), true, None),
    ] {
        let chosen = choose(&print(output, out), profile, &console(terminal)).ok();
        assert_eq!(chosen, expected, "{output:?} {out:?} {profile:?} {terminal}");
    }
}
