//! Ten thousand changed logs, with and without the log's key: every one is found, each by the check that is meant for
//! it.

use std::path::Path;
use std::time::Duration;

use rand::RngCore as _;
use rand_chacha::ChaCha20Rng;
use renkei_audit::entry::{Act, Body, ClockState, Count, Draft, Entry, Heartbeat, Line, Opening, State, Version};
use renkei_audit::note::{Checkpoint, Head, Note};
use renkei_audit::store::Reader;
use renkei_audit::tree::{Frontier, Hash, Row, Rows, TileId, WIDTH, bundle};
use renkei_audit::verify::{Check, Report, Trust, verify};
use renkei_types::Timestamp;

use crate::common::*;

/// A log in memory: encoded entries with their openings.
#[derive(Clone)]
struct Story {
    leaves: Vec<(Vec<u8>, Vec<Opening>)>,
}

/// What a mutation leaves behind: the entries, and the notes that go with them.
struct Laid {
    story: Story,
    checkpoint: Note,
    cosigned: Vec<Note>,
    /// Bytes that are changed in the files: path, and what to do with its bytes.
    harm: Option<(String, Harm)>,
}

enum Harm {
    Flip(usize),
    Remove,
}

const SECOND: i64 = 1_000_000;

/// Numbers, dates and beats the drafts as the log would.
fn tell(drafts: Vec<(Draft, i64)>) -> Story {
    let (mut frontier, mut leaves, mut beats) = (Frontier::default(), Vec::new(), 0);
    for (draft, at) in drafts {
        let mut body = draft.body;
        if let Body::Heartbeat(beat) = &mut body {
            beats += 1;
            (beat.beat, beat.root) = (Count::saturating(beats), frontier.root());
        }
        let log = node_key().verifier().name().clone();
        let entry = Entry { at: Timestamp(at), body, log, seq: frontier.size(), v: Version }.encode().unwrap();
        frontier.push(Hash::leaf(&entry));
        leaves.push((entry, draft.openings));
    }
    Story { leaves }
}

fn beat() -> Draft {
    let beat = Heartbeat { beat: Count::default(), clock: ClockState::Synchronised, root: Hash::empty() };
    Body::Heartbeat(beat).into()
}

/// An honest log of about `5 · count` entries.
fn honest(count: u64) -> Vec<(Draft, i64)> {
    let (mut rng, mut drafts, mut at) = (rng(3), Vec::new(), START);
    let mut add = |draft: Draft, seconds: i64| {
        at += seconds * SECOND;
        drafts.push((draft, at));
    };
    add(beat(), 0);
    for n in 0..count {
        add(intent(n, &["tokyo"], &mut rng), 20);
        add(outcome(n, State::Answered, None), 1);
        match n % 3 {
            0 => add(refusal(n), 5),
            1 => add(admin(Act::LogRead), 5),
            _ => {}
        }
        add(beat(), 60);
    }
    drafts
}

impl Story {
    fn len(&self) -> u64 {
        self.leaves.len() as u64
    }

    fn head(&self, size: u64) -> Head {
        let mut frontier = Frontier::default();
        self.leaves.iter().take(usize::try_from(size).unwrap()).for_each(|(leaf, _)| frontier.push(Hash::leaf(leaf)));
        Head { root: frontier.root(), size }
    }

    fn sign(&self, size: u64, witnessed: bool) -> Note {
        let origin = node_key().verifier().name().clone();
        let checkpoint = Checkpoint { origin, head: self.head(size), extensions: Vec::new() };
        let mut note = checkpoint.sign(&node_key()).unwrap();
        if witnessed {
            note.cosign(&witness_key(), 1_790_000_000).unwrap();
        }
        note
    }

    fn entry(&self, index: usize) -> Entry {
        Entry::decode(&self.leaves[index].0).unwrap()
    }

    /// Changes an entry in place, without anything else.
    fn edit(&mut self, index: usize, change: impl FnOnce(&mut Entry)) {
        let mut entry = self.entry(index);
        change(&mut entry);
        self.leaves[index].0 = entry.encode().unwrap();
    }

    /// The bodies with their times, to be told again.
    fn drafts(&self) -> Vec<(Draft, i64)> {
        let draft = |(leaf, openings): &(Vec<u8>, Vec<Opening>)| {
            let entry = Entry::decode(leaf).unwrap();
            (Draft { body: entry.body, openings: openings.clone() }, entry.at.0)
        };
        self.leaves.iter().map(draft).collect()
    }
}

