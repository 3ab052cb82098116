//! OML-11, OMG-11, OMG-12, OMG-13 and vital signs.

use renkei_ingest::record::Record;

use crate::ssmix2::storage::{check, extract, message, records, remarked, value};

const LABORATORY: &str = "SPM|1|000000001219001||023^血清^JC10|||||||||||||202004091500
    OBR|1|000000011000354|000000001219001|E001^血液学的検査^99O03|||20200409|20200409||||||||D1^医師||||||20200410103059
    ORC|SC|000000011000354|||CM||||20200410103059||||||||||||||||||||O^外来患者オーダ^HL70482
    OBX|1|NM|3A016000002327102^A/G比^JC10||1.7||1.2-2.0||||F
    OBX|2|ST|3A010000002327101^総蛋白^JC10^771^ＴＰ^99X03||< 0.5|mg/dL^mg/dL^99XYZ|6.70-8.3||||C|||202004091630
    SPM|2|||001^尿^JC10
    OBR|1|000000011000354||E003^尿検査^99O03|||202004091000
    OBX|1|ST|1A020000000190111^尿糖^JC10||(２＋)||(-)||||F
    OBX|2|ST|1A010000000190111^尿蛋白^JC10||検体量不足||||||F
    OBX|3|NM|1A030000000190111^比重^JC10||1.010||||||P
    OBX|4|NM|1A040000000190111^取消^JC10||1||||||X
    OBX|5|TX|1A050000000190111^所見^JC10||問題なし||||||F
    OBX|6|NM|772^独自項目^99X03||５||||||";

#[test]
fn laboratory_results() {
    let text = message("OUL^R22^OUL_R22", "O", LABORATORY);
    check(
        "OML-11",
        &text,
        &[
            "specimen JLAC10:023 2020-04-09T15:00:00",
            "Lab JLAC10:3A016000002327102 1.7 [1.2..2] 2020-04-09T15:00:00 out",
            "Lab JLAC10:3A010000002327101+LOCAL:99X03:771 <0.5 UCUM:mg/dL [6.7..8.3] 2020-04-09T16:30:00 out",
            "specimen JLAC10:001 2020-04-09T10:00:00",
            "Lab JLAC10:1A020000000190111 (2+) 2020-04-09T10:00:00 out",
            "Lab JLAC10:1A010000000190111 unread 2020-04-09T10:00:00 out",
            "Lab JLAC10:1A030000000190111 1.01 2020-04-09T10:00:00 preliminary out",
            "Lab LOCAL:99X03:772 5 2020-04-09T10:00:00 out",
        ],
    );
    let extract = extract("OML-11", &text);
    let count = |id| remarked(&extract, id);
    assert_eq!([count("unread-value"), count("not-final"), count("text-result"), count("no-status")], [1, 1, 1, 1]);
}

/// The value of one OBX with these fields 2, 5, 6 and 7.
fn one(kind: &str, result: &str, unit: &str, range: &str) -> String {
    let obx = format!("OBR|1|1|||||20200409\nOBX|1|{kind}|3A010000002327101^項目^JC10||{result}|{unit}|{range}||||F");
    let extract = extract("OML-11", &message("OUL^R22", "O", &obx));
    assert!(extract.rejects.is_empty());
    let [Record::Measurement(measurement)] = records(&extract) else { panic!("not one measurement") };
    value(&measurement.value)
}

#[test]
fn values_by_type() {
    for (kind, result, expect) in [
        ("NM", "7.2", "7.2"),
        ("NM", "", ""),
        ("NM", "\"\"", ""),
        ("NM", "480×10^4", "4800000"),
        ("ST", "480×10^4", "4800000"),
        ("ST", "100<", ">100"),
        ("ST", "300>", "<300"),
        ("ST", "0.5未満", "<0.5"),
        ("ST", "3+(300)", "300 (3+)"),
        ("ST", "１００以上", ">=100"),
        ("ST", "1-4", "unread"),
        ("ST", "1~4", "unread"),
        ("ST", "5.2~6.1", "unread"),
        ("ST", "5.2~溶血", "5.2"),
        ("ST", "\\R\\", "unread"),
        ("ST", "1^陰性^99RES", "(-) =LOCAL:99RES:1"),
        ("ST", "1^2^3", "unread"),
        ("SN", "<^0.5", "<0.5"),
        ("SN", "^2^+", "(2+)"),
        ("SN", "^7.5", "7.5"),
        ("CWE", "1^陽性^99RES", "(+) =LOCAL:99RES:1"),
        ("CWE", "A^A型^JSHR002", "=SSMIX2:JSHR002:A"),
        ("CWE", "(-)", "(-) =LOCAL:(-)"),
        ("CWE", "^陰性", "(-)"),
        ("CWE", "^その他", "unread"),
        ("CWE", "^７．２", "7.2"),
        ("CWE", "陰性^陰性^99RES", "(-)"),
        ("CWE", "9^A^99RES~8^B^99RES", "=LOCAL:99RES:9"),
        ("CWE", "", ""),
        ("", "5.0", "5"),
    ] {
        assert_eq!(one(kind, result, "", ""), expect, "{kind} {result}");
    }
}

