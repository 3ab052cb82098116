//! What is odd about a storage.

use super::kind::Kind;
use crate::Remark;

macro_rules! remarks {
    ($($name:ident, $id:literal, $grave:literal, $english:literal, $japanese:literal;)+) => {
        $(pub(super) const $name: Remark =
            Remark { id: $id, grave: $grave, english: $english, japanese: $japanese };)+
        /// Every remark of this module.
        pub const REMARKS: &[Remark] = &[$($name),+];
    };
}

remarks! {
    DELETED, "ssmix2-deleted", false,
        "files that are marked as deleted",
        "件の削除済みファイル";
    SUPERSEDED, "ssmix2-superseded", false,
        "files that were replaced by later ones",
        "件の旧版ファイル";
    NOT_READ_ADT_01, "ssmix2-not-read-adt-01", false,
        "changes of the attending doctor (ADT-01), not converted",
        "件の担当医変更(ADT-01、変換対象外)";
    NOT_READ_ADT_21, "ssmix2-not-read-adt-21", false,
        "planned admissions (ADT-21), not converted",
        "件の入院予定(ADT-21、変換対象外)";
    NOT_READ_ADT_41, "ssmix2-not-read-adt-41", false,
        "planned transfers (ADT-41), not converted",
        "件の転科・転棟予定(ADT-41、変換対象外)";
    NOT_READ_ADT_51, "ssmix2-not-read-adt-51", false,
        "planned discharges (ADT-51), not converted",
        "件の退院予定(ADT-51、変換対象外)";
    NOT_READ_OMD, "ssmix2-not-read-omd", false,
        "diet orders (OMD), not converted",
        "件の食事オーダ(OMD、変換対象外)";
    NOT_READ_OML_01, "ssmix2-not-read-oml-01", false,
        "laboratory orders (OML-01), not converted: their results are",
        "件の検体検査オーダ(OML-01、結果のみ変換するため対象外)";
    NOT_READ_OML_12, "ssmix2-not-read-oml-12", false,
        "files of kind OML-12, not converted",
        "件の OML-12 ファイル(変換対象外)";
    NOT_READ_OMG_01, "ssmix2-not-read-omg-01", false,
        "radiology orders (OMG-01), not converted",
        "件の放射線検査オーダ(OMG-01、変換対象外)";
    NOT_READ_OMG_02, "ssmix2-not-read-omg-02", false,
        "endoscopy orders (OMG-02), not converted",
        "件の内視鏡検査オーダ(OMG-02、変換対象外)";
    NOT_READ_OMG_03, "ssmix2-not-read-omg-03", false,
        "orders of physiological tests (OMG-03), not converted",
        "件の生理検査オーダ(OMG-03、変換対象外)";
    NOT_READ_EXTENDED, "ssmix2-not-read-extended", false,
        "documents of the extended storage other than vital signs, not converted",
        "件の拡張ストレージ文書(バイタルサイン以外、変換対象外)";
    NOT_READ_OTHER, "ssmix2-not-read-other", true,
        "files of unknown kinds, not converted",
        "件の未知のデータ種別のファイル(変換対象外)";
    MISMATCH, "ssmix2-patient-mismatch", true,
        "files whose patient differs from that of their folder",
        "件の、格納フォルダと患者 ID が異なるファイル";
    NO_PATIENT, "ssmix2-no-patient", true,
        "files that name no patient",
        "件の、患者 ID のないファイル";
    UTF_8, "ssmix2-utf-8", false,
        "files in UTF-8 instead of ISO-2022-JP",
        "件の、ISO-2022-JP ではなく UTF-8 のファイル";
    CP932, "ssmix2-cp932", false,
        "files in CP932 (Shift_JIS) instead of ISO-2022-JP",
        "件の、ISO-2022-JP ではなく CP932(Shift_JIS)のファイル";
    REPLACED, "ssmix2-replaced", false,
        "characters that could not be decoded",
        "文字の復号できない文字";
    STRAY, "ssmix2-stray-line", false,
        "lines within messages that are no segment",
        "行の、セグメントではない行";
    SECOND_MESSAGE, "ssmix2-second-message", true,
        "files with more than one message, of which the first was read",
        "件の、複数のメッセージを含むファイル(先頭のみ変換)";
    EVENT_DIFFERS, "ssmix2-event-differs", false,
        "messages whose event (MSH-9) is not that of their folder; the folder counts",
        "件の、イベント(MSH-9)がデータ種別と一致しないメッセージ(データ種別を優先)";
    PATIENT_DELETED, "ssmix2-patient-deleted", true,
        "messages that delete a patient (A23)",
        "件の患者削除メッセージ(A23)";
    VISIT_CANCELLED, "ssmix2-visit-cancelled", false,
        "outpatient receptions that were taken back",
        "件の取り消された外来受付";
    ENTERED_IN_ERROR, "ssmix2-entered-in-error", false,
        "diagnoses that were entered in error (DE), left out",
        "件の誤入力の病名(DE、除外)";
    FOLDER_DATE, "ssmix2-folder-date", true,
        "records without a date of their own, which have that of their folder",
        "件の、固有の日付がなくフォルダの日付を用いたレコード";
    DAY_IMPUTED, "ssmix2-day-imputed", false,
        "dates without a day, or without a month, taken as the first",
        "件の、日(または月)がなく 1 日(1 月)とみなした日付";
    NO_CODE, "ssmix2-no-code", false,
        "coded fields with a text and no code",
        "件の、コードがなく文字列のみのコード項目";
    TEXT_CODE, "ssmix2-text-code", false,
        "codes that are a text, left out",
        "件の、コードではなく文字列とみなして除外したコード値";
    NOT_FINAL, "ssmix2-not-final", false,
        "results that are neither final, corrected nor preliminary, left out",
        "件の、確定・修正・暫定のいずれでもない結果(除外)";
    NO_STATUS, "ssmix2-no-status", false,
        "results without a status (OBX-11), taken as final",
        "件の、ステータス(OBX-11)がなく確定とみなした結果";
    TEXT_RESULT, "ssmix2-text-result", false,
        "results in free text, which is not kept",
        "件の自由記載の結果(保持しない)";
    UNREAD, "ssmix2-unread-value", false,
        "results whose text is neither number nor grade; the text is not kept",
        "件の、数値とも判定とも読めない結果(文字列は保持しない)";
    REPEATED, "ssmix2-repeated-value", false,
        "results with several values, of which the first was read",
        "件の、複数の値を持つ結果(先頭のみ変換)";
    NOT_GIVEN, "ssmix2-not-given", false,
        "administrations that were refused, not done or taken back, left out",
        "件の、拒否・未実施・取消の投与実施(除外)";
    ORDER_CANCELLED, "ssmix2-order-cancelled", false,
        "orders that were cancelled, left out",
        "件の取り消されたオーダ(除外)";
    ALLERGY_REMOVED, "ssmix2-allergy-removed", false,
        "allergies that were taken back (IAM-6 D)",
        "件の取り消されたアレルギー(IAM-6 が D)";
    NOT_PERFORMED, "ssmix2-not-performed", false,
        "techniques that were planned and not performed, left out",
        "件の、予定のみで実施されていない手技(除外)";
}

