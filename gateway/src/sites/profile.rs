//! What a node says about itself, checked before it is shown to anybody.

use std::collections::{BTreeMap, BTreeSet};

use renkei_proto::v1::{self, DescribeResponse};
use renkei_types::{SiteId, SnapshotId, Timestamp};

/// Texts of a node that are shown to people are cut to this.
const MAX_TEXT: usize = 120;
const MAX_TABLES: usize = 200;
const MAX_COLUMNS: usize = 1_000;

/// What a snapshot was sealed as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seal {
    Clinical,
    Synthetic,
    Public,
}

impl Seal {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Clinical => "clinical",
            Self::Synthetic => "synthetic",
            Self::Public => "public",
        }
    }
}

/// A node's own words, at one time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Profile {
    pub(crate) at: Timestamp,
    pub(crate) software_version: String,
    pub(crate) plan_version: u32,
    pub(crate) cdm_version: String,
    pub(crate) snapshot: Option<SnapshotId>,
    pub(crate) snapshot_made: Option<Timestamp>,
    pub(crate) persons: u64,
    pub(crate) persons_bin: u64,
    pub(crate) vocabulary: Option<String>,
    pub(crate) seal: Seal,
    pub(crate) minimum_persons: u32,
    pub(crate) tables: BTreeSet<String>,
    /// Percent of rows with concept 0, by `table.column`.
    pub(crate) unmapped: BTreeMap<String, u32>,
    /// Microseconds by which the node's clock is ahead.
    pub(crate) clock_ahead: i64,
    /// What the node's system keeps its workers from, in the known words; `None` where it was not told in these.
    pub(crate) confinement: Option<String>,
}

/// Why a description is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProfileError {
    #[error("it describes itself as another site")]
    OtherSite,
    #[error("its snapshot id is not an identifier")]
    Snapshot,
    #[error("its snapshot's seal is not one that is known here")]
    Seal,
}

impl Profile {
    /// Checks a description that was asked for at `sent` and came at `received`.
    pub(crate) fn read(
        site: &SiteId,
        wire: DescribeResponse,
        sent: Timestamp,
        received: Timestamp,
    ) -> Result<Self, ProfileError> {
        if wire.site_id != site.as_str() {
            return Err(ProfileError::OtherSite);
        }
        let snapshot = match wire.snapshot_id.as_str() {
            "" => None,
            id => Some(SnapshotId::new(id).map_err(|_| ProfileError::Snapshot)?),
        };
        let seal = match v1::Seal::try_from(wire.seal) {
            Ok(v1::Seal::Clinical) => Seal::Clinical,
            Ok(v1::Seal::Synthetic) => Seal::Synthetic,
            Ok(v1::Seal::Public) => Seal::Public,
            // Without a snapshot nothing is sealed; the strictest reading does no harm.
            Ok(v1::Seal::Unspecified) if snapshot.is_none() => Seal::Clinical,
            Ok(v1::Seal::Unspecified) | Err(_) => return Err(ProfileError::Seal),
        };
        let middle = sent.0.saturating_add(received.0.saturating_sub(sent.0) / 2);
        Ok(Self {
            at: received,
            software_version: plain(&wire.software_version),
            plan_version: wire.plan_version,
            cdm_version: plain(&wire.cdm_version),
            snapshot_made: snapshot.as_ref().map(|_| Timestamp(wire.snapshot_made_micros)),
            snapshot,
            persons: wire.persons_binned,
            persons_bin: wire.persons_bin,
            vocabulary: Some(plain(&wire.vocabulary_version)).filter(|version| !version.is_empty()),
            seal,
            minimum_persons: wire.minimum_persons,
            tables: wire.tables.iter().take(MAX_TABLES).map(|table| plain(table)).collect(),
            unmapped: wire.coded.into_iter().take(MAX_COLUMNS).filter_map(coded).collect(),
            clock_ahead: wire.now_micros.saturating_sub(middle),
            confinement: Some(wire.confinement).filter(|words| confinement(words)),
        })
    }
}

/// The share of a column of the CDM.
fn coded(wire: v1::Coded) -> Option<(String, u32)> {
    let table = renkei_cdm::table(&wire.table)?;
    let column = table.column(&wire.column)?;
    (wire.percent_unmapped <= 100).then(|| (format!("{}.{}", table.name, column.name), wire.percent_unmapped))
}

/// Whether it is `full`, or `without` and words of what may be missing, each once.
fn confinement(words: &str) -> bool {
    const LACKS: [&str; 4] = ["files", "network", "processes", "limits"];
    let Some(lacks) = words.strip_prefix("without ") else { return words == "full" };
    let lacks: Vec<&str> = lacks.split(' ').collect();
    let distinct: BTreeSet<&str> = lacks.iter().copied().collect();
    distinct.len() == lacks.len() && lacks.iter().all(|lack| LACKS.contains(lack))
}

/// A text of a node as it may be shown: short and without control characters.
pub(crate) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(MAX_TEXT).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wire() -> DescribeResponse {
        DescribeResponse {
            site_id: "tokyo".into(),
            software_version: "1.2\u{1b}[31m".into(),
            snapshot_id: "s1".into(),
            seal: v1::Seal::Synthetic.into(),
            now_micros: 1_000_500,
            vocabulary_version: "v5".into(),
            ..DescribeResponse::default()
        }
    }

    #[test]
    fn a_description_is_checked() {
        let site = "tokyo".parse().unwrap();
        let read = |wire| Profile::read(&site, wire, Timestamp(1_000_000), Timestamp(1_000_200));
        let profile = read(wire()).unwrap();
        assert_eq!(profile.clock_ahead, 400);
        assert_eq!(profile.software_version, "1.2[31m");
        assert_eq!((profile.seal, profile.vocabulary.as_deref()), (Seal::Synthetic, Some("v5")));
        assert_eq!(read(DescribeResponse { site_id: "osaka".into(), ..wire() }), Err(ProfileError::OtherSite));
        assert_eq!(read(DescribeResponse { snapshot_id: "../x".into(), ..wire() }), Err(ProfileError::Snapshot));
        assert_eq!(read(DescribeResponse { seal: 9, ..wire() }), Err(ProfileError::Seal));
        assert_eq!(read(DescribeResponse { seal: 0, ..wire() }), Err(ProfileError::Seal));
        for (told, shown) in [
            ("full", Some("full")),
            ("without files", Some("without files")),
            ("without files limits", Some("without files limits")),
            ("", None),
            ("without", None),
            ("without files files", None),
            ("fully, believe me", None),
        ] {
            let profile = read(DescribeResponse { confinement: told.into(), ..wire() }).unwrap();
            assert_eq!(profile.confinement.as_deref(), shown, "{told}");
        }
        let empty = read(DescribeResponse { seal: 0, snapshot_id: String::new(), ..wire() }).unwrap();
        assert_eq!((empty.snapshot, empty.seal), (None, Seal::Clinical));
    }
}