/// Writes a published copy: no journal, partial tiles at the end.
fn lay(root: &Path, laid: &Laid) {
    let put = |path: String, bytes: Vec<u8>| {
        let path = root.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    };
    let bytes = |hashes: &[Hash]| hashes.iter().flat_map(|hash| hash.0).collect::<Vec<u8>>();
    let mut rows = Rows::default();
    for (number, part) in (0_u64..).zip(laid.story.leaves.chunks(WIDTH)) {
        let entries: Vec<&[u8]> = part.iter().map(|(leaf, _)| &leaf[..]).collect();
        put(TileId { row: Row::Entries, index: number, width: part.len() }.path(), bundle(&entries).unwrap());
        let openings: Vec<Vec<Opening>> = part.iter().map(|(_, openings)| openings.clone()).collect();
        put(format!("openings/{}/{number}", number / 1_000), openings_file(&openings));
        for (leaf, _) in part {
            for tile in rows.push(Hash::leaf(leaf)) {
                put(TileId::full(Row::Hashes(tile.level), tile.index).path(), bytes(&tile.hashes));
            }
        }
    }
    for (level, (index, row)) in (0_u8..).zip(rows.partial()) {
        if !row.is_empty() {
            put(TileId { row: Row::Hashes(level), index: *index, width: row.len() }.path(), bytes(row));
        }
    }
    put("checkpoint".into(), laid.checkpoint.to_string().into_bytes());
    let notes = laid.cosigned.iter().map(|note| format!("{}\n{note}", note.to_string().len()));
    put("cosigned".into(), notes.collect::<String>().into_bytes());
    match &laid.harm {
        Some((path, Harm::Flip(bit))) => {
            let mut bytes = std::fs::read(root.join(path)).unwrap();
            let bit = bit % (bytes.len() * 8);
            bytes[bit / 8] ^= 1 << (bit % 8);
            std::fs::write(root.join(path), bytes).unwrap();
        }
        Some((path, Harm::Remove)) => std::fs::remove_file(root.join(path)).unwrap(),
        None => {}
    }
}

/// The honest log, and what the witness last saw of it.
struct World {
    story: Story,
    seen: Head,
}

impl World {
    fn new(count: u64) -> Self {
        let story = tell(honest(count));
        let seen = story.head(story.len() / 2);
        Self { story, seen }
    }

    fn trust(&self) -> Trust {
        Trust {
            witnesses: vec![witness_key().verifier().clone()],
            quorum: 1,
            known: vec![self.seen],
            delay: Duration::from_secs(30),
            complete: true,
            openings: true,
            ..Trust::new(node_key().verifier().clone(), self.story.entry(self.story.leaves.len() - 1).at)
        }
    }

    fn honest(&self) -> Laid {
        let (story, len) = (self.story.clone(), self.story.len());
        let cosigned = vec![story.sign(len / 3, true), story.sign(self.seen.size, true)];
        Laid { checkpoint: story.sign(len, true), story, cosigned, harm: None }
    }

    /// Everything that the log's key can sign again is; the witness gives nothing.
    fn signed_anew(&self, story: Story) -> Laid {
        let cosigned = vec![self.story.sign(self.seen.size.min(story.len()) / 3, true)];
        Laid { checkpoint: story.sign(story.len(), false), story, cosigned, harm: None }
    }

    fn harmed(&self, path: String, harm: Harm) -> Laid {
        Laid { harm: Some((path, harm)), ..self.honest() }
    }

    /// The files of a kind.
    fn path(&self, row: Row, rng: &mut ChaCha20Rng) -> String {
        let (full, rest) = (self.story.leaves.len() / WIDTH, self.story.leaves.len() % WIDTH);
        match below(rng, full + 1) {
            n if n < full => TileId::full(row, n as u64).path(),
            n => TileId { row, index: n as u64, width: rest }.path(),
        }
    }

    /// An entry that the witness has seen, or has not.
    fn pick(&self, seen: bool, rng: &mut ChaCha20Rng, fits: impl Fn(&Body) -> bool) -> usize {
        let split = usize::try_from(self.seen.size).unwrap();
        loop {
            let range = if seen { 1..split } else { split..self.story.leaves.len() - 1 };
            let index = range.start + below(rng, range.len());
            if fits(&self.story.entry(index).body) {
                return index;
            }
        }
    }
}

