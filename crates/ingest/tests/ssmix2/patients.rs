//! ADT-00, ADT-61, PPR-01.

use renkei_ingest::Rules;
use renkei_ingest::record::Record;

use crate::ssmix2::storage::{check, extract, extract_with, jis, message, records, remarked};

const BASICS: &str = "EVN||202004091000
    NK1|1|試験^一郎^^^^^L^I|SEL|^^^^460-0001^JPN^H^名古屋市中区
    DB1|1|PT||Y
    DB1|2|GT||Y
    OBX|1|NM|9N001000000000001^身長^JC10||152.4|cm^cm^ISO+|||||F
    OBX|2|NM|9N006000000000001^体重^JC10||48.0|kg^kg^ISO+|||||F|||20200401
    OBX|3|CWE|5H010000009199911^血液型-ABO式^JC10||B^B^JSHR002||||||F
    OBX|4|TX|9X000000000000001^備考^JC10||夫と二人暮らし||||||F
    AL1|1|DA^薬剤アレルギー^HL70127|7^セフェム系^99ALG
    AL1|2
    IN1|1|67^国民健康保険退職者^JHSD0001|67999991|||||||||20091201|20201130";

#[test]
fn basic_data() {
    check(
        "ADT-00",
        &message("ADT^A08^ADT_A01", "I", BASICS),
        &[
            "person 1950-6-1 Female 460",
            "observed HL7-0334:PT =HL7-0136:Y 2020-04-09T10:00:00",
            "Ehr JLAC10:9N001000000000001 152.4 UCUM:cm 2020-04-09T10:00:00 in",
            "Ehr JLAC10:9N006000000000001 48 UCUM:kg 2020-04-01 in",
            "observed JLAC10:5H010000009199911 =SSMIX2:JSHR002:B 2020-04-09T10:00:00",
            "observed HL7-0127:DA =LOCAL:99ALG:7 2020-04-09T10:00:00",
            "payer SSMIX2:JHSD0001:67 2009-12-01 2020-11-30",
        ],
    );
    let extract = extract("ADT-00", &message("ADT^A08^ADT_A01", "I", BASICS));
    assert_eq!(remarked(&extract, "text-result"), 1);
    assert_eq!(extract.statements[0].1.key, "-/ADT-00/000000000004711");
    assert_eq!(extract.statements[0].1.version, 20_200_410_120_000_123);
}

#[test]
fn a_deleted_patient_leaves_a_statement_that_says_nothing() {
    let extract = extract("ADT-00", &message("ADT^A23^ADT_A21", "", BASICS));
    assert!(records(&extract).is_empty());
    assert_eq!(remarked(&extract, "patient-deleted"), 1);
}

#[test]
fn sexes_births_and_postal_codes_as_far_as_they_are_known() {
    for (from, to, expect) in [
        ("|19500601|F|", "|195006|M|", "person 1950-6-0 Male 460"),
        ("|19500601|F|", "|1950|A|", "person 1950-0-0 Other 460"),
        ("|19500601|F|", "|00000000|N|", "person Unknown 460"),
        ("|19500601|F|", "||U|19500601", "person 1950-6-1 Unknown 460"),
        ("|19500601|F|", "|19500631|\"\"|", "person Unknown 460"),
        ("^^^^460-0001^", "^^^^４６０－０００１^", "person 1950-6-1 Female 460"),
        ("^^^^460-0001^", "^^^^46^", "person 1950-6-1 Female"),
        ("試験^花子", "テスト^花子", "person 1950-6-1 Female 460 test"),
    ] {
        check("ADT-00", &message("ADT^A08", "O", "").replace(from, to), &[expect]);
    }
    let rules = Rules { test_numbers: vec!["0012".into()], ..Rules::default() };
    let extract = extract_with("ADT-00", &jis(&message("ADT^A08", "O", "")), &rules);
    assert!(matches!(&records(&extract)[0], Record::Person(person) if person.test));
}

