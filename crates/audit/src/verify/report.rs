//! What a verification found.

use std::collections::BTreeMap;
use std::fmt;

use renkei_types::Timestamp;
use serde::{Serialize, Serializer};

use crate::note::Head;

/// Findings that are listed for each check; all are counted.
const LISTED: u64 = 100;

macro_rules! checks {
    ($(
        $(#[doc = $doc:literal])+
        $variant:ident = $code:literal, $grave:literal, $english:literal, $japanese:literal;
    )+) => {
        /// One check. Its code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Check {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Check {
            /// Every check, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The code as it is printed.
            #[must_use]
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// Whether the log cannot be believed; else it is told so that somebody asks.
            #[must_use]
            pub fn grave(self) -> bool {
                match self { $(Self::$variant => $grave),+ }
            }

            /// What was found, in English.
            #[must_use]
            pub fn english(self) -> &'static str {
                match self { $(Self::$variant => $english),+ }
            }

            /// What was found, in Japanese.
            #[must_use]
            pub fn japanese(self) -> &'static str {
                match self { $(Self::$variant => $japanese),+ }
            }
        }
    };
}

checks! {
    /// A file is damaged or cannot be read.
    Read = "A-READ", true, "A file of the log is damaged or cannot be read.", "ログのファイルが壊れているか、読み取れません。";
    /// Signed entries are missing.
    Lost = "A-LOST", true, "Entries that were signed are missing.", "署名済みの記録が欠けています。";
    /// The checkpoint is missing, or not signed by the log.
    Checkpoint = "A-CHECKPOINT", true,
        "The checkpoint is missing, malformed, or not signed by this log's key.",
        "チェックポイントがないか、形式が正しくないか、このログの鍵による署名ではありません。";
    /// The entries do not lead to the signed root.
    Root = "A-ROOT", true, "The entries are not those that were signed.", "記録の内容が署名時のものと一致しません。";
    /// A stored hash is not that of the entries.
    Tile = "A-TILE", true, "A stored hash tile does not belong to the entries.", "保存されたハッシュが記録と一致しません。";
    /// A leaf is no entry of a known version.
    Leaf = "A-LEAF", true, "An entry is not in the canonical form.", "記録が正規の形式ではありません。";
    /// An entry names another log.
    Origin = "A-ORIGIN", true, "An entry belongs to another log.", "別のログの記録が混入しています。";
    /// An entry's number is not its place.
    Sequence = "A-SEQUENCE", true,
        "An entry's number is not its place: entries were dropped, inserted or moved.",
        "記録の通し番号が位置と一致しません（削除・挿入・入替の疑い）。";
    /// Time goes back.
    Time = "A-TIME", true, "An entry is older than the one before it.", "記録の時刻が直前の記録より前です。";
    /// A heartbeat is not of this place.
    Heartbeat = "A-HEARTBEAT", true,
        "A heartbeat does not fit the entries before it: it was moved or replayed.",
        "ハートビートが直前までの記録と一致しません（移動・再利用の疑い）。";
    /// A long time without any entry.
    Silence = "A-SILENCE", true,
        "The log was silent for longer than a running log may be.",
        "稼働中のログとしては長すぎる無記録の期間があります。";
    /// An outcome without intent, or twice.
    Pair = "A-PAIR", true,
        "An outcome has no intent before it, or a question is begun or ended twice.",
        "対応する開始記録のない終了記録、または重複した記録があります。";
    /// An intent without outcome.
    Open = "A-OPEN", true, "A question has no outcome.", "終了記録のない照会があります。";
    /// A project's sequence of questions is broken.
    Project = "A-PROJECT", true,
        "A project's questions are not numbered without gap or repetition.",
        "プロジェクトの照会番号に欠番または重複があります。";
    /// A cosignature does not verify.
    Cosignature = "A-COSIGNATURE", true, "A cosignature does not verify.", "連署の検証に失敗しました。";
    /// Not enough cosignatures.
    Unwitnessed = "A-UNWITNESSED", true,
        "Entries have stood too long without enough cosignatures.",
        "必要な数の連署がないまま期限を過ぎた記録があります。";
    /// Witnesses saw more than there is.
    Rollback = "A-ROLLBACK", true,
        "A witness saw more entries than there are: this is an older copy, or the end was cut off.",
        "証人が確認した件数より記録が少なくなっています（古い複製への差し戻し、または末尾の削除）。";
    /// Witnesses saw other entries.
    Fork = "A-FORK", true,
        "A witness saw other entries than these: the log was rewritten.",
        "証人が確認した内容と記録が異なります（ログの書き換え）。";
    /// An opening does not belong to its seal.
    Opening = "A-OPENING", true,
        "What a sealed field commits to was changed or is lost.",
        "封印された項目の内容が変更されたか、失われています。";
    /// Entries are not signed yet.
    Unsigned = "A-UNSIGNED", false, "The last entries are not signed yet.", "末尾の記録はまだ署名されていません。";
    /// A torn end was cut.
    Cut = "A-CUT", false,
        "A torn end was cut when the log was opened after a crash.",
        "異常終了後の起動時に、書きかけの末尾が切り取られました。";
    /// Old entries are in an archive that was not read.
    Archived = "A-ARCHIVED", false,
        "The first entries are in an archive that was not given; their hashes are those that were signed.",
        "先頭の記録は別途保管されており、今回は読み込まれていません（ハッシュは署名時のものと一致）。";
    /// The log was down.
    Down = "A-DOWN", false, "The log was down for a while.", "ログが停止していた期間があります。";
    /// The clock went back or jumped.
    Clock = "A-CLOCK", false,
        "The machine's clock jumped, was behind the log, or its source of time changed.",
        "機器の時計が飛んだか、ログの時刻より遅れたか、時刻源が変わりました。";
    /// The disk was full.
    Disk = "A-DISK", false,
        "The log's disk was full or nearly so; questions were refused.",
        "ログのディスクの空きが不足し、照会を受け付けない期間がありました。";
}

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl Serialize for Check {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

/// One finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// Which check.
    pub check: Check,
    /// At which entry, where it is about one.
    pub index: Option<u64>,
}

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Entries read.
    pub entries: u64,
    /// The signed head, if its signature verified.
    pub signed: Option<Head>,
    /// Entries of each kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Time of the first and of the last entry.
    pub span: Option<(Timestamp, Timestamp)>,
    /// Cosignatures that verified.
    pub cosignatures: u64,
    /// How often each check found something.
    pub counts: BTreeMap<Check, u64>,
    /// The first findings of each check.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Whether the log can be believed.
    #[must_use]
    pub fn sound(&self) -> bool {
        self.counts.keys().all(|check| !check.grave())
    }

    /// Whether a check found something.
    #[must_use]
    pub fn has(&self, check: Check) -> bool {
        self.counts.contains_key(&check)
    }

    pub(super) fn find(&mut self, check: Check, index: Option<u64>) {
        let count = self.counts.entry(check).or_default();
        *count += 1;
        if *count <= LISTED {
            self.findings.push(Finding { check, index });
        }
    }

    /// One line for each check that found something, in Japanese or English.
    #[must_use]
    pub fn sentences(&self, japanese: bool) -> Vec<String> {
        let first =
            |check| self.findings.iter().find(|finding| finding.check == check).and_then(|finding| finding.index);
        let line = |(check, count): (&Check, &u64)| {
            let place = match (first(*check), japanese) {
                (Some(index), true) => format!("（{count} 件、最初は記録 {index}）"),
                (Some(index), false) => format!(" ({count} times, first at entry {index})"),
                (None, true) => format!("（{count} 件）"),
                (None, false) => format!(" ({count} times)"),
            };
            let text = if japanese { check.japanese() } else { check.english() };
            format!("{check}: {text}{place}")
        };
        self.counts.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn checks_are_distinct_and_said_in_both_languages() {
        let codes: BTreeSet<_> = Check::ALL.iter().map(|check| check.code()).collect();
        assert_eq!(codes.len(), Check::ALL.len());
        for check in Check::ALL {
            assert!(check.code().starts_with("A-") && check.english().ends_with('.'), "{check}");
            assert!(check.japanese().ends_with('。') && !check.japanese().is_ascii(), "{check}");
        }
    }
}