type Mutation = fn(&World, &mut ChaCha20Rng) -> (Laid, &'static [Check]);

fn any(_: &Body) -> bool {
    true
}

/// Each kind of change with the checks that are meant for it, one of which must find it.
const WITHOUT_KEY: [(&str, Mutation); 11] = [
    ("flip in an entry", |w, rng| {
        let path = w.path(Row::Entries, rng);
        (w.harmed(path, Harm::Flip(below(rng, usize::MAX))), &[Check::Root, Check::Read])
    }),
    ("flip in a tile", |w, rng| {
        let path = w.path(Row::Hashes(0), rng);
        (w.harmed(path, Harm::Flip(below(rng, usize::MAX))), &[Check::Tile])
    }),
    ("flip in the checkpoint", |w, rng| {
        let checks = &[Check::Checkpoint, Check::Cosignature, Check::Unwitnessed];
        (w.harmed("checkpoint".into(), Harm::Flip(below(rng, usize::MAX))), checks)
    }),
    ("flip in the cosigned checkpoints", |w, rng| {
        (w.harmed("cosigned".into(), Harm::Flip(below(rng, usize::MAX))), &[Check::Cosignature])
    }),
    ("flip in an opening", |w, rng| {
        (w.harmed("openings/0/0".into(), Harm::Flip(below(rng, usize::MAX))), &[Check::Opening])
    }),
    ("drop", |w, rng| {
        let mut laid = w.honest();
        laid.story.leaves.remove(w.pick(rng.next_u64() % 2 == 0, rng, any));
        (laid, &[Check::Lost])
    }),
    ("insert", |w, rng| {
        let mut laid = w.honest();
        let at = w.pick(rng.next_u64() % 2 == 0, rng, any);
        let leaf = laid.story.leaves[below(rng, w.story.leaves.len())].clone();
        laid.story.leaves.insert(at, leaf);
        laid.story.leaves.pop();
        (laid, &[Check::Root])
    }),
    ("swap", |w, rng| {
        let mut laid = w.honest();
        let at = w.pick(rng.next_u64() % 2 == 0, rng, any);
        laid.story.leaves.swap(at, at - 1);
        (laid, &[Check::Root])
    }),
    ("truncate", |w, rng| {
        let mut laid = w.honest();
        laid.story.leaves.truncate(below(rng, w.story.leaves.len()));
        (laid, &[Check::Lost])
    }),
    ("remove a file of entries", |w, rng| {
        let path = w.path(Row::Entries, rng);
        (w.harmed(path, Harm::Remove), &[Check::Lost])
    }),
    ("roll back to an older copy", |w, rng| {
        let size = 1 + rng.next_u64() % (w.seen.size - 1);
        let mut laid = w.honest();
        laid.story.leaves.truncate(usize::try_from(size).unwrap());
        laid.checkpoint = w.story.sign(size, true);
        laid.cosigned.clear();
        (laid, &[Check::Rollback])
    }),
];

const WITH_KEY: [(&str, Mutation); 14] = [
    ("edit what a witness saw", |w, rng| {
        let mut drafts = w.story.drafts();
        let at = w.pick(true, rng, |body| matches!(body, Body::Outcome(_)));
        if let Body::Outcome(outcome) = &mut drafts[at].0.body {
            outcome.cells.released = Count::saturating(0);
        }
        (w.signed_anew(tell(drafts)), &[Check::Fork])
    }),
    ("drop what a witness saw", |w, rng| {
        let mut drafts = w.story.drafts();
        drafts.remove(w.pick(true, rng, any));
        (w.signed_anew(tell(drafts)), &[Check::Fork])
    }),
    ("drop without new numbers", |w, rng| {
        let mut story = w.story.clone();
        story.leaves.remove(w.pick(rng.next_u64() % 2 == 0, rng, any));
        (w.signed_anew(story), &[Check::Sequence])
    }),
    ("swap without new numbers", |w, rng| {
        let mut story = w.story.clone();
        let at = w.pick(rng.next_u64() % 2 == 0, rng, any);
        story.leaves.swap(at, at - 1);
        (w.signed_anew(story), &[Check::Sequence])
    }),
    ("swap with new numbers", |w, rng| {
        let mut drafts = w.story.drafts();
        let at = w.pick(rng.next_u64() % 2 == 0, rng, any);
        drafts.swap(at, at - 1);
        (w.signed_anew(tell(drafts)), &[Check::Time])
    }),
    ("truncate and sign", |w, rng| {
        let mut story = w.story.clone();
        story.leaves.truncate(1 + below(rng, usize::try_from(w.seen.size).unwrap() - 1));
        (w.signed_anew(story), &[Check::Rollback])
    }),
    ("fork", |w, rng| {
        let at = w.pick(true, rng, any);
        let mut drafts = w.story.drafts();
        for draft in &mut drafts[at..] {
            draft.1 += SECOND;
        }
        drafts.push((beat(), drafts[drafts.len() - 1].1 + SECOND));
        (w.signed_anew(tell(drafts)), &[Check::Fork])
    }),
    ("replay a heartbeat", |w, rng| {
        let old = w.story.entry(w.pick(true, rng, |body| matches!(body, Body::Heartbeat(_))));
        let mut story = w.story.clone();
        let last = story.leaves.len() - 1;
        story.edit(last, |entry| entry.body = old.body.clone());
        (w.signed_anew(story), &[Check::Heartbeat])
    }),
    ("insert an outcome", |w, rng| {
        let mut drafts = w.story.drafts();
        let at = w.pick(false, rng, any);
        let number = below(rng, 100_000) as u64;
        drafts.insert(at, (outcome(number, State::Answered, None), drafts[at].1));
        (w.signed_anew(tell(drafts)), &[Check::Pair])
    }),
    ("drop an outcome", |w, rng| {
        let mut drafts = w.story.drafts();
        drafts.remove(w.pick(false, rng, |body| matches!(body, Body::Outcome(_))));
        (w.signed_anew(tell(drafts)), &[Check::Open])
    }),
    ("drop a question", |w, rng| {
        // Not the last of its project, whose absence only the other side knows.
        let last = w.story.leaves.len() - 45;
        let at = loop {
            let at = w.pick(false, rng, |body| matches!(body, Body::Intent(_)));
            if at < last {
                break at;
            }
        };
        let mut drafts = w.story.drafts();
        drafts.drain(at..at + 2);
        (w.signed_anew(tell(drafts)), &[Check::Project])
    }),
    ("take an entry of another log", |w, rng| {
        let mut story = w.story.clone();
        let at = w.pick(false, rng, any);
        story.edit(at, |entry| entry.log = gateway_key().verifier().name().clone());
        (w.signed_anew(story), &[Check::Origin])
    }),
    ("drop a stretch", |w, rng| {
        let mut drafts = w.story.drafts();
        let from = w.pick(false, rng, any).min(drafts.len() - 16);
        drafts.drain(from..from + 15);
        (w.signed_anew(tell(drafts)), &[Check::Silence])
    }),
    ("spell an entry in another way", |w, rng| {
        let mut story = w.story.clone();
        let at = w.pick(false, rng, any);
        let leaf = &mut story.leaves[at].0;
        match below(rng, 3) {
            0 => leaf.push(b' '),
            1 => *leaf = String::from_utf8(leaf.clone()).unwrap().replacen(':', ": ", 1).into_bytes(),
            _ => _ = leaf.pop(),
        }
        (w.signed_anew(story), &[Check::Leaf])
    }),
];

fn report(world: &World, laid: &Laid) -> Report {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path(), laid);
    verify(&Reader::new(folder.path()), &world.trust())
}

