//! Heads that were seen: the log's own checkpoint, cosigned ones, and what others remember.

use super::{Check, Report, Trust};
use crate::note::{Checkpoint, Head, Note, VerifierKey};
use crate::store::{ReadError, Reader};

/// What the walk compares its roots with.
#[derive(Debug, Default)]
pub(super) struct Heads {
    /// With the check that a difference is.
    expected: Vec<(Head, Check)>,
    /// The largest size that enough witnesses cosigned.
    pub(super) witnessed: u64,
    pub(super) signed: Option<Head>,
}

impl Heads {
    pub(super) fn read(reader: &Reader, trust: &Trust, report: &mut Report) -> Self {
        let mut heads = Self::default();
        match reader.checkpoint() {
            Ok(Some(note)) => heads.own(&note, trust, report),
            Ok(None) if reader.size().is_ok_and(|size| size == 0) => {}
            Ok(None) | Err(_) => report.find(Check::Checkpoint, None),
        }
        match reader.cosigned_whole() {
            Ok((notes, whole)) => {
                if !whole {
                    report.find(Check::Cosignature, None);
                }
                for note in notes {
                    heads.cosigned(&note, trust, report);
                }
            }
            Err(ReadError::Damaged(_)) => report.find(Check::Cosignature, None),
            Err(_) => report.find(Check::Read, None),
        }
        heads.expected.extend(trust.known.iter().map(|head| (*head, Check::Fork)));
        heads.expected.sort_unstable_by_key(|(head, check)| (head.size, *check));
        report.signed = heads.signed;
        heads
    }

    fn own(&mut self, note: &Note, trust: &Trust, report: &mut Report) {
        match opened(note, trust) {
            Some(head) => {
                self.signed = Some(head);
                self.expected.push((head, Check::Root));
                self.weigh(note, head, trust, report);
            }
            None => report.find(Check::Checkpoint, None),
        }
    }

    fn cosigned(&mut self, note: &Note, trust: &Trust, report: &mut Report) {
        match opened(note, trust) {
            Some(head) => {
                if self.weigh(note, head, trust, report) > 0 {
                    self.expected.push((head, Check::Fork));
                } else if !trust.witnesses.is_empty() {
                    report.find(Check::Cosignature, None);
                }
            }
            None => report.find(Check::Cosignature, None),
        }
    }

    /// Counts the cosignatures that verify.
    fn weigh(&mut self, note: &Note, head: Head, trust: &Trust, report: &mut Report) -> usize {
        let mut valid = 0;
        for witness in trust.witnesses.iter().filter(|witness| note.signature_of(witness).is_some()) {
            match note.verify(witness) {
                Ok(_) => valid += 1,
                Err(_) => report.find(Check::Cosignature, None),
            }
        }
        report.cosignatures += valid as u64;
        if valid >= trust.quorum {
            self.witnessed = self.witnessed.max(head.size);
        }
        valid
    }

    /// Compares the tree's head with what was seen at its size.
    pub(super) fn compare(&self, head: Head, report: &mut Report) {
        let from = self.expected.partition_point(|(seen, _)| seen.size < head.size);
        let same = self.expected[from..].iter().take_while(|(seen, _)| seen.size == head.size);
        for (_, check) in same.filter(|(seen, _)| seen.root != head.root) {
            report.find(*check, None);
        }
    }

    /// Sizes below `size` at which [`Heads::compare`] has something to say.
    pub(super) fn before(&self, size: u64) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.expected.iter().map(|(head, _)| head.size).take_while(|s| *s < size).collect();
        sizes.dedup();
        sizes
    }

    /// Sizes at which [`Heads::compare`] has something to say.
    pub(super) fn at(&self, size: u64) -> bool {
        self.expected.binary_search_by_key(&size, |(head, _)| head.size).is_ok()
    }

    /// Heads beyond the end.
    pub(super) fn beyond(&self, size: u64, report: &mut Report) {
        let Some((largest, _)) = self.expected.iter().rfind(|(head, check)| head.size > size && *check == Check::Fork)
        else {
            return;
        };
        // Entries that the log itself still claims to have are lost; what it no longer claims was rolled back.
        if self.signed.is_none_or(|own| own.size < largest.size) {
            report.find(Check::Rollback, Some(size));
        }
    }
}

fn opened(note: &Note, trust: &Trust) -> Option<Head> {
    let open = |key: &VerifierKey| Checkpoint::open(note, key).ok();
    trust.keys.iter().find_map(open).filter(|found| found.origin == trust.origin).map(|found| found.head)
}