/// The remark that counts files of a kind that is not converted.
pub(super) fn not_read(kind: &Kind) -> &'static Remark {
    match kind {
        Kind::Adt01 => &NOT_READ_ADT_01,
        Kind::Adt21 => &NOT_READ_ADT_21,
        Kind::Adt41 => &NOT_READ_ADT_41,
        Kind::Adt51 => &NOT_READ_ADT_51,
        Kind::Omd => &NOT_READ_OMD,
        Kind::Oml01 => &NOT_READ_OML_01,
        Kind::Oml12 => &NOT_READ_OML_12,
        Kind::Omg01 => &NOT_READ_OMG_01,
        Kind::Omg02 => &NOT_READ_OMG_02,
        Kind::Omg03 => &NOT_READ_OMG_03,
        Kind::Extended(_) => &NOT_READ_EXTENDED,
        _ => &NOT_READ_OTHER,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn ids_are_unique_and_both_languages_say_something() {
        let ids: BTreeSet<_> = REMARKS.iter().map(|remark| remark.id).collect();
        assert_eq!(ids.len(), REMARKS.len());
        for Remark { id, english, japanese, .. } in REMARKS {
            assert!(id.starts_with("ssmix2-") && !english.is_empty() && !japanese.is_ascii(), "{id}");
        }
    }
}
