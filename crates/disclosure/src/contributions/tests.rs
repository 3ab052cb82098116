//! Parts in any order are the same contributions, and bytes read back or are refused.

use proptest::prelude::*;

use super::*;

fn parts() -> impl Strategy<Value = Vec<Part>> {
    let value = prop_oneof![-1000..1000_i32, Just(1)];
    prop::collection::vec((0..200_u32, value), 0..200)
        .prop_map(|rows| rows.into_iter().map(|(person, value)| Part::of(person, f64::from(value) / 8.0)).collect())
}

proptest! {
    #[test]
    fn the_order_of_rows_does_not_matter(mut parts in parts(), seed in any::<u64>()) {
        let expected = Contributions::from_parts(parts.clone());
        let len = parts.len();
        for i in 1..len {
            parts.swap(i, (seed as usize).wrapping_mul(i) % (i + 1));
        }
        let found = Contributions::from_parts(parts);
        prop_assert_eq!(expected.exact().collect::<Vec<_>>(), found.exact().collect::<Vec<_>>());
        prop_assert_eq!(expected.largest(), found.largest());
    }

    #[test]
    fn bytes_read_back_and_cut_ones_are_refused(parts in parts(), cut in any::<prop::sample::Index>()) {
        let expected = Contributions::from_parts(parts);
        let bytes = expected.encode();
        prop_assert_eq!(Contributions::decode(&bytes), Ok(expected));
        prop_assert_eq!(Contributions::decode(&bytes[..cut.index(bytes.len())]), Err(BadContributions));
        let longer = [bytes.as_slice(), &[0]].concat();
        prop_assert_eq!(Contributions::decode(&longer), Err(BadContributions));
    }

    #[test]
    fn foreign_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Contributions::decode(&bytes);
    }
}

#[test]
fn values_summed_per_person_first_are_the_same() {
    let rows = Contributions::from_parts(vec![Part::of(1, 6.1), Part::of(1, 7.2), Part::of(2, 0.1)]);
    let first = Contributions::from_parts(vec![Part::of(1, 6.1 + 7.2), Part::of(2, 0.1)]);
    let sums = |c: &Contributions| c.exact().map(|(person, _, sum)| (person, sum)).collect::<Vec<_>>();
    assert_eq!(sums(&rows), sums(&first));
    assert_eq!(rows.largest(), [13.3, 0.1]);
}

#[test]
fn a_length_that_is_not_there_reserves_nothing() {
    let mut bytes = vec![EACH_ROWS];
    bytes.extend([0; 24]);
    bytes.extend(u32::MAX.to_le_bytes());
    assert_eq!(Contributions::decode(&bytes), Err(BadContributions));
}
