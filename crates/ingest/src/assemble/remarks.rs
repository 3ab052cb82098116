//! What the assembly remarks upon.

use crate::Remark;

macro_rules! remarks {
    ($($name:ident: $id:literal, $grave:literal, $english:literal, $japanese:literal;)*) => {
        $(#[doc = $english] pub const $name: Remark = Remark { id: $id, grave: $grave, english: $english, japanese: $japanese };)*
        /// Every remark of the assembly.
        pub const REMARKS: &[Remark] = &[$($name),*];
    };
}

remarks! {
    SUPERSEDED: "superseded", false,
        "statements that a newer version replaces", "件の記録は、より新しい版で置き換えられています";
    TEST_PATIENT: "test-patient", false,
        "test patients, left out", "名のテスト患者(取り込みません)";
    NO_PERSON: "no-basic-data", true,
        "patients without a year of birth in any source, left out with their records",
        "名の患者は、どのソースにも生年がないため、記録とともに取り込みません";
    SUSPECTED: "suspected", false,
        "suspected diagnoses, left out", "件の疑い病名(取り込みません)";
    RETRACTED: "movement-retracted", false,
        "admissions, transfers or discharges that were taken back", "件の入院・転棟・退院が取り消されています";
    RETRACTION_WITHOUT_EVENT: "retraction-without-event", false,
        "retractions of movements that are not there", "件の取消は、対象となる入退院の記録がありません";
    DISCHARGE_WITHOUT_ADMISSION: "discharge-without-admission", false,
        "discharges without an admission, left out", "件の退院は、入院の記録がないため取り込みません";
    ADMISSION_WHILE_ADMITTED: "admission-while-admitted", false,
        "admissions during a stay, read as the end of that stay", "件の入院は、別の入院中のため、前の入院の終了として扱いました";
    TRANSFER_OUTSIDE: "transfer-outside-stay", false,
        "transfers outside of any stay, left out", "件の転棟は、入院期間の外にあるため取り込みません";
    OPEN_STAY: "open-stay", false,
        "stays without a discharge, ended on the day of the extraction", "件の入院は退院の記録がなく、抽出日を終了日としました";
    ONE_STAY: "one-stay-of-two-sources", false,
        "visits that two sources have, counted once", "件の受診は、複数のソースにあるため 1 件としました";
    SAME_EVENT: "one-event-of-two-sources", false,
        "records that two sources have, counted once", "件の記録は、複数のソースにあるため 1 件としました";
    ORDER_GIVEN: "order-with-administration", false,
        "orders and prescriptions that were dispensed or given under the same number, of which only that is counted",
        "件のオーダー・処方は、同じ番号の調剤または実施の記録があるため、そちらのみを数えました";
    PRELIMINARY: "preliminary-with-final", false,
        "preliminary results beside final ones, left out", "件の中間報告は、最終報告があるため取り込みません";
    SAME_SURGERY: "one-surgery-of-summary-and-claim", false,
        "surgeries that summary (K code) and claim (receipt code) tell of, counted once",
        "件の手術は、様式1(K コード)と EF(レセプト電算コード)の両方にあるため 1 件としました";
    SURGERY_TWICE: "surgery-perhaps-twice", false,
        "surgeries of a claim on a day with a K code, and no map says whether they are the same: both are kept",
        "件の EF の手術は、同じ日に K コードの手術があり、同じものかどうかを示す対応表がないため、両方を残しました";
    NO_VISIT: "without-visit", false,
        "records that no visit contains", "件の記録は、どの受診にも属しません";
    UNKNOWN_VISIT: "unknown-visit-key", false,
        "records that name a visit which is not there, linked by time instead",
        "件の記録は、存在しない受診を参照しているため、日時で関連付けました";
    UNREAD: "result-not-understood", false,
        "results whose text is no number and no known word; the text is not kept",
        "件の結果は、数値でも既知の語でもありません(文字列は保存しません)";
    LEAVE: "leave", false,
        "starts and ends of leave during a stay, not converted", "件の外泊・帰院(変換しません)";
    OUTSIDE_LIFE: "outside-life", false,
        "records dated before the year of birth or after the extraction, kept but not counted as observation time",
        "件の記録は、出生年より前か抽出日より後の日付です(保持しますが、観察期間には数えません)";
    BAD_CELL: "value-does-not-fit", false,
        "values that do not fit their column, left empty", "件の値は、列に収まらないため空にしました";
    BIRTH_DIFFERS: "birth-differs", true,
        "messages with another date of birth than the patient's basic data: look whether records of two patients are mixed",
        "件の電文の生年月日が患者基本情報と異なります(別の患者の記録が混ざっていないか確認してください)";
    LOCAL_UNNAMED: "local-without-namespace", false,
        "rows with a code of the hospital's own and no namespace before it: another hospital may spell another thing alike",
        "件の行は施設独自コードに名前空間(namespace)がなく、他施設の別のコードと同じ表記になり得ます";
}
