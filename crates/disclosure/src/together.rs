//! The rules that look at all release points of an answer: parts that differ by few persons do not leave together.

use roaring::RoaringBitmap;

use crate::overlap::{Few, Seen};
use crate::review::{Point, Reviewed};
use crate::rules::Reason;

impl Reviewed {
    /// The rules that look at all cells of the answer together.
    pub(crate) fn together(&mut self) {
        let mut seen = Seen::default();
        let minimum = self.minimum;
        let few = Few { minimum, strict: self.strict };
        let several = self.points.len() > 1;
        for (index, point) in self.points.iter_mut().enumerate() {
            if several {
                point.clips_alone(minimum);
            }
            loop {
                point.complement(minimum);
                if !several || !apart(index, point, &seen, few) {
                    break;
                }
            }
            if several {
                remember(index, point, &mut seen);
            }
        }
    }
}

/// Holds what differs by few from what leaves with an earlier release point; true where something was.
fn apart(index: usize, point: &mut Point, seen: &Seen, few: Few) -> bool {
    let mut changed = false;
    let aspects: Vec<_> = point.aspects().filter(|_| !point.states.is_empty()).collect();
    for aspect in aspects {
        for cell in 0..point.rows {
            let Some(set) = point.contributions(aspect, cell).filter(|_| point.shows(aspect, cell)) else { continue };
            let within = || {
                let inside = seen.within(index, set.persons());
                !inside.is_empty() && few.holds(set.persons().difference_len(&inside))
            };
            if seen.near(index, set.persons(), few) || within() {
                point.withhold(aspect, cell, Reason::Overlap);
                changed = true;
            }
        }
        let level_cells: Vec<Vec<usize>> = point.levels.sets().map(<[usize]>::to_vec).collect();
        for cells in level_cells {
            changed |= divided(index, point, aspect, &cells, seen, few);
        }
    }
    changed
}

/// Holds the smallest part of a set that an earlier release point shows as a whole, where the parts lack few of it.
fn divided(index: usize, point: &mut Point, aspect: Option<usize>, cells: &[usize], seen: &Seen, few: Few) -> bool {
    let shown: Vec<usize> = cells.iter().copied().filter(|cell| point.shows(aspect, *cell)).collect();
    let mut wholes: Vec<RoaringBitmap> = Vec::new();
    for cell in &shown {
        let Some(set) = point.contributions(aspect, *cell) else { continue };
        for whole in seen.around(index, set.persons()) {
            if !wholes.contains(whole) {
                wholes.push(whole.clone());
            }
        }
    }
    let mut changed = false;
    for whole in wholes {
        loop {
            let parts: Vec<(u64, usize)> = shown
                .iter()
                .filter(|cell| point.shows(aspect, **cell))
                .filter_map(|cell| point.contributions(aspect, *cell).map(|set| (set, *cell)))
                .filter(|(set, _)| set.persons().is_subset(&whole))
                .map(|(set, cell)| (set.len(), cell))
                .collect();
            let sets = parts.iter().filter_map(|(_, cell)| point.contributions(aspect, *cell));
            let union = sets.fold(RoaringBitmap::new(), |union, set| union | set.persons());
            let smallest = parts.iter().min().filter(|_| few.holds(whole.difference_len(&union)));
            let Some((_, cell)) = smallest.copied() else { break };
            point.withhold(aspect, cell, Reason::Overlap);
            changed = true;
        }
    }
    changed
}

fn remember(index: usize, point: &Point, seen: &mut Seen) {
    for aspect in point.aspects().filter(|_| !point.states.is_empty()) {
        for cell in (0..point.rows).filter(|cell| point.shows(aspect, *cell)) {
            if let Some(set) = point.contributions(aspect, cell) {
                seen.add(index, set.persons());
            }
        }
        for union in point.unions(aspect) {
            seen.add(index, &union);
        }
    }
}
