//! A source record that cannot be represented, and the rule that says so.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a record cannot be represented as a row of its table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The number of fields differs from the header's.
    Fields,
    /// The bytes of a text are not UTF-8.
    Encoding,
    /// A value does not parse as the type of its column.
    Type,
    /// A value that the CDM requires is absent.
    Required,
    /// The person is not in the source's person table.
    Person,
    /// A number does not fit the type of its column.
    Range,
    /// The bytes are not what their name or place says they are: no message, no resource, no table.
    Format,
    /// The record is of another patient than its place says.
    Mismatch,
    /// Something that a record cannot be read without is absent or not to be understood: its time, its key.
    Essential,
    /// It is larger than any such record is.
    Size,
}

/// What a rule means and what to do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Explanation {
    /// What is wrong with the record.
    pub sentence: &'static str,
    /// What to do at the source.
    pub remedy: &'static str,
}

impl Rule {
    /// Every rule, in the order of the reports.
    pub const ALL: [Self; 10] = [
        Self::Fields,
        Self::Encoding,
        Self::Type,
        Self::Required,
        Self::Person,
        Self::Range,
        Self::Format,
        Self::Mismatch,
        Self::Essential,
        Self::Size,
    ];

    /// The stable name, as in quarantine files and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Encoding => "encoding",
            Self::Type => "type",
            Self::Required => "required",
            Self::Person => "person",
            Self::Range => "range",
            Self::Format => "format",
            Self::Mismatch => "mismatch",
            Self::Essential => "essential",
            Self::Size => "size",
        }
    }

    /// The rule in English.
    #[must_use]
    pub fn english(self) -> Explanation {
        let (sentence, remedy) = match self {
            Self::Fields => (
                "The record has more or fewer fields than the header.",
                "Look for an unquoted delimiter or line break inside a text, or a file that was cut off, and export again.",
            ),
            Self::Encoding => (
                "A text is not valid UTF-8.",
                "Export the table as UTF-8; files in CP932 (Shift_JIS) or EUC-JP have to be converted first.",
            ),
            Self::Type => (
                "A value does not have the type of its column, or is a day that does not exist.",
                "Correct the value: dates as YYYY-MM-DD, times as YYYY-MM-DD hh:mm:ss, numbers with a decimal point.",
            ),
            Self::Required => (
                "A value that OMOP CDM v5.4 requires is empty.",
                "Fill the column in the ETL; a concept that could not be mapped is 0, not empty.",
            ),
            Self::Person => (
                "The person of the record is not in the person table.",
                "Export the person table together with the others, or remove records of persons who left the data set.",
            ),
            Self::Range => (
                "A number is too large or too small for its column.",
                "Ids must fit 64 bits, concept ids and other integers 32 bits, amounts a double; correct the value.",
            ),
            Self::Format => (
                "The file or record is not of the format that its name or place says.",
                "Look at it: it may be cut off, encrypted, or belong elsewhere; write it again or take it away.",
            ),
            Self::Mismatch => (
                "The record names another patient than the place where it lies.",
                "Find out which of the two is right before anything else: records of two patients may be mixed.",
            ),
            Self::Essential => (
                "A value that the record cannot be read without (its time, its key) is absent or no such value.",
                "Have the system that writes the records fill it.",
            ),
            Self::Size => (
                "The record is larger than such records are.",
                "Look at it: two records may have run into each other; write it again or take it away.",
            ),
        };
        Explanation { sentence, remedy }
    }

    /// The rule in Japanese.
    #[must_use]
    pub fn japanese(self) -> Explanation {
        let (sentence, remedy) = match self {
            Self::Fields => (
                "レコードの項目数がヘッダーと一致しません。",
                "引用符で囲まれていない区切り文字や改行、途中で切れたファイルがないか確認し、再出力してください。",
            ),
            Self::Encoding => (
                "文字列が UTF-8 として正しくありません。",
                "UTF-8 で出力してください。CP932(Shift_JIS)や EUC-JP のファイルは先に変換が必要です。",
            ),
            Self::Type => (
                "値が列の型に合わないか、実在しない日付です。",
                "値を修正してください。日付は YYYY-MM-DD、日時は YYYY-MM-DD hh:mm:ss、小数点はピリオドです。",
            ),
            Self::Required => (
                "OMOP CDM v5.4 の必須項目が空です。",
                "ETL で値を設定してください。マッピングできないコンセプトは空ではなく 0 とします。",
            ),
            Self::Person => (
                "レコードの患者が person テーブルに存在しません。",
                "person テーブルを同時に出力するか、対象外となった患者のレコードを除いてください。",
            ),
            Self::Range => (
                "数値が列の範囲を超えています。",
                "ID は 64 ビット、コンセプト ID とその他の整数は 32 ビット、数量は倍精度に収まるよう修正してください。",
            ),
            Self::Format => (
                "ファイルまたはレコードが、名前や置き場所の示す形式になっていません。",
                "途中で切れている、暗号化されている、別の場所のものである、などがないか確認し、再出力するか取り除いてください。",
            ),
            Self::Mismatch => (
                "レコードの患者が、置かれている場所の患者と異なります。",
                "患者の取り違えの恐れがあります。まず、どちらが正しいかを確認してください。",
            ),
            Self::Essential => (
                "レコードを読むために欠かせない値(日時やキー)が空か、値として正しくありません。",
                "出力元のシステムで値を設定してください。",
            ),
            Self::Size => (
                "レコードが通常の大きさを超えています。",
                "複数のレコードがつながっていないか確認し、再出力するか取り除いてください。",
            ),
        };
        Explanation { sentence, remedy }
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that stays out of the snapshot.
#[derive(Clone, PartialEq, Eq)]
pub struct Reject {
    /// Table it was meant for.
    pub table: &'static str,
    /// Name of its file, without the folder.
    pub file: String,
    /// CSV: the line on which the record starts, from 1. Parquet: the number of the row, from 1.
    pub line: u64,
    /// The first rule that it breaks.
    pub rule: Rule,
    /// The CDM column that breaks it; `None` where it is the record as a whole.
    pub column: Option<String>,
    /// The source record as one CSV record (a line break inside a text stays, quoted; bytes that are not UTF-8 are
    /// replaced). For the site's own quarantine file only: no log, error or report may hold it.
    pub record: String,
}

impl fmt::Debug for Reject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reject")
            .field("table", &self.table)
            .field("file", &self.file)
            .field("line", &self.line)
            .field("rule", &self.rule)
            .field("column", &self.column)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keeps_the_record_to_itself() {
        let reject = Reject {
            table: "person",
            file: "person.csv".into(),
            line: 7,
            rule: Rule::Type,
            column: Some("gender_concept_id".into()),
            record: "12,secret".into(),
        };
        let text = format!("{reject:?} {reject:#?}");
        assert!(text.contains("person.csv") && text.contains('7') && !text.contains("secret"), "{text}");
    }

    #[test]
    fn every_rule_is_explained_in_both_languages_under_its_serialised_name() {
        for rule in Rule::ALL {
            for text in [rule.english(), rule.japanese()] {
                assert!(!text.sentence.is_empty() && !text.remedy.is_empty());
            }
            assert!(!rule.japanese().sentence.is_ascii());
            assert_eq!(serde_json::to_string(&rule).unwrap(), format!("\"{rule}\""));
        }
    }
}