#[test]
fn the_honest_log_is_sound() {
    for count in [64, 200] {
        let world = World::new(count);
        let report = report(&world, &world.honest());
        assert!(report.findings.is_empty(), "{:?}", report.sentences(false));
        assert!(world.story.len() > 200 && world.story.len() as usize % WIDTH > 50);
        assert!(Line::<32>::new(report.sentences(true).join("")).is_ok());
    }
}

#[test]
fn ten_thousand_changed_logs_are_found_each_by_its_check() {
    let mutations: Vec<_> = WITHOUT_KEY.into_iter().chain(WITH_KEY).collect();
    let worlds = [World::new(36), World::new(64)];
    let share = |thread: u64| {
        let mut rng = rng(100 + thread);
        for round in (thread..10_000).step_by(2) {
            let (name, mutation) = mutations[usize::try_from(round / 2).unwrap() % mutations.len()];
            let world = &worlds[usize::from(round % 40 < 4)];
            let (laid, meant) = mutation(world, &mut rng);
            let report = report(world, &laid);
            let found = meant.iter().any(|check| report.has(*check));
            assert!(found && !report.sound(), "round {round}, {name}: {:?}", report.sentences(false));
        }
    };
    std::thread::scope(|scope| {
        let both = [scope.spawn(|| share(0)), scope.spawn(|| share(1))];
        both.into_iter().for_each(|thread| thread.join().unwrap());
    });
}
