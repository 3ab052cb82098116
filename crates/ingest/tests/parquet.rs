//! What Parquet may hold for each type of the CDM.

use std::sync::Arc;

use arrow_array::types::Int32Type;
use arrow_array::{
    ArrayRef, BinaryArray, Date32Array, Date64Array, Decimal128Array, DictionaryArray, Float32Array, Float64Array,
    Int16Array, Int32Array, Int64Array, LargeStringArray, NullArray, StringArray, StringViewArray,
    TimestampMicrosecondArray, TimestampMillisecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
};
use renkei_ingest::Rule;
use renkei_ingest::omop::ReadError;

use crate::support::{Site, array, find};

const DAY: i64 = 86_400;

/// A measurement file of two sound rows in which one column is replaced.
fn with(name: &str, values: ArrayRef) -> Site {
    let rows = values.len();
    let mut columns: Vec<(&str, ArrayRef)> = vec![
        ("MEASUREMENT_ID", array(Int64Array::from_iter_values(0..rows as i64))),
        ("person_id", array(Int64Array::from(vec![1; rows]))),
        ("measurement_concept_id", array(Int32Array::from(vec![0; rows]))),
        ("measurement_date", array(Date32Array::from(vec![18_262; rows]))),
        ("measurement_type_concept_id", array(Int32Array::from(vec![0; rows]))),
    ];
    columns.retain(|(column, _)| !column.eq_ignore_ascii_case(name));
    columns.insert(0, (name, values));
    Site::with_persons().parquet("measurement.parquet", columns)
}

#[track_caller]
fn check(name: &str, values: ArrayRef, accepted: &[&str], rejected: &[(u64, Rule)]) {
    let kind = values.data_type().clone();
    let table = with(name, values).read("measurement");
    let broken: Vec<_> = rejected.iter().map(|(row, rule)| (*row, *rule, name)).collect();
    assert_eq!(table.broken(), broken, "{kind}");
    assert_eq!(table.column(name), accepted, "{kind}");
}

#[test]
fn ids_from_every_integer_and_text_but_never_through_a_float() {
    let id = "measurement_id";
    check(id, array(Int32Array::from(vec![1, -2])), &["1", "-2"], &[]);
    check(id, array(Int16Array::from(vec![1, 2])), &["1", "2"], &[]);
    check(id, array(Int64Array::from(vec![i64::MAX, i64::MIN])), &["9223372036854775807", "-9223372036854775808"], &[]);
    check(id, array(UInt64Array::from(vec![1, u64::MAX])), &["1"], &[(2, Rule::Range)]);
    check(id, array(Int64Array::from(vec![Some(1), None])), &["1"], &[(2, Rule::Required)]);
    let texts = ["-9066461348710750663", "12.0", "12.5", "", "x", "99999999999999999999"];
    let rejected = [(3, Rule::Type), (4, Rule::Required), (5, Rule::Type), (6, Rule::Range)];
    check(id, array(StringArray::from(texts.to_vec())), &["-9066461348710750663", "12"], &rejected);
    check(id, array(LargeStringArray::from(texts.to_vec())), &["-9066461348710750663", "12"], &rejected);
    check(id, array(StringViewArray::from(texts.to_vec())), &["-9066461348710750663", "12"], &rejected);
    let dictionary: DictionaryArray<Int32Type> = texts.into_iter().collect();
    check(id, array(dictionary), &["-9066461348710750663", "12"], &rejected);
    let doubles = vec![Some(7.0), Some(7.5), Some(f64::NAN), Some(1e17), None];
    let rejected = [(2, Rule::Type), (3, Rule::Type), (4, Rule::Range), (5, Rule::Required)];
    check(id, array(Float64Array::from(doubles)), &["7"], &rejected);
    let decimals = Decimal128Array::from(vec![900_719_925_474_099_300, 150]).with_precision_and_scale(38, 2).unwrap();
    check(id, array(decimals), &["9007199254740993"], &[(2, Rule::Type)]);
}

#[test]
fn concept_ids_fit_32_bits() {
    let concept = "measurement_concept_id";
    check(concept, array(Int64Array::from(vec![2_147_483_647, 2_147_483_648])), &["2147483647"], &[(2, Rule::Range)]);
    check(concept, array(Float64Array::from(vec![3004410.0, 3e9])), &["3004410"], &[(2, Rule::Range)]);
    check("unit_concept_id", array(NullArray::new(2)), &["∅", "∅"], &[]);
}

#[test]
fn dates_from_days_midnights_texts_and_numbers() {
    let date = "measurement_date";
    let expect = &["2020-01-01"];
    let day = 18_262;
    check(date, array(Date64Array::from(vec![day * DAY * 1000])), expect, &[]);
    check(date, array(TimestampSecondArray::from(vec![day * DAY])), expect, &[]);
    check(date, array(TimestampMillisecondArray::from(vec![day * DAY * 1000])), expect, &[]);
    let nanos = vec![day * DAY * 1_000_000_000, day * DAY * 1_000_000_000 + 3_600_000_000_000];
    check(date, array(TimestampNanosecondArray::from(nanos)), expect, &[(2, Rule::Type)]);
    check(date, array(Int64Array::from(vec![20_200_101, 20_200_230])), expect, &[(2, Rule::Type)]);
    check(date, array(StringArray::from(vec!["2020/01/01", "2020-02-30"])), expect, &[(2, Rule::Type)]);
    // Midnight is the one of the column's own zone.
    let midnight = (day * DAY - 9 * 3600) * 1_000_000;
    for (zone, values) in
        [("+09:00", vec![midnight, day * DAY * 1_000_000]), ("UTC", vec![day * DAY * 1_000_000, midnight])]
    {
        check(date, array(TimestampMicrosecondArray::from(values).with_timezone(zone)), expect, &[(2, Rule::Type)]);
    }
}

