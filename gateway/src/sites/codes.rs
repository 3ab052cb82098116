//! The codes in use at a site, as far as it publishes them, checked before they are shown to anybody.

use renkei_proto::v1::{CodeInUse, CodesResponse};
use renkei_types::SnapshotId;

use super::plain;

/// Codes of one site that are taken.
const MAX_CODES: usize = 20_000;

/// A site's codes in one snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Codes {
    pub(crate) snapshot: Option<SnapshotId>,
    pub(crate) codes: Vec<Code>,
}

/// A code with its unit in one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) table: String,
    pub(crate) system: String,
    pub(crate) code: String,
    /// None where rows have no unit.
    pub(crate) unit: Option<String>,
    pub(crate) persons: u64,
    /// Percent of its rows with concept 0.
    pub(crate) unmapped: u32,
}

impl Codes {
    /// Takes a site's list; what is not a table of the CDM, or not a number, is left out.
    pub(crate) fn read(wire: CodesResponse) -> Self {
        let snapshot = SnapshotId::new(wire.snapshot_id).ok();
        let codes = if wire.published { wire.codes } else { Vec::new() };
        Self { snapshot, codes: codes.into_iter().take(MAX_CODES).filter_map(code).collect() }
    }
}

fn code(wire: CodeInUse) -> Option<Code> {
    let table = renkei_cdm::table(&wire.table)?.name.to_owned();
    let (system, code) = (plain(&wire.system), plain(&wire.code));
    let unit = Some(plain(&wire.unit)).filter(|unit| !unit.is_empty());
    let counted = wire.persons_binned > 0 && wire.persons_binned < 1 << 48 && wire.percent_unmapped <= 100;
    let named = !system.is_empty() && !code.is_empty();
    (counted && named).then_some(Code {
        table,
        system,
        code,
        unit,
        persons: wire.persons_binned,
        unmapped: wire.percent_unmapped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_taken_as_far_as_it_makes_sense() {
        let good = CodeInUse {
            table: "measurement".into(),
            system: "JLAC10".into(),
            code: "3D045\u{1b}".into(),
            unit: String::new(),
            persons_binned: 30,
            percent_unmapped: 7,
        };
        let wrong = [
            CodeInUse { table: "nowhere".into(), ..good.clone() },
            CodeInUse { system: String::new(), ..good.clone() },
            CodeInUse { persons_binned: 0, ..good.clone() },
            CodeInUse { persons_binned: u64::MAX, ..good.clone() },
            CodeInUse { percent_unmapped: 101, ..good.clone() },
        ];
        let wire = |published| CodesResponse {
            snapshot_id: "s1".into(),
            published,
            codes: [good.clone()].into_iter().chain(wrong.clone()).collect(),
        };
        let read = Codes::read(wire(true));
        assert_eq!(read.snapshot.unwrap().as_str(), "s1");
        let shown: Vec<_> = read.codes.iter().map(|code| (code.code.as_str(), &code.unit, code.persons)).collect();
        assert_eq!(shown, [("3D045", &None, 30)]);
        assert!(Codes::read(wire(false)).codes.is_empty(), "a site that does not publish has no codes here");
    }
}
