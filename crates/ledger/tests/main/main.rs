//! The ledger against a model that compares everything with everything, and against a disk that forgets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod damage;
mod model;
mod registered;
mod workload;

use std::borrow::Cow;
use std::collections::BTreeMap;

use renkei_disclosure::{Brings, Contributions, Offer, Part, PersonPart};
use renkei_ledger::Asking;
use renkei_policy::Mode;
use renkei_types::{ProjectId, QueryId, SnapshotId, Timestamp};

/// Person → rows and value.
type People = BTreeMap<u32, (u32, i64)>;

fn contributions(people: &People) -> Contributions {
    let part = |(person, (rows, sum)): (&u32, &(u32, i64))| PersonPart {
        person: *person,
        rows: *rows,
        sum: *sum,
        amount: *sum as f64,
    };
    Contributions::from_parts(people.iter().map(part).collect())
}

fn offer(exact: &Contributions, value: i64, base: bool) -> Offer<'_> {
    let part = Part::Cell { point: 0, cell: 0, state: None };
    let value = value.to_le_bytes().to_vec();
    Offer { part, persons: Cow::Borrowed(exact.persons()), brings: Brings::Parts(exact), value, base }
}

fn asking(mode: Mode, minimum: u32) -> Asking {
    Asking {
        project: ProjectId::new("dm").unwrap(),
        query: QueryId::new("q1").unwrap(),
        snapshot: SnapshotId::new("s1").unwrap(),
        mode,
        minimum,
        now: Timestamp(0),
        statement: [0; 32],
        exemption: None,
    }
}

/// Everybody from `start`, `count` of them, with one row each.
fn crowd(start: u32, count: u32) -> People {
    (start..start + count).map(|person| (person, (1, 0))).collect()
}