#[test]
fn allergies() {
    let text = message(
        "ADT^A60^ADT_A60",
        "",
        "IAM|1|LA^花粉^HL70127|5A1002216023023^スギ^JC10|MI^軽度^HL70128|目のかゆみ|A^追加^HL70323|||||199601
         IAM|2|FA^食物^HL70127|J9FC12345678^ソバ^JFAGY|MO|湿疹|A||||||小学校低学年の頃
         IAM|3|DA^薬剤^HL70127|106824501^薬^HOT9|MO||U|||||20070710
         IAM|4|DA^薬剤^HL70127|^名前だけの薬|MO||A
         IAM|5|DA^薬剤^HL70127|7^セフェム系^99ALG|MO||D
         IAM|6||9^その他^99ALG|||A|||||不明||20190301",
    );
    let extract = extract("ADT-61", &text);
    let shown: Vec<_> = records(&extract).iter().map(crate::ssmix2::storage::show).collect();
    assert_eq!(shown.len(), 5);
    assert!(
        shown[0].starts_with("observed HL7-0127:LA =") && shown[0].ends_with("5A1002216023023 1996-01-01"),
        "{shown:?}"
    );
    assert!(shown[1].starts_with("observed HL7-0127:FA =") && shown[1].ends_with(" 2020-04-10T12:00:00"), "{shown:?}");
    assert_eq!(shown[2], "observed HL7-0127:DA =HOT9:106824501 2007-07-10");
    assert_eq!(shown[3], "observed HL7-0127:DA unread 2020-04-10T12:00:00");
    assert_eq!(shown[4], "observed HL7-0127:MA =LOCAL:99ALG:9 2019-03-01");
    assert_eq!((remarked(&extract, "allergy-removed"), remarked(&extract, "day-imputed")), (1, 1));
}

#[test]
fn diagnoses() {
    check(
        "PPR-01",
        &message(
            "PPR^ZD1^PPR_ZD1",
            "",
            "PRB|AD|20110915|20054174^胃炎^MDCDX2|1|||20110831||20110915|K297^^I10^O^外来時^JHSD0004||||N|20110915|20110830|胃炎|1^主診断^JHSD0007
             ZPR||20054174^胃炎^MDCDX2|||TSQF^胃炎^MDCDX2
             ORC|NW|1|||||||||||||||||||||||||||O^外来患者オーダ^HL70482
             PRB|AD|20110915|20058577^急性肺炎^MDCDX2|2|||20110831|20120101||J189^^I10^F^最終^JHSD0004^2013|||1^疑い^JHSD0005
             PRB|AD|20110915|20061234^胃癌の疑い^MDCDX2|3|||20110831|||C169^^I10^H
             PRB|AD|20110915|20061234^胃癌^MDCDX2|4|||20110831|||C169^^I10^L
             ZPR|||RU1X^の疑い^MDCDX2
             PRB|AD|20110915|77^独自病名^99DIS^20084317^未コード化病名^MDCDX2|5||||||||||||201108
             PRB|AD|20110915|^病名だけ|6|||20110831|||I10^高血圧^I10^B^術前^JHSD0004",
        ),
        &[
            "MEDIS:20054174+ICD10:K297 2011-08-30..2011-09-15 Primary out",
            "MEDIS:20058577+ICD10:J189 2011-08-31 Final suspected",
            "MEDIS:20061234+ICD10:C169 2011-08-31 Admission suspected",
            "MEDIS:20061234+ICD10:C169 2011-08-31 Discharge suspected",
            "MEDIS:20084317+LOCAL:99DIS:77 2011-08-01",
            "ICD10:I10 2011-08-31 Preoperative",
        ],
    );
}

#[test]
fn diagnoses_entered_in_error_take_their_first_entry_with_them() {
    let text = message(
        "PPR^ZD1",
        "O",
        "PRB|AD|20110915|20054174^胃炎^MDCDX2|1
         PRB|AD|20110915|20058577^急性肺炎^MDCDX2|2
         PRB|DE|20110916|20054174^胃炎^MDCDX2|1
         PRB|AD|不明|20058577^急性肺炎^MDCDX2|3
         PRB|AD|20110915|^病名だけ|4",
    );
    let extract = extract("PPR-01", &text);
    let shown: Vec<_> = records(&extract).iter().map(crate::ssmix2::storage::show).collect();
    assert_eq!(shown, ["MEDIS:20058577 2011-09-15 out"]);
    assert_eq!((remarked(&extract, "entered-in-error"), remarked(&extract, "no-code")), (2, 1));
    let lines: Vec<_> = extract.rejects.iter().map(|reject| (reject.line, reject.rule.as_str())).collect();
    assert_eq!(lines, [(7, "essential"), (8, "essential")]);
}