#[test]
fn units_and_ranges() {
    for (unit, range, expect) in [
        ("mg/dL^mg/dL^99XYZ", "3.7 ～ 5.5", "1 UCUM:mg/dL [3.7..5.5]"),
        ("mg/dL", "<5.0", "1 UCUM:mg/dL [..5]"),
        ("12^mg/dL^99XYZ", ">=5", "1 LOCAL:99XYZ:12 [5..]"),
        ("TAB^錠^MR9P", "男13-17", "1 MERIT9:TAB"),
        ("12^mg/dL^99XYZ^mg/dL^mg/dL^ISO+", "", "1 UCUM:mg/dL"),
        ("^mg/dL", "", "1 UCUM:mg/dL"),
        ("本", "", "1 UCUM:本"),
        ("㎎/㏄", "", "1 UCUM:㎎/㏄"),
        ("x10^4/μL^x10^4/μL^99XYZ", "", "1 UCUM:x10^4/μL"),
        ("患者太郎", "", "1"),
        ("本間", "", "1"),
        ("国際単位/mL", "", "1 UCUM:国際単位/mL"),
        ("とても長い単位のようなもので、文章かもしれないもの", "", "1"),
    ] {
        assert_eq!(one("NM", "1", unit, range), expect, "{unit}");
    }
}

#[test]
fn microbiology() {
    check(
        "OML-11",
        &message(
            "OUL^R22",
            "I",
            "SPM|1|1||061^喀痰^JC10|||||||||||||202004091500
             OBR|1|1||6B0100000017742^培養同定^JC10|||20200409
             OBX|1|CWE|6B010000006174201^菌名^JC10|1|1301^Staphylococcus aureus^JANIS||||||F
             OBX|2|ST|6B010000006174211^菌量^JC10|1|3+||||||F
             OBR|2|1||6C010000006174201^感受性^JC10|||20200409|||||||||||||||||||6B010000006174201&菌名&JC10^1^菌
             OBX|1|ST|1208^アンピシリン^JANIS||R||||||F",
        ),
        &[
            "specimen JLAC10:061 2020-04-09T15:00:00",
            "Lab JLAC10:6B010000006174201 =JANIS:1301 2020-04-09T15:00:00 in",
            "Lab JLAC10:6B010000006174211 (3+) 2020-04-09T15:00:00 of 1 in",
            "Lab JANIS:1208 =HL7-0078:R 2020-04-09T15:00:00 of 1 in",
        ],
    );
}

#[test]
fn each_organism_has_what_was_tested_of_it_and_other_results_belong_to_none() {
    let organism = |number: &str, code: &str| {
        format!("OBX|{number}|CWE|6B010000006174201^菌名^JC10|{number}|{code}^x^JANIS||||||F\n")
    };
    let amount = |number: &str| format!("OBX|9|ST|6B010000006174211^菌量^JC10|{number}|2+||||||F\n");
    let below = |number: &str, result: &str| {
        let parent = format!("6B010000006174201&菌名&JC10^{number}^菌");
        format!(
            "OBR|2|1||6C010000006174201^感受性^JC10|||20200409|||||||||||||||||||{parent}\n\
             OBX|1|ST|1208^アンピシリン^JANIS|1|{result}||||||F\n"
        )
    };
    let culture = "OBR|1|1||6B0100000017742^培養同定^JC10|||20200409\n".to_owned();
    let cultures = [
        culture.clone(),
        organism("1", "1301") + &organism("2", "2001") + &amount("2") + &amount("1") + &amount("3"),
        below("2", "R") + &below("1", "S") + &below("7", "S"),
        // The sub-ids of another group are its own.
        culture + &amount("1"),
    ];
    let day = "2020-04-09 ";
    let lab = |what: &str, of: &str| format!("Lab {what} {day}{of}out");
    let (first, second, amount) = (
        "JLAC10:6B010000006174201 =JANIS:1301",
        "JLAC10:6B010000006174201 =JANIS:2001",
        "JLAC10:6B010000006174211 (2+)",
    );
    let (resistant, susceptible) = ("JANIS:1208 =HL7-0078:R", "JANIS:1208 =HL7-0078:S");
    let expect = [
        lab(first, ""),
        lab(second, ""),
        lab(amount, "of 1 "),
        lab(amount, "of 0 "),
        lab(amount, ""),
        lab(resistant, "of 1 "),
        lab(susceptible, "of 0 "),
        lab(susceptible, ""),
        lab(amount, ""),
    ];
    let expect: Vec<&str> = expect.iter().map(String::as_str).collect();
    check("OML-11", &message("OUL^R22", "O", &cultures.concat()), &expect);

    let chemistry = "OBR|1|1|||||20200409
        OBX|1|CWE|1A020000000190111^色調^JC10|1|1^黄^99RES||||||F
        OBX|2|NM|1A030000000190111^比重^JC10|1|1.010||||||F";
    let expect = [
        "Lab JLAC10:1A020000000190111 =LOCAL:99RES:1 2020-04-09 out",
        "Lab JLAC10:1A030000000190111 1.01 2020-04-09 out",
    ];
    check("OML-11", &message("OUL^R22", "O", chemistry), &expect);
}

