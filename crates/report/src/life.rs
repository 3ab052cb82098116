//! What a log tells of the life of its program: how long it ran, and how old the records were that it answered from.
//!
//! A running log says something every minute. Where it said nothing for three, its program counts as down for the whole
//! of that time, whether it was stopped in order or not: for whoever asks, that is the same.

use std::time::Duration;

use renkei_audit::entry::{Body, Entry};
use renkei_audit_view::when;
use renkei_types::{SnapshotId, Timestamp};

use crate::Language;
use crate::document::{Cell, Section, Table};
use crate::tally::Source;

/// The longest time between two entries of a running log.
const SILENCE: Duration = Duration::from_secs(180);

const DAY: u64 = 86_400;

/// Gathered entry by entry, in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Life {
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    down: Duration,
    longest: Duration,
    times: u64,
    /// Seconds from the making of a snapshot to a question on it.
    ages: Vec<u64>,
    newest: Option<Timestamp>,
}

impl Life {
    /// Takes the next entry of the log.
    pub fn add(&mut self, entry: &Entry) {
        self.first.get_or_insert(entry.at);
        if let Some(before) = self.last {
            let silent = before.until(entry.at);
            if silent > SILENCE {
                self.down += silent;
                self.longest = self.longest.max(silent);
                self.times += 1;
            }
        }
        self.last = Some(entry.at);
        if let Body::Intent(intent) = &entry.body {
            for made in intent.snapshots.as_slice().iter().filter_map(made) {
                self.ages.push(made.until(entry.at).as_secs());
                self.newest = self.newest.max(Some(made));
            }
        }
    }

    /// The share of the time from first to last entry in which the program ran, in thousandths.
    #[must_use]
    pub fn uptime(&self) -> Option<u64> {
        let whole = self.first?.until(self.last?).as_secs();
        let up = whole.saturating_sub(self.down.as_secs());
        (whole > 0).then(|| up * 1_000 / whole)
    }

    /// The median age of the records that questions were answered from, in days.
    #[must_use]
    pub fn age(&self) -> Option<u64> {
        let mut ages = self.ages.clone();
        ages.sort_unstable();
        ages.get(ages.len() / 2).map(|seconds| seconds / DAY)
    }
}

/// When a snapshot was made, which its id begins with: `20261122t193200z-…`.
fn made(id: &SnapshotId) -> Option<Timestamp> {
    let (time, _) = id.as_str().split_once('-')?;
    let digits = time.strip_suffix('z')?.split_once('t').filter(|(day, clock)| day.len() == 8 && clock.len() == 6)?;
    let part = |text: &str, from: usize, to: usize| text.get(from..to).map(str::to_owned);
    let (day, clock) = digits;
    let (year, month, date) = (part(day, 0, 4)?, part(day, 4, 6)?, part(day, 6, 8)?);
    let (hour, minute) = (part(clock, 0, 2)?, part(clock, 2, 4)?);
    when::parse(&format!("{year}-{month}-{date}T{hour}:{minute}:00Z")).map(|(at, _)| at)
}

/// Uptime and freshness of each program whose log was counted.
pub(crate) fn section(sources: &[Source], language: Language) -> Section {
    let mut table = Table::new(&[
        language.pick("log", "ログ"),
        language.pick("from", "最初の記録"),
        language.pick("to", "最後の記録"),
        language.pick("up (%)", "稼働率(%)"),
        language.pick("times down", "停止回数"),
        language.pick("longest (min)", "最長停止(分)"),
        language.pick("records' age (days)", "データの経過日数"),
        language.pick("newest records", "最新のデータ"),
    ]);
    let dash = || Cell::text("–");
    let time = |at: Option<Timestamp>| at.map_or_else(dash, |at| Cell::text(&when::day(at)));
    for Source { origin, life, .. } in sources {
        let up = life.uptime().map_or_else(dash, |share| Cell::text(&format!("{}.{}", share / 10, share % 10)));
        table.rows.push(vec![
            Cell::text(origin.as_str()),
            time(life.first),
            time(life.last),
            up,
            Cell::Number(life.times),
            Cell::Number(life.longest.as_secs() / 60),
            life.age().map_or_else(dash, Cell::Number),
            time(life.newest),
        ]);
    }
    let note = language.pick(
        "A program counts as down where its log was silent for more than three minutes. The age is the median, over the \
         questions, of the time since the records were last taken over; only a hospital's own log tells it.",
        "ログに3分を超える無記録がある間を停止とみなします。経過日数は、照会時点での取り込みからの日数の中央値です(病院のログからのみ分かります)。",
    );
    Section {
        title: language.pick("Uptime and freshness", "稼働状況とデータの鮮度").into(),
        note: Some(note.into()),
        table,
    }
}

#[cfg(test)]
mod tests {
    use renkei_audit::entry::{ClockState, Count, Heartbeat, Version};
    use renkei_audit::note::Origin;
    use renkei_audit::tree::Hash;

    use super::*;

    #[test]
    fn silence_is_counted_as_a_whole_and_an_id_tells_its_time() {
        let mut life = Life::default();
        assert_eq!((life.uptime(), life.age()), (None, None));
        for minute in [0, 1, 2, 5, 15, 16, 20] {
            let beat = Heartbeat { beat: Count::default(), clock: ClockState::Free, root: Hash::empty() };
            life.add(&Entry {
                at: Timestamp(minute * 60_000_000),
                body: Body::Heartbeat(beat),
                log: Origin::new("renkei://c/site/tokyo").unwrap(),
                seq: 0,
                v: Version,
            });
        }
        // Down from 5 to 15 and from 16 to 20; three minutes are no more than a running log may be silent.
        assert_eq!((life.times, life.longest.as_secs(), life.uptime()), (2, 600, Some(300)));
        let id = |text| SnapshotId::new(text).unwrap();
        assert_eq!(made(&id("20260921t141320z-0123456789ab")), Some(Timestamp(1_790_000_000_000_000 - 20_000_000)));
        for none in ["s-1", "20261322t000000z-0", "2026t00z-1", "20260921t1413z-0"] {
            assert_eq!(made(&id(none)), None, "{none}");
        }
    }
}
