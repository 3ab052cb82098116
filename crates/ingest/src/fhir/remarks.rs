//! What FHIR sources do that deserves a word in the report.

use crate::Remark;

const fn odd(id: &'static str, english: &'static str, japanese: &'static str) -> Remark {
    Remark { id, grave: false, english, japanese }
}

const fn grave(id: &'static str, english: &'static str, japanese: &'static str) -> Remark {
    Remark { id, grave: true, english, japanese }
}

pub(super) const STATUS: Remark = odd(
    "fhir-status",
    "resources that count for nothing by their status (planned, not done, cancelled, refuted, entered in error)",
    "件のリソースを、状態(予定・未実施・取消・否定・誤登録)により対象外としました",
);
pub(super) const INTENT: Remark = odd(
    "fhir-intent",
    "medication requests that are proposals, plans or prohibitions",
    "件の処方が、提案・計画・投与禁止であるため対象外となりました",
);
pub(super) const UNCODED: Remark = odd(
    "fhir-uncoded",
    "resources or parts of them left out because what they are about is written as text only, without a code",
    "件のリソース(またはその一部)に、内容を示すコードがなく文字列のみであるため対象外としました",
);
pub(super) const VALUE_ABSENT: Remark = odd(
    "fhir-value-absent",
    "results that say that they have no value (dataAbsentReason): kept without one, or left out if nothing was done",
    "件の結果は、値がないこと(dataAbsentReason)を示しています(値なしで取込、未実施の場合は対象外)",
);
pub(super) const VALUE_UNREAD: Remark = odd(
    "fhir-value-unread",
    "results of a text or kind that is neither number, grade nor code; kept without it",
    "件の結果は、数値・程度・コードのいずれでもないため、値なしで取り込みました",
);
pub(super) const PANEL: Remark = odd(
    "fhir-panel",
    "observations without a value of their own: their components or members have it",
    "件の検査結果はそれ自体の値を持たず、構成要素に値があります",
);
pub(super) const PARTIAL_DATE: Remark = odd(
    "fhir-partial-date",
    "dates of a year or a month, read as its first day (as its last, where something ends)",
    "件の日付は年または年月のみで、その初日(終了日は末日)として読みました",
);
pub(super) const UTC: Remark = odd(
    "fhir-utc",
    "times that are written in UTC and kept as written: their day can differ from the hospital's",
    "件の日時は協定世界時(UTC)のまま取り込みました。病院の日付と異なることがあります",
);
pub(super) const DATE_UNREAD: Remark = odd(
    "fhir-date-unread",
    "dates of an end that are no dates; kept without them",
    "件の終了日は日付として読めないため、終了日なしで取り込みました",
);
pub(super) const BIRTH: Remark = odd(
    "fhir-birth",
    "patients whose date of birth is absent or no date",
    "件の患者の生年月日が空か、日付として読めません",
);
pub(super) const NO_NUMBER: Remark = odd(
    "fhir-no-number",
    "patients without a number of the hospital's own: other sources cannot be joined to them",
    "件の患者に病院の患者番号がなく、他のデータと結び付けられません",
);
pub(super) const DEATH_UNDATED: Remark = odd(
    "fhir-death-undated",
    "patients who are said to have died without saying when",
    "件の患者は死亡とされていますが、死亡日がありません",
);
pub(super) const REPLACED: Remark = grave(
    "fhir-patient-replaced",
    "patients whose record was replaced by that of another one: check that their data were merged",
    "件の患者が別の患者レコードに統合されています。データの統合を確認してください",
);
pub(super) const NOT_PATIENT: Remark = odd(
    "fhir-not-patient",
    "resources about a group, a device or a place",
    "件のリソースは、患者ではなく集団・機器・場所に関するものです",
);
pub(super) const INSURER: Remark = odd(
    "fhir-insurer-number",
    "resources that name their patient by an insurance number only; it is kept as a digest",
    "件のリソースは、患者を被保険者番号だけで示しています(番号はダイジェストで保持します)",
);
pub(super) const LINK_UNREAD: Remark = odd(
    "fhir-link-unread",
    "references to a visit, an order or a medication that are not understood",
    "件の参照(受診・オーダー・医薬品)を解釈できません",
);
pub(super) const MIXTURE: Remark = odd(
    "fhir-mixture",
    "medications of several ingredients that other files refer to, which have no code of their own",
    "件の医薬品は複数の成分からなり、それ自体のコードがありません",
);
pub(super) const COMPARATOR: Remark = odd(
    "fhir-comparator",
    "numbers whose comparator is unknown; kept without a number",
    "件の数値の比較演算子が不明なため、数値なしで取り込みました",
);
pub(super) const DELETED: Remark = odd(
    "fhir-deleted",
    "resources that the source says it has deleted: their earlier versions are left out",
    "件のリソースは、ソースで削除されたため、以前の版も取り込んでいません",
);
pub(super) const DELETED_UNREAD: Remark = grave(
    "fhir-deleted-unread",
    "deletions that name no resource but a search, which cannot be followed: import the source afresh",
    "件の削除指示は、リソースではなく検索条件を示しているため反映できません。データを取り込み直してください",
);
pub(super) const CUT: Remark = odd(
    "fhir-reject-cut",
    "rejected pieces of which only the beginning is kept in the quarantine",
    "件の除外データは長いため、先頭部分だけを隔離ファイルに残しました",
);