#[test]
fn of_an_examination_its_parts_count() {
    let order = |control: &str, code: &str, more: &str| {
        format!(
            "ORC|{control}|77|||||||20200410113540\nTQ1|1||||||||R\nOBR||77||{code}|||20200410\n{more}\nIPC|A1|P1|1.2.392||US^^DCM\n"
        )
    };
    let whole = "99A000000000000^超音波検査^JJ1017";
    let part = "99A00005550000000000000000000000^胎児.超音波検査^JJ1017";
    let technique = |state: &str| format!("ZE1|1|{state}|{part}\nOBX|1|TX|MS3-24^所見^JSHR||あり||||||F");
    let head = order("NW", whole, "") + &order("PA", whole, "");
    check("OMG-11", &message("OMI^Z23", "O", &head), &["JJ1017:99A000000000000 2020-04-10 out"]);
    let children =
        head + &order("CH", whole, &technique("RS")) + &order("CH", part, "") + &order("CH", part, &technique("PL"));
    let one = "JJ1017:99A00005550000000000000000000000 2020-04-10 out";
    check("OMG-12", &message("OMI^Z23", "O", &children), &[one, one]);
    assert_eq!(remarked(&extract("OMG-12", &message("OMI^Z23", "O", &children)), "not-performed"), 1);
}

#[test]
fn of_physiological_tests_the_numbers_are_kept() {
    check(
        "OMG-13",
        &message(
            "ORU^R01",
            "O",
            "OBR|1|77||9A110^標準１２誘導心電図^JC10|||20200410|||||||||D1^医師||||||20200410152000|||F
             OBX|2|TX|9A100&IMP^心電図所見^JC10|1|心筋虚血疑い||||||F
             OBX|3|NM|32769^心拍数^99MFR|2|67|bpm|||||F
             OBX|4|NM|58368&7^R 振幅&V5^99MFR|2|2.505|mV|||||F",
        ),
        &["Ehr LOCAL:99MFR:32769 67 UCUM:bpm 2020-04-10 out", "Ehr LOCAL:99MFR:58368&7 2.505 UCUM:mV 2020-04-10 out"],
    );
}

#[test]
fn vital_signs_of_the_extended_storage() {
    let text = "ORC|SC|1
        OBR|1|1||V1^バイタル^99VIT|||202004100900
        OBX|1|NM|9A751000000000001^収縮期血圧^JC10||128|mm[Hg]^mmHg^ISO+|||||F|||202004100905";
    let kind = "L-OBS^OBSERVATIONS^99ZL01";
    check(
        kind,
        &message("ORU^R30^ORU_R30", "I", text),
        &["Ehr JLAC10:9A751000000000001 128 UCUM:mm[Hg] 2020-04-10T09:05:00 in"],
    );
    for other in [message("ORU^R01", "I", text), "<ClinicalDocument/>".into(), String::new()] {
        let extract = extract(kind, &other);
        assert!(extract.statements.is_empty() && extract.rejects.is_empty());
        assert_eq!(remarked(&extract, "not-read-extended"), 1);
    }
}

#[test]
fn results_without_code_or_time_are_put_aside() {
    let text = "OBX|1|NM|^項目名だけ||7.2||||||F\nOBX|2|NM|||7.2||||||F";
    let extract = extract("OML-11", &message("OUL^R22", "O", text));
    assert!(records(&extract).is_empty());
    assert_eq!(
        extract.rejects.iter().map(|r| (r.line, r.rule.as_str())).collect::<Vec<_>>(),
        [(4, "essential"), (5, "essential")]
    );
    assert!(extract.rejects[0].record.starts_with("OBX|1|"));
}
