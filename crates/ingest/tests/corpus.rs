//! The corpus of the fuzz targets, and small changes of it, through every parser of foreign bytes.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

#[path = "../../../tests/fuzz/src/lib.rs"]
mod fuzz;

/// A larger file belongs into no repository.
const MAX_BYTES: usize = 8 << 10;
/// Changes of each file, fewer of targets that go through the disk.
const CHANGES: u64 = 200;
const CHANGES_ON_DISK: u64 = 25;

fn folder() -> PathBuf {
    PathBuf::from("../../tests/fuzz/corpus")
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn seeds(target: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = sorted(&folder().join(target));
    paths.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

/// The numbers of `splitmix64`.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % end.max(1) as u64).unwrap()
    }
}

/// What parsers look for, or stumble over.
const PIECES: [&[u8]; 16] = [
    b"\r",
    b"\n",
    b"|",
    b"^~\\&",
    b"\t",
    b"\"",
    b",",
    b"{}",
    b"\0",
    b"\xff",
    b"\x1b$B",
    b"\x1b(B",
    b"99999999999999999999",
    b"20240231",
    "\u{ff0d}".as_bytes(),
    b"\x82",
];

/// One to four small changes.
fn change(bytes: &mut Vec<u8>, random: &mut Random) {
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = (at + 1 + random.below(16)).min(bytes.len());
        match random.below(5) {
            0 => {
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= 1 << random.below(8);
                }
            }
            1 => drop(bytes.drain(at.min(end)..end)),
            2 => {
                let again = bytes[at.min(end)..end].to_vec();
                bytes.splice(at..at, again);
            }
            3 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].iter().copied())),
            _ if random.below(4) == 0 => bytes.truncate(at),
            _ => drop(bytes.splice(at.min(end)..end, PIECES[random.below(PIECES.len())].iter().copied())),
        }
    }
}

#[test]
fn every_target_has_a_corpus_of_small_files() {
    let folders: Vec<_> =
        sorted(&folder()).iter().map(|path| path.file_name().unwrap().to_str().unwrap().to_owned()).collect();
    let mut targets: Vec<_> = fuzz::TARGETS.iter().map(|(name, _)| *name).collect();
    targets.sort_unstable();
    assert_eq!(folders, targets);
    let programs = sorted(&folder().join("../fuzz_targets"));
    let programs: Vec<_> = programs.iter().map(|path| path.file_stem().unwrap().to_str().unwrap()).collect();
    assert_eq!(programs, targets);
    for (path, bytes) in targets.iter().flat_map(|target| seeds(target)) {
        assert!(bytes.len() <= MAX_BYTES, "{}", path.display());
    }
    assert!(targets.iter().all(|target| seeds(target).len() >= 5));
}

#[test]
fn the_corpus_and_changes_of_it_break_no_promise() {
    for (place, (name, target)) in (1..).zip(fuzz::TARGETS) {
        let changes = if name.ends_with("_csv") { CHANGES_ON_DISK } else { CHANGES };
        for (path, seed) in seeds(name) {
            target(&seed);
            let mut random = Random(place);
            for number in 0..changes {
                let mut bytes = seed.clone();
                change(&mut bytes, &mut random);
                if catch_unwind(AssertUnwindSafe(|| target(&bytes))).is_err() {
                    panic!("change {number} of {}: {}", path.display(), bytes.escape_ascii());
                }
            }
        }
    }
}
