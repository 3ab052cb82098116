//! Rows compared with a released result: the result first, then the rows, at the same sites on the same snapshots.

use std::sync::Mutex;

use arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StructArray};
use renkei_e2e::records::Person;
use renkei_e2e::{Asked, Consortium, Records, Scripted, Site, Step};
use renkei_plan::StateKind;
use renkei_proto::ipc;
use renkei_proto::v1::ask_response::Part;
use renkei_proto::v1::{AskRequest, Cells};
use renkei_types::Code;
use std::sync::Arc;

use crate::audit::values;

const MALE: i32 = 8507;

const ABOVE_MEAN: &str =
    "SELECT count(*) AS n FROM measurement WHERE value_as_number > (SELECT avg(value_as_number) FROM measurement)";

fn tested(n: usize, value: f64) -> Records {
    Records::of((0..n).map(|_| Person::new(MALE, 1950).tested(Some(value))))
}

#[test]
fn rows_are_compared_with_the_mean_of_all_sites() {
    // The mean is 6.25: above the mean of the one site, below that of the other.
    let consortium = Consortium::start([
        Site::with("low", tested(20, 5.0).and((0..20).map(|_| Person::new(MALE, 1950).tested(Some(6.0))))),
        Site::with("high", tested(20, 7.0).and((0..20).map(|_| Person::new(MALE, 1950).tested(Some(7.0))))),
    ]);
    assert_eq!(consortium.ask(ABOVE_MEAN).rows(), ["40 | 1 | 1"]);
    let below = ABOVE_MEAN.replace('>', "<");
    assert_eq!(consortium.ask(&below).rows(), ["40 | 1 | 1"]);
}

#[test]
fn a_value_that_is_held_in_part_is_no_value() {
    let consortium = Consortium::start([Site::with("many", tested(40, 5.0)), Site::with("few", tested(9, 9.0))]);
    let refused = consortium.refused(ABOVE_MEAN);
    assert_eq!(refused.code(), Code::Undetermined);
    assert_eq!(refused.states(), ["few answered", "many answered"]);
    // The same, where nobody lists it at all.
    let nobody = "SELECT count(*) AS n FROM person WHERE year_of_birth > (SELECT avg(year_of_birth) FROM person WHERE year_of_birth > 2100)";
    assert_eq!(consortium.refused(nobody).code(), Code::Undetermined);
    let no_row = "SELECT count(*) AS n FROM person WHERE year_of_birth > (SELECT sum(n) FROM
        (SELECT gender_concept_id, count(*) AS n FROM person WHERE gender_concept_id = 1 GROUP BY 1) x HAVING sum(n) > 0)";
    assert_eq!(consortium.refused(no_row).code(), Code::Undetermined);
}

/// The second round compares with a number that is in no statement: the hospital's log has it.
#[test]
fn what_rows_are_compared_with_is_in_the_hospitals_log() {
    let consortium = Consortium::start([Site::with("good", tested(20, 5.0).and(tested(20, 7.5).people))]);
    assert_eq!(consortium.ask(ABOVE_MEAN).rows(), ["20 | 1 | 0"]);
    let recorded = values(&consortium, "good");
    let [None, Some(second)] = recorded.as_slice() else { panic!("{recorded:?}") };
    assert!(second.contains("feed 0, 1 rows: 6.25"), "{second}");
}

#[test]
fn a_list_is_what_was_released_and_the_answer_says_so() {
    let visiting = |times| (0..12).map(move |_| Person::new(MALE, 1950).visiting(times, 2021));
    let consortium =
        Consortium::start([Site::with("a", Records::of(visiting(1))), Site::with("b", Records::of(visiting(9)))]);
    let often = "SELECT visit_concept_id AS v, count(*) AS n FROM visit_occurrence WHERE visit_concept_id IN
        (SELECT visit_concept_id FROM visit_occurrence GROUP BY 1 HAVING count(*) > 100) GROUP BY 1";
    let answer = consortium.ask(often);
    assert_eq!(answer.rows(), ["9202 | 120 | 2 | 0"]);
    let warnings = &answer.metadata().warnings;
    assert!(warnings.iter().any(|text| text.contains("a released result of 1 rows, 0 of them held")), "{warnings:?}");
}

#[test]
fn more_than_one_value_is_an_error() {
    let consortium = Consortium::start([Site::with("a", Records::plain(20, 20))]);
    let two = "SELECT count(*) AS n FROM person p CROSS JOIN
        (SELECT gender_concept_id AS g, avg(year_of_birth) AS y FROM person GROUP BY 1) x WHERE p.year_of_birth > x.y";
    assert_eq!(consortium.refused(two).code(), Code::Subquery);
}

/// A node that has the mean of the first round, and what it was asked in the second.
fn scripted(asked: &Asked, second: impl FnOnce(&AskRequest) -> Vec<Step>) -> Vec<Step> {
    if asked.request.round > 0 {
        return second(&asked.request);
    }
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(vec![20])), Arc::new(Float64Array::from(vec![20.0 * 8.0]))];
    let state: ArrayRef = Arc::new(StructArray::new(StateKind::SumFloat.fields(), columns, None));
    let cells = RecordBatch::try_new(asked.split.release_points[0].cell_schema(), vec![state]).unwrap();
    vec![Step::Send(Part::Outcome(asked.outcome())), Step::Send(asked.batch(&cells))]
}

#[test]
fn a_site_that_drops_out_takes_its_part_of_the_value_with_it() {
    // With the scripted site the mean is 6, without it 5: four sixths of the rows are above the latter.
    let fails = Scripted::new("fails", |asked| scripted(asked, |_| vec![Step::HangUp]));
    let good = tested(10, 4.5).and((0..10).map(|_| Person::new(MALE, 1950).tested(Some(5.5))));
    let good = good.and((0..10).map(|_| Person::new(MALE, 1950).tested(Some(5.0))));
    let consortium = Consortium::start([Site::with("good", good), Site::scripted(&fails)]);
    let answer = consortium.ask(ABOVE_MEAN);
    assert_eq!(answer.rows(), ["10 | 1 | 0"]);
    assert_eq!(answer.states(), ["fails offline E-OFFLINE", "good answered"]);
}

#[test]
fn later_rounds_name_the_snapshot_and_carry_the_value() {
    let seen: Arc<Mutex<Vec<(String, f64)>>> = Arc::default();
    let note = Arc::clone(&seen);
    let node = Scripted::new("node", move |asked| {
        scripted(asked, |request| {
            let batches = ipc::decode(&request.feeds[0].arrow_ipc).unwrap();
            let value = batches[0].column(0).as_any().downcast_ref::<Float64Array>().unwrap().value(0);
            note.lock().unwrap().push((request.snapshot_id.clone(), value));
            let n: ArrayRef = Arc::new(Int64Array::from(vec![12]));
            let state: ArrayRef = Arc::new(StructArray::new(StateKind::Count.fields(), vec![n], None));
            let cells = RecordBatch::try_new(asked.split.release_points[1].cell_schema(), vec![state]).unwrap();
            let arrow_ipc = ipc::encode(&cells.schema(), &[cells]).unwrap();
            vec![
                Step::Send(Part::Outcome(asked.outcome())),
                Step::Send(Part::Cells(Cells { release_point: 1, arrow_ipc })),
            ]
        })
    });
    let consortium = Consortium::start([Site::scripted(&node)]);
    assert_eq!(consortium.ask(ABOVE_MEAN).rows(), ["12 | 1 | 0"]);
    assert_eq!(*seen.lock().unwrap(), [("scripted".to_owned(), 8.0)]);
}