macro_rules! uncounted {
    ($($name:ident: $kind:literal, $id:literal, $english:literal, $japanese:literal;)*) => {
        $(const $name: Remark = odd($id, $english, $japanese);)*

        /// The remark for a type of resource that is not converted.
        pub(super) fn unconverted(kind: &str) -> &'static Remark {
            match kind {
                $($kind => &$name,)*
                _ => &OTHER,
            }
        }

        const UNCONVERTED: &[Remark] = &[$($name,)* OTHER];
    };
}

uncounted! {
    REPORT: "DiagnosticReport", "fhir-type-diagnostic-report", "DiagnosticReports, not converted",
        "件の DiagnosticReport は変換対象外です";
    DOCUMENT: "DocumentReference", "fhir-type-document-reference", "DocumentReferences, not converted",
        "件の DocumentReference は変換対象外です";
    COMPOSITION: "Composition", "fhir-type-composition", "Compositions, not converted",
        "件の Composition は変換対象外です";
    BINARY: "Binary", "fhir-type-binary", "Binaries, not converted", "件の Binary は変換対象外です";
    STATEMENT: "MedicationStatement", "fhir-type-medication-statement",
        "MedicationStatements, not converted: they repeat prescriptions",
        "件の MedicationStatement は、処方と重複するため変換対象外です";
    ORGANIZATION: "Organization", "fhir-type-organization", "Organizations, not converted",
        "件の Organization は変換対象外です";
    LOCATION: "Location", "fhir-type-location", "Locations, not converted", "件の Location は変換対象外です";
    PRACTITIONER: "Practitioner", "fhir-type-practitioner", "Practitioners, not converted",
        "件の Practitioner は変換対象外です";
    ROLE: "PractitionerRole", "fhir-type-practitioner-role", "PractitionerRoles, not converted",
        "件の PractitionerRole は変換対象外です";
    CARE_TEAM: "CareTeam", "fhir-type-care-team", "CareTeams, not converted", "件の CareTeam は変換対象外です";
    CARE_PLAN: "CarePlan", "fhir-type-care-plan", "CarePlans, not converted", "件の CarePlan は変換対象外です";
    GOAL: "Goal", "fhir-type-goal", "Goals, not converted", "件の Goal は変換対象外です";
    DEVICE: "Device", "fhir-type-device", "Devices, not converted", "件の Device は変換対象外です";
    IMAGING: "ImagingStudy", "fhir-type-imaging-study", "ImagingStudies, not converted",
        "件の ImagingStudy は変換対象外です";
    SERVICE: "ServiceRequest", "fhir-type-service-request", "ServiceRequests, not converted",
        "件の ServiceRequest は変換対象外です";
    FAMILY: "FamilyMemberHistory", "fhir-type-family-member-history", "FamilyMemberHistories, not converted",
        "件の FamilyMemberHistory は変換対象外です";
    ENDPOINT: "Endpoint", "fhir-type-endpoint", "Endpoints, not converted", "件の Endpoint は変換対象外です";
    CLAIM: "Claim", "fhir-type-claim", "Claims, not converted", "件の Claim は変換対象外です";
    BENEFIT: "ExplanationOfBenefit", "fhir-type-explanation-of-benefit", "ExplanationOfBenefits, not converted",
        "件の ExplanationOfBenefit は変換対象外です";
    OUTCOME: "OperationOutcome", "fhir-type-operation-outcome", "OperationOutcomes: messages of the server",
        "件の OperationOutcome(サーバーのメッセージ)があります";
    PROVENANCE: "Provenance", "fhir-type-provenance", "Provenances, not converted",
        "件の Provenance は変換対象外です";
}

const OTHER: Remark =
    odd("fhir-type-other", "resources of other types, not converted", "件のその他の種類のリソースは変換対象外です");

const CONVERSION: &[Remark] = &[
    STATUS,
    INTENT,
    UNCODED,
    VALUE_ABSENT,
    VALUE_UNREAD,
    PANEL,
    PARTIAL_DATE,
    UTC,
    DATE_UNREAD,
    BIRTH,
    NO_NUMBER,
    DEATH_UNDATED,
    REPLACED,
    NOT_PATIENT,
    INSURER,
    LINK_UNREAD,
    MIXTURE,
    COMPARATOR,
    DELETED,
    DELETED_UNREAD,
    CUT,
];

const COUNT: usize = CONVERSION.len() + UNCONVERTED.len();

const ALL: [Remark; COUNT] = {
    let mut all = [OTHER; COUNT];
    let mut at = 0;
    while at < COUNT {
        all[at] = if at < CONVERSION.len() { CONVERSION[at] } else { UNCONVERTED[at - CONVERSION.len()] };
        at += 1;
    }
    all
};

/// Every remark that reading FHIR makes.
pub const REMARKS: &[Remark] = &ALL;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn remarks_have_ids_of_their_own_and_both_languages() {
        let ids: BTreeSet<_> = REMARKS.iter().map(|remark| remark.id).collect();
        assert_eq!(ids.len(), REMARKS.len());
        for remark in REMARKS {
            assert!(remark.id.starts_with("fhir-") && remark.english.is_ascii() && !remark.english.is_empty());
            assert!(!remark.japanese.is_ascii() && remark.japanese.starts_with('件'));
        }
    }

    #[test]
    fn types_that_are_not_converted_are_counted_by_type() {
        assert_eq!(unconverted("Device").id, "fhir-type-device");
        assert_eq!(unconverted("Composition").id, "fhir-type-composition");
        assert_eq!(unconverted("Basic").id, "fhir-type-other");
    }
}