#[test]
fn datetimes_of_any_unit_and_zone_are_utc_microseconds() {
    let time = "measurement_datetime";
    let expect = &["2020-01-01T01:02:03"];
    let second = 18_262 * DAY + 3723;
    check(time, array(TimestampSecondArray::from(vec![second])), expect, &[]);
    check(time, array(TimestampMillisecondArray::from(vec![second * 1000])), expect, &[]);
    check(time, array(TimestampMicrosecondArray::from(vec![second * 1_000_000]).with_timezone("+09:00")), expect, &[]);
    check(time, array(TimestampNanosecondArray::from(vec![second * 1_000_000_000 + 999])), expect, &[]);
    check(time, array(TimestampSecondArray::from(vec![second, i64::MAX])), expect, &[(2, Rule::Range)]);
    check(time, array(StringArray::from(vec!["2020-01-01T10:02:03+09:00"])), expect, &[]);
    check(time, array(Date32Array::from(vec![Some(18_262), None])), &["2020-01-01T00:00:00", "∅"], &[]);
}

#[test]
fn amounts_are_finite() {
    let value = "value_as_number";
    check(value, array(Float32Array::from(vec![Some(1.5), None])), &["1.5", "∅"], &[]);
    check(
        value,
        array(Float64Array::from(vec![1.5, f64::NAN, f64::INFINITY])),
        &["1.5"],
        &[(2, Rule::Type), (3, Rule::Type)],
    );
    check(value, array(Int32Array::from(vec![3])), &["3.0"], &[]);
    let decimal = Decimal128Array::from(vec![12_345]).with_precision_and_scale(10, 3).unwrap();
    check(value, array(decimal), &["12.345"], &[]);
    check(value, array(StringArray::from(vec!["1.5e1", "<5"])), &["15.0"], &[(2, Rule::Type)]);
}

#[test]
fn texts_from_texts_bytes_and_numbers() {
    let text = "value_source_value";
    check(text, array(StringViewArray::from(vec!["a", "値"])), &["a", "値"], &[]);
    check(text, array(Int64Array::from(vec![Some(7), None])), &["7", "∅"], &[]);
    check(text, array(BinaryArray::from_vec(vec![b"ok", b"\xff\xfe"])), &["ok"], &[(2, Rule::Encoding)]);
    let dictionary: DictionaryArray<Int32Type> = [Some("a"), None, Some("a")].into_iter().collect();
    check(text, array(dictionary), &["a", "∅", "a"], &[]);
}

#[test]
fn rejects_carry_the_number_of_the_row_and_the_record() {
    let rows = 20_000_i64;
    let people = Int64Array::from_iter_values((0..rows).map(|i| if i == 19_999 { 9 } else { 1 + i % 3 }));
    let table = with("person_id", array(people)).read("measurement");
    assert_eq!((table.read, table.chunks, table.batch.num_rows()), (20_000, 3, 19_999));
    assert_eq!(table.broken(), [(20_000, Rule::Person, "person_id")]);
    assert_eq!(table.rejects[0].record, "9,19999,0,2020-01-01,0");
    assert_eq!(table.rejects[0].file, "measurement.parquet");
}

#[test]
fn parts_in_a_folder_named_like_a_file() {
    let person = |from: i64| -> Vec<(&str, ArrayRef)> {
        vec![
            ("person_id", array(Int64Array::from(vec![from, from + 1]))),
            ("gender_concept_id", array(Int32Array::from(vec![0, 0]))),
            ("year_of_birth", array(Int32Array::from(vec![1950, 1960]))),
            ("race_concept_id", array(Int32Array::from(vec![0, 0]))),
            ("ethnicity_concept_id", Arc::new(Int32Array::from(vec![0, 0]))),
        ]
    };
    let site =
        Site::new().parquet("person.parquet/a.parquet", person(1)).parquet("person.parquet/b.parquet", person(3));
    assert_eq!(site.read("person").column("person_id"), ["1", "2", "3"]);
}

#[test]
fn damage_inside_a_file_is_an_error_when_it_is_read() {
    let site = with("value_as_number", array(Float64Array::from_iter_values((0..9000).map(|i| f64::from(i) * 0.37))));
    let mut bytes = std::fs::read(site.path("measurement.parquet")).unwrap();
    bytes[4..200].fill(0xff);
    let site = site.csv("measurement.parquet", bytes);
    let folder = site.open().unwrap();
    let results: Vec<_> = find(&folder, "measurement").read(None).collect();
    assert!(matches!(results.last(), Some(Err(ReadError::Parquet { .. }))), "{:?}", results.last());
    assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
}
