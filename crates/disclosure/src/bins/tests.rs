//! Bins leave with enough persons or not at all, whatever the records.

use super::*;

/// Bins from `(bin, persons)`, one row for each mention of a person.
fn ranges_of(bins: &[(i64, &[u32])], minimum: usize) -> Vec<(i64, i64, i64)> {
    let sets: Vec<Vec<u32>> = bins
        .iter()
        .map(|(_, persons)| persons.iter().copied().collect::<BTreeSet<_>>().into_iter().collect())
        .collect();
    let bins: Vec<Bin<'_>> =
        bins.iter().zip(&sets).map(|((at, all), persons)| Bin { at: *at, rows: all.len() as i64, persons }).collect();
    edges(&ranges(&bins, minimum))
}

#[test]
fn a_bin_with_enough_persons_keeps_its_edges() {
    assert_eq!(ranges_of(&[(5, &[1, 2, 3]), (9, &[1, 2, 4])], 3), [(5, 6, 3), (9, 10, 3)]);
}

#[test]
fn persons_count_and_rows_do_not() {
    // Nine rows of one person are one person.
    let many = [1; 9];
    assert_eq!(ranges_of(&[(5, &many), (6, &[2]), (7, &[1, 2])], 3), [], "two persons in all");
    assert_eq!(ranges_of(&[(5, &many), (6, &[2]), (7, &[3])], 3), [(grid::OPEN_LOW, grid::OPEN_HIGH, 11)]);
    // The same two persons in two bins are two persons, not four.
    assert_eq!(ranges_of(&[(5, &[1, 2]), (6, &[1, 2])], 4), []);
}

#[test]
fn the_outermost_ranges_are_open_and_the_rest_joins_the_last() {
    let bins: [(i64, &[u32]); 5] = [(1, &[1]), (2, &[2, 3]), (4, &[4, 5, 6]), (7, &[7]), (30_000, &[8])];
    assert_eq!(ranges_of(&bins, 3), [(grid::OPEN_LOW, 3, 3), (3, grid::OPEN_HIGH, 5)]);
}

#[test]
fn merged_ranges_meet_at_the_roundest_edge() {
    let at = |x: f64| grid::bin(x).expect("a bin");
    let bins: [(i64, &[u32]); 4] = [(at(6.1), &[1]), (at(6.3), &[2]), (at(8.2), &[3]), (at(8.8), &[4])];
    assert_eq!(ranges_of(&bins, 2), [(grid::OPEN_LOW, at(7.0), 2), (at(7.0), grid::OPEN_HIGH, 2)]);
}

/// A generator of its own: the records follow from the seed.
fn drawn(seed: u64) -> Vec<(i64, Vec<u32>)> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut next = |below: u64| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state % below
    };
    let mut bins = Vec::new();
    let mut at = -40;
    for _ in 0..next(40) {
        at += 1 + next(5) as i64;
        let persons: BTreeSet<u32> = (0..1 + next(6)).map(|_| next(60) as u32).collect();
        bins.push((at, persons.into_iter().collect()));
    }
    bins
}

#[test]
fn every_range_has_enough_persons_and_every_row_is_in_one() {
    for seed in 1..3_000 {
        let bins = drawn(seed);
        for minimum in [1, 2, 5, 10] {
            let borrowed: Vec<Bin<'_>> =
                bins.iter().map(|(at, persons)| Bin { at: *at, rows: persons.len() as i64, persons }).collect();
            let told = edges(&ranges(&borrowed, minimum));
            let inside = |(from, to, _): &(i64, i64, i64)| {
                let within: Vec<_> = bins.iter().filter(|(at, _)| from <= at && at < to).collect();
                let persons: BTreeSet<u32> = within.iter().flat_map(|(_, persons)| persons.iter().copied()).collect();
                (persons.len(), within.iter().map(|(_, persons)| persons.len() as i64).sum::<i64>())
            };
            for range in &told {
                let (persons, rows) = inside(range);
                assert!(persons >= minimum, "seed {seed}: {range:?} has {persons} persons");
                assert_eq!(rows, range.2, "seed {seed}: {range:?}");
            }
            assert!(told.windows(2).all(|pair| pair[0].1 <= pair[1].0), "seed {seed}: {told:?} overlap");
            let all: BTreeSet<u32> = bins.iter().flat_map(|(_, persons)| persons.iter().copied()).collect();
            assert_eq!(told.is_empty(), all.len() < minimum || bins.is_empty(), "seed {seed}");
            // An end that is told has the minimum in its one bin: the smallest and largest value show nobody.
            if let (Some(first), Some(last)) = (told.first(), told.last()) {
                assert!(first.0 == grid::OPEN_LOW || first.1 == first.0 + 1, "seed {seed}: {first:?}");
                assert!(last.1 == grid::OPEN_HIGH || last.1 == last.0 + 1, "seed {seed}: {last:?}");
            }
        }
    }
}

#[test]
fn bins_out_of_order_are_an_error() {
    let person = Arc::new(Field::new("item", DataType::UInt32, false));
    let persons =
        ListArray::new(person, OffsetBuffer::from_lengths([1, 1]), Arc::new(UInt32Array::from(vec![1, 2])), None);
    let columns: Vec<ArrayRef> =
        vec![Arc::new(Int64Array::from(vec![2, 1])), Arc::new(Int64Array::from(vec![1, 1])), Arc::new(persons)];
    let cell: ArrayRef = Arc::new(StructArray::new(raw_items(), columns, None));
    assert!(read(&cell).is_err());
}
