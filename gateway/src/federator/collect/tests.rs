//! What is taken from a site, and what makes it fail.

use super::*;

use datafusion::arrow::array::{ArrayRef, Float64Array, Int32Array, Int64Array, StringArray, StructArray};
use datafusion::arrow::buffer::NullBuffer;
use datafusion::arrow::datatypes::DataType;
use renkei_plan::{Catalogue, Planner, Question};
use renkei_proto::v1::{Cells, State};
use renkei_types::Timestamp;

const BY_GENDER: &str = "SELECT gender_concept_id, count(*) AS n FROM person GROUP BY gender_concept_id";
const BY_SITE: &str = "SELECT site_id, count(*) AS n FROM person GROUP BY site_id";

fn split(sql: &str) -> Arc<Split> {
    let planner = Planner::new(Catalogue::cdm());
    Arc::new(planner.split(&Question { sql, parameters: &[], bound_at: Timestamp(0) }).unwrap())
}

fn collector(sql: &str) -> Collector {
    let site = "tokyo".parse().unwrap();
    Collector::new(Expected { site, split: split(sql), round: 0, minimum_persons: 10, bytes: 1 << 20 })
}

fn outcome(sql: &str, state: State) -> Outcome {
    Outcome {
        state: state.into(),
        code: String::new(),
        message: String::new(),
        hint: String::new(),
        snapshot_id: "s1".into(),
        vocabulary_version: "v5".into(),
        minimum_persons: 10,
        split_digest: split(sql).digest.0.to_vec(),
        policy: String::new(),
        codes_held: Vec::new(),
        receipt: None,
        padding: Vec::new(),
    }
}

fn counts(values: Vec<Option<i64>>) -> ArrayRef {
    let nulls = NullBuffer::from_iter(values.iter().map(Option::is_some));
    let n: ArrayRef = Arc::new(Int64Array::from_iter_values(values.iter().map(|value| value.unwrap_or(0))));
    Arc::new(StructArray::new(renkei_plan::StateKind::Count.fields(), vec![n], Some(nulls)))
}

fn bytes(sql: &str, keys: ArrayRef, values: Vec<Option<i64>>) -> Bytes {
    let schema = split(sql).release_points[0].cell_schema();
    let columns: Vec<ArrayRef> = vec![keys, counts(values)];
    let fields = schema
        .fields()
        .iter()
        .zip(&columns)
        .map(|(field, column)| field.as_ref().clone().with_data_type(column.data_type().clone()));
    let schema = Arc::new(Schema::new(fields.collect::<Vec<_>>()));
    let batch = RecordBatch::try_new(Arc::clone(&schema), columns).unwrap();
    ipc::encode(&schema, &[batch]).unwrap()
}

fn genders(keys: Vec<i32>, values: Vec<Option<i64>>) -> Part {
    cells(0, bytes(BY_GENDER, Arc::new(Int32Array::from(keys)), values))
}

fn cells(release_point: u32, arrow_ipc: Bytes) -> Part {
    Part::Cells(Cells { release_point, arrow_ipc })
}

/// Everything up to the end, as a call would feed it.
fn collect(sql: &str, parts: Vec<Part>) -> Collected {
    let mut collector = collector(sql);
    for part in parts {
        match collector.take(AskResponse { part: Some(part) }) {
            Ok(true) => {}
            Ok(false) => break,
            Err(malformed) => return malformed.collected(),
        }
    }
    collector.finish()
}

#[test]
fn a_good_answer_is_taken_whole() {
    let answered = Part::Outcome(outcome(BY_GENDER, State::AnsweredHeld));
    let got = collect(
        BY_GENDER,
        vec![answered, genders(vec![8507, 8532], vec![Some(12), None]), genders(vec![0], vec![Some(10)])],
    );
    assert_eq!((got.state, got.code), (SiteState::AnsweredHeld, None));
    assert_eq!(got.cells[0].1.iter().map(RecordBatch::num_rows).sum::<usize>(), 3);
    assert_eq!((got.snapshot.unwrap().as_str(), got.minimum_persons), ("s1", Some(10)));
}

#[test]
fn a_refusal_keeps_its_code_and_a_clean_sentence() {
    for (state, expected) in [
        (State::Refused, SiteState::Refused),
        (State::NotMapped, SiteState::NotMapped),
        (State::NotApproved, SiteState::NotApproved),
        (State::Failed, SiteState::Failed),
    ] {
        let said = Outcome {
            code: "E-GRANT-TABLE".into(),
            message: "no\u{7} grant".into(),
            hint: "ask".into(),
            ..outcome(BY_GENDER, state)
        };
        let got = collect(BY_GENDER, vec![Part::Outcome(said)]);
        assert_eq!((got.state, got.code), (expected, Some(Code::TableGrant)));
        assert_eq!(got.message.unwrap(), "no grant (hint: ask)");
        let odd = Outcome { code: "E-FROM-THE-FUTURE".into(), ..outcome(BY_GENDER, state) };
        assert_eq!(collect(BY_GENDER, vec![Part::Outcome(odd)]).code, Some(Code::Failed));
    }
}

