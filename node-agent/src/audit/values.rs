//! The values that came with a question, as its INTENT shows them.
//!
//! A released result of an earlier round and a set of codes travel beside the statement as if they had been typed into it.
//! So they stand where parameters do: without them nobody could tell what the second round of a question compared with.

use datafusion::arrow::array::{Array, RecordBatch};
use datafusion::arrow::util::display::array_value_to_string;
use datafusion::common::ScalarValue;

use crate::engine::Feeds;

/// The parameters, then what travels as feeds, in their order; none where there is neither.
pub(super) fn text(parameters: &[ScalarValue], feeds: &Feeds) -> Option<String> {
    let typed = parameters.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let sent = feeds.iter().map(|(index, (_, batches))| {
        let rows = batches.iter().flat_map(rows).collect::<Vec<_>>();
        format!("feed {index}, {} rows: {}", rows.len(), rows.join(", "))
    });
    let parts: Vec<String> = Some(typed).filter(|typed| !typed.is_empty()).into_iter().chain(sent).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// Each row as text, in parentheses where it has several values.
fn rows(batch: &RecordBatch) -> impl Iterator<Item = String> {
    (0..batch.num_rows()).map(move |row| {
        let values = batch.columns().iter().map(|column| match column.is_null(row) {
            true => "NULL".to_owned(),
            false => array_value_to_string(column, row).unwrap_or_else(|_| "?".to_owned()),
        });
        let values: Vec<String> = values.collect();
        if values.len() == 1 { values.concat() } else { format!("({})", values.join(", ")) }
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use datafusion::arrow::array::{ArrayRef, Float64Array, Int32Array};
    use datafusion::arrow::datatypes::Schema;

    use super::*;

    #[test]
    fn parameters_and_feeds_stand_in_their_order() {
        let codes: ArrayRef = Arc::new(Int32Array::from(vec![Some(201_826), None]));
        let means: ArrayRef = Arc::new(Float64Array::from(vec![5.5, 6.0]));
        let one = RecordBatch::try_from_iter([("f0", Arc::clone(&codes))]).unwrap();
        let two = RecordBatch::try_from_iter([("f0", codes), ("f1", means)]).unwrap();
        let empty = (Arc::new(Schema::empty()), Vec::new());
        let feeds: Feeds = [(0, (one.schema(), vec![one])), (1, empty), (2, (two.schema(), vec![two]))].into();
        let sent = "feed 0, 2 rows: 201826, NULL; feed 1, 0 rows: ; feed 2, 2 rows: (201826, 5.5), (NULL, 6.0)";
        assert_eq!(text(&[], &feeds).as_deref(), Some(sent));
        let typed = [ScalarValue::from(1950_i64), ScalarValue::from("x")];
        assert_eq!(text(&typed, &feeds), Some(format!("1950, x; {sent}")));
        assert_eq!(text(&typed[..1], &Feeds::new()).as_deref(), Some("1950"));
        assert_eq!(text(&[], &Feeds::new()), None);
    }
}
