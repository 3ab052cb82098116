//! One statement that is an attack, against the guard and without it.

use renkei_attack::fixture::{Hospital, SITES};
use renkei_attack::{Bare, Seen, Target};
use renkei_e2e::{Consortium, Site};

/// Where a statement shows what it would do without the guard.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Control {
    /// At nodes with a minimum of one person: the release is what protects.
    Open,
    /// In the bare engine: the language is what protects.
    Bare,
}

/// A statement, and how one sees that it was of use.
pub struct Case {
    /// The attack of docs/security/attacks.md.
    pub id: &'static str,
    /// The statement.
    pub sql: String,
    /// Where it leaks.
    pub control: Control,
    /// Whether what came back tells of somebody.
    pub leaks: fn(&Seen) -> bool,
}

/// Five hospitals with planted persons, guarded and not.
pub struct Scene {
    /// As shipped.
    pub guarded: Consortium,
    /// The same records with a minimum of one person.
    pub open: Consortium,
    /// The records of the first site in an engine without a guard.
    pub bare: Bare,
}

impl Scene {
    /// Starts all of it.
    pub fn start() -> Self {
        let hospitals = || SITES.into_iter().zip(1..).map(|(site, seed)| (site, Hospital::planted(seed)));
        Self {
            guarded: Consortium::start(hospitals().map(|(site, records)| Site::with(site, records))),
            open: Consortium::open(hospitals().map(|(site, records)| Site::open(site, records))),
            bare: Bare::over(&Hospital::planted(1)),
        }
    }

    /// Asserts that each case holds, and would not without the guard.
    pub fn play(&self, cases: &[Case]) {
        let (guarded, open) = (Target::of(&self.guarded), Target::of(&self.open));
        let mut problems = Vec::new();
        for Case { id, sql, control, leaks } in cases {
            let held = guarded.ask(sql);
            if leaks(&held) {
                problems.push(format!("{id} leaks: {sql}: {:?}", held.cells));
            }
            let free = if *control == Control::Open { open.ask(sql) } else { self.bare.ask(sql) };
            if !leaks(&free) {
                problems.push(format!("{id} proves nothing: {sql}: {:?} {}", free.cells, free.said));
            }
            if *control == Control::Bare && !held.refused() {
                problems.push(format!("{id} is not refused: {sql}: {held:?}"));
            }
        }
        assert!(problems.is_empty(), "{}", problems.join("\n"));
    }
}

/// Any number in the column `n` of the first row, but for zero.
pub fn shown(seen: &Seen) -> bool {
    seen.number(0, "n").is_some_and(|n| n != 0.0)
}

/// Any row that has a value in each column.
pub fn listed(seen: &Seen) -> bool {
    seen.cells.iter().any(|row| row.iter().all(|cell| cell != "NULL"))
}