#[test]
fn everything_else_fails_the_site() {
    let answered = || Part::Outcome(outcome(BY_GENDER, State::Answered));
    let with = |change: fn(&mut Outcome)| {
        let mut said = outcome(BY_GENDER, State::Answered);
        change(&mut said);
        vec![Part::Outcome(said), genders(vec![1], vec![Some(10)])]
    };
    let text: ArrayRef = Arc::new(StringArray::from(vec!["x"]));
    for (parts, code, message) in [
        (vec![], Code::Failed, "without an outcome"),
        (vec![genders(vec![1], vec![Some(10)])], Code::Failed, "before the outcome"),
        (vec![answered(), answered()], Code::Failed, "two outcomes"),
        (vec![answered()], Code::Failed, "no cells of release point 0"),
        (vec![answered(), cells(1, Bytes::new())], Code::Failed, "was not asked for"),
        (vec![answered(), cells(0, Bytes::from_static(b"not arrow"))], Code::Failed, "malformed"),
        (vec![answered(), cells(0, bytes(BY_GENDER, text, vec![Some(10)]))], Code::Failed, "another shape"),
        (vec![answered(), genders(vec![1, 1], vec![Some(10), Some(11)])], Code::Failed, "listed twice"),
        (
            vec![answered(), genders(vec![1], vec![Some(10)]), genders(vec![1], vec![None])],
            Code::Failed,
            "listed twice",
        ),
        (vec![answered(), genders(vec![1], vec![Some(-1)])], Code::Failed, "negative count"),
        (vec![answered(), cells(0, Bytes::from(vec![0; (1 << 20) + 1]))], Code::Failed, "more than 1048576 bytes"),
        (with(|said| said.state = 99), Code::Failed, "state that this version does not know"),
        (with(|said| said.state = 0), Code::Failed, "state that this version does not know"),
        (with(|said| said.minimum_persons = 0), Code::Failed, "no minimum"),
        (with(|said| said.minimum_persons = 9), Code::Failed, "the project demands 10"),
        (with(|said| said.split_digest = vec![0; 32]), Code::Digest, "another split"),
        (with(|said| said.split_digest = Vec::new()), Code::Digest, "another split"),
        (with(|said| said.snapshot_id = "../x".into()), Code::Failed, "not an identifier"),
    ] {
        let got = collect(BY_GENDER, parts);
        let said = got.message.unwrap_or_default();
        assert_eq!((got.state, got.code), (SiteState::Failed, Some(code)), "{message}: {said}");
        assert!(said.contains(message), "{message}: {said}");
        assert!(got.cells.is_empty());
    }
}

#[test]
fn a_site_speaks_for_itself_alone() {
    let of = |site: &str| {
        let keys: ArrayRef = Arc::new(StringArray::from(vec![site]));
        assert_eq!(keys.data_type(), &DataType::Utf8);
        let parts =
            vec![Part::Outcome(outcome(BY_SITE, State::Answered)), cells(0, bytes(BY_SITE, keys, vec![Some(10)]))];
        collect(BY_SITE, parts)
    };
    assert_eq!(of("tokyo").state, SiteState::Answered);
    let other = of("osaka");
    assert_eq!(other.state, SiteState::Failed);
    assert!(other.message.unwrap().contains("cells of another site"));
}

#[test]
fn a_total_that_is_not_a_number_fails_the_site() {
    const MEAN: &str = "SELECT avg(value_as_number) AS mean FROM measurement";
    let schema = split(MEAN).release_points[0].cell_schema();
    let total = |sum: f64| {
        let n: ArrayRef = Arc::new(Int64Array::from(vec![10]));
        let sum: ArrayRef = Arc::new(Float64Array::from(vec![sum]));
        let state = StructArray::new(renkei_plan::StateKind::SumFloat.fields(), vec![n, sum], None);
        let batch = RecordBatch::try_new(Arc::clone(&schema), vec![Arc::new(state)]).unwrap();
        let answered = Part::Outcome(outcome(MEAN, State::Answered));
        collect(MEAN, vec![answered, cells(0, ipc::encode(&schema, &[batch]).unwrap())])
    };
    assert_eq!(total(71.5).state, SiteState::Answered);
    for sum in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        let got = total(sum);
        assert_eq!((got.state, got.code), (SiteState::Failed, Some(Code::Failed)));
        assert!(got.message.unwrap().contains("not a number"));
    }
}
