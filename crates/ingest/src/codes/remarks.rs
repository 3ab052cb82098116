//! What codes, vocabularies, maps and masters do that deserves a word.

use crate::remark::Remark;

/// A receipt code under the label of HOT.
pub const RECEIPT_AS_HOT: Remark = Remark {
    id: "codes-receipt-as-hot",
    grave: false,
    english: "drug codes labelled HOT that are receipt codes, and are kept as such",
    japanese: "件の医薬品コードは HOT と表示されていますがレセプト電算コードのため、そのように扱います",
};

/// A code of another system than its label says.
pub const RELABELLED: Remark = Remark {
    id: "codes-relabelled",
    grave: false,
    english: "codes whose shape is that of another system than their label names, and are kept as codes of that system",
    japanese: "件のコードは表示された体系と異なる体系の形をしているため、形の示す体系のコードとして扱います",
};

/// A code that does not have the shape of its label.
pub const UNSHAPED: Remark = Remark {
    id: "codes-unshaped",
    grave: false,
    english: "codes that do not have the shape of the system on their label, and are kept as local codes",
    japanese: "件のコードは表示された体系の形をしていないため、院内コードとして扱います",
};

/// A code with a wrong check digit.
pub const CHECK_DIGIT: Remark = Remark {
    id: "codes-check-digit",
    grave: true,
    english: "LOINC or SNOMED CT codes whose check digit is wrong, and are kept as local codes",
    japanese: "件の LOINC または SNOMED CT コードはチェックディジットが正しくないため、院内コードとして扱います",
};

/// A JLAC10 code that is cut short.
pub const JLAC10_SHORT: Remark = Remark {
    id: "codes-jlac10-short",
    grave: false,
    english: "JLAC10 codes of 15 or 16 characters instead of 17",
    japanese: "件の JLAC10 コードは 17 桁ではなく 15 桁または 16 桁です",
};

/// A JLAC10 code that names the analyte only.
pub const JLAC10_ANALYTE: Remark = Remark {
    id: "codes-jlac10-analyte",
    grave: false,
    english: "JLAC10 codes that stop after the analyte, the identification or the material",
    japanese: "件の JLAC10 コードは分析物、識別または材料までしかありません",
};

/// A code that is longer than codes are.
pub const CUT: Remark = Remark {
    id: "codes-cut",
    grave: false,
    english: "codes of more than 80 characters, which are cut",
    japanese: "件のコードは 80 文字を超えるため、切り詰めました",
};

/// A row of a map that is out of force.
pub const MAP_EXPIRED: Remark = Remark {
    id: "codes-map-expired",
    grave: false,
    english: "rows of maps that are out of force by their dates or their reason",
    japanese: "件の対応表の行は、有効期間または無効理由により使われません",
};

/// A row of a map that nobody has approved.
pub const MAP_UNAPPROVED: Remark = Remark {
    id: "codes-map-unapproved",
    grave: false,
    english: "rows of Usagi files that are not approved, or map units and operators, and are left out",
    japanese: "件の Usagi の行は承認(APPROVED)されていないか、単位・演算子の対応のため使われません",
};

/// A row of a map that cannot be read.
pub const MAP_UNREADABLE: Remark = Remark {
    id: "codes-map-unreadable",
    grave: true,
    english: "rows of maps without a code or without a number as their concept, or of the wrong number of fields",
    japanese: "件の対応表の行は、コードがない、コンセプト ID が数字でない、または項目数が合いません",
};

/// A row of a map whose target is no valid standard concept.
pub const MAP_TARGET: Remark = Remark {
    id: "codes-map-target",
    grave: true,
    english: "rows of maps whose target is not a valid standard concept of the vocabulary, and are left out",
    japanese: "件の対応表の行は、対応先が語彙の有効な標準コンセプトではないため使われません",
};

/// A row of a map that could not be checked.
pub const MAP_UNCHECKED: Remark = Remark {
    id: "codes-map-unchecked",
    grave: false,
    english: "rows of maps whose target could not be checked, for there is no CONCEPT table",
    japanese: "件の対応表の行は、CONCEPT がないため対応先を確認できません",
};

/// A map of a vocabulary that is not known.
pub const MAP_LOCAL: Remark = Remark {
    id: "codes-map-local",
    grave: false,
    english: "rows of maps whose source vocabulary is not known here, and are taken for local codes",
    japanese: "件の対応表の行は、元の語彙が未知のため院内コードとして扱います",
};

/// A code that several concepts of one vocabulary have.
pub const CONCEPT_TWICE: Remark = Remark {
    id: "codes-concept-twice",
    grave: false,
    english: "codes that a vocabulary has twice; the valid and then the older concept is taken",
    japanese: "件のコードは語彙に重複しています。有効なもの、次に古いものを使います",
};

/// A row of the vocabulary that cannot be read.
pub const VOCABULARY_ROW: Remark = Remark {
    id: "codes-vocabulary-row",
    grave: true,
    english: "rows of the vocabulary that cannot be read (a tab inside a name, a file that was cut off)",
    japanese: "件の語彙の行は読めません(名称中のタブ、途中で切れたファイルなど)",
};

/// A relation to a concept that is not in the vocabulary.
pub const TARGET_UNKNOWN: Remark = Remark {
    id: "codes-target-unknown",
    grave: false,
    english: "standard concepts that codes lead to and CONCEPT does not have: their domain is not known",
    japanese: "件の標準コンセプトは CONCEPT にないため、ドメインが分かりません",
};

/// Several values for one code.
pub const VALUES: Remark = Remark {
    id: "codes-values",
    grave: false,
    english: "codes with several values beside their concept, which are left out",
    japanese: "件のコードはコンセプトに添える値が複数あるため、値を使いません",
};

/// A key of a master with several targets.
pub const MASTER_AMBIGUOUS: Remark = Remark {
    id: "codes-master-ambiguous",
    grave: false,
    english: "keys of a master with several targets, which lead nowhere",
    japanese: "件のマスターのキーは対応先が複数あるため使いません",
};

/// A row of a master without a pair.
pub const MASTER_ROW: Remark = Remark {
    id: "codes-master-row",
    grave: false,
    english: "rows of masters without a key or a target",
    japanese: "件のマスターの行は、キーまたは対応先がありません",
};

/// Every remark of this module.
pub const REMARKS: &[Remark] = &[
    RECEIPT_AS_HOT,
    RELABELLED,
    UNSHAPED,
    CHECK_DIGIT,
    JLAC10_SHORT,
    JLAC10_ANALYTE,
    CUT,
    MAP_EXPIRED,
    MAP_UNAPPROVED,
    MAP_UNREADABLE,
    MAP_TARGET,
    MAP_UNCHECKED,
    MAP_LOCAL,
    CONCEPT_TWICE,
    VOCABULARY_ROW,
    TARGET_UNKNOWN,
    VALUES,
    MASTER_AMBIGUOUS,
    MASTER_ROW,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remarks_have_names_of_their_own_and_both_languages() {
        let ids: std::collections::BTreeSet<_> = REMARKS.iter().map(|remark| remark.id).collect();
        assert_eq!(ids.len(), REMARKS.len());
        assert!(REMARKS.iter().all(|remark| remark.id.starts_with("codes-") && !remark.japanese.is_ascii()));
        assert!(REMARKS.iter().all(|remark| !remark.english.is_empty()));
    }
}
