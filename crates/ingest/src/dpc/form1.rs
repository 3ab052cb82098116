//! 様式1: many lines per stay, brought together before the stay is told.
//!
//! Lines of one stay stand together in practice, but nothing says they must: a file may be sorted by item. So stays
//! stay open until the file ends or [`OPEN_BYTES`] of lines wait; then the oldest is told. What comes of a stay after
//! that is rejected: half a stay under the key of the whole would replace it.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufRead};

use super::layout::form1::SUMMARY;
use super::line::Line;
use super::origin::Origin;
use super::sink::Sink;
use super::{Input, remarks, stay};
use crate::charset::Charset;
use crate::{Rule, Rules};

/// How many bytes of lines of 様式1 wait for the rest of their stay; some 10,000 stays.
pub const OPEN_BYTES: usize = 32 << 20;

/// What a line that waits costs beyond its bytes.
const LINE_COST: usize = 32;

pub(super) fn read<R: BufRead>(input: &mut Input<'_, R>, sink: &mut Sink<'_>) -> io::Result<()> {
    let (origin, rules) = (input.origin, input.rules);
    let mut open = Open::new(OPEN_BYTES);
    input.each(sink, origin.layout.form1, &mut |line, sink| open.take(line, &origin, rules, sink))?;
    while sink.listens() && open.tell(&origin, rules, sink) {}
    Ok(())
}

/// A line that waits: its number and its bytes.
pub(super) type Waiting = (u64, Box<[u8]>);

/// Stays that are not told yet, by the columns that name them.
struct Open {
    limit: usize,
    bytes: usize,
    stays: HashMap<Box<[u8]>, Vec<Waiting>>,
    order: VecDeque<Box<[u8]>>,
    /// Hashes of stays that were told while lines were still read.
    told: HashSet<u64>,
    charset: Charset,
}

impl Open {
    fn new(limit: usize) -> Self {
        let (stays, order, told) = (HashMap::new(), VecDeque::new(), HashSet::new());
        Self { limit, bytes: 0, stays, order, told, charset: Charset::default() }
    }

    fn take(&mut self, line: &Line, origin: &Origin, rules: &Rules, sink: &mut Sink<'_>) {
        let key = line.prefix(SUMMARY);
        self.charset = line.charset();
        if !self.told.is_empty() && self.told.contains(&hash(key)) {
            sink.out.remark(&remarks::APART);
            return sink.reject(line, Rule::Format, None);
        }
        self.bytes += line.bytes().len() + LINE_COST;
        let waiting = (line.number(), line.bytes().into());
        if let Some(lines) = self.stays.get_mut(key) {
            lines.push(waiting);
        } else {
            self.order.push_back(key.into());
            self.stays.insert(key.into(), vec![waiting]);
        }
        while self.bytes > self.limit {
            if let Some(oldest) = self.order.front() {
                self.told.insert(hash(oldest));
            }
            if !self.tell(origin, rules, sink) {
                break;
            }
        }
    }

    /// Tells the stay that has waited longest; whether there was one.
    fn tell(&mut self, origin: &Origin, rules: &Rules, sink: &mut Sink<'_>) -> bool {
        let Some(key) = self.order.pop_front() else { return false };
        let lines = self.stays.remove(&key).unwrap_or_default();
        self.bytes -= lines.iter().map(|(_, bytes)| bytes.len() + LINE_COST).sum::<usize>().min(self.bytes);
        stay::tell(&lines, self.charset, origin, rules, sink);
        true
    }
}

fn hash(key: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Extract;
    use crate::dpc::layout::Layout;

    #[test]
    fn a_stay_that_was_told_takes_no_more_lines() {
        let mut all = Extract::default();
        let mut each = |extract: Extract| {
            all.statements.extend(extract.statements);
            all.rejects.extend(extract.rejects);
            all.remarks.merge(&extract.remarks);
            true
        };
        let mut sink = Sink::new("FF1.txt", &mut each);
        let (layout, _) = Layout::of(2026);
        let origin = Origin { layout, version: 202_604 };
        let mut open = Open::new(400);
        let mut line = Line::default();
        for (number, patient) in ["1", "2", "3", "4", "5", "1"].iter().enumerate() {
            let text =
                format!("131234567\t{patient}\t20260401\t0\t0\tA000010\t20140401\t0\t19500101\t1\t1000001\t\t\t\t\t\t");
            line.restore(text.as_bytes(), number as u64 + 1, Charset::Cp932);
            open.take(&line, &origin, &Rules::default(), &mut sink);
        }
        while open.tell(&origin, &Rules::default(), &mut sink) {}
        sink.finish();
        assert_eq!(
            all.rejects.iter().map(|reject| (reject.line, reject.rule)).collect::<Vec<_>>(),
            [(6, Rule::Format)]
        );
        assert_eq!(all.remarks.count(&remarks::APART), 1);
        let persons = all.statements.iter().filter(|(_, statement)| statement.key == "dpc/person").count();
        assert_eq!(persons, 5);
    }
}
