//! What a DPC file does that deserves a word.

use crate::remark::Remark;

const fn remark(id: &'static str, grave: bool, english: &'static str, japanese: &'static str) -> Remark {
    Remark { id, grave, english, japanese }
}

pub(super) const NAME: Remark = remark(
    "dpc-name-other-than-content",
    true,
    "DPC files whose columns are those of another kind than the name says; read by their columns",
    "件の DPC ファイルは、名前の示す種類と列の構成が異なるため、列の構成に従って読み込みました",
);
pub(super) const HEADER: Remark = remark(
    "dpc-header",
    false,
    "DPC files that begin with the names of their columns; the survey's files have none",
    "件の DPC ファイルの先頭に項目名の行があります(提出用ファイルにはない行です)",
);
pub(super) const YEAR: Remark = remark(
    "dpc-year-unknown",
    false,
    "DPC files of a fiscal year whose layout is not known; read with the nearest known one",
    "件の DPC ファイルは、年度が不明か未対応のため、最も近い年度のレイアウトで読み込みました",
);
pub(super) const TEXT: Remark = remark(
    "dpc-characters",
    false,
    "names of items in DPC files with characters that are not of the file's encoding",
    "件の DPC ファイルの名称に、文字コードとして正しくない文字があります",
);
pub(super) const SUMMARY: Remark = remark(
    "dpc-form1-other-summary",
    false,
    "forms 1 that sum up several stays or a period (A, B, Z); the stays themselves count",
    "件の様式1は複数入院または期間の統括(A、B、Z)のため、個々の入院の様式1を用いました",
);
pub(super) const APART: Remark = remark(
    "dpc-form1-apart",
    true,
    "lines of form 1 that lie too far from the others of their stay",
    "件の様式1の行が、同じ入院の他の行から離れすぎています",
);
pub(super) const ITEM: Remark = remark(
    "dpc-form1-other-item",
    false,
    "lines of form 1 with items that are not converted",
    "件の様式1の行は、変換対象外の項目です",
);
pub(super) const UNDATED: Remark = remark(
    "dpc-form1-undated",
    true,
    "diagnoses after admission or observations at discharge without a day of discharge",
    "件の入院後発症疾患または退院時項目は、退院日がないため日付を決められません",
);
pub(super) const ANSWER: Remark =
    remark("dpc-form1-answer", false, "answers in form 1 that cannot be read", "件の様式1の回答を読み取れません");
pub(super) const FEE: Remark = remark(
    "dpc-fee-line",
    false,
    "lines of EF for bed, meals, visits or dispensing, which are no acts",
    "件のEFの行は、入院料・食事・診察料・調剤料などで、診療行為として扱いません",
);
pub(super) const WHOLE: Remark = remark(
    "dpc-act-line",
    false,
    "lines of EF that state an act as a whole (detail number 000) and repeat its parts",
    "件のEFの行は、行為全体の行(行為明細番号 000)で、明細と重複するため用いません",
);
pub(super) const LONE: Remark = remark(
    "dpc-act-without-detail",
    true,
    "lines of EF that state an act as a whole and are not followed by its parts",
    "件のEFの行為全体の行(行為明細番号 000)に、続く明細の行がありません",
);
pub(super) const BROUGHT: Remark =
    remark("dpc-brought-drug", false, "drugs in EF that patients brought from home", "件のEFの医薬品は持参薬です");
pub(super) const OTHER_LINE: Remark = remark(
    "dpc-other-line",
    false,
    "lines of EF that are no act, drug or material: comments and the like",
    "件のEFの行は、診療行為・医薬品・材料のいずれでもありません(コメントなど)",
);
pub(super) const NOTHING: Remark = remark(
    "dpc-count-zero",
    false,
    "lines of EF whose number of times is 0, absent or negative",
    "件のEFの行は、行為回数が 0、空、または負の値です",
);
pub(super) const AMOUNT: Remark = remark(
    "dpc-amount",
    false,
    "lines of EF for drugs or materials without a readable amount",
    "件のEFの医薬品・材料の使用量を読み取れません",
);
pub(super) const AGAIN: Remark = remark(
    "dpc-number-again",
    false,
    "lines of EF with the numbers of another line of the same day",
    "件のEFの行は、同じ日の他の行と番号が重複しています",
);
pub(super) const NO_GROUP: Remark = remark(
    "dpc-no-case-group",
    false,
    "lines of the D file without a case group",
    "件のDファイルの行に診断群分類番号がありません",
);
pub(super) const E_LINE: Remark = remark(
    "dpc-e-line",
    true,
    "lines of a separate E file, which has no amounts; export E and F as one file (EF)",
    "件の行は単独のEファイルで、使用量がありません。EF統合ファイルを出力してください",
);
pub(super) const F_LINE: Remark = remark(
    "dpc-f-line",
    true,
    "lines of a separate F file, which has no days; export E and F as one file (EF)",
    "件の行は単独のFファイルで、実施日がありません。EF統合ファイルを出力してください",
);
pub(super) const H_AGAIN: Remark = remark(
    "dpc-h-number-again",
    false,
    "lines of H files (nursing need) with the item and number of another line of the same day",
    "件のHファイル(看護必要度)の行は、同じ日の他の行と項目・連番が重複しています",
);
pub(super) const H_TEXT: Remark = remark(
    "dpc-h-text",
    false,
    "answers in H files (nursing need) that are neither a number nor a code",
    "件のHファイル(看護必要度)の回答は、数値でもコードでもないため用いません",
);
pub(super) const K_LINE: Remark = remark(
    "dpc-k-line",
    false,
    "lines of K files (common patient id), which are not converted",
    "件のKファイル(共通ID)の行は変換対象外です",
);
pub(super) const FORM_LINE: Remark = remark(
    "dpc-other-form-line",
    false,
    "lines of other files of the survey (forms 3, 4), which are not converted",
    "件の調査ファイル(様式3、様式4など)の行は変換対象外です",
);

/// Every remark on DPC files.
pub const REMARKS: &[Remark] = &[
    NAME, HEADER, YEAR, TEXT, SUMMARY, APART, ITEM, UNDATED, ANSWER, FEE, WHOLE, LONE, BROUGHT, OTHER_LINE, NOTHING,
    AMOUNT, AGAIN, NO_GROUP, E_LINE, F_LINE, H_AGAIN, H_TEXT, K_LINE, FORM_LINE,
];

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn remarks_have_ids_of_their_own_and_both_languages() {
        let ids: BTreeSet<_> = REMARKS.iter().map(|remark| remark.id).collect();
        assert_eq!(ids.len(), REMARKS.len());
        for remark in REMARKS {
            assert!(remark.id.starts_with("dpc-") && remark.english.is_ascii() && !remark.japanese.is_ascii());
        }
    }
}
